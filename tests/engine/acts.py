"""What the processes of the engine's tests do, each in a process of its own. Loaded where Django is."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection

from connectors.errors import Unavailable

Json = dict[str, Any]


def migrate() -> None:
    call_command("migrate", verbosity=0)
    connection.close()


def provision(plan: Json) -> None:
    from portal.engine.provisioning import provision as set_up

    made = set_up(plan)
    assert not any(made.failed.values()), made.failed
    connection.close()


def work(until_quiet: bool = True, seconds: float = 0, ahead: float = 0) -> None:
    """`manage.py work`; `ahead`: with a wall clock that is so many seconds ahead."""
    if ahead:
        import time_machine

        with time_machine.travel(time.time() + ahead, tick=True):
            call_command("work", until_quiet=until_quiet, seconds=seconds)
        return
    call_command("work", until_quiet=until_quiet, seconds=seconds)


def records() -> list[Json]:
    from audit.models import Record

    names = ("pk", "flow", "key", "version", "state", "waits_for", "code", "said", "rounds", "take", "stamp", "verdict")
    return [
        {name: getattr(one, name) for name in names}
        | {
            "trail": list(one.trail.order_by("pk").values_list("what", flat=True)),
            "attempts": list(one.attempts.order_by("pk").values_list("outcome", flat=True)),
            "posting": one.posting.target_id if hasattr(one, "posting") else "",
        }
        for one in Record.objects.order_by("pk")
    ]


def problems() -> list[str]:
    from audit.models import Problem

    return list(Problem.objects.filter(closed_at=None).values_list("code", flat=True))


def sweep() -> None:
    from portal.engine import sweep as engine

    engine.sweep()


def map_account(source: str, target: str) -> None:
    from mappings.models import Mapping
    from portal.models import Link

    Mapping.objects.create(link=Link.objects.get(), table="account", source=source, target=target)


def map_many(sources: list[str]) -> None:
    """Saves one mapping after the other, a moment apart."""
    for source in sources:
        map_account(source, "4010")
        time.sleep(0.03)


def poll() -> None:
    """The source's feed is due."""
    from portal.engine import clock
    from portal.models import Cursor

    Cursor.objects.update(due_at=clock.now())


def ask_backfill(since: str, until: str) -> None:
    """Asks for the estimate of all flows."""
    from datetime import datetime

    from portal.engine import backfill
    from portal.models import Link

    link = Link.objects.get()
    window = datetime.fromisoformat(since), datetime.fromisoformat(until)
    backfill.ask(link, backfill.can(link), *window, "somebody")


def start_backfill() -> Json:
    """Starts what was estimated; returns the estimate."""
    from portal.engine import backfill
    from portal.models import Backfill

    row = Backfill.objects.get()
    backfill.start(row, "somebody")
    return row.estimate


def backfills() -> list[Json]:
    from portal.models import Backfill

    names = ("state", "cursor", "pages", "found", "taken", "estimate")
    return list(Backfill.objects.order_by("pk").values(*names))


def retry(key: str, stamp: int) -> str:
    """Presses retry on what a page showed; says what came of it."""
    from audit.models import Record
    from audit.states import Stale
    from portal.engine import decide

    try:
        return decide.retry(Record.objects.get(key=key), stamp, "somebody")
    except (Stale, decide.NotNow) as error:
        return f"{type(error).__name__}: {error}"


def crowd(times: int) -> None:
    """Many threads that ask the books for choices, as fast as they can."""
    from portal.engine import access
    from portal.models import Connection

    def ask(_: int) -> None:
        try:
            with suppress(Unavailable):  # no slot in time, in such a crowd
                list(access.client(Connection.objects.get(system="toybooks")).choices("account"))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(times)))


def prepare_all() -> None:
    """Takes everything in and prepares it, and sends nothing: the records are ready, but not due."""
    from audit.models import Record
    from portal.engine import clock, drain
    from portal.models import Lane

    drain.drain(_lane("read"))
    far = clock.in_seconds(86_400, clock.now())
    assert Record.objects.filter(state="READY").update(due_at=far) == Record.objects.count()
    Lane.objects.filter(side="write").update(batch=3)


def ring_and_drain(part: int, parts: int) -> None:
    """What a task of the broker does, for one record after the other."""
    from audit.models import Record
    from portal.engine import clock, drain, lanes

    lane_id = _lane("write")
    for pk in list(Record.objects.order_by("pk").values_list("pk", flat=True))[part::parts]:
        Record.objects.filter(pk=pk).update(due_at=clock.now())
        lanes.ring(lane_id)
        drain.drain(lane_id)


def _lane(side: str) -> int:
    from portal.engine import lanes
    from portal.models import Connection

    system = "toysource" if side == "read" else "toybooks"
    return lanes.of(Connection.objects.get(system=system).account_key, side).pk


def lane(side: str = "write") -> Json:
    from portal.models import Lane

    one = Lane.objects.get(side=side, company__startswith="toybooks" if side == "write" else "toysource")
    return {"epoch": one.epoch, "owner": one.owner, "rung": one.rung, "pauses": one.pauses, "batch": one.batch}


def write(path: str, value: Any) -> None:
    Path(path).write_text(json.dumps(value))
