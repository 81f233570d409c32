"""How a file is understood, for the page where a person confirms it. Suggestions by resemblance are made only here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from itertools import islice
from typing import Any, BinaryIO, Final

from connectors.base import Json
from connectors.files import FileRejected, FileRow
from connectors.stampli.files import columns
from connectors.stampli.files.columns import Kind
from connectors.stampli.files.dialect import Header, candidates, trimmed
from connectors.stampli.files.encodings import encoding_of, forbid_other_kinds
from connectors.stampli.files.layout import Layout
from connectors.stampli.files.nodes import HEAD, markup
from connectors.stampli.files.open import opened
from connectors.stampli.files.records import records
from connectors.stampli.files.rows import rows
from connectors.stampli.files.rules import Rules
from connectors.stampli.files.survey import Survey, survey

ROWS: Final = 10
_SAMPLES: Final = 3
_LOOKED_AT: Final = 200
_SHOWN: Final = 80


@dataclass(frozen=True)
class Column:
    """`name` in the words of the contract, empty where it is not used; `samples` as the file has them."""

    header: str
    name: str
    samples: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Detected:
    """`problem`: why nothing of the file could be carried as it is. Else `survey` and `rows`: how it is understood."""

    kind: Kind = "invoice"
    format: str = "csv"
    delimiter: str = ","
    quote: str = '"'
    encoding: str = ""
    encoding_proof: str = ""
    header: int = 0
    columns: tuple[Column, ...] = ()
    survey: Survey | None = None
    rows: tuple[FileRow, ...] = ()
    problem: FileRejected | None = None

    def json(self) -> Json:
        """What a page needs, and what `layout_of` takes once the columns were confirmed."""
        told: dict[str, Any] = {
            "kind": self.kind,
            "format": self.format,
            "delimiter": self.delimiter,
            "quote": self.quote,
            "encoding": self.encoding,
            "columns": [[one.header, one.name] for one in self.columns],
        }
        return told


def detect(stream: BinaryIO, rules: Rules, today: date, layout: Layout | None = None, name: str = "") -> Detected:
    """Never raises FileRejected: what would be the reason is told as `problem`, with all that could be seen."""
    problem: FileRejected | None = None
    found: Survey | None = None
    first: tuple[FileRow, ...] = ()
    try:
        found = survey(stream, rules, today, layout, name)
        first = tuple(islice(rows(stream, found, rules), ROWS))
    except FileRejected as error:
        problem = error
    seen = _seen(stream, rules, layout, name)
    return Detected(**{**seen, "survey": found, "rows": first, "problem": problem})


def _seen(stream: BinaryIO, rules: Rules, layout: Layout | None, name: str) -> dict[str, Any]:
    stream.seek(0)
    head = stream.read(HEAD)
    try:
        forbid_other_kinds(head)
        if markup(head):
            return _of_xml(stream, rules, layout, name)
        return _of_csv(stream, rules, layout, name)
    except FileRejected:
        return {}


def _of_xml(stream: BinaryIO, rules: Rules, layout: Layout | None, name: str) -> dict[str, Any]:
    opening = opened(stream, rules, layout, name)
    if opening is None:
        return {"format": "xml"}
    found = _samples(rows(stream, Survey(date.min, opening), rules))
    shown = tuple(
        Column(header, of, found.get(of or header, ()), suggestions(header, opening.kind, of))
        for header, of in opening.pairs
    )
    return {"format": "xml", "kind": opening.kind, "encoding": opening.encoding, "columns": shown}


def _samples(some: Iterable[FileRow]) -> dict[str, tuple[str, ...]]:
    """A few values of each name, and of each header without one."""
    found: dict[str, list[str]] = {}
    for row in islice(some, _LOOKED_AT):
        for key, text in [*row.body["cells"].items(), *row.body["extra"].items()]:
            _sample(found.setdefault(key, []), str(text))
    return {key: tuple(texts) for key, texts in found.items()}


def _of_csv(stream: BinaryIO, rules: Rules, layout: Layout | None, name: str) -> dict[str, Any]:
    encoding = encoding_of(stream, rules.fallback_encoding, layout.encoding if layout else "")
    seen: dict[str, Any] = {"encoding": encoding.name, "encoding_proof": encoding.proof}
    headers = candidates(stream, encoding.name, rules, layout, name)
    if not headers:
        return seen
    best = max(headers, key=lambda one: (*one.score, len(one.headers)))
    if not best.score[1]:
        best = _widest(stream, encoding.name, rules, headers)
    texts: list[list[str]] = [[] for _ in best.headers]
    try:
        for number, _, cells in records(
            stream, encoding.name, best.delimiter, best.quote, rules.max_cell, best.number + _LOOKED_AT
        ):
            if number > best.number:
                for at, cell in enumerate(cells[: len(texts)]):
                    _sample(texts[at], cell)
    except FileRejected:
        pass  # the survey says so
    shown = tuple(
        Column(header, of, tuple(some), suggestions(header, best.kind, of))
        for header, of, some in zip(best.headers, best.names, texts, strict=True)
    )
    return seen | {
        "kind": best.kind,
        "delimiter": best.delimiter,
        "quote": best.quote,
        "header": best.number,
        "columns": shown,
    }


def _widest(stream: BinaryIO, encoding: str, rules: Rules, headers: Sequence[Header]) -> Header:
    """No record names known columns: the delimiter that makes most cells of a record, and the first such record."""
    best = headers[0]
    for one in headers:
        try:
            for number, _, cells in records(stream, encoding, one.delimiter, one.quote, rules.max_cell, 20):
                found = trimmed(cells)
                if len(found) > len(best.headers):
                    names = ("",) * len(found)
                    best = Header(number, found, names, one.kind, one.delimiter, one.quote)
        except FileRejected:
            continue
    return best


def _sample(texts: list[str], cell: str) -> None:
    text = cell.strip()
    if text and len(texts) < _SAMPLES and text[:_SHOWN] not in texts:
        texts.append(text[:_SHOWN])


def suggestions(header: str, kind: Kind, name: str) -> tuple[str, ...]:
    """Names that a column without one may be meant for, by resemblance to what such columns are usually called."""
    if name or not header.strip():
        return ()
    words = {word: of for of, aliases in columns.known_names(kind).items() for word in aliases}
    close = get_close_matches(columns.plain(header), words, n=6, cutoff=0.6)
    return tuple(dict.fromkeys(words[word] for word in close))[:3]


def confirmed(detected: Detected, names: Sequence[str]) -> Layout:
    """The layout that a person confirms: a name, or nothing, for each of the columns in turn. Raises Malformed."""
    pairs = tuple((one.header, name) for one, name in zip(detected.columns, names, strict=True))
    given = detected.json()
    return Layout(
        kind=detected.kind,
        columns=pairs,
        format=given["format"],
        delimiter=detected.delimiter,
        quote=detected.quote,
        encoding=detected.encoding or "utf-8",
    )
