"""What becomes of an invoice: voided, written off, paid after that. The invoice itself is never changed.
docs/accounting.md 3.12
"""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.base import Desk, Json, Posted, Skip
from connectors.errors import Refused
from connectors.integrations.stripe_intacct import amount, texts
from connectors.integrations.stripe_intacct.coding import Place, bare, coded
from connectors.integrations.stripe_intacct.receipt import room_of
from connectors.money import docno
from connectors.sage_intacct.documents import Adjustment, Invoice, InvoiceReversal, Journal, Line
from connectors.sage_intacct.documents.reversal import VOID
from connectors.stripe.client import when
from connectors.stripe.reading import moment, paid_at


def nothing(flow: str, payload: Json, desk: Desk) -> Skip | None:
    """Why this end of an invoice books nothing, if so."""
    if flow == "write_off" and desk.option("uncollectible") != "write_off":
        return Skip("written-off invoices stay open", code="write_off.open")
    if flow == "write_off" and payload["invoice"]["status"] == "void":
        return Skip("it was voided before it was written off here", code="write_off.void")
    if flow == "write_off" and not written_off(payload):
        return Skip("nothing was open when it was written off", code="write_off.nothing")
    return None


# --- void -------------------------------------------------------------------------------------------------------------


def void(payload: Json, desk: Desk) -> InvoiceReversal | Adjustment | Journal:
    """The ledger's own reversal; or a credit memo of all lines, by option, or where money was applied in the ledger."""
    invoice = payload["invoice"]
    posted = desk.posted("invoice", invoice["id"])
    first = posted.document
    _ours(posted)
    _not_written_off(invoice, desk)
    day = _day("voided_at", invoice, desk, first)
    if isinstance(first, Journal):
        return _mirrored(first, invoice, desk, day)
    notes = _notes(payload, desk)
    memo = _opposite(first, notes, invoice, desk, day)
    if notes:
        return memo or _mixed(first)
    if isinstance(first, Adjustment) or desk.option("void") == "credit_memo":
        return memo or _mixed(first)
    return InvoiceReversal(
        control=desk.control,
        number=first.number,
        customer=first.customer,
        day=day,
        description=texts.described("void", invoice["id"]),
        otherwise=memo if desk.option("void_paid") == "credit_memo" else None,
        entity=first.entity,
    )


def _ours(posted: Posted) -> None:
    """What people made they take back."""
    if posted.adopted:
        raise Refused(
            f"The invoice {posted.document.number} was not made by us.",
            cause="decision",
            code="decision.needed",
            field="number",
            value=posted.document.number,
            cure="Reverse it in Sage Intacct on the day of the void, then leave this record.",
        )


def _mirrored(first: Journal, invoice: Json, desk: Desk, day: date) -> Journal:
    return replace(
        first,
        control=desk.control,
        number=docno(first.number + VOID),
        day=day,
        title=texts.titled("void", first.number, texts.party(invoice)),
        lines=tuple(replace(line, amount=-line.amount) for line in first.lines),
    )


def _not_written_off(invoice: Json, desk: Desk) -> None:
    """Raises Refused where the write-off stands already: revenue would be taken back beside the bad debt."""
    marked = invoice["status_transitions"].get("marked_uncollectible_at")
    key = f"{invoice['id']}:wo"
    if not marked or desk.option("uncollectible") != "write_off" or desk.nothing("write_off", key):
        return
    memo = desk.posted("write_off", key)
    raise Refused(
        f"{texts.number(invoice)} was written off by {memo.number} before it was voided.",
        cause="decision",
        code="void.after_write_off",
        field="number",
        value=memo.number,
        cure="Take the write-off back in Sage Intacct and reverse the invoice there, then leave this record.",
    )


def _notes(payload: Json, desk: Desk) -> list[Adjustment]:
    """What credit notes have taken back already."""
    valid = [note for note in payload["credit_notes"] if note["status"] != "void"]
    return [desk.posted("credit_note", note["id"]).document for note in valid]


def _mixed(first: Invoice | Adjustment) -> Adjustment:
    raise Refused(
        f"{first.number} has accounts above and below zero: one memo cannot take it back.",
        cause="decision",
        code="decision.needed",
        field="lines",
        value=first.number,
        cure="Reverse the invoice in Sage Intacct, or book two memos by hand.",
    )


def _opposite(
    first: Invoice | Adjustment, notes: list[Adjustment], invoice: Json, desk: Desk, day: date
) -> Adjustment | None:
    """All lines the other way round, less what notes have taken back. The lines of a memo have one sign: what others of
    its coding bear is netted. None where accounts above and below zero are left."""
    sums: dict[Line, Decimal] = {}
    for line in (line for one in (first, *notes) for line in one.lines):
        coding = bare(line)
        sums[coding] = sums.get(coding, Decimal(0)) - line.amount
    memo = f"Void of {first.number}"
    lines = tuple(replace(coding, amount=total, memo=memo) for coding, total in sums.items() if total)
    if len({line.amount > 0 for line in lines}) != 1:
        return None
    return _memo(first, invoice, desk, day, VOID, lines, "void")


# --- uncollectible ----------------------------------------------------------------------------------------------------


def write_off(payload: Json, desk: Desk) -> Adjustment | Skip:
    """What was open when it was given up, to the account that finance named for bad debt."""
    if reason := nothing("write_off", payload, desk):
        return reason
    invoice = payload["invoice"]
    first = desk.posted("invoice", invoice["id"]).document
    day = _day("marked_uncollectible_at", invoice, desk, first)
    line = _bad_debt(first, invoice, desk, day, -written_off(payload))
    return _memo(first, invoice, desk, day, "-WO", (line,), "uncollectible")


def recovery(payload: Json, desk: Desk) -> Adjustment | Skip:
    """A payment that came after all: the written-off part of it is owed again, and paid by its receipt."""
    invoice, later, place = payload["invoice"], payload["after_write_off"], payload["place"]
    if desk.option("uncollectible") != "write_off":
        return Skip("written-off invoices stay open", code="write_off.open")
    first = desk.posted("invoice", invoice["id"]).document
    memo = desk.posted("write_off", f"{invoice['id']}:wo").document
    row = later[place]
    left = written_off(payload) - sum(int(one["amount_paid"]) for one in later[:place])
    minor = min(int(row["amount_paid"]), left)
    if minor <= 0:
        return Skip("more came than was written off", code="recovery.nothing")
    desk.because("day", f"paid_at of {row['id']}")
    day = desk.day(moment(paid_at(row)), first.lines[0].entity)
    currency = amount.currency_of(invoice["currency"])
    line = replace(memo.lines[0], amount=currency.amount(minor), memo=f"Paid after write-off of {first.number}")
    suffix = "-WR" + (str(place + 1) if place else "")
    return _memo(first, invoice, desk, day, suffix, (line,), "paid after write-off")


def written_off(payload: Json) -> int:
    """Minor units that were open at that moment: what payments before it, and credit, had left."""
    invoice = payload["invoice"]
    marked = when(invoice["status_transitions"]["marked_uncollectible_at"])
    notes = payload["credit_notes"]
    after = [n for n in notes if n["status"] != "void" and when(n["created"]) > marked]
    room = room_of(invoice) + sum(int(note.get("pre_payment_amount") or 0) for note in after)
    before = [row for row in payload["payments"] if row not in payload["after_write_off"]]
    return max(0, room - sum(int(row["amount_paid"]) for row in before))


def _bad_debt(first: Any, invoice: Json, desk: Desk, day: date, minor: int) -> Line:
    entity = first.lines[0].entity
    row = desk.map("bad_debt", "*", on=day, at="lines[1].account")
    line = coded(desk, row, Place(day, entity, {}), "lines[1]")
    currency = amount.currency_of(invoice["currency"])
    desk.because("lines[1].amount", "open when it was marked uncollectible")
    return replace(line, amount=currency.amount(minor), memo=f"Uncollectible: {first.number}")


# --- documents --------------------------------------------------------------------------------------------------------


def _day(field: str, invoice: Json, desk: Desk, first: Any) -> date:
    """Of what happened, never of the invoice; and never before it."""
    desk.because("day", f"Stripe status_transitions.{field}")
    at = moment(when(invoice["status_transitions"].get(field)) or when(invoice["created"]))
    happened: date = max(first.day, desk.day(at, first.lines[0].entity))
    return happened


def _memo(
    first: Any, invoice: Json, desk: Desk, day: date, suffix: str, lines: tuple[Line, ...], word: str
) -> Adjustment:
    return Adjustment(
        control=desk.control,
        number=docno(first.number + suffix),
        customer=first.customer,
        day=day,
        lines=lines,
        invoice=first.number,
        description=texts.described(word, first.number, texts.party(invoice), invoice["id"]),
        currency=first.currency,
        base_currency=first.base_currency,
        rate_type=first.rate_type,
        summary=str(desk.option("ar_summary") or ""),
        draft=desk.option("post_as") == "draft",
        entity=first.entity,
    )
