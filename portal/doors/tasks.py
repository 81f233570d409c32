"""The Celery tasks: each is one call. The database is the queue; these are only doorbells and a clock."""

from celery import shared_task
from django.conf import settings

from portal.engine import bell, drain, sweep
from portal.engine.sweep import claim

TURN = 30.0
"""Seconds after which a busy lane is put at the end of the line, so that the lanes of others come too."""


@shared_task(name="portal.drain_lane")
def drain_lane(lane_id: int) -> None:
    if drain.drain(lane_id, seconds=TURN) and lane_id in drain.lanes_with_work():
        bell.ring(lane_id)


@shared_task(name="portal.tick")
def tick() -> None:
    """Every few seconds: the sweep when it is due, and the lanes whose time has come."""
    if claim("sweep", settings.WAITS.sweep):
        lanes = sweep.sweep()
    else:
        lanes = drain.lanes_with_work()
    for lane_id in lanes:
        bell.ring(lane_id)
    sweep.house_keeping()
