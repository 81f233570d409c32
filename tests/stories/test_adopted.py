"""Invoices that people made in the ledger, and Stripe only collects: taken over, paid, and never made."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest

from audit.models import Record, State, Verdict
from portal.engine import decide
from standins.sage_intacct import subledger
from tests.stories.test_start import DAY, customer, held, until
from tests.story import Story, record, story, told

Json = dict[str, Any]


@contextmanager
def collecting(**options: str) -> Iterator[Story]:
    def change(workspace: Json) -> None:
        link = workspace["links"][0]
        link["options"] = {**link["options"], "ledger_invoice_key": "intacct", **options}

    with story(change=change) as world:
        yield world


def entered(world: Story, number: str = "INV-1001", amount: str = "250.00", party: str = "C-100") -> Json:
    line = subledger.Line(Decimal(amount), "40000", dims={"LOCATIONID": "US-100"})
    new = subledger.NewDocument(party=party, day=DAY, lines=[line], number=number)
    with world.books.unit():
        made: Json = subledger.create(world.company, subledger.ARINVOICE, new)
    return made


def asked(world: Story, owner: str, cents: int = 10_000, number: str = "INV-1001", *, paid: bool = True) -> Json:
    return world.invoice(owner, cents, paid=paid, metadata={"intacct": number})


def run(world: Story) -> None:
    world.deliver()
    world.work()


def test_the_invoice_that_the_metadata_name_is_taken_over_by_rule_and_paid(transactional_db: None) -> None:
    with collecting(adopt="exact") as world:
        owner = customer(world)
        entered(world)
        asked(world, owner)
        run(world)
        assert held(world) == [
            ("ARINVOICE", "C-100", Decimal(250), Decimal(150)),
            ("ARPYMT", "C-100", Decimal(100), Decimal(0)),
        ], told()
        assert world.writes("create_invoice") == []
        asked(world, owner, 15_000)
        run(world)
        assert [row[3] for row in held(world) if row[0] == "ARINVOICE"] == [0]
        assert not Record.objects.exclude(state=State.POSTED).exclude(state=State.SKIPPED).exists(), told()
        assert {one.verdict for one in Record.objects.filter(state=State.POSTED)} == {Verdict.AGREES}


def test_a_person_says_so_where_the_rule_does_not(transactional_db: None) -> None:
    with collecting() as world:
        owner = customer(world)
        there = entered(world)
        asked(world, owner)
        run(world)
        one = record("invoice")
        assert (one.state, one.waits_for, one.code) == (State.WAITING, "decision", "duplicate.foreign"), told()
        assert record("payment").code == "dependency.invoice"
        assert [row[0] for row in held(world)] == ["ARINVOICE"]
        decide.adopt(one, one.stamp, str(there["RECORDNO"]), "finance", "it is the one")
        world.work()
        assert [row[3] for row in held(world)] == [Decimal(150), 0], told()


@pytest.mark.parametrize(
    ("number", "amount", "party"),
    [("INV-1001", "99.99", "C-100"), ("INV-1002", "250.00", "C-100"), ("INV-1001", "250.00", "C-200")],
    ids=["too little is due", "another number", "another customer"],
)
def test_what_does_not_fit_is_never_taken_over_by_rule(
    transactional_db: None, number: str, amount: str, party: str
) -> None:
    with collecting(adopt="exact") as world:
        owner = customer(world)
        with world.books.unit():
            other = {"CUSTOMERID": "C-200", "NAME": "Other", "DISPLAYCONTACTKEY": "Acme(C-100)", "ONHOLD": False}
            world.company.add_master("CUSTOMER", "CUSTOMERID", other)
        entered(world, number, amount, party)
        asked(world, owner)
        run(world)
        expected = "duplicate.foreign" if amount == "99.99" else "adopt.not_there"
        assert (record("invoice").code, record("payment").code) == (expected, "dependency.invoice"), told()
        assert [row[0] for row in held(world)] == ["ARINVOICE"]
        assert world.writes("create_invoice") == []


def test_it_goes_on_by_itself_when_somebody_enters_it(transactional_db: None) -> None:
    with collecting(adopt="exact") as world:
        owner = customer(world)
        asked(world, owner)
        run(world)
        assert record("invoice").code == "adopt.not_there", told()
        entered(world)
        until(world, lambda: record("payment").state == State.POSTED)
        assert [row[3] for row in held(world)] == [Decimal(150), 0]


def test_money_that_goes_back_and_refunds_leave_the_invoice_of_others_as_it_is(transactional_db: None) -> None:
    """Only money is put to it; the refund is borne by what Stripe's lines are mapped to."""
    with collecting(adopt="exact") as world:
        owner = customer(world)
        entered(world, amount="100.00")
        invoice = asked(world, owner)
        world.shop.refund(invoice["id"], 4_000)
        run(world)
        assert [world.gl(account) for account in ("12100", "40000", "40100", "10210")] == [0, -100, 40, 60], told()
        world.shop.void(invoice["id"], force=True)
        run(world)
        one = record("void")
        assert (one.state, one.waits_for, one.code) == (State.WAITING, "decision", "decision.needed"), told()
        assert [row["STATE"] for row in world.rows("ARINVOICE")] == ["Paid"]


def test_two_of_the_same_number_are_for_a_person(transactional_db: None) -> None:
    with collecting(adopt="exact") as world:
        world.books.knobs.turn({"duplicate_invoice": "allow"})
        owner = customer(world)
        entered(world)
        entered(world)
        asked(world, owner)
        run(world)
        assert record("invoice").code == "duplicate.foreign", told()
        assert [row[0] for row in held(world)] == ["ARINVOICE", "ARINVOICE"]
