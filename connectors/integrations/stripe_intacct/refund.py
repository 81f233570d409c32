"""Stripe refund → journal: the cash leg, and the revenue that no credit note takes back. docs/accounting.md 3.6

The receivable is not touched: the invoice stays paid in both systems.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from connectors.base import Desk, Json, Posted, Skip
from connectors.errors import Refused
from connectors.integrations.stripe_intacct import amount, credit_note, exchange, owed_again, sale_refund, texts, twins
from connectors.integrations.stripe_intacct.clearing import (
    CASH,
    Settled,
    cash,
    day_of,
    journal_symbol,
    refunds_clearing,
    settled,
)
from connectors.integrations.stripe_intacct.coding import session_of
from connectors.integrations.stripe_intacct.invoice import groups
from connectors.integrations.stripe_intacct.shares import Share, claimed, notes_before, shares, unclaimed
from connectors.money import allocate, docno
from connectors.sage_intacct.documents import Invoice, Journal, Line
from connectors.stripe.client import id_of
from connectors.stripe.reading import claims, memo_of


def translate(payload: Json, desk: Desk) -> Journal | Skip:
    refund, row = payload["refund"], payload["balance_row"]
    if row is None or payload["charge"] is None:
        return Skip("no cash moved through Stripe", code="refund.no_cash")
    if payload["failure"]:
        return _returned(payload, desk)
    if not payload["payments"]:
        return sale_refund.translate(payload, desk)
    posted = _posted(payload, desk)
    invoices = {key: one.document for key, one in posted.items()}
    entities = [document.lines[0].entity for document in invoices.values()]
    currency = amount.held(desk, refund["currency"], entities[0])
    (money,) = {settled(desk, [row], currency, -refund["amount"], entity) for entity in entities}
    twins.before_refund(payload)
    desk.claim(row["id"], "gross")
    day = day_of(desk, row, entities[0])
    memo = owed_again.memo_of(refund, desk, day)
    back = [] if memo else _shares(payload, invoices, currency, desk, day)
    if money.exchanged:
        lines = _exchanged(payload, posted, back, memo, money, desk, day)
    else:
        debits = [*_debits(payload, back, desk), *_claimed(payload, invoices, currency, desk, day), *_again(memo)]
        _all(debits, -money.amount, refund["id"])
        lines = [*debits, *_credits(_by_entity(debits), currency, desk, day)]
    return _journal(payload, desk, money.currency, day, lines)


def _shares(
    payload: Json, invoices: Mapping[str, Invoice], currency: amount.Currency, desk: Desk, day: date
) -> list[Share]:
    """Earlier refunds whose invoice is to be paid again took no revenue."""
    own = payload["refund"]["id"]
    taking = [one for one in payload["refunds"] if one["id"] == own or not owed_again.reopens(one, desk, day)]
    coding = {key: groups(document.lines) for key, document in invoices.items()}
    return shares({**payload, "refunds": taking}, coding, currency, _noted(payload, invoices, currency, desk))


def _noted(
    payload: Json, invoices: Mapping[str, Invoice], currency: amount.Currency, desk: Desk
) -> dict[str, dict[Line, Decimal]]:
    """What each earlier note took off which account, whether its memo is posted yet or not. Only asked where a part of
    the refund is left for the invoice's accounts."""
    found = {}
    for note in notes_before(payload) if unclaimed(payload["refund"], payload["credit_notes"]) else ():
        invoice = id_of(note["invoice"])
        of_note = {"credit_note": note, "lines": note["lines"], "invoice": payload["invoices"][invoice]}
        of_note["tax_rates"] = payload["tax_rates"]
        found[note["id"]] = credit_note.takes(of_note, invoices[invoice], desk, currency)
    return found


def _again(memo: Posted | None) -> list[Line]:
    """What is to be paid again meets its memo on refunds clearing."""
    if memo is None:
        return []
    return [replace(line, document=memo.document.invoice) for line in memo.document.lines]


def _all(debits: Iterable[Line], paid: Decimal, refund: str) -> None:
    """A note may have claimed what was to be paid again already."""
    found = sum((line.amount for line in debits), Decimal(0))
    if found != paid:
        raise _undecided(f"Credit notes and what is to be paid again make {found} of {paid}.", refund)


def _posted(payload: Json, desk: Desk) -> dict[str, Posted]:
    """Money that was not booked cannot be given back: its payments and invoices go first."""
    for payment in payload["payments"]:
        desk.posted("payment", payment["key"])
    found = {key: desk.posted("invoice", key) for key in payload["invoices"]}
    for key, one in found.items():
        if not isinstance(one.document, Invoice):
            raise _undecided("The refunded invoice is a credit memo in the ledger.", key)
    return found


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


def _debits(payload: Json, back: Iterable[Share], desk: Desk) -> list[Line]:
    lines = [_revenue(share, payload) for share in back]
    for number, line in enumerate(lines, 1):
        desk.because(f"lines[{number}]", f"frozen coding of invoice {line.document}, share of what was left")
    return lines


def _exchanged(
    payload: Json,
    posted: Mapping[str, Posted],
    back: Sequence[Share],
    again: Posted | None,
    money: Settled,
    desk: Desk,
    day: date,
) -> list[Line]:
    """The money left in base currency: revenue comes back at the rate of its own invoice, memos at that of their day;
    the rest is what the exchange rate made of it."""
    memos = _memos(payload, desk)
    if again:
        memos[owed_again.key_of(payload["refund"]["id"])] = again
    if not memos:
        exchange.one_way(desk, payload["balance_row"])
    parts = [*back, *(line for memo in memos.values() for line in memo.document.lines)]
    paid_out = _split(-money.amount, _by_entity(parts), money.currency)
    met = [line for key, memo in memos.items() for line in exchange.met(key, memo, money)]
    debits = [*_debits(payload, exchange.at_own_rates(back, posted, money), desk), *met]
    borne = _by_entity(debits)
    rest = {entity: paid - borne.get(entity, Decimal(0)) for entity, paid in paid_out.items()}
    return [*debits, *exchange.differences(rest, money.currency, desk, day),
            *_credits(paid_out, money.currency, desk, day)]  # fmt: skip


def _memos(payload: Json, desk: Desk) -> dict[str, Posted]:
    """Of the notes that claim it, by key: what the ledger made of them must be known before the journal."""
    refund = payload["refund"]["id"]
    notes = [note for note in payload["credit_notes"] if claims(note, refund)]
    ids = [note["id"] for note in sorted(notes, key=lambda note: (note["created"], note["id"]))]
    keys = [memo_of(refund, note["id"], ids) for note in notes if note["status"] != "void"]
    return {key: desk.posted("refund_memo", key) for key in keys}


def _by_entity(parts: Iterable[Line | Share]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for part in parts:
        entity = part.coding.entity if isinstance(part, Share) else part.entity
        sums[entity] = sums.get(entity, Decimal(0)) + part.amount
    return sums


def _split(total: Decimal, weights: Mapping[str, Decimal], currency: amount.Currency) -> dict[str, Decimal]:
    return dict(zip(weights, allocate(total, list(weights.values()), currency.unit), strict=True))


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
        line = refunds_clearing(desk, currency, entity, day, "lines.refunds_clearing")
        memo = f"Refund of {number}, claimed by a credit note"
        made.append(replace(line, amount=currency.amount(minor), document=docno(number), memo=memo))
    return made


def _credits(sums: Mapping[str, Decimal], currency: amount.Currency, desk: Desk, day: date) -> list[Line]:
    """Each entity's clearing for what its lines bear: the journal balances in each of them."""
    return [cash(desk, currency, entity, -total, day) for entity, total in sums.items()]


# --- documents --------------------------------------------------------------------------------------------------------


def _journal(payload: Json, desk: Desk, currency: amount.Currency, day: date, lines: list[Line]) -> Journal:
    refund = payload["refund"]
    first = next(iter(payload["invoices"].values()), None)
    about = (texts.number(first), texts.party(first)) if first else (payload["charge"]["id"],)
    entity = lines[0].entity
    block = amount.block(desk, currency, entity)
    within_one = len({line.entity for line in lines}) == 1
    return Journal(
        control=desk.control,
        number=docno(refund["id"]),
        journal=journal_symbol(desk),
        day=day,
        title=texts.titled("refund", refund["id"], *about),
        lines=tuple(lines),
        currency=block.currency,
        rate_type=block.rate_type,
        draft=desk.option("post_as") == "draft",
        entity=session_of(desk, "", lines) if within_one else "",
    )


def _returned(payload: Json, desk: Desk) -> Journal:
    """The money came back: the same accounts, the other way round, on the day of its own row. Where it was exchanged,
    what came back more or less than had left is an exchange difference of its own."""
    refund, row = payload["refund"], payload["balance_row"]
    first = desk.posted("refund", refund["id"]).document
    assert isinstance(first, Journal)
    entity = first.lines[0].entity
    money = settled(desk, [row], amount.held(desk, refund["currency"], entity), refund["amount"], entity)
    if first.currency not in ("", money.currency.upper):
        raise _undecided(f"The refund left in {first.currency} and came back in {money.currency.upper}.", refund["id"])
    desk.claim(row["id"], "gross")
    day = day_of(desk, row, entity)
    return replace(
        first,
        control=desk.control,
        number=docno(f"{refund['id']}-fail"),
        day=day,
        title=texts.titled("refund failed", first.title.removeprefix("Stripe refund ")),
        lines=tuple(_mirrored(first, money, desk, day)),
    )


def _mirrored(first: Journal, money: Settled, desk: Desk, day: date) -> list[Line]:
    lines = [replace(line, amount=-line.amount) for line in first.lines]
    cash = [line for line in lines if line.memo == CASH]
    came = dict(zip(cash, allocate(money.amount, [line.amount for line in cash], money.currency.unit), strict=True))
    rest = {line.entity: line.amount - part for line, part in came.items()}
    same = [replace(line, amount=came.get(line, line.amount)) for line in lines]
    return [*same, *exchange.differences(rest, money.currency, desk, day)]
