"""What nobody outside of the vendors knows, each alone: however it is, nothing stands twice and nothing is lost."""

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.core.management import CommandError

from audit.models import Problem, Record, State
from tests.stories import oracle
from tests.story import Story, record, story, told

Json = dict[str, Any]
WAITS = {"write_deadline": 0.8, "processing": 0.1, "margin": 0.1, "look": 0.05}
INVOICES = 2
ENDS = ("before", "commit_then_reset")
KNOBS: dict[str, Json] = {
    "a second run is refused, numbers are single, writes are seen at once": {},
    "a second run is refused with another number": {"uniqueid": "refuse_bl01001973"},
    "a second run is carried out": {"uniqueid": "off"},
    "fresh writes are seen a little later": {"visible_after": 0.3},
    "fresh writes are seen after the hold only": {"visible_after": 1.6},
    "numbers may be used twice": {"duplicate_invoice": "allow"},
}


OTHERS: dict[str, Json] = {
    "a refusal in a batch leaves out what follows": {"after_failure": "omit"},
    "second runs are forgotten": {"uniqueid_retention": 0.3},
    "changes are told in another zone": {"modified_offset_hours": -8.0},
    "long texts are cut": {"too_long": "cut"},
    "long texts are kept": {"too_long": "keep"},
    "unknown fields are passed over": {"unknown_fields": "ignore"},
    "any order of elements is taken": {"schema": "lenient"},
    "numbers must be given": {"auto_number": False},
    "invoices below zero are taken": {"negative_invoice": "allow"},
    "no posting date of its own": {"override_posting_date": False},
    "no lines between entities": {"inter_entity": False},
    "lines may name accounts of banks": {"bank_lines": "allow"},
    "a third request waits": {"over_concurrency": "queue"},
    "a third request is turned away": {"over_concurrency": "429"},
}


def cut(world: Story, *flows: str) -> None:
    """Of each flow one document is not written, and one is written, when the connection breaks off."""
    keys = keys_of(world)
    for flow in flows:
        for end, key in zip(ENDS, keys[flow], strict=False):
            control = f"ml:stripe:acct_1ShopOnTheCorner:test:{flow}:{key}"
            world.books.faults.add(end, {"controlid": control})


def keys_of(world: Story) -> dict[str, list[str]]:
    shop = world.shop.dump()
    paid = {row["payment"]["payment_intent"] for row in shop["invoice_payment"].values() if row["status"] == "paid"}
    notes = shop.get("credit_note", {}).values()
    return {
        "invoice": list(shop["invoice"]),
        "payment": [key for key, row in shop["invoice_payment"].items() if row["status"] == "paid"],
        "refund": list(shop.get("refund", {})),
        "credit_note": [note["id"] for note in notes],
        "application": [f"{note['id']}:{note['invoice']}" for note in notes],
        "void": [f"{key}:void" for key, row in shop["invoice"].items() if row["status"] == "void"],
        "sale": [key for key, row in shop["charge"].items() if row["payment_intent"] not in paid],
    }


def facts(world: Story) -> None:
    customer = world.customer()
    for number in range(INVOICES):
        invoice = world.invoice(customer, 10000 + number)
        world.shop.refund(invoice["id"], 1000 + number)
    assert set(world.deliver(["invoice.paid", "refund.created"])) == {200}


def credits(world: Story) -> None:
    """Notes against open invoices, voided invoices, sales: two of each."""
    customer = world.customer()
    for number in range(2):
        credited = world.invoice(customer, 20000 + number, paid=False)
        world.shop.credit_note(credited["id"], 2000 + number)
        world.shop.void(world.invoice(customer, 30000 + number, paid=False)["id"])
        world.shop.sell(4000 + number)
    wanted = ["invoice.finalized", "credit_note.created", "invoice.voided", "charge.succeeded"]
    assert set(world.deliver(wanted)) == {200}


def until_posted(world: Story, seconds: float = 30) -> None:
    """Waits for what may be seen later; a person never helps."""
    end = time.monotonic() + seconds
    world.work()
    while Record.objects.exclude(state__in=[State.POSTED, State.SKIPPED]).exists():
        assert time.monotonic() < end, told()
        world.work()
        time.sleep(0.05)


@pytest.mark.parametrize("knobs", KNOBS.values(), ids=list(KNOBS))
def test_each_unknown_alone_makes_no_double_and_loses_nothing(
    transactional_db: None, settings: Any, knobs: Json
) -> None:
    settings.BATCH = 1
    with story(intacct=knobs, waits=WAITS) as world:
        facts(world)
        cut(world, "invoice", "payment", "refund")
        until_once(world)


@pytest.mark.parametrize("knobs", KNOBS.values(), ids=list(KNOBS))
def test_each_unknown_alone_makes_no_double_of_credits_voids_and_sales(
    transactional_db: None, settings: Any, knobs: Json
) -> None:
    settings.BATCH = 1
    with story(intacct=knobs, waits=WAITS) as world:
        credits(world)
        cut(world, "credit_note", "application", "void", "sale")
        until_once(world)


@pytest.mark.slow
@pytest.mark.parametrize("knobs", OTHERS.values(), ids=list(OTHERS))
def test_each_other_unknown_alone_makes_no_double_and_loses_nothing(transactional_db: None, knobs: Json) -> None:
    with story(intacct=knobs, waits=WAITS) as world:
        facts(world)
        credits(world)
        cut(world, "invoice", "payment", "refund", "credit_note", "application", "void", "sale")
        until_once(world)


def until_once(world: Story) -> None:
    until_posted(world)
    assert not world.books.faults.rules, "not all faults struck"
    oracle.compare(world.shop, world.company)
    assert not Problem.objects.filter(code="double").exists()


@pytest.fixture
def unguarded(transactional_db: None, settings: Any) -> Iterator[Story]:
    """An invoice stands there; from now on nothing is refused and fresh writes are unseen beyond the hold."""
    settings.BATCH = 1
    with story(intacct={"uniqueid": "off"}, waits=WAITS) as it:
        it.invoice(it.customer(), paid=False)
        it.deliver(["invoice.finalized"])
        it.work()
        it.been_there_for_long()
        it.books.knobs.turn({"visible_after": 3.0})
        yield it


def test_without_refusal_a_part_payment_unseen_beyond_the_hold_stands_twice_at_most_and_is_found(
    unguarded: Story,
) -> None:
    """A second payment of the whole would exceed what is due; one of less than half fits twice."""
    (invoice,) = unguarded.shop.dump()["invoice"]
    unguarded.shop.pay(invoice, 4000)
    unguarded.books.faults.add("commit_then_reset", {"function": "create ARPYMT"})
    unguarded.deliver(["invoice_payment.paid"])
    until_posted(unguarded)
    until_found(unguarded)
    assert [row["DOCNUMBER"] for row in unguarded.rows("ARPYMT")] == [record("payment").key] * 2, "one double"
    (problem,) = Problem.objects.filter(code="double", closed_at=None)
    assert problem.value == record("payment").control


def test_a_payment_of_the_whole_stands_once_even_then(unguarded: Story) -> None:
    unguarded.books.knobs.turn({"visible_after": 1.8})
    (invoice,) = unguarded.shop.dump()["invoice"]
    unguarded.shop.pay(invoice)
    unguarded.books.faults.add("commit_then_reset", {"function": "create ARPYMT"})
    unguarded.deliver(["invoice.paid"])
    until_posted(unguarded)
    oracle.compare(unguarded.shop, unguarded.company)


def test_what_has_a_number_of_its_own_stands_once_even_then(unguarded: Story) -> None:
    unguarded.books.knobs.turn({"visible_after": 1.8})
    unguarded.invoice(unguarded.rows("CUSTOMER")[0]["CUSTOMERID"], paid=False)
    unguarded.books.faults.add("commit_then_reset", {"function": "create_invoice"})
    unguarded.deliver(["invoice.finalized"])
    until_posted(unguarded)
    oracle.compare(unguarded.shop, unguarded.company)


def until_found(world: Story, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not Problem.objects.filter(code="double").exists():
        assert time.monotonic() < end, told()
        world.work()
        time.sleep(0.1)


def test_balance_rows_that_come_late_hold_up_their_documents_and_nothing_else(transactional_db: None) -> None:
    with story(stripe={"balance_rows": "manual"}) as world:
        world.invoice(world.customer())
        world.deliver(["invoice.paid"])
        end = time.monotonic() + 30
        while not (world.rows("ARINVOICE") and waits_for_its_row()):
            assert time.monotonic() < end, told()
            work_for(world, 0.5)
        assert world.rows("ARPYMT") == []
        world.shop.release_balance_rows()
        until_posted(world)
        oracle.compare(world.shop, world.company)


def waits_for_its_row() -> bool:
    return Record.objects.filter(flow="stripe_intacct.payment", code="dependency.balance_row").exists()


def work_for(world: Story, seconds: float) -> None:
    """The source may be asked again all the while, so that it need not become quiet."""
    with suppress(CommandError):
        world.work(seconds=seconds)


def test_a_company_that_takes_two_requests_at_once_is_never_asked_a_third(transactional_db: None) -> None:
    with story(intacct={"concurrency": 2, "over_concurrency": "429", "latency": 0.02}) as world:
        facts(world)
        world.work(threads=4)
        assert world.books.counts.get("over_concurrency", 0) == 0
        assert world.intacct.most_at_once <= 2
        oracle.compare(world.shop, world.company)
