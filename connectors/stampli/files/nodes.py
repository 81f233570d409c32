"""The elements of an XML file as they close, without a DOCTYPE, in little memory.

Of the parsers at hand only expat, of the standard library, tells of a DOCTYPE when it begins, before anything in it was
declared, so that it alone can refuse every one of them. It also counts lines, and keeps no tree.
"""

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final, Optional
from xml.parsers import expat

from connectors.stampli.files.codes import rejected

HEAD: Final = 4096
_CHUNK: Final = 1 << 16
_DECLARED: Final = re.compile(r"\ufeff?\s*<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_MOST_OWN: Final = 1000
_DEEPEST: Final = 100


@dataclass(slots=True)
class Node:
    """An element that has closed. `own`: its attributes and its children that are plain text, in their order."""

    tag: str
    line: int
    parent: Optional["Node"]
    own: list[tuple[str, str]]
    attributes: int
    container: bool = False
    lines: list[Any] = field(default_factory=list)
    inner: list[tuple[str, list[tuple[str, str]]]] = field(default_factory=list)
    """What its children without lines say."""
    is_line: bool = False
    told: bool = False
    late: bool = False


Closed = Callable[[Node], None]
"""Called for each element that has children or attributes, the innermost first; says whether it is a line."""


def markup(head: bytes) -> str:
    """The encoding to read the beginning of the file with, if it is XML; empty where it is none."""
    plain = head.removeprefix(codecs.BOM_UTF8).lstrip(b" \t\r\n")
    if plain.startswith(b"<") and not plain.startswith(b"<\0"):
        return "latin-1"
    for name, mark in (("utf-16-le", codecs.BOM_UTF16_LE), ("utf-16-be", codecs.BOM_UTF16_BE)):
        if head.removeprefix(mark).startswith("<".encode(name)):
            return name
    return ""


def declared(head: bytes, encoding: str) -> str:
    """The encoding that the file says it has; UTF-8 where it says nothing."""
    found = _DECLARED.match(head.removeprefix(codecs.BOM_UTF8).decode(encoding, "replace"))
    return found[1].lower() if found else ("utf-8" if encoding == "latin-1" else "utf-16")


def parsed(stream: BinaryIO, max_cell: int, closed: Closed) -> Iterator[None]:
    """Goes on by one piece of the file for each step. Raises FileRejected."""
    stream.seek(0)
    parser = expat.ParserCreate()
    _Tree(parser, max_cell, closed)
    try:
        blank = True
        while chunk := stream.read(_CHUNK):
            # Blanks before the declaration are no XML, and do no harm.
            chunk = chunk.lstrip(b" \t\r\n") if blank else chunk
            blank = not chunk
            parser.Parse(chunk)
            yield
        parser.Parse(b"", True)
        yield
    except expat.ExpatError as error:
        said = f"{expat.ErrorString(error.code)}, in line {error.lineno}."
        raise rejected("xml_not_well_formed", said) from None
    except LookupError as error:
        raise rejected("xml_not_well_formed", f"{error}.") from None


class _Tree:
    """What is open at this moment. An element is only made a node once it has children or attributes."""

    def __init__(self, parser: Any, max_cell: int, closed: Closed) -> None:
        self._parser, self._max_cell, self._closed = parser, max_cell, closed
        self._stack: list[Node] = []
        self._leaf: tuple[str, dict[str, str], int] | None = None
        self._text: list[str] = []
        self._length = 0
        self._names: dict[str, str] = {}
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = self._doctype

    def _doctype(self, *_: Any) -> None:
        raise rejected("xml_dtd_forbidden")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._leaf:
            self._push()
        self._leaf = tag, attributes, self._parser.CurrentLineNumber
        self._text, self._length = [], 0

    def _push(self) -> Node:
        assert self._leaf
        tag, attributes, line = self._leaf
        self._leaf = None
        parent = self._stack[-1] if self._stack else None
        if parent is not None:
            parent.container = True
        own = [(self._local(name), text) for name, text in attributes.items() if not name.startswith("xmlns")]
        node = Node(self._local(tag), line, parent, own, len(own))
        self._stack.append(node)
        if len(self._stack) > _DEEPEST:
            raise rejected("xml_not_well_formed", f"Elements are nested more than {_DEEPEST} deep, in line {line}.")
        return node

    def _characters(self, text: str) -> None:
        if self._leaf:
            self._text.append(text)
            self._length += len(text)
            if self._length > self._max_cell:
                tag, _, line = self._leaf
                raise rejected("cell_too_long", f"The element {tag} in line {line}.")

    def _end(self, _: str) -> None:
        if self._leaf is None:
            node = self._stack.pop()
            self._closed(node)
            return
        text = "".join(self._text)
        if not self._leaf[1] and self._stack:
            self._give(self._stack[-1], [(self._local(self._leaf[0]), text)])
            self._leaf = None
            return
        node = self._push()
        self._stack.pop()
        self._closed(node)
        if node.parent is not None and not node.is_line:
            more = [pair for pair in node.own if pair not in node.parent.own]
            self._give(node.parent, [(node.tag, text), *more])

    def _give(self, parent: Node, pairs: list[tuple[str, str]]) -> None:
        """A child that is plain text is a field of its parent, and so are its attributes, unless said already."""
        parent.container = True
        parent.own += pairs
        parent.late = parent.late or parent.told
        if len(parent.own) > _MOST_OWN:
            raise rejected("xml_not_well_formed", f"The element {parent.tag} in line {parent.line} has too many parts.")

    def _local(self, name: str) -> str:
        found = self._names.get(name)
        if found is None:
            found = name.rpartition(":")[2]
            if len(self._names) < _MOST_OWN:
                self._names[name] = found
        return found
