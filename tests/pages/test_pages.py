"""What the pages show, and what pressing does."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone

from audit.models import Delivery, Record, State, TrailEntry
from mappings.models import Mapping, Period
from portal.models import Connection, FlowSetting, Link, SealedSession
from tests.pages import factories
from tests.pages.conftest import House, furnish


def page(record: Record) -> str:
    return reverse("admin:audit_record_change", args=[record.pk])


def press(house: House, record: Record, act: str, who: str = "support", **given: Any) -> str:
    """Presses a button and returns what the person is told."""
    url = reverse(f"admin:audit_record_{act}", args=[record.pk])
    answer = house.client(who).post(url, {"stamp": record.stamp, **given})
    assert answer.status_code == 302
    return " ".join(map(str, get_messages(answer.wsgi_request)))


# --- one record -------------------------------------------------------------------------------------------------------


def test_a_record_of_every_state_has_its_page(house: House) -> None:
    client = house.client("finance")
    for name, record in house.records.items():
        answer = client.get(page(record))
        assert answer.status_code == 200, name
        assert record.key in answer.text


def test_an_invoice_reads_as_an_invoice(house: House) -> None:
    text = house.client("finance").get(page(house.records["posted"])).text
    for shown in (
        "40100",
        "Revenue Acme",
        "185.00 USD",
        "297.67 USD",
        "agrees",
        "4711",
        "open it there",
        "create_invoice",
    ):
        assert shown in text, shown


def test_a_journal_shows_debit_and_credit_and_balances(house: House) -> None:
    text = house.client("finance").get(page(house.records["refunded"])).text
    assert ">Debit<" in text
    assert text.count("60.00 USD</td>") == 3  # the clearing line, and both totals


def test_where_each_value_came_from_is_said_and_leads_to_the_mapping(house: House) -> None:
    row = house.mapping
    asked = {
        "asked": "map", "at": "account", "table": "revenue_account", "values": ["prod_of_Acme"],
        "row": f"mapping {row.pk} version 1", "value": "40100",
    }  # fmt: skip
    record = factories.prepared(link=house.link, trace=json.dumps([*factories.TRACE, asked]))
    text = house.client("auditor").get(page(record)).text
    assert reverse("admin:mappings_mapping_change", args=[row.pk]) in text
    assert "prod_of_Acme → 40100" in text


def test_what_a_stranger_wrote_is_text(house: House) -> None:
    evil = "<script>alert(1)</script>"
    record = factories.prepared(link=house.link, payload=json.dumps({"name": evil}).encode(), said=evil, party=evil)
    factories.attempt(record, body=evil.encode() + b"\xff\x00")
    text = house.client("support").get(page(record)).text
    assert evil not in text
    assert "&lt;script&gt;" in text


def test_a_record_that_needs_another_leads_to_it(house: House) -> None:
    needed = factories.RecordFactory.create(link=house.link, key="in_9")
    assert page(needed) in house.client("support").get(page(house.records["dependent"])).text


def test_a_record_without_a_mapping_leads_to_the_form(house: House) -> None:
    text = house.client("finance").get(page(house.records["unmapped"])).text
    assert f"link={house.link.pk}&amp;table=revenue_account&amp;value=prod_9&amp;value=saas" in text


# --- pressing ---------------------------------------------------------------------------------------------------------


def test_what_failed_is_prepared_again_once(house: House) -> None:
    record = house.records["failed"]
    assert "read from the source" in press(house, record, "retry")
    assert "Somebody was first" in press(house, record, "retry", who="owner")
    record.refresh_from_db()
    assert record.state == State.DUE
    assert TrailEntry.objects.filter(record=record, what="person.retried", actor="support").count() == 1


def test_looking_now_sends_nothing_and_is_done_once(house: House) -> None:
    record = house.records["unsure"]
    assert "nothing is sent" in press(house, record, "retry")
    assert "Somebody was first" in press(house, record, "retry")
    assert TrailEntry.objects.filter(record=record, what="person.looked").count() == 1


@pytest.mark.parametrize("stamp", ["", "x", "-1", "99", str(2**70)])
def test_a_stamp_that_is_not_the_records_does_nothing(house: House, stamp: str) -> None:
    record = house.records["failed"]
    url = reverse("admin:audit_record_retry", args=[record.pk])
    house.client("support").post(url, {"stamp": stamp})
    record.refresh_from_db()
    assert record.state == State.FAILED


def test_it_is_this_one(house: House) -> None:
    record = house.records["undecided"]
    assert "Name the document" in press(house, record, "adopt")
    assert "looked for at the target" in press(house, record, "adopt", target_id="4712", reason="seen")
    record.refresh_from_db()
    assert (record.state, record.adopt) == (State.READY, "4712")


def test_not_there_needs_a_reason_and_a_look(house: House) -> None:
    record = house.records["undecided"]
    for given in ({}, {"reason": "not in the list"}, {"looked": "yes"}, {"reason": "  ", "looked": "yes"}):
        assert "Nothing was sent" in press(house, record, "not_there", **given)
    assert "new version" in press(house, record, "not_there", reason="not in the list", looked="yes")
    record.refresh_from_db()
    assert (record.state, record.take) == (State.DUE, 2)
    assert "not in the list" in TrailEntry.objects.get(record=record, what="person.retried").said


def test_a_foreign_duplicate_is_never_sent_as_a_new_version(house: House) -> None:
    record = house.records["foreign"]
    text = house.client("finance").get(page(record)).text
    assert "/adopt/" in text
    assert "/not-there/" not in text
    press(house, record, "not_there", reason="x", looked="yes")
    record.refresh_from_db()
    assert record.state == State.WAITING


@pytest.mark.parametrize("name", ["posted", "sending"])
def test_nothing_can_be_pressed_where_nothing_may_be_done(house: House, name: str) -> None:
    record = house.records[name]
    assert "/retry/" not in house.client("owner").get(page(record)).text
    assert "by itself" in press(house, record, "retry")
    assert Record.objects.get(pk=record.pk).state == record.state


# --- mappings ---------------------------------------------------------------------------------------------------------


def add(house: House, query: str = "", **given: str) -> Any:
    url = reverse("admin:mappings_mapping_add") + f"?link={house.link.pk}&table=revenue_account{query}"
    return house.client("finance").post(url, {"source": "prod_9", "target": "40100", **given}, follow=True)


def test_the_form_comes_with_what_the_record_asked(house: House) -> None:
    query = f"?link={house.link.pk}&table=revenue_account&value=prod_9&value=saas"
    text = house.client("finance").get(reverse("admin:mappings_mapping_add") + query).text
    assert 'value="prod_9"' in text
    assert "Revenue Acme" in text


def test_filling_in_wakes_what_waits(house: House) -> None:
    record = house.records["unmapped"]
    Record.objects.filter(pk=record.pk).update(due_at=timezone.now() + timedelta(days=3650))
    assert "waiting records are tried again now" in add(house).text
    record.refresh_from_db()
    assert record.due_at <= timezone.now()
    made = Mapping.objects.get(link=house.link, source="prod_9")
    assert (made.target, made.saved_by, made.version) == ("40100", "finance", 1)


def test_a_value_that_the_books_do_not_offer_is_refused(house: House) -> None:
    assert "do not offer 99999" in add(house, target="99999").text
    assert not Mapping.objects.filter(source="prod_9").exists()


def test_a_second_row_for_the_same_is_refused(house: House) -> None:
    add(house)
    assert "There is a row for this already" in add(house, target="40200").text
    assert Mapping.objects.filter(source="prod_9").count() == 1
    add(house, target="40200", valid_from="2027-01-01")
    assert Mapping.objects.filter(source="prod_9").count() == 2


def test_a_change_is_a_new_version_and_the_old_one_stays(house: House) -> None:
    url = reverse("admin:mappings_mapping_change", args=[house.mapping.pk])
    house.client("finance").post(url, {"target": "40200", "fact_department": "CS"})
    old = Mapping.objects.get(pk=house.mapping.pk)
    new = Mapping.objects.get(source=old.source, retired=False)
    assert (old.target, old.retired, old.facts) == ("40100", True, {"department": "Acme"})
    assert (new.target, new.version, new.facts) == ("40200", 2, {"department": "CS"})
    answer = house.client("owner").post(url, {"target": "22010"}, follow=True)
    assert "Somebody was first" in answer.text
    assert Mapping.objects.filter(source=old.source).count() == 2
    assert "version 1" in house.client("auditor").get(url).text


def test_a_row_taken_out_of_force_stays_readable(house: House) -> None:
    url = reverse("admin:mappings_mapping_retire", args=[house.mapping.pk])
    revision = house.workspace.revision
    house.client("finance").post(url)
    house.workspace.refresh_from_db()
    assert house.workspace.revision > revision
    assert Mapping.objects.get(pk=house.mapping.pk).retired
    assert TrailEntry.objects.filter(what="mapping.retired", actor="finance").count() == 1


def test_the_list_says_what_records_wait_for(house: House) -> None:
    factories.unmapped(house.link, "prod_9")
    text = " ".join(house.client("finance").get(reverse("admin:mappings_mapping_changelist")).text.split())
    assert "2 records wait</a> for" in text
    assert "Fill in" in text
    assert "Fill in" not in house.client("auditor").get(reverse("admin:mappings_mapping_changelist")).text


def test_a_period_that_a_person_saved_is_no_longer_a_guess(house: House) -> None:
    Period.objects.filter(pk=house.period.pk).update(learned=True)
    url = reverse("admin:mappings_period_change", args=[house.period.pk])
    body = {"connection": house.target.pk, "entity": "", "module": "AR", "closed_to": "2026-11-30"}
    house.client("finance").post(url, body)
    house.period.refresh_from_db()
    assert (str(house.period.closed_to), house.period.learned) == ("2026-11-30", False)
    assert TrailEntry.objects.filter(what="period.changed", actor="finance").count() == 1


# --- connections and links --------------------------------------------------------------------------------------------


def test_secrets_are_never_shown_again(house: House) -> None:
    for role in ("owner", "finance", "auditor", "operator"):
        text = house.client(role).get(reverse("admin:portal_connection_change", args=[house.source.pk])).text
        assert "sk_test_Acme" not in text
        assert "whsec_Acme" not in text


def test_an_empty_secret_stays_as_it_was(house: House) -> None:
    SealedSession.objects.create(connection=house.source, key="a", sealed_value=b"x")
    url = reverse("admin:portal_connection_credentials", args=[house.source.pk])
    given = {"secret_key": "", "account_id": "acct_1", "api_base": "https://api.stripe.com"}
    house.client("owner").post(url, given)
    house.source.refresh_from_db()
    assert house.source.credentials()["secret_key"] == "sk_test_Acme"
    assert house.source.credentials()["account_id"] == "acct_1"
    assert not house.source.sessions.exists()
    said = TrailEntry.objects.get(what="connection.credentials").said
    assert "account_id" in said
    assert "sk_test" not in said


def test_credentials_that_cannot_be_right_are_refused_at_their_field(house: House) -> None:
    url = reverse("admin:portal_connection_credentials", args=[house.source.pk])
    given = {"secret_key": "pk_test_123456789", "api_base": "https://api.stripe.com"}
    text = house.client("owner").post(url, given).text
    assert "publishable key" in text
    assert "pk_test_123456789" not in text
    house.source.refresh_from_db()
    assert house.source.credentials()["secret_key"] == "sk_test_Acme"


def test_ping_without_credentials_says_what_is_missing(house: House) -> None:
    url = reverse("admin:portal_connection_ping", args=[house.target.pk])
    assert "Enter the credentials first: Sender ID" in house.client("owner").post(url, follow=True).text


@pytest.mark.django_db(transaction=True)
def test_ping_calls_out_of_no_transaction_and_shows_each_check() -> None:
    """The address guard refuses a private address, which is found out without leaving the machine."""
    house = furnish("Acme")
    user = factories.UserFactory.create(username="owner")
    factories.MembershipFactory.create(workspace=house.workspace, user=user, role="owner")
    house.people["owner"] = user
    house.source.set_credentials({"secret_key": "sk_test_Acme", "api_base": "https://127.0.0.1:1"})
    house.source.save()
    house.client("owner").post(reverse("admin:portal_connection_ping", args=[house.source.pk]))
    examination = house.source.examinations.get()
    assert (examination.passed, examination.asked_by) == (False, "owner")
    text = house.client("owner").get(reverse("admin:portal_connection_change", args=[house.source.pk])).text
    assert ">failed" in text.replace("\n", "")
    assert house.client("owner").get(reverse("admin:index")).status_code == 200


def test_a_new_signing_secret_may_stand_beside_the_earlier_one(house: House) -> None:
    url = reverse("admin:portal_connection_hook_secret", args=[house.source.pk])
    house.client("owner").post(url, {"secret": "whsec_new", "keep": "on"})
    house.source.refresh_from_db()
    assert house.source.hook_secrets() == ["whsec_new", "whsec_Acme"]
    house.client("owner").post(url, {"secret": "whsec_new"})
    house.source.refresh_from_db()
    assert house.source.hook_secrets() == ["whsec_new"]


def test_a_connection_is_made_and_then_asks_for_its_credentials(house: House) -> None:
    given = {"workspace": house.workspace.pk, "system": "stripe", "name": "Stripe EU"}
    answer = house.client("owner").post(reverse("admin:portal_connection_add"), given, follow=True)
    assert "Still needed: Secret or restricted key" in answer.text
    again = house.client("owner").post(reverse("admin:portal_connection_add"), given)
    assert "There is a connection of this name already" in again.text
    assert Connection.objects.filter(name="Stripe EU").count() == 1


def test_a_link_is_made_with_all_flows_off(house: House) -> None:
    source = factories.ConnectionFactory.create(workspace=house.workspace, account="acct_second")
    query = f"?workspace={house.workspace.pk}&integration=stripe_intacct&source={source.pk}&target={house.target.pk}"
    url = reverse("admin:portal_link_add") + query
    answer = house.client("owner").post(url, {"name": "Second", "start_at": "2026-11-01T00:00"})
    made = Link.objects.get(name="Second")
    guide = reverse("admin:portal_link_set_up", args=[made.pk])
    assert answer.headers["Location"] == guide
    assert set(made.flows.values_list("mode", flat=True)) == {"off"}
    assert f"{made.start_at:%Y-%m-%d %H:%M}" == "2026-11-01 04:00", "in the time of the workspace"
    assert house.client("owner").get(url).headers["Location"] == guide, "what is linked is not linked twice"


@pytest.mark.parametrize("mode", ["preview", "off", "live"])
def test_a_flow_goes_from_mode_to_mode(house: House, mode: str) -> None:
    url = reverse("admin:portal_link_mode", args=[house.link.pk])
    house.client("owner").post(url, {"flow": "invoice", "mode": mode})
    assert FlowSetting.objects.get(link=house.link, flow="invoice").mode == mode


@pytest.mark.parametrize("given", [{"flow": "invoice", "mode": "wild"}, {"flow": "none", "mode": "live"}, {}])
def test_a_mode_or_flow_that_is_none_changes_nothing(house: House, given: dict[str, str]) -> None:
    answer = house.client("owner").post(reverse("admin:portal_link_mode", args=[house.link.pk]), given)
    assert answer.status_code == 302
    assert set(house.link.flows.values_list("mode", flat=True)) == {"live"}


def test_options_and_start_are_saved_in_the_time_of_the_workspace(house: House) -> None:
    client, url = house.client("owner"), reverse("admin:portal_link_options", args=[house.link.pk])
    shown = client.get(reverse("admin:portal_link_change", args=[house.link.pk]))
    form = shown.context["options_form"]
    given = {name: form[name].value() or "" for name in form.fields}
    client.post(url, {**given, "journal": "STR", "name": "Renamed", "start_at": "2026-11-01T00:00"})
    house.link.refresh_from_db()
    assert (house.link.name, house.link.options["journal"]) == ("Renamed", "STR")
    assert house.link.start_at.isoformat() == "2026-11-01T04:00:00+00:00"
    assert "journal" in TrailEntry.objects.get(what="link.changed").said


def test_a_link_is_paused_and_goes_on(house: House) -> None:
    url = reverse("admin:portal_link_pause", args=[house.link.pk])
    for word, paused in (("yes", True), ("no", False)):
        house.client("owner").post(url, {"paused": word})
        house.link.refresh_from_db()
        assert house.link.paused is paused


# --- deliveries -------------------------------------------------------------------------------------------------------


def test_a_refused_delivery_stays_refused_while_the_secret_is_wrong(house: House) -> None:
    url = reverse("admin:audit_delivery_verify", args=[house.delivery.pk])
    assert "still refused" in house.client("support").post(url, follow=True).text
    assert Delivery.objects.get(pk=house.delivery.pk).status == "refused"


def test_only_a_refused_delivery_is_verified_again(house: House) -> None:
    genuine = factories.delivery(house.source)
    url = reverse("admin:audit_delivery_verify", args=[genuine.pk])
    assert "Only a refused delivery" in house.client("support").post(url, follow=True).text


# --- the whole --------------------------------------------------------------------------------------------------------


def test_the_page_of_a_record_asks_as_often_however_long_its_story(
    house: House, django_assert_max_num_queries: Any
) -> None:
    client, record = house.client("support"), house.records["posted"]
    client.get(page(record))
    with django_assert_max_num_queries(14) as few:
        client.get(page(record))
    for number in range(10):
        factories.attempt(record)
        factories.line(record, "record.looked", str(number))
    with django_assert_max_num_queries(14) as many:
        client.get(page(record))
    assert len(few) == len(many)


def test_an_empty_workspace_is_told_what_to_do(db: None) -> None:
    for role, said in (
        ("owner", "Set up leads from here"),
        ("auditor", "An owner of the workspace connects the systems"),
    ):
        member = factories.MembershipFactory.create(role=role)
        from tests.pages.conftest import signed_in

        assert said in signed_in(member.user).get(reverse("admin:index")).text


def test_the_front_page_shows_what_moves_and_what_waits(house: House) -> None:
    text = house.client("finance").get(reverse("admin:index")).text
    for shown in ("posted today", "a mapping", "a person&#x27;s decision", "Open problems", "Intacct Acme"):
        assert shown in text, shown


def test_every_page_keeps_to_the_policy_and_asks_no_other_host(house: House) -> None:
    answer = house.client("owner").get(reverse("admin:index"))
    policy = answer.headers["Content-Security-Policy"]
    assert all(f"{name} {' '.join(of)}" in policy for name, of in settings.SECURE_CSP.items())
    assert 'src="http' not in answer.text
    assert "<script>" not in answer.text


def test_time_is_told_in_the_time_of_the_workspace(house: House) -> None:
    from datetime import UTC, datetime

    noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    record = factories.RecordFactory.create(link=house.link, happened_at=noon)
    text = house.client("support").get(page(record)).text
    assert "1 Jul 2026, 08:00" in text
    assert "America/New_York" in text
