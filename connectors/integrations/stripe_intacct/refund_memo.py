"""The part of a refund that a credit note claims → AR debit memo: it meets the note, so that revenue falls once.
docs/accounting.md 3.6
"""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from connectors.base import Desk, Json, Skip
from connectors.errors import NotYet, Refused
from connectors.integrations.stripe_intacct import amount, exchange, owed_again, texts
from connectors.integrations.stripe_intacct.clearing import day_of, refunds_clearing
from connectors.integrations.stripe_intacct.coding import bare
from connectors.money import allocate, docno
from connectors.sage_intacct.bookable import base_currency
from connectors.sage_intacct.documents import Adjustment, Invoice, Journal, Line
from connectors.stripe.reading import claims


def translate(payload: Json, desk: Desk) -> Adjustment | Skip:
    if "rest" in payload:
        return owed_again.translate(payload, desk)
    refund, note, invoice = payload["refund"], payload["credit_note"], payload["invoice"]
    if note["status"] == "void":
        return Skip("the credit note that claimed this refund was voided", code="memo.void")
    if desk.nothing("refund", refund["id"]):
        return Skip("no cash moved through Stripe", code="refund.no_cash")
    credited = desk.posted("invoice", invoice["id"]).document
    assert isinstance(credited, Invoice)
    currency = amount.held(desk, refund["currency"], credited.lines[0].entity)
    claimed = currency.amount(claims(note, refund["id"]))
    row = payload.get("balance_row")
    if row and row["currency"] != refund["currency"]:
        day, lines = _before_journal(payload, claimed, credited, desk)
    else:
        day, lines = _after_journal(payload, claimed, credited, currency, desk)
    return Adjustment(
        control=desk.control,
        number=docno(refund["id"] + (f"-{payload['place'] + 1}" if payload["place"] else "")),
        customer=credited.customer,
        day=day,
        lines=lines,
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
    """The refund came back after memos had met it: their opposite, so that what they used is open again."""
    there = [key for key in payload["memos"] if not desk.nothing("refund_memo", key)]
    if not there:
        return Skip("no memo met this refund", code="memo.none")
    memos = [desk.posted("refund_memo", key).document for key in there]
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


# --- lines ------------------------------------------------------------------------------------------------------------


def _before_journal(payload: Json, claimed: Decimal, credited: Invoice, desk: Desk) -> tuple[date, tuple[Line, ...]]:
    """The money left in another currency: the memo goes first, and the journal meets what the ledger makes of it."""
    refund, row, entity = payload["refund"], payload["balance_row"], credited.lines[0].entity
    if payload["place"] or _stands(refund, desk):
        raise Refused(
            f"The refund {refund['id']} left as {row['currency'].upper()} and was booked before this note claimed it.",
            cause="decision",
            code="decision.needed",
            field="currency",
            value=refund["id"],
            cure="Book the debit memo of this refund by hand: Sage Intacct's rate decides its amount.",
        )
    exchange.one_way(desk, row)
    day = max(day_of(desk, row, entity), credited.day)
    base = base_currency(desk, entity).lower()
    line = refunds_clearing(desk, amount.currency_of(base), entity, day, "lines[1]")
    return day, (replace(line, amount=claimed, memo=f"Refund {refund['id']}"),)


def _stands(refund: Json, desk: Desk) -> bool:
    try:
        desk.posted("refund", refund["id"])
    except NotYet:
        return False
    return True


def _after_journal(
    payload: Json, claimed: Decimal, credited: Invoice, currency: amount.Currency, desk: Desk
) -> tuple[date, tuple[Line, ...]]:
    """What the refund's journal debited for this: refunds clearing; where the note came only after it was posted, the
    revenue and tax that it took back."""
    refund = payload["refund"]["id"]
    journal = desk.posted("refund", refund).document
    assert isinstance(journal, Journal)
    desk.because("day", f"that of the journal {journal.number}")
    number = docno(texts.number(payload["invoice"]))  # the invoice's own, without the prefix of the link
    debits = [line for line in journal.lines if line.amount > 0 and line.document == number]
    again = [line for line in debits if line.memo.startswith(owed_again.TO_PAY)]
    debits = [line for line in debits if line not in again]
    revenue = {bare(line) for line in credited.lines}
    held = [line for line in debits if bare(line) not in revenue]
    used = held if sum((line.amount for line in held), Decimal(0)) >= claimed else debits
    if sum((line.amount for line in used), Decimal(0)) < claimed:
        if again:
            raise _owed_again(refund, claimed)
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
    lines = zip(used, shares, strict=True)
    return journal.day, tuple(replace(bare(line), amount=share, memo=memo) for line, share in lines if share)


def _owed_again(refund: str, claimed: Decimal) -> Refused:
    return Refused(
        f"The refund {refund} made the customer owe again before a note claimed {claimed} of it.",
        cause="decision",
        code="decision.needed",
        field="lines",
        value=str(claimed),
        cure="Apply the credit note to the debit memo of that refund in Sage Intacct, then leave this record.",
    )
