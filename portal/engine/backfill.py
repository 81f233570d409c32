"""Backfills: a window of time is read from the source, page by page on its lane; first counted, then taken in.

Counting makes no record. A person who has seen the estimate starts it: the window is read once more, and the cursor
moves in the transaction that keeps what a page told, so that a worker may die anywhere. What is taken in travels as any
record does, behind what is live.
"""

import logging
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from audit import trail
from audit.models import Attempt, Record, State
from audit.states import Move, Stale, move_all
from connectors.base import Sighting, Survey
from connectors.errors import ConnectorError, Denied
from portal.engine import access, bell, budget, clock, estimate, intake, lanes, queues
from portal.engine.decide import NotNow
from portal.models import Backfill, Connection, FlowSetting, Lane, Link, Workspace

log = logging.getLogger(__name__)
S = Backfill.State
OPEN = (S.COUNTING, S.COUNTED, S.RUNNING, S.PAUSED)
READING = Q(state=S.COUNTING) | Q(state=S.RUNNING, read_at=None)
LEFT = (State.DUE, State.READY, State.UNSURE, State.WAITING, State.FAILED)
DROPPED_AT_ONCE = 500


# --- what a person does -----------------------------------------------------------------------------------------------


def can(link: Link) -> list[str]:
    """The flows whose facts the source can be asked for by dates."""
    surveyed = access.system(link.source).surveyed
    return [flow.key for flow in access.integration(link).flows if flow.stream in surveyed]


def ask(link: Link, flows: Sequence[str], since: datetime, until: datetime, actor: str) -> Backfill:
    """Begins the estimate. One that was not started is given up for it; while one is under way there is no other."""
    now = clock.now()
    until = min(until, now)
    if since >= until:
        raise NotNow("The window is empty: its first day must be before its last, and not in the future.")
    on = link.flows.exclude(mode=FlowSetting.Mode.OFF).values_list("flow", flat=True)
    wanted = [flow for flow in can(link) if flow in flows and flow in on]
    if not wanted or len(wanted) != len(set(flows)):
        raise NotNow("Choose flows that are switched on, and that the source can be asked for by dates.")
    with transaction.atomic():
        Link.objects.select_for_update().get(pk=link.pk)
        if Backfill.objects.filter(link=link, state__in=[S.RUNNING, S.PAUSED]).exists():
            raise NotNow("A backfill of this link is under way: let it end, or cancel it.")
        Backfill.objects.filter(link=link, state__in=OPEN).update(state=S.CANCELLED, ended_at=now)
        row = Backfill.objects.create(
            link=link, flows=wanted, since=since, until=until, due_at=now, asked_by=actor, asked_at=now
        )
        _tell(row, "backfill.asked", actor, ", ".join(wanted))
    _ring(row)
    return row


def start(row: Backfill, actor: str) -> str:
    """The second press, after the estimate was seen."""
    now = clock.now()
    fresh = {"cursor": "", "pages": 0, "found": 0, "due_at": now, "tries": 0, "said": "", "started_at": now}
    _change(row, (S.COUNTED,), S.RUNNING, actor, "backfill.started", **fresh)
    return "It is read and sent, behind what is live."


def pause(row: Backfill, actor: str) -> str:
    _change(row, (S.RUNNING,), S.PAUSED, actor, "backfill.paused")
    return "It rests. What was sent without a clear answer is looked for all the same."


def resume(row: Backfill, actor: str) -> str:
    _change(row, (S.PAUSED,), S.RUNNING, actor, "backfill.resumed", due_at=clock.now(), tries=0)
    return "It goes on."


def cancel(row: Backfill, actor: str) -> str:
    """What was not sent yet posts nothing; what was sent stays, or comes to its end."""
    _change(row, OPEN, S.CANCELLED, actor, "backfill.cancelled", ended_at=clock.now())
    return "It is cancelled. What is posted stays; what was not sent posts nothing."


def _change(row: Backfill, of: Sequence[str], to: str, actor: str, what: str, **fields: object) -> None:
    """Raises Stale where somebody was first."""
    with transaction.atomic():
        if not Backfill.objects.filter(pk=row.pk, state__in=of).update(state=to, **fields):
            raise Stale(str(row))
        _tell(row, what, actor)
    _ring(row)


def _tell(row: Backfill, what: str, actor: str, more: str = "") -> None:
    said = f"{row}: {more}" if more else str(row)
    trail.write([trail.entry(row.link.workspace_id, what, at=clock.now(), said=said, actor=actor)])


def _ring(row: Backfill) -> None:
    for company, side in (
        (row.link.source.account_key, Lane.Side.READ),
        (row.link.target.account_key, Lane.Side.WRITE),
    ):
        bell.ring(lanes.of(company, side).pk)


# --- on the source lane -----------------------------------------------------------------------------------------------


def due(now: datetime) -> QuerySet[Backfill]:
    """Those of which a page may be read now."""
    room = Q(link__source__capped_until=None) | Q(link__source__capped_until__lte=now)
    rows = Backfill.objects.filter(READING, room, due_at__lte=now, link__paused=False, link__removed=False)
    return rows.exclude(link__source__health=Connection.Health.DENIED)


def at_work(workspace: Workspace | None) -> int:
    """How many still read by themselves."""
    rows = Backfill.objects.filter(READING, tries=0, link__paused=False, link__removed=False)
    rows = rows.filter(link__source__capped_until=None)
    if workspace:
        rows = rows.filter(link__workspace=workspace)
    return rows.exclude(link__source__health=Connection.Health.DENIED).count()


def step(lane: Lane) -> bool:
    """Reads the next page of the window that is due. False: none is."""
    rows = due(clock.now()).filter(link__source__in=intake.connections(lane))
    row = rows.select_related("link__source__workspace", "link__target", "link__workspace").order_by("due_at").first()
    if row is None:
        return False
    try:
        with budget.counting() as made:
            page = access.client(row.link.source).survey(_streams(row), row.since, row.until, row.cursor)
        if row.state == S.COUNTING and not page.more:
            row.estimate = estimate.sampled(row, _fitting(row, page))
    except Denied as error:
        intake.deny(row.link.source, error)
    except ConnectorError as error:
        _later(row, error.said)
    except Exception as error:  # a bug of ours must not hold up the lane
        log.exception("backfill %s", row.pk)
        _later(row, f"{type(error).__name__} in our own code")
    else:
        _keep(row, page, made.requests)
    budget.check(row.link.source)
    return True


def _streams(row: Backfill) -> set[str]:
    return {flow.stream for flow in access.integration(row.link).flows if flow.key in row.flows}


def _fitting(row: Backfill, page: Survey) -> list[Sighting]:
    streams = _streams(row)
    seen = {(one.fact.stream, one.fact.key): one for one in page.seen}
    return [
        one for one in seen.values() if one.fact.stream in streams and row.since <= one.fact.happened_at < row.until
    ]


def _keep(row: Backfill, page: Survey, requests: int) -> None:
    """What the page told, and the cursor, in one transaction; nothing where somebody has stopped it meanwhile."""
    now, seen = clock.now(), _fitting(row, page)
    fields = {"cursor": page.cursor, "pages": row.pages + 1, "found": row.found + len(seen), "tries": 0, "said": ""}
    with transaction.atomic():
        if row.state == S.COUNTING:
            fields["estimate"] = estimate.added(row, seen, requests, done=not page.more)
            fields["state"] = S.COUNTING if page.more else S.COUNTED
        else:
            fields["taken"] = row.taken + intake.take_past(row, [one.fact for one in seen])
            fields["read_at"] = None if page.more else now
        same = Backfill.objects.filter(pk=row.pk, state=row.state, cursor=row.cursor, pages=row.pages)
        if not same.update(**fields, due_at=now):
            transaction.set_rollback(True)


def _later(row: Backfill, said: str) -> None:
    later = clock.back_off(row.tries, clock.now())
    Backfill.objects.filter(pk=row.pk).update(due_at=later, tries=row.tries + 1, said=said[:300])


# --- by every sweep ---------------------------------------------------------------------------------------------------


def tidy(now: datetime) -> None:
    """Ends what is through, and lets go of what was cancelled."""
    moving = Record.objects.filter(state__in=queues.AT_WORK).exclude(backfill=None).values("backfill")
    through = Backfill.objects.filter(state=S.RUNNING).exclude(read_at=None).exclude(pk__in=moving)
    through.update(state=S.DONE, ended_at=now)
    sent = Exists(Attempt.objects.filter(record=OuterRef("pk"), outcome__in=Attempt.MAYBE_SENT))
    left = Record.objects.filter(backfill__state=S.CANCELLED, state__in=LEFT)
    _drop(left.filter(~sent, frozen=False, posting=None).exclude(state=State.UNSURE), now)
    # What was perhaps sent comes to its end; with no backfill to wait for, none of it can be stuck.
    left.filter(sent).update(backfill=None)


def _drop(rows: QuerySet[Record], now: datetime) -> None:
    """It posts nothing, as before the backfill."""
    said = intake.GIVEN_UP
    while batch := list(rows[:DROPPED_AT_ONCE]):
        fields = {"said": said, "backfill": None}
        if not move_all([Move(one, State.SKIPPED, "record.skipped", said, fields=fields) for one in batch], now):
            return


def progress(rows: Sequence[Backfill]) -> dict[int, dict[str, int]]:
    """By backfill: how many of its records stand in each state. One query."""
    counts: dict[int, dict[str, int]] = {row.pk: {} for row in rows}
    found = Record.objects.filter(backfill__in=rows).order_by().values_list("backfill", "state").annotate(Count("pk"))
    for pk, state, count in found:
        counts[pk][state] = count
    return counts
