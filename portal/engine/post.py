"""The target lane: look, announce, send, answer, finish, read back.

No network call is made inside a transaction, and nothing is sent that was not announced in a committed one.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet

from audit.models import Attempt, Record, State
from audit.states import Move, Stale, move_all
from connectors.base import Answer, Call, Document, Limits, Look, Target, Window
from connectors.errors import ConnectorError, Denied, Malformed, Refused, SessionLost, Throttled, Unavailable
from connectors.http import boottime
from portal.engine import access, budget, clock, documents, intake, outcomes, queues
from portal.engine.lanes import Hold, LaneLost
from portal.models import Lane, Link

log = logging.getLogger(__name__)
QUICK = 15.0
"""Seconds a request may take before batches stop growing."""
READ_AT_ONCE = 100
MARGIN_TO_SEND = 5.0
"""Seconds after the announcement within which the first byte must leave."""


@dataclass
class Batch:
    """Records of one link, kind and session that travel together, and what carries them."""

    hold: Hold
    link: Link
    records: list[Record]

    def __post_init__(self) -> None:
        self.target: Target = access.client(self.link.target)
        self.limits: Limits = access.limits(access.system(self.link.target))
        self.documents = [documents.of(record) for record in self.records]

    def only(self, keep: Sequence[int]) -> "Batch":
        part = Batch.__new__(Batch)
        part.hold, part.link, part.target, part.limits = self.hold, self.link, self.target, self.limits
        part.records = [self.records[i] for i in keep]
        part.documents = [self.documents[i] for i in keep]
        return part


# --- taking work ------------------------------------------------------------------------------------------------------


def recover(hold: Hold) -> None:
    """What an earlier owner announced and never answered is UNSURE now. Done first by every new owner."""
    now = clock.now()
    left = Record.objects.filter(target_lane_id=hold.lane_id, state=State.SENDING).select_related("link__target")
    for record in left:
        attempt = record.attempts.order_by("-pk").first()
        if attempt is None or attempt.epoch < hold.epoch:
            _recover(record, attempt, now)


def _recover(record: Record, attempt: Attempt | None, now: datetime) -> None:
    assert attempt, "a record in SENDING has an attempt: both are written in one transaction"
    try:
        outcomes.unsure(record, attempt, "its worker went away before the answer was recorded", now)
    except Stale:
        pass  # its worker was only slow: the answer is in


Pick = Callable[[QuerySet[Record]], Record | None]


@contextmanager
def _taken(hold: Hold, rows: QuerySet[Record], pick: Pick, size: Callable[[Record], int]) -> Iterator[Batch | None]:
    """A batch of what is like the record that `pick` chooses; no other thread of this owner has any of it meanwhile."""
    with hold.choosing:
        rows = rows.exclude(pk__in=hold.busy)
        first = pick(rows)
        chosen = list(_like(first, rows)[: size(first)]) if first else []
        mine = {record.pk for record in chosen}
        hold.busy |= mine
    try:
        yield Batch(hold, chosen[0].link, chosen) if chosen else None
    finally:
        with hold.choosing:
            hold.busy -= mine


def _like(first: Record, rows: QuerySet[Record]) -> QuerySet[Record]:
    same = {"link_id": first.link_id, "flow": first.flow, "kind": first.kind, "session": first.session}
    return rows.filter(**same, backfill=first.backfill_id).order_by("due_at", "pk")


def _oldest(rows: QuerySet[Record]) -> Record | None:
    return rows.order_by("due_at", "pk").first()


def _size(lane: Lane, system_limits: Limits) -> int:
    if settings.BATCH:
        return int(min(settings.BATCH, system_limits.batch_max))
    return max(1, min(lane.batch or system_limits.batch_start, system_limits.batch_max))


# --- UNSURE -----------------------------------------------------------------------------------------------------------


def look_again(hold: Hold, lane: Lane) -> bool:
    """Looks for what is UNSURE and due."""
    rows = queues.with_links(queues.to_look_for(clock.now()).filter(target_lane=lane))
    with _taken(hold, rows, _oldest, lambda _: READ_AT_ONCE) as batch:
        if batch:
            _look_for(batch, lane)
        return batch is not None


def _look_for(batch: Batch, lane: Lane) -> None:
    asked_at = clock.now()
    looks = _look(batch, lane)
    if looks is None:
        later = clock.back_off(batch.records[0].tries, clock.now())
        Record.objects.filter(pk__in=[r.pk for r in batch.records], state=State.UNSURE).update(due_at=later)
        return
    for record, document, look in zip(batch.records, batch.documents, looks, strict=True):
        try:
            outcomes.seen_when_unsure(record, document, look.hits, asked_at)
        except Stale:
            pass  # its true answer came in while we looked


def _look(batch: Batch, lane: Lane) -> Sequence[Look] | None:
    """One look for a batch; None when it did not succeed (the lane is then paused, or the connection denied)."""
    batch.hold.for_long(4 * batch.limits.read_deadline)
    try:
        return batch.target.look(batch.documents)
    except Denied as error:
        intake.deny(batch.link.target, error)
    except ConnectorError as error:
        _pause(lane, batch.limits, error)
    return None


# --- READY ------------------------------------------------------------------------------------------------------------


def post_next(hold: Hold, lane: Lane) -> bool:
    """Sends the next batch. False: nothing is ready."""
    rows = queues.with_links(queues.to_send(clock.now()).filter(target_lane=lane))
    with _taken(hold, rows, lambda free: _in_turn(lane, free), lambda first: _size(lane, _limits(first))) as batch:
        if batch:
            _post(batch, lane)
        return batch is not None


def _limits(record: Record) -> Limits:
    return access.limits(access.system(record.link.target))


def _post(batch: Batch, lane: Lane) -> None:
    lane.turn = batch.records[0].flow
    Lane.objects.filter(pk=lane.pk).update(turn=lane.turn)
    looks = _look(batch, lane)
    if looks is None:
        return
    calls = _render(batch, looks)
    chosen = batch.only([i for i, call in enumerate(calls) if call is not None])
    if chosen.records:
        _send(chosen, [call for call in calls if call is not None], lane)
    if batch.records[0].backfill_id:
        budget.check(batch.link.target)


def _in_turn(lane: Lane, rows: QuerySet[Record]) -> Record | None:
    """Live before backfill; within that the flows in turn, so that none starves behind a long one."""
    waiting = list(rows.order_by().values_list("backfill", "flow").distinct())
    if not waiting:
        return None
    backfill = None if any(late is None for late, _ in waiting) else min(late for late, _ in waiting)
    flows = sorted(flow for late, flow in waiting if late == backfill)
    flow = next((one for one in flows if one > lane.turn), flows[0])
    return rows.filter(backfill=backfill, flow=flow).order_by("due_at", "pk").first()


def _render(batch: Batch, looks: Sequence[Look]) -> list[Call | None]:
    """The frozen call of each record that is to be sent; the others are dealt with here."""
    calls: list[Call | None] = []
    for record, document, look in zip(batch.records, batch.documents, looks, strict=True):
        try:
            calls.append(_call(batch, record, document, look))
        except Stale:
            calls.append(None)
        except ConnectorError as error:
            calls.append(None)
            _set_aside(record, error)
    return calls


def _call(batch: Batch, record: Record, document: Document, look: Look) -> Call | None:
    now = clock.now()
    if record.frozen:
        # Between the proof of absence and now it may have appeared after all: presence is always believed.
        ours = document.master and outcomes.own(record, look.hits)
        if look.hits and (not ours or outcomes.updated(record, document, look.hits)):
            outcomes.seen_when_unsure(record, document, look.hits, now)
            return None
        # Not only what was perhaps sent: the proof that it was not may have come after its absence was believed.
        sent = record.attempts.exclude(outcome=Attempt.Outcome.REFUSED).order_by("-pk").first()
        assert sent
        return Call(sent.control, record.kind, bytes(sent.body), record.session)
    if not outcomes.seen_before_first_send(record, document, look.hits, now):
        return None
    return batch.target.render(document, look, outcomes.before(record, document))


def _set_aside(record: Record, error: ConnectorError) -> None:
    try:
        outcomes.refuse(record, error, clock.now(), taken=False)
    except Stale:
        pass


# --- sending ----------------------------------------------------------------------------------------------------------


def _send(batch: Batch, calls: list[Call], lane: Lane) -> None:
    """One announced request. A request refused as a whole is halved until the one bad document stands alone."""
    attempts: list[Attempt] = []

    def announce() -> Window:
        return _announce(batch, calls, attempts)

    batch.hold.for_long(batch.limits.write_deadline + 2 * batch.limits.read_deadline)
    began = boottime()
    try:
        answers = batch.target.send(calls, announce)
    except (LaneLost, Stale):
        _undo(attempts)
        raise
    except Refused as error:
        _refused_whole(batch, calls, attempts, error, lane)
        return
    except ConnectorError as error:
        _no_answer(batch, attempts, error, lane)
        return
    except Exception as error:
        log.exception("sending to %s", lane)
        _no_answer(batch, attempts, Malformed("", f"{type(error).__name__} in our own code"), lane)
        return
    outcomes.answered(attempts, answers)
    clear = all(attempt.control in answers for attempt in attempts)
    _resize(lane, batch.limits, len(calls), boottime() - began, clear=clear)
    if clear:
        _calm(lane)
    read_back(batch, lane)


def _announce(batch: Batch, calls: Sequence[Call], attempts: list[Attempt]) -> Window:
    """The announcement: our lane still, one attempt each, state SENDING; all or nothing. The socket is already open."""
    limits = batch.limits
    began = boottime()
    with transaction.atomic():
        lane = Lane.objects.select_for_update().get(pk=batch.hold.lane_id)
        now = clock.now()
        if lane.epoch != batch.hold.epoch or lane.lease_until is None or lane.lease_until < now:
            raise LaneLost(str(lane))
        hold_until = now + timedelta(seconds=limits.write_deadline + limits.processing + limits.margin)
        moves = [
            Move(record, State.SENDING, "record.announced", call.control, fields={"hold_until": hold_until})
            for record, call in zip(batch.records, calls, strict=True)
        ]
        if len(move_all(moves, now)) != len(moves):
            raise Stale("a record of the batch was changed since it was read")
        made = Attempt.objects.bulk_create(
            Attempt(
                record=record,
                lane_id=batch.hold.lane_id,
                epoch=batch.hold.epoch,
                control=call.control,
                body=call.body,
                document_hash=record.document_hash,
                resend=record.frozen,
                announced_at=now,
                hold_until=hold_until,
            )
            for record, call in zip(batch.records, calls, strict=True)
        )
    attempts.extend(made)
    # Here the commit has been answered. If that answer was lost, the exception leaves before anything is sent.
    return Window(send_by=began + min(MARGIN_TO_SEND, limits.write_deadline), close_by=began + limits.write_deadline)


def _undo(attempts: Sequence[Attempt]) -> None:
    _all_said(attempts, Unavailable("the lane was lost before sending", sent=False))


def _all_said(attempts: Sequence[Attempt], answer: Answer) -> None:
    outcomes.answered(attempts, {attempt.control: answer for attempt in attempts})


def _refused_whole(batch: Batch, calls: list[Call], attempts: list[Attempt], error: Refused, lane: Lane) -> None:
    if len(calls) == 1:
        _all_said(attempts, error)
        return
    _all_said(attempts, Unavailable(f"the whole request was refused: {error.said}", sent=False))
    middle = len(calls) // 2
    for half in (range(middle), range(middle, len(calls))):
        part = batch.only(list(half))
        for record in part.records:
            record.refresh_from_db(fields=["state", "stamp", "problem", "waits_for"])
        _send(part, [calls[i] for i in half], lane)


def _no_answer(batch: Batch, attempts: Sequence[Attempt], error: ConnectorError, lane: Lane) -> None:
    unsent = isinstance(error, Denied) or (isinstance(error, Unavailable) and not error.sent)
    _all_said(attempts, Unavailable(error.said, sent=not unsent))
    if isinstance(error, Denied):
        intake.deny(batch.link.target, error)
        return
    _pause(lane, batch.limits, error)
    if not unsent:
        lane.batch = max(1, len(batch.records) // 2)
        Lane.objects.filter(pk=lane.pk).update(batch=lane.batch)


def _resize(lane: Lane, limits: Limits, sent: int, took: float, *, clear: bool) -> None:
    size = _size(lane, limits)
    if not clear:
        size = max(1, size // 2)
    elif took <= QUICK and sent >= size:
        size = min(size * 2, limits.batch_max)
    Lane.objects.filter(pk=lane.pk).update(batch=size)
    lane.batch = size


def _pause(lane: Lane, limits: Limits, error: ConnectorError) -> None:
    """The lane rests as a lane: what asked for it says for how long, else doubled each time, with jitter."""
    now = clock.now()
    until = clock.back_off(lane.pauses, now, first=limits.pause_start)
    if isinstance(error, SessionLost) and not lane.pauses:
        until = now  # sign in anew and go on; only a second one in a row is a trouble
    if isinstance(error, Unavailable) and error.after:
        until = clock.in_seconds(error.after, now)
    Lane.objects.filter(pk=lane.pk).update(paused_until=until, pauses=F("pauses") + 1, pause_said=error.said[:300])
    lane.paused_until = until
    lane.pauses += 1


def _calm(lane: Lane) -> None:
    if lane.pauses:
        Lane.objects.filter(pk=lane.pk).update(pauses=0, pause_said="", paused_until=None)
        lane.pauses = 0


# --- finishing and reading back ---------------------------------------------------------------------------------------


def finish_next(hold: Hold, lane: Lane) -> bool:
    """Goes on with a document that was created but is not posted yet; never creates it again."""
    rows = queues.with_links(queues.to_finish(clock.now()).filter(target_lane=lane)).select_related("posting")
    with _taken(hold, rows, _oldest, lambda _: 1) as batch:
        if batch:
            _finish(batch, lane)
        return batch is not None


def _finish(batch: Batch, lane: Lane) -> None:
    record = batch.records[0]
    batch.hold.for_long(batch.limits.write_deadline)
    try:
        done = batch.target.finish(batch.documents[0], record.posting.target_id)
    except Denied as error:
        intake.deny(record.link.target, error)
    except (Unavailable, Malformed) as error:  # unclear, and safe to do again
        _pause(lane, batch.limits, error)
    except ConnectorError as error:
        _set_aside(record, error)
    else:
        outcomes.finished(record, done.state, clock.now())


def read_back(batch: Batch, lane: Lane) -> None:
    """Reads what was just posted, and compares. A failure here costs nothing: the verdict stays `not checked`."""
    rows = Record.objects.filter(pk__in=[r.pk for r in batch.records], state=State.POSTED).select_related("posting")
    posted = {record.pk: record for record in rows}
    pairs = [(posted[r.pk], d) for r, d in zip(batch.records, batch.documents, strict=True) if r.pk in posted]
    if pairs:
        _verify(batch, pairs, lane)


def verify_next(hold: Hold, lane: Lane) -> bool:
    rows = queues.with_links(queues.to_verify(clock.now()).filter(target_lane=lane)).select_related("posting")
    with _taken(hold, rows, lambda free: free.order_by("verdict_due_at").first(), lambda _: READ_AT_ONCE) as batch:
        if batch:
            _verify(batch, list(zip(batch.records, batch.documents, strict=True)), lane)
        return batch is not None


def _verify(batch: Batch, pairs: Sequence[tuple[Record, Document]], lane: Lane) -> None:
    batch.hold.for_long(4 * batch.limits.read_deadline)
    first = pairs[0][0]
    resent = [pair for pair in pairs if pair[0].rounds]
    try:
        found = batch.target.read(first.kind, [record.posting.target_id for record, _ in pairs], first.session)
        looks = batch.target.look([document for _, document in resent]) if resent else []
    except ConnectorError as error:
        later = clock.back_off(0, clock.now())
        Record.objects.filter(pk__in=[record.pk for record, _ in pairs]).update(verdict_due_at=later)
        if isinstance(error, Throttled):
            _pause(lane, batch.limits, error)
        return
    now = clock.now()
    with transaction.atomic():
        outcomes.verdicts(pairs, found, now)
        for (record, _), look in zip(resent, looks, strict=True):
            outcomes.check_single(record, look.hits, now)
