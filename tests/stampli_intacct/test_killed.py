"""Workers that are killed at any moment: while a file is fetched, read, posted, put away. Each bill stands once."""

import random
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from audit.files import FileRow, RemoteFile
from audit.models import Record, State
from connectors.files import FEED
from portal.engine import status
from portal.models import Cursor
from tests.engine.processes import Nursery, nursery
from tests.stampli_intacct.story import FileStory, file_story
from tests.stampli_intacct.test_first import vendors
from tests.stories.crew import WAITS, database_url

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]


@pytest.fixture(scope="session")
def cradle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    with nursery(tmp_path_factory.mktemp("cradle"), {"DATABASE_URL": "sqlite://:memory:"}) as one:
        yield one


def file_of(bills: int) -> tuple[str, dict[tuple[str, str], Decimal]]:
    """Five rows a bill, as most are; what the books must hold of it."""
    rows = ["Vendor ID,Invoice Number,Invoice Date,Currency,GL Account,Line Amount,Line Number"]
    wanted = {}
    for number in range(bills):
        name = f"K-{number:05d}"
        rows += [f"V-1,{name},2026-06-01,USD,60100,{number + line}.{line:02d},{line}" for line in range(1, 6)]
        wanted["V-1", name] = sum((Decimal(f"{number + line}.{line:02d}") for line in range(1, 6)), Decimal(0))
    return "\n".join(rows) + "\n", wanted


def environment(world: FileStory) -> dict[str, str]:
    reachable = ",".join((world.intacct.url.removeprefix("http://"), f"127.0.0.1:{world.stampli.sftp.port}"))
    waits = {f"ML_{name}_SECONDS": str(seconds) for name, seconds in WAITS.items()}
    hold = {"ML_PROCESSING_SECONDS": "1", "ML_MARGIN_SECONDS": "0.5", "ML_LOOK_SECONDS": "0.2"}
    retry = {"ML_RETRY_START_SECONDS": "0.5", "ML_RETRY_MOST_SECONDS": "2", "ML_SLOT_SECONDS": "30"}
    return {"DATABASE_URL": database_url(), "ML_REACHABLE": reachable, "LOG_LEVEL": "ERROR", **waits, **hold, **retry}


def killed_until_done(world: FileStory, cradle: Nursery, log: Path, *, seed: int, most: int = 200) -> int:
    """Starts workers and kills each after a random moment, until nothing moves. Returns how many were killed."""
    dice, env, kills = random.Random(seed), environment(world), 0
    Cursor.objects.filter(feed=FEED).update(due_at=timezone.now())
    for _ in range(most):
        connection.close()
        worker = cradle.start("tests.stories.crew:work", {"until_quiet": True}, env=env, log=log)
        time.sleep(0.2 + dice.expovariate(1 / 1.2))
        if not worker.alive:
            assert worker.wait() == 0, log.read_text()[-3000:]
            if status.at_work(None) == 0:
                return kills
            continue
        worker.kill()
        worker.wait()
        kills += 1
    worker = cradle.start("tests.stories.crew:work", {"until_quiet": True}, env=env, log=log)
    assert worker.wait(600) == 0, log.read_text()[-3000:]
    return kills


def run(cradle: Nursery, folder: Path, *, bills: int, seed: int) -> None:
    content, wanted = file_of(bills)
    with file_story(furnish=vendors) as world:
        world.drop("killed.csv", content)
        kills = killed_until_done(world, cradle, folder / "work.log", seed=seed)
        assert world.bills() == wanted
        assert FileRow.objects.count() == bills * 5
        assert Record.objects.exclude(state=State.POSTED).count() == 0
        assert Record.objects.count() == bills
        assert RemoteFile.objects.exclude(state=RemoteFile.State.GONE).count() == 1
        assert RemoteFile.objects.get(name="killed.csv", state=RemoteFile.State.PUT_AWAY)
        assert len(world.outbox.names("archive")) == 1 and not world.outbox.names()
        assert kills > 2, "nothing was killed: the test proves nothing"


def test_a_worker_killed_again_and_again_posts_each_bill_of_a_file_once(cradle: Nursery, tmp_path: Path) -> None:
    run(cradle, tmp_path, bills=60, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
def test_ten_thousand_rows_stand_once_although_workers_are_killed(cradle: Nursery, tmp_path: Path, seed: int) -> None:
    run(cradle, tmp_path, bills=2000, seed=seed)
