"""A layout that a person has confirmed for the files of a connection, and what has changed since."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

from connectors.errors import Malformed
from connectors.stampli.files import columns
from connectors.stampli.files.codes import Note, note, rejected
from connectors.stampli.files.columns import Kind

Format = Literal["csv", "xml"]
DELIMITERS: Final = (",", ";", "\t", "|", "^", "~")
ABOVE: Final = " (above lines)"
"""After the name of an element that stands above the lines of an XML file."""
QUOTES: Final = ('"', "'")


@dataclass(frozen=True)
class Layout:
    """`columns`: each header with its name in the contract, or empty where it is not used."""

    kind: Kind
    columns: tuple[tuple[str, str], ...]
    format: Format = "csv"
    delimiter: str = ","
    quote: str = '"'
    encoding: str = "utf-8"

    def __post_init__(self) -> None:
        if self.kind not in columns.REQUIRED:
            raise Malformed("kind", "is neither invoice nor payment", value=str(self.kind))
        if self.format not in ("csv", "xml"):
            raise Malformed("format", "is neither csv nor xml", value=str(self.format))
        if len(self.delimiter) != 1 or self.delimiter.isalnum() or self.delimiter in "\r\n\"'":
            raise Malformed("delimiter", "is one sign that is neither letter, digit nor quote", value=self.delimiter)
        if self.quote not in QUOTES:
            raise Malformed("quote", "is a double or a single quotation mark", value=self.quote)
        names = [name for _, name in self.columns]
        known = columns.known_names(self.kind)
        if wrong := [name for name in names if name and name not in known and not _own_dimension(name)]:
            raise Malformed("columns", f"there is no {', '.join(wrong)}")
        if self.format == "csv" and (double := columns.doubled(names)):
            raise Malformed("columns", f"two columns are {', '.join(double)}")
        if lacking := columns.missing(names, self.kind):
            raise Malformed("columns", f"none is {', '.join(lacking)}")

    @property
    def fingerprint(self) -> str:
        return fingerprint([header for header, _ in self.columns])

    def json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "format": self.format,
            "delimiter": self.delimiter,
            "quote": self.quote,
            "encoding": self.encoding,
            "columns": [list(one) for one in self.columns],
            "fingerprint": self.fingerprint,
        }


def layout_of(given: Mapping[str, Any]) -> Layout:
    """From its JSON. Raises Malformed."""
    try:
        pairs = tuple((str(header), str(name)) for header, name in given["columns"])
        more = {name: str(given[name]) for name in ("delimiter", "quote", "encoding") if given.get(name)}
        return Layout(
            kind=cast("Kind", given["kind"]),
            columns=pairs,
            format=cast("Format", given.get("format", "csv")),
            **more,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Malformed("layout", f"cannot be read: {error}") from None


def fingerprint(headers: Sequence[str]) -> str:
    """The same for the same columns in any order."""
    words = sorted(columns.tight(header) for header in headers)
    return hashlib.sha256("\n".join(words).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _keys(headers: Sequence[str]) -> list[tuple[str, int]]:
    """Each header as it is compared, and which of that name it is: the first, the second."""
    seen: Counter[str] = Counter()
    keys = []
    for header in headers:
        word = columns.tight(header)
        keys.append((word, seen[word]))
        seen[word] += 1
    return keys


def names_by(layout: Layout, headers: Sequence[str]) -> tuple[str, ...]:
    """The name of each column by the layout; empty for those that it does not know."""
    names = dict(
        zip(_keys([header for header, _ in layout.columns]), (name for _, name in layout.columns), strict=True)
    )
    return tuple(names.get(key, "") for key in _keys(headers))


def drift(layout: Layout, headers: Sequence[str]) -> list[Note]:
    """What is new or gone and does no harm. Raises FileRejected for what does."""
    confirmed, here = _keys([header for header, _ in layout.columns]), _keys(headers)
    gone = [pair for pair, key in zip(layout.columns, confirmed, strict=True) if key not in set(here)]
    if used := [name for _, name in gone if name]:
        said = f"Gone since the layout was confirmed: {', '.join(header for header, name in gone if name)}."
        raise rejected(f"missing_required_column:{','.join(used)}", said)
    new = [header for header, key in zip(headers, here, strict=True) if header.strip() and key not in set(confirmed)]
    for header in new:
        name = columns.meaning(header, layout.kind)
        if name in _needed(layout.kind):
            said = f"The new column {header} could be meant instead of the confirmed one."
            raise rejected(f"missing_required_column:{name}", said, column=name, value=header)
    notes = [note("new_column", f"{header}.") for header in new]
    return notes + [note("column_gone", f"{header}.") for header, name in gone if not name and header.strip()]


def _needed(kind: Kind) -> set[str]:
    """Names that no new column may bear. A further text of the vendor is harmless beside a confirmed one."""
    return set(columns.REQUIRED[kind]) - {"vendor"} | {"vendor_id", "?amount"}


def _own_dimension(name: str) -> bool:
    return name.startswith(columns.DIMENSION) and bool(name.removeprefix(columns.DIMENSION).strip())
