"""Credit put against a debt → ARPYMT without cash; a record of its own. docs/accounting.md 3.8

Which credit goes where comes from Stripe's own history, never from what happens to be open in the ledger.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.base import Desk, Json, Ref, Skip
from connectors.errors import Refused
from connectors.integrations.stripe_intacct import amount, fate, texts
from connectors.integrations.stripe_intacct.clearing import clearing_of
from connectors.integrations.stripe_intacct.invoice import split
from connectors.integrations.stripe_intacct.receipt import receipt_of
from connectors.money import docno
from connectors.sage_intacct.documents import (
    Adjustment,
    Advance,
    Application,
    ApplicationReversal,
    Credit,
    Invoice,
    InvoiceReversal,
    Journal,
    Payment,
)
from connectors.stripe.client import id_of
from connectors.stripe.reading import claims, moment


def translate(payload: Json, desk: Desk) -> Application | Skip:
    kinds = {"note": _note, "balance": _balance, "fate": _fate, "advance": _advance}
    return kinds[payload["kind"]](payload, desk)


def _note(payload: Json, desk: Desk) -> Application | Skip:
    """A credit note against its invoice, or against the memo of the refund that it claims."""
    note, invoice = payload["credit_note"], payload["invoice"]
    if payload["target"] == "void":
        return _voided_note(payload, desk)
    if payload["target"] == "out":
        raise _paid_elsewhere(note, desk)
    if note["status"] == "void" and not payload["memo"]:
        return Skip("the note was voided before it was put against its invoice", code="application.void")
    if payload["memo"] and desk.nothing("refund_memo", payload["memo"]):
        return Skip("the refund that the note claims moved no cash", code="application.no_cash")
    credit = desk.posted("credit_note", note["id"]).document
    memo = payload["memo"]
    debt = desk.posted("refund_memo", memo).document if memo else fate.debt_of_note(payload, desk, note)
    minor = claims(note, payload["target"]) if payload["memo"] else int(note["pre_payment_amount"])
    used = amount.currency_of(note["currency"]).amount(minor)
    return _document(desk, f"{note['id']}:{payload['target']}", debt, [(credit, used)], invoice)


def _paid_elsewhere(note: Json, desk: Desk) -> Refused:
    memo = desk.posted("credit_note", note["id"]).document
    open_ = amount.currency_of(note["currency"]).amount(int(note["out_of_band_amount"]))
    return Refused(
        f"{open_} of the credit note {memo.number} was to be paid out outside Stripe; the credit is open.",
        cause="decision",
        code="credit.out_of_band",
        field="credits",
        value=memo.number,
        cure="Pay it out by a document of your own against this credit memo, then leave this record.",
    )


def _voided_note(payload: Json, desk: Desk) -> Application | Skip:
    """The opposite memo is paid by the note, which its invoice has given back."""
    note = payload["credit_note"]
    put = f"{note['id']}:{payload['invoice']['id']}"
    if note.get("pre_payment_amount") and not desk.nothing("unapplication", put):
        desk.posted("unapplication", put)
    credit = desk.posted("credit_note", note["id"]).document
    debt = desk.posted("credit_note_void", f"{note['id']}:void").document
    return _document(desk, f"{note['id']}:void", debt, [(credit, None)], payload["invoice"])


def _advance(payload: Json, desk: Desk) -> Application | Skip:
    """An advance that was given back, against the memo of its return."""
    charge, memo = payload["charge"], payload["memo"]
    if desk.nothing("refund_memo", memo):
        return Skip("nobody owes this money again", code="application.sale")
    debt = desk.posted("refund_memo", memo).document
    advance = desk.posted("sale", charge["id"]).document
    return _document(desk, memo, debt, [(advance, debt.lines[0].amount)], charge)


def _fate(payload: Json, desk: Desk) -> Application | Skip:
    """A memo that takes an invoice back, wholly or in part, against that invoice."""
    invoice, end = payload["invoice"], payload["end"]
    if payload["note"]:
        return _written_off_again(payload, desk)
    flow = {"void": "void", "wo": "write_off", "C": "split"}[end]
    reason = split(payload, desk) if flow == "split" else fate.nothing(flow, payload, desk)
    if isinstance(reason, Skip):
        return reason
    posted = desk.posted(flow, f"{invoice['id']}:{end}")
    memo = posted.document
    if isinstance(memo, InvoiceReversal):
        if posted.id.startswith("ARINVOICE/") or memo.otherwise is None:
            return Skip("the invoice itself was reversed", code="application.reversed")
        memo = memo.otherwise
    debt = desk.posted("invoice", invoice["id"]).document
    if isinstance(debt, Journal):
        return Skip("the invoice of zero is a journal", code="application.journal")
    if isinstance(debt, Adjustment):
        return Skip("the invoice is a credit itself", code="application.credit")
    return _document(desk, f"{invoice['id']}:{end}", debt, [(memo, None)], invoice)


def _written_off_again(payload: Json, desk: Desk) -> Application | Skip:
    """What is due again since a note was voided, against the memo that writes it off."""
    invoice, note = payload["invoice"], payload["note"]
    if reason := fate.nothing_again(payload, desk):
        return reason
    key = f"{invoice['id']}:{payload['end']}"
    if not desk.nothing("unapplication", f"{note['id']}:{invoice['id']}"):
        desk.posted("unapplication", f"{note['id']}:{invoice['id']}")
    memo = desk.posted("write_off", key).document
    return _document(desk, key, fate.debt_of_note(payload, desk, note), [(memo, None)], invoice)


# --- the customer's balance -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Piece:
    """Credit of a customer, in minor units, and the document that it stands on."""

    flow: str
    key: str
    minor: int


def _balance(payload: Json, desk: Desk) -> Application | Skip:
    row, invoice = payload["row"], payload["invoice"]
    if int(row["amount"]) <= 0:
        return Skip("an earlier small invoice is carried on this one; no credit is used", code="application.debt")
    if invoice["status"] == "void":
        return Skip("the invoice was voided, and the credit given back", code="application.void")
    pieces = used_by(payload)[row["id"]]
    debt = desk.posted("invoice", invoice["id"]).document
    currency = amount.currency_of(row["currency"])
    parts = [(desk.posted(piece.flow, piece.key).document, currency.amount(piece.minor)) for piece in pieces]
    return _document(desk, row["id"], debt, parts, invoice)


def used_by(payload: Json) -> dict[str, list[Piece]]:
    """What each use of credit took, first in first out by the customer's own history. Raises Refused,
    `decision.needed`, for credit that the history does not show."""
    credit: deque[Piece] = deque()
    used: dict[str, list[Piece]] = {}
    by_invoice: dict[str, list[Piece]] = {}
    for row in payload["rows"]:
        minor, invoice = int(row["amount"]), id_of(row.get("invoice"))
        if row["type"] == "applied_to_invoice" and minor > 0:
            used[row["id"]] = by_invoice[invoice] = _take(credit, minor, row)
        elif row["type"] == "unapplied_from_invoice":
            credit.extendleft(reversed(by_invoice.pop(invoice, [])))
        elif minor < 0:
            credit.extend(_made(row, payload))
        elif row["type"] != "invoice_too_small":
            _take(credit, minor, row)
    return used


def _take(credit: deque[Piece], minor: int, row: Json) -> list[Piece]:
    taken = []
    while minor > 0 and credit:
        first = credit.popleft()
        part = min(first.minor, minor)
        taken.append(replace(first, minor=part))
        if first.minor > part:
            credit.appendleft(replace(first, minor=first.minor - part))
        minor -= part
    if minor and row["type"] == "applied_to_invoice":
        raise _unknown(row)
    return taken


def _made(row: Json, payload: Json) -> list[Piece]:
    """Where this credit stands in the ledger."""
    minor = -int(row["amount"])
    if row["type"] == "credit_note":
        return [Piece("credit_note", id_of(row["credit_note"]), minor)]
    if row["type"] == "invoice_overpaid":
        return _overpaid(payload["receipts"].get(id_of(row.get("invoice"))) or [], minor)
    if row["type"] in ("invoice_too_large", "negative_total"):
        return [Piece("invoice", id_of(row.get("invoice")), minor)]
    return [Piece("balance", f"{payload['customer']}/{row['id']}", minor)]


def _overpaid(receipts: Sequence[Json], minor: int) -> list[Piece]:
    """Of the receipts of the invoice, those that left something over; the last ones first, since the row is written by
    the payment that went beyond."""
    pieces = []
    for receipt in receipts:
        part = min(receipt_of(receipt).excess, minor) if receipt["charge"] else 0
        if part:
            pieces.append(Piece("payment", receipt["key"], part))
            minor -= part
    return pieces


def _unknown(row: Json) -> Refused:
    return Refused(
        f"{row['id']} uses more credit than the customer's history shows.",
        cause="decision",
        code="decision.needed",
        field="credits",
        value=row["id"],
        cure="Look at the customer's balance in Stripe and apply the credit in Sage Intacct by hand.",
    )


# --- taken back -------------------------------------------------------------------------------------------------------


def unapply(payload: Json, desk: Desk) -> ApplicationReversal | Skip:
    """Stripe gave the credit back, or the credit note was voided: the application is reversed."""
    before = payload["key"] if payload["kind"] == "note" else _use_before(payload)
    if not before or desk.nothing("application", before):
        return Skip("no credit had been used", code="application.none")
    first = desk.posted("application", before).document
    assert isinstance(first, Application)
    happened = payload["credit_note"]["voided_at"] if payload["kind"] == "note" else payload["row"]["created"]
    desk.because("day", "when the credit was given back")
    return ApplicationReversal(
        control=desk.control,
        number=first.number,
        customer=first.customer,
        day=max(first.day, desk.day(moment(int(happened)), "")),
        description=texts.described("credit given back", before, texts.number(payload["invoice"])),
        entity=first.entity,
    )


def _use_before(payload: Json) -> str:
    """The key of the last use of credit by the same invoice."""
    uses = [
        row["id"]
        for row in payload["rows"]
        if row["type"] == "applied_to_invoice"
        and id_of(row.get("invoice")) == payload["invoice"]["id"]
        and int(row["amount"]) > 0
    ]
    return f"{payload['customer']}/{uses[-1]}" if uses else ""


# --- the document -----------------------------------------------------------------------------------------------------


Part = tuple[Any, Decimal | None]
"""A document with open credit, and how much of it is used; None: as much as is open of both."""


def _document(desk: Desk, key: str, debt: Any, parts: Sequence[Part], invoice: Json) -> Application:
    """`key`: what Stripe calls it; `invoice`: what it is about. Dated by the latest of what it joins."""
    day = max(debt.day, *(credit.day for credit, _ in parts))
    desk.because("day", "the latest of what is joined")
    return Application(
        control=desk.control,
        number=docno(key),
        customer=debt.customer,
        day=day,
        to=_ref(debt),
        credits=tuple(Credit(of=_ref(credit), amount=used) for credit, used in parts),
        account=_account(desk, debt, invoice, day),
        description=texts.described("credit applied", key, texts.number(invoice)),
        currency=debt.currency,
        base_currency=debt.base_currency,
        draft=desk.option("post_as") == "draft",
        entity=debt.entity,
    )


def _ref(document: Any) -> Ref:
    if isinstance(document, Application):  # of an advance: what it left is open there
        return document.credits[0].of
    assert isinstance(document, Invoice | Adjustment | Payment | Advance), "neither debt nor credit"
    return Ref(document.kind, document.number, document.customer)


def _account(desk: Desk, debt: Any, invoice: Json, day: date) -> str:
    if desk.option("application_account") != "clearing":
        return ""
    entity = debt.lines[0].entity
    return clearing_of(desk, amount.currency_of(invoice["currency"]), entity, day, "account").bank
