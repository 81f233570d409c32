"""XML as the same records as a delimited file: each line of a document is one, its ancestors give what it lacks.

An element is a line if it carries the account and the amount of a line itself (of payments: the invoice and the amount
paid). What stands above lines has a column of its own, told apart by `ABOVE`.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import BinaryIO, Final

from connectors.stampli.files import columns
from connectors.stampli.files.codes import Note, note, rejected
from connectors.stampli.files.columns import Kind
from connectors.stampli.files.dialect import kind_by_name
from connectors.stampli.files.encodings import Encoding
from connectors.stampli.files.layout import ABOVE, Layout
from connectors.stampli.files.nodes import Node, parsed
from connectors.stampli.files.opening import Opening
from connectors.stampli.files.records import Record
from connectors.stampli.files.rules import Rules

_CARRIES: Final[dict[Kind, tuple[str, str]]] = {
    "invoice": ("gl_account", "line_amount"),
    "payment": ("invoice_number", "paid_amount"),
}
_KEY: Final[dict[Kind, str]] = {"invoice": "invoice_number", "payment": "payment_id"}
_VAGUE: Final = frozenset({"date", "total", "amount", "status"})
"""Words that above a document speak of the export rather than of its documents."""
_MOST: Final = 500
_INNER: Final = 50
Pairs = dict[str, str]
"""A header (with `ABOVE` where it stands above lines) and its name in the contract, or empty."""


@dataclass
class Line:
    number: int
    line: int
    values: dict[str, str]
    """By name in the contract."""
    more: dict[str, str] = field(default_factory=dict)
    """By header, what has no name."""


@dataclass
class Walk:
    """One way through a file. `pairs`: known meanings; headers that are not among them are learned where `learn`."""

    kind: Kind
    line_tags: frozenset[str]
    pairs: Pairs
    patient: bool = False
    """Fields of a document follow after its lines, so that lines are kept until all around them has closed."""
    learn: bool = False
    learned: Pairs = field(default_factory=dict)
    root: dict[str, str] = field(default_factory=dict)
    documents: int = 0
    lines: int = 0
    late: bool = False
    counts: list[tuple[str, str]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    ready: list[Line] = field(default_factory=list)

    def through(self, stream: BinaryIO, max_cell: int) -> Iterator[Line]:
        for _ in parsed(stream, max_cell, self._closing):
            ready, self.ready = self.ready, []
            yield from ready

    def _closing(self, node: Node) -> None:
        if self._is_line(node):
            self._line(node)
            node.is_line = True
        if node.container or node.is_line or node.parent is None:
            self._closed(node)

    # --- what an element says

    def _is_line(self, node: Node) -> bool:
        if node.tag not in self.line_tags:
            return False
        return any(self._names(tuple(header for header, _ in node.own), above=False))

    def _names(self, headers: tuple[str, ...], *, above: bool) -> tuple[str, ...]:
        if not self.learn:
            return tuple(self.pairs.get(header + ABOVE if above else header, "") for header in headers)
        return names_of(headers, self.kind, above=above)

    def _values(self, node: Node, *, above: bool) -> tuple[dict[str, str], dict[str, str]]:
        """By name, and the rest by header. Raises FileRejected where two fields of one element mean the same."""
        headers = tuple(header for header, _ in node.own)
        values: dict[str, str] = {}
        more: dict[str, str] = {}
        for (header, text), name in zip(node.own, self._names(headers, above=above), strict=True):
            shown = header + ABOVE if above else header
            if len(self.learned) < _MOST:
                self.learned.setdefault(shown, name)
            if not name:
                more[shown] = f"{more[shown]} | {text}" if shown in more else text
            elif name in values:
                raise rejected(f"duplicate_column:{name}", f"The element {node.tag} in line {node.line}.")
            else:
                values[name] = text.strip() if above else text
        return values, more

    # --- lines and what is around them

    def _line(self, node: Node) -> None:
        self.lines += 1
        values, more = self._values(node, above=False)
        if node.lines or node.told:
            raise rejected("xml_not_well_formed", f"A line stands inside of the line {node.tag}, line {node.line}.")
        for tag, own in node.inner:
            for header, text in own:
                name = self._names((header,), above=False)[0]
                if name in columns.DIMENSIONS:
                    self.learned.setdefault(header, name)
                kept, at = (values, name) if name in columns.DIMENSIONS else (more, f"{tag}.{header}")
                kept.setdefault(at, text)
        node.lines.append(Line(self.lines, node.line, values, more))

    def _closed(self, node: Node) -> None:
        if not node.is_line:
            self._around(node)
        if node.parent is None or self._complete(node):
            self._told(node)
        else:
            node.parent.lines += node.lines
        self.late = self.late or (node.late and node.parent is not None)

    def _complete(self, node: Node) -> bool:
        """Whether nothing more is to come for the lines inside of it."""
        assert node.parent is not None
        return node.parent.parent is None if self.patient else self._carries_key(node)

    def _carries_key(self, node: Node) -> bool:
        headers = tuple(header for header, _ in node.own)
        return _KEY[self.kind] in self._names(headers, above=not node.is_line)

    def _around(self, node: Node) -> None:
        """Gives what this element says to the lines inside of it that do not say it themselves."""
        key = self._carries_key(node)
        if node.parent is None:
            self._rooted(node)
            return
        if not node.lines:
            self._beside(node, key=key)
            return
        self.documents += key
        values, more = self._values(node, above=True)
        if not key and all(_KEY[self.kind] in line.values for line in node.lines):
            values = {name: text for name, text in values.items() if not self._vague(node, name)}
        for line in node.lines:
            line.values = {**values, **line.values}
            line.more = {**more, **line.more}

    def _beside(self, node: Node, *, key: bool) -> None:
        """An element without lines, or whose lines were told. A document without lines is told of."""
        self.documents += key
        if node.told:
            return
        if key and self.learn:
            self.notes.append(note("document_without_lines", f"{node.tag} in line {node.line}."))
        elif node.parent is not None and len(node.parent.inner) < _INNER:
            node.parent.inner.append((node.tag, node.own))

    def _rooted(self, node: Node) -> None:
        """What the root says, known from the first way through, wherever it stands in the file."""
        self.counts = node.own[: node.attributes]
        values, _ = self._values(node, above=True)
        if not self._carries_key(node):
            values = {name: text for name, text in values.items() if not self._vague(node, name)}
        elif node.lines or node.told:
            self.documents += 1
        self.root = values

    def _vague(self, node: Node, name: str) -> bool:
        if name == columns.TOTAL[self.kind]:
            return True
        headers = tuple(header for header, _ in node.own)
        named = dict(zip(self._names(headers, above=True), headers, strict=True))
        return columns.tight(named[name]) in _VAGUE

    def _told(self, node: Node) -> None:
        if not node.lines:
            return
        parent = node.parent
        while parent is not None and parent.parent is not None:
            values, more = self._values(parent, above=True)
            values = {name: text for name, text in values.items() if not self._vague(parent, name)}
            for line in node.lines:
                line.values = {**values, **line.values}
                line.more = {**more, **line.more}
            parent.told = True
            parent = parent.parent
        for line in node.lines:
            line.values = {**self.root, **line.values}
        self.ready += node.lines
        node.lines = []


@lru_cache(maxsize=1024)
def names_of(headers: tuple[str, ...], kind: Kind, *, above: bool) -> tuple[str, ...]:
    names = columns.understood(headers, kind)
    if not above:
        return names
    instead = {"amount": columns.TOTAL[kind], "memo": "description", "description": "description"}
    return tuple(instead.get(columns.tight(header), name) for header, name in zip(headers, names, strict=True))


# --- opening ----------------------------------------------------------------------------------------------------------


def opened(stream: BinaryIO, encoding: Encoding, rules: Rules, layout: Layout | None, name: str) -> Opening | None:
    """None where the file has no content. Raises FileRejected."""
    kind, line_tags, anything = _shapes(stream, rules, layout, name)
    if not line_tags:
        if not anything:
            return None
        raise rejected(*_no_lines(kind, anything))
    walk, found = _scanned(stream, rules, layout, kind, line_tags, patient=False)
    if walk.late:
        walk, found = _scanned(stream, rules, layout, kind, line_tags, patient=True)
    found.update(dict.fromkeys(walk.root))
    _check_count(walk.counts, {walk.documents or walk.lines})
    if lacking := columns.missing(found, kind):
        raise rejected(f"missing_required_column:{','.join(lacking)}", f"Missing: {', '.join(lacking)}.")
    pairs = dict(layout.columns) if layout else walk.learned
    notes = [*encoding.notes, *walk.notes]
    if layout:
        notes += [note("new_column", f"{header}.") for header in walk.learned if header not in pairs]
    extras = [header for header, of in {**walk.learned, **pairs}.items() if not of]
    return Opening(
        format="xml",
        encoding=encoding.name,
        encoding_proof=encoding.proof,
        kind=kind,
        headers=(*(_first(pairs, of) for of in found), *extras),
        names=(*found, *("" for _ in extras)),
        line_tags=line_tags,
        pairs=tuple(pairs.items()),
        patient=walk.patient,
        root=tuple(walk.root.items()),
        notes=tuple(notes[:50]),
    )


def _scanned(
    stream: BinaryIO, rules: Rules, layout: Layout | None, kind: Kind, line_tags: frozenset[str], *, patient: bool
) -> tuple[Walk, dict[str, None]]:
    """One way through the whole file; and the names that its lines have in the end, in the order of their first use."""
    pairs = dict(layout.columns) if layout else {}
    walk = Walk(kind, line_tags, pairs, patient=patient, learn=layout is None)
    found: dict[str, None] = {}
    for line in walk.through(stream, rules.max_cell):
        found.update(dict.fromkeys(line.values))
        if len(walk.learned) < _MOST:
            walk.learned.update({header: "" for header in line.more if header not in walk.learned})
    return walk, found


def _no_lines(kind: Kind, anything: set[str]) -> tuple[str, str]:
    names = {name for header in anything for name in names_of((header,), kind, above=False) if name}
    if not names:
        return "no_header", ""
    lacking = columns.missing(names, kind) or list(_CARRIES[kind])
    carry = " and ".join(_CARRIES[kind])
    return f"missing_required_column:{','.join(lacking)}", f"No element carries {carry} itself."


def _first(pairs: Pairs, name: str) -> str:
    return next((header for header, of in pairs.items() if of == name), name)


def _shapes(stream: BinaryIO, rules: Rules, layout: Layout | None, name: str) -> tuple[Kind, frozenset[str], set[str]]:
    """The kind of file, which elements are lines, and all names that occur."""
    forced = layout.kind if layout else kind_by_name(name, rules)
    kinds: tuple[Kind, ...] = (forced,) if forced else ("payment", "invoice")
    shapes: set[tuple[str, tuple[str, ...]]] = set()
    anything: set[str] = set()

    def closed(node: Node) -> None:
        if node.parent is None and not node.container:
            _check_count(node.own, {0})
            return
        headers = tuple(header for header, _ in node.own)
        # What an empty element says in its attributes is not of the element around it, if it is a line.
        node.is_line = not node.container and any(_carries(headers, kind, layout) for kind in kinds)
        if len(shapes) < 20 * _MOST:
            shapes.add((node.tag, headers))
            anything.update(headers)
        if node.parent is not None:
            anything.add(node.tag)

    deque(parsed(stream, rules.max_cell, closed), maxlen=0)
    for kind in kinds:
        tags = frozenset(tag for tag, headers in shapes if _carries(headers, kind, layout))
        all_there = not columns.missing(_all_names(shapes, kind, layout), kind)
        if tags and (all_there or kind == "invoice" or forced):
            return kind, tags, anything
    return kinds[-1], frozenset(), anything


def _carries(headers: Sequence[str], kind: Kind, layout: Layout | None) -> bool:
    names = (
        [dict(layout.columns).get(header, "") for header in headers] if layout else columns.understood(headers, kind)
    )
    return set(_CARRIES[kind]) <= set(names)


def _all_names(shapes: set[tuple[str, tuple[str, ...]]], kind: Kind, layout: Layout | None) -> set[str]:
    if layout:
        return {name for _, name in layout.columns}
    return {name for _, headers in shapes for name in columns.understood(headers, kind)}


def _check_count(own: Sequence[tuple[str, str]], right: set[int]) -> None:
    """`count` on the root is the number of documents; of lines, where each names its document itself."""
    for header, text in own:
        if columns.tight(header) == "count" and not (text.strip().isdigit() and int(text) in right):
            raise rejected("control_count_mismatch", f"It says {text[:20]} and has {max(right)}.")


# --- records ----------------------------------------------------------------------------------------------------------


def records(stream: BinaryIO, opening: Opening, rules: Rules) -> Iterator[Record]:
    """Each line as a record with the columns of the opening."""
    walk = Walk(opening.kind, opening.line_tags, dict(opening.pairs), patient=opening.patient, root=dict(opening.root))
    columns_of = list(zip(opening.headers, opening.names, strict=True))
    for line in walk.through(stream, rules.max_cell):
        cells = [line.values.get(name, "") if name else line.more.get(header, "") for header, name in columns_of]
        yield line.number, line.line, cells
