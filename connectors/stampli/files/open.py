"""From bytes to records: what a file is, where its columns are, and its records one after the other."""

from collections.abc import Iterator
from typing import BinaryIO

from connectors.stampli.files import dialect, records, xml
from connectors.stampli.files.encodings import Encoding, encoding_of, forbid_other_kinds
from connectors.stampli.files.layout import Layout
from connectors.stampli.files.nodes import HEAD, declared, markup
from connectors.stampli.files.opening import Opening
from connectors.stampli.files.records import Record
from connectors.stampli.files.rules import Rules


def opened(stream: BinaryIO, rules: Rules, layout: Layout | None = None, name: str = "") -> Opening | None:
    """None where the file is empty or blank. Raises FileRejected."""
    stream.seek(0)
    head = stream.read(HEAD)
    forbid_other_kinds(head)
    if encoding := markup(head):
        said = Encoding(declared(head, encoding), "as the XML says")
        return xml.opened(stream, said, rules, layout, name)
    found = encoding_of(stream, rules.fallback_encoding, layout.encoding if layout else "")
    return dialect.opened(stream, found, rules, layout, name)


def records_of(stream: BinaryIO, opening: Opening, rules: Rules) -> Iterator[Record]:
    """All records after the header, blank ones too. Raises FileRejected."""
    if opening.format == "xml":
        yield from xml.records(stream, opening, rules)
        return
    whole = records.records(stream, opening.encoding, opening.delimiter, opening.quote, rules.max_cell)
    for record in whole:
        if record[0] > opening.header:
            yield record
