"""Where the books once ended otherwise than docs/accounting.md says."""

from decimal import Decimal
from typing import Any

from audit.models import Problem
from tests.story import Story, record, told

Json = dict[str, Any]
RECEIVABLE, OVERPAID, REFUNDS, CLEARING, PLANS, SETUP = "12100", "24200", "24100", "10210", "40100", "40200"


def carry(world: Story) -> None:
    world.deliver()
    world.work()


def of_two_accounts(world: Story) -> Json:
    """100.00 of plans and 50.00 of setup, paid."""
    product = world.shop.create_product("Setup", metadata={"category": "setup"})["id"]
    lines = [{"description": "Plan", "amount": 10_000}, {"description": "Setup", "amount": 5_000, "product": product}]
    invoice: Json = world.shop.create_invoice(world.customer(), lines, finalize=True)
    world.shop.pay(invoice["id"])
    return invoice


def test_a_refund_after_a_note_of_one_line_takes_nothing_more_from_that_line(world: Story) -> None:
    invoice = of_two_accounts(world)
    lines = [row for row in world.shop.dump()["line_item"].values() if row["amount"] == 5_000]
    note = [{"type": "invoice_line_item", "invoice_line_item": lines[0]["id"], "amount": 5_000}]
    world.shop.credit_note(invoice["id"], lines=note)
    world.shop.clock.advance(60)
    world.shop.refund(invoice["id"], 3_000)
    carry(world)
    assert [world.gl(PLANS), world.gl(SETUP)] == [Decimal("-70.00"), 0], told()


def test_a_refund_after_a_note_beyond_its_account_takes_from_what_the_invoice_still_has(world: Story) -> None:
    """120.00 of goodwill went to plans, which had 100.00: all of the refund is of setup."""
    invoice = of_two_accounts(world)
    world.shop.credit_note(invoice["id"], lines=[{"type": "custom_line_item", "unit_amount": 12_000}])
    world.shop.clock.advance(60)
    world.shop.refund(invoice["id"], 3_000)
    carry(world)
    assert [world.gl(PLANS), world.gl(SETUP)] == [Decimal("20.00"), Decimal("-20.00")], told()


def test_a_claimed_refund_that_fails_leaves_nothing_on_refunds_clearing(world: Story) -> None:
    invoice = world.invoice(world.customer())
    refund = world.shop.refund(invoice["id"], 4_000)
    world.shop.credit_note(invoice["id"], 4_000, refunds=[{"refund": refund["id"], "amount_refunded": 4_000}])
    carry(world)
    assert world.gl(REFUNDS) == 0
    world.shop.clock.advance(60)
    world.shop.finish_refund(refund["id"], "failed")
    carry(world)
    assert world.gl(CLEARING) == Decimal("100.00")
    assert world.gl(REFUNDS) == 0, told()


def test_a_note_nobody_paid_out_that_comes_after_an_unclaimed_refund_waits(world: Story) -> None:
    invoice = world.invoice(world.customer())
    world.shop.refund(invoice["id"], 4_000)
    carry(world)
    world.shop.clock.advance(60)
    world.shop.credit_note(invoice["id"], 4_000, out_of_band_amount=4_000)
    carry(world)
    assert record("credit_note").code == "refund.double", told()


def test_a_note_to_be_paid_out_elsewhere_is_told_to_finance(world: Story) -> None:
    invoice = world.invoice(world.customer())
    carry(world)
    world.shop.credit_note(invoice["id"], 4_000, out_of_band_amount=4_000)
    carry(world)
    assert world.gl(RECEIVABLE) == Decimal("-40.00"), "the credit stays open"
    assert Problem.objects.filter(code="credit.out_of_band", closed_at=None).exists(), told()
