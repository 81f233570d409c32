"""A refund whose money left in another currency than its invoice has: what it comes to in the books.

Revenue is taken back at the rate of its own invoice, which is not ours: what the ledger made of each line is read back
after posting. The rest, up to what left Stripe's balance, is what the exchange rate made of it. docs/accounting.md
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from connectors.base import Desk, Posted
from connectors.errors import NotYet, Refused
from connectors.integrations.stripe_intacct.amount import Currency
from connectors.integrations.stripe_intacct.clearing import Settled
from connectors.integrations.stripe_intacct.coding import Place, coded
from connectors.integrations.stripe_intacct.invoice import groups
from connectors.integrations.stripe_intacct.shares import Groups, Share
from connectors.money import allocate
from connectors.sage_intacct.documents import Line


def at_own_rates(back: Iterable[Share], posted: Mapping[str, Posted], money: Settled) -> list[Share]:
    """The same shares in base currency. The last one of an account uses up what the ledger holds on it, to the cent."""
    whole = {key: groups(one.document.lines) for key, one in posted.items()}
    in_base = {key: _groups(key, one, money) for key, one in posted.items()}
    made = []
    for share in back:
        trx, base = whole[share.invoice][share.coding], in_base[share.invoice][share.coding]
        left = [_part(base, trx, rest, money.currency) for rest in (share.left, share.left - share.amount)]
        made.append(replace(share, amount=left[0] - left[1], left=left[0]))
    return [share for share in made if share.amount]


def _part(base: Decimal, trx: Decimal, left: Decimal, currency: Currency) -> Decimal:
    """What is left in base currency while `left` is left of `trx`."""
    return allocate(base, [left, trx - left], currency.unit)[0]


def _groups(key: str, posted: Posted, money: Settled) -> Groups:
    lines = posted.document.lines
    if posted.base_lines is None:
        raise NotYet(
            f"The invoice {key} was not read back yet: its rate is not known.",
            code="dependency.read_back",
            flow="stripe_intacct.invoice",
            key=key,
        )
    if len(posted.base_lines) != len(lines):
        total = sum((line.amount for line in lines), Decimal(0))
        raise Refused(
            f"Sage Intacct does not tell what {posted.number} of {total} {posted.document.currency} came to in "
            f"{money.currency.upper}; {-money.amount} {money.currency.upper} left Stripe's balance.",
            cause="decision",
            code="decision.needed",
            field="lines",
            value=str(-money.amount),
            cure="Look at the rate of the invoice in Sage Intacct and book this refund by hand: revenue at that rate, "
            "the rest as exchange difference.",
        )
    return groups(tuple(replace(line, amount=base) for line, base in zip(lines, posted.base_lines, strict=True)))


def differences(rest: Mapping[str, Decimal], currency: Currency, desk: Desk, day: date) -> list[Line]:
    """By entity; above zero is a loss."""
    return [_difference(entity, amount, currency, desk, day) for entity, amount in rest.items() if amount]


def _difference(entity: str, amount: Decimal, currency: Currency, desk: Desk, day: date) -> Line:
    values = [f"{currency.upper}/{entity}" if entity else "", currency.upper]
    row = desk.map("fx_gain_loss", *values, on=day, at="lines.fx_gain_loss")
    line = coded(desk, row, Place(day, entity, {}), "lines.fx_gain_loss")
    return replace(line, amount=amount, memo="Exchange difference")
