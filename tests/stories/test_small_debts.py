"""Invoices too small to be charged by themselves: they stay due until the money of a later one pays them too."""

from decimal import Decimal
from typing import Any

from audit.models import Record
from tests.stories.test_currencies import EXCHANGE, abroad, agreed
from tests.story import Story, record, told

Json = dict[str, Any]
RECEIVABLE, OVERPAID, REVENUE, CLEARING, BY_HAND = "12100", "24200", "40100", "10210", "24400"


def carry(world: Story) -> None:
    world.deliver()
    world.work()
    assert not Record.objects.exclude(state__in=["POSTED", "SKIPPED"]).exists(), told()


def later(world: Story) -> None:
    world.shop.clock.advance(60)


def dues(world: Story) -> dict[str, Any]:
    names = ("ARINVOICE", "ARADJUSTMENT")
    return {row["RECORDID"]: Decimal(row["TRX_TOTALDUE"]) for name in names for row in world.rows(name)}


def balances(world: Story) -> list[Decimal]:
    return [world.gl(account) for account in (RECEIVABLE, OVERPAID, REVENUE, CLEARING)]


def test_a_small_invoice_is_paid_by_the_money_of_the_next_one(world: Story) -> None:
    customer = world.customer()
    small = world.invoice(customer, 30, paid=False)
    carry(world)
    assert world.shop.get("invoice", small["id"])["status"] == "paid"
    assert balances(world) == [Decimal("0.30"), 0, Decimal("-0.30"), 0], "Stripe calls it paid; nobody has paid"
    later(world)
    large = world.invoice(customer, 10_000)
    carry(world)
    assert dues(world) == {small["number"]: 0, large["number"]: 0}
    assert balances(world) == [0, 0, Decimal("-100.30"), Decimal("100.30")]
    assert len(world.rows("ARPYMT")) == 1


def test_several_small_debts_are_paid_and_what_is_above_them_is_credit(world: Story) -> None:
    customer = world.customer()
    small = [world.invoice(customer, cents, paid=False) for cents in (10, 20)]
    world.shop.credit_customer(customer, 500)
    later(world)
    large = world.invoice(customer, 10_000, paid=False)
    world.shop.pay(large["id"], 6_000)
    later(world)
    world.shop.pay(large["id"], 5_000)
    carry(world)
    assert set(dues(world).values()) == {Decimal(0)}, dues(world)
    assert {small[0]["number"], small[1]["number"], large["number"]} <= set(dues(world))
    assert balances(world) == [0, Decimal("-4.70"), Decimal("-100.30"), Decimal("110.00")]
    assert world.gl(BY_HAND) == Decimal("-5.00")
    assert world.shop.get("customer", customer)["balance"] == -470


def test_two_payments_share_what_the_invoice_carries(world: Story) -> None:
    customer = world.customer()
    small = world.invoice(customer, 40, paid=False)
    later(world)
    large = world.invoice(customer, 10_000, paid=False)
    for cents in (10_010, 30):
        world.shop.pay(large["id"], cents)
        later(world)
    carry(world)
    assert dues(world) == {small["number"]: 0, large["number"]: 0}
    assert balances(world) == [0, 0, Decimal("-100.40"), Decimal("100.40")]


def test_a_small_debt_whose_carrier_was_voided_is_carried_by_the_next_one(world: Story) -> None:
    customer = world.customer()
    small = world.invoice(customer, 30, paid=False)
    later(world)
    world.shop.void(world.invoice(customer, 10_000, paid=False)["id"])
    later(world)
    third = world.invoice(customer, 2_000)
    carry(world)
    assert (dues(world)[small["number"]], dues(world)[third["number"]]) == (0, 0), dues(world)
    assert balances(world) == [0, 0, Decimal("-20.30"), Decimal("20.30")]


def test_credit_by_hand_settles_a_small_debt_at_stripe_and_the_next_invoice_carries_nothing(world: Story) -> None:
    customer = world.customer()
    small = world.invoice(customer, 30, paid=False)
    world.shop.credit_customer(customer, -30)
    later(world)
    large = world.invoice(customer, 10_000)
    carry(world)
    assert (dues(world)[small["number"]], dues(world)[large["number"]]) == (Decimal("0.30"), 0)
    assert balances(world)[3] == Decimal("100.00")


def test_money_that_went_back_leaves_both_invoices_due_again(world: Story) -> None:
    customer = world.customer()
    small = world.invoice(customer, 30, paid=False)
    later(world)
    large = world.invoice(customer, 10_000, paid=False)
    charge = world.shop.pay(large["id"], method="bank")
    world.shop.finish_debit(charge["id"])
    carry(world)
    assert set(dues(world).values()) == {Decimal(0)}
    world.shop.fail_late(charge["id"])
    carry(world)
    assert dues(world) == {small["number"]: Decimal("0.30"), large["number"]: Decimal("100.00")}


def test_a_small_debt_in_another_currency_is_paid_by_what_arrived(transactional_db: None) -> None:
    with abroad(eur=("usd", "1.0931")) as world:
        customer = world.customer()
        world.invoice(customer, 40, paid=False, currency="eur")
        later(world)
        world.invoice(customer, 10_000, currency="eur")
        carry(world)
        assert set(dues(world).values()) == {Decimal(0)}
        (receipt,) = world.rows("ARPYMT")
        assert (receipt["TRX_TOTALENTERED"], receipt["TOTALENTERED"]) == (Decimal("100.40"), Decimal("109.75"))
        assert [world.gl(RECEIVABLE), world.gl(CLEARING)] == [0, Decimal("109.75")]
        assert world.gl(EXCHANGE) == -world.gl(REVENUE) - Decimal("109.75")
        assert agreed(), told()


def test_a_small_debt_that_somebody_settled_in_the_ledger_stops_the_payment(world: Story) -> None:
    customer = world.customer()
    world.invoice(customer, 30, paid=False)
    later(world)
    world.deliver()
    world.work()
    (small,) = world.rows("ARINVOICE")
    with world.books.unit():
        world.company.change("ARINVOICE", small, TRX_TOTALDUE=Decimal(0), TOTALDUE=Decimal(0))
    world.invoice(customer, 10_000)
    world.deliver()
    world.work()
    assert (record("payment").waits_for, record("payment").code) == ("decision", "amount.over_due"), told()
    assert world.rows("ARPYMT") == []
