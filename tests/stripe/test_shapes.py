"""Answers that are not Stripe's, or not whole: always an error of ours, never a surprise."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.base import Access, Hint, Response
from connectors.errors import ConnectorError
from connectors.stripe import SYSTEM, Credentials, Stripe
from tests.stripe.bench import NoSessions

BODIES = [
    b"",
    b"[]",
    b"null",
    b'"text"',
    b"17",
    b"{}",
    b"\xff",
    b"<html>",
    b"[" * 100_000,
    b'{"data": null}',
    b'{"object": "list", "data": {}}',
    b'{"object": "list", "data": [1]}',
    b'{"object": "list", "data": [null]}',
    b'{"object": "list", "data": [{}], "has_more": true}',
    b'{"object": "list", "data": [{"object": "event", "id": 7}], "has_more": true}',
    b'{"object": "list", "data": [{"object": "customer", "id": "cus_1"}]}',
    b'{"object": "customer"}',
    b'{"id": "x"}',
    b'{"object": "invoice", "id": "in_1"}',
    b'{"object": "invoice_payment", "id": "inpay_1"}',
    b'{"error": "text"}',
    b'{"error": null}',
    b'{"error": {}}',
    b'{"error": {"type": 7, "code": ["a"], "message": {}}}',
]
ASKED: list[Callable[[Stripe], Any]] = [
    lambda source: source.poll("customers", "", datetime.now(UTC)),
    lambda source: source.poll("events", "", datetime.now(UTC)),
    lambda source: source.load("invoice", "in_1"),
    lambda source: source.load("payment", "inpay_1"),
    lambda source: source.load("refund", "re_1"),
    lambda source: source.facts(Hint("evt_1", "charge.succeeded", "ch_1", datetime.now(UTC))),
]


@dataclass(frozen=True)
class Same:
    """Answers the same to everything."""

    answer: Response

    def request(self, *asked: Any, **how: Any) -> Response:
        return self.answer


def source(status: int, body: bytes) -> Stripe:
    wire = Same(Response(status, {}, body))
    made: Stripe = SYSTEM.connect(Access(Credentials("sk_test_a"), wire, NoSessions(), {"lag_seconds": 0}))
    return made


@pytest.mark.parametrize("status", [200, 400, 401, 403, 409, 424, 429, 500, 503])
@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_an_answer_that_cannot_be_right_is_an_error_of_ours(status: int, body: bytes) -> None:
    for ask in ASKED:
        with pytest.raises(ConnectorError):
            ask(source(status, body))


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_the_examination_says_so_too(body: bytes) -> None:
    assert all(check.outcome in ("ok", "failed", "not_checkable", "warning") for check in source(200, body).examine())
