"""Worker processes on the database of the test, killed and started again until all is quiet."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection

from audit.models import Record, State
from portal.engine import clock
from portal.models import FlowSetting, Lane
from tests.engine.processes import Nursery, Worker
from tests.story import Story

Json = dict[str, Any]
WAITS = {"LEASE": 1.5, "HEARTBEAT": 0.3, "WRITE_DEADLINE": 4, "POLL": 3600, "CHOICES": 3600, "SEAL": 3600}


def database_url() -> str:
    """Of the database that this test runs on."""
    of = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{of['NAME']}"
    return f"postgresql:///{of['HOST']}/{of['NAME']}?user=postgres"


def environment(world: Story, **more: str) -> dict[str, str]:
    """What a process of the product needs to be a part of this world."""
    waits = {f"ML_{name}_SECONDS": str(seconds) for name, seconds in WAITS.items()}
    return {"DATABASE_URL": database_url(), "ML_REACHABLE": world.reachable, **waits, **more}


@dataclass
class Crew:
    nursery: Nursery
    folder: Path
    started: int = 0
    strikes: list[Json] = field(default_factory=list)

    def work(self, world: Story, plan: dict[str, str], *, batch: int, flows: dict[str, int]) -> None:
        """`plan`: control → how the first request that carries it ends (see harm.py). `flows`: how many records of
        each flow are ready before the first of them is sent, so that batches are full."""
        (self.folder / "plan.json").write_text(json.dumps({"plan": plan, "books": world.intacct.url}))
        env = environment(world, ML_BATCH=str(batch), ML_HARM=str(self.folder), LOG_LEVEL="ERROR")
        FlowSetting.objects.filter(flow__in=flows).update(paused=True)
        for flow, count in flows.items():
            FlowSetting.objects.filter(flow=flow).update(paused=False)
            self._hold_back(3600)
            preparing = self._start(env, until_quiet=False)
            self._wait(Record.objects.filter(flow=f"stripe_intacct.{flow}", state=State.READY), count)
            preparing.kill()
            preparing.wait()
            self._hold_back(0)
            self._until_quiet(env, len(plan) + 1)
        struck = self.folder / "strikes.jsonl"
        self.strikes = [json.loads(line) for line in struck.read_text().splitlines()] if struck.exists() else []

    def _until_quiet(self, env: dict[str, str], most: int) -> None:
        for _ in range(most):
            if self._start(env, until_quiet=True).wait(900) == 0:
                return
        raise AssertionError(f"workers die again and again:\n{self._log.read_text()[-4000:]}")

    def _start(self, env: dict[str, str], *, until_quiet: bool) -> Worker:
        self.started += 1
        connection.close()
        return self.nursery.start("tests.stories.crew:work", {"until_quiet": until_quiet}, env=env, log=self._log)

    @property
    def _log(self) -> Path:
        return self.folder / "work.log"

    def _hold_back(self, seconds: float) -> None:
        until = clock.in_seconds(seconds, clock.now()) if seconds else None
        Lane.objects.filter(side=Lane.Side.WRITE).update(paused_until=until, lease_until=None)

    def _wait(self, rows: Any, count: int) -> None:
        end = time.monotonic() + 600
        while rows.count() < count:
            assert time.monotonic() < end, self._log.read_text()[-4000:]
            time.sleep(0.1)


def work(until_quiet: bool) -> None:
    """Runs in a process of its own."""
    call_command("work", until_quiet=until_quiet, seconds=900)
    connection.close()
