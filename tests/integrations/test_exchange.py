"""What refunds in another currency come to in the books, whatever the rates and however they are cut."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Posted
from connectors.integrations.stripe_intacct.amount import currency_of
from connectors.integrations.stripe_intacct.clearing import Settled
from connectors.integrations.stripe_intacct.exchange import at_own_rates
from connectors.integrations.stripe_intacct.invoice import groups
from connectors.integrations.stripe_intacct.shares import shares
from connectors.sage_intacct.documents import Invoice, Line
from tests.integrations.test_stripe_intacct_rules import Run, refunds_of, runs

DAY = date(2026, 3, 10)
EUR, USD = currency_of("eur"), currency_of("usd")


def read_back(run: Run, in_base: list[Decimal]) -> Posted:
    lines = tuple(Line(amount=Decimal(w) / 100, account=str(n)) for n, w in enumerate(run.weights))
    document = Invoice(control="c", number="A-1", customer="cus_1", day=DAY, due=DAY, lines=lines, currency="EUR")
    return Posted(document, "1", "A-1", tuple(in_base))


@given(runs(), st.lists(st.integers(1, 90_000), min_size=5, max_size=5))
def test_the_last_refund_leaves_nothing_in_base_currency_either(run: Run, cents: list[int]) -> None:
    in_base = [Decimal(one) / 100 for one in cents[: len(run.weights)]]
    invoice = read_back(run, in_base)
    taken = dict.fromkeys(groups(invoice.document.lines), Decimal(0))
    refunds = refunds_of(run)
    for refund in refunds:
        whole = {"refund": refund, "refunds": refunds, "credit_notes": [], "payments": refund["payments"]}
        back = shares(whole, {"in_1": groups(invoice.document.lines)}, EUR, {})
        for share in at_own_rates(back, {"in_1": invoice}, Settled(USD, -100, exchanged=True)):
            assert share.amount > 0
            taken[share.coding] += share.amount
    assert list(taken.values()) == in_base
