"""Rows with too few or too many cells: which document each of them spoils, by the rows beside it."""

from typing import Final

from connectors.names import fold
from connectors.stampli.files import columns
from connectors.stampli.files.codes import rejected
from connectors.stampli.files.opening import Opening
from connectors.stampli.files.records import Record
from connectors.stampli.files.rules import Rules

_MOST: Final = 1000
"""So many of them in turn are looked at together; a file with more is not to be trusted at all."""


def shaped(cells: list[str], opening: Opening, rules: Rules) -> str:
    """The code of what is wrong with the number of cells; empty where nothing is."""
    width = len(opening.names)
    if len(cells) == width:
        return ""
    if len(cells) > width:
        return "ragged_long" if any(cell.strip() for cell in cells[width:]) else ""
    if rules.short_rows == "accept" and not _needs(opening.names[len(cells) :], opening):
        return ""
    return "ragged_short"


def _needs(names: tuple[str, ...], opening: Opening) -> bool:
    """Whether one of these columns must be filled in every row, or proves that a document is whole."""
    required = {*columns.REQUIRED[opening.kind], *columns.VENDORS, columns.TOTAL[opening.kind]}
    return any(name in required for name in names)


def document_of(cells: list[str], opening: Opening) -> tuple[str, str]:
    """Vendor and number (of a payment: its id) as compared; empty where they are not there."""
    by = "payment_id" if opening.kind == "payment" else "invoice_number"
    vendor = next((text for name in columns.VENDORS if (text := _cell(cells, opening.at(name)))), "")
    return fold(vendor), fold(_cell(cells, opening.at(by)))


def kind_cell(cells: list[str], opening: Opening) -> str:
    return _cell(cells, opening.at("record_type"))


def _cell(cells: list[str], at: int | None) -> str:
    return cells[at].strip() if at is not None and at < len(cells) else ""


class Neighbours:
    """Looks at the rows in turn and refuses a file in which a ragged row could belong to any document.

    With a total in every document the others are proved whole by it, and only the row itself is lost.
    """

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._before: list[str] = []
        self._waiting: list[Record] = []

    def ragged(self, record: Record) -> None:
        self._waiting.append(record)
        if len(self._waiting) > _MOST:
            raise rejected("ragged_row_unattributable", f"More than {_MOST} rows in turn, from row {record[0]} back.")

    def good(self, cells: list[str]) -> None:
        if self._waiting:
            self._settle(cells)
        self._before = cells

    def end(self) -> None:
        self._settle([])

    def _settle(self, after: list[str]) -> None:
        for number, _, cells in self._waiting:
            beside = belongs(cells, self._before, after, self._opening)
            if beside is None and not self._opening.has_total:
                raise rejected("ragged_row_unattributable", f"Row {number}.", value=str(number))
        self._waiting = []


def belongs(cells: list[str], before: list[str], after: list[str], opening: Opening) -> list[str] | None:
    """The row beside it that is of the same document, if one is. Raises FileRejected where both are, of a bill and a
    credit of the same number."""
    own = document_of(cells, opening)
    if not all(own):
        return None
    same = [row for row in (before, after) if row and document_of(row, opening) == own]
    if len(same) > 1 and fold(kind_cell(before, opening)) != fold(kind_cell(after, opening)):
        raise rejected("ragged_row_unattributable", "A bill and a credit of the same number stand beside it.")
    return same[0] if same else None
