"""One workspace, one toy source, one set of toy books, and workers: all real processes on a database of their own.

Judged from the books: `once` says that every document stands there once, with its amount, and nothing else does.
"""

import itertools
import json
import signal
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.engine.databases import Databases
from tests.engine.processes import BooksProcess, Json, Nursery, Worker

WAITS = {
    "LEASE": 0.6,
    "HEARTBEAT": 0.15,
    "SLOT": 3,
    "SWEEP": 0.05,
    "TICK": 0.05,
    "POLL": 3600,
    "RETRY_START": 0.05,
    "RETRY_MOST": 0.3,
    "LOOK": 0.05,
    "CONDITION": 0.2,
    "VERDICT": 0.1,
    "WRITE_DEADLINE": 0.7,
    "PROCESSING": 0.3,
    "MARGIN": 0.1,
    "READ_DEADLINE": 2,
    "CHOICES": 3600,
    "SEAL": 3600,
}
SLOTS = 2
FINAL = {"POSTED", "SKIPPED"}


def _books(name: str, books: BooksProcess) -> Json:
    credentials = {"url": books.url, "password": "right"}
    return {"name": name, "system": "toybooks", "credentials": credentials}


def _link(books: str, map_sales: bool) -> Json:
    return {
        "integration": "toy",
        "source": "source",
        "target": books,
        "start_at": "2026-01-01T00:00:00+00:00",
        "mappings": [{"table": "account", "source": "sales", "target": "4000"}] if map_sales else [],
        "flows": dict.fromkeys(("party", "keyed", "plain", "stepped"), "live"),
    }


def hold() -> float:
    return WAITS["WRITE_DEADLINE"] + WAITS["PROCESSING"] + WAITS["MARGIN"]


def entry(number: str, kind: str = "plain", **content: Any) -> Json:
    """A fact of one document. The amount follows from the number, so that no two are easily taken for each other."""
    amount = f"{100 + sum(number.encode()) % 900}.{len(number):02d}"
    full = {"number": number, "party": "ACME", "account": "sales", "amount": amount, "day": "2026-03-28"} | content
    return {"stream": kind, "key": number, "at": "2026-03-28T12:00:00+00:00", "content": full}


@dataclass
class World:
    folder: Path
    url: str
    books: BooksProcess
    nursery: Nursery
    env: dict[str, str]
    facts: list[Json] = field(default_factory=list)
    calls: Any = field(default_factory=itertools.count)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def set_up(self, *, map_sales: bool = True, others: Sequence[BooksProcess] = ()) -> None:
        """The workspace with its source, linked to the books, and to the books of others if there are any."""
        self._write_facts()
        source = {"name": "source", "system": "toysource", "credentials": {"folder": str(self.source)}}
        self.env["ML_REACHABLE"] = ",".join(f"127.0.0.1:{books.port}" for books in (self.books, *others))
        named = {f"books{number}": books for number, books in enumerate((self.books, *others))}
        connections = [source, *(_books(name, books) for name, books in named.items())]
        links = [_link(name, map_sales) for name in named]
        workspace = {"name": "Toy", "connections": connections, "links": links}
        self.act("provision", plan={"workspaces": [workspace]})

    def give(self, *facts: Json) -> None:
        """What the source has; to be said before `set_up`."""
        self.facts += facts
        self._write_facts()

    def harm(self, plan: dict[str, str]) -> None:
        (self.harms / "plan.json").write_text(json.dumps(plan))

    def start(self, name: str, **args: Any) -> Worker:
        """Begins something of `acts` in a process of its own."""
        with self.lock:
            result = self.folder / f"{name}{next(self.calls)}.json"
        log = result.with_suffix(".log")
        return self.nursery.start(f"tests.engine.acts:{name}", args, env=self.env, log=log, result=result)

    def act(self, name: str, **args: Any) -> Any:
        """Does something in a process of its own and returns what it says."""
        worker = self.start(name, **args)
        assert worker.wait() == 0, f"{name} failed:\n{worker.log.read_text()[-4000:]}"
        return json.loads(worker.log.with_suffix(".json").read_text())

    def worker(self, *, until_quiet: bool = True, env: dict[str, str] | None = None, **args: Any) -> Worker:
        with self.lock:
            log = self.folder / f"worker{next(self.calls)}.log"
        order = {"until_quiet": until_quiet, **args}
        return self.nursery.start("tests.engine.acts:work", order, env={**self.env, **(env or {})}, log=log)

    def work(self, seconds: float = 120.0) -> None:
        """Works until all is quiet; a worker that a harm has killed is followed by another."""
        for _ in range(400):
            worker = self.worker(seconds=seconds)
            ended = worker.wait(seconds + 10)
            if ended == 0:
                return
            assert ended == -signal.SIGKILL, worker.log.read_text()[-4000:]
        raise AssertionError("workers die again and again")

    def records(self) -> dict[str, Json]:
        return {one["key"]: one for one in self.act("records")}

    @property
    def source(self) -> Path:
        return self.folder / "source"

    @property
    def harms(self) -> Path:
        return self.folder / "harms"

    def _write_facts(self) -> None:
        self.source.mkdir(exist_ok=True)
        self.harms.mkdir(exist_ok=True)
        if not (self.harms / "plan.json").exists():
            self.harm({})
        (self.source / "facts.json").write_text(json.dumps(self.facts))

    # --- judging ------------------------------------------------------------------------------------------------------

    def once(self, books: BooksProcess | None = None, *, without: Sequence[str] = ()) -> None:
        """Each document stands in the books once, posted, as the source says; nothing else does; slots were kept."""
        state = (books or self.books).state()
        wanted = {
            (fact["stream"], fact["content"]["number"]): fact["content"].get("amount", "")
            for fact in self.facts
            if fact["key"] not in without
        }
        there = Counter((row["kind"], row["number"]) for row in state["documents"])
        assert {key: count for key, count in there.items() if count > 1} == {}, "stands there twice"
        assert set(wanted) - set(there) == set(), "is missing"
        assert set(there) - set(wanted) == set(), "nobody asked for this"
        amounts = {(row["kind"], row["number"]): row["amount"] for row in state["documents"]}
        assert {key: amounts[key] for key in wanted} == wanted
        assert {row["state"] for row in state["documents"]} <= {"posted"}
        assert state["most_in_flight"] <= SLOTS

    def all_posted(self, *, without: Sequence[str] = ()) -> None:
        records = self.records()
        assert {key: one for key, one in records.items() if one["state"] not in FINAL and key not in without} == {}
        assert set(records) == {fact["key"] for fact in self.facts}


def environment(url: str, books: BooksProcess, folder: Path, waits: dict[str, float]) -> dict[str, str]:
    return {
        "DATABASE_URL": url,
        "ML_REACHABLE": f"127.0.0.1:{books.port}",
        "ML_PLUGINS": "tests.toy.system",
        "ML_DEVELOPMENT": "1",
        "ML_NO_DOTENV": "1",
        "LOG_LEVEL": "INFO",
        "TOY_HARM": str(folder / "harms"),
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        **{f"ML_{name}_SECONDS": str(value) for name, value in {**WAITS, **waits}.items()},
    }


def make(
    databases: Databases, nursery: Nursery, books: BooksProcess, folder: Path, waits: dict[str, float] | None = None
) -> World:
    url = databases.fresh()
    return World(folder, url, books, nursery, environment(url, books, folder, waits or {}))
