"""Deliveries: what is genuine, what is kept apart, and that nothing else ever comes out."""

import hashlib
import hmac
import json
from typing import Any

import pytest

from connectors.base import Account, Hint, Untrusted
from connectors.errors import ConnectorError, Malformed
from connectors.stripe.hook import verify
from tests.stripe.bench import Bench

NOW = 1_775_012_400
SECRET = "whsec_new"
TEST = Account("acct_1", mode="test")
EVENT = {
    "id": "evt_1",
    "object": "event",
    "type": "invoice.finalized",
    "created": NOW - 5,
    "livemode": False,
    "api_version": "2025-02-24.acacia",
    "data": {"object": {"id": "in_1", "object": "invoice"}},
}


def signature(body: bytes, secret: str = SECRET, at: int = NOW) -> str:
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def given(body: bytes, header: str | None = None, *, secrets: tuple[str, ...] = (SECRET,), now: float = NOW) -> Hint:
    header = f"t={NOW},v1={signature(body)}" if header is None else header
    return verify(body, {"stripe-signature": header}, secrets, TEST, now)


def body(**changes: Any) -> bytes:
    return json.dumps(EVENT | changes).encode()


def refusal(raw: bytes, header: str | None = None, **how: Any) -> ConnectorError:
    with pytest.raises((Untrusted, Malformed)) as error:
        given(raw, header, **how)
    return error.value


def test_a_genuine_event_is_a_hint_of_its_object() -> None:
    hint = given(body())
    assert (hint.event_id, hint.type, hint.object_id) == ("evt_1", "invoice.finalized", "in_1")
    assert hint.created.timestamp() == NOW - 5


def test_either_secret_opens_while_one_is_being_rolled() -> None:
    raw = body()
    header = f"t={NOW},v1={signature(raw, 'whsec_old')},v1={signature(raw)},v0=00"
    assert given(raw, header, secrets=(SECRET,)) == given(raw, header, secrets=("whsec_old",))
    assert given(raw, f"t={NOW},v1={signature(raw)}", secrets=("whsec_old", SECRET)).object_id == "in_1"


@pytest.mark.parametrize("age", [-300, -299, 0, 299, 300])
def test_five_minutes_either_way_are_fresh(age: int) -> None:
    assert given(body(), now=NOW + age).event_id == "evt_1"


@pytest.mark.parametrize("age", [-86_400, -301, 301, 86_400])
def test_the_stale_and_the_future_are_kept_apart(age: int) -> None:
    assert refusal(body(), now=NOW + age).code == "age"


def test_one_changed_byte_is_no_longer_genuine() -> None:
    raw = body()
    header = f"t={NOW},v1={signature(raw)}"
    assert refusal(raw.replace(b"in_1", b"in_2"), header).code == "signature"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "garbage",
        "t=,v1=",
        f"t={NOW}",
        f"v1={signature(body())}",
        f"t={NOW},v0={signature(body())}",
        f"t={NOW}, v1={signature(body())}",
        f"t={NOW},v1={signature(body()).upper()}",
        f"t={NOW},v1={signature(body(), 'whsec_wrong')}",
        f"t={NOW},v1=ünïcödé",
        f"t={NOW},v1={signature(body())[:-1]}",
        f"t=-{NOW},v1={signature(body())}",
        f"t={NOW},t={NOW + 1},v1={signature(body())}",
        f"t={'9' * 5000},v1={signature(body())}",
        f"t=١٧,v1={signature(body())}",
        "," * 10_000,
    ],
)
def test_a_bad_header_is_untrusted(header: str) -> None:
    assert refusal(body(), header).code == "signature"


@pytest.mark.parametrize("secrets", [(), ("",), ("whsec_other",)])
def test_without_the_secret_nothing_is_genuine(secrets: tuple[str, ...]) -> None:
    assert refusal(body(), secrets=secrets).code == "signature"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"not json",
        b"\xff\xfe\x00",
        b"[]",
        b'"text"',
        b"null",
        b"17",
        b"{}",
        b"[" * 100_000,
        b'{"created":' + b"9" * 10_000 + b"}",
        b'"' + b"x" * 10_000_000 + b'"',
        body(id=None),
        body(id=""),
        body(id=7),
        body(id="x" * 300),
        body(id="evt_\ud800"),
        body(id="evt 1"),
        body(type=None),
        body(type=["invoice.paid"]),
        body(created=None),
        body(created="soon"),
        body(created=True),
        body(created=-1),
        body(created=10**15),
        body(livemode=None),
        body(livemode="false"),
        body(data=None),
        body(data=[]),
        body(data={"object": None}),
        body(data={"object": "in_1"}),
        body(data={"object": {"id": None}}),
        body(data={"object": {"id": {"a": 1}}}),
        body(object="v2.core.event"),
    ],
)
def test_what_cannot_be_read_is_malformed_and_nothing_worse(raw: bytes) -> None:
    assert isinstance(refusal(raw), Malformed)


def test_a_preview_without_id_is_genuine_and_about_nothing() -> None:
    assert given(body(type="invoice.upcoming", data={"object": {"object": "invoice"}})).object_id == ""


def test_a_live_event_does_not_enter_a_test_connection() -> None:
    assert refusal(body(livemode=True)).code == "mode"


def test_an_event_of_another_account_does_not_enter() -> None:
    assert refusal(body(account="acct_2")).code == "account"
    assert given(body(account="acct_1")).object_id == "in_1"


def test_before_the_first_ping_the_account_is_not_judged() -> None:
    raw = body(livemode=True)
    header = {"stripe-signature": f"t={NOW},v1={signature(raw)}"}
    assert verify(raw, header, [SECRET], None, NOW).object_id == "in_1"


@pytest.mark.parametrize("version", ["2025-02-24.acacia", "2026-10-28.endive"])
def test_what_the_shop_signs_is_genuine_in_both_shapes(bench: Bench, version: str) -> None:
    endpoint = bench.shop.create_endpoint("http://127.0.0.1:1/", api_version=version)
    invoice = bench.invoice()
    bench.shop.pay(invoice["id"])
    for delivery in bench.shop.deliveries():
        _, raw, headers = bench.shop.signed(delivery["id"])
        named = {name.lower(): value for name, value in headers.items()}
        hint = verify(raw, named, [endpoint["secret"]], TEST, bench.now.timestamp())
        assert hint.event_id == delivery["event"]
        assert hint.extra["api_version"] == version
