"""The wire to one Stripe account: what is read, each named for what it answers; and the webhook endpoint. Plain JSON.

The API version is pinned: answers come in this shape whatever the account's default is.
https://docs.stripe.com/api/versioning
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import stripe

from connectors.base import Access, Announce, Json
from connectors.errors import Malformed, Refused
from connectors.stripe import said
from connectors.stripe.shapes import shaped
from connectors.stripe.transport import BasicOverWire

API_VERSION = "2026-10-28.endive"
# The last version in which a charge names its invoice; the newer ones have no way back from a charge without intent.
WITH_CHARGE_INVOICE = "2025-02-24.acacia"
PAGE = 100

Listing = Callable[[Any], Any]
"""A list call of the SDK that takes the parameters of one page."""


GONE = frozenset({"stripe.resource_missing", "stripe.404"})


@dataclass(frozen=True)
class Head:
    rows: tuple[Json, ...]
    date: str


class Client:
    """Safe for several threads. Raises ConnectorError only. Never retries: the engine does."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self.v1 = self._sdk().v1

    def _sdk(self, announce: Announce | None = None) -> stripe.StripeClient:
        """With `announce` for one write."""
        base = self._access.credentials.api_base.rstrip("/")
        name, usual = ("write_seconds", 60.0) if announce else ("read_seconds", 25.0)
        seconds = float(self._access.settings.get(name, usual))
        return stripe.StripeClient(
            self._access.credentials.secret_key,
            http_client=BasicOverWire(self._access.wire, seconds, announce),
            base_addresses={"api": base, "connect": base, "files": base, "meter_events": base},
            stripe_version=API_VERSION,
            max_network_retries=0,
        )

    # --- shapes -------------------------------------------------------------------------------------------------------

    def one(self, call: Callable[[], Any]) -> Json:
        try:
            return shaped(plain(call()))
        except stripe.StripeError as error:
            raise said.meaning(error) from None

    def maybe(self, call: Callable[[], Any]) -> Json | None:
        """None where Stripe does not hold the object (any more)."""
        try:
            return self.one(call)
        except Refused as error:
            if error.code in GONE:
                return None
            raise

    def page(self, listing: Listing, params: Json) -> tuple[list[Json], bool]:
        """One page and whether more follow. A page that says so without a row to go on from is not believed."""
        answer = self.one(lambda: listing(params))
        rows: list[Json] = answer.get("data") or []
        if answer.get("object") != "list" or (answer.get("has_more") and not rows):
            raise Malformed("data", "a page of a list is missing its rows")
        return rows, bool(answer.get("has_more"))

    def every(self, listing: Listing, **params: Any) -> Iterator[Json]:
        """All rows over all pages. The filters go with every page."""
        after: Json = {}
        while True:
            rows, more = self.page(listing, {"limit": PAGE, **params, **after})
            yield from rows
            if not more:
                return
            if after.get("starting_after") == rows[-1]["id"]:
                raise Malformed("data", "the same page of a list came twice")
            after = {"starting_after": rows[-1]["id"]}

    # https://docs.stripe.com/api/customers/list
    def head(self) -> Head:
        """The cheapest read there is: whether the key works, in which mode, and Stripe's clock."""
        try:
            answer = self.v1.customers.list({"limit": 1})
        except stripe.StripeError as error:
            raise said.meaning(error) from None
        response = answer.last_response
        return Head(tuple(shaped(plain(answer)).get("data", ())), response.headers.get("date", "") if response else "")

    # --- reads --------------------------------------------------------------------------------------------------------

    # https://docs.stripe.com/api/accounts/retrieve
    def account(self) -> Json:
        return self.one(self.v1.accounts.retrieve_current)

    # https://docs.stripe.com/api/customers/retrieve (a deleted one answers as a stub)
    def customer(self, id: str) -> Json | None:
        return self.maybe(lambda: self.v1.customers.retrieve(id))

    # https://docs.stripe.com/api/invoices/list
    def invoices_of_customer(self, customer: str, limit: int) -> list[Json]:
        rows, _ = self.page(self.v1.invoices.list, {"customer": customer, "limit": limit})
        return [row for row in rows if id_of(row.get("customer")) == customer]

    # https://docs.stripe.com/api/invoices/retrieve
    def invoice(self, id: str) -> Json | None:
        params: Any = {"expand": ["customer", "shipping_cost.taxes"]}
        return self.maybe(lambda: self.v1.invoices.retrieve(id, params))

    # https://docs.stripe.com/api/invoice-line-item/list (the invoice itself holds the first page only)
    def invoice_lines(self, invoice: Json) -> list[Json]:
        first = invoice.get("lines") or {}
        if first.get("data") is not None and not first.get("has_more"):
            return list(first["data"])
        return list(self.every(lambda params: self.v1.invoices.line_items.list(invoice["id"], params)))

    # https://docs.stripe.com/api/invoice-payment/retrieve
    def invoice_payment(self, id: str) -> Json | None:
        return self.maybe(lambda: self.v1.invoice_payments.retrieve(id))

    # https://docs.stripe.com/api/invoice-payment/list
    def payments_of_invoice(self, invoice: str) -> list[Json]:
        rows = self.every(self.v1.invoice_payments.list, invoice=invoice)
        return [row for row in rows if id_of(row["invoice"]) == invoice]

    # https://docs.stripe.com/api/invoice-payment/list
    def payments_of_intent(self, intent: str) -> list[Json]:
        rows = self.every(self.v1.invoice_payments.list, payment={"type": "payment_intent", "payment_intent": intent})
        return [row for row in rows if id_of(row["payment"].get("payment_intent")) == intent]

    # https://docs.stripe.com/api/charges/retrieve
    def charge(self, id: str) -> Json | None:
        return self.maybe(lambda: self.v1.charges.retrieve(id))

    # https://docs.stripe.com/upgrades#api-versions: `charge.invoice` ended with the version after this one.
    def invoice_of_charge(self, charge: str) -> str:
        old = self.maybe(lambda: self.v1.charges.retrieve(charge, None, {"stripe_version": WITH_CHARGE_INVOICE}))
        return id_of((old or {}).get("invoice"))

    # https://docs.stripe.com/api/charges/list
    def charges_of_intent(self, intent: str) -> list[Json]:
        rows = self.every(self.v1.charges.list, payment_intent=intent)
        return [row for row in rows if id_of(row.get("payment_intent")) == intent]

    # https://docs.stripe.com/api/refunds/retrieve
    def refund(self, id: str) -> Json | None:
        return self.maybe(lambda: self.v1.refunds.retrieve(id))

    # https://docs.stripe.com/api/refunds/list
    def refunds_of_charge(self, charge: str) -> list[Json]:
        rows = self.every(self.v1.refunds.list, charge=charge)
        return [row for row in rows if id_of(row.get("charge")) == charge]

    # https://docs.stripe.com/api/credit_notes/list
    def credit_notes_of_invoice(self, invoice: str) -> list[Json]:
        rows = self.every(self.v1.credit_notes.list, invoice=invoice)
        return [row for row in rows if id_of(row["invoice"]) == invoice]

    # https://docs.stripe.com/api/credit_notes/retrieve
    def credit_note(self, id: str) -> Json | None:
        return self.maybe(lambda: self.v1.credit_notes.retrieve(id))

    # https://docs.stripe.com/api/credit_notes/lines (the note itself holds the first page only)
    def credit_note_lines(self, note: Json) -> list[Json]:
        first = note.get("lines") or {}
        if first.get("data") is not None and not first.get("has_more"):
            return list(first["data"])
        return list(self.every(lambda params: self.v1.credit_notes.line_items.list(note["id"], params)))

    # https://docs.stripe.com/api/customer_balance_transactions/list
    def customer_balance_rows(self, customer: str) -> list[Json]:
        """The history of a customer's balance, oldest first; nothing of a customer who is gone."""
        try:
            rows = list(self.every(lambda params: self.v1.customers.balance_transactions.list(customer, params)))
        except Refused as error:
            if error.code not in GONE:
                raise
            rows = []
        return rows[::-1]  # the list is in order below a second too, the newest first

    # https://docs.stripe.com/api/balance_transactions/retrieve
    def balance_row(self, id: str) -> Json | None:
        return self.maybe(lambda: self.v1.balance_transactions.retrieve(id))

    # https://docs.stripe.com/api/balance_transactions/list
    def balance_rows_of(self, source: str) -> list[Json]:
        rows = self.every(self.v1.balance_transactions.list, source=source)
        return [row for row in rows if id_of(row.get("source")) == source]

    # https://docs.stripe.com/api/webhook_endpoints/list
    def webhook_endpoints(self) -> list[Json]:
        return list(self.every(self.v1.webhook_endpoints.list))

    # https://docs.stripe.com/api/products/retrieve
    def product(self, id: str) -> Json | None:
        return self.maybe(lambda: self.v1.products.retrieve(id))

    # https://docs.stripe.com/api/tax_rates/retrieve
    def tax_rate(self, id: str) -> Json | None:
        return self.maybe(lambda: self.v1.tax_rates.retrieve(id))

    # --- writes -------------------------------------------------------------------------------------------------------

    def written(self, announce: Announce, call: Callable[[Any], Any]) -> Json:
        """One write, sent once. Whatever is not a definite answer is raised as unclear."""
        try:
            return shaped(plain(call(self._sdk(announce).v1)))
        except stripe.StripeError as error:
            raise said.meaning(error, sent=True) from None

    # https://docs.stripe.com/api/webhook_endpoints/create (the answer alone tells the secret)
    def make_webhook_endpoint(self, params: Any, announce: Announce) -> Json:
        return self.written(announce, lambda v1: v1.webhook_endpoints.create(params))

    # https://docs.stripe.com/api/webhook_endpoints/update
    def change_webhook_endpoint(self, id: str, params: Any, announce: Announce) -> Json:
        return self.written(announce, lambda v1: v1.webhook_endpoints.update(id, params))

    # https://docs.stripe.com/api/webhook_endpoints/delete
    def delete_webhook_endpoint(self, id: str, announce: Announce) -> Json:
        return self.written(announce, lambda v1: v1.webhook_endpoints.delete(id))


def plain(answer: Any) -> Json:
    """The SDK's object as JSON. Decimal fields become text."""
    made: Json = answer.to_dict(for_json=True)
    return made


def id_of(value: Any) -> str:
    """The id of a field that may hold an id, the whole object, or nothing."""
    if isinstance(value, dict):
        return str(value.get("id") or "")
    return str(value or "")


def when(seconds: Any) -> int:
    """Stripe's seconds, 0 where it sent none."""
    return int(seconds or 0)
