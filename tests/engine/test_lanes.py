"""One owner at a time; who lost the lane sends nothing; what it learned is recorded nevertheless."""

import time

import pytest

from tests.engine import world
from tests.engine.conftest import Worlds
from tests.engine.processes import BooksProcess, Json, wait_for
from tests.engine.world import World, entry

pytestmark = pytest.mark.processes


def plains(count: int) -> list[Json]:
    return [entry(f"D{number:03d}") for number in range(count)]


def created(toy: World) -> int:
    """How many requests to create something the books have seen."""
    return int(toy.books.state()["requests"].get("create", 0))


def test_two_workers_on_one_lane_post_each_document_once(toy: World) -> None:
    toy.give(*plains(40))
    toy.books.script(slow=0.03)
    toy.env["ML_BATCH"] = "3"
    toy.set_up()
    workers = [toy.worker(), toy.worker(), toy.worker()]
    assert [worker.wait() for worker in workers] == [0, 0, 0]
    toy.once()
    toy.all_posted()


def test_an_owner_stopped_past_its_lease_sends_nothing_when_it_goes_on(toy: World) -> None:
    toy.give(*plains(12))
    toy.harm({"D005": "stop_before_announce"})
    toy.set_up()
    owner = toy.worker()
    wait_for("the stop", lambda: owner.stopped)
    toy.work()
    toy.once()
    before = created(toy)
    owner.go_on()
    assert owner.wait() == 0
    toy.once()
    assert created(toy) == before
    toy.all_posted()


def test_an_owner_stopped_past_the_hold_between_announce_and_send_sends_nothing_when_it_goes_on(toy: World) -> None:
    toy.give(*plains(12))
    toy.harm({"D005": "stop_before_send"})
    toy.set_up()
    owner = toy.worker()
    wait_for("the stop", lambda: owner.stopped)
    toy.work()
    toy.once()
    before = created(toy)
    owner.go_on()
    assert owner.wait() == 0
    toy.once()
    assert created(toy) == before
    toy.all_posted()


def test_an_owner_that_slept_alone_past_the_hold_sends_nothing_of_what_it_had_announced(toy: World) -> None:
    toy.give(*plains(3))
    toy.harm({"D001": "stop_before_send"})
    toy.set_up()
    owner = toy.worker()
    wait_for("the stop", lambda: owner.stopped)
    time.sleep(world.hold() + 0.3)
    owner.go_on()
    assert owner.wait() == 0
    toy.once()
    toy.all_posted()
    assert toy.records()["D001"]["attempts"] == ["unsent", "done"]


def test_the_late_proof_that_nothing_was_sent_is_believed_while_the_record_is_unsure(worlds: Worlds) -> None:
    toy = worlds(PROCESSING=3.0)
    toy.give(*plains(3))
    toy.harm({"D001": "stop_before_send"})
    toy.set_up()
    owner = toy.worker()
    wait_for("the stop", lambda: owner.stopped)
    other = toy.worker()
    wait_for("another to take over", lambda: toy.records()["D001"]["state"] == "UNSURE")
    time.sleep(world.WAITS["WRITE_DEADLINE"])
    owner.go_on()
    assert (owner.wait(), other.wait()) == (0, 0), owner.log.read_text() + other.log.read_text()
    toy.once()
    toy.all_posted()
    assert toy.records()["D001"]["attempts"] == ["unsent", "done"]


def test_an_answer_after_the_lane_was_lost_changes_nothing_that_was_found_meanwhile(toy: World) -> None:
    toy.give(*plains(12))
    toy.harm({"D005": "stop_before_recording"})
    toy.set_up()
    owner = toy.worker()
    wait_for("the stop", lambda: owner.stopped)
    toy.work()
    toy.all_posted()
    assert "record.found" in toy.records()["D005"]["trail"]
    owner.go_on()
    assert owner.wait() == 0
    toy.once()
    toy.all_posted()
    assert toy.records()["D005"]["attempts"] == ["done"]


def test_an_answer_after_the_lane_was_lost_is_recorded_where_looking_found_nothing_yet(worlds: Worlds) -> None:
    toy = worlds(PROCESSING=4.0)
    toy.give(entry("D001"))
    toy.books.script(visible_after=30.0)
    toy.harm({"D001": "stop_before_recording"})
    toy.set_up()
    owner = toy.worker()
    wait_for("the stop", lambda: owner.stopped)
    other = toy.worker(until_quiet=False)
    wait_for("another to take over", lambda: toy.records()["D001"]["state"] == "UNSURE")
    owner.go_on()
    wait_for("the answer", lambda: toy.records()["D001"]["state"] == "POSTED", 3.0)
    other.kill()
    owner.kill()
    toy.once()
    record = toy.records()["D001"]
    assert record["attempts"] == ["done"]
    assert "record.posted" in record["trail"] and "record.found" not in record["trail"]


def test_a_worker_killed_at_any_point_is_followed_by_another(toy: World) -> None:
    toy.give(*plains(9))
    toy.harm({"D002": "killed", "D005": "killed", "D008": "killed"})
    toy.env["ML_BATCH"] = "2"
    toy.set_up()
    toy.work()
    toy.once()
    toy.all_posted()


def test_no_ring_is_lost_between_the_last_look_and_the_release(toy: World) -> None:
    """No sweep runs here: whoever makes a record ready rings, and drains if the lane is free. Had a ring been lost, its
    record would lie there still."""
    toy.give(*plains(40))
    toy.set_up()
    toy.act("prepare_all")
    ringers = [toy.start("ring_and_drain", part=part, parts=3) for part in range(3)]
    assert [ringer.wait() for ringer in ringers] == [0, 0, 0]
    toy.once()


def test_never_more_requests_in_flight_than_slots(worlds: Worlds) -> None:
    # A request that we give up is still under way over there: here none is given up.
    toy = worlds(SLOT=30, WRITE_DEADLINE=10, READ_DEADLINE=10)
    toy.give(*plains(30))
    toy.env["ML_BATCH"] = "2"
    toy.books.script(slow=0.05)
    toy.set_up()
    crowds = [toy.start("crowd", times=30) for _ in range(2)]
    worker = toy.worker()
    assert [crowd.wait() for crowd in crowds] == [0, 0], [crowd.log.read_text() for crowd in crowds]
    assert worker.wait() == 0
    toy.once()
    assert toy.books.state()["most_in_flight"] == world.SLOTS


def test_a_throttled_lane_rests_as_a_lane_while_others_go_on(toy: World) -> None:
    with BooksProcess(toy.folder / "others.sqlite3") as others:
        others.script(name="other books")
        toy.give(*plains(30))
        toy.books.script({"key": "D000", "fault": "throttle", "seconds": 4.0})
        toy.env["ML_BATCH"] = "5"
        toy.set_up(others=[others])
        worker = toy.worker()
        wait_for("the others' documents", lambda: len(others.documents()) == 30)
        assert toy.books.documents() == []
        assert created(toy) == 1
        assert worker.wait() == 0
        toy.once()
        toy.once(others)


def test_a_worker_whose_clock_is_an_hour_ahead_takes_no_lane_and_believes_no_absence_early(
    request: pytest.FixtureRequest, toy: World
) -> None:
    if "sqlite" in toy.url:
        pytest.skip("SQLite has no clock of its own")
    toy.give(*plains(30))
    toy.books.script(
        *[{"key": f"D{n:03d}", "fault": "slow", "seconds": 0.4} for n in (3, 13)],
        *[{"key": f"D{n:03d}", "fault": "late", "seconds": 0.8 * world.hold()} for n in (7, 19)],
    )
    toy.env["ML_BATCH"] = "3"
    toy.set_up()
    workers = [toy.worker(ahead=3600.0), toy.worker(), toy.worker(ahead=3600.0)]
    assert [worker.wait() for worker in workers] == [0, 0, 0]
    toy.once()
    toy.all_posted()
    assert all("record.absent" not in one["trail"] for one in toy.records().values())
