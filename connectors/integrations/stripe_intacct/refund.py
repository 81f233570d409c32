"""Stripe refund → journal: the cash leg, and the revenue that no credit note takes back. docs/accounting.md 3.6

The receivable is not touched: the invoice stays paid in both systems.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from connectors.base import Desk, Json, Skip
from connectors.errors import Refused
from connectors.integrations.stripe_intacct import amount, texts
from connectors.integrations.stripe_intacct.clearing import clearing_of, day_of, gl_account, same_money
from connectors.integrations.stripe_intacct.invoice import groups
from connectors.integrations.stripe_intacct.shares import Groups, Share, claimed, shares, unclaimed
from connectors.money import docno
from connectors.sage_intacct.documents import Invoice, Journal, Line


def translate(payload: Json, desk: Desk) -> Journal | Skip:
    refund, row = payload["refund"], payload["balance_row"]
    if row is None or payload["charge"] is None:
        return Skip("no cash moved through Stripe", code="refund.no_cash")
    if payload["failure"]:
        return _returned(payload, desk)
    if not payload["payments"]:
        raise _undecided("The refunded charge paid no invoice.", refund["id"])
    invoices = _posted(payload, desk)
    entities = [document.lines[0].entity for document in invoices.values()]
    currency = amount.in_base(desk, refund["currency"], entities[0])
    same_money([row], currency, -refund["amount"])
    _no_twin(payload)
    desk.claim(row["id"], "gross")
    day = day_of(desk, row, entities[0])
    debits = _debits(payload, invoices, currency, desk, day)
    return _journal(payload, desk, currency, day, [*debits, *_credits(debits, currency, desk, day)])


def _posted(payload: Json, desk: Desk) -> dict[str, Invoice]:
    """Money that was not booked cannot be given back: its payments and invoices go first."""
    for payment in payload["payments"]:
        desk.posted("payment", payment["id"])
    found = {key: desk.posted("invoice", key).document for key in payload["invoices"]}
    for key, document in found.items():
        if not isinstance(document, Invoice):
            raise _undecided("The refunded invoice is a credit memo in the ledger.", key)
    return found


def _no_twin(payload: Json) -> None:
    """A refund that nobody claims beside a note that nobody paid out is probably one return told twice."""
    open_notes = [n for n in payload["credit_notes"] if n["status"] != "void" and n.get("out_of_band_amount")]
    if open_notes and unclaimed(payload["refund"], payload["credit_notes"]):
        raise Refused(
            f"The credit note {open_notes[0].get('number')} waits to be paid out; this refund names no note.",
            cause="decision",
            code="refund.double",
            field="refund",
            value=payload["refund"]["id"],
            cure="Decide: this refund pays that note, or they are two things.",
        )


def _undecided(said: str, value: str) -> Refused:
    return Refused(
        said,
        cause="decision",
        code="decision.needed",
        field="refund",
        value=value,
        cure="Decide which account bears this refund and book it by hand.",
    )


# --- lines ------------------------------------------------------------------------------------------------------------


def _debits(
    payload: Json, invoices: Mapping[str, Invoice], currency: amount.Currency, desk: Desk, day: date
) -> list[Line]:
    coding: dict[str, Groups] = {key: groups(document.lines) for key, document in invoices.items()}
    back = [_revenue(share, payload) for share in shares(payload, coding, currency)]
    for number, line in enumerate(back, 1):
        desk.because(f"lines[{number}]", f"frozen coding of invoice {line.document}, share of what was left")
    return back + _claimed(payload, invoices, currency, desk, day)


def _revenue(share: Share, payload: Json) -> Line:
    number = texts.number(payload["invoices"][share.invoice])
    return replace(share.coding, amount=share.amount, document=docno(number), memo=f"Refund of {number}")


def _claimed(
    payload: Json, invoices: Mapping[str, Invoice], currency: amount.Currency, desk: Desk, day: date
) -> list[Line]:
    """The credit note takes the revenue back; its memo meets this money on refunds clearing."""
    made = []
    for key, minor in claimed(payload["refund"], payload["credit_notes"]).items():
        entity, number = invoices[key].lines[0].entity, texts.number(payload["invoices"][key])
        values = [f"{currency.upper}/{entity}" if entity else "", currency.upper]
        row = desk.map("refunds_clearing", *values, on=day, at="lines.refunds_clearing")
        made.append(
            Line(
                account=row.value,
                amount=currency.amount(minor),
                location=entity,
                entity=entity,
                document=docno(number),
                memo=f"Refund of {number}, claimed by a credit note",
            )
        )
    return made


def _credits(debits: Iterable[Line], currency: amount.Currency, desk: Desk, day: date) -> list[Line]:
    """Each entity's clearing for what its lines bear: the journal balances in each of them."""
    sums: dict[str, Decimal] = {}
    for line in debits:
        sums[line.entity] = sums.get(line.entity, Decimal(0)) + line.amount
    return [_credit(entity, total, currency, desk, day) for entity, total in sums.items()]


def _credit(entity: str, total: Decimal, currency: amount.Currency, desk: Desk, day: date) -> Line:
    clearing = clearing_of(desk, currency, entity, day, "lines.clearing")
    return Line(
        account=gl_account(clearing, "lines.clearing"), amount=-total, location=entity, entity=entity, memo="Stripe"
    )


# --- documents --------------------------------------------------------------------------------------------------------


def _journal(payload: Json, desk: Desk, currency: amount.Currency, day: date, lines: list[Line]) -> Journal:
    refund = payload["refund"]
    first = next(iter(payload["invoices"].values()))
    entity = lines[0].entity
    block = amount.block(desk, currency, entity)
    return Journal(
        control=desk.control,
        number=docno(refund["id"]),
        journal=_symbol(desk),
        day=day,
        title=texts.titled("refund", refund["id"], texts.number(first), texts.party(first)),
        lines=tuple(lines),
        currency=block.currency,
        rate_type=block.rate_type,
        draft=desk.option("post_as") == "draft",
    )


def _returned(payload: Json, desk: Desk) -> Journal:
    """The money came back: the same accounts, the other way round, on the day of its own row."""
    refund, row = payload["refund"], payload["balance_row"]
    first = desk.posted("refund", refund["id"]).document
    assert isinstance(first, Journal)
    currency = amount.in_base(desk, refund["currency"], first.lines[0].entity)
    same_money([row], currency, refund["amount"])
    desk.claim(row["id"], "gross")
    return replace(
        first,
        control=desk.control,
        number=docno(f"{refund['id']}-fail"),
        day=day_of(desk, row, first.lines[0].entity),
        title=texts.titled("refund failed", first.title.removeprefix("Stripe refund ")),
        lines=tuple(replace(line, amount=-line.amount) for line in first.lines),
    )


def _symbol(desk: Desk) -> str:
    symbol = str(desk.option("journal") or "")
    if not symbol:
        raise Refused(
            "No journal is chosen for entries of this link.",
            cause="settings",
            code="settings.journal",
            field="journal",
            cure="Enter the symbol of a journal in the options of the link.",
        )
    return symbol
