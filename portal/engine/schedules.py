"""When what a flow has made is sent: as it comes, every so many minutes, daily, or both; and when a person says so.

A run releases what is there: records that come later wait for the next. The slots are those of the workspace's own
clock; several that passed while nobody looked are one run.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q, QuerySet

from audit import trail
from audit.models import Record
from audit.states import Stale
from portal.engine import bell, clock, lanes, queues
from portal.engine.decide import NotNow
from portal.models import Cursor, FlowSetting, Lane, Link, Workspace

DAY = 24 * 60


def next_run(every_minutes: int | None, daily_at: time | None, zone: str, after: datetime) -> datetime | None:
    """The first slot after an instant; None: as it comes. Minutes are counted from midnight in the zone."""
    here = ZoneInfo(zone)
    today = after.astimezone(here).date()
    slots = []
    if every_minutes:
        midnight = _instant(today, time(), here)
        passed = (after - midnight) // timedelta(minutes=every_minutes)
        slot = midnight + (passed + 1) * timedelta(minutes=every_minutes)
        slots.append(min(slot, _instant(today + timedelta(days=1), time(), here)))
    if daily_at is not None:
        days = (_instant(today + timedelta(days=n), daily_at, here) for n in range(3))
        slots.append(next(slot for slot in days if slot > after))
    return min(slots, default=None)


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Of a time that the clock shows twice, the first; of one that it leaves out, as much later as it jumps."""
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def set_schedule(link: Link, flow: str, every_minutes: int | None, daily_at: time | None, actor: str) -> str:
    """Says when the flow sends. What it has made and not sent waits for the next slot. Returns it in words."""
    if every_minutes is not None and not 1 <= every_minutes <= DAY:
        raise NotNow(f"The minutes between two runs are a number from 1 to {DAY}.")
    setting = FlowSetting.objects.get(link=link, flow=flow)
    said = words(every_minutes, daily_at)
    if (setting.every_minutes, setting.daily_at) == (every_minutes, daily_at):
        return said
    now = clock.now()
    due = next_run(every_minutes, daily_at, link.workspace.time_zone, now)
    was = words(setting.every_minutes, setting.daily_at)
    with transaction.atomic():
        FlowSetting.objects.filter(pk=setting.pk).update(
            every_minutes=every_minutes, daily_at=daily_at, next_run_at=due
        )
        line = trail.entry(
            link.workspace_id,
            "flow.schedule",
            at=now,
            said=f"{link}: {flow} sends {said}",
            actor=actor,
            data={"was": was},
        )
        trail.write([line])
    return said


def words(every_minutes: int | None, daily_at: time | None) -> str:
    parts = []
    if every_minutes:
        parts.append("every minute" if every_minutes == 1 else f"every {every_minutes} minutes")
    if daily_at is not None:
        parts.append(f"daily at {daily_at:%H:%M}")
    return " and ".join(parts) or "as it comes"


def begin_again(setting: FlowSetting, zone: str) -> None:
    """The next slot is that after now."""
    due = next_run(setting.every_minutes, setting.daily_at, zone, clock.now())
    FlowSetting.objects.filter(pk=setting.pk).update(next_run_at=due)


def move_zone(workspace: Workspace) -> None:
    """Its slots are those of its zone as it is now. A slot that has passed is still run."""
    for setting in FlowSetting.objects.filter(link__workspace=workspace, next_run_at__gt=clock.now()):
        begin_again(setting, workspace.time_zone)


# --- runs -------------------------------------------------------------------------------------------------------------


def run_due(now: datetime) -> int:
    """Does the runs whose time has come, each once whoever looks: the slot is claimed by a conditional update. What is
    paused keeps its slot until it goes on. Returns how many were done here."""
    rows = FlowSetting.objects.filter(next_run_at__lte=now, mode=FlowSetting.Mode.LIVE, paused=False)
    due = list(rows.filter(link__paused=False, link__removed=False).select_related("link__workspace"))
    return sum(_run(setting, now) for setting in due)


def _run(setting: FlowSetting, now: datetime) -> bool:
    """Whether this caller was the one who did it."""
    link = setting.link
    due = next_run(setting.every_minutes, setting.daily_at, link.workspace.time_zone, now)
    with transaction.atomic():
        count = waiting(Record.objects.filter(setting=setting)).count()
        mine = FlowSetting.objects.filter(pk=setting.pk, next_run_at=setting.next_run_at)
        if not mine.update(next_run_at=due, released_until=now):
            return False
        if count:
            said = f"{link}: {setting.flow} runs, {count} to be sent"
            trail.write([trail.entry(link.workspace_id, "flow.run", at=now, said=said)])
    return True


def waiting(rows: QuerySet[Record]) -> QuerySet[Record]:
    """Those that are ready to be sent and wait for the next run of their flow."""
    return rows.filter(queues.HELD_FOR_RUN)


def run_now(link: Link, flow: str, seen: datetime, actor: str) -> str:
    """Releases what is there, of one flow or of all, and reads the source. `seen`: when the page was made on which it
    was asked for; raises Stale where a run came since, so that pressing twice is one run."""
    now = clock.now()
    rows = FlowSetting.objects.filter(link=link).exclude(mode=FlowSetting.Mode.OFF)
    rows = rows.filter(flow=flow) if flow else rows.filter(paused=False)
    settings = list(rows)
    if link.paused or any(one.paused for one in settings):
        raise NotNow("It is paused: let it go on first.")
    if not settings:
        raise NotNow("There is no flow that is switched on.")
    older = Q(released_until=None) | Q(released_until__lt=min(seen, now))
    with transaction.atomic():
        count = waiting(Record.objects.filter(setting__in=settings)).count()
        if not FlowSetting.objects.filter(older, pk__in=[one.pk for one in settings]).update(released_until=now):
            raise Stale(str(link))
        Cursor.objects.filter(connection=link.source, due_at__gt=now).update(due_at=now, tries=0)
        said = f"{link}: {flow or 'all flows'} run now, {count} waited for their schedule"
        trail.write([trail.entry(link.workspace_id, "flow.run_now", at=now, said=said, actor=actor)])
    for company, side in ((link.source.account_key, Lane.Side.READ), (link.target.account_key, Lane.Side.WRITE)):
        bell.ring(lanes.of(company, side).pk)
    return f"The source is read now; {count} that waited for their schedule may be sent."
