"""Arithmetic on money: exact or refused, never rounded. And the texts that a document is found by."""

import hashlib
import re
from collections.abc import Sequence
from decimal import Context, Decimal, Inexact, InvalidOperation
from fractions import Fraction
from math import floor
from typing import Final

from connectors.errors import Refused

# Whatever would round raises instead. 60 digits are more than any ledger has.
_EXACT: Final = Context(prec=60, traps=[Inexact, InvalidOperation])
_DOCNO_ILLEGAL: Final = re.compile(r"[^A-Za-z0-9._/-]")


def _number(value: Decimal | int) -> Decimal:
    """Refuses floats even where a caller is not type-checked: 0.1 + 0.2 has no place in a ledger."""
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        raise TypeError(f"money is Decimal or int, not {type(value).__name__}")
    return Decimal(value)


def _unit(unit: Decimal | int) -> Fraction:
    given = _number(unit)
    if not given.is_finite() or given <= 0:
        raise ValueError(f"a unit of money is positive, not {unit}")
    return Fraction(given)


def _units(amount: Decimal | int, unit: Decimal | int) -> int:
    """The amount as a whole number of units. Raises Refused with code `amount.precision`."""
    step, given = _unit(unit), _number(amount)
    count = Fraction(given) / step if given.is_finite() else None
    if count is None or count.denominator != 1:
        raise Refused(
            f"{amount} is no multiple of {unit}, the smallest amount that can be posted.",
            code="amount.precision",
            field="amount",
            value=str(amount),
            cure=f"Correct the amount at the source to a multiple of {unit}; it is never rounded here.",
        )
    return count.numerator


def _times(units: int, unit: Decimal | int) -> Decimal:
    return _EXACT.multiply(Decimal(units), Decimal(unit))


def exact(amount: Decimal | int, unit: Decimal | int) -> Decimal:
    """The amount, written in units (5.120 in units of 0.01 is 5.12). Raises Refused with code `amount.precision`."""
    return _times(_units(amount, unit), unit)


def from_minor(amount: int, exponent: int) -> Decimal:
    """Minor units as the source has them: 29767 with exponent 2 is 297.67."""
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise TypeError(f"an amount in minor units is int, not {type(amount).__name__}")
    return _times(amount, Decimal(1).scaleb(-exponent))


def to_minor(amount: Decimal | int, exponent: int) -> int:
    """297.67 with exponent 2 is 29767. Raises Refused with code `amount.precision` when something would be left."""
    return _units(amount, Decimal(1).scaleb(-exponent))


def allocate(total: Decimal | int, weights: Sequence[Decimal | int], unit: Decimal | int) -> list[Decimal]:
    """Splits `total` by weight into multiples of `unit` that sum to it exactly: the largest remainder.

    Units left over go one each to the largest remainders; among equals to the larger weight, then to the earlier line.
    A negative total is the split of the positive one, negated. Lines of opposite sign may be among the weights.

    Raises Refused: `decision.needed` when the weights sum to nothing, `amount.precision` when `total` is no multiple.
    """
    units = _units(total, unit)
    shares = [Fraction(_number(weight)) for weight in weights]
    whole = sum(shares, Fraction(0))
    if whole == 0:
        raise Refused(
            f"{total} cannot be split: nothing says over what.",
            cause="decision",
            code="decision.needed",
            field="amount",
            value=str(total),
            cure="Decide which lines bear this amount.",
        )
    sign = -1 if units < 0 else 1
    wanted = [abs(units) * share / whole for share in shares]
    parts = [floor(want) for want in wanted]
    order = sorted(range(len(parts)), key=lambda i: (parts[i] - wanted[i], -shares[i], i))
    for i in order[: abs(units) - sum(parts)]:
        parts[i] += 1
    return [_times(sign * part, unit) for part in parts]


def docno(id: str, length: int = 30) -> str:
    """The number of a document made of the source's id, in at most `length` characters that every field accepts.

    A longer id keeps its beginning and ends in 8 digits of its hash. Two ids may give one number; who books them must
    look for that (`number.collision`).
    """
    if length < 10:
        raise ValueError("a document number needs room for one character and the hash")
    number = id
    if len(id) > length:
        number = f"{id[: length - 9]}-{hashlib.sha256(id.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
    return _DOCNO_ILLEGAL.sub("-", number)


def cut(text: str, length: int) -> str:
    """The text in at most `length` characters; what is missing is shown by `…`."""
    if len(text) <= length:
        return text
    return text[: length - 1].rstrip() + "…" if length > 0 else ""
