"""Where everything stands: counts by state, what is quiet, what waits. For the command, scripts and the front page."""

from typing import Any

from django.db.models import Count, Q, QuerySet

from audit.models import Delivery, Record, State
from portal.engine import backfill, files, schedules
from portal.engine.queues import ASIDE, AT_WORK, RELEASED
from portal.models import Workspace


def records(workspace: Workspace | None) -> QuerySet[Record]:
    rows = Record.objects.all()
    return rows.filter(workspace=workspace) if workspace else rows


def at_work(workspace: Workspace | None) -> int:
    """How much still moves by itself. What belongs to paused and previewed flows, or waits for its schedule, is not
    counted; a record whose send is under way or unclear always is."""
    rows = records(workspace)
    moving = rows.filter(state__in=[State.SENDING, State.UNSURE]) | rows.filter(state__in=AT_WORK).exclude(ASIDE)
    moving = moving.filter(~Q(state=State.READY) | RELEASED)
    deliveries = Delivery.objects.filter(status=Delivery.Status.NEW)
    if workspace:
        deliveries = deliveries.filter(connection__workspace=workspace)
    return moving.distinct().count() + deliveries.count() + files.at_work(workspace) + backfill.at_work(workspace)


def summary(workspace: Workspace | None) -> dict[str, Any]:
    rows = records(workspace).order_by()
    counts = dict.fromkeys(State.values, 0) | dict(rows.values_list("state").annotate(Count("pk")))
    aside = dict(rows.filter(ASIDE, state__in=AT_WORK).values_list("state").annotate(Count("pk")))
    waiting = dict(rows.filter(state=State.WAITING).values_list("waits_for").annotate(Count("pk")))
    scheduled = schedules.waiting(rows.exclude(ASIDE)).count()
    return {
        "quiet": at_work(workspace) == 0,
        "states": counts,
        "set_aside": aside,
        "scheduled": scheduled,
        "waiting": waiting,
    }


def each(workspace: Workspace | None) -> list[dict[str, Any]]:
    names = ("key", "flow", "version", "state", "waits_for", "code", "said", "tries", "due_at", "verdict")
    rows = records(workspace).order_by("pk").values(*names, "posting__target_id")
    return [_told(row) for row in rows.iterator()]


def _told(row: dict[str, Any]) -> dict[str, Any]:
    posting = row.pop("posting__target_id")
    return {**row, "due_at": row["due_at"].isoformat(), "posting": posting}
