"""Everything that can go wrong at the books or on the way to them, for every kind of document, in one story."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.engine import world
from tests.engine.conftest import databases_of
from tests.engine.processes import BooksProcess, Json, Nursery
from tests.engine.world import World, entry

pytestmark = pytest.mark.processes

KINDS = ("plain", "keyed", "stepped")
UNCLEAR = {
    "before": 0.0,
    "commit_then_reset": 0.0,
    "commit_then_500": 0.0,
    "half": 0.0,
    "garbage": 0.0,
    "drip": 3.0,
    "late": 0.8 * world.hold(),
    "lost_504": 0.0,
}
PROVED = {"throttle": 0.1, "session": 0.0}
HARMLESS = {"slow": 0.3, "none": 0.0}
RELEASE = (
    "commit_then_reset",
    "commit_then_500",
    "half",
    "garbage",
    "drip",
    "before",
    "lost_504",
    "throttle",
    "session",
    "odd",
)


@dataclass
class Told:
    world: World
    records: dict[str, Json]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def told(request: pytest.FixtureRequest, nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The story: one document of each kind for each fault, one document in a request, and nobody helps."""
    folder = tmp_path_factory.mktemp("story")
    with BooksProcess(folder / "books.sqlite3") as books:
        toy = world.make(databases_of(request), nursery, books, folder)
        faults = {**UNCLEAR, **PROVED, **HARMLESS}
        toy.give(*[entry(f"{kind}-{fault}", kind) for fault in faults for kind in KINDS])
        toy.give(*[entry(f"release-{fault}", "stepped") for fault in RELEASE])
        books.script(
            *[
                {"key": f"{kind}-{fault}", "fault": fault, "seconds": seconds}
                for fault, seconds in faults.items()
                for kind in KINDS
                if fault != "none"
            ],
            *[
                {"key": f"release:release-{fault}", "fault": fault, "seconds": faults.get(fault, 0)}
                for fault in RELEASE
            ],
        )
        toy.env["ML_BATCH"] = "1"
        toy.set_up()
        toy.work()
        yield Told(toy, toy.records())


def test_every_document_stands_in_the_books_once_and_none_is_lost(told: Told) -> None:
    told.world.once()
    told.world.all_posted()
    assert told.world.books.state()["unfired"] == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", UNCLEAR)
def test_an_unclear_end_makes_a_record_unsure_and_looking_ends_it(told: Told, fault: str, kind: str) -> None:
    trail = told.records[f"{kind}-{fault}"]["trail"]
    assert "record.unsure" in trail
    after = trail[trail.index("record.unsure") + 1 :]
    assert after[0] in ("record.found", "record.created", "record.absent")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", PROVED)
def test_what_is_proved_unsent_goes_back_to_ready_and_is_never_unsure(told: Told, fault: str, kind: str) -> None:
    trail = told.records[f"{kind}-{fault}"]["trail"]
    assert "record.unsent" in trail
    assert "record.unsure" not in trail


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", HARMLESS)
def test_a_clear_answer_is_sent_once(told: Told, fault: str, kind: str) -> None:
    record = told.records[f"{kind}-{fault}"]
    assert record["attempts"] == ["done"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", ["commit_then_reset", "commit_then_500", "half", "garbage", "drip", "late"])
def test_what_was_booked_is_found_and_never_sent_again(told: Told, fault: str, kind: str) -> None:
    assert told.records[f"{kind}-{fault}"]["attempts"] == ["unclear"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", ["before", "lost_504"])
def test_what_was_not_booked_is_sent_again_after_the_hold(told: Told, fault: str, kind: str) -> None:
    record = told.records[f"{kind}-{fault}"]
    assert record["attempts"] == ["unclear", "done"]
    assert record["rounds"] == 1


@pytest.mark.parametrize("fault", RELEASE)
def test_a_release_with_an_unclear_end_is_released_again_and_not_created_again(told: Told, fault: str) -> None:
    record = told.records[f"release-{fault}"]
    assert (record["state"], record["attempts"]) == ("POSTED", ["done"])


def test_a_batch_is_never_left_with_open_problems(told: Told) -> None:
    told.world.act("sweep")
    assert told.world.act("problems") == []
