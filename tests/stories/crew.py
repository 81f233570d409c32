"""Worker processes on the database of the test, killed and started again until all is quiet."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection

from tests.engine.processes import Nursery
from tests.story import Story

Json = dict[str, Any]
WAITS = {"LEASE": 1, "HEARTBEAT": 0.2, "WRITE_DEADLINE": 3, "POLL": 3600, "CHOICES": 3600, "SEAL": 3600}
QUIET = 0


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

    def work(self, world: Story, plan: dict[str, str], *, batch: int, seconds: float = 600) -> None:
        """`plan`: control → how the first request that carries it ends (see harm.py)."""
        (self.folder / "plan.json").write_text(json.dumps({"plan": plan, "books": world.intacct.url}))
        env = environment(world, ML_BATCH=str(batch), ML_HARM=str(self.folder), LOG_LEVEL="ERROR")
        connection.close()
        log = self.folder / "work.log"
        for _ in range(len(plan) + 1):
            self.started += 1
            order = {"seconds": seconds}
            worker = self.nursery.start("tests.stories.crew:until_quiet", order, env=env, log=log)
            if worker.wait(seconds + 30) == QUIET:
                break
        else:
            raise AssertionError(f"workers die again and again:\n{log.read_text()[-4000:]}")
        struck = self.folder / "strikes.jsonl"
        self.strikes = [json.loads(line) for line in struck.read_text().splitlines()] if struck.exists() else []


def until_quiet(seconds: float) -> None:
    """Runs in a process of its own."""
    call_command("work", until_quiet=True, seconds=seconds)
    connection.close()
    assert os.getpid()
