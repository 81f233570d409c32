"""The toy's ledger: documents in a SQLite file of its own, with the rules that make it refuse."""

import json
import sqlite3
import threading
import time
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]

TABLES = """
PRAGMA journal_mode=WAL;
PRAGMA synchronous=OFF;
CREATE TABLE IF NOT EXISTS document (
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT, number TEXT, control TEXT, party TEXT, account TEXT, currency TEXT,
    amount TEXT, day TEXT, state TEXT, visible_at REAL
);
CREATE INDEX IF NOT EXISTS document_number ON document (kind, number);
CREATE TABLE IF NOT EXISTS control (control TEXT PRIMARY KEY, answer TEXT);
"""


@dataclass
class Knobs:
    """How these books behave. Numbers are seconds."""

    name: str = "books"
    controls: str = "off"
    """A control that was used before: off (nobody cares), refuse, or replay (the first answer again)."""
    visible_after: float = 0.0
    closed_to: str = ""
    """Documents of this day and earlier are refused, at creation."""
    release_closed_to: str = ""
    poison: list[str] = field(default_factory=list)
    """Numbers that make a whole request refused."""
    refuse: dict[str, str] = field(default_factory=dict)
    """Number → error, for as long as it stands here."""
    slow: float = 0.0
    password: str = "right"


class Ledger:
    def __init__(self, path: str) -> None:
        self.lock = threading.RLock()
        self.db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.db.row_factory = sqlite3.Row
        self.db.executescript(TABLES)
        self.knobs = Knobs()

    def create(self, rows: list[Row], errors: dict[str, str]) -> dict[str, Row]:
        """Books all in one commit; `errors` are those that a fault script gives to single documents."""
        with self.lock:
            self.db.execute("BEGIN IMMEDIATE")
            answers = {row["control"]: self._one(row, errors.get(row["number"], "")) for row in rows}
            self.db.execute("COMMIT")
            return answers

    def _one(self, row: Row, error: str) -> Row:
        error = error or self.knobs.refuse.get(row["number"], "")
        if error:
            return {"error": error, "said": f"{row['number']}: {error}"}
        known = self.db.execute("SELECT answer FROM control WHERE control = ?", [row["control"]]).fetchone()
        if known and self.knobs.controls == "replay":
            answer: Row = json.loads(known["answer"])
            return answer
        if known and self.knobs.controls == "refuse":
            return {"error": "control.used", "said": f"The control {row['control']} was used before."}
        if self.knobs.closed_to and row.get("day") and row["day"] <= self.knobs.closed_to:
            return {"error": "period", "said": f"The books are closed to {self.knobs.closed_to}."}
        answer = self._book(row)
        if "error" not in answer:
            self.db.execute("INSERT OR REPLACE INTO control VALUES (?, ?)", [row["control"], json.dumps(answer)])
        return answer

    def _book(self, row: Row) -> Row:
        if row["kind"] == "party" and row["update"]:
            self.db.execute("UPDATE document SET party = ? WHERE id = ?", [row["party"], row["update"][0]])
            return {"id": row["update"][0], "number": row["number"], "state": "posted"}
        if row["kind"] in ("keyed", "party") and self._of_number(row["kind"], row["number"]):
            return {"error": "duplicate", "said": f"{row['number']} stands here already."}
        state = "balanced" if row["kind"] == "stepped" else "posted"
        names = ("kind", "number", "control", "party", "account", "currency", "amount", "day")
        values = [row.get(name, "") for name in names] + [state, time.time() + self.knobs.visible_after]
        marks = ", ".join("?" * len(values))
        made = self.db.execute(f"INSERT INTO document ({', '.join(names)}, state, visible_at) VALUES ({marks})", values)
        return {"id": str(made.lastrowid), "number": row["number"], "state": state}

    def _of_number(self, kind: str, number: str) -> list[sqlite3.Row]:
        return self.db.execute("SELECT * FROM document WHERE kind = ? AND number = ?", [kind, number]).fetchall()

    def find(self, kind: str, numbers: list[str]) -> dict[str, list[Row]]:
        with self.lock:
            now = time.time()
            return {
                number: [dict(row) | {"id": str(row["id"])} for row in rows if row["visible_at"] <= now]
                for number in numbers
                if (rows := self._of_number(kind, number))
            }

    def release(self, id: str) -> Row:
        with self.lock:
            row = self.db.execute("SELECT * FROM document WHERE id = ?", [id]).fetchone()
            if self.knobs.release_closed_to and row["day"] <= self.knobs.release_closed_to:
                return {"error": "period", "said": f"The books are closed to {self.knobs.release_closed_to}."}
            self.db.execute("UPDATE document SET state = 'posted' WHERE id = ?", [id])
            return {"id": id, "number": row["number"], "state": "posted"}

    def read(self, ids: list[str]) -> list[Row | None]:
        with self.lock:
            rows = {str(row["id"]): dict(row) | {"id": str(row["id"])} for row in self._all()}
            now = time.time()
            return [rows[id] if id in rows and rows[id]["visible_at"] <= now else None for id in ids]

    def documents(self) -> list[Row]:
        """Everything, visible or not: what a test judges by."""
        with self.lock:
            return [dict(row) for row in self._all()]

    def _all(self) -> list[sqlite3.Row]:
        return self.db.execute("SELECT * FROM document ORDER BY id").fetchall()
