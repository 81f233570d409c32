"""The balance is the sum of its rows; an automatic payout is the sum of what it closes; currencies stay apart."""

from typing import Any

import pytest
import stripe

from standins.stripe import Shop


def held(shop: Shop, currency: str = "usd") -> int:
    balance = shop.balance()
    return sum(b["amount"] for s in ("available", "pending") for b in balance[s] if b["currency"] == currency)


def test_the_balance_is_the_sum_of_its_rows(shop: Shop) -> None:
    charge = shop.sell(10000)
    shop.refund(charge["id"], 2500)
    shop.stripe_fee(4525)
    shop.dispute(shop.sell(25000)["id"])
    shop.clock.advance(3 * 86400)
    shop.sell(300)
    rows = list(shop.all("balance_transaction"))
    assert all(r["net"] == r["amount"] - r["fee"] for r in rows)
    assert all(r["fee"] == sum(d["amount"] for d in r["fee_details"]) for r in rows)
    assert sum(r["net"] for r in rows) == held(shop)


def reference(shop: Shop) -> dict[str, object]:
    """Charges 10,000.00 on three invoices, EUR settled as 109.31, refund, dispute, platform bill: net 8,974.56."""
    acme = shop.create_customer("Acme Ltd")["id"]
    fees = (10677, 10677, 10676)
    charges = []
    for amount, fee in zip((400000, 350000, 250000), fees, strict=True):
        invoice = shop.create_invoice(acme, [{"description": "Work", "amount": amount}], finalize=True)
        charges.append(shop.pay(invoice["id"], fee=fee))
    shop.sell(10000, "eur", settle=("usd", "1.0931"), fee=420)
    shop.refund(charges[0]["id"], 50000)
    shop.dispute(charges[1]["id"], 25000)
    shop.stripe_fee(4525)
    return shop.payout(everything=True) or {}


def test_the_reference_payout(client: Any, shop: Shop) -> None:
    payout = reference(shop)
    assert payout["amount"] == 897456
    rows = list(client.v1.balance_transactions.list({"payout": str(payout["id"]), "limit": 3}).auto_paging_iter())
    own = [r for r in rows if r.source == payout["id"]]
    assert [r.amount for r in own] == [-897456]
    assert sum(r.net for r in rows if r is not own[0]) == 897456
    assert sum(r.net for r in rows) == 0
    assert held(shop) == 0
    euro = next(r for r in rows if r.exchange_rate)
    assert (euro.amount, euro.currency, euro.exchange_rate) == (10931, "usd", 1.0931)


def test_a_payout_that_comes_back_is_in_the_next_one(client: Any, shop: Shop) -> None:
    payout = reference(shop)
    shop.pay_payout(str(payout["id"]))
    shop.fail_payout(str(payout["id"]))
    assert held(shop) == 897456
    again = shop.payout()
    assert again
    assert again["amount"] == 897456


def test_negative_and_manual_payouts(client: Any, shop: Shop) -> None:
    shop.stripe_fee(31240)
    negative = shop.payout()
    assert negative
    assert negative["amount"] == -31240
    shop.sell(50000)
    shop.clock.advance(3 * 86400)
    by_hand = shop.manual_payout(20000)
    assert (by_hand["automatic"], by_hand["reconciliation_status"]) == (False, "not_applicable")
    with pytest.raises(stripe.InvalidRequestError, match="automatic payouts"):
        client.v1.balance_transactions.list({"payout": by_hand["id"]})


def test_disputes_take_and_give_back(shop: Shop) -> None:
    charge = shop.sell(25000)
    dispute = shop.dispute(charge["id"])
    shop.close_dispute(dispute["id"], won=True)
    rows = [r for r in shop.all("balance_transaction") if r["source"] == dispute["id"]]
    assert [(r["reporting_category"], r["amount"], r["fee"]) for r in rows] == [
        ("dispute", -25000, 1500),
        ("dispute_reversal", 25000, 0),
    ]


@pytest.mark.parametrize(("currency", "amount", "fee"), [("jpy", 12000, 388), ("kwd", 5120, 240)])
def test_currencies_without_and_with_three_decimals(shop: Shop, currency: str, amount: int, fee: int) -> None:
    shop.sell(amount, currency)
    row = next(iter(shop.all("balance_transaction")))
    assert (row["amount"], row["fee"], row["net"]) == (amount, fee, amount - fee)
    assert held(shop, currency) == amount - fee


def test_rows_come_later_when_told(shop: Shop) -> None:
    shop.turn(balance_rows="manual")
    charge = shop.sell(5000)
    assert charge["balance_transaction"] is None
    shop.release_balance_rows()
    assert charge["balance_transaction"]
    shop.turn(balance_rows="600")
    later = shop.sell(5000)
    shop.clock.advance(599)
    shop.tick()
    assert later["balance_transaction"] is None
    shop.clock.advance(2)
    shop.tick()
    assert later["balance_transaction"]
