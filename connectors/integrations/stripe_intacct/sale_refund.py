"""Money of a charge without invoice goes back → journal: what its sale had credited; for an advance refunds clearing,
where its memo meets it. docs/accounting.md 3.4, 3.6
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from connectors.base import Desk, Json
from connectors.errors import Refused
from connectors.integrations.stripe_intacct import amount, exchange, texts
from connectors.integrations.stripe_intacct.clearing import cash, day_of, journal_symbol, refunds_clearing, same_money
from connectors.money import allocate, docno
from connectors.sage_intacct.documents import Advance, Journal, Line, OtherReceipt


def translate(payload: Json, desk: Desk) -> Journal:
    """A refund. The last one uses up every line of the sale, to the cent."""
    refund, charge = payload["refund"], payload["charge"]
    title = texts.titled("refund", refund["id"], charge["id"])
    return _journal(payload, desk, payload["balance_row"], refund["id"], title)


def returned(payload: Json, desk: Desk) -> Journal:
    """All of it went back: a bank debit that failed late."""
    charge = payload["charge"]
    return _journal(payload, desk, payload["balance_row"], f"{charge['id']}-fail", f"Stripe sale failed {charge['id']}")


def _journal(payload: Json, desk: Desk, row: Json, key: str, title: str) -> Journal:
    first = desk.posted("sale", payload["charge"]["id"]).document
    entity = first.lines[0].entity
    currency = amount.held(desk, row["currency"], entity)
    if first.currency not in ("", currency.upper):
        raise _undecided(f"The money came in {first.currency} and went back in {currency.upper}.", key)
    desk.claim(row["id"], "gross")
    day = day_of(desk, row, entity)
    paid = currency.amount(-int(row["amount"]))
    if isinstance(first, Advance):
        line = refunds_clearing(desk, currency, entity, day, "lines.refunds_clearing")
        debits = [replace(line, amount=paid, document=first.number, memo=f"Advance {first.number} given back")]
    else:
        debits = _of_sale(payload, first, currency, row)
        rest = paid - sum((line.amount for line in debits), Decimal(0))
        debits += exchange.differences({entity: rest}, currency, desk, day)
    desk.because("lines", f"{first.kind} {first.number}")
    block = amount.block(desk, currency, entity)
    return Journal(
        control=desk.control,
        number=docno(key),
        journal=journal_symbol(desk),
        day=day,
        title=title,
        lines=(*debits, cash(desk, currency, entity, -paid, day)),
        currency=block.currency,
        rate_type=block.rate_type,
        draft=desk.option("post_as") == "draft",
        entity=first.entity,
    )


def _of_sale(payload: Json, sale: OtherReceipt, currency: amount.Currency, row: Json) -> list[Line]:
    """What this return takes of each line: its share of the charge, by what earlier returns left. In another currency
    than the charge's the rest of what was paid is an exchange difference."""
    charge, own = payload["charge"], payload.get("refund")
    if row["currency"] == charge["currency"]:
        same_money([row], currency, -int(own["amount"] if own else charge["amount_captured"]))
    left, gone = [line.amount for line in sale.lines], 0
    parts: list[Decimal] = []
    for minor in _returns(payload):
        whole = sum(left, Decimal(0))
        taken = allocate(whole, [minor, int(charge["amount_captured"]) - gone - minor], currency.unit)[0]
        parts = allocate(taken, left, currency.unit)
        left = [rest - part for rest, part in zip(left, parts, strict=True)]
        gone += minor
    lines = zip(sale.lines, parts, strict=True)
    return [replace(line, amount=part, document=sale.number) for line, part in lines if part]


def _returns(payload: Json) -> Sequence[int]:
    """Minor units of the charge that went back, this one last."""
    own = payload.get("refund")
    if not own:
        return [int(payload["charge"]["amount_captured"])]
    before = [one for one in payload["refunds"] if _order(one) < _order(own)]
    return [int(one["amount"]) for one in (*sorted(before, key=_order), own)]


def _order(refund: Json) -> tuple[int, str]:
    return int(refund["created"]), str(refund["id"])


def _undecided(said: str, value: str) -> Refused:
    return Refused(
        said,
        cause="decision",
        code="decision.needed",
        field="refund",
        value=value,
        cure="Decide which account bears this return and book it by hand.",
    )
