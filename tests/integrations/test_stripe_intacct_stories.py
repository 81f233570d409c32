"""Whole lives of invoices: made in the shop, loaded by the connector, translated as their facts come."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from connectors.base import Document, Skip
from connectors.errors import NotYet
from connectors.integrations.stripe_intacct import INTEGRATION
from connectors.sage_intacct.documents import Adjustment, Invoice, Journal, Payment
from standins.stripe import serve
from tests.desk import MemoryDesk
from tests.stripe.bench import Bench, read_through

MAPS = {
    "revenue_account": {"*": {"value": "49999"}},
    "tax_account": {"*": "22010"},
    "shipping_account": {"*": "40800"},
    "clearing": {"USD": {"value": "STRIPE-USD", "facts": {"gl_account": "10210"}}},
    "refunds_clearing": {"USD": "21900"},
    "balance_adjustment": {"*": {"value": "49999"}},
}


@pytest.fixture
def bench() -> Iterator[Bench]:
    shop, server = serve(seed="story", webhooks="manual")
    yield Bench(shop, server)
    server.stop()


class Ledger:
    """Takes facts in any order; what must wait is tried again, as the engine does."""

    def __init__(self, bench: Bench, **maps: Any) -> None:
        self.source = bench.source()
        self.maps = MAPS | maps
        self.documents: dict[tuple[str, str], Document] = {}
        self.skipped: dict[tuple[str, str], str] = {}
        self.claims: list[tuple[str, str]] = []

    def take(self, facts: list[tuple[str, str]]) -> "Ledger":
        while facts:
            waiting = [fact for fact in facts if not self._taken(fact)]
            assert len(waiting) < len(facts), f"nothing goes on: {waiting}"
            facts = waiting
        return self

    def _taken(self, fact: tuple[str, str]) -> bool:
        posted: dict[str, dict[str, tuple[str, str]]] = {}
        for flow, key in self.documents:
            posted.setdefault(flow, {})[key] = (flow, key)
        skipped: dict[str, list[str]] = {}
        for flow, key in self.skipped:
            skipped.setdefault(flow, []).append(key)
        given = {"maps": self.maps, "posted": posted, "skipped": skipped, "options": {"journal": "STRP"}}
        desk = MemoryDesk(given, INTEGRATION.options, lambda name: self.documents[name], ":".join(fact))  # type: ignore[index]
        try:
            made = INTEGRATION.flow(fact[0]).translate(self.source.load(*fact), desk)
        except NotYet:
            return False
        if isinstance(made, Skip):
            self.skipped[fact] = made.why
        else:
            self.documents[fact] = made
            self.claims += desk.claims
        return True

    def of(self, kind: type) -> list[Any]:
        return [one for one in self.documents.values() if isinstance(one, kind)]

    def receivable(self) -> Decimal:
        owed = sum((line.amount for one in self.of(Invoice) + self.of(Adjustment) for line in one.lines), Decimal(0))
        return owed - sum((one.applied + one.excess for one in self.of(Payment)), Decimal(0))

    def account(self, number: str) -> Decimal:
        """Debits above zero."""
        sums = [-line.amount for one in self.of(Invoice) for line in one.lines if line.account == number]
        sums += [line.amount for one in self.of(Journal) for line in one.lines if line.account == number]
        return sum(sums, Decimal(0))


def facts_of(bench: Bench) -> list[tuple[str, str]]:
    """Each once, as the engine takes them."""
    facts = read_through(bench.source(), "events", bench.now)[0]
    return list(dict.fromkeys((fact.stream, fact.key) for fact in facts))


def test_the_same_documents_come_of_every_order(bench: Bench) -> None:
    invoice = bench.invoice(100_000)
    first = bench.shop.pay(invoice["id"], 40_000)
    bench.shop.clock.advance(60)
    bench.shop.pay(invoice["id"], 70_000)
    bench.shop.clock.advance(60)
    bench.shop.refund(first["id"], 15_000)
    facts = facts_of(bench)
    ledgers = [Ledger(bench).take(list(order)) for order in list(permutations(facts))[::7]]
    documents = [{key: ledger.documents[key] for key in sorted(ledger.documents)} for ledger in ledgers]
    assert all(one == documents[0] for one in documents)
    assert [(p.applied, p.excess) for p in sorted(ledgers[0].of(Payment), key=lambda p: p.applied)] == [
        (Decimal("400.00"), Decimal("0.00")),
        (Decimal("600.00"), Decimal("100.00")),
    ]
    assert ledgers[0].receivable() == Decimal("-100.00")
    assert ledgers[0].account("49999") == Decimal("-850.00")
    assert len(set(ledgers[0].claims)) == len(ledgers[0].claims) == 3


def test_a_refund_from_a_credit_note_does_not_touch_revenue(bench: Bench) -> None:
    invoice = bench.invoice(100_000)
    charge = bench.shop.pay(invoice["id"])
    refund = bench.shop.refund(charge["id"], 15_000)
    bench.shop.credit_note(
        invoice["id"], amount=20_000, refunds=[{"refund": refund["id"], "amount_refunded": 15_000}], credit_amount=5_000
    )
    ledger = Ledger(bench).take(facts_of(bench))
    assert ledger.account("21900") == Decimal("150.00")
    assert ledger.account("49999") == Decimal("-1000.00")
    assert ledger.account("10210") == Decimal("-150.00")


def test_taxes_discounts_and_shipping_of_a_real_invoice_add_up(bench: Bench) -> None:
    over = bench.shop.create_tax_rate("Sales tax", 8.25)["id"]
    inside = bench.shop.create_tax_rate("VAT", 19, inclusive=True)["id"]
    coupon = bench.shop.create_coupon(percent_off=10)["id"]
    lines = [
        {"amount": 25_000, "description": "Pro plan", "tax": [over]},
        {"amount": 9_999, "description": "Setup", "tax": [inside]},
        {"amount": -4_000, "description": "Unused time", "tax": [over]},
    ]
    invoice = bench.invoice(lines=lines, discounts=[coupon], shipping={"amount": 1_250, "tax": over})
    ledger = Ledger(bench).take(facts_of(bench))
    (document,) = ledger.of(Invoice)
    total = Decimal(bench.shop.get("invoice", invoice["id"])["total"]) / 100
    assert sum(line.amount for line in document.lines) == total
    assert ledger.account("40800") == Decimal("-12.50")


def test_one_charge_over_two_invoices_is_given_back_over_both(bench: Bench) -> None:
    customer = bench.customer()
    first, second = bench.invoice(10_000, customer), bench.invoice(5_000, customer)
    charge = bench.shop.pay_several({first["id"]: 10_000, second["id"]: 5_000})
    bench.shop.refund(charge["id"], 4_525)
    ledger = Ledger(bench).take(facts_of(bench))
    (journal,) = ledger.of(Journal)
    assert sorted(line.amount for line in journal.lines) == [Decimal("-45.25"), Decimal("15.08"), Decimal("30.17")]
    assert ledger.receivable() == 0


def test_a_failed_refund_leaves_nothing_behind(bench: Bench) -> None:
    invoice = bench.invoice(10_000)
    charge = bench.shop.pay(invoice["id"])
    refund = bench.shop.refund(charge["id"], 2_500)
    Ledger(bench).take(facts_of(bench))
    bench.shop.finish_refund(refund["id"], "failed")
    ledger = Ledger(bench).take(facts_of(bench))
    assert ledger.account("49999") == Decimal("-100.00")
    assert ledger.account("10210") == 0
    assert len(ledger.of(Journal)) == 2


def test_money_outside_stripe_is_skipped_and_still_takes_its_room(bench: Bench) -> None:
    invoice = bench.invoice(10_000)
    bench.shop.pay_out_of_band(invoice["id"], 4_000)
    bench.shop.clock.advance(60)
    bench.shop.pay(invoice["id"], 6_000)
    ledger = Ledger(bench).take(facts_of(bench))
    assert list(ledger.skipped.values()) == ["not through Stripe"]
    assert [(one.applied, one.excess) for one in ledger.of(Payment)] == [(Decimal("60.00"), Decimal("0.00"))]


def test_credit_used_at_finalization_leaves_less_room(bench: Bench) -> None:
    customer = bench.customer()
    bench.shop.credit_customer(customer, -5_000)
    invoice = bench.invoice(12_000, customer)
    bench.shop.pay(invoice["id"])
    ledger = Ledger(bench).take(facts_of(bench))
    assert [(one.applied, one.excess) for one in ledger.of(Payment)] == [(Decimal("70.00"), Decimal("0.00"))]
