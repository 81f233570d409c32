"""How many requests each connection has made, against what its system declares or a person entered.

A row per connection and hour, written with each request. The day is that of the workspace, to the hour. Near the limit
a problem says so; at the limit nothing live stops, and a backfill does where the connection says so.
"""

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import F

from audit.models import Problem
from connectors import registry
from portal.engine import clock
from portal.models import Connection, Usage

NEAR = 80
"""Per cent of a limit from which on a person is told."""
KEPT = timedelta(days=92)
_here = threading.local()


@dataclass
class Count:
    requests: int = 0


@contextmanager
def counting() -> Iterator[Count]:
    """Counts the requests that this thread makes in the block."""
    outer, _here.count = getattr(_here, "count", None), Count()
    try:
        yield _here.count
    finally:
        _here.count = outer


def count(connection_id: int, at: datetime, took: float) -> None:
    """One request more, that took so many seconds."""
    if getattr(_here, "count", None):
        _here.count.requests += 1
    hour = _hour(at)
    more = {"requests": F("requests") + 1, "seconds": F("seconds") + took}
    row = Usage.objects.filter(connection_id=connection_id, hour=hour)
    if not row.update(**more):
        Usage.objects.bulk_create([Usage(connection_id=connection_id, hour=hour)], ignore_conflicts=True)
        row.update(**more)


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


# --- against the limits -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spent:
    """Requests of this hour and of this day, and the limits of both; 0: none is known."""

    hour: int
    day: int
    per_hour: int
    per_day: int
    day_ends: datetime
    hour_ends: datetime

    @property
    def percent(self) -> int:
        """Of the limit that is nearest."""
        pairs = ((self.hour, self.per_hour), (self.day, self.per_day))
        return max((done * 100 // most for done, most in pairs if most), default=0)

    @property
    def near(self) -> bool:
        return self.percent >= NEAR

    @property
    def over_until(self) -> datetime | None:
        """When there is room again; None: there is."""
        if self.per_day and self.day >= self.per_day:
            return self.day_ends
        return self.hour_ends if self.per_hour and self.hour >= self.per_hour else None


def spent(connections: Iterable[Connection], now: datetime) -> dict[int, Spent]:
    """By connection, with its workspace loaded. One query."""
    rows = {one.pk: one for one in connections}
    days = {pk: _day(one.workspace.time_zone, now) for pk, one in rows.items()}
    since = min((begins for begins, _ in days.values()), default=now)
    hours: dict[int, dict[datetime, int]] = defaultdict(dict)
    used = Usage.objects.filter(connection__in=rows, hour__gte=since)
    for pk, hour, requests in used.values_list("connection_id", "hour", "requests"):
        hours[pk][hour] = requests
    return {pk: _spent(one, hours[pk], *days[pk], now) for pk, one in rows.items()}


def _spent(one: Connection, hours: dict[datetime, int], begins: datetime, ends: datetime, now: datetime) -> Spent:
    per_hour, per_day = limits(one)
    day = sum(requests for hour, requests in hours.items() if hour >= begins)
    hour = _hour(now)
    return Spent(hours.get(hour, 0), day, per_hour, per_day, ends, hour + timedelta(hours=1))


def _day(zone: str, now: datetime) -> tuple[datetime, datetime]:
    """The hours in which the day of a zone begins and ends."""
    here = ZoneInfo(zone)
    today = now.astimezone(here).date()
    midnights = (datetime.combine(today + timedelta(days=n), time(), tzinfo=here) for n in (0, 1))
    begins, ends = (_hour(one.astimezone(now.tzinfo)) for one in midnights)
    return begins, ends


def limits(connection: Connection) -> tuple[int, int]:
    """Per hour and per day: what a person entered, else what its system declares."""
    of = registry.SYSTEMS.get(connection.system)
    declared = (of.limits.calls_per_hour, of.limits.calls_per_day) if of else (0, 0)
    return connection.calls_per_hour or declared[0], connection.calls_per_day or declared[1]


def watch(now: datetime) -> None:
    """Says where a limit is near, and no longer where it is not; marks those whose backfills rest."""
    connections = list(Connection.objects.select_related("workspace"))
    near = {one.pk: one for one in connections if any(limits(one))}
    told = spent(near.values(), now) if near else {}
    for pk, one in near.items():
        _tell(one, told[pk], now)
    _close(connections, {pk for pk, of in told.items() if of.near}, now)


def check(connection: Connection) -> None:
    """After each step of a backfill: whether it must rest now."""
    if connection.capped and any(limits(connection)):
        now = clock.now()
        _cap(connection, spent([connection], now)[connection.pk])


def _cap(one: Connection, of: Spent) -> None:
    until = of.over_until if one.capped else None
    if until != one.capped_until:
        Connection.objects.filter(pk=one.pk).update(capped_until=until)
        one.capped_until = until


def _tell(one: Connection, of: Spent, now: datetime) -> None:
    _cap(one, of)
    if not of.near:
        return
    Problem.objects.get_or_create(
        workspace_id=one.workspace_id,
        link=None,
        code="budget.near",
        value=one.name[:255],
        closed_at=None,
        defaults={
            "said": f"{one.name} has used {of.percent} % of its calls or more.",
            "cure": "Let a backfill rest, poll less often, or raise the limit with the system. Nothing live stops.",
            "who": "owner",
            "opened_at": now,
        },
    )


def _close(connections: list[Connection], near: set[int], now: datetime) -> None:
    """A problem whose connection is far from its limits again ends by itself."""
    of = {(one.workspace_id, one.name[:255]) for one in connections if one.pk in near}
    for problem in Problem.objects.filter(code="budget.near", closed_at=None):
        if (problem.workspace_id, problem.value) not in of:
            Problem.objects.filter(pk=problem.pk, closed_at=None).update(closed_at=now)


def prune(now: datetime) -> None:
    Usage.objects.filter(hour__lt=now - KEPT).delete()
