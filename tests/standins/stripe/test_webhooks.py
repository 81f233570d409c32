"""Webhooks: signed so that the SDK believes them, retried, doubled, rolled, held back, and told wrong on purpose."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import stripe

from standins.stripe import Shop
from tests.standins.stripe.conftest import Ear


def until(true: Callable[[], bool], seconds: float = 5) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "nothing came"
        time.sleep(0.02)


def believed(heard: tuple[bytes, str], secret: str) -> Any:
    return stripe.Webhook.construct_event(heard[0], heard[1], secret, tolerance=300)


def test_the_sdk_believes_what_arrives(client: Any, shop: Shop, ear: Ear) -> None:
    shop.clock.real()
    endpoint = client.v1.webhook_endpoints.create({"url": ear.url, "enabled_events": ["customer.created"]})
    assert endpoint.secret
    client.v1.customers.create({"name": "A"}, options={"idempotency_key": "once"})
    until(lambda: len(ear.heard) == 1)
    event = believed(ear.heard[0], endpoint.secret)
    assert (event.type, event.data.object.name) == ("customer.created", "A")
    assert event.request
    assert event.request.idempotency_key == "once"
    assert not hasattr(client.v1.webhook_endpoints.retrieve(endpoint.id), "secret")
    with pytest.raises(stripe.SignatureVerificationError):
        believed(ear.heard[0], "whsec_other")


def test_failures_are_tried_again_with_a_fresh_signature(shop: Shop, ear: Ear) -> None:
    shop.turn(retry_seconds=[0.05, 0.05])
    shop.create_endpoint(ear.url, ["customer.created"])
    ear.answers = [500, 302]
    shop.create_customer("A")
    until(lambda: bool(shop.deliveries("done")))
    assert [a["status"] for a in shop.deliveries()[0]["attempts"]] == [500, 302, 200]
    assert shop.newest("event")[0]["pending_webhooks"] == 0


def test_given_up_after_the_last_try(shop: Shop, ear: Ear) -> None:
    shop.turn(retry_seconds=[0.01])
    shop.create_endpoint(ear.url)
    ear.answers = [500, 500]
    shop.create_customer("A")
    until(lambda: bool(shop.deliveries("failed")))


def test_while_a_secret_is_rolled_both_verify(shop: Shop, ear: Ear) -> None:
    shop.clock.real()
    made = shop.create_endpoint(ear.url)
    new = shop.roll_secret(made["id"])
    shop.create_customer("A")
    until(lambda: len(ear.heard) == 1)
    assert ear.heard[0][1].count("v1=") == 2
    assert believed(ear.heard[0], made["secret"]).id == believed(ear.heard[0], new).id


def test_doubled_dropped_and_wrongly_signed(shop: Shop, ear: Ear) -> None:
    shop.clock.real()
    secret = shop.create_endpoint(ear.url)["secret"]
    shop.turn(duplicates=2)
    shop.create_customer("A")
    until(lambda: len(ear.heard) == 3)
    assert len({json.loads(b)["id"] for b, _ in ear.heard}) == 1
    shop.turn(duplicates=0, drop=1.0)
    shop.create_customer("B")
    assert len(shop.deliveries("dropped")) == 1
    shop.turn(drop=0.0, mis_sign=1.0)
    shop.create_customer("C")
    until(lambda: len(ear.heard) == 4)
    with pytest.raises(stripe.SignatureVerificationError):
        believed(ear.heard[3], secret)


def test_one_change_under_two_event_ids(shop: Shop) -> None:
    shop.turn(twin_events=1)
    shop.create_customer("A")
    events = shop.newest("event")
    assert [e["type"] for e in events] == ["customer.created"] * 2
    assert len({e["id"] for e in events}) == 2


def test_held_deliveries_are_posted_by_whoever_asks(shop: Shop) -> None:
    shop.turn(webhooks="manual", age=600)
    secret = shop.create_endpoint("http://127.0.0.1:1/hook")["secret"]
    shop.create_customer("A")
    held = shop.deliveries("held")
    assert len(held) == 1
    _, body, headers = shop.signed(held[0]["id"])
    assert stripe.WebhookSignature.verify_header(body.decode(), headers["Stripe-Signature"], secret)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body, headers["Stripe-Signature"], secret, tolerance=300)


def test_each_endpoint_has_its_version_and_the_list_keeps_the_accounts(client: Any, shop: Shop) -> None:
    shop.turn(webhooks="manual")
    shop.create_endpoint("http://127.0.0.1:1/old", api_version="2025-02-24.acacia")
    charge = shop.sell(5000)
    held = next(d for d in shop.deliveries() if d["type"] == "charge.updated")
    body = json.loads(shop.signed(held["id"])[1])
    assert body["api_version"] == "2025-02-24.acacia"
    assert "invoice" in body["data"]["object"]
    listed = client.v1.events.retrieve(held["event"], options={"stripe_version": "2025-02-24.acacia"})
    assert listed.api_version == "2026-10-28.endive"
    assert "invoice" not in listed.data.object
    assert listed.data.previous_attributes.to_dict() == {"balance_transaction": None}
    assert listed.data.object.id == charge["id"]


def test_shuffled_deliveries_all_arrive(shop: Shop, ear: Ear) -> None:
    shop.turn(reorder=True)
    shop.create_endpoint(ear.url)
    names = [f"No {n}" for n in range(12)]
    for name in names:
        shop.create_customer(name)
    until(lambda: len(ear.heard) == 12)
    arrived = [json.loads(b)["data"]["object"]["name"] for b, _ in ear.heard]
    assert sorted(arrived) == sorted(names)
    assert arrived != names
