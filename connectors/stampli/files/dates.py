"""Dates as people and programs write them. Where the order of day and month is not certain, the file decides once."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Final, Literal

Order = Literal["", "MDY", "DMY"]

FIRST: Final = date(2000, 1, 1)
AHEAD: Final = timedelta(days=400)
_EPOCH: Final = date(1899, 12, 30)
"""Day 0 of spreadsheets, if one counts from March 1900 on."""
_TIME: Final = (
    r"(?:(?:T|\s+)([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,][0-9]{1,9})?)?(?:\s*[AP]M)?"
    r"(?:\s*(?:Z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?))?)?"
)
_YEAR_FIRST: Final = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})" + _TIME, re.IGNORECASE)
_COMPACT: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_DOTS: Final = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4}|[0-9]{2})" + _TIME, re.IGNORECASE)
_SLASHES: Final = re.compile(r"([0-9]{1,2})([/-])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})" + _TIME, re.IGNORECASE)
_DAY_NAMED: Final = re.compile(r"([0-9]{1,2})(?:\s+|\s*-\s*)([A-Za-z]{3,9})\.?(?:,?\s+|\s*-\s*)([0-9]{4}|[0-9]{2})")
_NAMED_DAY: Final = re.compile(r"([A-Za-z]{3,9})\.?\s+([0-9]{1,2}),?\s+([0-9]{4})")
_SERIAL: Final = re.compile(r"[0-9]{5}")
_NAMES: Final = "january february march april may june july august september october november december".split()
_MONTHS: Final = {
    **{name: n for n, name in enumerate(_NAMES, 1)},
    **{name[:3]: n for n, name in enumerate(_NAMES, 1)},
    "sept": 9,
}
_UNSEEN: Final = re.compile("[\u200b-\u200f\u2060\ufeff]")


@dataclass(frozen=True, slots=True)
class Day:
    """One date as it is written: with the month first, and with the day first. None: not possible so.

    `proves`: the order that it must have, where it is written a/b/YYYY and one part is over 12.
    """

    month_first: date | None = None
    day_first: date | None = None
    proves: Order = ""

    @property
    def ambiguous(self) -> bool:
        return self.month_first is not None and self.day_first is not None and self.month_first != self.day_first

    def by(self, order: Order) -> date | None:
        return self.day_first if order == "DMY" else self.month_first


NO_DAY: Final = Day()


@lru_cache(maxsize=8192)
def read(text: str, *, two_digits: bool = False, serials: bool = False) -> Day:
    """A cell that is not blank. Two-digit years and serial numbers of spreadsheets only where they are allowed."""
    text = _UNSEEN.sub("", unicodedata.normalize("NFKC", text)).strip()
    if match := _SLASHES.fullmatch(text):
        return _slashes(match, two_digits=two_digits)
    found = _certain(text, two_digits=two_digits)
    if found is None and serials and _SERIAL.fullmatch(text):
        found = _EPOCH + timedelta(days=int(text))
    return Day(found, found) if found else NO_DAY


def _certain(text: str, *, two_digits: bool) -> date | None:
    if match := _YEAR_FIRST.fullmatch(text):
        return _date(match[1], match[3], match[4]) if _is_time(match, 5) else None
    if match := _COMPACT.fullmatch(text):
        return _date(match[1], match[2], match[3])
    if match := _DOTS.fullmatch(text):
        return _date(_year(match[3], two_digits=two_digits), match[2], match[1]) if _is_time(match, 4) else None
    if match := _DAY_NAMED.fullmatch(text):
        return _date(_year(match[3], two_digits=two_digits), _month(match[2]), match[1])
    if match := _NAMED_DAY.fullmatch(text):
        return _date(match[3], _month(match[1]), match[2])
    return None


def _slashes(match: re.Match[str], *, two_digits: bool) -> Day:
    a, b, year = match[1], match[3], _year(match[4], two_digits=two_digits)
    if not year or not _is_time(match, 5):
        return NO_DAY
    over_a, over_b = int(a) > 12, int(b) > 12
    proves: Order = ""
    if over_a != over_b and max(int(a), int(b)) <= 31:
        proves = "DMY" if over_a else "MDY"
    return Day(_date(year, a, b), _date(year, b, a), proves)


def _is_time(match: re.Match[str], at: int) -> bool:
    hour, minute, second = (int(match[at + n] or 0) for n in range(3))
    return hour <= 24 and minute < 60 and second <= 60


def _year(text: str, *, two_digits: bool) -> str:
    if len(text) == 4:
        return text
    return f"20{text}" if two_digits else ""


def _month(name: str) -> str:
    return str(_MONTHS.get(name.lower(), ""))


def _date(year: str, month: str, day: str) -> date | None:
    if not (year and month and day):
        return None
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
