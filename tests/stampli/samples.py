"""The sample files and what each of them must lead to, read without a ledger."""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

from connectors.base import Json
from connectors.files import Assembled, FileRow
from connectors.stampli.files import Layout, Rules, Survey, assembled, rows, survey

HERE = Path(__file__).parent.parent / "data" / "stampli"
INDEX: list[Json] = json.loads((HERE / "index.json").read_text())["entries"]
STATE: Json = json.loads((HERE / "reference-data.json").read_text())
TODAY = date(2026, 6, 30)
RULES = Rules(default_currency="USD")


@dataclass
class Read:
    survey: Survey
    rows: list[FileRow]
    documents: dict[str, Assembled] = field(default_factory=dict)

    @property
    def payloads(self) -> list[Json]:
        return [one.told.payload for one in self.documents.values() if one.told]

    @property
    def codes(self) -> dict[int, list[str]]:
        """Row → its faults, and what became of it by itself."""
        found: dict[int, list[str]] = {row.number: [one.code for one in row.faults] for row in self.rows}
        for one in self.documents.values():
            for number, faults in one.faults.items():
                found[number] = [fault.code for fault in faults]
            for number, note in one.notes.items():
                found[number] = [note]
        return {number: codes for number, codes in found.items() if codes}


def read(stream: BinaryIO, rules: Rules = RULES, layout: Layout | None = None, name: str = "", **more: Any) -> Read:
    found = survey(stream, rules, more.get("today", TODAY), layout, name)
    all_rows = list(rows(stream, found, rules))
    groups: dict[str, list[FileRow]] = defaultdict(list)
    for row in all_rows:
        if row.group:
            groups[row.group].append(row)
    return Read(found, all_rows, {group: assembled(of, found, rules) for group, of in groups.items()})
