"""What happened in a window of time, however long ago: the lists of objects, read through for one stream after the
other. No list can be asked by the day on which an invoice was finalized, voided or paid, only by the one on which it
was made: each is read some way beyond the window, and what lies outside is left out before it costs a request.
"""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from connectors.base import Fact, Json, Sighting, Survey
from connectors.stripe import amounts, reading
from connectors.stripe.client import Client, Listing, when
from connectors.stripe.polling import ROWS, ROWS_READ_AGAIN

DRAFT = int(timedelta(days=45).total_seconds())
"""How long an invoice may have been a draft before it was finalized inside the window."""
SETTLING = int(timedelta(days=30).total_seconds())
"""How long after a charge its row of the balance may be written: bank debits take days."""


@dataclass(frozen=True)
class Place:
    """How far a window is read: its bounds in seconds, the lists that are left, the last id of the page before."""

    start: int
    end: int
    lists: tuple[str, ...]
    after: str = ""

    def holds(self, *seconds: Any) -> bool:
        """Whether any of these, 0 where there is none, lies in the window."""
        return any(self.start <= when(one) < self.end for one in seconds)


@dataclass(frozen=True)
class List:
    """`streams`: those whose facts it tells. No two lists tell the same fact."""

    streams: frozenset[str]
    listing: Callable[[Client], Listing]
    params: Callable[[Place], Json]
    sightings: Callable[[Client, Place, Sequence[Json]], list[Sighting]]
    rows: int = ROWS


def survey(
    client: Client, settings: Any, streams: Collection[str], since: datetime, until: datetime, cursor: str
) -> Survey:
    place = _place(streams, since, until, cursor)
    if not place.lists:
        return Survey((), cursor, more=False)
    of = LISTS[place.lists[0]]
    params = {"limit": min(of.rows, int(settings.get("page_rows", of.rows))), **of.params(place)}
    rows, _ = client.page(of.listing(client), {**params, **({"starting_after": place.after} if place.after else {})})
    # Only an empty page ends a list: a page that was cut on its way may say of itself that it is the last.
    then = replace(place, after=rows[-1]["id"]) if rows else replace(place, lists=place.lists[1:], after="")
    seen = [one for one in of.sightings(client, place, rows) if one.fact.stream in of.streams] if rows else []
    return Survey(tuple(seen), json.dumps(asdict(then)), more=bool(then.lists))


def _place(streams: Collection[str], since: datetime, until: datetime, cursor: str) -> Place:
    if cursor:
        stored: Json = json.loads(cursor)
        return Place(**{**stored, "lists": tuple(stored["lists"])})
    lists = tuple(name for name, of in LISTS.items() if of.streams & set(streams))
    return Place(int(since.timestamp()), int(until.timestamp()), lists)


def _money(fact: Fact, minor: Any, currency: Any) -> Sighting:
    """A fact with its money in minor units."""
    return Sighting(fact, amounts.decimal(int(minor or 0), currency), currency.upper())


# --- the lists --------------------------------------------------------------------------------------------------------


def _customers(client: Client, place: Place, rows: Sequence[Json]) -> list[Sighting]:
    return [Sighting(reading.of_customer(row)) for row in rows]


def _invoices(client: Client, place: Place, rows: Sequence[Json]) -> list[Sighting]:
    return [one for row in rows if _happened(place, row) for one in _of_invoice(client, row)]


def _happened(place: Place, invoice: Json) -> bool:
    """Written off at any time, it may have been paid inside the window."""
    became = invoice.get("status_transitions") or {}
    written_off = became.get("marked_uncollectible_at")
    return bool(written_off) or place.holds(reading.finalized_at(invoice), became.get("voided_at"))


def _of_invoice(client: Client, invoice: Json) -> list[Sighting]:
    whole, open_ = invoice["total"], invoice.get("amount_remaining")
    told = {"invoice": whole, "void": whole, "write_off": open_}
    return [
        _money(fact, told[fact.stream], invoice["currency"]) if fact.stream in told else Sighting(fact)
        for fact in reading.facts_of_invoice(client, invoice)
    ]


def _notes(client: Client, place: Place, rows: Sequence[Json]) -> list[Sighting]:
    fitting = [row for row in rows if place.holds(row.get("effective_at") or row["created"], row.get("voided_at"))]
    return [
        _money(fact, note["total"], note["currency"]) if fact.stream in NOTES_MONEY else Sighting(fact)
        for note in fitting
        for fact in reading.of_credit_note(client, note)
    ]


def _payments(client: Client, place: Place, rows: Sequence[Json]) -> list[Sighting]:
    """By the row of the balance that is written when the money comes. Its way back is told with it."""
    seen = []
    for row in rows:
        source = row.get("source")
        if row.get("reporting_category") != "charge" or not source:
            continue
        charge = source if isinstance(source, dict) else client.charge(source)
        if charge and place.holds(charge["created"]):
            seen += _of_charge(client, charge)
    return seen


def _of_charge(client: Client, charge: Json) -> list[Sighting]:
    """One charge may pay several invoices: its money is told with the first."""
    told: set[str] = set()
    seen = []
    for fact in reading.facts_of_charge(client, charge):
        first = fact.stream in CHARGE_MONEY and fact.stream not in told
        told.add(fact.stream)
        amount = charge.get("amount_captured") or charge["amount"]
        seen.append(_money(fact, amount, charge["currency"]) if first else Sighting(fact))
    return seen


def _refunds(client: Client, place: Place, rows: Sequence[Json]) -> list[Sighting]:
    return [
        _money(fact, row["amount"], row["currency"]) if fact.stream == "refund" else Sighting(fact)
        for row in rows
        for fact in reading.of_refund(client, row)
    ]


def _balances(client: Client, place: Place, rows: Sequence[Json]) -> list[Sighting]:
    seen = []
    for customer in rows:
        moves = [row for row in client.customer_balance_rows(customer["id"]) if place.holds(row["created"])]
        by_key = {f"{customer['id']}/{row['id']}": row for row in moves}
        for fact in reading.of_balance(customer["id"], moves):
            row = by_key[fact.key]
            seen.append(_money(fact, abs(row["amount"]), row["currency"]))
    return seen


def _inside(place: Place) -> Json:
    return {"created": {"gte": place.start, "lt": place.end}}


def _invoice_params(place: Place) -> Json:
    return {"created": {"gte": max(0, place.start - DRAFT), "lt": place.end}, "expand": ["data.customer"]}


def _older(status: str) -> Callable[[Place], Json]:
    return lambda place: {"created": {"lt": max(0, place.start - DRAFT)}, "status": status, "expand": ["data.customer"]}


CHARGE_MONEY = ("payment", "payment_failure", "sale", "sale_failure")
NOTES_MONEY = ("credit_note", "credit_note_void")
_OF_INVOICES = frozenset(reading.TELLS[reading.read_invoice]) - {"customer"}
LISTS: dict[str, List] = {
    "customers": List(frozenset({"customer"}), lambda c: c.v1.customers.list, _inside, _customers),
    "invoices": List(_OF_INVOICES, lambda c: c.v1.invoices.list, _invoice_params, _invoices),
    "open_invoices": List(_OF_INVOICES, lambda c: c.v1.invoices.list, _older("open"), _invoices),
    "void_invoices": List(_OF_INVOICES, lambda c: c.v1.invoices.list, _older("void"), _invoices),
    "uncollectible_invoices": List(_OF_INVOICES, lambda c: c.v1.invoices.list, _older("uncollectible"), _invoices),
    "balances": List(
        frozenset({"balance"}),
        lambda c: c.v1.customers.list,
        lambda place: {"created": {"lt": place.end}},
        _balances,
        ROWS_READ_AGAIN,
    ),
    "payments": List(
        frozenset(reading.TELLS[reading.read_charge]),
        lambda c: c.v1.balance_transactions.list,
        lambda place: {"created": {"gte": place.start, "lt": place.end + SETTLING}, "expand": ["data.source"]},
        _payments,
        ROWS_READ_AGAIN,
    ),
    "refunds": List(
        frozenset(reading.TELLS[reading.read_refund]), lambda c: c.v1.refunds.list, _inside, _refunds, ROWS_READ_AGAIN
    ),
    # One may count from another day than that on which it was made, and be voided long after.
    "credit_notes": List(
        frozenset(reading.TELLS[reading.read_credit_note]),
        lambda c: c.v1.credit_notes.list,
        lambda place: {"created": {"lt": place.end + DRAFT}},
        _notes,
        ROWS_READ_AGAIN,
    ),
}
"""In the order in which they are read: what a later one needs comes before it."""
STREAMS = tuple(sorted({stream for of in LISTS.values() for stream in of.streams}))
