"""The last records of a file that are no rows: totals, counts, ends; and whether they fit what was read."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from connectors.names import fold
from connectors.stampli.files import amounts
from connectors.stampli.files.amounts import Sign
from connectors.stampli.files.codes import Note, note, rejected
from connectors.stampli.files.opening import Opening
from connectors.stampli.files.records import Record

LAST: Final = 3
"""Among how many of the last records trailers are looked for."""
_TOTALS: Final = frozenset({"total", "totals", "total(s)", "grand total", "subtotal", "sum"})
_COUNTS: Final = frozenset({"count", "record count", "record", "records", "record(s)", "row count", "rows"})
_ENDS: Final = frozenset({"eof", "end of file", "end of report", "trailer"})
_WORDS: Final = _TOTALS | _COUNTS | _ENDS
_NAMED: Final = re.compile(r"(.{2,20}?)\s*[:=]\s*(.*)", re.DOTALL)


@dataclass(frozen=True)
class Counted:
    """What the rows of the file come to. `sums`: in each way of reading that is still possible."""

    rows: int
    sums: frozenset[Decimal]
    sign: Sign


def is_trailer(record: Record, opening: Opening) -> bool:
    cells = record[2]
    at = opening.at("invoice_number")
    empty = at is None or at >= len(cells) or not cells[at].strip()
    filled = sum(bool(cell.strip()) for cell in cells)
    return (empty or filled <= 2) and any(_word(cell) for cell in cells)


def _word(cell: str) -> str:
    if len(cell) > 60:
        return ""
    text = fold(cell)
    if text.rstrip(" :=") in _WORDS:
        return text.rstrip(" :=")
    match = _NAMED.fullmatch(text)
    # The dot of "Total: 1.384,56" is of a number; a text behind the word makes it another word.
    return match[1] if match and match[1] in _WORDS and not amounts.read(match[2]).wrong else ""


def compared(trailer: Record, counted: Counted, mode: str) -> list[Note]:
    """Raises FileRejected where the numbers do not fit and must."""
    cells = trailer[2]
    words = {word for cell in cells if (word := _word(cell))}
    held = list(_numbers(cells, counted.sign))
    if mode == "ignore" or not held:
        return []
    numbers = {value for _, values in held for value in values}
    of_rows, of_sum = Decimal(counted.rows) in numbers, bool(counted.sums & numbers)
    said = f"Record {trailer[0]} says {', '.join(text for text, _ in held[:3])}; "
    wrong = []
    if words & _COUNTS and not of_rows:
        wrong.append(("control_count_mismatch", f"{said}there are {counted.rows} rows."))
    if words & _TOTALS and not of_sum:
        sums = " or ".join(f"{one:f}" for one in sorted(counted.sums)) or "nothing that can be read"
        wrong.append(("control_total_mismatch", f"{said}the rows come to {sums}."))
    if words <= _ENDS and not of_rows and not of_sum:
        wrong.append(("control_total_mismatch", f"{said}it is neither the sum nor the number of the rows."))
    if wrong and mode == "strict":
        raise rejected(*wrong[0], value=str(trailer[0]))
    return [note("control_ignored", text) for _, text in wrong]


def _numbers(cells: Sequence[str], sign: Sign) -> Iterator[tuple[str, set[Decimal]]]:
    """Each number as it is written, and what it can be; nothing where it is of another style than the file."""
    for cell in cells:
        match = _NAMED.fullmatch(fold(cell)) if len(cell) <= 60 else None
        text = (match[2] if match and match[1] in _WORDS else cell).strip()
        if not text or len(text) > 60:
            continue
        amount = amounts.read(text)
        values = {amount.by(sign)} if sign else {amount.point, amount.comma}
        if not amount.wrong:
            yield text, {value for value in values if value is not None}
