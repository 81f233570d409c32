"""What a person may do with a record. Nobody can press what skips the look at an UNSURE record.

Every act names the stamp of the record that the person saw: the second of two presses, or one from a page that has
aged, changes nothing and says so.
"""

from datetime import datetime

from django.db import transaction

from audit import trail
from audit.models import Attempt, Problem, Record, State, WaitsFor
from audit.states import Move, Stale, move
from portal.engine import bell, clock, intake


class NotNow(Exception):
    """The act does not fit the record as it is now; the sentence says why."""


def retry(record: Record, stamp: int, actor: str, reason: str = "") -> str:
    """Goes on with a record as its state allows: looks for what is unsure, prepares anew what waits, failed or was
    skipped. Returns what will happen, in words."""
    now = clock.now()
    if record.state == State.UNSURE:
        return _soon(record, stamp, actor, "It is looked for at the target; nothing is sent.", now)
    if record.state == State.WAITING and hasattr(record, "posting"):
        return _soon(record, stamp, actor, "It stands at the target; its release there is looked at again.", now)
    if record.state in (State.WAITING, State.FAILED, State.SKIPPED, State.READY) and not record.frozen:
        if record.code in ("unsure.absent", "unsure.several", "unsure.differs", "unsure.reversed"):
            raise NotNow("It was sent and its fate is open: say whether it is there.")
        _renew(record, stamp, actor, reason or "prepared again", now)
        return "It is read from the source and prepared again."
    raise NotNow(f"A record that is {record.get_state_display()} goes on by itself.")


def adopt(record: Record, stamp: int, target_id: str, actor: str, reason: str = "") -> str:
    """The person says which document at the target is this record's. The next look checks that it is there."""
    if record.state != State.WAITING or record.waits_for != WaitsFor.DECISION:
        raise NotNow("Only a record that waits for a decision can be told what it is.")
    now = clock.now()
    record.stamp = stamp
    said = f"it is {target_id}" + (f": {reason}" if reason else "")
    fields = {"adopt": target_id, "due_at": now}
    move(Move(record, State.READY, "person.adopted", said, actor=actor, fields=fields), now)
    bell.ring(record.target_lane_id)
    return "It is looked for at the target and taken over if it stands there."


def not_there(record: Record, stamp: int, actor: str, reason: str) -> str:
    """The person has looked at the target and says that it is not there: a new version goes, under a new key."""
    if record.state != State.WAITING or not record.code.startswith("unsure."):
        raise NotNow("Only a record whose fate was left open can be sent as a new version.")
    now = clock.now()
    _renew(record, stamp, actor, f"not there: {reason}", now, take=record.take + 1)
    return "It is prepared as a new version."


def approve(record: Record, stamp: int, document_hash: str, actor: str, reason: str = "") -> str:
    """The person has read the document and approves it, this one and no other: it is sent."""
    if record.state != State.WAITING or record.waits_for != WaitsFor.APPROVAL:
        raise NotNow("It does not wait for an approval.")
    if document_hash != record.document_hash:
        raise Stale(str(record))
    now = clock.now()
    record.stamp = stamp
    said = f"approved by {actor}" + (f": {reason}" if reason else "")
    fields = {"approved_hash": document_hash, "due_at": now, "tries": 0}
    data = {"document": document_hash}
    move(Move(record, State.READY, "person.approved", said, actor=actor, data=data, fields=fields), now)
    bell.ring(record.target_lane_id)
    return "It is approved and goes."


def leave(record: Record, stamp: int, actor: str, reason: str) -> str:
    """The person settles it elsewhere, booked by hand for instance: nothing is ever sent of it. Reading it again takes
    this back. What was perhaps sent cannot be left: its fate must be known."""
    if record.state not in (State.WAITING, State.FAILED) or record.frozen or hasattr(record, "posting"):
        raise NotNow("Only a record that waits or failed, and of which nothing stands at the target, can be left.")
    if record.attempts.filter(outcome__in=Attempt.MAYBE_SENT).exists():
        raise NotNow("It was perhaps sent: say first whether it is there.")
    record.stamp = stamp
    said = f"{intake.LEFT}{actor}: {reason}"
    move(Move(record, State.SKIPPED, "person.left", said, actor=actor, fields={"said": said[:300]}), clock.now())
    return "It is left as it is; nothing of it is sent."


def close(problem: Problem, actor: str, reason: str) -> str:
    """For problems that no record waits for: those end by themselves."""
    now = clock.now()
    if Record.objects.filter(problem=problem).exists():
        raise NotNow("Records wait for this: it closes by itself when the last of them goes on.")
    if not Problem.objects.filter(pk=problem.pk, closed_at=None).update(closed_at=now):
        raise NotNow("It is closed already.")
    said = f"{problem}: {reason}"
    trail.write([trail.entry(problem.workspace_id, "person.closed", at=now, said=said, actor=actor)])
    return "It is closed."


def _renew(record: Record, stamp: int, actor: str, said: str, now: datetime, **fields: object) -> None:
    record.stamp = stamp
    fresh = {"payload": None, "due_at": now, "tries": 0, "frozen": False, "rounds": 0, "hold_until": None, **fields}
    move(Move(record, State.DUE, "person.retried", said, actor=actor, fields=fresh), now)
    bell.ring(record.source_lane_id)


def _soon(record: Record, stamp: int, actor: str, said: str, now: datetime) -> str:
    """Makes due what the target lane does with it anyway: a look, or the look at its release. Sends nothing."""
    with transaction.atomic():
        rows = Record.objects.filter(pk=record.pk, stamp=stamp, state=record.state)
        if not rows.update(due_at=now, stamp=stamp + 1):
            raise Stale(str(record))
        line = trail.entry(record.workspace_id, "person.looked", at=now, said=said, actor=actor, record_id=record.pk)
        trail.write([line])
    bell.ring(record.target_lane_id)
    return said
