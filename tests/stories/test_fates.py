"""What becomes of invoices and payments: voided, written off, paid after all, gone back; and sales without invoice."""

import time
from decimal import Decimal
from typing import Any

import pytest

from audit.models import Posting, Problem, Record
from portal.engine import links
from portal.models import Cursor, FlowSetting
from tests.story import Story, record, story, told

RECEIVABLE, REVENUE, CLEARING, BAD_DEBT, OVERPAID = "12100", "40100", "10210", "63000", "24200"
ZERO = Decimal(0)


def all_done() -> None:
    assert not Record.objects.exclude(state__in=["POSTED", "SKIPPED"]).exists(), told()


def carry(world: Story) -> None:
    world.deliver()
    world.work()


def test_a_voided_invoice_is_reversed_on_the_day_of_the_void_and_stays_in_the_books(world: Story) -> None:
    invoice = world.invoice(world.customer(), 10_000, paid=False)
    carry(world)
    world.shop.clock.advance(3 * 86_400)
    world.shop.void(invoice["id"])
    carry(world)
    all_done()
    (row,) = world.rows("ARINVOICE")
    assert row["STATE"] == "Reversed"
    assert row["_REVERSED"] > row["WHENPOSTED"]
    assert (world.gl(RECEIVABLE), world.gl(REVENUE)) == (ZERO, ZERO)
    assert not Problem.objects.filter(closed_at=None).exists(), "what we reversed ourselves is no difference"


def test_a_void_in_a_company_without_reversals_becomes_a_credit_memo_by_option(world: Story) -> None:
    world.company.knobs.reverse_unpaid = False
    invoice = world.invoice(world.customer(), 10_000, paid=False)
    world.shop.void(invoice["id"])
    carry(world)
    void = record("void")
    assert (void.state, void.waits_for, void.code) == ("WAITING", "settings", "reversal.refused"), told()
    assert world.gl(RECEIVABLE) == Decimal("100.00"), "nothing wrong is booked meanwhile"
    link = world.link
    link.options = {**link.options, "void": "credit_memo"}
    link.save()
    world.work()
    all_done()
    (memo,) = world.rows("ARADJUSTMENT")
    assert memo["RECORDID"] == f"{invoice['number']}-V"
    assert (world.gl(RECEIVABLE), world.gl(REVENUE)) == (ZERO, ZERO)
    assert {Decimal(row["TRX_TOTALDUE"]) for name in ("ARINVOICE", "ARADJUSTMENT") for row in world.rows(name)} == {0}


def seen_first(world: Story, *types: str) -> None:
    """Only these events come at first, and are worked on; the others come after them."""
    world.deliver(types)
    world.work()
    carry(world)


def test_a_void_that_is_seen_before_a_part_payment_leaves_that_money_as_the_customers_credit(world: Story) -> None:
    invoice = world.invoice(world.customer(), 10_000, paid=False)
    world.shop.pay(invoice["id"], 3_000)
    world.shop.clock.advance(60)
    world.shop.void(invoice["id"])
    seen_first(world, "customer.created", "invoice.finalized", "invoice.voided")
    all_done()
    assert [Decimal(row["TRX_TOTALDUE"]) for row in world.rows("ARINVOICE")] == [0], told()
    assert (world.gl(RECEIVABLE), world.gl(REVENUE), world.gl(CLEARING)) == (Decimal("-30.00"), ZERO, Decimal("30.00"))


def test_credit_that_a_voided_invoice_had_used_is_given_back_before_the_void(world: Story) -> None:
    customer = world.customer()
    world.shop.credit_customer(customer, -3_000)
    invoice = world.invoice(customer, 10_000, paid=False)
    carry(world)
    assert world.gl(RECEIVABLE) == Decimal("70.00")
    world.shop.clock.advance(60)
    world.shop.void(invoice["id"])
    seen_first(world, "invoice.voided")
    all_done()
    (row,) = world.rows("ARINVOICE")
    assert (row["STATE"], Decimal(row["TRX_TOTALDUE"])) == ("Reversed", ZERO), told()
    assert world.gl(RECEIVABLE) == Decimal("-30.00"), "his credit is open again"


def test_a_note_on_a_written_off_invoice_takes_back_so_much_of_the_write_off(world: Story) -> None:
    invoice = world.invoice(world.customer(), 10_000, paid=False)
    world.shop.mark_uncollectible(invoice["id"])
    world.shop.clock.advance(60)
    note = world.shop.credit_note(invoice["id"], 3_000)
    carry(world)
    all_done()
    assert (world.gl(RECEIVABLE), world.gl(REVENUE), world.gl(BAD_DEBT)) == (ZERO, Decimal("-70.00"), Decimal("70.00"))
    numbers = {row["RECORDID"]: Decimal(row["TRX_TOTALDUE"]) for row in world.rows("ARADJUSTMENT")}
    assert numbers == {f"{invoice['number']}-WO": 0, note["number"]: 0, f"{note['number']}-WR": 0}


@pytest.mark.parametrize("order", ["at once", "one by one"])
def test_a_note_from_before_a_write_off_that_is_voided_after_it_is_written_off_too(world: Story, order: str) -> None:
    invoice = world.invoice(world.customer(), 10_000, paid=False)
    note = world.shop.credit_note(invoice["id"], 3_000)
    world.shop.clock.advance(60)
    world.shop.mark_uncollectible(invoice["id"])
    if order == "one by one":
        carry(world)
    world.shop.clock.advance(60)
    world.shop.void_credit_note(note["id"])
    carry(world)
    all_done()
    assert (world.gl(RECEIVABLE), world.gl(REVENUE), world.gl(BAD_DEBT)) == (
        ZERO,
        Decimal("-100.00"),
        Decimal("100.00"),
    )
    assert {Decimal(row["TRX_TOTALDUE"]) for name in ("ARINVOICE", "ARADJUSTMENT") for row in world.rows(name)} == {0}


@pytest.mark.parametrize("order", ["at once", "one by one"])
def test_a_note_on_a_written_off_invoice_that_is_voided_is_written_off_again(world: Story, order: str) -> None:
    invoice = world.invoice(world.customer(), 10_000, paid=False)
    world.shop.mark_uncollectible(invoice["id"])
    world.shop.clock.advance(60)
    note = world.shop.credit_note(invoice["id"], 3_000)
    if order == "one by one":
        carry(world)
    world.shop.clock.advance(60)
    world.shop.void_credit_note(note["id"])
    carry(world)
    all_done()
    assert (world.gl(RECEIVABLE), world.gl(REVENUE), world.gl(BAD_DEBT)) == (
        ZERO,
        Decimal("-100.00"),
        Decimal("100.00"),
    )
    assert {Decimal(row["TRX_TOTALDUE"]) for name in ("ARINVOICE", "ARADJUSTMENT") for row in world.rows(name)} == {0}


def test_a_void_that_needs_a_flow_that_is_off_says_which_and_goes_on_when_it_is_on(world: Story) -> None:
    FlowSetting.objects.filter(flow="credit_note").update(mode="off")
    invoice = world.invoice(world.customer(), 10_000, paid=False)
    world.shop.credit_note(invoice["id"], 3_000)
    world.shop.clock.advance(60)
    world.shop.void(invoice["id"])
    carry(world)
    waits = record("void")
    assert (waits.state, waits.waits_for, waits.code) == ("WAITING", "dependency", "dependency.flow_off"), told()
    problem = waits.problem
    assert problem and problem.closed_at is None
    for words in (waits.said, problem.said, problem.cure):
        assert "Stripe credit note → AR credit memo" in words
    links.set_mode(world.link, "credit_note", "live", "olive")
    Cursor.objects.update(position="", due_at="2000-01-01T00:00:00Z")  # the feeds here are read hourly
    time.sleep(2.1)  # and end two seconds ago
    world.work()
    all_done()
    assert (world.gl(RECEIVABLE), world.gl(REVENUE)) == (ZERO, ZERO)
    assert not Problem.objects.filter(closed_at=None).exists(), told()


def test_only_the_document_that_we_reversed_ourselves_may_be_gone(world: Story) -> None:
    """One of the same number, made anew and reversed by a person, is told."""
    customer = world.customer()
    first, second = (world.invoice(customer, cents, paid=False) for cents in (10_000, 20_000))
    carry(world)
    world.shop.void(first["id"])
    carry(world)
    other = Posting.objects.get(record__flow="stripe_intacct.invoice", record__key=second["id"])
    with world.books.unit():
        row = next(row for row in world.rows("ARINVOICE") if row["RECORDID"] == second["number"])
        world.company.put("ARINVOICE", row["RECORDNO"], {**row, "STATE": "Reversed"})
    own = record("invoice", first["id"])
    Posting.objects.filter(record=own).update(target_id=other.target_id)
    Record.objects.filter(pk=own.pk).update(verdict_due_at=own.created_at)
    world.work()
    assert Problem.objects.filter(code="ledger.voided_there", value=first["number"]).exists(), told()


def test_an_invoice_voided_after_money_was_applied_in_the_ledger_keeps_its_original(world: Story) -> None:
    invoice = world.invoice(world.customer(), 10_000)
    carry(world)
    world.shop.void(invoice["id"], force=True)
    carry(world)
    (row,) = world.rows("ARINVOICE")
    assert row["STATE"] == "Paid", told()
    (memo,) = world.rows("ARADJUSTMENT")
    assert (memo["RECORDID"], Decimal(memo["TRX_TOTALDUE"])) == (f"{invoice['number']}-V", Decimal("-100.00"))
    assert world.gl(RECEIVABLE) == Decimal("-100.00"), "what was paid is the customer's credit"
    assert world.gl(REVENUE) == 0


def test_a_void_that_no_single_memo_can_carry_waits_for_a_person(world: Story) -> None:
    """Money was applied, so it cannot be reversed; and its accounts stand above and below zero."""
    setup = world.shop.create_product("Setup", metadata={"category": "setup"})["id"]
    lines = [{"description": "Setup", "amount": 10_000, "product": setup}, {"description": "Unused", "amount": -2_000}]
    invoice = world.shop.create_invoice(world.customer(), lines, finalize=True)
    world.shop.pay(invoice["id"], 4_000)
    carry(world)
    world.shop.void(invoice["id"])
    carry(world)
    void = record("void")
    assert (void.state, void.waits_for, void.code) == ("WAITING", "decision", "void.after_payment"), told()
    assert world.gl(RECEIVABLE) == Decimal("40.00"), "nothing wrong is booked meanwhile"


def test_a_written_off_invoice_that_is_paid_after_all(world: Story) -> None:
    invoice = world.invoice(world.customer(), 29_767, paid=False)
    world.shop.pay(invoice["id"], 15_000)
    world.shop.clock.advance(60)
    world.shop.mark_uncollectible(invoice["id"])
    carry(world)
    all_done()
    assert (world.gl(BAD_DEBT), world.gl(RECEIVABLE)) == (Decimal("147.67"), ZERO)
    world.shop.clock.advance(60)
    world.shop.pay(invoice["id"])
    carry(world)
    all_done()
    assert (world.gl(BAD_DEBT), world.gl(RECEIVABLE)) == (ZERO, ZERO)
    assert world.gl(CLEARING) == Decimal("297.67")
    assert sorted(row["RECORDID"] for row in world.rows("ARADJUSTMENT")) == [
        f"{invoice['number']}-WO",
        f"{invoice['number']}-WR",
    ]


@pytest.mark.parametrize("seen_before", [True, False])
def test_a_bank_debit_that_fails_late_makes_its_invoice_due_again(world: Story, seen_before: bool) -> None:
    invoice = world.invoice(world.customer(), 10_000, paid=False)
    charge = world.shop.pay(invoice["id"])
    if seen_before:
        carry(world)
        assert world.gl(RECEIVABLE) == 0
    world.shop.clock.advance(86_400)
    world.shop.fail_late(charge["id"])
    carry(world)
    assert world.gl(RECEIVABLE) == Decimal("100.00"), told()
    assert world.gl(CLEARING) == 0
    world.shop.clock.advance(60)
    world.shop.pay(invoice["id"])
    carry(world)
    assert (world.gl(RECEIVABLE), world.gl(CLEARING)) == (ZERO, Decimal("100.00")), told()


def test_a_sale_without_invoice_is_revenue_and_its_refund_takes_it_back(world: Story) -> None:
    charge = world.shop.sell(8_000)
    world.shop.clock.advance(60)
    world.shop.refund(charge["id"], 3_000)
    carry(world)
    all_done()
    assert (world.gl("40300"), world.gl(CLEARING)) == (Decimal("-50.00"), Decimal("50.00"))
    (row,) = world.rows("OTHERRECEIPTS")
    assert row["REFID"] == charge["id"]


def test_what_came_outside_stripe_is_not_carried(world: Story) -> None:
    invoice = world.invoice(world.customer(), 10_000, paid=False)
    world.shop.pay_out_of_band(invoice["id"])
    carry(world)
    assert world.rows("ARPYMT") == []
    assert world.gl(RECEIVABLE) == Decimal("100.00")


def test_what_came_outside_stripe_goes_to_its_bank_where_finance_says_so(transactional_db: None) -> None:
    def change(workspace: Any) -> None:
        link = workspace["links"][0]
        link["options"]["out_of_band"] = "bank_account"
        link["mappings"] = [*link["mappings"], {"table": "bank_account", "source": "*", "target": "BOA-OPER"}]

    with story(change=change) as world:
        invoice = world.invoice(world.customer(), 10_000, paid=False)
        world.shop.pay_out_of_band(invoice["id"])
        carry(world)
        all_done()
        (receipt,) = world.rows("ARPYMT")
        assert receipt["FINANCIALENTITY"] == "BOA-OPER"
        assert world.gl(RECEIVABLE) == 0


def test_credit_used_by_an_invoice_comes_back_when_it_is_voided(world: Story) -> None:
    customer = world.customer()
    first = world.invoice(customer, 5_000, paid=False)
    world.shop.pay(first["id"], 10_000)
    world.shop.clock.advance(60)
    second = world.invoice(customer, 12_000, paid=False)
    carry(world)
    world.shop.clock.advance(60)
    world.shop.void(second["id"])
    carry(world)
    all_done()
    assert world.gl(OVERPAID) + world.gl(RECEIVABLE) == Decimal("-50.00")
    assert world.gl(REVENUE) == Decimal("-50.00")
    assert world.shop.get("customer", customer)["balance"] == -5_000
