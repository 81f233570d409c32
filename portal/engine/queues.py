"""What can be worked on now: the queues that the lanes take from, as queries. The same queries say which lanes to ring,
so that no lane is rung for what it would not take."""

from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from audit.models import Record, State, WaitsFor
from portal.models import Backfill, Connection, FlowSetting, Lane

OPEN = (State.DUE, State.READY, State.SENDING, State.UNSURE, State.WAITING)
AT_WORK = (State.DUE, State.READY, State.SENDING, State.UNSURE)
CAPPED = Q(link__source__capped_until__isnull=False) | Q(link__target__capped_until__isnull=False)
ASIDE = (
    Q(setting__paused=True)
    | Q(link__paused=True)
    | ~Q(setting__mode=FlowSetting.Mode.LIVE)
    | Q(backfill__state=Backfill.State.PAUSED)
    | Q(CAPPED, backfill__isnull=False)
)
"""Paused or previewed: what is at work there waits for a person; or it rests until there are calls again."""
RETRIED = (WaitsFor.MAPPING, WaitsFor.DEPENDENCY, WaitsFor.PERIOD, WaitsFor.SETTINGS, WaitsFor.APPROVAL)
"""What a record may wait for and still be prepared again by itself, when it is due."""
BACKFILLING = Q(backfill=None) | Q(backfill__state__in=[Backfill.State.RUNNING, Backfill.State.DONE]) | Q(frozen=True)
"""No part of a backfill that rests or was given up; what was perhaps sent comes to its end all the same."""
RELEASED = (
    Q(frozen=True)
    | Q(setting__every_minutes=None, setting__daily_at=None)
    | Q(created_at__lte=F("setting__released_until"))
)
"""Its flow has no schedule, or a run of it came since; what was perhaps sent never waits for one."""
HELD_FOR_RUN = (
    Q(state=State.READY, frozen=False)
    & (Q(setting__every_minutes__isnull=False) | Q(setting__daily_at__isnull=False))
    & (Q(setting__released_until=None) | Q(created_at__gt=F("setting__released_until")))
)
"""What is ready and waits for the next run of its flow: the other way round, for SQL knows a third truth value."""
Rows = QuerySet[Record]


def with_links(rows: Rows) -> Rows:
    return rows.select_related("link__source", "link__target", "link__workspace", "setting")


def _due(now: datetime) -> Rows:
    return Record.objects.filter(due_at__lte=now)


def _reachable(rows: Rows) -> Rows:
    """Where it is known that the credentials work, and lead to the company that the record is for."""
    return _leading_there(rows).filter(link__target__health=Connection.Health.OK)


def _leading_there(rows: Rows) -> Rows:
    """A connection may lead to another account since: what belongs to the one before is not for it."""
    return rows.filter(target_company=Connection.account_key_at("link__target__"))


def _live(rows: Rows) -> Rows:
    switched = rows.filter(setting__mode=FlowSetting.Mode.LIVE, setting__paused=False, link__paused=False)
    switched = switched.filter(link__removed=False)
    return _reachable(switched)


def _room(connection: str, now: datetime) -> Q:
    """Whether there are calls left for a backfill; what is live, or was perhaps sent, does not ask."""
    free = Q(**{f"{connection}__capped_until": None}) | Q(**{f"{connection}__capped_until__lte": now})
    return Q(backfill=None) | Q(frozen=True) | free


def to_prepare(now: datetime) -> Rows:
    """A version waits until the ones before it are done."""
    earlier = Record.objects.filter(
        source_account=OuterRef("source_account"),
        target_company=OuterRef("target_company"),
        flow=OuterRef("flow"),
        key=OuterRef("key"),
        version__lt=OuterRef("version"),
        state__in=OPEN,
    )
    waiting = Q(state=State.WAITING, waits_for__in=RETRIED, posting=None)
    return (
        _leading_there(_due(now))
        .filter(source_account=Connection.account_key_at("link__source__"), link__source__health=Connection.Health.OK)
        .filter(Q(state=State.DUE) | waiting, setting__paused=False, link__paused=False, frozen=False)
        .filter(BACKFILLING, _room("link__source", now), link__removed=False)
        .exclude(setting__mode=FlowSetting.Mode.OFF)
        .exclude(Exists(earlier))
    )


def to_look_for(now: datetime) -> Rows:
    """A paused flow does not stop looking: it only reads."""
    return _reachable(_due(now).filter(state=State.UNSURE))


def to_finish(now: datetime) -> Rows:
    return _live(_due(now).filter(state=State.WAITING).exclude(posting=None))


def to_send(now: datetime) -> Rows:
    """Nothing prepared under an earlier revision, unless it was sent before: then only the same bytes may go."""
    current = Q(frozen=True) | Q(revision=F("workspace__revision"))
    return _live(_due(now).filter(current, RELEASED, BACKFILLING, _room("link__target", now), state=State.READY))


def to_verify(now: datetime) -> Rows:
    return _reachable(Record.objects.filter(state=State.POSTED, verdict_due_at__lte=now))


def left_sending(now: datetime) -> Rows:
    """What a worker announced before it went away: nobody holds its lane."""
    free = Q(target_lane__lease_until=None) | Q(target_lane__lease_until__lt=now)
    return Record.objects.filter(free, state=State.SENDING)


def lanes_with_records(now: datetime) -> Q:
    """The lanes, as a condition on Lane, that have any of these."""
    writing = (to_look_for(now), to_finish(now), to_send(now), to_verify(now), left_sending(now))
    wanted = Q(side=Lane.Side.READ, pk__in=to_prepare(now).values("source_lane"))
    for rows in writing:
        wanted |= Q(side=Lane.Side.WRITE, pk__in=rows.values("target_lane"))
    return wanted
