"""How the files of a connection are read: by the rules of its settings, by the layouts that a person confirmed."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, BinaryIO

from connectors.base import Json
from connectors.files import Assembled, FileRow
from connectors.stampli.files import Survey, layout_of, rules_of
from connectors.stampli.files.reader import FileReader

CONFIRMED, FOUND = "confirmed", "found"


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

    def rows(self, stream: BinaryIO, survey: Survey) -> Iterator[FileRow]:
        return self.reader.rows(stream, survey)

    def assemble(self, rows: Sequence[FileRow], survey: Survey) -> Assembled:
        """The wish to void something is a fact of its own stream: `bill_void`, `credit_void`, `payment_void`."""
        made = self.reader.assemble(rows, survey)
        if made.told is None or made.told.payload["class"] != "void":
            return made
        stream = f"{made.told.payload['of']}_void"
        return replace(made, told=replace(made.told, fact=replace(made.told.fact, stream=stream)))
