"""The state behind the gateway: companies, their users, sessions, records and ledgers.

`Books` holds everything, `Company` is one company seen from one session's entity. What a document does to the
ledger is in `subledger`, `settlement`, `cash` and `journals`; all of them post through `ledger`.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

from .faults import Faults
from .knobs import Knobs
from .refusal import invalid, no_permission
from .store import Key, Row, Store

SENDERS, COMPANIES, SESSIONS, USERS, UNIQUE = "_SENDER", "_COMPANY", "_SESSION", "_USER", "_UNIQUE"
WORLD = ""  # the place of rows that belong to no company


class Books:
    def __init__(self, file: str | Path | None = None, **knobs: Any) -> None:
        self.store = Store(file)
        self.knobs = Knobs()
        self.knobs.turn(knobs)
        self.faults = Faults()
        self.lock = threading.RLock()
        self.requests: deque[dict[str, Any]] = deque(maxlen=500)
        self.counts: dict[str, int] = {}
        self.last_numbers: dict[str, int] = {}
        self.now: Callable[[], float] = time.time

    @contextmanager
    def unit(self) -> Iterator[None]:
        with self.lock, self.store.unit():
            yield

    def reset(self) -> None:
        """Nothing left: no company, no fault, knobs as they were made."""
        with self.lock:
            self.store.clear()
            self.knobs = Knobs()
            self.faults.clear()
            self.requests.clear()
            self.counts.clear()
            self.last_numbers.clear()

    def close(self) -> None:
        with self.lock:
            self.store.close()

    def count(self, what: str) -> None:
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + 1

    def add_sender(self, sender: str, password: str) -> None:
        with self.unit():
            self.store.put(WORLD, SENDERS, sender, {"PASSWORD": password})

    def add_company(self, company: str, **settings: Any) -> "Company":
        with self.unit():
            row = {**DEFAULTS, "COMPANYID": company, "NAME": company, **settings}
            self.store.put(WORLD, COMPANIES, company, row)
        return Company(self, company)

    def company(self, company: str, entity: str = "") -> "Company":
        if company not in self.store.rows(WORLD, COMPANIES):
            raise KeyError(company)
        return Company(self, company, entity)

    def companies(self) -> list["Company"]:
        return [Company(self, str(key)) for key in self.store.rows(WORLD, COMPANIES)]

    # sessions

    def log_in(self, company: str, user: str, entity: str, endpoint: str) -> str:
        session = token_urlsafe(24)
        row = {"COMPANY": company, "USER": user, "ENTITY": entity, "ENDPOINT": endpoint, "SEEN": self.now()}
        with self.unit():
            self.store.put(WORLD, SESSIONS, session, row)
        return session

    def session(self, session: str) -> Row | None:
        """The row of a live session; using it moves its timeout."""
        with self.unit():
            row = self.store.get(WORLD, SESSIONS, session)
            if row is None:
                return None
            if row["SEEN"] + self.knobs.session_seconds < self.now():
                self.store.drop(WORLD, SESSIONS, session)
                return None
            self.store.put(WORLD, SESSIONS, session, {**row, "SEEN": self.now()})
            return row

    def expire(self, session: str | None = None) -> None:
        with self.unit():
            for key in [session] if session else list(self.store.rows(WORLD, SESSIONS)):
                self.store.drop(WORLD, SESSIONS, key)


DEFAULTS: Row = {
    "CURRENCY": "USD",
    "MULTICURRENCY": False,
    "RATES": {},  # currency -> text of the rate to the base currency
    "SENDERS": [],  # sender ids that may call this company
    "EXPIRED": False,
    "ROLES": {},  # role -> account: ar, ap, overpayments, fx, due_from, due_to
    "CUSTOM": {},  # object -> names of its custom fields
    "DIMENSIONS": {},  # its own: object -> {"label": "Region", "values": {"10": "West"}}; on lines GLDIM and the object
    "CLOSED": [],  # {"module": "AR", "entity": "", "through": "2026-01-31"}
}


@dataclass(frozen=True)
class Company:
    books: Books
    id: str
    entity: str = ""  # of the session; empty at top level
    denied: tuple[str, ...] = ()  # of the session's user

    def must_be_allowed(self, operation: str, name: str) -> None:
        if any(pair in self.denied for pair in (f"{operation} {name}", f"* {name}", f"{operation} *")):
            raise no_permission(operation, name)

    @property
    def setup(self) -> Row:
        row = self.books.store.get(WORLD, COMPANIES, self.id)
        assert row is not None
        return row

    @property
    def knobs(self) -> Knobs:
        return self.books.knobs

    @property
    def currency(self) -> str:
        return str(self.setup["CURRENCY"])

    @property
    def multi_entity(self) -> bool:
        return bool(self.rows("LOCATIONENTITY"))

    def role(self, role: str) -> str:
        account = self.setup["ROLES"].get(role)
        if not account:
            raise invalid(f"The company has no account set up for {role}.")
        return str(account)

    def configure(self, **settings: Any) -> None:
        with self.books.unit():
            self.books.store.put(WORLD, COMPANIES, self.id, {**self.setup, **settings})

    def add_user(self, user: str, password: str, denied: list[str] | None = None) -> None:
        """`denied` holds pairs such as "CREATE ARPYMT", with * for any."""
        with self.books.unit():
            self.put(USERS, user, {"USERID": user, "PASSWORD": password, "DENIED": denied or []})

    # rows

    def rows(self, name: str) -> dict[Key, Row]:
        return self.books.store.rows(self.id, name)

    def get(self, name: str, key: Key) -> Row | None:
        return self.books.store.get(self.id, name, key)

    def find(self, name: str, field: str, value: Any) -> list[Row]:
        return self.books.store.find(self.id, name, field, value)

    def put(self, name: str, key: Key, row: Row) -> None:
        self.books.store.put(self.id, name, key, row)

    def drop(self, name: str, key: Key) -> None:
        self.books.store.drop(self.id, name, key)

    def add(self, name: str, row: Row) -> Row:
        """A new row with the next RECORDNO of the company and its audit times."""
        made = {"RECORDNO": self.number(), **row, **self._stamps(), "_AT": self.books.now()}
        made.setdefault("MEGAENTITYID", self.entity)
        self.put(name, made["RECORDNO"], made)
        return made

    def change(self, name: str, row: Row, **changes: Any) -> Row:
        changed = {**row, **changes, "WHENMODIFIED": self.modified()}
        self.put(name, row["RECORDNO"], changed)
        return changed

    def number(self) -> int:
        """RECORDNO counts per company over all objects and never goes back, not even with a roll-back that follows."""
        kept = (self.get("_COUNTER", "RECORDNO") or {"LAST": 100})["LAST"]
        number = max(kept, self.books.last_numbers.get(self.id, 0)) + 1
        self.books.last_numbers[self.id] = number
        self.put("_COUNTER", "RECORDNO", {"LAST": number})
        return int(number)

    def running(self, series: str, start: int = 1) -> int:
        last = (self.get("_COUNTER", series) or {"LAST": start - 1})["LAST"]
        self.put("_COUNTER", series, {"LAST": last + 1})
        return int(last) + 1

    def instant(self) -> datetime:
        return datetime.fromtimestamp(int(self.books.now()), UTC).replace(tzinfo=None)

    def modified(self) -> datetime:
        return self.instant() + timedelta(hours=self.knobs.modified_offset_hours)

    def today(self) -> date:
        return self.instant().date()

    def _stamps(self) -> Row:
        # the two times of one moment differ by the offset: a captured answer shows exactly that (sheet 6.5)
        return {"AUWHENCREATED": self.instant(), "WHENMODIFIED": self.modified()}

    # masters

    def master(self, name: str, field: str, value: str) -> Row | None:
        """A master by its id; ids are compared letter by letter."""
        for row in self.find("_ID", "RECORDID", f"{name}/{value}"):
            return self.get(name, row["KEY"])
        return None

    def add_master(self, name: str, field: str, row: Row) -> Row:
        made = self.add(name, {"STATUS": "active", **row})
        self.put("_ID", f"{name}/{made[field]}", {"RECORDID": f"{name}/{made[field]}", "KEY": made["RECORDNO"]})
        return made

    def drop_master(self, name: str, field: str, row: Row) -> None:
        self.drop("_ID", f"{name}/{row[field]}")
        self.drop(name, row["RECORDNO"])

    # entities

    def entity_of(self, location: str) -> str:
        """The entity above a location; empty where there is none."""
        seen = set()
        while location and location not in seen:
            if self.master("LOCATIONENTITY", "LOCATIONID", location):
                return location
            seen.add(location)
            location = str((self.master("LOCATION", "LOCATIONID", location) or {}).get("PARENTID") or "")
        return ""
