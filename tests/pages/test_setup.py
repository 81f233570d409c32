"""Set up: from nothing to live on one page, judged from what it says and from the books of the stand-ins."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from audit.models import Delivery, Record, State
from connectors import registry
from mappings.models import Mapping
from portal.engine import links
from portal.models import Connection, FlowSetting, Link, Workspace
from tests.pages import factories
from tests.pages.conftest import House
from tests.pages.steps import Walk, person, plain
from tests.story import Story, record, story, told, workspace_connections


def off(workspace: dict[str, Any]) -> None:
    link = workspace["links"][0]
    link["flows"], link["mappings"] = {}, []
    link["start_at"] = (timezone.now() - timedelta(days=3)).isoformat()


@pytest.fixture
def world(transactional_db: None) -> Iterator[Story]:
    with story(change=off) as it:
        yield it


@pytest.fixture
def owner(world: Story) -> Walk:
    return Walk(person(world.link.workspace))


def add(workspace: Workspace, **more: Any) -> str:
    given = "".join(f"&{name}={value}" for name, value in more.items())
    return reverse("admin:portal_link_add") + f"?workspace={workspace.pk}&integration=stripe_intacct{given}"


def guide(link: Link) -> str:
    return reverse("admin:portal_link_set_up", args=[link.pk])


def preview(link: Link) -> str:
    return reverse("admin:portal_link_preview", args=[link.pk])


def mapped(link: Link) -> None:
    us = {"location": "US-100"}
    Mapping.objects.create(link=link, table="revenue_account", source="*", target="40100", facts=us)
    Mapping.objects.create(
        link=link, table="clearing", source="USD", target="STRIPE-USD", facts={"gl_account": "10210"}
    )


# --- from nothing -----------------------------------------------------------------------------------------------------


def test_an_empty_workspace_is_led_to_set_up_and_sees_what_is_left(db: None) -> None:
    workspace = factories.WorkspaceFactory.create(name="New")
    owner = Walk(person(workspace))
    assert "Set up leads from here" in owner.see(reverse("admin:index"))
    page = owner.see(reverse("admin:portal_link_add"))
    for one in registry.INTEGRATIONS.values():
        assert one.label in page, "every integration of the registry is offered"
    page = owner.see(add(workspace))
    left = page.partition("What is left")[2].partition("What travels What")[0]
    for step in ("Connect Stripe", "Connect Sage Intacct", "Link the two", "Mapping tables", "Preview", "Go live"):
        assert step in left, step
    assert "When both sides are connected" in page


def test_a_connection_made_on_the_way_leads_back_and_is_chosen(db: None) -> None:
    workspace = factories.WorkspaceFactory.create(name="New")
    client = person(workspace)
    given = {"workspace": workspace.pk, "system": "stripe", "name": "Stripe", "next": add(workspace), "side": "source"}
    answer = client.post(reverse("admin:portal_connection_add"), given)
    made = Connection.objects.get()
    assert answer.headers["Location"] == f"{add(workspace)}&source={made.pk}#source"
    text = client.get(answer.headers["Location"]).text
    assert 'href="https://dashboard.stripe.com/apikeys"' in text
    page = plain(text)
    assert "Still needed: Secret or restricted key" in page
    assert "Developers, API keys" in page, "where to find it stands beside the field"


def test_the_way_back_leads_to_no_other_site(house: House) -> None:
    for wrong in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
        url = reverse("admin:portal_connection_choices", args=[house.target.pk])
        answer = house.client("owner").post(url, {"next": wrong})
        assert answer.headers["Location"] == reverse("admin:portal_connection_change", args=[house.target.pk])


def test_several_connections_are_offered_and_none_is_guessed(house: House) -> None:
    factories.ConnectionFactory.create(workspace=house.workspace, name="Stripe EU", account="acct_eu")
    page = plain(house.client("owner").get(add(house.workspace)).text)
    assert "Use Stripe EU acct_eu" in page
    assert "Use Stripe Acme acct_Acme" in page
    assert "Link the two" not in page.partition("When both sides")[2]


def test_a_pair_is_linked_once_both_are_known_to_work(house: House) -> None:
    other = factories.ConnectionFactory.create(workspace=house.workspace, name="New", health="denied", account="a2")
    url = add(house.workspace, source=other.pk, target=house.target.pk)
    assert "say from when" not in plain(house.client("owner").get(url).text)
    Connection.objects.filter(pk=other.pk).update(health="ok")
    assert "say from when" in plain(house.client("owner").get(url).text)


def test_another_workspaces_connection_is_not_taken(house: House, other: House) -> None:
    client = house.client("owner")
    url = add(house.workspace, source=other.source.pk, target=house.target.pk)
    client.post(url, {"name": "Mine", "start_at": "2026-11-01T00:00"})
    assert not Link.objects.filter(name="Mine").exists()
    assert client.get(add(other.workspace)).status_code == 200
    assert "What shall travel?" in client.get(add(other.workspace)).text


# --- of a link --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["owner", "finance", "auditor"])
def test_the_list_says_how_far_it_is(house: House, role: str) -> None:
    page = plain(house.client(role).get(guide(house.link)).text)
    assert "Mapping tables done" not in page
    assert "0 of 2 needed" in page, "records wait for one, and the other has no row"
    assert "4 of 4 flows are live" in page
    assert "Preview all flows that are off" not in page
    assert ("Save and ping" in page) == (role == "owner")


def test_a_table_is_done_when_it_has_a_row_and_nothing_waits_for_it(house: House) -> None:
    Record.objects.filter(state=State.WAITING).update(state=State.SKIPPED)
    assert "1 of 2 needed" in plain(house.client("owner").get(guide(house.link)).text)
    factories.mapping(house.link, table="clearing", source="USD", target="STRIPE-USD")
    assert "2 of 2 needed" in plain(house.client("owner").get(guide(house.link)).text)


def test_preview_shows_documents_as_a_bookkeeper_reads_them_and_sends_none(world: Story, owner: Walk) -> None:
    mapped(world.link)
    assert "No flow is read yet" in owner.see(preview(world.link))
    assert "Preview all flows that are off" in owner.see(guide(world.link))
    owner.press("portal_link_preview_flows", world.link.pk)
    assert set(FlowSetting.objects.values_list("mode", flat=True)) == {"preview"}
    invoice = world.invoice(world.customer(), paid=False)
    world.deliver()
    world.work()
    page = owner.see(preview(world.link))
    customer = invoice["customer"][:20]
    for words in (
        invoice["number"],
        "Account Name",
        "Debit Credit",
        f"Accounts receivable, {customer}",
        "40100 Subscription revenue",
        "100.00 USD",
        "Revenue accounts:",
        "Total",
    ):
        assert words in page, words
    assert world.rows("ARINVOICE") == []
    line = page.partition("Accounts receivable")[2]
    assert line.index("100.00 USD") < line.index("40100"), "the receivable is the debit"


def test_what_going_live_will_do_is_said_first_and_done_once_it_is_confirmed(world: Story, owner: Walk) -> None:
    mapped(world.link)
    owner.press("portal_link_preview_flows", world.link.pk)
    invoice = world.invoice(world.customer(), paid=False)
    world.deliver()
    world.work()
    page = owner.see(reverse("admin:portal_link_live", args=[world.link.pk]))
    assert "2 documents are ready and will be sent to Sage Intacct" in page, page
    assert "ACME-DEMO, test" in page
    given = {"start_at": "2026-11-20T00:00", "flows": ["customer", "invoice"]}
    assert "Nothing was done" in owner.press("portal_link_go_live", world.link.pk, **given)
    world.work()
    assert world.rows("ARINVOICE") == []
    owner.press("portal_link_go_live", world.link.pk, **given, confirmed="yes")
    world.work()
    assert [row["RECORDID"] for row in world.rows("ARINVOICE")] == [invoice["number"]], told()
    assert world.link.start_at == datetime(2026, 11, 20, 8, tzinfo=UTC), "in the time of the workspace"
    assert set(world.link.flows.filter(mode="live").values_list("flow", flat=True)) == {"customer", "invoice"}


def test_a_flow_that_needs_another_is_told_of_it(world: Story, owner: Walk) -> None:
    url = reverse("admin:portal_link_live", args=[world.link.pk])
    page = owner.see(f"{url}?start_at=2026-11-20T00:00&flows=payment")
    assert "What needs Stripe invoice → AR invoice will wait" in page


def test_an_earlier_start_lets_in_what_it_had_shut_out_and_a_later_one_shuts_out_what_was_not_sent(
    world: Story, owner: Walk
) -> None:
    mapped(world.link)
    FlowSetting.objects.update(mode="preview")
    Link.objects.update(start_at=timezone.now() + timedelta(days=1))
    world.invoice(world.customer(), paid=False)
    world.deliver()
    world.work()
    assert record("invoice").state == State.SKIPPED
    links.set_start(world.link, timezone.now() - timedelta(days=1), "ann")
    world.work()
    assert record("invoice").state == State.READY, told()
    assert "Invoice" in owner.see(preview(world.link))
    links.set_start(world.link, timezone.now() + timedelta(days=1), "ann")
    assert record("invoice").state == State.SKIPPED
    FlowSetting.objects.update(mode="live")
    world.work()
    assert world.rows("ARINVOICE") == []


# --- the webhook ------------------------------------------------------------------------------------------------------


def stripe() -> Connection:
    return workspace_connections()["Stripe"]


def test_a_wrong_secret_is_shown_with_its_refusal_corrected_and_verified_again(world: Story, owner: Walk) -> None:
    mapped(world.link)
    FlowSetting.objects.update(mode="preview")
    owner.press("portal_connection_hook_secret", stripe().pk, secret="whsec_mistyped")
    world.invoice(world.customer(), paid=False)
    assert set(world.deliver()) == {400}
    page = owner.see(guide(world.link))
    assert "Last refused" in page
    assert "signature" in page.partition("Last refused")[2]
    refused = Delivery.objects.filter(status=Delivery.Status.REFUSED)
    assert "It is still refused" in owner.press("audit_delivery_verify", refused.order_by("-pk")[0].pk)
    owner.press("portal_connection_hook_secret", stripe().pk, secret="whsec_story")
    for row in refused:
        assert "It is genuine" in owner.press("audit_delivery_verify", row.pk)
    world.work()
    assert record("invoice").state == State.READY, told()
    assert "Last refused none" in owner.see(guide(world.link))


def test_while_a_secret_is_rolled_both_are_valid_and_the_earlier_one_is_retired_when_it_is_safe(
    world: Story, owner: Walk
) -> None:
    (endpoint,) = world.shop.all("webhook_endpoint")
    owner.press("portal_connection_hook_secret", stripe().pk, secret="whsec_next", keep="on")
    world.customer()
    assert set(world.deliver()) == {200}, "signed with the earlier one still"
    assert "was still signed with the earlier secret" in owner.see(guide(world.link))
    world.shop.roll_secret(endpoint["id"], keep_old=False, secret="whsec_next")
    world.customer("Bolt")
    assert set(world.deliver()) == {200}
    assert "the earlier one can be retired" in owner.see(guide(world.link))
    page = owner.press("portal_connection_retire_secret", stripe().pk)
    assert "The earlier secret is retired" in page
    assert stripe().hook_secrets() == ["whsec_next"]
    assert "whsec_next" not in page


# --- as many as there are ---------------------------------------------------------------------------------------------


def queries(house: House, url: str) -> int:
    client = house.client("owner")
    client.get(url)
    with CaptureQueriesContext(
        connection,
    ) as caught:
        assert client.get(url).status_code == 200
    return len(caught)


def test_the_pages_ask_as_many_questions_however_much_there_is(house: House) -> None:
    pages = {
        "guide": guide(house.link),
        "preview": preview(house.link),
        "live": reverse("admin:portal_link_live", args=[house.link.pk]),
        "choose": reverse("admin:portal_link_add"),
        "connection": reverse("admin:portal_connection_change", args=[house.source.pk]),
        "examinations": reverse("admin:portal_connection_examinations", args=[house.target.pk]),
    }
    before = {name: queries(house, url) for name, url in pages.items()}
    for number in range(7):
        factories.mapping(house.link, source=f"more_{number}")
        factories.prepared(link=house.link, state=State.READY)
        factories.prepared(link=house.link, state=State.READY, body=factories.JOURNAL)
        factories.unmapped(house.link, f"prod_more_{number}")
        factories.delivery(house.source)
        factories.examination(house.target, passed=bool(number % 2))
    assert {name: queries(house, url) for name, url in pages.items()} == before
    assert max(before.values()) < 45, before
