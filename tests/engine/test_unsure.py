"""The ambiguous write: many at once, late, refused when sent again, and with people who press buttons."""

import random
import time

import pytest

from tests.engine import world
from tests.engine.conftest import Worlds
from tests.engine.processes import Json, wait_for
from tests.engine.world import World, entry

pytestmark = pytest.mark.processes

POINTS = ("unsent", "before", "commit_then_reset", "answer_lost", "killed")
"""Before the send; sent, not booked; booked, not answered; the answer lost in the worker; the worker killed with it."""
IN_THE_WORKER = ("unsent", "answer_lost", "killed")


def creates(toy: World) -> int:
    return int(toy.books.state()["requests"].get("create", 0))


def faulted(toy: World, count: int) -> dict[str, str]:
    """Gives so many documents of two kinds to the world, a fifth of them with a fault, spread over the five points."""
    numbers = [f"{'PK'[number % 2]}{number:04d}" for number in range(count)]
    toy.give(*[entry(number, "plain" if number[0] == "P" else "keyed") for number in numbers])
    chosen = random.Random(1).sample(numbers, count // 5)
    plan = {number: POINTS[place % len(POINTS)] for place, number in enumerate(chosen)}
    toy.harm({number: point for number, point in plan.items() if point in IN_THE_WORKER})
    toy.books.script(*[{"key": n, "fault": point} for n, point in plan.items() if point not in IN_THE_WORKER])
    return plan


def check_faults(toy: World, plan: dict[str, str], batch: int) -> None:
    toy.once()
    toy.all_posted()
    assert toy.books.state()["unfired"] == []
    records = toy.records()
    assert all(one["take"] == 1 for one in records.values())
    assert not any(what.startswith("person.") for one in records.values() for what in one["trail"])
    if batch > 1:
        return
    for number, point in plan.items():
        trail = records[number]["trail"]
        assert ("record.unsure" in trail) == (point != "unsent"), (number, point, trail)
        assert ("record.unsent" in trail) == (point == "unsent"), (number, point, trail)


@pytest.mark.parametrize("batch", [1, 7, 100])
def test_h1a_faults_at_five_points_leave_every_document_once(toy: World, batch: int) -> None:
    plan = faulted(toy, 50)
    toy.env["ML_BATCH"] = str(batch)
    toy.set_up()
    toy.work()
    check_faults(toy, plan, batch)


@pytest.mark.slow
@pytest.mark.parametrize("batch", [1, 7, 100])
def test_h1a_a_thousand_documents_with_faults_at_five_points_stand_once(toy: World, batch: int) -> None:
    plan = faulted(toy, 1000)
    toy.env["ML_BATCH"] = str(batch)
    toy.set_up()
    toy.work(600)
    check_faults(toy, plan, batch)


@pytest.mark.parametrize("kind", ["plain", "keyed", "stepped"])
def test_h1b_absence_is_not_believed_before_the_hold_is_over(worlds: Worlds, kind: str) -> None:
    toy = worlds(PROCESSING=2.0)
    toy.give(entry("D1", kind))
    toy.books.script({"key": "D1", "fault": "late", "seconds": 1.8})
    toy.set_up()
    toy.work()
    toy.once()
    assert creates(toy) == 1
    assert toy.books.state()["requests"]["find"] > 3, "it was looked for before it was there"


def test_h1e_retry_pressed_twice_on_an_unsure_record_looks_once_and_posts_nothing(worlds: Worlds) -> None:
    toy = worlds(PROCESSING=8.0, LOOK=60.0, RETRY_MOST=60.0)
    toy.give(entry("D1"))
    toy.books.script({"key": "D1", "fault": "lost_504"})
    toy.set_up()
    worker = toy.worker(until_quiet=False)
    wait_for("the doubt", lambda: toy.records().get("D1", {}).get("state") == "UNSURE")
    time.sleep(0.3)
    stamp, looks = toy.records()["D1"]["stamp"], toy.books.state()["requests"]["find"]
    presses = [toy.start("retry", key="D1", stamp=stamp) for _ in range(2)]
    assert [press.wait() for press in presses] == [0, 0]
    said = sorted(press.log.with_suffix(".json").read_text() for press in presses)
    assert "It is looked for at the target; nothing is sent." in said[0]
    assert said[1].startswith('"Stale')
    wait_for("the look", lambda: toy.books.state()["requests"]["find"] > looks)
    time.sleep(0.5)
    assert toy.books.state()["requests"]["find"] == looks + 1
    assert creates(toy) == 1
    assert toy.records()["D1"]["trail"].count("person.looked") == 1
    worker.kill()
    toy.work()
    toy.once()
    assert creates(toy) == 2


def test_one_poison_document_in_a_batch_of_a_hundred_stands_alone(worlds: Worlds) -> None:
    toy = worlds(LEASE=10.0)
    toy.give(*[entry(f"D{number:03d}") for number in range(100)])
    toy.books.script(poison=["D041"])
    toy.env["ML_BATCH"] = "100"
    toy.set_up()
    toy.work()
    toy.once(without=["D041"])
    toy.all_posted(without=["D041"])
    failed = toy.records()["D041"]
    assert (failed["state"], failed["code"]) == ("FAILED", "request.refused")
    # Halved seven times; a first batch or two may leave before all hundred are prepared.
    assert creates(toy) <= 1 + 2 * 7 + 2
    toy.books.script(poison=[])
    toy.act("retry", key="D041", stamp=failed["stamp"])
    toy.work()
    toy.once()


def test_a_document_refused_for_itself_leaves_its_batch_alone(toy: World) -> None:
    toy.give(*[entry(f"D{number}", "keyed") for number in range(10)])
    toy.books.script(refuse={"D4": "data"})
    toy.set_up()
    toy.work()
    toy.once(without=["D4"])
    toy.all_posted(without=["D4"])
    assert toy.records()["D4"]["state"] == "FAILED"


def test_a_refusal_of_what_is_sent_again_is_never_definite(toy: World) -> None:
    answers = ("odd", "data", "period", "duplicate", "control.used")
    wanted = [(f"{kind}-{answer}", kind, answer) for kind in ("plain", "keyed", "stepped") for answer in answers]
    toy.give(*[entry(number, kind) for number, kind, _ in wanted])
    toy.books.script(
        *[{"key": number, "fault": "lost_504"} for number, _, _ in wanted],
        *[{"key": number, "fault": answer} for number, _, answer in wanted],
    )
    toy.env["ML_BATCH"] = "1"
    toy.set_up()
    toy.work()
    toy.once()
    toy.all_posted()
    for record in toy.records().values():
        assert record["attempts"] == ["unclear", "refused", "done"]
        assert record["take"] == 1, "the key that was sent is never left for another"


def test_what_is_never_found_and_always_refused_again_waits_for_a_person(toy: World) -> None:
    toy.give(entry("D1"))
    toy.books.script({"key": "D1", "fault": "lost_504"}, *[{"key": "D1", "fault": "odd"} for _ in range(10)])
    toy.set_up()
    toy.work()
    record = toy.records()["D1"]
    assert (record["state"], record["waits_for"], record["code"]) == ("WAITING", "decision", "unsure.absent")
    assert toy.books.documents() == []
    assert toy.act("retry", key="D1", stamp=record["stamp"]).startswith("NotNow")


@pytest.mark.parametrize("controls", ["refuse", "replay", "off"])
def test_a_write_that_becomes_visible_only_after_a_while_is_not_sent_again(worlds: Worlds, controls: str) -> None:
    toy = worlds(PROCESSING=1.5)
    toy.give(*[entry(f"D{number}") for number in range(5)])
    toy.books.script({"key": "D2", "fault": "commit_then_reset"}, visible_after=1.0, controls=controls)
    toy.set_up()
    toy.work()
    toy.once()
    toy.all_posted()
    assert creates(toy) == 1


@pytest.mark.parametrize(("controls", "most"), [("refuse", 1), ("replay", 1), ("off", 2)])
def test_visible_only_after_the_hold_is_at_most_one_double_where_nothing_helps_and_it_is_found(
    toy: World, controls: str, most: int
) -> None:
    toy.give(entry("D1"))
    toy.books.script({"key": "D1", "fault": "commit_then_reset"}, visible_after=1.5 * world.hold(), controls=controls)
    toy.set_up()
    worker = toy.worker(until_quiet=False)
    wait_for("an end", lambda: toy.records().get("D1", {}).get("state") == "POSTED")
    there: list[Json] = toy.books.documents()
    assert 1 <= len(there) <= most
    if len(there) == 2:
        wait_for("the double to be found", lambda: toy.act("problems") == ["double"])
    worker.kill()
