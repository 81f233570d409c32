"""Delimiter, quotation mark and header of a delimited file: by which of its first records names known columns."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from typing import BinaryIO, Final

from connectors.files import FileRejected
from connectors.stampli.files import columns
from connectors.stampli.files.codes import Note, rejected
from connectors.stampli.files.columns import Kind
from connectors.stampli.files.encodings import Encoding
from connectors.stampli.files.layout import DELIMITERS, QUOTES, Layout, drift, names_by
from connectors.stampli.files.opening import Opening
from connectors.stampli.files.records import records
from connectors.stampli.files.rules import Rules

FIRST: Final = 20
"""Among how many records the header is looked for."""
_SEP: Final = re.compile(r"\s*[\"']?sep=(.)[\"']?\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Header:
    """One record read as the header, in one way."""

    number: int
    headers: tuple[str, ...]
    names: tuple[str, ...]
    kind: Kind
    delimiter: str
    quote: str
    earlier: int = 0
    """Another record before it that is a header with all that is needed; 0 where there is none."""

    @property
    def score(self) -> tuple[bool, int]:
        """Whether it has all that is needed, and how many names it has."""
        return self.whole, len(set(filter(None, self.names)))

    @property
    def whole(self) -> bool:
        return not columns.missing(self.names, self.kind)


def opened(stream: BinaryIO, encoding: Encoding, rules: Rules, layout: Layout | None, name: str) -> Opening | None:
    """None where there is no record at all. Raises FileRejected."""
    header = _found(stream, encoding.name, rules, layout, name)
    if header is None:
        return None
    notes: list[Note] = list(encoding.notes)
    if layout:
        notes += drift(layout, header.headers)
    if header.earlier:
        raise rejected("second_header_differs", f"They are records {header.earlier} and {header.number}.")
    if double := columns.doubled(header.names):
        raise rejected(f"duplicate_column:{','.join(double)}", _both(header, double[0]))
    if lacking := columns.missing(header.names, header.kind):
        raise rejected(f"missing_required_column:{','.join(lacking)}", f"Missing: {', '.join(lacking)}.")
    return Opening(
        format="csv",
        encoding=encoding.name,
        encoding_proof=encoding.proof,
        kind=header.kind,
        headers=header.headers,
        names=header.names,
        delimiter=header.delimiter,
        quote=header.quote,
        header=header.number,
        notes=tuple(notes),
    )


def _both(header: Header, name: str) -> str:
    pairs = zip(header.headers, header.names, strict=True)
    return f"{name}: {' and '.join(text for text, of in pairs if of == name)}."


def _found(stream: BinaryIO, encoding: str, rules: Rules, layout: Layout | None, name: str) -> Header | None:
    headers = candidates(stream, encoding, rules, layout, name)
    if not headers:
        return None
    best = max(headers, key=lambda one: one.score)
    if not best.score[1]:
        raise rejected("no_header")
    if any(one.score == best.score and one.delimiter != best.delimiter and best.score[1] > 1 for one in headers):
        raise rejected("dialect_ambiguous")
    return best


def candidates(stream: BinaryIO, encoding: str, rules: Rules, layout: Layout | None, name: str) -> list[Header]:
    """The best header in each way of reading the first records; empty where all of them are blank."""
    kind = layout.kind if layout else kind_by_name(name, rules)
    said = _separator(stream, encoding, rules)
    delimiters = (said,) if said else (layout.delimiter,) if layout else DELIMITERS
    found = []
    for delimiter in delimiters:
        ways = {
            quote: [_header(number, cells, delimiter, quote, kind, layout) for number, cells in read]
            for quote in ((layout.quote,) if layout else QUOTES)
            if (read := _first(stream, encoding, delimiter, quote, rules))
        }
        if not layout:
            ways["'"] = _wrapped(stream, encoding, delimiter, rules, ways.get("'", []))
        # Apostrophes around half of the header are quotes, though names are found with them too.
        headers = ways.get("'") or ways.get('"') or []
        if headers:
            found.append(_best(headers))
    return found


def _best(headers: Sequence[Header]) -> Header:
    best = max(headers, key=lambda one: one.score)
    earlier = [one.number for one in headers if one.whole and one.number < best.number]
    return replace(best, earlier=earlier[0]) if earlier else best


def kind_by_name(name: str, rules: Rules) -> Kind | None:
    """By the patterns that are set, if any fits; never by a word in the name."""
    patterns: Iterable[tuple[Kind, str]] = (("payment", rules.payment_files), ("invoice", rules.invoice_files))
    for kind, wanted in patterns:
        if any(fnmatch(name.casefold(), one.casefold()) for one in wanted.split()):
            return kind
    return None


def _separator(stream: BinaryIO, encoding: str, rules: Rules) -> str:
    """The delimiter that a first line `sep=;` names."""
    for _, cells in _first(stream, encoding, "\x1f", '"', rules, most=1):
        match = _SEP.fullmatch("".join(cells))
        if match and not match[1].isalnum() and match[1] not in "\r\n\"'":
            return match[1]
    return ""


def _first(
    stream: BinaryIO, encoding: str, delimiter: str, quote: str, rules: Rules, most: int = FIRST
) -> list[tuple[int, list[str]]]:
    """The first records that are not blank; up to where they cannot be read in this way."""
    read: list[tuple[int, list[str]]] = []
    try:
        for number, _, cells in records(stream, encoding, delimiter, quote, rules.max_cell, most):
            if any(cell.strip("\ufeff \t\r\n") for cell in cells):
                read.append((number, cells))
    except FileRejected:
        pass  # told when the whole file is read in the way that was found
    return read


def _header(
    number: int, cells: Sequence[str], delimiter: str, quote: str, kind: Kind | None, layout: Layout | None
) -> Header:
    headers = trimmed(cells)
    kind = kind or columns.kind_of(headers)
    names = names_by(layout, headers) if layout else columns.understood(headers, kind)
    return Header(number, headers, names, kind, delimiter, quote)


def trimmed(cells: Sequence[str]) -> tuple[str, ...]:
    """Without the empty cells at the end."""
    end = len(cells)
    while end and not cells[end - 1].strip("\ufeff \t\r\n"):
        end -= 1
    return tuple(cells[:end])


def _wrapped(stream: BinaryIO, encoding: str, delimiter: str, rules: Rules, headers: Sequence[Header]) -> list[Header]:
    """Those of the headers where at least half of the cells stand between apostrophes."""
    plain = dict(_first(stream, encoding, delimiter, '"', rules))
    kept = []
    for one in headers:
        cells = [cell.strip() for cell in plain.get(one.number, ()) if cell.strip()]
        between = sum(len(cell) > 1 and cell[0] == cell[-1] == "'" for cell in cells)
        if cells and between * 2 >= len(cells):
            kept.append(one)
    return kept
