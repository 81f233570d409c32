"""The elements of an XML file as they close, without a DOCTYPE, in little memory."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final, Optional

from lxml import etree

from connectors.stampli.files.codes import rejected

_CHUNK: Final = 1 << 16
HEAD: Final = 1 << 16
"""How much of a file is looked at for its DOCTYPE before it is parsed."""
_DECLARED: Final = re.compile(r"\ufeff?\s*<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_PROLOG: Final = re.compile(r"\ufeff?\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*)*<!DOCTYPE", re.DOTALL)
_MOST_OWN: Final = 1000


@dataclass(slots=True)
class Node:
    """An element that has closed. `own`: its attributes and its children that are plain text, in their order."""

    tag: str
    line: int
    parent: Optional["Node"]
    own: list[tuple[str, str]]
    attributes: int
    container: bool = False
    is_line: bool = False
    """Said by who goes through them, before the next one is asked for."""
    lines: list[Any] = field(default_factory=list)
    inner: list[tuple[str, list[tuple[str, str]]]] = field(default_factory=list)
    """What its children without lines say."""
    told: bool = False
    late: bool = False

    @property
    def depth(self) -> int:
        return 0 if self.parent is None else self.parent.depth + 1


def markup(head: bytes) -> str:
    """The encoding to look for a DOCTYPE with, if the file is XML; empty where it is none."""
    plain = head.removeprefix(codecs.BOM_UTF8).lstrip(b" \t\r\n")
    if plain.startswith(b"<") and not plain.startswith(b"<\0"):
        return "latin-1"
    for name, mark in (("utf-16-le", codecs.BOM_UTF16_LE), ("utf-16-be", codecs.BOM_UTF16_BE)):
        if head.removeprefix(mark).startswith("<".encode(name)):
            return name
    return ""


def forbid_doctype(head: bytes, encoding: str) -> None:
    """Before any of it reaches a parser. Raises FileRejected."""
    if _PROLOG.match(head.removeprefix(codecs.BOM_UTF8).decode(encoding, "replace")):
        raise rejected("xml_dtd_forbidden")


def declared(head: bytes, encoding: str) -> str:
    """The encoding that the file says it has; UTF-8 where it says nothing."""
    found = _DECLARED.match(head.removeprefix(codecs.BOM_UTF8).decode(encoding, "replace"))
    return found[1].lower() if found else ("utf-8" if encoding == "latin-1" else "utf-16")


def nodes(stream: BinaryIO, max_cell: int) -> Iterator[Node]:
    """Each element that has children or attributes, when it closes; the innermost first. Raises FileRejected."""
    stream.seek(0)
    parser = etree.XMLPullParser(
        events=("start", "end"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        huge_tree=False,
    )
    stack: list[Node] = []
    try:
        while chunk := stream.read(_CHUNK):
            parser.feed(chunk)
            yield from _events(parser, stack, max_cell)
        parser.close()
        yield from _events(parser, stack, max_cell)
    except etree.XMLSyntaxError as error:
        raise rejected("xml_not_well_formed", f"{error.msg}.") from None


def _events(parser: Any, stack: list[Node], max_cell: int) -> Iterator[Node]:
    for event, element in parser.read_events():
        if event == "start":
            _start(element, stack)
            continue
        node = stack.pop()
        text = element.text or ""
        if len(text) > max_cell:
            raise rejected("cell_too_long", f"The element {node.tag} in line {node.line}.")
        if node.container or node.own:
            yield node
        if node.parent is not None and not node.container and not node.is_line:
            _give(node, text)
        element.clear()
        if element.getparent() is not None:
            while element.getprevious() is not None:
                del element.getparent()[0]


def _start(element: Any, stack: list[Node]) -> None:
    if not stack:
        info = element.getroottree().docinfo
        if info.doctype or info.internalDTD is not None or info.externalDTD is not None:
            raise rejected("xml_dtd_forbidden")
    parent = stack[-1] if stack else None
    own = [(_local(name), str(value)) for name, value in element.attrib.items()]
    if parent is not None:
        parent.container = True
    stack.append(Node(_local(element.tag), element.sourceline or 0, parent, own, len(own)))


def _give(node: Node, text: str) -> None:
    """A child that is plain text is a field of its parent, and so are its attributes, unless said already."""
    parent = node.parent
    assert parent is not None
    if len(parent.own) >= _MOST_OWN:
        raise rejected("xml_not_well_formed", f"The element {parent.tag} in line {parent.line} has too many children.")
    parent.own.append((node.tag, text))
    parent.own += [pair for pair in node.own if pair not in parent.own]
    parent.late = parent.late or parent.told


def _local(name: Any) -> str:
    return str(name).rpartition("}")[2]
