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
from connectors.integrations.stripe_intacct.credit_note import day_of
from connectors.integrations.stripe_intacct.receipt import room_of
from connectors.money import docno
from connectors.sage_intacct.documents import Adjustment, Invoice, InvoiceReversal, Journal, Line
from connectors.sage_intacct.documents.reversal import VOID
from connectors.stripe.client import when
from connectors.stripe.reading import after_write_off, moment, paid_at, recovery_of_note, voided_at


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
    _settled(payload, desk)
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


def _settled(payload: Json, desk: Desk) -> None:
    """How an invoice is taken back depends on what was ever put on it: that goes first, whatever arrived first."""
    for flow, keys in payload["settled"].items():
        for key in keys:
            if not desk.nothing(flow, key):
                desk.posted(flow, key)


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
    if payload["note"]:
        return _again(payload, desk)
    if reason := nothing("write_off", payload, desk):
        return reason
    invoice = payload["invoice"]
    first = desk.posted("invoice", invoice["id"]).document
    day = _day("marked_uncollectible_at", invoice, desk, first)
    line = _bad_debt(first, invoice, desk, day, -written_off(payload))
    return _memo(first, invoice, desk, day, "-WO", (line,), "uncollectible")


def recovery(payload: Json, desk: Desk) -> Adjustment | Skip:
    """A payment that came after all, or a note: the written-off part of it is owed again, and paid by its receipt, or
    by the note."""
    invoice, note = payload["invoice"], payload["note"]
    if desk.option("uncollectible") != "write_off":
        return Skip("written-off invoices stay open", code="write_off.open")
    if desk.nothing("write_off", f"{invoice['id']}:wo"):
        return Skip("nothing was written off", code="recovery.nothing")
    first = desk.posted("invoice", invoice["id"]).document
    memo = desk.posted("write_off", f"{invoice['id']}:wo").document
    minor, at = _noted(note, payload, desk) if note else _paid(payload, desk)
    if minor <= 0:
        return Skip("nothing of it was written off", code="recovery.nothing")
    entity, what = first.lines[0].entity, f"{'credited' if note else 'paid'} after write-off"
    day = max(memo.day, day_of(note, desk, entity) if note else desk.day(moment(at), entity))
    amount_of = amount.currency_of(invoice["currency"]).amount
    line = replace(memo.lines[0], amount=amount_of(minor), memo=f"{what.capitalize()} of {first.number}")
    suffix = "-WR" + (str(payload["place"] + 1) if payload["place"] else "")
    made = _memo(first, invoice, desk, day, suffix, (line,), what)
    return replace(made, number=docno(docno(note["number"]) + "-WR")) if note else made


def _paid(payload: Json, desk: Desk) -> tuple[int, int]:
    later, place = payload["after_write_off"], payload["place"]
    row = later[place]
    left = _given_up(payload) - sum(int(one["amount_paid"]) for one in later[:place])
    desk.because("day", f"paid_at of {row['id']}")
    return min(int(row["amount_paid"]), left), paid_at(row)


def _noted(note: Json, payload: Json, desk: Desk) -> tuple[int, int]:
    desk.because("day", f"that of the note {note['number']}")
    minor = 0 if note["status"] == "void" else int(note["pre_payment_amount"])
    return min(minor, written_off(payload)), when(note["created"])


def written_off(payload: Json) -> int:
    """Minor units that were open at that moment: what payments before it, credit and the notes of then had left."""
    invoice, notes = payload["invoice"], payload["credit_notes"]
    late = [n for n in notes if n["status"] != "void" and after_write_off(invoice, when(n["created"]))]
    stood = [n for n in notes if n["status"] == "void" and after_write_off(invoice, voided_at(n))]
    stood = [n for n in stood if not after_write_off(invoice, when(n["created"]))]
    return _given_up(payload) + _before_payment(late) - _before_payment(stood)


def _before_payment(notes: list[Json]) -> int:
    return sum(int(note.get("pre_payment_amount") or 0) for note in notes)


def _given_up(payload: Json) -> int:
    """Of that, what no note took back later."""
    before = [row for row in payload["payments"] if row not in payload["after_write_off"]]
    return max(0, room_of(payload["invoice"]) - sum(int(row["amount_paid"]) for row in before))


def debt_of_note(payload: Json, desk: Desk, note: Json) -> Any:
    """What a note lowers: its invoice; where that had been written off, the memo that takes so much of it back."""
    invoice = payload["invoice"]
    key = recovery_of_note(invoice, note)
    late = desk.option("uncollectible") == "write_off" and after_write_off(invoice, when(note["created"]))
    if late and not desk.nothing("recovery", key):
        return desk.posted("recovery", key).document
    return desk.posted("invoice", invoice["id"]).document


def _again(payload: Json, desk: Desk) -> Adjustment | Skip:
    """A note was voided on what had been written off: what it had lowered is due again, and written off as well."""
    invoice, note = payload["invoice"], payload["note"]
    if reason := nothing_again(payload, desk):
        return reason
    first = desk.posted("invoice", invoice["id"]).document
    memo = desk.posted("write_off", f"{invoice['id']}:wo").document
    desk.because("day", f"voided_at of {note['number']}")
    day = max(memo.day, desk.day(moment(voided_at(note)), first.lines[0].entity))
    minor = amount.currency_of(invoice["currency"]).amount(int(note["pre_payment_amount"]))
    line = replace(memo.lines[0], amount=-minor, memo=f"Uncollectible: {first.number}")
    made = _memo(first, invoice, desk, day, "", (line,), "uncollectible")
    return replace(made, number=docno(docno(note["number"]) + "-WO"))


def nothing_again(payload: Json, desk: Desk) -> Skip | None:
    """Why the void of a note writes nothing off, if so."""
    invoice, note = payload["invoice"], payload["note"]
    late = after_write_off(invoice, when(note["created"]))
    if desk.option("uncollectible") != "write_off" or desk.nothing("write_off", f"{invoice['id']}:wo"):
        return Skip("nothing was written off", code="write_off.void")
    if late and desk.nothing("recovery", recovery_of_note(invoice, note)):
        return Skip("the note was voided before it took anything back", code="write_off.void")
    return None


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
