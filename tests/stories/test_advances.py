"""Money before any invoice: taken as an advance, given back, applied to an invoice that was found later."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from audit.models import Record
from tests.story import Story, record, story, told

Json = dict[str, Any]
RECEIVABLE, DEPOSITS, REFUNDS, REVENUE, CLEARING = "12100", "24300", "24100", "40100", "10210"


@pytest.fixture
def world(transactional_db: None) -> Iterator[Story]:
    def advances(workspace: Json) -> None:
        workspace["links"][0]["options"] |= {"invoiceless": "advance"}

    with story(change=advances) as it:
        yield it


def carry(world: Story) -> None:
    world.deliver()
    world.work()
    assert not Record.objects.exclude(state__in=["POSTED", "SKIPPED"]).exists(), told()


def balances(world: Story) -> list[Decimal]:
    return [world.gl(account) for account in (RECEIVABLE, DEPOSITS, REFUNDS, REVENUE, CLEARING)]


def dues(world: Story, name: str) -> list[Any]:
    return [Decimal(row["TRX_TOTALDUE"]) for row in world.rows(name)]


def test_a_refund_of_an_advance_uses_up_the_advance_and_leaves_nothing_on_refunds_clearing(world: Story) -> None:
    charge = world.shop.sell(8_000, customer=world.customer())
    carry(world)
    assert balances(world) == [0, -80, 0, 0, 80]
    refund = world.shop.refund(charge["id"], 3_000)
    carry(world)
    assert balances(world) == [0, -50, 0, 0, 50]
    assert (dues(world, "ARADVANCE"), dues(world, "ARADJUSTMENT")) == ([50], [0])
    (memo,) = world.rows("ARADJUSTMENT")
    assert (memo["RECORDID"], memo["CUSTOMERID"]) == (refund["id"], charge["customer"])
    world.shop.refund(charge["id"])
    carry(world)
    assert balances(world) == [0, 0, 0, 0, 0]
    assert (dues(world, "ARADVANCE"), dues(world, "ARADJUSTMENT")) == ([0], [0, 0])


def test_a_refund_of_an_advance_that_came_back_leaves_the_customer_his_credit(world: Story) -> None:
    charge = world.shop.sell(8_000, customer=world.customer())
    refund = world.shop.refund(charge["id"], 3_000)
    carry(world)
    world.shop.finish_refund(refund["id"], "failed")
    carry(world)
    assert balances(world) == [-30, -50, 0, 0, 80]
    open_credit = [due for due in dues(world, "ARADJUSTMENT") if due]
    assert (dues(world, "ARADVANCE"), open_credit) == ([50], [-30]), "80.00 in all, as at Stripe"


def test_the_money_of_an_advance_that_goes_back_by_itself_uses_up_the_advance(world: Story) -> None:
    charge = world.shop.sell(8_000, customer=world.customer(), method="bank")
    world.shop.finish_debit(charge["id"])
    carry(world)
    assert balances(world) == [0, -80, 0, 0, 80]
    world.shop.fail_late(charge["id"])
    carry(world)
    assert balances(world) == [0, 0, 0, 0, 0]
    assert (dues(world, "ARADVANCE"), dues(world, "ARADJUSTMENT")) == ([0], [0])


def test_an_invoice_found_later_takes_the_advance_and_no_cash_is_booked_again(world: Story) -> None:
    customer = world.customer()
    charge = world.shop.sell(8_000, customer=customer)
    carry(world)
    invoice = world.invoice(customer, 10_000, paid=False)
    world.shop.attach(invoice["id"], charge["payment_intent"])
    carry(world)
    assert balances(world) == [20, 0, 0, -100, 80]
    assert (dues(world, "ARADVANCE"), dues(world, "ARINVOICE")) == ([0], [20])
    world.shop.pay(invoice["id"])
    carry(world)
    assert balances(world) == [0, 0, 0, -100, 100]
    world.shop.refund(charge["id"], 1_000)
    carry(world)
    assert balances(world) == [0, 0, 0, -90, 90], "it paid an invoice: its revenue bears the refund"


def test_what_an_invoice_found_later_leaves_of_an_advance_stays_open_there(world: Story) -> None:
    customer = world.customer()
    charge = world.shop.sell(8_000, customer=customer)
    carry(world)
    world.shop.attach(world.invoice(customer, 5_000, paid=False)["id"], charge["payment_intent"])
    carry(world)
    assert balances(world) == [0, -30, 0, -50, 80]
    world.shop.clock.advance(60)
    world.invoice(customer, 3_000, paid=False)
    carry(world)
    assert balances(world) == [0, 0, 0, -80, 80], "Stripe uses the over-payment: it is found in the advance"
    assert (dues(world, "ARADVANCE"), dues(world, "ARINVOICE")) == ([0], [0, 0])


def test_a_sale_whose_invoice_is_found_later_waits_for_a_person(transactional_db: None) -> None:
    with story() as world:
        customer = world.customer()
        charge = world.shop.sell(8_000, customer=customer)
        carry(world)
        invoice = world.invoice(customer, 8_000, paid=False)
        world.shop.attach(invoice["id"], charge["payment_intent"])
        world.deliver()
        world.work()
        one = record("payment")
        assert (one.state, one.waits_for, one.code) == ("WAITING", "decision", "decision.needed"), told()
        assert [world.gl(CLEARING), world.gl(RECEIVABLE)] == [80, 80], "the money is booked once"
