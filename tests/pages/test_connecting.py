"""Pinging and reconnecting from the pages: judged from what is shown, and from the books of the stand-ins."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test.utils import override_settings
from django.urls import reverse
from django.utils import timezone

import standins.sage_intacct
import standins.stripe
from audit.models import Delivery, Problem, Record, State, TrailEntry
from connectors import registry
from connectors.base import Access, Account, Check, System, ask
from portal.engine import expiry, sweep
from portal.models import Connection, Cursor, FlowSetting
from tests.pages import factories
from tests.pages.steps import Walk, person
from tests.story import Story, story, told, workspace_connections


@pytest.fixture
def world(transactional_db: None) -> Iterator[Story]:
    with story() as it:
        yield it


@pytest.fixture
def owner(world: Story) -> Walk:
    return Walk(person(world.link.workspace))


@dataclass
class Other:
    """Another company of the same customer, at a gateway of its own."""

    books: Any
    endpoint: str


@pytest.fixture
def other(world: Story) -> Iterator[Other]:
    books, server = standins.sage_intacct.serve(seed=False)
    standins.sage_intacct.seed_demo(books, "ACME-EU")
    reachable = settings.REACHABLE | {server.url.removeprefix("http://")}
    with override_settings(REACHABLE=reachable):
        yield Other(books, f"{server.url}/ia/xml/xmlgw.phtml")
    server.stop()


def intacct() -> Connection:
    return workspace_connections()["Sage Intacct"]


def stripe() -> Connection:
    return workspace_connections()["Stripe"]


def elsewhere(owner: Walk, other: Other) -> str:
    return owner.enter(intacct(), company_id="ACME-EU", endpoint=other.endpoint)


def confirmed(owner: Walk) -> str:
    key = {"confirm": "same_account", "value": "sage_intacct:ACME-EU", "confirmed": "yes"}
    return owner.ping(intacct(), **key)


def works_for_a_while() -> None:
    """Where something stands still on purpose, it is never quiet."""
    with contextlib.suppress(CommandError):
        call_command("work", seconds=1.5, threads=1)


def works_until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not done():
        assert time.monotonic() < end, told()
        works_for_a_while()


def documents(company: Any) -> list[str]:
    return [row["RECORDID"] for row in company.rows("ARINVOICE").values()]


def test_a_wrong_credential_is_named_and_the_corrected_one_passes(world: Story, owner: Walk) -> None:
    page = owner.enter(intacct(), user_password="wrong")
    assert "failed The credentials are accepted" in page
    assert "What to do:" in page
    assert "credentials or rights refused" in page
    page = owner.enter(intacct(), user_password="user-demo")
    assert "ok The credentials are accepted" in page
    assert "May they do what the flows need?" in page
    assert intacct().health == Connection.Health.OK


def test_the_history_says_who_when_and_what_changed(world: Story, owner: Walk) -> None:
    owner.enter(intacct(), user_password="wrong")
    owner.enter(intacct(), user_password="user-demo")
    page = owner.see(reverse("admin:portal_connection_examinations", args=[intacct().pk]))
    newest, middle, first = page.split("Changed:")[1:]
    assert "The credentials are accepted: failed → ok" in newest or "failed before" in newest
    assert "The credentials are accepted" in middle
    assert "the first one" in first
    assert page.count("· owner") == 2
    assert "· provision" in page


def test_a_check_is_shown_as_it_is_done_and_the_page_is_new_at_the_end(world: Story, owner: Walk) -> None:
    row = factories.examination(stripe())
    row.ended_at, row.heard_at = None, timezone.now()
    row.save()
    part = reverse("admin:portal_connection_examination", args=[stripe().pk])
    answer = owner.client.get(part)
    assert "Under way: 5 checks done" in answer.text
    assert f'hx-get="{part}"' in answer.text
    assert "HX-Refresh" not in answer.headers
    assert owner.client.post(reverse("admin:portal_connection_ping", args=[stripe().pk])).status_code == 302
    assert stripe().examinations.filter(ended_at=None).count() == 1, "no second one beside it"
    row.heard_at -= timedelta(minutes=5)
    row.save()
    answer = owner.client.get(part)
    assert "cut off before its end" in answer.text
    assert answer.headers["HX-Refresh"] == "true"


def test_new_credentials_of_the_same_account_keep_everything(world: Story, owner: Walk) -> None:
    first = world.invoice(world.customer())
    world.deliver()
    world.work()
    world.stripe.api.keys.add("sk_test_rolled")
    owner.enter(stripe(), secret_key="sk_test_rolled")
    world.stripe.api.keys.revoke("sk_test_shop")
    second = world.invoice(world.customer("Bolt"))
    world.deliver()
    world.work()
    assert sorted(documents(world.company)) == sorted([first["number"], second["number"]]), told()
    assert not Problem.objects.filter(closed_at=None).exists()


def test_nothing_goes_over_credentials_that_no_ping_has_proved(world: Story, owner: Walk, other: Other) -> None:
    """They may lead anywhere."""
    row = intacct()
    given = row.credentials() | {"company_id": "ACME-EU", "endpoint": other.endpoint, "user_password": "user-demo"}
    owner.press("portal_connection_credentials", row.pk, **given)
    assert intacct().health == Connection.Health.NEW
    world.invoice(world.customer())
    world.deliver()
    sweep.sweep()
    assert Record.objects.filter(state=State.POSTED).count() == 0
    works_for_a_while()
    assert documents(world.company) == documents(other.books.company("ACME-EU")) == []


def test_another_company_is_refused_until_it_is_confirmed(world: Story, owner: Walk, other: Other) -> None:
    page = elsewhere(owner, other)
    assert "These credentials lead to ACME-EU; the connection led to ACME-DEMO (test) before" in page
    assert "records and postings are kept by account" in page
    assert "Live flows go back to preview" in page
    assert (intacct().account, intacct().health) == ("ACME-DEMO", "denied")
    world.invoice(world.customer())
    world.deliver()
    works_for_a_while()
    assert documents(other.books.company("ACME-EU")) == []
    for given in ({}, {"value": "sage_intacct:OTHER", "confirmed": "yes"}):
        owner.ping(intacct(), **{"confirm": "same_account", "value": "sage_intacct:ACME-EU"} | given)
        assert intacct().account == "ACME-DEMO", given
    confirmed(owner)
    assert (intacct().account, intacct().health) == ("ACME-EU", "ok"), told()
    line = TrailEntry.objects.get(what="connection.moved")
    assert (line.actor, line.said) == ("owner", "Sage Intacct: from ACME-DEMO (test) to ACME-EU")


def test_what_was_for_the_company_before_is_never_sent_to_the_other_one(
    world: Story, owner: Walk, other: Other
) -> None:
    FlowSetting.objects.update(mode="preview")
    invoice = world.invoice(world.customer())
    world.deliver()
    world.work()
    assert Record.objects.filter(state=State.READY).exists(), told()
    elsewhere(owner, other)
    confirmed(owner)
    FlowSetting.objects.update(mode="live")
    Record.objects.filter(target_company="sage_intacct:ACME-EU").delete()
    works_for_a_while()
    held = Record.objects.filter(target_company="sage_intacct:ACME-DEMO:test")
    assert not held.filter(state=State.POSTED).exists(), told()
    assert "stand still" in Problem.objects.get(code="connection.elsewhere", closed_at=None).said
    owner.enter(intacct(), company_id="ACME-DEMO", endpoint=f"{world.intacct.url}/ia/xml/xmlgw.phtml")
    owner.ping(intacct(), confirm="same_account", value="sage_intacct:ACME-DEMO:test", confirmed="yes")
    FlowSetting.objects.update(mode="live")
    works_until(lambda: documents(world.company) == [invoice["number"]])
    assert not Problem.objects.filter(code="connection.elsewhere", closed_at=None).exists()


def test_the_flows_of_the_other_account_are_in_preview_until_a_person_goes_live(
    world: Story, owner: Walk, other: Other
) -> None:
    world.invoice(world.customer())
    world.deliver()
    world.work()
    elsewhere(owner, other)
    confirmed(owner)
    works_for_a_while()
    assert set(FlowSetting.objects.values_list("mode", flat=True)) == {"preview"}
    assert documents(other.books.company("ACME-EU")) == []


def test_what_another_account_of_stripe_had_sent_is_kept_apart(world: Story, owner: Walk) -> None:
    shop, server = standins.stripe.serve(account="acct_other", webhooks="manual")
    try:
        with override_settings(REACHABLE=settings.REACHABLE | {server.url.removeprefix("http://")}):
            shop.create_customer(name="Other", email="o@other.example")
            world.customer()
            world.deliver()
            owner.enter(stripe(), secret_key="sk_test_shop", api_base=server.url)
            value = "stripe:acct_other:test"
            owner.ping(stripe(), confirm="same_account", value=value, confirmed="yes")
            assert stripe().account_key == value
            assert {one.status for one in Delivery.objects.all()} == {Delivery.Status.REFUSED}
            works_until(lambda: bool(Cursor.objects.update(due_at=timezone.now())) and Record.objects.exists())
            keys = set(Record.objects.values_list("source_account", "stream"))
            assert keys == {(value, "customer")}, told()
    finally:
        server.stop()


def test_a_company_that_is_linked_already_is_not_taken_by_a_second_connection(
    world: Story, owner: Walk, other: Other
) -> None:
    """Two links on one pair could book twice."""
    mine = intacct()
    second = factories.IntacctFactory.create(workspace=mine.workspace, name="EU", account="ACME-EU")
    factories.LinkFactory.create(workspace=mine.workspace, source=stripe(), target=second)
    elsewhere(owner, other)
    assert "cannot be linked once more" in confirmed(owner)
    assert intacct().account == "ACME-DEMO"


def test_who_cannot_be_reached_has_not_said_no(world: Story, owner: Walk) -> None:
    world.stripe.api.faults.add("reset_before", method="GET", times=50)
    page = owner.ping(stripe())
    assert "failed Stripe answers" in page
    assert stripe().health == Connection.Health.OK


# --- a system that asks something back --------------------------------------------------------------------------------


@dataclass(frozen=True)
class PaperCredentials:
    until: str = ask("Good until", default="")


class Papers:
    """Its server shows a key that somebody must compare, and its credentials say until when they are good."""

    def __init__(self, access: Access) -> None:
        self.access = access

    def account(self) -> Account:
        return Account("papers")

    def examine(self) -> Iterator[Check]:
        shown = "SHA256:abc"
        if self.access.settings.get("host_key") != shown:
            said, cure = f"The server shows {shown}.", "Compare it with what the vendor has published."
            settles = {"host_key": shown}
            yield Check("reach", "host_key", "The key of the server", "failed", said, cure, shown, settles)
            return
        yield Check("reach", "host_key", "The key of the server", "ok", shown)
        until = self.access.credentials.until
        yield Check("sign-in", "in", "Signs in", "ok", until=date.fromisoformat(until) if until else None)


@pytest.fixture
def papers(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Connection:
    monkeypatch.setitem(registry.SYSTEMS, "papers", System("papers", "Papers", PaperCredentials, Papers))
    return factories.ConnectionFactory.create(system="papers", name="Papers", account="", health="new")


def good_until(papers: Connection, day: date) -> Connection:
    papers.refresh_from_db()
    papers.set_credentials({"until": day.isoformat()})
    papers.settings = {"host_key": "SHA256:abc"}
    papers.save()
    return papers


def test_what_a_server_shows_is_confirmed_by_a_second_act(papers: Connection) -> None:
    owner = Walk(person(papers.workspace))
    assert "SHA256:abc is right" in owner.ping(papers)
    for wrong in ({"value": "SHA256:other"}, {"confirmed": ""}, {"confirm": "else"}):
        owner.ping(papers, **{"confirm": "host_key", "value": "SHA256:abc", "confirmed": "yes"} | wrong)
        papers.refresh_from_db()
        assert (papers.settings, papers.health) == ({}, "denied"), wrong
    assert "ok Signs in" in owner.ping(papers, confirm="host_key", value="SHA256:abc", confirmed="yes")
    assert TrailEntry.objects.filter(what="connection.confirmed", said="Papers: host_key is SHA256:abc").exists()


def test_credentials_that_expire_are_announced_two_weeks_before(papers: Connection) -> None:
    owner, today = Walk(person(papers.workspace)), timezone.now().date()
    open_ = Problem.objects.filter(code="connection.expires", closed_at=None)
    assert "good until" in owner.ping(good_until(papers, today + timedelta(days=60)))
    assert not open_.exists()
    Connection.objects.filter(pk=papers.pk).update(expires_on=today + timedelta(days=13))
    for _ in range(2):
        expiry.announce(timezone.now())
    assert open_.get().who == "owner"
    assert "are good until" in owner.see(reverse("admin:audit_problem_changelist"))
    owner.ping(good_until(papers, today + timedelta(days=365)))
    assert not open_.exists()


def test_a_connection_says_what_it_can_be_in_an_integration(world: Story, owner: Walk) -> None:
    page = owner.see(reverse("admin:portal_connection_change", args=[stripe().pk]))
    assert "source of Stripe → Sage Intacct" in page
