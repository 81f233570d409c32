"""Rows by company and object: in memory, with undo, written through to one SQLite file when one is given.

Memory is what is read; the file is what outlives the process. A unit of work reaches the file before its answer leaves.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Key = int | str
Place = tuple[str, str]  # company, object

INDEXED = frozenset(
    "RECORDNO RECORDID RECORDKEY DOCNUMBER REFERENCENO CUSTOMERID VENDORID CONTACTNAME BATCHNO BATCHKEY ACCOUNTNO"
    " GLACCOUNTNO PAYMENTKEY TARGETKEY DOCNO DOCID DOCHDRNO EXTERNALID".split()
)


# an upsert keeps the rowid, so that rows come back in the order in which they were made
_WRITE = "INSERT INTO rows VALUES (?, ?, ?, ?) ON CONFLICT (company, name, key) DO UPDATE SET body = excluded.body"


class Store:
    def __init__(self, file: str | Path | None = None) -> None:
        self._tables: defaultdict[Place, dict[Key, Row]] = defaultdict(dict)
        self._index: defaultdict[tuple[str, str, str], defaultdict[Any, dict[Key, None]]] = defaultdict(
            lambda: defaultdict(dict)
        )
        self._undo: list[tuple[Place, Key, Row | None]] = []
        self._depth = 0
        self._file = _open(file) if file else None
        self._load()

    def rows(self, company: str, name: str) -> dict[Key, Row]:
        return self._tables[company, name]

    def get(self, company: str, name: str, key: Key) -> Row | None:
        return self._tables[company, name].get(key)

    def find(self, company: str, name: str, field: str, value: Any) -> list[Row]:
        """Rows whose indexed field has this value, in the order in which they were written."""
        table = self._tables[company, name]
        return [table[key] for key in self._index[company, name, field].get(value, ())]

    def put(self, company: str, name: str, key: Key, row: Row) -> None:
        assert self._depth, "a row is written inside a unit only"
        place = (company, name)
        old = self._tables[place].get(key)
        self._undo.append((place, key, old))
        self._set(place, key, old, row)

    def drop(self, company: str, name: str, key: Key) -> None:
        place = (company, name)
        old = self._tables[place].get(key)
        self._undo.append((place, key, old))
        self._set(place, key, old, None)

    @contextmanager
    def unit(self) -> Iterator[None]:
        """All or nothing. Units nest; only the outermost reaches the file."""
        mark = len(self._undo)
        self._depth += 1
        try:
            yield
        except BaseException:
            self._back_to(mark)
            raise
        finally:
            self._depth -= 1
        if self._depth == 0:
            self._flush()

    def clear(self) -> None:
        self._tables.clear()
        self._index.clear()
        self._undo.clear()
        if self._file:
            self._file.execute("DELETE FROM rows")

    def close(self) -> None:
        if self._file:
            self._file.close()
            self._file = None

    def _set(self, place: Place, key: Key, old: Row | None, new: Row | None) -> None:
        for field in INDEXED:
            before, after = old and old.get(field), new and new.get(field)
            if old and before is not None and (new is None or before != after):
                self._index[*place, field][before].pop(key, None)
            if new and after is not None and (old is None or before != after):
                self._index[*place, field][after][key] = None
        if new is None:
            self._tables[place].pop(key, None)
        else:
            self._tables[place][key] = new

    def _back_to(self, mark: int) -> None:
        while len(self._undo) > mark:
            place, key, old = self._undo.pop()
            self._set(place, key, self._tables[place].get(key), old)

    def _flush(self) -> None:
        touched = {(place, key) for place, key, _ in self._undo}
        self._undo.clear()
        if not self._file or not touched:
            return
        self._file.execute("BEGIN IMMEDIATE")
        for (company, name), key in touched:
            row = self._tables[company, name].get(key)
            at = (company, name, _key_text(key))
            if row is None:
                self._file.execute("DELETE FROM rows WHERE company = ? AND name = ? AND key = ?", at)
            else:
                self._file.execute(_WRITE, (*at, dumps(row)))
        self._file.execute("COMMIT")

    def _load(self) -> None:
        if not self._file:
            return
        for company, name, key, body in self._file.execute("SELECT company, name, key, body FROM rows ORDER BY rowid"):
            self._set((company, name), _text_key(key), None, loads(body))


def _open(file: str | Path) -> sqlite3.Connection:
    # NORMAL in WAL mode outlives a killed process (the pages are with the system); only a power cut could lose the end
    db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute(
        "CREATE TABLE IF NOT EXISTS rows (company TEXT, name TEXT, key TEXT, body TEXT, UNIQUE (company, name, key))"
    )
    return db


def _key_text(key: Key) -> str:
    return f"#{key}" if isinstance(key, int) else f"'{key}"


def _text_key(text: str) -> Key:
    return int(text[1:]) if text[0] == "#" else text[1:]


def dumps(row: Row) -> str:
    return json.dumps(row, default=_plain, ensure_ascii=False)


def loads(body: str) -> Row:
    row: Row = json.loads(body, object_hook=_typed)
    return row


def _plain(value: Any) -> dict[str, str]:
    if isinstance(value, Decimal):
        return {"$decimal": str(value)}
    if isinstance(value, datetime):
        return {"$instant": value.isoformat()}
    if isinstance(value, date):
        return {"$day": value.isoformat()}
    raise TypeError(type(value))


def _typed(value: dict[str, Any]) -> Any:
    if len(value) == 1:
        match next(iter(value.items())):
            case ("$decimal", text):
                return Decimal(text)
            case ("$instant", text):
                return datetime.fromisoformat(text)
            case ("$day", text):
                return date.fromisoformat(text)
    return value
