"""The official SDK over the host's wire: HTTP Basic on every request, no telemetry, no retries, no notices."""

import base64
import logging
from collections.abc import Mapping
from typing import Any

import httpx
import stripe

from connectors.base import Announce, Wire
from connectors.stripe.shapes import legible

# At DEBUG the SDK logs whole requests and answers: customers' data.
logging.getLogger("stripe").setLevel(logging.WARNING)
# Otherwise the SDK writes a lasting random id into the home directory and sends it along.
stripe.enable_telemetry = False

# The SDK describes the machine it runs on and whatever tool started it; Stripe needs neither.
CHATTER = ("x-stripe-client-user-agent", "x-stripe-client-telemetry")


class BasicOverWire(stripe.HTTPClient):
    """Hands each request of the SDK to `Wire`. Whatever the wire raises passes through the SDK unchanged."""

    name = "wire"

    def __init__(self, wire: Wire, seconds: float, announce: Announce | None = None) -> None:
        """`announce`: for a write."""
        super().__init__()
        self._wire = wire
        self._seconds = seconds
        self._announce = announce

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[Any, int, Mapping[str, str]]:
        answer = self._wire.request(
            method.upper(),
            url,
            headers=_outgoing(headers or {}),
            content=_body(post_data),
            seconds=self._seconds,
            announce=self._announce,
        )
        legible(answer, write=self._announce is not None)  # the SDK would fail on it in five different ways
        return answer.body, answer.status, _incoming(answer.headers)

    def close(self) -> None:
        pass  # the wire is the host's


def _outgoing(headers: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in headers.items() if name.lower() not in CHATTER}
    kept["User-Agent"] = f"ml-connector stripe-python/{stripe.VERSION}"
    kept["Authorization"] = _basic(kept["Authorization"])
    return kept


def _basic(bearer: str) -> str:
    # The SDK knows only Bearer. The key is the user name, the password is empty.
    # https://docs.stripe.com/api/authentication
    scheme, _, key = bearer.partition(" ")
    assert scheme == "Bearer"
    assert key
    assert ":" not in key
    return "Basic " + base64.b64encode(f"{key}:".encode("ascii")).decode("ascii")


def _body(post_data: Any) -> bytes:
    return post_data.encode() if isinstance(post_data, str) else post_data or b""


def _incoming(headers: Mapping[str, str]) -> Mapping[str, str]:
    # The SDK asks for `Request-Id` in capitals and turns `Stripe-Notice` into a Python warning.
    return httpx.Headers({name: value for name, value in headers.items() if name.lower() != "stripe-notice"})
