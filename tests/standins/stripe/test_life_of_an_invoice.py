"""The unmodified SDK takes an invoice from draft to refund; the events of one payment are those of life."""

from typing import Any

import pytest
import stripe

from standins.stripe import Shop
from standins.stripe.demo import worked_example


def make_invoice(client: Any, customer: str, amount: int = 10000, tax: int = 825) -> Any:
    draft = client.v1.invoices.create({"customer": customer, "collection_method": "send_invoice", "days_until_due": 30})
    rate = {"display_name": "Sales tax", "inclusive": False, "percentage": 8.25}
    line = {
        "amount": amount,
        "description": "Pro plan",
        "tax_amounts": [{"amount": tax, "taxable_amount": amount, "tax_rate_data": rate}],
    }
    client.v1.invoices.add_lines(draft.id, {"lines": [line]})
    return client.v1.invoices.finalize_invoice(draft.id, {"auto_advance": False})


def test_created_finalized_paid_and_refunded(client: Any, shop: Shop) -> None:
    customer = client.v1.customers.create({"name": "Acme Ltd", "email": "a@acme.example", "metadata": {"erp": "C1"}})
    invoice = make_invoice(client, customer.id)
    assert (invoice.status, invoice.total, invoice.amount_remaining) == ("open", 10825, 10825)
    assert invoice.number
    paid = client.v1.invoices.pay(invoice.id, {"expand": ["payments.data.payment.payment_intent"]})
    row = paid.payments.data[0]
    assert (paid.status, row.status, row.amount_paid, row.is_default) == ("paid", "paid", 10825, True)
    charge = client.v1.charges.retrieve(row.payment.payment_intent.latest_charge)
    refund = client.v1.refunds.create({"charge": charge.id, "amount": 825, "reason": "requested_by_customer"})
    assert (refund.status, refund.amount) == ("succeeded", 825)
    assert client.v1.charges.retrieve(charge.id).amount_refunded == 825


def test_one_paid_invoice_fires_ten_events_and_the_fee_is_known_last(client: Any, acme: str) -> None:
    invoice = make_invoice(client, acme)
    client.v1.invoices.pay(invoice.id)
    events = list(reversed(client.v1.events.list({"limit": 100}).data))
    types = [e.type for e in events]
    expected = (
        "invoice.created invoice.finalized invoice.updated payment_intent.created charge.succeeded charge.updated"
        " payment_intent.succeeded invoice_payment.paid invoice.payment_succeeded invoice.paid"
    )
    assert set(expected.split()) <= set(types)
    first = next(e for e in events if e.type == "charge.succeeded")
    last = next(e for e in events if e.type == "charge.updated")
    assert first.data.object.balance_transaction is None
    assert last.data.object.balance_transaction.startswith("txn_")
    assert types.index("invoice.paid") < types.index("charge.updated")


def test_the_worked_example_comes_to_297_67(shop: Shop, acme: str) -> None:
    invoice = worked_example(shop, acme)
    lines = [shop.get("line_item", i) for i in shop.secret(invoice["id"])["lines"]]
    assert [x["discount_amounts"][0]["amount"] for x in lines[:2]] == [2500, 1000]
    assert [t["amount"] for x in lines for t in x["taxes"]] == [1856, 742, -330]
    assert invoice["total"] == 29767
    assert invoice["total"] - invoice["total_excluding_tax"] == sum(t["amount"] for t in invoice["total_taxes"]) == 2268
    assert invoice["subtotal"] == sum(x["amount"] for x in lines)


def test_paid_in_parts_and_too_much(shop: Shop, acme: str) -> None:
    invoice = worked_example(shop, acme)
    shop.pay(invoice["id"], 15000)
    assert (invoice["status"], invoice["amount_paid"], invoice["amount_remaining"]) == ("open", 15000, 14767)
    shop.pay(invoice["id"], 20000)
    assert (invoice["status"], invoice["amount_remaining"], invoice["amount_overpaid"]) == ("paid", 0, 5233)
    assert shop.get("customer", acme)["balance"] == -5233
    rows = [r for r in shop.all("invoice_payment") if r["status"] == "paid"]
    assert [r["amount_paid"] for r in rows] == [15000, 20000]
    fees = [r["fee"] for r in shop.all("balance_transaction")]
    assert fees == [465, 610]


def test_credit_is_used_on_the_next_invoice(shop: Shop, acme: str) -> None:
    shop.credit_customer(acme, -5000)
    invoice = shop.create_invoice(acme, [{"description": "Seats", "amount": 12000}], finalize=True)
    assert (invoice["total"], invoice["amount_due"], invoice["starting_balance"]) == (12000, 7000, -5000)
    assert shop.get("customer", acme)["balance"] == 0
    types = [r["type"] for r in shop.newest("customer_balance_transaction")]
    assert types[0] == "applied_to_invoice"


def test_a_whole_life_of_credit_note_refund_and_overpayment(shop: Shop, acme: str) -> None:
    invoice = shop.create_invoice(acme, [{"description": "Project", "amount": 100000}], finalize=True)
    shop.pay(invoice["id"], 40000)
    shop.pay(invoice["id"], 70000)
    note = shop.credit_note(invoice["id"], 20000, refund_amount=15000, credit_amount=5000)
    assert (note["pre_payment_amount"], note["post_payment_amount"]) == (0, 20000)
    assert note["refunds"][0]["amount_refunded"] == 15000
    assert invoice["amount_remaining"] == 0
    assert shop.get("customer", acme)["balance"] == -15000


def test_a_credit_note_before_payment_lowers_what_is_due(shop: Shop, acme: str) -> None:
    invoice = shop.create_invoice(acme, [{"description": "Project", "amount": 10000}], finalize=True)
    shop.credit_note(invoice["id"], 4000)
    assert (invoice["amount_due"], invoice["amount_remaining"]) == (6000, 6000)
    shop.credit_note(invoice["id"], 6000)
    assert invoice["status"] == "paid"
    assert not [r for r in shop.all("invoice_payment") if r["status"] == "paid"]


@pytest.mark.parametrize(("amount", "status", "balance"), [(0, "paid", 0), (30, "paid", 30), (-500, "paid", -500)])
def test_totals_that_nobody_pays(shop: Shop, acme: str, amount: int, status: str, balance: int) -> None:
    invoice = shop.create_invoice(acme, [{"description": "Rest", "amount": amount}], finalize=True)
    assert (invoice["status"], invoice["amount_due"]) == (status, 0)
    assert shop.get("customer", acme)["balance"] == balance
    assert not list(shop.all("charge"))


def test_out_of_band_money_leaves_no_charge(client: Any, shop: Shop, acme: str) -> None:
    invoice = make_invoice(client, acme)
    client.v1.invoices.pay(invoice.id, {"paid_out_of_band": True})
    rows = client.v1.invoice_payments.list({"invoice": invoice.id, "status": "paid"}).data
    assert [r.payment.type for r in rows] == ["payment_record"]
    assert not list(shop.all("charge"))
    assert not list(shop.all("balance_transaction"))


def test_voiding_and_giving_up(client: Any, acme: str) -> None:
    first, second = make_invoice(client, acme), make_invoice(client, acme)
    assert client.v1.invoices.void_invoice(first.id).status == "void"
    assert client.v1.invoices.mark_uncollectible(second.id).status == "uncollectible"
    assert client.v1.invoices.pay(second.id).status == "paid"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.invoices.void_invoice(second.id)


def test_authorized_captured_in_part_expired(shop: Shop) -> None:
    held = shop.sell(10000, capture=False)
    assert (held["paid"], held["captured"], held["balance_transaction"]) == (True, False, None)
    shop.capture(held["id"], 7000)
    rows = list(shop.all("balance_transaction"))
    assert [(r["reporting_category"], r["amount"]) for r in rows] == [
        ("charge", 10000),
        ("partial_capture_reversal", -3000),
    ]
    assert sum(r["fee"] for r in rows) == 233
    gone = shop.sell(5000, capture=False)
    shop.expire(gone["id"])
    refund = shop.newest("refund")[0]
    assert (refund["reason"], refund["balance_transaction"]) == ("expired_uncaptured_charge", None)


def test_bank_debits_wait_succeed_and_come_back(shop: Shop, acme: str) -> None:
    invoice = shop.create_invoice(acme, [{"description": "Plan", "amount": 9000}], finalize=True)
    debit = shop.pay(invoice["id"], method="bank")
    assert (debit["id"][:3], debit["status"], invoice["status"]) == ("py_", "pending", "open")
    shop.finish_debit(debit["id"])
    assert invoice["status"] == "paid"
    shop.fail_late(debit["id"])
    assert (invoice["status"], invoice["amount_remaining"]) == ("open", 9000)
    assert [r["type"] for r in shop.all("balance_transaction")] == ["payment", "payment_failure_refund"]


def test_a_debit_under_way_still_comes_in_when_the_invoice_was_paid_otherwise(shop: Shop, acme: str) -> None:
    invoice = shop.create_invoice(acme, [{"description": "Plan", "amount": 9000}], finalize=True)
    debit = shop.pay(invoice["id"], 4000, method="bank")
    shop.pay(invoice["id"])
    assert invoice["status"] == "paid"
    shop.finish_debit(debit["id"])
    assert invoice["amount_overpaid"] == 4000
    assert shop.get("customer", acme)["balance"] == -4000


def test_a_debit_that_comes_back_leaves_an_invoice_given_up(shop: Shop, acme: str) -> None:
    invoice = shop.create_invoice(acme, [{"description": "Plan", "amount": 9000}], finalize=True)
    debit = shop.pay(invoice["id"], 4000, method="bank")
    shop.finish_debit(debit["id"])
    shop.mark_uncollectible(invoice["id"])
    shop.fail_late(debit["id"])
    assert (invoice["status"], invoice["amount_remaining"]) == ("uncollectible", 9000)


def test_refunds_end_in_three_ways(shop: Shop) -> None:
    charge = shop.sell(10000)
    waiting = shop.refund(charge["id"], 1000, status="pending")
    assert waiting["balance_transaction"] is None
    shop.finish_refund(waiting["id"])
    assert waiting["balance_transaction"]
    shop.finish_refund(waiting["id"], "failed")
    assert charge["amount_refunded"] == 0
    assert shop.get("balance_transaction", waiting["failure_balance_transaction"])["amount"] == 1000


def test_more_than_was_paid_is_not_given_back(client: Any, shop: Shop) -> None:
    charge = shop.sell(4000)
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded"):
        client.v1.refunds.create({"charge": charge["id"], "amount": 4001})
    client.v1.refunds.create({"charge": charge["id"]})
    with pytest.raises(stripe.InvalidRequestError) as second:
        client.v1.refunds.create({"charge": charge["id"]})
    assert second.value.code == "charge_already_refunded"


def test_a_deleted_customer_is_a_stub_and_its_invoice_keeps_the_name(client: Any, acme: str) -> None:
    invoice = make_invoice(client, acme)
    client.v1.customers.delete(acme)
    assert client.v1.customers.retrieve(acme).to_dict() == {"id": acme, "object": "customer", "deleted": True}
    assert client.v1.invoices.retrieve(invoice.id).customer_name == "Acme Ltd"
    assert not client.v1.customers.list().data


def test_what_is_refused_leaves_nothing_behind(client: Any, shop: Shop, acme: str) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.invoices.create({"customer": acme, "discounts": [{"coupon": "none"}]})
    assert not list(shop.all("invoice"))
    odd = shop.create_invoice(acme, [{"description": "Plan", "amount": 1234}], currency="kwd")
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.invoices.finalize_invoice(odd["id"])
    assert (odd["status"], odd["number"]) == ("draft", None)
    paid = shop.create_invoice(acme, [{"description": "Plan", "amount": 9000}], finalize=True)
    shop.refund(shop.pay(paid["id"])["id"], 8000)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.credit_notes.create({"invoice": paid["id"], "amount": 2000, "refund_amount": 2000})
    assert not list(shop.all("credit_note"))
    with pytest.raises(stripe.InvalidRequestError, match="500 characters"):
        client.v1.customers.create({"name": "A", "metadata": {"k": "x" * 501}})


def test_one_payment_over_two_invoices(shop: Shop, acme: str) -> None:
    first = shop.create_invoice(acme, [{"description": "A", "amount": 6000}], finalize=True)
    second = shop.create_invoice(acme, [{"description": "B", "amount": 4000}], finalize=True)
    charge = shop.pay_several({first["id"]: 6000, second["id"]: 4000})
    rows = [r for r in shop.all("invoice_payment") if r["status"] == "paid"]
    assert [(r["invoice"], r["amount_paid"]) for r in rows] == [(first["id"], 6000), (second["id"], 4000)]
    assert charge["amount"] == 10000
