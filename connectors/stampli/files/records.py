"""The records of a delimited file, one after the other, in little memory whatever the file holds.

`csv` in strict mode shows every fault of structure; what it cannot bound (a line or a record without end) is bounded
here.
"""

import csv
import io
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from connectors.errors import Malformed
from connectors.stampli.files.codes import rejected

Record = tuple[int, int, list[str]]
"""Its number (the first is 1, blank ones count), the line where it begins, its cells."""

_CELLS: Final = 4
"""A record, and a line, may have as many characters as so many of the longest cells."""
_LONGEST: Final = 8 << 20

# For the whole process, and never lowered: the limit of a file is checked here, cell by cell.
csv.field_size_limit(max(csv.field_size_limit(), _CELLS * _LONGEST))


class _Kept(io.RawIOBase):
    """The stream for a reader that would close it when it goes away; it may be closed by its owner before."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any, /) -> int:
        data = self._stream.read(len(into))
        into[: len(data)] = data
        return len(data)


class _Lines:
    """The lines of a text, each with its end as it is. `fed`: characters since the last whole record."""

    def __init__(self, text: io.TextIOBase, most: int) -> None:
        self._text = text
        self._most = most
        self.fed = 0

    def __iter__(self) -> Iterator[str]:
        while line := self._text.readline(self._most):
            self.fed += len(line)
            if self.fed >= self._most:
                raise rejected("cell_too_long", f"A record has more than {self._most} characters.")
            yield line


def records(
    stream: BinaryIO, encoding: str, delimiter: str, quote: str, max_cell: int, most: int | None = None
) -> Iterator[Record]:
    """All records, or the first `most`. Raises FileRejected."""
    stream.seek(0)
    text = io.TextIOWrapper(io.BufferedReader(_Kept(stream), 1 << 16), encoding, errors="strict", newline="")
    try:
        lines = _Lines(text, _CELLS * max_cell)
        reader = csv.reader(lines, delimiter=delimiter, quotechar=quote, doublequote=True, strict=True)
        yield from _read(reader, lines, max_cell, most)
    except UnicodeDecodeError:
        raise Malformed("file", "has changed while it was read") from None


def _read(reader: Any, lines: _Lines, max_cell: int, most: int | None) -> Iterator[Record]:
    number, line = 0, 1
    while most is None or number < most:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _broken(error, number + 1, line) from None
        number += 1
        if lines.fed > max_cell and any(len(cell) > max_cell for cell in cells):
            raise rejected("cell_too_long", f"Record {number}, from line {line} on; the limit is {max_cell}.")
        lines.fed = 0
        yield number, line, cells
        line = reader.line_num + 1


def _broken(error: csv.Error, number: int, line: int) -> Exception:
    at = f"Record {number}, from line {line} on"
    if "field limit" in str(error):
        return rejected("cell_too_long", f"{at}.")
    return rejected("broken_quoting", f"{at}: {error}.", value=str(number))
