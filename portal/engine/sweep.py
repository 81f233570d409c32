"""The sweep is the guarantee: whatever was rung or not, every condition is looked at again, and every lane with work is
rung. Webhooks, wake-ups on save and Redis only make it quicker."""

from datetime import datetime

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q

from audit import trail
from audit.models import Delivery, Posting, Problem, Record, State, WaitsFor
from audit.states import Move, move_all
from portal.engine import backfill, budget, choices, clock, expiry, schedules
from portal.engine.drain import lanes_with_work
from portal.models import Connection, FlowSetting, Schedule, Workspace

READ_BACK = "dependency.read_back"
"""What it waits for is posted; what the target made of it in base currency is not known yet."""
EXPIRY = 3600.0
"""Seconds between two looks for credentials that expire."""


def sweep() -> list[int]:
    """Re-evaluates all conditions and returns the lanes that have work."""
    now = clock.now()
    release(now)
    schedules.run_due(now)
    backfill.tidy(now)
    close_problems(now)
    budget.watch(now)
    prune_refused()
    return lanes_with_work()


def release(now: datetime) -> None:
    """Makes due what may go on. Conditions are judged by SQL on what is in the database now, never remembered."""
    waiting = Record.objects.filter(state=State.WAITING, due_at__gt=now)
    changed = ~Q(revision=F("workspace__revision"))
    for waits in (WaitsFor.MAPPING, WaitsFor.PERIOD, WaitsFor.SETTINGS, WaitsFor.APPROVAL):
        _make_due(waiting.filter(changed, waits_for=waits), now)
    there = Posting.objects.filter(
        record__source_account=OuterRef("source_account"),
        record__target_company=OuterRef("target_company"),
        record__flow=OuterRef("waits_on_flow"),
        record__key=OuterRef("waits_on_key"),
    )
    waiting_for_others = waiting.filter(waits_for=WaitsFor.DEPENDENCY)
    _make_due(waiting_for_others.filter(Exists(there)).exclude(code=READ_BACK), now)
    _make_due(waiting_for_others.filter(Exists(there.filter(base_lines__isnull=False)), code=READ_BACK), now)
    prepared = Record.objects.filter(
        source_account=OuterRef("source_account"),
        target_company=OuterRef("target_company"),
        flow=OuterRef("waits_on_flow"),
        key=OuterRef("waits_on_key"),
        state=State.READY,
        setting__mode=FlowSetting.Mode.PREVIEW,
    )
    previewed = waiting_for_others.filter(Exists(prepared), setting__mode=FlowSetting.Mode.PREVIEW)
    _make_due(previewed.exclude(code=READ_BACK), now)
    outdated = Record.objects.filter(changed, state=State.READY, frozen=False)
    while batch := list(outdated[:500]):
        moves = [Move(r, State.DUE, "record.outdated", "what it asked for has changed") for r in batch]
        move_all(moves, now)


def _make_due(rows: "object", now: datetime) -> None:
    pks = list(rows.values_list("pk", flat=True)[:10_000])  # type: ignore[attr-defined]
    for start in range(0, len(pks), 500):
        Record.objects.filter(pk__in=pks[start : start + 500]).update(due_at=now)


def close_problems(now: datetime) -> None:
    """Closes the problems that no record waits for any more. Those that are not of records end otherwise."""
    held = Record.objects.filter(problem=OuterRef("pk"))
    lasting = Q(code="double") | Q(code__startswith="ledger.") | Q(link=None)
    Problem.objects.filter(closed_at=None).exclude(lasting).filter(~Exists(held)).update(closed_at=now)


def prune_refused() -> None:
    """Refused deliveries are kept for a person to look at, bounded per connection."""
    for pk in Connection.objects.values_list("pk", flat=True):
        refused = Delivery.objects.filter(connection_id=pk, status=Delivery.Status.REFUSED)
        keep = refused.order_by("-pk").values_list("pk", flat=True)[settings.REFUSED_KEPT : settings.REFUSED_KEPT + 1]
        oldest = list(keep)
        if oldest:
            refused.filter(pk__lte=oldest[0]).delete()


# --- schedules --------------------------------------------------------------------------------------------------------


def claim(name: str, every: float) -> bool:
    """Whether this caller does the scheduled work now. Its row is claimed by a conditional update: two beats, or two
    workers, do it once."""
    now = clock.now()
    row, made = Schedule.objects.get_or_create(name=name, defaults={"next_due": clock.in_seconds(every, now)})
    if made:
        return True
    taken = Schedule.objects.filter(pk=row.pk, next_due=row.next_due, next_due__lte=now)
    return bool(taken.update(next_due=clock.in_seconds(every, now)))


def house_keeping() -> None:
    """What beat does besides sweeping: seals of the trail, old counts of requests, credentials that expire, and the
    choices of the targets."""
    if claim("seal", settings.WAITS.seal):
        now = clock.now()
        for workspace in Workspace.objects.all():
            while trail.seal(workspace.pk, now):
                pass
    if claim("usage", 3600.0):
        budget.prune(clock.now())
    if claim("expiry", EXPIRY):
        expiry.announce(clock.now())
    choices.refresh_due()
