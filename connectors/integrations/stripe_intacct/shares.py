"""Which accounts bear an unclaimed refund: what earlier refunds and credit notes of the invoice left of each.

Everything that reduced the invoices is gone through in the order (created, id), as read at load, so that the order in
which the facts arrived changes nothing. docs/accounting.md 1.5, 3.6
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from connectors.base import Json
from connectors.errors import Refused
from connectors.integrations.stripe_intacct.amount import Currency
from connectors.money import allocate
from connectors.sage_intacct.documents import Line
from connectors.stripe.client import id_of

Groups = dict[Line, Decimal]
Key = TypeVar("Key")


@dataclass(frozen=True)
class Share:
    invoice: str
    coding: Line
    amount: Decimal
    left: Decimal
    """What was left on this coding before."""


def claimed(refund: Json, notes: Iterable[Json]) -> dict[str, int]:
    """Minor units of this refund that credit notes claim, by invoice."""
    found: dict[str, int] = {}
    for note in _valid(notes):
        for part in note.get("refunds") or ():
            if id_of(part.get("refund")) == refund["id"]:
                found[id_of(note["invoice"])] = found.get(id_of(note["invoice"]), 0) + part["amount_refunded"]
    return found


def unclaimed(refund: Json, notes: Iterable[Json]) -> int:
    return int(refund["amount"]) - sum(claimed(refund, notes).values())


def shares(payload: Json, posted: Mapping[str, Groups], currency: Currency, noted: Mapping[str, Groups]) -> list[Share]:
    """Of the refund of the payload. `posted`: the frozen coding of its invoices; `noted`: what each earlier note took
    off which account. Raises Refused, `decision.needed`, where more was given back than the invoices hold.
    """
    own = payload["refund"]
    if not unclaimed(own, payload["credit_notes"]):
        return []
    left = Left(payload, posted, currency, noted)
    # What came later has no say, even where this one is translated after it.
    earlier = [one for one in payload["refunds"] if _order(one) < _order(own)]
    for thing in sorted([*earlier, *notes_before(payload)], key=_order):
        left.take(thing)
    return left.take_refund({**own, "payments": payload["payments"]})


def notes_before(payload: Json) -> list[Json]:
    """Of the invoices of the refund: those that count and came earlier."""
    return [note for note in _valid(payload["credit_notes"]) if _order(note) < _order(payload["refund"])]


def _order(thing: Json) -> tuple[int, str]:
    return thing["created"], thing["id"]


class Left:
    """What is left: of each payment, and of each account of each invoice."""

    def __init__(
        self, payload: Json, posted: Mapping[str, Groups], currency: Currency, noted: Mapping[str, Groups]
    ) -> None:
        self.notes = payload["credit_notes"]
        self.currency = currency
        self.noted = noted
        self.posted = posted
        self.groups = {invoice: dict(groups) for invoice, groups in posted.items()}
        self.payments: dict[str, Decimal] = {}

    def take(self, thing: Json) -> None:
        if thing["object"] == "refund":
            self.take_refund(thing)
        else:
            self._take_note(thing)

    def _take_note(self, note: Json) -> None:
        """Off the accounts of its own lines, and off no other."""
        groups = self.groups[id_of(note["invoice"])]
        for coding, part in self.noted[note["id"]].items():
            groups[coding] = groups.get(coding, Decimal(0)) - part

    def take_refund(self, refund: Json) -> list[Share]:
        amount = self.currency.amount(unclaimed(refund, self.notes))
        if not amount:
            return []
        rows = {row["id"]: row for row in refund["payments"]}
        for key, row in rows.items():
            self.payments.setdefault(key, self.currency.amount(row["amount_paid"]))
        weights = {key: self.payments[key] for key in rows}
        parts = self._split(amount, weights)
        for key, part in parts.items():
            self.payments[key] -= part
        return [share for key, part in parts.items() if part for share in self._take(id_of(rows[key]["invoice"]), part)]

    def _take(self, invoice: str, amount: Decimal) -> list[Share]:
        groups = self.groups.get(invoice)
        if groups is None:  # another invoice, which an earlier refund of its own charge reduced
            return []
        left = {coding: _between(groups[coding], first) for coding, first in self.posted[invoice].items()}
        parts = self._split(amount, left, most=sum(groups.values(), Decimal(0)))
        for coding, part in parts.items():
            groups[coding] -= part
        return [Share(invoice, coding, part, left[coding]) for coding, part in parts.items() if part]

    def _split(
        self, amount: Decimal, left: Mapping[Key, Decimal], *, most: Decimal | None = None
    ) -> dict[Key, Decimal]:
        rest = sum(left.values(), Decimal(0))
        rest = rest if most is None else min(rest, most)
        if amount > rest:
            raise Refused(
                f"{amount} {self.currency.upper} was given back, but only {rest} is left to take back.",
                cause="decision",
                code="decision.needed",
                field="lines",
                value=str(amount),
                cure="Decide which account bears the rest and book this refund by hand.",
            )
        return dict(zip(left, allocate(amount, list(left.values()), self.currency.unit), strict=True))


def _between(left: Decimal, first: Decimal) -> Decimal:
    """What is left of an account lies between nothing and what the invoice put on it: a note may take more."""
    return max(min(left, max(first, Decimal(0))), min(first, Decimal(0)))


def _valid(notes: Iterable[Json]) -> list[Json]:
    return [note for note in notes if note["status"] != "void"]
