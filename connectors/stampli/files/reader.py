"""How the files of one connection are read, as the engine asks for it: surveys, rows and documents by its rules."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO, Final

from connectors.base import Json
from connectors.files import Assembled, FileRejected, FileRow, Unconfirmed
from connectors.stampli.files.codes import base
from connectors.stampli.files.documents import assembled
from connectors.stampli.files.layout import Layout, fingerprint
from connectors.stampli.files.open import opened
from connectors.stampli.files.rows import rows
from connectors.stampli.files.rules import Rules
from connectors.stampli.files.survey import Survey, survey

CURABLE: Final = frozenset({"no_header", "missing_required_column", "duplicate_column", "dialect_ambiguous"})
"""What confirming a layout can put right."""
_CONFIRM: Final = "Look at the file on the page of the connection and confirm which column is which; it is read then."


@dataclass(frozen=True)
class FileReader:
    """`layouts`: those that were confirmed; the first that fits is used. `confirm`: others wait for a person."""

    rules: Rules
    today: date
    layouts: Sequence[Layout] = ()
    confirm: bool = False

    def survey(self, stream: BinaryIO, name: str = "") -> Survey:
        """Raises FileRejected, or Unconfirmed where a person must say first which column is which."""
        refused = []
        for layout in self._likely(stream, name):
            try:
                return survey(stream, self.rules, self.today, layout, name)
            except FileRejected as error:
                if base(error.code) not in CURABLE:
                    raise
                refused.append(error)
        if refused:
            # The layout that lacks least is the one that the file was meant for.
            raise min(refused, key=lambda error: len(error.code))
        return self._detected(stream, name)

    def _likely(self, stream: BinaryIO, name: str) -> list[Layout]:
        """The layouts of the kind that the file seems to be of; the one of equal columns first."""
        if not self.layouts:
            return []
        try:
            opening = opened(stream, self.rules, None, name)
        except FileRejected as error:
            if base(error.code) not in CURABLE:
                raise
            return list(self.layouts)
        if opening is None:
            return list(self.layouts)
        here = fingerprint(opening.headers)
        kind = [one for one in self.layouts if one.kind == opening.kind and one.format == opening.format]
        return sorted(kind, key=lambda one: one.fingerprint != here)

    def _detected(self, stream: BinaryIO, name: str) -> Survey:
        if not self.confirm:
            return survey(stream, self.rules, self.today, None, name)
        try:
            found = survey(stream, self.rules, self.today, None, name)
        except FileRejected as error:
            if base(error.code) not in CURABLE:
                raise
            said = f"{error.said} Nobody has confirmed yet which column is which."
            raise Unconfirmed(said, cure=_CONFIRM) from None
        if found.opening is None:
            return found
        raise Unconfirmed("Nobody has confirmed yet how such files are read.", cure=_CONFIRM)

    def told_of(self, survey: Survey) -> Json:
        return survey.told()

    def rows(self, stream: BinaryIO, survey: Survey) -> Iterator[FileRow]:
        return rows(stream, survey, self.rules)

    def assemble(self, rows: Sequence[FileRow], survey: Survey) -> Assembled:
        return assembled(rows, survey, self.rules)
