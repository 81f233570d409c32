"""What is wrong with the rows of one document, all of it at once: a person mends a file in one go."""

from dataclasses import dataclass, field

from connectors.base import Desk
from connectors.errors import ConnectorError, Refused, Unmapped


@dataclass
class Faults:
    """Each fault is noted in the trace, under its row; the first one decides what the document waits for."""

    desk: Desk
    by_row: dict[int, list[str]] = field(default_factory=dict)
    first: ConnectorError | None = None
    said: list[str] = field(default_factory=list)

    def add(self, rows: list[int], code: str, value: str, error: ConnectorError) -> None:
        for row in rows:
            words = self.by_row.setdefault(row, [])
            if (word := f"{code}: {value}") not in words:
                words.append(word)
        self.first = self.first or error
        if error.said not in self.said:
            self.said.append(error.said)

    def unmapped(self, rows: list[int], table: str, code: str, value: str, said: str, cure: str = "") -> None:
        error = Unmapped(table, [value], field=table)
        error.said = said
        error.cure = cure or f"Add a row to the mapping table {table} for {value}, or correct it in Sage Intacct."
        self.add(rows, code, value, error)

    def refused(self, rows: list[int], code: str, value: str, error: Refused) -> None:
        self.add(rows, code, value, error)

    def end(self) -> None:
        """Raises the first fault, with what all of them say, if there is any."""
        for row, words in sorted(self.by_row.items()):
            self.desk.because(f"row {row}", "; ".join(words))
        if self.first:
            self.first.said = " ".join(self.said)
            raise self.first
