"""Draining a lane: its owner takes one piece of work after the other until none is due."""

import logging
import threading
import time
from datetime import datetime

from django.db import connection as database
from django.db.models import Q

from audit.models import Delivery
from audit.states import Stale
from connectors import registry
from portal.engine import access, backfill, bell, clock, files, intake, lanes, post, prepare, queues
from portal.engine.lanes import Hold, LaneLost
from portal.models import Connection, Cursor, Lane

log = logging.getLogger(__name__)
PREPARED_IN_A_ROW = 10


def drain(lane_id: int, *, seconds: float = 60.0, alone: bool = False) -> bool:
    """Works on a lane for about so long. True: something was done. Returns at once where another owns the lane.

    A target that takes several requests at once gets them, from threads of this owner; with `alone` from this one only.
    Whoever releases a lane looks whether somebody rang meanwhile: no ring is lost between last look and release.
    """
    did = False
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        with lanes.held(lane_id) as hold:
            if hold is None:
                return did
            did = _work(hold, give_up, alone=alone) or did
            quiet = lanes.still_quiet(hold)
        if quiet and lanes_rung(lane_id) == hold.rung:
            break
    if did:
        _pass_on(lane_id)
    return did


def _pass_on(lane_id: int) -> None:
    """What was done here is often work for another lane: prepared for the target, or released for the source."""
    for other in lanes_with_work():
        if other != lane_id:
            bell.ring(other)


def lanes_rung(lane_id: int) -> int:
    return Lane.objects.values_list("rung", flat=True).get(pk=lane_id)


def _work(hold: Hold, give_up: float, *, alone: bool) -> bool:
    lane = Lane.objects.get(pk=hold.lane_id)
    if lane.side == Lane.Side.READ:
        return _loop(hold, give_up)
    post.recover(hold)
    helpers = [] if alone else [threading.Thread(target=_help, args=(hold, give_up)) for _ in range(_more(lane))]
    for helper in helpers:
        helper.start()
    try:
        return _loop(hold, give_up)
    finally:
        for helper in helpers:
            helper.join()


def _more(lane: Lane) -> int:
    """How many further threads are worth their start: one for each slot, while there is more than one batch to send."""
    waiting = queues.to_send(clock.now()).filter(target_lane=lane).count()
    limits = access.limits(registry.system(lane.company.partition(":")[0]))
    return min(limits.in_flight - 1, waiting // max(1, lane.batch or limits.batch_start))


def _help(hold: Hold, give_up: float) -> None:
    try:
        _loop(hold, give_up)
    except Exception:
        log.exception("a helper of lane %s ended; its owner goes on", hold.lane_id)
    finally:
        database.close()


def _loop(hold: Hold, give_up: float) -> bool:
    did = False
    lane = Lane.objects.get(pk=hold.lane_id)
    try:
        while time.monotonic() < give_up and _step(hold, lane):
            did = True
            lane.refresh_from_db()  # another thread may have been told to pause, or have changed the size of batches
    except LaneLost:
        log.info("lane %s is owned by another now", lane)
    except Stale:
        did = True  # a record changed under the batch; the next round sees it as it is
    return did


def _step(hold: Hold, lane: Lane) -> bool:
    if lane.paused_until and lane.paused_until > clock.now():
        return False
    if lane.side == Lane.Side.READ:
        filed = files.work(lane, intake.connections(lane))
        live = any([intake.take_delivery(lane), intake.poll_feed(lane), filed, _prepare_some(lane)])
        return live or backfill.step(lane)
    return (
        post.look_again(hold, lane)
        or post.finish_next(hold, lane)
        or post.post_next(hold, lane)
        or post.verify_next(hold, lane)
    )


def _prepare_some(lane: Lane) -> bool:
    """A few in a row: what arrives meanwhile is seldom so urgent as to be asked for after each of them."""
    count = 0
    while count < PREPARED_IN_A_ROW and prepare.prepare_next(lane):
        count += 1
    return count > 0


def lanes_with_work() -> list[int]:
    """The lanes for which something is due now, and those whose owner went away in the middle of a send."""
    now = clock.now()
    rested = Lane.objects.filter(Q(paused_until=None) | Q(paused_until__lte=now))
    reading = Q(side=Lane.Side.READ, company__in=_companies_to_read(now))
    found = rested.filter(queues.lanes_with_records(now) | reading)
    return list(found.order_by("side", "pk").values_list("pk", flat=True))


def _companies_to_read(now: datetime) -> set[str]:
    deliveries = Delivery.objects.filter(status=Delivery.Status.NEW, due_at__lte=now).values("connection")
    cursors = Cursor.objects.filter(due_at__lte=now).values("connection")
    surveys = backfill.due(now).values("link__source")
    due = Q(pk__in=deliveries) | Q(pk__in=cursors) | Q(pk__in=surveys) | files.connections_with_work(now)
    rows = Connection.objects.filter(due).exclude(account="")
    return {one.account_key for one in rows.filter(health=Connection.Health.OK)}
