"""The wire to Stripe: how it signs in, and what its refusals mean."""

import base64
import logging
import warnings

import pytest
import stripe

from connectors.base import Response
from connectors.errors import Denied, Malformed, Throttled, Unavailable
from connectors.stripe import Credentials
from connectors.stripe.transport import BasicOverWire
from tests.stripe.bench import Bench, read_through


def test_every_request_signs_in_with_basic_later_pages_too(bench: Bench) -> None:
    for _ in range(3):
        bench.customer()
    facts, _ = read_through(bench.source(page_rows=1), "customers", bench.now)
    assert len(facts) == 3  # the shop refuses Bearer
    assert not bench.shop.knobs.bearer


class Noted:
    def __init__(self, response: Response) -> None:
        self.response = response
        self.headers: dict[str, str] = {}

    def request(self, method: str, url: str, *, headers: dict[str, str], **rest: object) -> Response:
        self.headers = headers
        return self.response


def test_the_key_is_the_user_and_the_machine_is_not_described() -> None:
    wire = Noted(
        Response(200, {"stripe-notice": "please upgrade", "request-id": "req_1"}, b'{"object": "list", "data": []}')
    )
    client = stripe.StripeClient("sk_test_abc", http_client=BasicOverWire(wire, 5.0))  # type: ignore[arg-type]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        client.v1.customers.list()
    assert wire.headers["Authorization"] == "Basic " + base64.b64encode(b"sk_test_abc:").decode()
    assert wire.headers["User-Agent"].startswith("ml-connector")
    assert not [name for name in wire.headers if name.lower().startswith("x-stripe-client")]
    assert logging.getLogger("stripe").getEffectiveLevel() >= logging.WARNING


@pytest.mark.parametrize("key", ["pk_test_abc", "pk_live_abc", "", "whsec_abc", "sk_test_", "sk_test_a b"])
def test_other_keys_are_refused_when_they_are_entered(key: str) -> None:
    with pytest.raises(Malformed) as error:
        Credentials(key)
    assert error.value.field == "secret_key"
    assert "abc" not in str(error.value)


@pytest.mark.parametrize("mode", ["test", "live"])
@pytest.mark.parametrize("kind", ["sk", "rk"])
def test_the_key_tells_its_mode_and_is_never_shown(kind: str, mode: str) -> None:
    key = f"{kind}_{mode}_abc"
    assert Credentials(key).mode == mode
    assert key not in repr(Credentials(key))


@pytest.mark.parametrize(
    "reason", ["global-rate", "global-concurrency", "endpoint-rate", "endpoint-concurrency", "resource-specific"]
)
def test_each_limiter_asks_for_a_pause(bench: Bench, reason: str) -> None:
    bench.server.api.faults.add("rate_limit", reason=reason)
    with pytest.raises(Throttled) as error:
        bench.source().poll("customers", "", bench.now)
    assert error.value.code == f"throttled.{reason}"
    assert error.value.after
    assert 0 < error.value.after <= 20
    assert not error.value.sent


def test_a_lock_is_a_short_pause(bench: Bench) -> None:
    bench.server.api.faults.add("lock_timeout")
    with pytest.raises(Throttled) as error:
        bench.source().poll("customers", "", bench.now)
    assert error.value.code == "throttled.lock"


@pytest.mark.parametrize(
    ("fault", "status"), [("error_before", 500), ("error_before", 503), ("html", 502), ("reset_before", 0), ("half", 0)]
)
def test_no_clear_answer_is_tried_again_later(bench: Bench, fault: str, status: int) -> None:
    bench.server.api.faults.add(fault, status=status)
    with pytest.raises(Unavailable):
        bench.source().poll("customers", "", bench.now)
    assert bench.asked("/v1/customers") == 1  # once: the engine tries again, nobody else


def test_a_page_of_a_proxy_is_no_answer(bench: Bench) -> None:
    bench.server.api.faults.add("html", status=200)
    with pytest.raises(Malformed):
        bench.source().poll("customers", "", bench.now)


def test_a_revoked_key_is_denied(bench: Bench) -> None:
    bench.server.api.keys.revoke("sk_test_shop")
    with pytest.raises(Denied) as error:
        bench.source().account()
    assert error.value.code == "denied.key"
    assert error.value.cure


def test_a_missing_right_is_named(bench: Bench) -> None:
    bench.server.api.keys.add("rk_test_few", ["rak_customer_read"])
    with pytest.raises(Denied) as error:
        bench.source("rk_test_few").load("refund", "re_1")
    assert (error.value.code, error.value.value) == ("denied.right", "rak_charge_read")
    assert "rak_charge_read" in error.value.cure


def test_a_key_that_may_not_tell_its_account_takes_the_one_entered(bench: Bench) -> None:
    bench.server.api.keys.add("rk_test_few", ["rak_customer_read"])
    assert bench.source("rk_test_few", "acct_1Asked").account().id == "acct_1Asked"
    with pytest.raises(Denied):
        bench.source("rk_test_few").account()


def test_a_key_of_another_account_is_denied(bench: Bench) -> None:
    with pytest.raises(Denied) as error:
        bench.source(account="acct_1Other").account()
    assert error.value.code == "denied.account"


def test_the_account_says_who_and_in_which_mode(bench: Bench) -> None:
    account = bench.source().account()
    assert (account.id, account.mode, account.label) == ("acct_1ShopOnTheCorner", "test", "Corner Analytics")
