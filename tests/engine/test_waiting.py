"""What waits for a condition goes on by itself once the condition is met, whenever that happens."""

import signal

import pytest

from tests.engine.conftest import Worlds
from tests.engine.processes import Json, wait_for
from tests.engine.world import World, entry

pytestmark = pytest.mark.processes


def states(toy: World) -> set[tuple[str, str]]:
    return {(one["state"], one["waits_for"]) for one in toy.records().values()}


def creates(toy: World) -> int:
    return int(toy.books.state()["requests"].get("create", 0))


def all_in_the_books(toy: World) -> bool:
    return len(toy.books.documents()) == len(toy.facts) and all(
        one["state"] == "posted" for one in toy.books.documents()
    )


def test_a_mapping_saved_while_its_record_is_being_prepared_is_not_lost(toy: World) -> None:
    slow: Json = {**entry("D1", account="fees"), "slow": True}
    toy.give(slow)
    toy.set_up()
    worker = toy.worker()
    wait_for("the record to be worked on", (toy.source / "loading.D1").exists)
    toy.act("map_account", source="fees", target="4010")
    (toy.source / "go.D1").touch()
    assert worker.wait() == 0
    toy.once()


def test_a_mapping_saved_after_its_record_was_translated_and_before_that_was_kept_is_not_lost(toy: World) -> None:
    """The narrowest place: translating has asked and found nothing, and then the row is saved."""
    toy.give(*[entry(f"D{n}", account=f"a{n}") for n in range(12)])
    toy.set_up()
    worker = toy.worker(until_quiet=False)
    mapper = toy.start("map_many", sources=[f"a{n}" for n in range(12)])
    assert mapper.wait() == 0
    wait_for("all to be posted", lambda: all_in_the_books(toy))
    worker.kill()
    toy.once()


def test_what_waits_for_a_mapping_goes_on_by_itself_when_it_is_saved(toy: World) -> None:
    toy.give(entry("D1", account="fees"), entry("D2"))
    toy.set_up()
    toy.work()
    assert states(toy) == {("WAITING", "mapping"), ("POSTED", "")}
    toy.once(without=["D1"])
    assert toy.act("problems") == ["unmapped.account"]
    toy.act("map_account", source="fees", target="4010")
    toy.work()
    toy.once()
    assert toy.act("problems") == []
    assert {row["number"]: row["account"] for row in toy.books.documents()} == {"D1": "4010", "D2": "4000"}


def test_what_comes_before_what_it_needs_waits_for_it_and_goes_on(toy: World) -> None:
    party = entry("P1", "party", name="Party one")
    del party["content"]["amount"]
    toy.give(entry("D1", "keyed", after="P1"))
    toy.set_up()
    toy.work()
    assert states(toy) == {("WAITING", "dependency")}
    toy.give(party)
    toy.act("poll")
    toy.work()
    toy.once()
    toy.all_posted()


@pytest.mark.parametrize("kind", ["plain", "keyed", "stepped"])
def test_a_period_closed_between_preflight_and_post_is_waited_for_and_then_posted_within_one_cycle(
    worlds: Worlds, kind: str
) -> None:
    toy = worlds(CONDITION=3.0)
    toy.give(*[entry(f"D{number:02d}", kind) for number in range(15)])
    toy.books.script(closed_to="2026-03-31")
    toy.env["ML_BATCH"] = "1"
    toy.set_up()
    worker = toy.worker(until_quiet=False)
    wait_for("all to wait", lambda: states(toy) == {("WAITING", "period")})
    assert toy.books.documents() == []
    assert "period.closed" in toy.act("problems")
    assert creates(toy) <= 4, "one probe a cycle"
    toy.books.script(closed_to="")
    wait_for("all to be posted", lambda: all_in_the_books(toy), 25)
    worker.kill()
    toy.once()


@pytest.mark.parametrize("dies", [False, True])
def test_a_document_created_and_not_released_waits_for_its_period_and_is_never_created_again(
    toy: World, dies: bool
) -> None:
    toy.give(*[entry(f"S{number}", "stepped") for number in range(3)])
    toy.books.script(release_closed_to="2026-03-31")
    toy.harm({"S1": "killed"} if dies else {})
    toy.set_up()
    if dies:
        assert toy.worker().wait() == -signal.SIGKILL
    worker = toy.worker(until_quiet=False)
    wait_for("all to wait", lambda: states(toy) == {("WAITING", "period")})
    assert sorted(row["state"] for row in toy.books.documents()) == ["balanced"] * 3
    toy.books.script(release_closed_to="")
    wait_for("the release", lambda: all_in_the_books(toy))
    wait_for("its being known", lambda: states(toy) == {("POSTED", "")})
    worker.kill()
    toy.once()
    assert creates(toy) == 1
