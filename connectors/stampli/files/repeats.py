"""Rows that repeat another, and whether the rows of a document come to its total with or without them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from connectors.stampli.files.amounts import EXACT


@dataclass(frozen=True)
class Entry:
    """One row: its number in the file, what it comes to, its line number as compared (or empty), and a hash of all that
    it says. Rows of equal hash are identical."""

    row: int
    amount: Decimal
    number: str
    hash: str


@dataclass(frozen=True)
class Kept:
    """Which rows count. `twice`: repeated row → the one it repeats. `code`: why no choice of rows is right."""

    rows: tuple[int, ...] = ()
    twice: tuple[tuple[int, int], ...] = ()
    code: str = ""
    said: str = ""
    unproved: bool = False
    """There are identical lines without numbers, and no total that shows whether they are meant."""


def total_of(amounts: Sequence[Decimal]) -> Decimal:
    total = Decimal(0)
    for one in amounts:
        total = EXACT.add(total, one)
    return total


def kept(entries: Sequence[Entry], fits: Callable[[Sequence[int]], bool] | None) -> Kept:
    """`fits(rows)`: whether these rows come to the total of the document; None where it has none.

    With line numbers a row that says the same twice is one line; without, it is two, if the total says so.
    """
    whole = tuple(entry.row for entry in entries)
    if conflict := _conflict(entries):
        return Kept(code="line_number_conflict", said=f"Line {conflict}.")
    by_number, by_hash = _repeats(entries, numbered=True), _repeats(entries, numbered=False)
    if fits is None:
        left = _without(whole, by_number)
        return Kept(left, tuple(by_number.items()), unproved=bool(by_hash))
    # From the most likely reading to the least; the first that comes to the total is right.
    readings = [by_number, {**by_number, **by_hash}] if by_number else [{}, by_hash]
    for repeats in readings:
        left = _without(whole, repeats)
        if fits(left):
            return Kept(left, tuple(repeats.items()))
    if by_number and fits(whole):
        return Kept(code="line_number_repeated")
    return Kept(code="total_mismatch")


def _conflict(entries: Sequence[Entry]) -> str:
    said: dict[str, str] = {}
    for entry in entries:
        if entry.number and said.setdefault(entry.number, entry.hash) != entry.hash:
            return entry.number
    return ""


def _repeats(entries: Sequence[Entry], *, numbered: bool) -> dict[int, int]:
    """Row → the earlier row that it repeats; among the rows with a line number, or among those without."""
    first: dict[str, int] = {}
    found: dict[int, int] = {}
    for entry in entries:
        if bool(entry.number) != numbered:
            continue
        if entry.hash in first:
            found[entry.row] = first[entry.hash]
        else:
            first[entry.hash] = entry.row
    return found


def _without(rows: Sequence[int], repeats: dict[int, int]) -> tuple[int, ...]:
    return tuple(row for row in rows if row not in repeats)
