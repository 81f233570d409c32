import threading
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from portal.engine import drain, status, sweep

PAUSE = 0.02


def _quiet() -> bool:
    """Nothing moves, and a further sweep finds nothing to do."""
    return not drain.lanes_with_work() and status.at_work(None) == 0 and not sweep.sweep()


class Command(BaseCommand):
    help = "The engine in one process, without Redis: sweeps, and drains every lane that has work."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--until-quiet", action="store_true", help="end when nothing moves any more")
        parser.add_argument("--seconds", type=float, default=0, help="end after so long, with exit code 1 if not quiet")
        parser.add_argument("--threads", type=int, default=1, help="with 1, one request after the other")

    def handle(self, *args: Any, **options: Any) -> None:
        end = time.monotonic() + options["seconds"] if options["seconds"] else float("inf")
        self.alone = options["threads"] == 1
        lanes: set[int] = set()
        lock = threading.Lock()
        quiet = threading.Event()
        threads = [
            threading.Thread(target=self._drain, args=(lanes, lock, quiet), daemon=True)
            for _ in range(options["threads"] - 1)
        ]
        for thread in threads:
            thread.start()
        try:
            self._lead(lanes, lock, end, until_quiet=options["until_quiet"])
        except KeyboardInterrupt:
            pass
        finally:
            quiet.set()
            for thread in threads:
                thread.join(timeout=settings.WAITS.lease)

    def _lead(self, lanes: set[int], lock: threading.Lock, end: float, *, until_quiet: bool) -> None:
        next_sweep = 0.0
        while True:
            if time.monotonic() >= next_sweep:
                found = sweep.sweep()
                sweep.house_keeping()
                next_sweep = time.monotonic() + min(settings.WAITS.sweep, settings.WAITS.tick)
            else:
                found = drain.lanes_with_work()
            with lock:
                lanes.update(found)
            did = self._one(lanes, lock)
            if until_quiet and not did and not lanes and _quiet():
                return
            if time.monotonic() > end:
                raise CommandError("Time is up and not everything is quiet; `status` says what moves.")
            if not did:
                time.sleep(PAUSE)

    def _drain(self, lanes: set[int], lock: threading.Lock, quiet: threading.Event) -> None:
        try:
            while not quiet.is_set():
                if not self._one(lanes, lock):
                    time.sleep(PAUSE)
        finally:
            connection.close()

    def _one(self, lanes: set[int], lock: threading.Lock) -> bool:
        with lock:
            lane = lanes.pop() if lanes else None
        return lane is not None and drain.drain(lane, seconds=5, alone=self.alone)
