"""Amounts as people and programs write them. Read exactly, or not at all.

Which sign divides the decimals is decided once per file, from amounts that can be read in one way only (proofs); an
amount that could be read in two ways, a hundred- or thousandfold apart, is never read by habit.
"""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation
from functools import lru_cache
from typing import Final, Literal

from connectors.stampli.files.currencies import DECIMALS, SIGNS

Sign = Literal["", ".", ","]
"""What divides the decimals; empty: not known, or both readings are the same."""

EXACT: Final = Context(prec=60, traps=[Inexact, InvalidOperation])
_PLAIN: Final = re.compile(r"(-?)([0-9]{1,15})(?:\.([0-9]{1,2}))?")
_SCIENTIFIC: Final = re.compile(r"[+-]?[0-9.,]+E[+-]?[0-9]+", re.IGNORECASE)
_CODE: Final = re.compile(r"([A-Za-z]{3})\s*(.*)|(.*?)\s*([A-Za-z]{3})", re.DOTALL)
_DIGITS: Final = re.compile(r"[0-9][0-9.,' ]*|[.,][0-9]+")
_ENDS: Final = " \t\r\n\ufeff\u200b\u200c\u200d\u2060"
_MINUS: Final = str.maketrans({"\u2212": "-", "\u2019": "'", "\u02bc": "'", "\u2018": "'"})
_LONGEST: Final = 60
_LIMIT: Final = Decimal(10) ** 15
"""No amount has more digits before its decimals; no ledger holds it."""


@dataclass(frozen=True, slots=True)
class Amount:
    """One amount as it is written: what it is with a decimal point, and what with a decimal comma.

    `proves`: the sign that must divide the decimals, if this amount could not be read otherwise. None: not readable so.
    """

    point: Decimal | None = None
    comma: Decimal | None = None
    proves: Sign = ""
    currencies: frozenset[str] = frozenset()
    """Those that it names itself, by code or sign."""
    wrong: str = ""
    """The code of why it is no amount at all."""

    @property
    def ambiguous(self) -> bool:
        return self.point is not None and self.comma is not None and self.point != self.comma

    def by(self, sign: Sign) -> Decimal | None:
        """The amount where decimals are divided so; None: not readable, or not without knowing."""
        if sign:
            return self.point if sign == "." else self.comma
        if self.point is None or self.comma is None:
            return self.comma if self.point is None else self.point
        return None if self.point != self.comma else self.point


INVALID: Final = Amount(wrong="amount_invalid")


@lru_cache(maxsize=8192)
def read(text: str) -> Amount:
    """A cell that is not blank."""
    if plain := _PLAIN.fullmatch(text):
        value = Decimal(text)
        if plain[3] is None:
            return Amount(point=value, comma=value)
        return Amount(point=value, proves=".")
    return _written(text)


def _written(text: str) -> Amount:
    text = text.strip(_ENDS)
    # Superscripts, fractions and circled digits would become other numbers: 10² is not 102.
    if not text or len(text) > _LONGEST or any(unicodedata.category(char) == "No" for char in text):
        return INVALID
    text = unicodedata.normalize("NFKC", text).translate(_MINUS).strip(_ENDS)
    if _SCIENTIFIC.fullmatch(text):
        return Amount(wrong="amount_scientific")
    return _named(text)


def _named(text: str) -> Amount:
    """Takes off what names a currency, and the sign: in whichever order they stand, each at most once."""
    currencies: frozenset[str] = frozenset()
    negative = named = False
    while not _DIGITS.fullmatch(text := text.strip()):
        bare, was_negative = _unsigned(text)
        if was_negative is not None:
            if negative:
                return INVALID
            text, negative = bare, was_negative
            continue
        found = _currency(text)
        if found is None or named:
            return INVALID
        text, currencies = found
        named = True
    return _number(text, currencies, negative=negative)


def _unsigned(text: str) -> tuple[str, bool | None]:
    """The text without its sign; None where it has none."""
    if len(text) > 2 and text[0] == "(" and text[-1] == ")":
        return text[1:-1], True
    if text[:1] == "-" or text[-1:] == "-":
        return (text[1:] if text[0] == "-" else text[:-1]), True
    if text[:1] == "+" and text[1:2].isdigit():
        return text[1:], False
    return text, None


def _currency(text: str) -> tuple[str, frozenset[str]] | None:
    for at, rest in ((text[:1], text[1:]), (text[-1:], text[:-1])):
        if at and unicodedata.category(at) == "Sc":
            return rest, SIGNS.get(at, frozenset())
    if (match := _CODE.fullmatch(text)) and (code := (match[1] or match[4]).upper()) in DECIMALS:
        return (match[2] if match[1] else match[3]), frozenset({code})
    return None


# --- digits -----------------------------------------------------------------------------------------------------------


def _number(digits: str, currencies: frozenset[str], *, negative: bool) -> Amount:
    point, comma = _as(digits, ".", negative=negative), _as(digits, ",", negative=negative)
    proves = _proof(digits)
    if proves == ".":
        comma = None
    elif proves == ",":
        point = None
    if point is None and comma is None:
        return INVALID
    return Amount(point, comma, proves, currencies)


def _as(digits: str, sign: str, *, negative: bool) -> Decimal | None:
    """The number if `sign` divides its decimals, or None where it cannot."""
    whole, found, decimals = digits.partition(sign)
    if found and not (decimals.isascii() and decimals.isdigit()):
        return None
    plain = _whole(whole, "," if sign == "." else ".")
    if plain is None or (not plain and not decimals):
        return None
    value = Decimal(f"{plain or '0'}.{decimals or '0'}" if found else plain)
    if value >= _LIMIT:
        return None
    return -value if negative and value else value


def _whole(text: str, other: str) -> str | None:
    """The digits before the decimals, without the sign between thousands: groups of three, or the Indian 2-2-3."""
    used = {char for char in text if not char.isdigit()}
    if not used:
        return text
    if len(used) > 1 or not used <= {other, " ", "'"}:
        return None
    first, *groups = text.split(used.pop())
    sizes = [len(group) for group in groups]
    threes = 1 <= len(first) <= 3 and all(size == 3 for size in sizes)
    indian = 1 <= len(first) <= 2 and sizes[-1] == 3 and all(size == 2 for size in sizes[:-1])
    return first + "".join(groups) if threes or indian else None


def _proof(digits: str) -> Sign:
    points, commas = digits.count("."), digits.count(",")
    if points and commas:
        return "." if digits.rfind(".") > digits.rfind(",") else ","
    if not points and not commas:
        return ""
    here: Sign = "." if points else ","
    other: Sign = "," if points else "."
    if points + commas > 1:
        return other
    before, _, after = digits.partition(here)
    if len(after) != 3 or not before.strip("0"):
        return here
    return ""


# --- as currencies have them ------------------------------------------------------------------------------------------


def fits(value: Decimal, decimals: int) -> bool:
    """By value, not by text: 1250.000000 has no decimals."""
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= -decimals:
        return True
    least = value.normalize(EXACT).as_tuple().exponent
    return isinstance(least, int) and least >= -decimals


def text(value: Decimal, decimals: int) -> str:
    """With exactly so many decimals. The value must fit."""
    return f"{EXACT.add(EXACT.quantize(value, Decimal(1).scaleb(-decimals)), Decimal(0)):f}"
