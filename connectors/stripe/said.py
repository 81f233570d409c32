"""What Stripe answers, in our words: structured code first, status next, never the wording.

https://docs.stripe.com/api/errors, https://docs.stripe.com/rate-limits
"""

import random
import re

import stripe

from connectors.errors import ConnectorError, Denied, Malformed, Refused, Throttled, Unavailable

# Seconds. Stripe sends no Retry-After; a full concurrency clears sooner than a rate window.
PAUSES = {
    "global-rate": 2.0,
    "endpoint-rate": 2.0,
    "global-concurrency": 1.0,
    "endpoint-concurrency": 1.0,
    "resource-specific": 10.0,
}
LOCKED = 1.0
RIGHT = re.compile(r"\brak_[a-z_]+\b")

CURES = {
    "api_key_expired": "The key has expired. Make a new one in Stripe under Developers, API keys, and enter it here.",
    "secret_key_required": "This is a publishable key. Enter a restricted or secret key (rk_… or sk_…).",
    "livemode_mismatch": "The key belongs to the other mode. Enter a key of the mode this connection was made for.",
    "testmode_charges_only": "The account is not activated for live mode. Complete its activation in Stripe.",
    "platform_api_key_expired": "The platform's key has expired. Enter a new one.",
}


def meaning(error: stripe.StripeError, *, sent: bool = False) -> ConnectorError:
    """The error for the next step. `sent`: the request may have changed something (a write without a clear answer)."""
    status = error.http_status or 0
    if status == 429:
        return _throttled(error)
    if status == 401:
        return _denied(
            error, "Stripe does not accept the key.", "Enter a valid key; it may have been revoked or rolled."
        )
    if status == 403:
        return _forbidden(error)
    if status in (400, 402, 404):
        return _refused(error, status)
    if status == 200:
        return Malformed("body", f"Stripe's answer is not JSON{_reference(error)}")
    return Unavailable(f"Stripe answered {status or 'nothing'}{_reference(error)}.", sent=sent)


def code_of(error: stripe.StripeError) -> str:
    """`.code` is filled on two SDK classes only; the body has it for all."""
    return str((error.error and getattr(error.error, "code", None)) or error.code or "")


def _throttled(error: stripe.StripeError) -> Throttled:
    headers = error.headers or {}
    reason = str(headers.get("stripe-rate-limited-reason") or "")
    # A 429 without a reason is no limiter: typically two writers on one object (lock_timeout).
    pause = PAUSES.get(reason, 2.0) if reason else LOCKED
    return Throttled(
        f"Stripe asked for a pause ({reason or code_of(error) or 'no reason given'}).",
        after=pause * random.uniform(0.75, 1.5),  # noqa: S311 — so that not all come back at once
        code=f"throttled.{reason}" if reason else "throttled.lock",
    )


def _denied(error: stripe.StripeError, said: str, cure: str) -> Denied:
    return Denied(said + _reference(error), code="denied.key", cure=CURES.get(code_of(error), cure))


def _forbidden(error: stripe.StripeError) -> Denied:
    found = RIGHT.search(str(error.user_message or ""))
    right = found.group(0) if found else ""
    return Denied(
        f"The key lacks a right{f' ({right})' if right else ''}{_reference(error)}.",
        code="denied.right",
        field="secret_key",
        value=right,
        cure=f"Give the restricted key {right or 'read access to this resource'} in Stripe, then press Ping.",
    )


def _refused(error: stripe.StripeError, status: int) -> ConnectorError:
    code = code_of(error)
    if code in CURES:
        return _denied(error, "Stripe does not accept the key.", "")
    return Refused(
        f"Stripe refused the request ({code or status}){_reference(error)}.",
        code=f"stripe.{code or status}",
        field=str(getattr(error, "param", None) or ""),
        cure="Check the object in Stripe's dashboard under the request id; then replay the record.",
    )


def _reference(error: stripe.StripeError) -> str:
    return f" [{error.request_id}]" if error.request_id else ""
