"""The examination of a connection to Stripe: reach, sign-in, mode, clock, rights, webhook endpoint."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from connectors.base import Account, Check, Json
from connectors.errors import ConnectorError, Denied
from connectors.stripe.client import API_VERSION, Client, Head, Listing
from connectors.stripe.endpoint import leading_to, wrong_with
from connectors.stripe.reading import READERS

CLOCK_SKEW = 60.0  # seconds


@dataclass(frozen=True)
class Right:
    """A resource that flows read, and the permission of a restricted key that opens it."""

    key: str
    permission: str
    listing: Callable[[Client], Listing]


# https://docs.stripe.com/keys/restricted-api-keys
RIGHTS = (
    Right("customers", "rak_customer_read", lambda c: c.v1.customers.list),
    Right("invoices", "rak_invoice_read", lambda c: c.v1.invoices.list),
    Right("invoice payments", "rak_invoice_read", lambda c: c.v1.invoice_payments.list),
    Right("credit notes", "rak_credit_note_read", lambda c: c.v1.credit_notes.list),
    Right("charges", "rak_charge_read", lambda c: c.v1.charges.list),
    Right("refunds", "rak_charge_read", lambda c: c.v1.refunds.list),
    Right("balance transactions", "rak_balance_transaction_source_read", lambda c: c.v1.balance_transactions.list),
    Right("events", "rak_event_read", lambda c: c.v1.events.list),
    Right("products", "rak_product_read", lambda c: c.v1.products.list),
    Right("tax rates", "rak_tax_rate_read", lambda c: c.v1.tax_rates.list),
)


def examine(client: Client, key: str, identify: Callable[[], Account], hook: str = "") -> Iterator[Check]:
    """`key`: the secret key, of which only the prefix is looked at. `hook`: our address for webhooks, where known."""
    try:
        head = _head(client)
    except ConnectorError as error:
        yield from _unreached(error)
        return
    yield Check("reach", "reach", "Stripe answers", "ok")
    yield Check("sign-in", "key", "The key is accepted", "ok")
    yield _mode(key, head.rows)
    yield _clock(head.date)
    yield _account(identify)
    yield from (_right(client, right) for right in RIGHTS)
    yield from _endpoints(client, hook)


def _head(client: Client) -> Head:
    try:
        return client.head()
    except Denied as error:
        if error.code != "denied.right":
            raise
        return Head((), "")  # Stripe knows the key; the missing right is named further down


def _unreached(error: ConnectorError) -> Iterator[Check]:
    if not isinstance(error, Denied):
        yield Check("reach", "reach", "Stripe answers", "failed", error.said, error.cure or "Try again later.")
        return
    yield Check("reach", "reach", "Stripe answers", "ok")
    yield Check("sign-in", "key", "The key is accepted", "failed", error.said, error.cure)


def _mode(key: str, rows: Sequence[Json]) -> Check:
    live = "_live_" in key
    told = {row["livemode"] for row in rows if isinstance(row.get("livemode"), bool)}
    said = "live" if live else "test"
    if told and told != {live}:
        return Check(
            "sign-in", "mode", "Mode", "failed", "The objects are of the other mode.", "Enter a key of the right mode."
        )
    return Check("sign-in", "mode", "Mode", "ok", said)


def _clock(date: str) -> Check:
    try:
        skew = abs(parsedate_to_datetime(date).timestamp() - time.time())
    except ValueError:
        return Check("settings", "clock", "Our clock", "not_checkable", "Stripe's answer had no date.")
    if skew > CLOCK_SKEW:
        return Check(
            "settings",
            "clock",
            "Our clock",
            "failed",
            f"It is {skew:.0f} seconds away from Stripe's.",
            "Set the clock of this server; deliveries are refused by their age.",
        )
    return Check("settings", "clock", "Our clock", "ok")


def _account(identify: Callable[[], Account]) -> Check:
    try:
        account = identify()
    except ConnectorError as error:
        return Check("sign-in", "account", "Account", "failed", error.said, error.cure)
    return Check("sign-in", "account", "Account", "ok", f"{account.id} {account.label}".strip())


def _right(client: Client, right: Right) -> Check:
    label = f"Read {right.key}"
    try:
        client.page(right.listing(client), {"limit": 1})
    except Denied as error:
        named = error.value or right.permission
        return Check("rights", right.key, label, "failed", error.said, f"Give the restricted key {named} in Stripe.")
    except ConnectorError as error:
        return Check("rights", right.key, label, "not_checkable", error.said, error.cure)
    return Check("rights", right.key, label, "ok")


def _endpoints(client: Client, hook: str) -> Iterator[Check]:
    """Which events reach us can be told only by a key that may read endpoints (rak_webhook_read). Of an account with
    endpoints for others, those that lead to our hook."""
    label = "Webhook endpoint"
    try:
        rows = client.webhook_endpoints()
    except ConnectorError as error:
        cure = "Changes are found by polling all the same." if isinstance(error, Denied) else ""
        yield Check("settings", "webhook", label, "not_checkable", error.said, cure)
        return
    ours = leading_to(rows, hook) if hook else rows
    if not ours:
        said = "None leads here; changes are found by polling only."
        cure = "Press Set up the webhook, or make one in Stripe with the address and the events shown here."
        yield Check("settings", "webhook", label, "warning", said, cure)
    if hook and len(ours) > 1:
        said = f"{len(ours)} lead here, so that everything comes {len(ours)} times; nothing is booked twice by it."
        yield Check("settings", "webhook", label, "warning", said, "Delete all but one in Stripe.")
    yield from (_endpoint(row, hook) for row in ours)


def _endpoint(row: Json, hook: str) -> Check:
    key, label = f"webhook {row['id']}", f"Webhook endpoint {row['id']}"
    if wrong := list(wrong_with(row, hook)):
        said = "; ".join(wrong)
        cure = "Press Set up the webhook, or change it in Stripe."
        return Check("settings", key, label, "warning", f"{said[0].upper()}{said[1:]}.", cure)
    return Check("settings", key, label, "ok", f"It sends all {len(READERS)} kinds of events, {_version(row)}.")


def _version(row: Json) -> str:
    """A version is harmless: events are hints, the objects are read again in ours."""
    theirs = row.get("api_version")
    if theirs == API_VERSION:
        return f"in version {theirs}, which is ours"
    said = f"in version {theirs}" if theirs else "in the account's default version"
    return f"{said}; what they tell of is read again in ours, {API_VERSION}"
