"""The doorbell: says that a lane has work. Losing a ring makes work late, never lost.

The ring in the row is what an owner looks at before it releases its lane. The ring through the broker only wakes a
worker; it is sent by a thread of its own, so that a broker that is slow or gone is in nobody's way, and many rings of
one moment become one.
"""

import logging
import os
import threading

from celery import current_app
from django.conf import settings
from kombu.exceptions import OperationalError

from portal.engine import lanes

log = logging.getLogger(__name__)


def ring(lane_id: int) -> None:
    lanes.ring(lane_id)
    wake(lane_id)


def wake(lane_id: int) -> None:
    """The part through the broker alone; for callers whose transaction has already written the ring."""
    if settings.REDIS_URL:
        _ringer().add(lane_id)


class _Ringer:
    """Sends the rings of this process. A daemon: what it holds when the process ends, the sweep makes good."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self._due: set[int] = set()
        self._some = threading.Condition()
        threading.Thread(target=self._run, daemon=True, name="doorbell").start()

    def add(self, lane_id: int) -> None:
        with self._some:
            self._due.add(lane_id)
            self._some.notify()

    def _run(self) -> None:
        while True:
            with self._some:
                self._some.wait_for(lambda: self._due)
                due, self._due = self._due, set()
            for lane_id in due:
                self._send(lane_id)

    def _send(self, lane_id: int) -> None:
        try:
            current_app.send_task("portal.drain_lane", args=[lane_id])
        except (OperationalError, OSError) as error:
            log.warning("the broker does not answer (%s); the sweep will do it", type(error).__name__)
        except Exception:  # the thread must live: it is the only one
            log.exception("a ring was lost; the sweep will do it")


_lock = threading.Lock()
_one: list[_Ringer] = []


def _ringer() -> _Ringer:
    """One per process; a server that forks its workers leaves no thread in them."""
    with _lock:
        if not _one or _one[0].process != os.getpid():
            _one[:] = [_Ringer()]
        return _one[0]
