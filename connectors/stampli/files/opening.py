"""What is known of a file once its header was found: enough to read its records, nothing yet of its values."""

from dataclasses import dataclass

from connectors.stampli.files import columns
from connectors.stampli.files.codes import Note
from connectors.stampli.files.columns import Kind
from connectors.stampli.files.layout import Format, Layout


@dataclass(frozen=True)
class Opening:
    """`headers` and `names` are parallel: each column as the file writes it, and its name in the contract or empty."""

    format: Format
    encoding: str
    kind: Kind
    headers: tuple[str, ...]
    names: tuple[str, ...]
    encoding_proof: str = ""
    delimiter: str = ","
    quote: str = '"'
    header: int = 0
    """The number of its record; 0 where there is none (XML)."""
    line_tags: frozenset[str] = frozenset()
    """Of XML: the elements that are lines."""
    pairs: tuple[tuple[str, str], ...] = ()
    """Of XML: all names that occur on lines and above them, with their meaning."""
    patient: bool = False
    root: tuple[tuple[str, str], ...] = ()
    """Of XML: what the root says of all documents."""
    notes: tuple[Note, ...] = ()

    def at(self, name: str) -> int | None:
        return self.names.index(name) if name in self.names else None

    def places(self, *names: str) -> dict[str, int]:
        """Where those of the names stand that are there."""
        return {name: self.names.index(name) for name in names if name in self.names}

    @property
    def has_total(self) -> bool:
        return columns.TOTAL[self.kind] in self.names

    @property
    def layout(self) -> Layout:
        """As a person may confirm it. Raises Malformed where columns are missing or doubled."""
        return Layout(
            kind=self.kind,
            columns=self.pairs or tuple(zip(self.headers, self.names, strict=True)),
            format=self.format,
            delimiter=self.delimiter,
            quote=self.quote,
            encoding=self.encoding,
        )
