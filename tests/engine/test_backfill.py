"""A window of the past, read in by workers that are killed again and again: every document stands there once."""

import random
from functools import partial
from typing import Any

import pytest

from tests.engine.processes import wait_for
from tests.engine.world import World, entry

pytestmark = pytest.mark.processes
COUNT = 40
Json = dict[str, Any]


def old(number: str, kind: str) -> Json:
    """From before the start of the link."""
    return entry(number, kind) | {"at": "2025-11-15T12:00:00+00:00"}


def facts() -> list[Json]:
    return [old(f"D{at:02d}", ("plain", "keyed", "stepped")[at % 3]) for at in range(COUNT)]


def asked(toy: World) -> Json:
    """Taken in and left out because of the start; then a backfill is estimated and started."""
    toy.give(*facts())
    toy.set_up()
    toy.work()
    assert {one["state"] for one in toy.act("records")} == {"SKIPPED"}
    assert toy.books.documents() == []
    toy.act("ask_backfill", since="2025-11-01T00:00:00+00:00", until="2025-12-01T00:00:00+00:00")
    toy.work()
    estimate: Json = toy.act("start_backfill")
    return estimate


def test_the_estimate_is_what_then_stands_in_the_books(toy: World) -> None:
    estimate = asked(toy)
    toy.work()
    toy.once()
    toy.all_posted()
    flows = estimate["flows"]
    assert sum(part["count"] for part in flows.values()) == COUNT
    told = sum(round(float(part["money"]["USD"]) * 100) for part in flows.values())
    assert told == sum(round(float(one["amount"]) * 100) for one in toy.books.documents())
    [row] = toy.act("backfills")
    assert (row["state"], row["found"], row["taken"]) == ("done", COUNT, COUNT)


@pytest.mark.parametrize("seed", range(2))
def test_workers_killed_while_it_reads_and_sends_leave_each_document_once(toy: World, seed: int) -> None:
    asked(toy)
    dice, pages = random.Random(seed), [0]
    for _ in range(6):
        worker = toy.worker(until_quiet=False)
        wait_for("a page more, or the end", partial(_further, toy, pages, pages[-1]), 60)
        if dice.random() < 0.5:
            wait_for("a document", lambda: toy.books.documents(), 60)
        worker.kill()
        worker.wait()
    toy.work()
    toy.once()
    toy.all_posted()
    [row] = toy.act("backfills")
    assert (row["state"], row["found"], row["taken"]) == ("done", COUNT, COUNT)
    assert len([one for one in set(pages) if one]) > 1, "it was interrupted in the middle"


def _further(toy: World, pages: list[int], before: int) -> bool:
    row = toy.act("backfills")[0]
    pages.append(row["pages"])
    return bool(row["pages"] > before or row["state"] == "done")
