"""What holds for every invoice and every run of refunds, not only for the worked examples."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Account, Json, Skip
from connectors.errors import Refused
from connectors.integrations.stripe_intacct import INTEGRATION, invoice
from connectors.integrations.stripe_intacct.amount import Currency
from connectors.integrations.stripe_intacct.receipt import receipt_of
from connectors.integrations.stripe_intacct.shares import shares
from connectors.sage_intacct.documents import Customer, Invoice, Line
from tests.desk import MemoryDesk

GIVEN: Json = {
    "maps": {"revenue_account": {f"prod_{n}": f"4010{n}" for n in range(3)}, "tax_account": {"*": "22010"}},
    "posted": {"customer": {"cus_1": "customer"}},
}
CUSTOMER = Customer(control="c", id="cus_1", name="Acme Ltd")
USD = Currency("usd", Decimal("0.01"))


def desk(**more: Any) -> MemoryDesk:
    return MemoryDesk(GIVEN | more, INTEGRATION.options, lambda case: CUSTOMER, "c")


def line(number: int, product: int, amount: int, discount: int, tax: int, behaviour: str) -> Json:
    return {
        "id": f"il_{number}",
        "amount": amount,
        "description": "Line",
        "discount_amounts": [{"amount": discount}],
        "taxes": [{"amount": tax, "tax_behavior": behaviour, "tax_rate_details": {"tax_rate": "txr_1"}}],
        "pricing": {"price_details": {"price": "price_1", "product": f"prod_{product}"}},
    }


def total(lines: list[Json]) -> int:
    outside = sum(row["amount"] for one in lines for row in one["taxes"] if row["tax_behavior"] == "exclusive")
    return sum(one["amount"] - one["discount_amounts"][0]["amount"] for one in lines) + outside


def payload(lines: list[Json]) -> Json:
    head = {"id": "in_1", "number": "A-1", "currency": "usd", "customer": "cus_1", "created": 0, "total": total(lines)}
    return {"invoice": head, "lines": lines, "products": {}, "tax_rates": {}}


one_line = st.builds(
    line,
    st.integers(0, 99),
    st.integers(0, 2),
    st.integers(-50_000, 50_000),
    st.integers(0, 2_000),
    st.integers(-500, 500),
    st.sampled_from(["exclusive", "inclusive"]),
)


@given(st.lists(one_line, min_size=1, max_size=8))
def test_the_lines_of_a_document_sum_to_the_total_to_the_cent(lines: list[Json]) -> None:
    given = payload(lines)
    try:
        made = invoice.translate(given, desk())
    except Refused as error:
        if error.code != "decision.needed":  # below zero, with lines of both signs
            raise
        return
    if isinstance(made, Skip):
        assert given["invoice"]["total"] == 0
        return
    assert sum(one.amount for one in made.lines) == Decimal(given["invoice"]["total"]) / 100
    assert all(one.amount for one in made.lines)
    signs = {(one.account, one.amount > 0) for one in made.lines}
    assert len(signs) == len({account for account, _ in signs})  # what could be netted was


@dataclass(frozen=True)
class Run:
    """Refunds of one charge that paid one invoice, oldest first."""

    weights: tuple[int, ...]
    refunds: tuple[int, ...]


@st.composite
def runs(draw: st.DrawFn) -> Run:
    weights = draw(st.lists(st.integers(1, 30_000), min_size=1, max_size=5))
    left, refunds = sum(weights), []
    for _ in range(draw(st.integers(0, 4))):
        if left > 1:
            refunds.append(draw(st.integers(1, left - 1)))
            left -= refunds[-1]
    return Run(tuple(weights), (*refunds, left))


def refunds_of(run: Run) -> list[Json]:
    paid = [{"id": "inpay_1", "invoice": "in_1", "amount_paid": sum(run.weights)}]
    return [
        {"id": f"re_{n}", "object": "refund", "created": n // 2, "amount": amount, "payments": paid}
        for n, amount in enumerate(run.refunds)
    ]


@given(runs())
def test_the_last_refund_uses_up_every_line_exactly(run: Run) -> None:
    groups = {Line(amount=Decimal(0), account=str(n)): Decimal(w) / 100 for n, w in enumerate(run.weights)}
    refunds, taken = refunds_of(run), dict.fromkeys(groups, Decimal(0))
    for refund in refunds:
        whole = {"refund": refund, "refunds": refunds, "credit_notes": [], "payments": refund["payments"]}
        found = shares(whole, {"in_1": groups}, USD, {})
        assert sum(share.amount for share in found) == Decimal(refund["amount"]) / 100
        for share in found:
            taken[share.coding] += share.amount
    assert taken == groups


@given(st.lists(st.integers(1, 50_000), min_size=1, max_size=6), st.integers(0, 100_000))
def test_what_is_applied_never_exceeds_the_invoice_and_no_cent_is_lost(amounts: list[int], owed: int) -> None:
    rows = [
        {"id": f"inpay_{n}", "amount_paid": amount, "payment": {"type": "payment_intent"}}
        for n, amount in enumerate(amounts)
    ]
    receipts = [
        receipt_of(
            {
                "payment": row,
                "payments": rows,
                "siblings": [row],
                "charge": {"id": "ch_1", "amount_captured": row["amount_paid"]},
                "invoice": {"total": owed},
            }
        )
        for row in rows
    ]
    assert [one.applied + one.excess for one in receipts] == amounts
    assert sum(one.applied for one in receipts) == min(owed, sum(amounts))
    assert [one.place for one in receipts] == list(range(len(rows)))


def test_the_day_is_the_day_of_the_accounting_zone() -> None:
    given = payload([line(1, 0, 10_000, 0, 0, "exclusive")])
    given["invoice"]["effective_at"] = int(datetime(2026, 4, 1, 3, tzinfo=UTC).timestamp())
    made = invoice.translate(given, desk(time_zone="America/Los_Angeles"))
    assert isinstance(made, Invoice)
    assert made.day == date(2026, 3, 31)


def test_every_block_names_a_cure() -> None:
    given = payload([line(1, 0, 10_000, 0, 0, "exclusive")])
    given["invoice"]["total"] += 1
    with pytest.raises(Refused) as error:
        invoice.translate(given, desk())
    assert error.value.cure
    assert error.value.field
    assert isinstance(desk().target, Account)
