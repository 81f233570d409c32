"""Lanes: one owner at a time drains a side of a company. Epoch and lease live in the row, on the database's clock.

The lease only says when another may take over; what fences a send is the epoch, checked when it is announced.
"""

import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.conf import settings
from django.db import connection as database
from django.db.models import F, Q

from connectors.http import boottime
from portal.engine import clock
from portal.models import Lane

log = logging.getLogger(__name__)


class LaneLost(Exception):
    """Another worker owns the lane now. Nothing may be sent any more."""


@dataclass
class Hold:
    """The ownership of a lane by this worker, for one epoch."""

    lane_id: int
    epoch: int
    rung: int
    stop_beating_at: float = 0.0
    busy: set[int] = field(default_factory=set)
    """Records that a thread of this owner is working on; guarded by `choosing`."""
    choosing: threading.Lock = field(default_factory=threading.Lock)
    done: threading.Event = field(default_factory=threading.Event)

    def for_long(self, seconds: float) -> None:
        """Says how long the work that begins now may take at most; the heartbeat goes on until then and no longer, so
        that a worker that hangs loses its lane."""
        self.stop_beating_at = max(self.stop_beating_at, boottime() + seconds + settings.WAITS.lease)

    def beat(self) -> bool:
        until = clock.in_seconds(settings.WAITS.lease, clock.now())
        return bool(Lane.objects.filter(pk=self.lane_id, epoch=self.epoch).update(lease_until=until))


def of(company: str, side: str) -> Lane:
    return Lane.objects.get_or_create(company=company, side=side)[0]


def ring(lane_id: int) -> None:
    """Says in the row that there is work, so that an owner that is about to release looks once more."""
    Lane.objects.filter(pk=lane_id).update(rung=F("rung") + 1)


@contextmanager
def held(lane_id: int) -> Iterator[Hold | None]:
    """Owns the lane for the block; None if somebody else does."""
    hold = _take(lane_id)
    if hold is None:
        yield None
        return
    beater = threading.Thread(target=_beat, args=(hold,), daemon=True)
    hold.for_long(settings.WAITS.lease)
    beater.start()
    try:
        yield hold
    finally:
        hold.done.set()
        beater.join()
        Lane.objects.filter(pk=lane_id, epoch=hold.epoch).update(owner="", lease_until=None)


def still_quiet(hold: Hold) -> bool:
    """Whether nobody rang since the lane was taken, or since the last time this was asked. A ring between the owner's
    last look and its release would otherwise be lost."""
    rung = Lane.objects.values_list("rung", flat=True).get(pk=hold.lane_id)
    quiet = rung == hold.rung
    hold.rung = rung
    return quiet


def _take(lane_id: int) -> Hold | None:
    now = clock.now()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    owner = f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"[:120]
    taken = Lane.objects.filter(free, pk=lane_id).update(
        epoch=F("epoch") + 1, owner=owner, lease_until=clock.in_seconds(settings.WAITS.lease, now)
    )
    if not taken:
        return None
    lane = Lane.objects.get(pk=lane_id)
    return Hold(lane_id, lane.epoch, lane.rung) if lane.owner == owner else None


def _beat(hold: Hold) -> None:
    try:
        while not hold.done.wait(settings.WAITS.heartbeat):
            if boottime() > hold.stop_beating_at or not hold.beat():
                return
    except Exception:
        log.exception("the heartbeat of lane %s ended; its lease will run out", hold.lane_id)
    finally:
        database.close()
