"""Lists: newest first, by page over equal seconds, with the filters that exist and no others."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from standins.stripe import Shop


def test_250_objects_of_one_second_are_all_met_once(client: Any, shop: Shop) -> None:
    made = [shop.create_customer(f"No {n}")["id"] for n in range(250)]
    met = [c.id for c in client.v1.customers.list({"limit": 100}).auto_paging_iter()]
    assert met == made[::-1]
    page = client.v1.customers.list({"limit": 100, "ending_before": met[150]})
    assert [c.id for c in page.data] == met[50:150]
    assert page.has_more


def test_created_takes_ranges_of_seconds(client: Any, shop: Shop) -> None:
    start = shop.clock.now()
    for n in range(4):
        shop.create_customer(str(n))
        shop.clock.advance(1)
    chosen = client.v1.customers.list({"created": {"gte": start + 1, "lt": start + 3}}).data
    assert [c.name for c in chosen] == ["2", "1"]
    assert [c.name for c in client.v1.customers.list({"created": start}).data] == ["0"]


def test_filters_of_the_money_lists(client: Any, shop: Shop, acme: str) -> None:
    invoice = shop.create_invoice(acme, [{"description": "Plan", "amount": 9000}], finalize=True)
    charge = shop.pay(invoice["id"])
    shop.sell(700)
    refund = shop.refund(charge["id"], 100)
    intent = charge["payment_intent"]
    v1 = client.v1
    by_intent = {"payment": {"type": "payment_intent", "payment_intent": intent}}
    assert [r.invoice for r in v1.invoice_payments.list(by_intent).data] == [invoice["id"]]
    assert [c.id for c in v1.charges.list({"payment_intent": intent}).data] == [charge["id"]]
    assert [r.id for r in v1.refunds.list({"charge": charge["id"]}).data] == [refund["id"]]
    assert [r.source for r in v1.balance_transactions.list({"source": refund["id"]}).data] == [refund["id"]]
    assert len(v1.balance_transactions.list({"type": "charge"}).data) == 2
    assert [i.id for i in v1.invoices.list({"status": "paid", "customer": acme}).data] == [invoice["id"]]
    assert not v1.invoices.list({"status": "draft"}).data


def test_what_no_list_knows_is_refused(client: Any) -> None:
    calls: list[Callable[[], Any]] = [
        lambda: client.v1.charges.list({"status": "succeeded"}),
        lambda: client.v1.invoice_payments.list({"payment": {"type": "charge", "charge": "ch_1"}}),
        lambda: client.v1.customers.create({"coupon": "x"}),
    ]
    for call in calls:
        with pytest.raises(stripe.InvalidRequestError) as refused:
            call()
        assert refused.value.code == "parameter_unknown"
        assert refused.value.param
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.list({"limit": 101})


def test_long_invoices_show_a_first_page_of_lines(client: Any, shop: Shop, acme: str) -> None:
    lines = [{"description": f"Line {n}", "amount": 100 + n} for n in range(25)]
    invoice = shop.create_invoice(acme, lines, finalize=True)
    got = client.v1.invoices.retrieve(invoice["id"])
    assert (len(got.lines.data), got.lines.has_more) == (10, True)
    assert [x.amount for x in got.lines.auto_paging_iter()] == [100 + n for n in range(25)]
    assert len(client.v1.invoices.line_items.list(invoice["id"], {"limit": 100}).data) == 25


def test_expansion_on_lists_and_its_limits(client: Any, shop: Shop) -> None:
    shop.sell(5000)
    charges = client.v1.charges.list({"expand": ["data.balance_transaction", "data.payment_intent.latest_charge"]})
    assert charges.data[0].balance_transaction.fee == 175
    assert charges.data[0].payment_intent.latest_charge.id == charges.data[0].id
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.charges.list({"expand": ["data.status"]})
    with pytest.raises(stripe.InvalidRequestError, match="4 levels"):
        client.v1.charges.list({"expand": ["data.a.b.c.d"]})


def test_events_by_type_and_for_thirty_days(client: Any, shop: Shop) -> None:
    shop.sell(5000)
    types = {e.type for e in client.v1.events.list({"types": ["charge.updated", "payment_intent.*"]}).data}
    assert types == {"charge.updated", "payment_intent.created", "payment_intent.succeeded"}
    shop.clock.advance(31 * 86400)
    assert not client.v1.events.list().data
