"""How the files of a connection are read: by the rules of its settings, by the layouts that a person confirmed."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, BinaryIO

from connectors.base import Json
from connectors.files import Assembled, Column, FileRow, Shown
from connectors.stampli.files import Survey, layout_of, rules_of
from connectors.stampli.files.columns import known_names
from connectors.stampli.files.detect import confirmed, detect
from connectors.stampli.files.reader import FileReader

CONFIRMED, FOUND = "confirmed", "found"
_SIGNS = {".": "decimals after a point", ",": "decimals after a comma"}
_ORDERS = {"MDY": "month first", "DMY": "day first"}


def _proved(what: str, proof: object) -> str:
    return f"{what} ({proof})" if what and proof else what


class Reading:
    """The reading half of the client (`connectors.files.Reader`).

    Setting `layouts`: `confirmed` (the default: a person looks at the first file of a kind) or `found` (what is found
    out is used). `confirmed_layouts`: what was confirmed."""

    _settings: Any

    @property
    def reader(self) -> FileReader:
        given = self._settings
        return FileReader(
            rules=rules_of(given),
            today=datetime.now(UTC).date(),
            layouts=tuple(layout_of(one) for one in given.get("confirmed_layouts") or ()),
            confirm=given.get("layouts", CONFIRMED) != FOUND,
        )

    def survey(self, stream: BinaryIO, name: str) -> Survey:
        return self.reader.survey(stream, name)

    def told_of(self, survey: Survey) -> Json:
        return self.reader.told_of(survey)

    def shown(self, stream: BinaryIO, name: str) -> Shown:
        found = detect(stream, self.reader.rules, self.reader.today, None, name)
        told = found.survey.told() if found.survey else {}
        facts = {
            "Kind of file": f"{found.kind}s, {found.format.upper()}",
            "Encoding": _proved(found.encoding, found.encoding_proof),
            "Delimiter": {"\t": "tab"}.get(found.delimiter, found.delimiter) if found.format == "csv" else "",
            "Amounts": _proved(_SIGNS.get(str(told.get("decimals") or ""), ""), told.get("decimals_proof")),
            "Dates like 04/06/2026": _proved(_ORDERS.get(str(told.get("dates") or ""), ""), told.get("dates_proof")),
            "Rows": str(told.get("rows", "")),
            "Sum": str(told.get("amount") or ""),
        }
        return Shown(
            facts={label: text for label, text in facts.items() if text},
            columns=[Column(one.header, one.name, one.samples, one.suggestions) for one in found.columns],
            names=sorted(known_names(found.kind)),
            rows=found.rows,
            problem=found.problem.said if found.problem else "",
        )

    def confirmed(self, stream: BinaryIO, name: str, names: Sequence[str]) -> Json:
        found = detect(stream, self.reader.rules, self.reader.today, None, name)
        return confirmed(found, names).json()

    def rows(self, stream: BinaryIO, survey: Survey) -> Iterator[FileRow]:
        return self.reader.rows(stream, survey)

    def assemble(self, rows: Sequence[FileRow], survey: Survey) -> Assembled:
        """The wish to void something is a fact of its own stream: `bill_void`, `credit_void`, `payment_void`."""
        made = self.reader.assemble(rows, survey)
        if made.told is None or made.told.payload["class"] != "void":
            return made
        stream = f"{made.told.payload['of']}_void"
        return replace(made, told=replace(made.told, fact=replace(made.told.fact, stream=stream)))
