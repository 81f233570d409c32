"""What webhooks may have missed: windows over the event list and over the objects themselves.

A window is half open, ends a little before now and overlaps the one before: lists know no order below a second and may
show a row late. The cursor is JSON: the second up to which all is read (`done`), and of a window under way its bounds,
the lists still to be read and the last id of the page before. It moves with each page that the host has stored.
https://docs.stripe.com/api/pagination
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from connectors.base import Fact, Json, Page
from connectors.stripe import reading
from connectors.stripe.client import Client, Listing, id_of

OVERLAP = 600
LAG = 60
EVENTS_KEPT = int(timedelta(days=30).total_seconds())  # https://docs.stripe.com/api/events
TYPES = 20  # the events list takes no more types at once
ROWS = 100
ROWS_READ_AGAIN = 25  # lists whose every row costs further requests


@dataclass(frozen=True)
class Cursor:
    done: int | None = None
    start: int = 0
    end: int = 0
    legs: tuple[str, ...] = ()
    after: str = ""

    @staticmethod
    def read(text: str) -> "Cursor":
        stored: Json = json.loads(text) if text else {}
        return Cursor(**{**stored, "legs": tuple(stored.get("legs", ()))})

    def write(self) -> str:
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Leg:
    """One list to read through: how a page is asked for and what its rows tell."""

    listing: Callable[[Client], Listing]
    params: Callable[[Cursor], Json]
    facts: Callable[[Client, Sequence[Json]], list[Fact]]
    rows: int = ROWS


def poll(client: Client, settings: Any, feed: str, text: str, now: datetime) -> Page:
    cursor = Cursor.read(text)
    if not cursor.legs:
        cursor = _window(cursor, settings, feed, int(now.timestamp()))
    if cursor.end <= (cursor.done or cursor.start):
        return Page((), replace(cursor, legs=(), after="").write(), more=False)
    leg = LEGS[cursor.legs[0]]
    rows, _ = client.page(leg.listing(client), _params(leg, cursor, settings))
    # Only an empty page ends a list: a page that was cut on its way may say of itself that it is the last.
    then = replace(cursor, after=rows[-1]["id"]) if rows else _next(cursor)
    return Page(_distinct(leg.facts(client, rows)), then.write(), more=bool(then.legs))


def _window(cursor: Cursor, settings: Any, feed: str, now: int) -> Cursor:
    end = now - int(settings.get("lag_seconds", LAG))
    overlap = int(settings.get("overlap_seconds", OVERLAP))
    if feed == "events":
        return _events_window(cursor, end, overlap, oldest=now - EVENTS_KEPT)
    start = 0 if cursor.done is None else cursor.done - overlap
    return replace(cursor, start=max(0, start), end=end, legs=FEEDS[feed], after="")


def _events_window(cursor: Cursor, end: int, overlap: int, oldest: int) -> Cursor:
    """Events are kept for 30 days; after a longer silence the objects themselves are listed."""
    # The other feeds start at the beginning; this one need not.
    start = oldest if cursor.done is None else cursor.done - overlap
    legs = EVENTS if start >= oldest else AFTER_SILENCE
    return replace(cursor, start=max(0, start), end=end, legs=legs, after="")


def _next(cursor: Cursor) -> Cursor:
    left = cursor.legs[1:]
    return replace(cursor, legs=left, after="", done=cursor.done if left else cursor.end)


def _params(leg: Leg, cursor: Cursor, settings: Any) -> Json:
    asked = {"limit": min(leg.rows, int(settings.get("page_rows", leg.rows))), **leg.params(cursor)}
    return {**asked, "starting_after": cursor.after} if cursor.after else asked


def _distinct(facts: list[Fact]) -> tuple[Fact, ...]:
    return tuple(dict.fromkeys(facts))


# --- the lists --------------------------------------------------------------------------------------------------------


def _in_window(cursor: Cursor) -> Json:
    # `gte` and `lt`, never `gt`: many rows share a second.
    return {"created": {"gte": cursor.start, "lt": cursor.end}}


def _event_params(part: int) -> Callable[[Cursor], Json]:
    types = sorted(reading.READERS)[part * TYPES : (part + 1) * TYPES]
    return lambda cursor: {**_in_window(cursor), "types": types}


def _before_end(cursor: Cursor) -> Json:
    return {"created": {"lt": cursor.end}}


def _open_before_window(cursor: Cursor) -> Json:
    # A draft of before the window may have been finalized inside it.
    return {"created": {"lt": cursor.start}, "status": "open", "expand": ["data.customer"]}


def _ended_before_window(status: str) -> Callable[[Cursor], Json]:
    # No list tells when an invoice was voided or written off.
    return lambda cursor: {"created": {"lt": cursor.start}, "status": status, "expand": ["data.customer"]}


def _invoice_params(cursor: Cursor) -> Json:
    return {**_in_window(cursor), "expand": ["data.customer"]}


def _balance_params(cursor: Cursor) -> Json:
    return {**_in_window(cursor), "expand": ["data.source"]}


def _event_facts(client: Client, rows: Sequence[Json]) -> list[Fact]:
    """Each object is read once however many events of the page name it."""
    wanted = {(reading.READERS[row["type"]], _object_of(row)): int(row["created"]) for row in rows if _is_read(row)}
    return [fact for (read, key), seen in wanted.items() for fact in read(client, key, seen) or ()]


def _is_read(row: Json) -> bool:
    return row["type"] in reading.READERS and bool(_object_of(row))


def _object_of(row: Json) -> str:
    return id_of((row.get("data") or {}).get("object"))


def _customer_facts(client: Client, rows: Sequence[Json]) -> list[Fact]:
    return [reading.of_customer(row) for row in rows]


def _customer_and_balance_facts(client: Client, rows: Sequence[Json]) -> list[Fact]:
    return [
        fact
        for row in rows
        for fact in (reading.of_customer(row), *reading.of_balance(row["id"], client.customer_balance_rows(row["id"])))
    ]


def _invoice_facts(client: Client, rows: Sequence[Json]) -> list[Fact]:
    return [fact for row in rows for fact in reading.facts_of_invoice(client, row)]


def _payment_facts(client: Client, rows: Sequence[Json]) -> list[Fact]:
    """An InvoicePayment is made at finalization and paid much later, so its own list cannot be read by window. The
    balance row is written when the money moves.
    """
    moved = [row["source"] for row in rows if row.get("reporting_category") in CHARGES and row.get("source")]
    return [fact for charge in moved for fact in _facts_of_charge(client, charge)]


def _facts_of_charge(client: Client, source: Any) -> list[Fact]:
    charge = source if isinstance(source, dict) else client.charge(source)
    return reading.facts_of_charge(client, charge) if charge else []


def _note_facts(client: Client, rows: Sequence[Json]) -> list[Fact]:
    return [fact for row in rows for fact in reading.of_credit_note(client, row)]


def _refund_facts(client: Client, rows: Sequence[Json]) -> list[Fact]:
    return [fact for row in rows for fact in reading.of_refund(client, row)]


CHARGES = ("charge", "charge_failure")
LEGS = {
    "events": Leg(lambda c: c.v1.events.list, _event_params(0), _event_facts, ROWS_READ_AGAIN),
    "more_events": Leg(lambda c: c.v1.events.list, _event_params(1), _event_facts, ROWS_READ_AGAIN),
    "customers": Leg(lambda c: c.v1.customers.list, _in_window, _customer_facts),
    "customers_ever": Leg(lambda c: c.v1.customers.list, _before_end, _customer_and_balance_facts, ROWS_READ_AGAIN),
    "invoices": Leg(lambda c: c.v1.invoices.list, _invoice_params, _invoice_facts),
    "open_invoices": Leg(lambda c: c.v1.invoices.list, _open_before_window, _invoice_facts),
    "payments": Leg(lambda c: c.v1.balance_transactions.list, _balance_params, _payment_facts, ROWS_READ_AGAIN),
    "refunds": Leg(lambda c: c.v1.refunds.list, _in_window, _refund_facts, ROWS_READ_AGAIN),
    "credit_notes": Leg(lambda c: c.v1.credit_notes.list, _in_window, _note_facts, ROWS_READ_AGAIN),
    "void_invoices": Leg(lambda c: c.v1.invoices.list, _ended_before_window("void"), _invoice_facts),
    "uncollectible_invoices": Leg(lambda c: c.v1.invoices.list, _ended_before_window("uncollectible"), _invoice_facts),
}
EVENTS = ("events", "more_events")
assert len(reading.READERS) <= TYPES * len(EVENTS)
FEEDS: dict[str, tuple[str, ...]] = {
    "customers": ("customers",),
    "invoices": ("invoices", "open_invoices"),
    "payments": ("payments",),
    "refunds": ("refunds",),
    "credit_notes": ("credit_notes",),
}
# Customers have no window then: which of them changed meanwhile, no list tells.
AFTER_SILENCE = (
    "customers_ever",
    "invoices",
    "open_invoices",
    "void_invoices",
    "uncollectible_invoices",
    "payments",
    "refunds",
    "credit_notes",
)
