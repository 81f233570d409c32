"""The part of a refund that a credit note claims → AR debit memo: it meets the note, so that revenue falls once.
docs/accounting.md 3.6
"""

from dataclasses import replace
from decimal import Decimal

from connectors.base import Desk, Json, Skip
from connectors.errors import Refused
from connectors.integrations.stripe_intacct import amount, texts
from connectors.integrations.stripe_intacct.clearing import day_of
from connectors.integrations.stripe_intacct.coding import bare
from connectors.money import allocate, docno
from connectors.sage_intacct.documents import Adjustment, Invoice, Journal, Line
from connectors.stripe.client import id_of


def translate(payload: Json, desk: Desk) -> Adjustment | Skip:
    refund, note, invoice = payload["refund"], payload["credit_note"], payload["invoice"]
    if note["status"] == "void":
        return Skip("the credit note that claimed this refund was voided", code="memo.void")
    credited = desk.posted("invoice", invoice["id"]).document
    journal = desk.posted("refund", refund["id"]).document
    assert isinstance(credited, Invoice) and isinstance(journal, Journal)
    _one_currency(journal, credited, refund["id"])
    currency = amount.held(desk, refund["currency"], credited.lines[0].entity)
    claimed = currency.amount(_claimed(refund, note))
    desk.because("day", f"that of the journal {journal.number}")
    return Adjustment(
        control=desk.control,
        number=docno(refund["id"] + (f"-{payload['place'] + 1}" if payload["place"] else "")),
        customer=credited.customer,
        day=journal.day,
        lines=_lines(journal, claimed, credited, refund["id"], currency, desk),
        invoice=credited.number,
        description=texts.described("refund", refund["id"], texts.number(invoice), texts.party(invoice), note["id"]),
        currency=credited.currency,
        base_currency=credited.base_currency,
        rate_type=credited.rate_type,
        summary=str(desk.option("ar_summary") or ""),
        draft=desk.option("post_as") == "draft",
        entity=credited.entity,
    )


def returned(payload: Json, desk: Desk) -> Adjustment | Skip:
    """The refund came back after notes had claimed it: the opposite of its memos, so that the credit is open again."""
    if not payload["memos"]:
        return Skip("no credit note claimed this refund", code="memo.none")
    memos = [desk.posted("refund_memo", key).document for key in payload["memos"]]
    first = memos[0]
    assert isinstance(first, Adjustment)
    day = max(first.day, day_of(desk, payload["balance_row"], first.lines[0].entity))
    refund = payload["refund"]["id"]
    return replace(
        first,
        control=desk.control,
        number=docno(f"{refund}-fail"),
        day=day,
        lines=tuple(replace(line, amount=-line.amount) for memo in memos for line in memo.lines),
        description=texts.described("refund failed", refund),
        external="",
    )


def _one_currency(journal: Journal, credited: Invoice, refund: str) -> None:
    if journal.currency != credited.currency:
        raise Refused(
            f"The refund {refund} left in {journal.currency}, its invoice is in {credited.currency}.",
            cause="decision",
            code="decision.needed",
            field="currency",
            value=refund,
            cure="Book the debit memo of this refund by hand: Sage Intacct's rate decides its amount.",
        )


def _claimed(refund: Json, note: Json) -> int:
    parts = [part for part in note.get("refunds") or () if id_of(part.get("refund")) == refund["id"]]
    return sum(int(part["amount_refunded"]) for part in parts)


def _lines(
    journal: Journal, claimed: Decimal, credited: Invoice, refund: str, currency: amount.Currency, desk: Desk
) -> tuple[Line, ...]:
    """What the refund's journal debited for this: refunds clearing; where the note came only after it was posted, the
    revenue and tax that it took back."""
    debits = [line for line in journal.lines if line.amount > 0 and line.document == credited.number]
    revenue = {bare(line) for line in credited.lines}
    held = [line for line in debits if bare(line) not in revenue]
    used = held if sum((line.amount for line in held), Decimal(0)) >= claimed else debits
    if sum((line.amount for line in used), Decimal(0)) < claimed:
        raise Refused(
            f"The credit note claims {claimed} of the refund {refund}, which gave back less for {credited.number}.",
            code="source.inconsistent",
            field="lines",
            value=str(claimed),
            cure="Send the refund and the credit note to support with both sums.",
        )
    shares = allocate(claimed, [line.amount for line in used], currency.unit)
    desk.because("lines", f"debited by the journal {journal.number}")
    memo = f"Refund {refund}"
    return tuple(
        replace(bare(line), amount=share, memo=memo) for line, share in zip(used, shares, strict=True) if share
    )
