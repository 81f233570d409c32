"""What the return of money makes a customer owe → AR debit memo: an advance that was given back, which the memo uses
up; and by option an invoice that is to be paid again. docs/accounting.md 3.4, 3.6
"""

from dataclasses import replace
from datetime import date

from connectors.base import Desk, Json, Posted, Skip
from connectors.errors import NotYet, Refused
from connectors.integrations.stripe_intacct import amount, texts, twins
from connectors.integrations.stripe_intacct.clearing import day_of, refunds_clearing, settled
from connectors.integrations.stripe_intacct.shares import unclaimed
from connectors.money import docno
from connectors.sage_intacct.documents import Adjustment, Advance, Invoice
from connectors.stripe.reading import REST

ROUTES = ("gl", "reopen")
AGAIN = "-A"
"""End of the number of a memo that makes an invoice due again; the refund's own is for the note that claims it."""
TO_PAY = "To be paid again"
"""Beginning of the text of its line, there and in the journal."""


def translate(payload: Json, desk: Desk) -> Adjustment | Skip:
    if payload["balance_row"] is None or payload["charge"] is None:
        return Skip("no cash moved through Stripe", code="refund.no_cash")
    return _invoice(payload, desk) if payload["payments"] else _advance(payload, desk)


# --- an advance -------------------------------------------------------------------------------------------------------


def _advance(payload: Json, desk: Desk) -> Adjustment | Skip:
    charge, row, refund = payload["charge"], payload["balance_row"], payload["refund"]
    if desk.nothing("sale", charge["id"]):
        return Skip("the money was not booked here", code="memo.none")
    advance = desk.posted("sale", charge["id"]).document
    if not isinstance(advance, Advance):
        return Skip("the money was a sale: its account bears the return", code="memo.sale")
    entity = advance.lines[0].entity
    currency = amount.held(desk, row["currency"], entity)
    day = day_of(desk, row, entity)
    line = refunds_clearing(desk, currency, entity, day, "lines[1]")
    paid_back = currency.amount(-int(row["amount"]))
    memo = f"Advance {charge['id']} given back"
    return Adjustment(
        control=desk.control,
        number=docno(refund["id"] if refund else f"{charge['id']}-fail"),
        customer=advance.customer,
        day=max(day, advance.day),
        lines=(replace(line, amount=paid_back, memo=memo),),
        description=texts.described(
            "refund" if refund else "failed", refund["id"] if refund else charge["id"], "of advance", advance.number
        ),
        currency=advance.currency,
        base_currency=advance.base_currency,
        rate_type=str(desk.option("rate_type") or "") if advance.currency else "",
        summary=str(desk.option("ar_summary") or ""),
        draft=desk.option("post_as") == "draft",
        entity=advance.entity,
    )


# --- an invoice that is to be paid again ------------------------------------------------------------------------------


def _invoice(payload: Json, desk: Desk) -> Adjustment | Skip:
    refund, row = payload["refund"], payload["balance_row"]
    minor = unclaimed(refund, payload["credit_notes"])
    if not minor:
        return Skip("credit notes claim all of this refund", code="memo.claimed")
    if not reopens(refund, desk, day_of(desk, row, "")):
        return Skip("its revenue is taken back; nobody owes it again", code="memo.revenue")
    if _revenue_taken(refund, desk):
        return Skip("its revenue was taken back before", code="memo.revenue")
    twins.before_refund(payload)
    owed = _one_debtor([_posted(desk, key) for key in payload["invoices"]], refund["id"])
    entity = owed.lines[0].entity
    currency = amount.held(desk, refund["currency"], entity)
    money = settled(desk, [row], currency, -int(refund["amount"]), entity)
    day = day_of(desk, row, entity)
    line = refunds_clearing(desk, money.currency, entity, day, "lines[1]")
    desk.because("lines[1].amount", "of the refund, what no credit note claims")
    first = next(iter(payload["invoices"].values()))
    return Adjustment(
        control=desk.control,
        number=docno(refund["id"] + AGAIN),
        customer=owed.customer,
        day=max(day, owed.day),
        lines=(replace(line, amount=currency.amount(minor), memo=f"{TO_PAY}: refund {refund['id']}"),),
        invoice=owed.number,
        description=texts.described(
            "refund", refund["id"], texts.number(first), texts.party(first), "to be paid again"
        ),
        currency=owed.currency,
        base_currency=owed.base_currency,
        rate_type=owed.rate_type,
        summary=str(desk.option("ar_summary") or ""),
        draft=desk.option("post_as") == "draft",
        entity=owed.entity,
    )


def reopens(refund: Json, desk: Desk, day: date) -> bool:
    """Whether finance decided so: for this refund, for its reason, or for all. It can never be told from Stripe, which
    shows the invoice as paid."""
    row = desk.maybe("refund_route", refund["id"], str(refund.get("reason") or ""), on=day, at="route")
    route = row.value if row else str(desk.option("refund_route"))
    if route not in ROUTES:
        raise Refused(
            f"{route} is no way to book a refund.",
            cause="settings",
            code="settings.refund_route",
            field="refund_route",
            value=route,
            cure="Write gl or reopen into that row.",
        )
    return route == "reopen"


def memo_of(refund: Json, desk: Desk, day: date) -> Posted | None:
    """The memo of the rest of this refund, which stands before its journal; None where revenue is taken back. Raises
    NotYet."""
    try:
        return desk.posted("refund_memo", key_of(refund["id"]))
    except NotYet:
        if reopens(refund, desk, day):
            raise
        return None


def key_of(refund: str) -> str:
    return refund + REST


def _posted(desk: Desk, key: str) -> Invoice:
    owed = desk.posted("invoice", key).document
    if not isinstance(owed, Invoice):
        raise _undecided("The refunded invoice is a credit memo in the ledger.", key)
    return owed


def _one_debtor(invoices: list[Invoice], refund: str) -> Invoice:
    if len({(one.customer, one.lines[0].entity, one.currency) for one in invoices}) != 1:
        raise _undecided("The invoices of this refund do not have one customer, entity and currency.", refund)
    return invoices[0]


def _revenue_taken(refund: Json, desk: Desk) -> bool:
    """Its journal stands already, made when it was decided otherwise."""
    try:
        desk.posted("refund", refund["id"])
    except NotYet:
        return False
    return True


def _undecided(said: str, value: str) -> Refused:
    return Refused(
        said,
        cause="decision",
        code="decision.needed",
        field="refund",
        value=value,
        cure="Decide what the customer owes again and book the debit memo by hand.",
    )
