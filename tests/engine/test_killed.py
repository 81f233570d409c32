"""Killed, or cut off from its database, before and after every single message between announcement and outcome."""

import signal

import pytest

from tests.engine import world
from tests.engine.conftest import Worlds
from tests.engine.databases import Databases, PostgresDatabases, SqliteFiles
from tests.engine.processes import Worker
from tests.engine.proxy import Proxy
from tests.engine.world import World, entry

pytestmark = pytest.mark.processes
MOST = 60
"""More messages than there are between an announcement and its outcome."""


def new_world(worlds: Worlds) -> World:
    """Nobody has to decide anything in it, however often something is sent again."""
    toy = worlds(HEARTBEAT=30, LEASE=0.8, PROCESSING=0.1)
    toy.env |= {"ML_BATCH": "1", "ML_ABSENCE_ROUNDS": "100"}
    toy.set_up()
    return toy


def next_document(toy: World, kind: str, at: int) -> None:
    """One more for the worker that comes next; those of the workers before may still be unsure."""
    toy.give(entry(f"D{at:02d}", kind))
    toy.act("poll")


def end_of_story(toy: World, struck: int) -> None:
    assert struck > 10, "there are more messages than that"
    toy.work()
    toy.once()
    toy.all_posted()
    assert struck < MOST - 1


@pytest.mark.parametrize("kind", ["plain", pytest.param("stepped", marks=pytest.mark.slow)])
@pytest.mark.parametrize("side", ["after", pytest.param("before", marks=pytest.mark.slow)])
def test_a_worker_killed_at_every_statement_on_sqlite(
    sqlite_databases: SqliteFiles, worlds: Worlds, databases: Databases, side: str, kind: str
) -> None:
    if databases is not sqlite_databases:
        pytest.skip("SQLite only; PostgreSQL has its own below")
    toy = new_world(worlds)
    toy.env["TOY_ENGINE"] = "tests.engine.counting"
    for at in range(1, MOST):
        next_document(toy, kind, at)
        ended = toy.worker(env={"TOY_KILL": f"{side}:{at}"}).wait()
        if ended == 0:
            break
        assert ended == -signal.SIGKILL
    end_of_story(toy, at - 1)


def through(proxy: Proxy, toy: World) -> Worker:
    """A worker that reaches its database through the proxy only."""
    name = toy.url.rpartition("/")[2].partition("?")[0]
    url = f"postgresql://postgres@127.0.0.1:{proxy.port}/{name}?sslmode=disable&gssencmode=disable"
    return toy.worker(env={"DATABASE_URL": url, "TOY_ARM": str(proxy.arm_at)})


@pytest.mark.parametrize("kind", ["plain", pytest.param("stepped", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "mode",
    [
        "cut_after",
        pytest.param("kill_before", marks=pytest.mark.slow),
        pytest.param("kill_after", marks=pytest.mark.slow),
        pytest.param("cut_before", marks=pytest.mark.slow),
    ],
)
def test_a_worker_killed_or_cut_off_at_every_message_to_postgres(
    postgres_databases: PostgresDatabases, worlds: Worlds, databases: Databases, mode: str, kind: str
) -> None:
    if databases is not postgres_databases:
        pytest.skip("PostgreSQL only; SQLite has its own above")
    toy = new_world(worlds)
    for at in range(1, MOST):
        next_document(toy, kind, at)
        with Proxy(postgres_databases.socket, mode, at) as proxy:
            ended = through(proxy, toy).wait()
            if not proxy.struck:
                assert ended == 0
                break
            assert ended in ((-signal.SIGKILL,) if mode.startswith("kill") else (0, 1))
    end_of_story(toy, at - 1)


def test_the_hold_of_these_tests_is_longer_than_a_send_may_take() -> None:
    assert world.hold() > world.WAITS["WRITE_DEADLINE"]
