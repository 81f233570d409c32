"""The probes of Sage Intacct: what they find is what the stand-in's company is like, in two positions of each knob."""

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from audit.models import TrailEntry
from portal.engine import access
from portal.models import Connection
from standins.sage_intacct.objects import OBJECTS, Field
from tests.story import Story, record, story, told, workspace_connections

WRITE: dict[str, Any] = {"write": True, "confirm": "ACME-DEMO", "account": "40100", "location": "US-100"}


@pytest.fixture
def world(transactional_db: None) -> Iterator[Story]:
    with story() as it:
        yield it


def intacct() -> Connection:
    return workspace_connections()["Sage Intacct"]


def probe(**options: Any) -> str:
    out = StringIO()
    call_command("probe", "Sage Intacct", stdout=out, **options)
    return out.getvalue()


def line(said: str, label: str) -> str:
    return next(one for one in said.splitlines() if f" {label}" in one)


# --- by reading -------------------------------------------------------------------------------------------------------


def test_probing_reads_only_and_keeps_what_it_found(world: Story) -> None:
    before = len([one for one in world.books.requests if _writes(one)])
    said = probe()
    assert len([one for one in world.books.requests if _writes(one)]) == before
    settings = intacct().settings
    assert settings["field_lengths"]["CUSTOMER.NAME"] == 100
    assert settings["other_receipt_key"] == "DOCNUMBER"
    assert settings["additional_error_info"] is True
    assert line(said, "How long a session lasts").endswith("120 minutes")
    kept = TrailEntry.objects.filter(what="connection.probed")
    assert {entry.actor for entry in kept} == {"probe command"}
    assert "settings:" not in probe()
    assert kept.count() == 3


def _writes(asked: dict[str, Any]) -> bool:
    return any(one["name"].startswith(("create", "update", "reverse", "record")) for one in asked["functions"])


@pytest.mark.parametrize("length", [40, 200])
def test_the_length_of_a_field_is_the_companys(world: Story, monkeypatch: pytest.MonkeyPatch, length: int) -> None:
    monkeypatch.setitem(OBJECTS["GLBATCH"].fields, "BATCH_TITLE", Field("BATCH_TITLE", length=length))
    probe()
    assert intacct().settings["field_lengths"]["GLBATCH.BATCH_TITLE"] == length


@pytest.mark.parametrize("name", ["DOCNUMBER", "REFID"])
def test_other_receipts_are_found_by_the_field_that_shows_their_reference(
    world: Story, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    other = "REFID" if name == "DOCNUMBER" else "DOCNUMBER"
    monkeypatch.delitem(OBJECTS["OTHERRECEIPTS"].fields, other)
    probe()
    assert intacct().settings["other_receipt_key"] == name
    world.shop.sell(8_000, customer=world.customer())
    world.deliver()
    world.work()
    (row,) = world.rows("OTHERRECEIPTS")
    assert record("sale").state == "POSTED", told()
    assert record("sale").verdict == "agrees", told()
    assert row["REFID"]


def test_an_object_that_lacks_a_field_we_need_is_named(world: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(OBJECTS["ARADVANCE"].fields, "RECEIPTDATE")
    out = StringIO()
    with pytest.raises(CommandError, match="mend what is said above"):
        call_command("probe", "Sage Intacct", stdout=out)
    assert "It lacks RECEIPTDATE" in line(out.getvalue(), "Fields of ARADVANCE")


def test_a_field_that_we_can_do_without_is_told(world: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(OBJECTS["ARINVOICE"].fields, "RAWSTATE")
    assert "without RAWSTATE" in line(probe(), "Fields of ARINVOICE")


def test_what_cannot_be_known_by_reading_is_said_to_be_so(world: Story) -> None:
    assert line(probe(), "Reversal of unpaid invoices").startswith("not_checkable")


# --- by writing -------------------------------------------------------------------------------------------------------


def test_writing_asks_for_the_companys_name_first(world: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def typed(question: str) -> str:
        asked.append(question)
        return "ACME"

    monkeypatch.setattr("builtins.input", typed)
    with pytest.raises(CommandError, match="Nothing was done"):
        probe(write=True)
    assert "ACME-DEMO" in asked[0]
    assert world.rows("CUSTOMER") == []


def test_nothing_is_written_into_a_company_that_is_no_sandbox(world: Story) -> None:
    Connection.objects.filter(pk=intacct().pk).update(mode="live")
    with pytest.raises(CommandError, match="does not look like a sandbox"):
        probe(**WRITE)
    assert world.rows("CUSTOMER") == []


def test_what_was_made_is_taken_back_and_what_is_left_is_named(world: Story) -> None:
    said = probe(**WRITE)
    (customer,), (invoice,) = world.rows("CUSTOMER"), world.rows("ARINVOICE")
    assert customer["STATUS"] == "inactive"
    assert invoice["STATE"] == "Reversed"
    assert world.gl("12100") == 0
    left = line(said, "Left in the books")
    assert f"customer {customer['CUSTOMERID']}, inactive" in left
    assert left.startswith("ok")
    assert left.endswith("reversed")


@pytest.mark.parametrize(("knob", "outcome"), [("refuse", "ok"), ("refuse_bl01001973", "ok"), ("off", "warning")])
def test_whether_a_used_control_id_is_refused(world: Story, knob: str, outcome: str) -> None:
    world.books.knobs.turn({"uniqueid": knob})
    assert line(probe(**WRITE), "A control id that was used").startswith(outcome)


@pytest.mark.parametrize("allowed", [True, False])
def test_whether_unpaid_invoices_can_be_reversed(world: Story, allowed: bool) -> None:
    world.books.knobs.turn({"reverse_unpaid": allowed})
    said = probe(**WRITE)
    assert line(said.partition("A customer can be made")[2], "Reversal of").startswith("ok" if allowed else "warning")
    assert line(said, "Left in the books").startswith("ok" if allowed else "warning")


@pytest.mark.parametrize("way", ["refuse", "allow"])
def test_whether_a_second_invoice_of_the_same_number_is_taken(world: Story, way: str) -> None:
    world.books.knobs.turn({"duplicate_invoice": way})
    said = probe(**WRITE)
    assert ("It is taken, too" in line(said, "A second invoice of the same number")) is (way == "allow")


@pytest.mark.parametrize("seconds", [0.0, 1.5])
def test_how_soon_a_look_sees_what_was_made(world: Story, seconds: float) -> None:
    world.books.knobs.turn({"visible_after": seconds})
    found = float(line(probe(**WRITE), "How soon a look sees").partition("within ")[2].split()[0])
    assert seconds <= found < seconds + 3


@pytest.mark.parametrize("hours", [0.0, -8.0])
def test_in_which_zone_changes_are_told(world: Story, hours: float) -> None:
    world.books.knobs.turn({"modified_offset_hours": hours})
    assert line(probe(**WRITE), "The zone in which").endswith("UTC -8 hours" if hours else "UTC")


PAYABLES: dict[str, Any] = {**WRITE, "expense": "60100"}


def test_a_bill_and_a_credit_are_made_and_taken_back_and_prove_what_a_credit_does(world: Story) -> None:
    said = probe(**PAYABLES)
    (vendor,) = [row for row in world.rows("VENDOR") if row["VENDORID"].startswith("MLPROBE")]
    (bill,) = world.rows("APBILL")
    assert (vendor["STATUS"], vendor["DONOTCUTCHECK"], bill["STATE"]) == ("inactive", True, "Reversed")
    assert world.gl("20100") == world.gl("60100") == 0
    assert line(said, "A vendor credit lowers").startswith("ok")
    assert intacct().settings["credit_lowers"] is True
    left = line(said, "Left in the books")
    assert left.startswith("ok")
    assert f"vendor {vendor['VENDORID']}, inactive; bill" in left


def test_a_company_in_which_credits_raise_what_is_owed_is_told_so(world: Story) -> None:
    world.books.knobs.turn({"credit_sign": "positive"})
    out = StringIO()
    with pytest.raises(CommandError, match="probe again"):
        call_command("probe", "Sage Intacct", stdout=out, **PAYABLES)
    assert line(out.getvalue(), "A vendor credit lowers").startswith("failed")
    assert intacct().settings["credit_lowers"] is False


@pytest.mark.parametrize("allowed", [True, False])
def test_whether_unpaid_bills_can_be_reversed(world: Story, allowed: bool) -> None:
    world.books.knobs.turn({"reverse_unpaid_bills": allowed})
    said = probe(**PAYABLES)
    assert line(said, "Reversal of unpaid bills").startswith("ok" if allowed else "warning")
    assert line(said, "Left in the books").startswith("ok" if allowed else "warning")


def test_a_company_without_payables_is_probed_for_what_its_links_post(world: Story) -> None:
    for name in ("VENDOR", "APBILL", "PODOCUMENT"):
        assert f"Fields of {name}" not in probe()
    assert "Fields of ARINVOICE" in probe()


def test_an_answer_that_is_lost_ends_the_probe_and_names_what_may_be_left(world: Story) -> None:
    world.books.faults.add("commit_then_reset", {"function": "create_invoice"})
    out = StringIO()
    with pytest.raises(CommandError, match="probe again"):
        call_command("probe", "Sage Intacct", stdout=out, **WRITE)
    left = line(out.getvalue(), "Left in the books")
    assert left.startswith("warning")
    assert "invoice MLPROBE" in left
    assert "perhaps" in left
    assert len(world.rows("ARINVOICE")) == 1


def test_a_system_without_probes_says_so(world: Story) -> None:
    with pytest.raises(CommandError, match="nothing to probe at Stripe"):
        call_command("probe", "Stripe")
    with pytest.raises(CommandError, match="There is no connection Nobody"):
        call_command("probe", "Nobody")
    assert not hasattr(access.client(workspace_connections()["Stripe"]), "probe")
