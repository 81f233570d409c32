"""Events are hints: whatever they hold, the object is read again, and one money fact has one key."""

from datetime import UTC, datetime

import pytest

from connectors.base import Fact, Hint
from tests.stripe.bench import Bench


def hint(type: str, object_id: str) -> Hint:
    return Hint("evt_1", type, object_id, datetime(2026, 4, 1, tzinfo=UTC))


def told(bench: Bench, type: str, object_id: str) -> list[tuple[str, str]] | None:
    facts = bench.source().facts(hint(type, object_id))
    return None if facts is None else [(fact.stream, fact.key) for fact in facts]


def test_all_events_of_one_payment_lead_to_the_same_fact(bench: Bench) -> None:
    invoice = bench.invoice()
    charge = bench.shop.pay(invoice["id"])
    (row,) = bench.shop.all("invoice_payment")
    payment = ("payment", row["id"])
    assert told(bench, "charge.succeeded", charge["id"]) == [payment]
    assert told(bench, "charge.updated", charge["id"]) == [payment]
    assert told(bench, "payment_intent.succeeded", charge["payment_intent"]) == [payment]
    assert told(bench, "invoice_payment.paid", row["id"]) == [payment]
    assert payment in (told(bench, "invoice.paid", invoice["id"]) or [])


def test_one_charge_over_two_invoices_is_two_facts(bench: Bench) -> None:
    customer = bench.customer()
    first, second = bench.invoice(7_000, customer), bench.invoice(3_000, customer)
    charge = bench.shop.pay_several({first["id"]: 7_000, second["id"]: 3_000})
    assert len(told(bench, "charge.succeeded", charge["id"]) or []) == 2


def test_a_charge_that_pays_no_invoice_is_a_sale(bench: Bench) -> None:
    charge = bench.shop.sell(5_000)
    assert told(bench, "charge.succeeded", charge["id"]) == [("sale", charge["id"])]
    assert told(bench, "payment_intent.succeeded", charge["payment_intent"]) == [("sale", charge["id"])]


def test_an_invoice_counts_from_its_finalization(bench: Bench) -> None:
    customer = bench.customer()
    draft = bench.shop.create_invoice(customer, [{"amount": 5_000, "description": "Pro plan"}])
    assert told(bench, "invoice.updated", draft["id"]) == []
    bench.shop.finalize(draft["id"])
    assert told(bench, "invoice.finalized", draft["id"]) == [("customer", customer), ("invoice", draft["id"])]


def test_a_deleted_draft_is_nothing(bench: Bench) -> None:
    draft = bench.shop.create_invoice(bench.customer(), [{"amount": 5_000, "description": "Pro plan"}])
    bench.shop.delete_draft(draft["id"])
    assert told(bench, "invoice.updated", draft["id"]) == []


def test_an_authorization_is_no_payment(bench: Bench) -> None:
    invoice = bench.invoice()
    charge = bench.shop.pay(invoice["id"], method="bank")
    assert charge["status"] == "pending"
    assert told(bench, "charge.succeeded", charge["id"]) == []


def test_money_outside_stripe_is_a_fact_that_later_is_skipped(bench: Bench) -> None:
    invoice = bench.invoice()
    bench.shop.pay_out_of_band(invoice["id"])
    (row,) = [row for row in bench.shop.all("invoice_payment") if row["status"] == "paid"]
    assert told(bench, "invoice_payment.paid", row["id"]) == [("payment", row["id"])]


def test_a_refund_that_fails_after_it_left_is_a_second_fact(bench: Bench) -> None:
    charge = bench.shop.pay(bench.invoice()["id"])
    refund = bench.shop.refund(charge["id"], 1_000)
    first = [("refund", refund["id"]), ("refund_memo", refund["id"] + ":rest")]
    assert told(bench, "charge.refunded", charge["id"]) == first
    bench.shop.finish_refund(refund["id"], "failed")
    assert told(bench, "refund.failed", refund["id"]) == [
        *first,
        ("refund", refund["id"] + ":fail"),
        ("refund_memo_failure", refund["id"] + ":fail"),
    ]


def test_money_of_no_invoice_that_goes_back_tells_where_its_memo_is_put_to(bench: Bench) -> None:
    charge = bench.shop.sell(1_000, customer=bench.customer())
    refund = bench.shop.refund(charge["id"], 400)
    rest = refund["id"] + ":rest"
    told_of = [("refund", refund["id"]), ("refund_memo", rest), ("application", rest)]
    assert told(bench, "charge.refunded", charge["id"]) == told_of
    debit = bench.shop.sell(1_000, customer=bench.customer(), method="bank")
    bench.shop.finish_debit(debit["id"])
    bench.shop.fail_late(debit["id"])
    failed = debit["id"] + ":fail"
    told_of = [("sale", debit["id"]), *((flow, failed) for flow in ("sale_failure", "refund_memo", "application"))]
    assert told(bench, "charge.failed", debit["id"]) == told_of


@pytest.mark.parametrize("type", ["payout.paid", "charge.dispute.created", "balance.available", "v9.new.kind"])
def test_kinds_without_a_flow_are_no_concern(bench: Bench, type: str) -> None:
    assert told(bench, type, "cn_1") is None


def test_an_object_that_is_gone_is_nothing(bench: Bench) -> None:
    assert told(bench, "refund.created", "re_gone") == []
    assert told(bench, "invoice_payment.paid", "inpay_gone") == []
    assert told(bench, "customer.updated", "cus_gone") == []
    assert told(bench, "charge.succeeded", "ch_gone") == []


def version(bench: Bench, type: str, customer: str) -> Fact:
    facts = bench.source().facts(hint(type, customer))
    assert facts
    return facts[0]


def test_a_customer_has_a_new_version_only_when_something_that_matters_changed(bench: Bench) -> None:
    customer = bench.customer()
    first = version(bench, "customer.created", customer)
    bench.shop.update_customer(customer, metadata={"note": "called"})
    assert version(bench, "customer.updated", customer) == first
    bench.shop.update_customer(customer, name="Acme International")
    second = version(bench, "customer.updated", customer)
    assert (second.key, second.happened_at) == (first.key, first.happened_at)
    assert second.digest != first.digest


def test_a_customer_seen_with_his_invoice_is_the_same_version(bench: Bench) -> None:
    customer = bench.customer()
    invoice = bench.invoice(customer=customer)
    assert version(bench, "invoice.finalized", invoice["id"]) == version(bench, "customer.created", customer)


def test_a_deleted_customer_is_a_version_dated_by_what_told_us(bench: Bench) -> None:
    customer = bench.customer()
    before = version(bench, "customer.created", customer)
    bench.shop.delete_customer(customer)
    after = version(bench, "customer.deleted", customer)
    assert after.digest != before.digest
    assert after.happened_at == datetime(2026, 4, 1, tzinfo=UTC)
