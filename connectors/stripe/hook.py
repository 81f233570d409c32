"""How a delivery of Stripe is told genuine. https://docs.stripe.com/webhooks/signature

The SDK judges the age by the clock of this moment; a delivery that was kept apart is judged at the time it arrived.
It also lets `t` lie in the future, and answers odd input with five kinds of exception. Hence these few lines.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.base import Account, Hint, Untrusted
from connectors.errors import Malformed

TOLERANCE = 300  # seconds, both ways; each attempt of Stripe's has a fresh time
HEADER = "stripe-signature"
MOMENT = re.compile(r"[0-9]{1,12}")
SIGNATURE = re.compile(r"[0-9a-f]{64}")  # Stripe writes lower case
NAME = re.compile(r"[!-~]{1,255}")
LATEST = 253_402_300_799  # the last second a datetime can hold


@dataclass(frozen=True)
class Signed:
    at: int
    signatures: tuple[str, ...]


def verify(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[str], account: Account | None, now: float
) -> Hint:
    """The hint of a genuine event. Raises Untrusted or Malformed, nothing else."""
    signed = _signed(headers.get(HEADER, ""))
    if not any(_fits(body, signed, secret) for secret in secrets if secret):
        raise Untrusted(
            "No secret of this connection fits the signature.",
            code="signature",
            cure="Compare the signing secret of the endpoint in Stripe with the one entered here.",
        )
    if abs(now - signed.at) > TOLERANCE:
        raise Untrusted(
            f"The delivery was signed {abs(now - signed.at):.0f} seconds away from our clock.",
            code="age",
            cure="Check the clock of this server; Stripe itself signs every attempt anew.",
        )
    event = _event(body)
    _belongs(event, account)
    return _hint(event)


def _signed(header: str) -> Signed:
    pairs = [part.partition("=")[::2] for part in header.split(",")]
    moments = [value for name, value in pairs if name == "t"]
    if len(moments) != 1 or not MOMENT.fullmatch(moments[0]):
        raise Untrusted("The signature header has no time.", code="signature", field=HEADER)
    # Other schemes (v0) are no signatures. https://docs.stripe.com/webhooks/signature
    return Signed(int(moments[0]), tuple(v for name, v in pairs if name == "v1" and SIGNATURE.fullmatch(v)))


def _fits(body: bytes, signed: Signed, secret: str) -> bool:
    expected = hmac.new(secret.encode(), f"{signed.at}.".encode() + body, hashlib.sha256).hexdigest()
    return any(hmac.compare_digest(expected, given) for given in signed.signatures)


def _event(body: bytes) -> dict[str, Any]:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed("body", "is not JSON") from error
    if not isinstance(event, dict):
        raise Malformed("body", "is not an object")
    if event.get("object") == "v2.core.event":
        raise Malformed("object", "is a thin event; set the event destination to snapshot payloads")
    return event


def _belongs(event: dict[str, Any], account: Account | None) -> None:
    livemode = event.get("livemode")
    if not isinstance(livemode, bool):
        raise Malformed("livemode", "is missing")
    if account is None:
        return
    if livemode != (account.mode == "live"):
        raise Untrusted(
            f"A {'live' if livemode else 'test'} event came to a {account.mode} connection.",
            code="mode",
            cure="Point the endpoint of this mode at the connection of the same mode.",
        )
    if event.get("account") not in (None, account.id):
        raise Untrusted(
            "The event belongs to another account.",
            code="account",
            cure="Events of connected accounts need a connection of their own.",
        )


def _hint(event: dict[str, Any]) -> Hint:
    data = event.get("data")
    thing = data.get("object") if isinstance(data, dict) else None
    if not isinstance(thing, dict):
        raise Malformed("data.object", "is missing")
    return Hint(
        event_id=_name(event.get("id"), "id"),
        type=_name(event.get("type"), "type"),
        # A preview (invoice.upcoming) has no id; no flow reads it.
        object_id=_name(thing["id"], "data.object.id") if "id" in thing else "",
        created=_moment(event.get("created")),
        extra={"api_version": str(event.get("api_version") or "")[:64]},
    )


def _name(value: Any, field: str) -> str:
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise Malformed(field, "is not a name")
    return value


def _moment(value: Any) -> datetime:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LATEST:
        raise Malformed("created", "is not a time")
    return datetime.fromtimestamp(value, UTC)
