"""Whether lines come to the total of their document: with the tax inside of them, or beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from connectors.stampli.files.amounts import EXACT
from connectors.stampli.files.repeats import total_of

Tax = Literal["none", "inside", "line", "document"]
"""No tax is told; it is inside of the lines; each line has its own beside it; one for the whole is on every row."""


@dataclass(frozen=True)
class Money:
    amount: Decimal
    tax: Decimal | None


def tax_of(lines: Sequence[Money], total: Decimal | None) -> Tax | None:
    """How the lines and their tax come to the total; None: they do not, or nothing shows how."""
    taxes = [line.tax for line in lines if line.tax]
    net = total_of([line.amount for line in lines])
    if total is None:
        return None if taxes else "none"
    if net == total:
        return "inside" if taxes else "none"
    if not taxes:
        return None
    if EXACT.add(net, total_of(taxes)) == total:
        return "line"
    same = all(line.tax == lines[0].tax for line in lines)
    return "document" if same and EXACT.add(net, taxes[0]) == total else None


def as_credit(lines: Sequence[Money], total: Decimal | None) -> tuple[list[Money], Decimal | None] | None:
    """What a credit comes to however its signs are written: negative. None: nothing shows how they are meant.

    Of one sign: all are taken as negative. Of both: as they are, or all turned, or each made negative; whichever comes
    to the total.
    """
    wanted = None if total is None else -abs(total)
    negative = [Money(-abs(line.amount), None if line.tax is None else -abs(line.tax)) for line in lines]
    signs = {line.amount > 0 for line in lines if line.amount}
    if len(signs) < 2:
        return negative, wanted
    if wanted is None:
        return None
    turned = [Money(-line.amount, None if line.tax is None else -line.tax) for line in lines]
    for reading in (list(lines), turned, negative):
        if tax_of(reading, wanted):
            return reading, wanted
    return list(lines), wanted
