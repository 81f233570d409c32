"""Stripe refund → journal: the cash leg, and the revenue that no credit note takes back. docs/accounting.md 3.6

The receivable is not touched: the invoice stays paid in both systems.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from connectors.base import Desk, Json, Posted, Skip
from connectors.errors import Refused
from connectors.integrations.stripe_intacct import amount, exchange, texts
from connectors.integrations.stripe_intacct.clearing import Settled, clearing_of, day_of, gl_account, settled
from connectors.integrations.stripe_intacct.coding import Place, coded
from connectors.integrations.stripe_intacct.invoice import groups
from connectors.integrations.stripe_intacct.shares import Share, claimed, shares, unclaimed
from connectors.money import allocate, docno
from connectors.sage_intacct.documents import Invoice, Journal, Line, OtherReceipt

CASH = "Stripe"
"""The text of the lines on clearing."""


def translate(payload: Json, desk: Desk) -> Journal | Skip:
    refund, row = payload["refund"], payload["balance_row"]
    if row is None or payload["charge"] is None:
        return Skip("no cash moved through Stripe", code="refund.no_cash")
    if payload["failure"]:
        return _returned(payload, desk)
    if not payload["payments"]:
        return _of_sale(payload, desk)
    posted = _posted(payload, desk)
    invoices = {key: one.document for key, one in posted.items()}
    entities = [document.lines[0].entity for document in invoices.values()]
    currency = amount.held(desk, refund["currency"], entities[0])
    (money,) = {settled(desk, [row], currency, -refund["amount"], entity) for entity in entities}
    _no_twin(payload)
    desk.claim(row["id"], "gross")
    day = day_of(desk, row, entities[0])
    back = shares(payload, {key: groups(document.lines) for key, document in invoices.items()}, currency)
    if money.exchanged:
        lines = _exchanged(payload, posted, back, money, desk, day)
    else:
        debits = [*_debits(payload, back, desk), *_claimed(payload, invoices, currency, desk, day)]
        lines = [*debits, *_credits(_by_entity(debits), currency, desk, day)]
    return _journal(payload, desk, money.currency, day, lines)


def _posted(payload: Json, desk: Desk) -> dict[str, Posted]:
    """Money that was not booked cannot be given back: its payments and invoices go first."""
    for payment in payload["payments"]:
        desk.posted("payment", payment["key"])
    found = {key: desk.posted("invoice", key) for key in payload["invoices"]}
    for key, one in found.items():
        if not isinstance(one.document, Invoice):
            raise _undecided("The refunded invoice is a credit memo in the ledger.", key)
    return found


def _no_twin(payload: Json) -> None:
    """A refund that nobody claims beside a note that nobody paid out is probably one return told twice."""
    own = (payload["refund"]["created"], payload["refund"]["id"])
    earlier = [n for n in payload["credit_notes"] if n["status"] != "void" and (n["created"], n["id"]) < own]
    open_notes = [n for n in earlier if n.get("out_of_band_amount")]
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


def _debits(payload: Json, back: Iterable[Share], desk: Desk) -> list[Line]:
    lines = [_revenue(share, payload) for share in back]
    for number, line in enumerate(lines, 1):
        desk.because(f"lines[{number}]", f"frozen coding of invoice {line.document}, share of what was left")
    return lines


def _exchanged(
    payload: Json, posted: Mapping[str, Posted], back: Sequence[Share], money: Settled, desk: Desk, day: date
) -> list[Line]:
    """The money left in base currency: revenue comes back at the rate of its own invoice, the rest is what the exchange
    rate made of it."""
    if claimed(payload["refund"], payload["credit_notes"]):
        raise _undecided(
            f"A credit note claims a refund that left as {-money.amount} {money.currency.upper}.",
            f"{payload['refund']['amount']} {payload['refund']['currency']}",
        )
    in_base = exchange.at_own_rates(back, posted, money)
    paid_out = _split(-money.amount, _by_entity(back), money.currency)
    debits = _debits(payload, in_base, desk)
    borne = _by_entity(debits)
    rest = {entity: paid - borne.get(entity, Decimal(0)) for entity, paid in paid_out.items()}
    return [*debits, *exchange.differences(rest, money.currency, desk, day),
            *_credits(paid_out, money.currency, desk, day)]  # fmt: skip


def _by_entity(parts: Iterable[Line] | Iterable[Share]) -> dict[str, Decimal]:
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
        values = [f"{currency.upper}/{entity}" if entity else "", currency.upper]
        row = desk.map("refunds_clearing", *values, on=day, at="lines.refunds_clearing")
        line = coded(desk, row, Place(day, entity, {}), "lines.refunds_clearing")
        memo = f"Refund of {number}, claimed by a credit note"
        made.append(replace(line, amount=currency.amount(minor), document=docno(number), memo=memo))
    return made


def _credits(sums: Mapping[str, Decimal], currency: amount.Currency, desk: Desk, day: date) -> list[Line]:
    """Each entity's clearing for what its lines bear: the journal balances in each of them."""
    return [_credit(entity, total, currency, desk, day) for entity, total in sums.items()]


def _credit(entity: str, total: Decimal, currency: amount.Currency, desk: Desk, day: date) -> Line:
    clearing = clearing_of(desk, currency, entity, day, "lines.clearing")
    return Line(
        account=gl_account(clearing, "lines.clearing"), amount=-total, location=entity, entity=entity, memo=CASH
    )


def _of_sale(payload: Json, desk: Desk) -> Journal:
    """Money of a sale without invoice goes back from the account that the sale was booked to."""
    refund, row = payload["refund"], payload["balance_row"]
    sold = desk.posted("sale", payload["charge"]["id"]).document
    if not isinstance(sold, OtherReceipt):
        raise _undecided("The refunded money is an advance of the customer.", refund["id"])
    entity = sold.lines[0].entity
    currency = amount.in_base(desk, row["currency"], entity)
    desk.claim(row["id"], "gross")
    day = day_of(desk, row, entity)
    debit = replace(sold.lines[0], amount=currency.amount(-int(row["amount"])), document=sold.number)
    desk.because("lines[1]", f"account of the sale {sold.number}")
    return _journal(payload, desk, currency, day, [debit, *_credits(_by_entity([debit]), currency, desk, day)])


# --- documents --------------------------------------------------------------------------------------------------------


def _journal(payload: Json, desk: Desk, currency: amount.Currency, day: date, lines: list[Line]) -> Journal:
    refund = payload["refund"]
    first = next(iter(payload["invoices"].values()), None)
    about = (texts.number(first), texts.party(first)) if first else (payload["charge"]["id"],)
    entity = lines[0].entity
    block = amount.block(desk, currency, entity)
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


def journal_symbol(desk: Desk) -> str:
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
