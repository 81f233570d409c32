"""Every object and every event has the shape of its version, as derived from the published type declarations."""

import json
from typing import Any

from standins.stripe import Shop, seed_demo
from standins.stripe.versions import OLD, knows, present
from tests.standins.stripe.conftest import NAMES, complaints

NEW = "2026-10-28.endive"


def eventful(shop: Shop) -> None:
    """Something of every kind."""
    ids = seed_demo(shop)
    shop.pay(ids["worked"], 15000)
    shop.pay(ids["worked"], 20000)
    shop.create_endpoint("http://127.0.0.1:1/hook", api_version=OLD)
    line = shop.secret(ids["paid"])["lines"][0]
    lines = [
        {"type": "custom_line_item", "unit_amount": 1000, "description": "Goodwill"},
        {"type": "invoice_line_item", "invoice_line_item": line, "amount": 20000},
    ]
    shop.credit_note(ids["paid"], lines=lines, refund_amount=500)
    shop.dispute(shop.sell(5000)["id"])
    shop.capture(shop.sell(9000, capture=False)["id"], 7000)
    shop.expire(shop.sell(9000, capture=False)["id"])
    debit = shop.sell(9000, method="bank")
    shop.finish_debit(debit["id"])
    shop.fail_late(debit["id"])
    shop.sell(900, decline="card_declined")
    lines = [{"description": "Seat", "amount": 7777}, {"description": "Unused", "amount": -777, "proration": True}]
    renewal = shop.create_invoice(
        ids["customers"][0], lines, subscription="sub_1", shipping={"amount": 500}, finalize=True
    )
    shop.pay_out_of_band(renewal["id"])
    refund = shop.refund(shop.sell(2000)["id"], status="pending")
    shop.finish_refund(refund["id"], "failed")
    payout = shop.payout(everything=True)
    assert payout
    shop.pay_payout(payout["id"])
    shop.fail_payout(payout["id"])


def wrong(shop: Shop, version: str) -> set[str]:
    missing = {"invoice_payment", "payment_record"} if version == OLD else set()
    kinds = [k for k in shop.objects if k in NAMES and k not in missing | {"event"}]
    assert len(kinds) > 15
    return {c for k in kinds for o in shop.all(k) for c in complaints(present(shop, o, version), version)}


def test_objects_have_the_pinned_shape(shop: Shop) -> None:
    eventful(shop)
    assert wrong(shop, NEW) == set()
    assert complaints(shop.balance()) == []


def test_objects_have_the_older_shape_when_asked(shop: Shop) -> None:
    eventful(shop)
    assert wrong(shop, OLD) == set()


def sample(shop: Shop, version: str) -> list[dict[str, Any]]:
    bodies: dict[str, dict[str, Any]] = {}
    for event in shop.all("event"):
        if knows(version, event["type"]):
            bodies.setdefault(event["type"], shop.event_body(event, version))
    return list(bodies.values())


def test_events_carry_the_shape_of_their_version(shop: Shop) -> None:
    shop.create_endpoint("http://127.0.0.1:1/old", api_version=OLD)
    eventful(shop)
    for version in (NEW, OLD):
        for body in sample(shop, version):
            assert body["api_version"] == version
            assert complaints(json.loads(json.dumps(body)), version) == []
            assert complaints(body["data"]["object"], version) == [], body["type"]


def test_the_older_shape_ties_charge_and_invoice(shop: Shop) -> None:
    ids = seed_demo(shop)
    invoice = present(shop, shop.get("invoice", ids["paid"]), OLD)
    charge = present(shop, shop.get("charge", invoice["charge"]), OLD)
    assert charge["invoice"] == invoice["id"]
    assert invoice["paid"] is True
    assert "invoice" not in present(shop, shop.get("charge", invoice["charge"]), NEW)
