"""All that translating needs, over all pages; and waiting while the source itself is not ready."""

from typing import Any

import pytest

from connectors.base import Json
from connectors.errors import NotYet, Refused
from tests.stripe.bench import Bench


def payments(bench: Bench) -> list[Json]:
    return [row for row in bench.shop.all("invoice_payment") if row["status"] == "paid"]


def load(bench: Bench, stream: str, key: str) -> dict[str, Any]:
    return bench.source().load(stream, key)


def test_an_invoice_comes_with_all_lines_its_products_and_its_rates(bench: Bench) -> None:
    rate = bench.shop.create_tax_rate("Sales tax", 8.25, country="US", state="CA")
    product = bench.shop.create_product("Pro", metadata={"category": "saas"})
    line = {"amount": 100, "description": "Seat", "product": product["id"], "tax": [rate["id"]]}
    invoice = bench.invoice(lines=[line] * 130)
    payload = load(bench, "invoice", invoice["id"])
    assert len({line["id"] for line in payload["lines"]}) == 130
    assert payload["products"][product["id"]]["metadata"] == {"category": "saas"}
    assert payload["tax_rates"][rate["id"]]["state"] == "CA"
    assert payload["invoice"]["customer"]["name"] == "Acme Ltd"


def test_a_payment_comes_with_its_order_among_all_and_its_row(bench: Bench) -> None:
    invoice = bench.invoice(30_000)
    bench.shop.pay(invoice["id"], 10_000)
    bench.shop.clock.advance(60)
    charge = bench.shop.pay(invoice["id"], 25_000)
    first, second = payments(bench)
    payload = load(bench, "payment", second["id"])
    assert [row["id"] for row in payload["payments"]] == [first["id"], second["id"]]
    assert [row["id"] for row in payload["siblings"]] == [second["id"]]
    assert payload["charge"]["id"] == charge["id"]
    assert [row["amount"] for row in payload["balance_rows"]] == [25_000]


def test_the_balance_row_is_waited_for(bench: Bench) -> None:
    bench.shop.turn(balance_rows="manual")
    charge = bench.shop.pay(bench.invoice()["id"])
    (row,) = payments(bench)
    with pytest.raises(NotYet) as error:
        load(bench, "payment", row["id"])
    assert (error.value.code, error.value.flow) == ("dependency.balance_row", "")
    bench.shop.release_balance_rows(charge["id"])
    assert load(bench, "payment", row["id"])["balance_rows"][0]["source"] == charge["id"]


def test_a_capture_for_less_has_two_rows(bench: Bench) -> None:
    charge = bench.shop.pay(bench.invoice(10_000)["id"], capture=False)
    bench.shop.capture(charge["id"], 8_000)
    for row in payments(bench):
        payload = load(bench, "payment", row["id"])
        assert [one["reporting_category"] for one in payload["balance_rows"]] == ["charge", "partial_capture_reversal"]
        assert sum(one["amount"] for one in payload["balance_rows"]) == 8_000


def test_money_outside_stripe_has_no_charge(bench: Bench) -> None:
    bench.shop.pay_out_of_band(bench.invoice()["id"])
    payload = load(bench, "payment", payments(bench)[0]["id"])
    assert (payload["charge"], payload["balance_rows"]) == (None, [])


def test_a_refund_comes_with_all_that_reduced_its_invoices(bench: Bench) -> None:
    customer = bench.customer()
    first, second = bench.invoice(7_000, customer), bench.invoice(3_000, customer)
    charge = bench.shop.pay_several({first["id"]: 7_000, second["id"]: 3_000})
    early = bench.shop.refund(charge["id"], 1_000)
    late = bench.shop.refund(charge["id"], 500)
    note = bench.shop.credit_note(first["id"], amount=200, out_of_band_amount=200)
    payload = load(bench, "refund", late["id"])
    assert set(payload["invoices"]) == {first["id"], second["id"]}
    assert {row["id"] for row in payload["refunds"]} == {early["id"], late["id"]}
    assert [len(row["payments"]) for row in payload["refunds"]] == [2, 2]
    assert [(row["id"], [line["amount"] for line in row["lines"]]) for row in payload["credit_notes"]] == [
        (note["id"], [200])
    ]
    assert payload["balance_row"]["amount"] == -500


def test_a_refund_that_failed_before_it_left_has_no_row(bench: Bench) -> None:
    bench.shop.turn(refund_status="pending")
    charge = bench.shop.pay(bench.invoice()["id"])
    refund = bench.shop.refund(charge["id"], 1_000)
    if bench.shop.get("refund", refund["id"])["balance_transaction"]:
        pytest.skip("this shop writes the row of a pending refund at once")
    with pytest.raises(NotYet):
        load(bench, "refund", refund["id"])


def test_the_return_of_a_failed_refund_has_its_own_row(bench: Bench) -> None:
    charge = bench.shop.pay(bench.invoice()["id"])
    refund = bench.shop.refund(charge["id"], 1_000)
    bench.shop.finish_refund(refund["id"], "failed")
    payload = load(bench, "refund", refund["id"] + ":fail")
    assert payload["failure"]
    assert payload["balance_row"]["amount"] == 1_000


def test_a_deleted_customer_comes_with_the_invoices_that_kept_his_name(bench: Bench) -> None:
    customer = bench.customer()
    invoice = bench.invoice(customer=customer)
    bench.shop.pay(invoice["id"])
    bench.shop.delete_customer(customer)
    payload = load(bench, "customer", customer)
    assert payload["customer"]["deleted"]
    assert [row["customer_name"] for row in payload["invoices"]] == ["Acme Ltd"]


def test_what_is_gone_says_so(bench: Bench) -> None:
    with pytest.raises(Refused) as error:
        load(bench, "invoice", "in_gone")
    assert error.value.code == "source.gone"
    assert error.value.cure
