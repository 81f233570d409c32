"""Credit notes, refunds out of them, over-payments and the customer's balance: the same in both systems."""

import random
from decimal import Decimal
from typing import Any

import pytest

from audit.models import Record
from tests.story import Story, told

RECEIVABLE, OVERPAID, REFUNDS, REVENUE, CLEARING = "12100", "24200", "24100", "40100", "10210"
ZERO = Decimal(0)


def open_of(world: Story, name: str) -> dict[str, Decimal]:
    return {row["RECORDID"]: Decimal(row["TRX_TOTALDUE"]) for row in world.rows(name)}


def all_done() -> None:
    assert not Record.objects.exclude(state__in=["POSTED", "SKIPPED"]).exists(), told()


def settled_story(world: Story) -> Any:
    """1,000.00; paid 400.00 and 700.00; a note of 200.00, of which 150.00 is refunded and 50.00 stays as credit."""
    customer = world.customer()
    invoice = world.invoice(customer, 100_000, paid=False)
    world.shop.pay(invoice["id"], 40_000)
    world.shop.clock.advance(60)
    charge = world.shop.pay(invoice["id"], 70_000)
    world.shop.clock.advance(60)
    refund = world.shop.refund(charge["id"], 15_000)
    world.shop.credit_note(
        invoice["id"], 20_000, refunds=[{"refund": refund["id"], "amount_refunded": 15_000}], credit_amount=5_000
    )
    return customer, invoice


@pytest.mark.parametrize("order", range(4))
def test_a_refund_out_of_a_credit_note_lowers_revenue_once_in_every_order(world: Story, order: int) -> None:
    customer, invoice = settled_story(world)
    held = [one["id"] for one in world.shop.deliveries()]
    random.Random(order).shuffle(held)
    for one in held:
        assert world.hand_over(one) == 200
        if order % 2:
            world.work()
    world.work()
    all_done()
    assert world.shop.get("customer", customer)["balance"] == -15_000
    assert open_of(world, "ARINVOICE") == {invoice["number"]: 0}
    # 50.00 of the note and 100.00 of the second payment are the customer's credit; with that AR and Stripe agree.
    assert world.gl(RECEIVABLE) + world.gl(OVERPAID) == Decimal("-150.00")
    assert world.gl(OVERPAID) == Decimal("-100.00")
    assert world.gl(REVENUE) == Decimal("-800.00"), "revenue falls by 200.00, once"
    assert world.gl(CLEARING) == Decimal("950.00")
    assert world.gl(REFUNDS) == 0
    assert sorted(Decimal(row["TRX_TOTALENTERED"]) for row in world.rows("ARADJUSTMENT")) == [
        Decimal("-200.00"),
        Decimal("150.00"),
    ]


def test_the_same_refund_without_a_note_takes_revenue_back_and_leaves_receivables(world: Story) -> None:
    invoice = world.invoice(world.customer(), 100_000)
    world.shop.refund(invoice["id"], 15_000)
    world.deliver()
    world.work()
    all_done()
    assert world.gl(RECEIVABLE) == 0
    assert world.gl(REVENUE) == Decimal("-850.00")
    assert world.rows("ARADJUSTMENT") == []


def test_a_note_that_comes_after_its_refund_was_booked_lowers_revenue_once(world: Story) -> None:
    invoice = world.invoice(world.customer(), 100_000)
    refund = world.shop.refund(invoice["id"], 15_000)
    world.deliver()
    world.work()
    assert world.gl(REVENUE) == Decimal("-850.00")
    world.shop.credit_note(invoice["id"], 15_000, refunds=[{"refund": refund["id"], "amount_refunded": 15_000}])
    world.deliver()
    world.work()
    all_done()
    assert world.gl(REVENUE) == Decimal("-850.00")
    assert world.gl(RECEIVABLE) == 0
    assert world.gl(REFUNDS) == 0
    assert [Decimal(row["TRX_TOTALDUE"]) for row in world.rows("ARADJUSTMENT")] == [0, 0]


def test_a_note_before_payment_is_put_against_its_invoice(world: Story) -> None:
    invoice = world.invoice(world.customer(), 100_000, paid=False)
    world.shop.credit_note(invoice["id"], 20_000)
    world.shop.pay(invoice["id"])
    world.deliver()
    world.work()
    all_done()
    assert open_of(world, "ARINVOICE") == {invoice["number"]: 0}
    assert world.gl(RECEIVABLE) == 0
    assert world.gl(REVENUE) == Decimal("-800.00")


def test_a_voided_note_is_answered_by_its_opposite_and_the_invoice_is_due_again(world: Story) -> None:
    invoice = world.invoice(world.customer(), 100_000, paid=False)
    note = world.shop.credit_note(invoice["id"], 20_000)
    world.deliver()
    world.work()
    assert open_of(world, "ARINVOICE") == {invoice["number"]: Decimal("800.00")}
    world.shop.void_credit_note(note["id"])
    world.deliver()
    world.work()
    assert world.gl(RECEIVABLE) == Decimal("1000.00"), told()
    assert world.gl(REVENUE) == Decimal("-1000.00")


def test_an_over_payment_pays_the_next_invoice(world: Story) -> None:
    customer = world.customer()
    first = world.invoice(customer, 5_000, paid=False)
    world.shop.pay(first["id"], 10_000)
    world.shop.clock.advance(60)
    second = world.invoice(customer, 12_000)
    world.deliver()
    world.work()
    all_done()
    assert open_of(world, "ARINVOICE") == {first["number"]: 0, second["number"]: 0}
    assert (world.gl(RECEIVABLE), world.gl(OVERPAID)) == (ZERO, ZERO)
    assert world.gl(CLEARING) == Decimal("170.00")


def test_credit_given_by_hand_stands_on_its_own_account_and_is_used_first(world: Story) -> None:
    customer = world.customer()
    world.shop.credit_customer(customer, -5_000)
    world.shop.clock.advance(60)
    invoice = world.invoice(customer, 12_000)
    world.deliver()
    world.work()
    all_done()
    assert open_of(world, "ARINVOICE") == {invoice["number"]: 0}
    assert (world.gl("24400"), world.gl(CLEARING)) == (Decimal("50.00"), Decimal("70.00"))
    assert [Decimal(row["TRX_TOTALENTERED"]) for row in world.rows("ARPYMT")].count(Decimal(0)) == 1


def test_an_invoice_below_zero_is_credit_that_the_next_one_uses(world: Story) -> None:
    customer = world.customer()
    below = world.invoice(customer, -3_000, paid=False)
    world.shop.clock.advance(60)
    next_one = world.invoice(customer, 10_000)
    world.deliver()
    world.work()
    all_done()
    assert open_of(world, "ARADJUSTMENT") == {below["number"]: 0}
    assert open_of(world, "ARINVOICE") == {next_one["number"]: 0}
    assert world.gl(RECEIVABLE) == 0


def test_a_note_kept_as_credit_after_payment_is_the_customers_balance_and_moves_no_cash(world: Story) -> None:
    customer = world.customer()
    invoice = world.invoice(customer, 100_000)
    world.shop.credit_note(invoice["id"], 20_000)
    world.deliver()
    world.work()
    all_done()
    assert world.shop.get("customer", customer)["balance"] == -20_000
    assert [world.gl(RECEIVABLE), world.gl(CLEARING)] == [Decimal("-200.00"), Decimal("1000.00")]
