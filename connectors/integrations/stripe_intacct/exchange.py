"""A refund whose money left in another currency than its invoice has: what it comes to in the books.

Revenue is taken back at the rate of its own invoice, which is not ours: what the ledger made of each line is read back
after posting. The rest, up to what left Stripe's balance, is what the exchange rate made of it. docs/accounting.md
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from connectors.base import Desk, Json, Posted
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


def one_way(desk: Desk, row: Json) -> None:
    """Either the journal takes revenue back, or a memo meets it: of the two that one is made which is made first."""
    desk.claim(f"{row['id']}:back", "gross")


def met(key: str, memo: Posted, money: Settled) -> list[Line]:
    """The lines of a memo as the ledger reckoned them in base currency."""
    in_base = _in_base("refund_memo", key, memo, money)
    said = f"Memo {memo.document.number}"
    return [
        replace(line, amount=base, document=memo.document.invoice, memo=said)
        for line, base in zip(memo.document.lines, in_base, strict=True)
    ]


def _groups(key: str, posted: Posted, money: Settled) -> Groups:
    in_base = _in_base("invoice", key, posted, money)
    lines = posted.document.lines
    return groups(tuple(replace(line, amount=base) for line, base in zip(lines, in_base, strict=True)))


def _in_base(flow: str, key: str, posted: Posted, money: Settled) -> tuple[Decimal, ...]:
    """What the ledger made of each line. Raises NotYet, and Refused where it does not tell."""
    lines = posted.document.lines
    if posted.base_lines is None:
        raise NotYet(
            f"The {posted.document.kind} {key} was not read back yet: its rate is not known.",
            code="dependency.read_back",
            flow=f"stripe_intacct.{flow}",
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
            cure="Look at the rate of the document in Sage Intacct and book this refund by hand: revenue and memos at "
            "that rate, the rest as exchange difference.",
        )
    return posted.base_lines


def differences(rest: Mapping[str, Decimal], currency: Currency, desk: Desk, day: date) -> list[Line]:
    """By entity; above zero is a loss."""
    return [_difference(entity, amount, currency, desk, day) for entity, amount in rest.items() if amount]


def _difference(entity: str, amount: Decimal, currency: Currency, desk: Desk, day: date) -> Line:
    values = [f"{currency.upper}/{entity}" if entity else "", currency.upper]
    row = desk.map("fx_gain_loss", *values, on=day, at="lines.fx_gain_loss")
    line = coded(desk, row, Place(day, entity, {}), "lines.fx_gain_loss")
    return replace(line, amount=amount, memo="Exchange difference")
