"""What becomes of invoices and payments: voided, written off, paid after all, gone back; and sales without invoice."""

from decimal import Decimal
from typing import Any

import pytest

from audit.models import Problem, Record
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
