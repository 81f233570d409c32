"""The door of the API: keys, permissions, modes, versions, idempotency, and everything that can break."""

import time
from typing import Any

import httpx
import pytest
import stripe

from standins.stripe import Shop, StripeServer
from tests.standins.stripe.conftest import client_for

ACACIA = "2025-02-24.acacia"


def test_only_basic_with_a_known_key(server: StripeServer) -> None:
    url = f"{server.url}/v1/customers"
    assert httpx.get(url, auth=("sk_test_shop", "")).status_code == 200
    assert httpx.get(url, headers={"Authorization": "Bearer sk_test_shop"}).status_code == 401
    assert httpx.get(url).status_code == 401
    with pytest.raises(stripe.AuthenticationError):
        client_for(server, "sk_test_other").v1.customers.list()
    server.shop.turn(bearer=True)
    assert httpx.get(url, headers={"Authorization": "Bearer sk_test_shop"}).status_code == 200


def test_a_revoked_key_is_told(server: StripeServer) -> None:
    server.api.keys.add("sk_test_two")
    client = client_for(server, "sk_test_two")
    client.v1.customers.list()
    server.api.keys.revoke("sk_test_two")
    with pytest.raises(stripe.AuthenticationError):
        client.v1.customers.list()


def test_restricted_keys_name_the_permission_they_lack(server: StripeServer) -> None:
    server.api.keys.add("rk_test_one", ["rak_customer_write", "rak_charge_read"])
    client = client_for(server, "rk_test_one")
    client.v1.customers.create({"name": "A"})
    client.v1.customers.list()
    client.v1.refunds.list()
    with pytest.raises(stripe.PermissionError, match="rak_invoice_read") as refused:
        client.v1.invoices.list()
    assert refused.value.error
    assert refused.value.error.code == "more_permissions_required"


def test_the_other_mode_sees_nothing(server: StripeServer, acme: str) -> None:
    server.api.keys.add("sk_live_shop")
    live = client_for(server, "sk_live_shop")
    assert not live.v1.customers.list().data
    with pytest.raises(stripe.InvalidRequestError) as refused:
        live.v1.customers.retrieve(acme)
    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")


def test_the_version_of_the_request_shapes_the_answer(client: Any, shop: Shop, acme: str) -> None:
    invoice = shop.create_invoice(acme, [{"description": "Plan", "amount": 9000}], finalize=True)
    charge = shop.pay(invoice["id"])
    old = client.v1.charges.retrieve(charge["id"], options={"stripe_version": ACACIA})
    assert old["invoice"] == invoice["id"]
    assert "invoice" not in client.v1.charges.retrieve(charge["id"])


def test_one_key_makes_one_customer_for_a_day(client: Any, shop: Shop) -> None:
    first = client.v1.customers.create({"name": "A"}, options={"idempotency_key": "k1"})
    again = client.v1.customers.create({"name": "A"}, options={"idempotency_key": "k1"})
    assert first.id == again.id
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    with pytest.raises(stripe.IdempotencyError):
        client.v1.customers.create({"name": "B"}, options={"idempotency_key": "k1"})
    shop.clock.advance(86401)
    assert client.v1.customers.create({"name": "A"}, options={"idempotency_key": "k1"}).id != first.id


def test_a_stored_500_is_replayed_though_it_was_done(client: Any, server: StripeServer) -> None:
    server.api.faults.add("error_after", method="POST")
    for _ in range(2):
        with pytest.raises(stripe.APIError) as broken:
            client.v1.customers.create({"name": "A"}, options={"idempotency_key": "k2"})
        assert broken.value.http_status == 500
    assert len(list(server.shop.all("customer"))) == 1


def test_a_lost_answer_is_replayed_whole(client: Any, server: StripeServer) -> None:
    server.api.faults.add("reset_after", path="/v1/customers$")
    with pytest.raises(stripe.APIConnectionError):
        client.v1.customers.create({"name": "A"}, options={"idempotency_key": "k3"})
    client.v1.customers.create({"name": "A"}, options={"idempotency_key": "k3"})
    assert len(list(server.shop.all("customer"))) == 1


def test_refused_parameters_are_not_stored(client: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"amount": "x"}, options={"idempotency_key": "k4"})
    with pytest.raises(stripe.InvalidRequestError) as second:
        client.v1.refunds.create({"amount": 5}, options={"idempotency_key": "k4"})
    assert second.value.code == "parameter_missing"


def test_a_late_commit_holds_its_key(client: Any, server: StripeServer) -> None:
    server.api.faults.add("commit_late", method="POST", seconds=0.4)
    with pytest.raises(stripe.APIError):
        client.v1.customers.create({"name": "A"}, options={"idempotency_key": "k5"})
    time.sleep(0.1)
    with pytest.raises(stripe.APIError) as running:
        client.v1.customers.create({"name": "A"}, options={"idempotency_key": "k5"})
    assert running.value.http_status == 409
    assert not list(server.shop.all("customer"))
    time.sleep(0.6)
    client.v1.customers.create({"name": "A"}, options={"idempotency_key": "k5"})
    assert len(list(server.shop.all("customer"))) == 1


@pytest.mark.parametrize("reason", ["global-rate", "global-concurrency", "endpoint-rate", "endpoint-concurrency"])
def test_throttled_with_each_reason(client: Any, server: StripeServer, reason: str) -> None:
    server.api.faults.add("rate_limit", reason=reason)
    with pytest.raises(stripe.RateLimitError) as slow:
        client.v1.customers.list()
    assert (slow.value.headers or {})["Stripe-Rate-Limited-Reason"] == reason
    client.v1.customers.list()


def test_lock_timeouts_have_no_request_id(client: Any, server: StripeServer) -> None:
    server.api.faults.add("lock_timeout")
    with pytest.raises(stripe.RateLimitError) as locked:
        client.v1.customers.list()
    assert locked.value.request_id is None
    assert locked.value.error
    assert locked.value.error.code == "lock_timeout"


def test_proxies_cuts_and_short_pages(client: Any, server: StripeServer) -> None:
    for n in range(5):
        server.shop.create_customer(str(n))
    server.api.faults.add("html", status=503)
    with pytest.raises(stripe.APIError):
        client.v1.customers.list()
    server.api.faults.add("half")
    with pytest.raises(stripe.APIConnectionError):
        client.v1.customers.list()
    server.api.faults.add("short_page", keep=2)
    assert len(client.v1.customers.list().data) == 2
    assert len(client.v1.customers.list().data) == 5


def test_a_fault_can_wait_for_one_document(client: Any, server: StripeServer) -> None:
    server.api.faults.add("error_before", contains="name=B")
    client.v1.customers.create({"name": "A"})
    with pytest.raises(stripe.APIError):
        client.v1.customers.create({"name": "B"})
    assert [c["name"] for c in server.shop.all("customer")] == ["A"]


def test_declined_cards_are_card_errors(client: Any, shop: Shop, acme: str) -> None:
    invoice = shop.create_invoice(acme, [{"description": "Plan", "amount": 9000}], finalize=True)
    with pytest.raises(stripe.CardError) as declined:
        client.v1.invoices.pay(invoice["id"], {"payment_method": "pm_card_chargeDeclined"})
    assert declined.value.code == "card_declined"
    assert client.v1.invoices.pay(invoice["id"]).status == "paid"


def test_unknown_paths_and_ids(client: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="No such customer: 'cus_0'"):
        client.v1.customers.retrieve("cus_0")
    answer = client.raw_request("get", "/v1/account")
    assert dict(answer.data)["id"].startswith("acct_")
    with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL"):
        client.raw_request("get", "/v1/nonsense")
