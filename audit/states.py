"""The one place that changes the state of a record.

    DUE ──► READY ──► SENDING ──► POSTED
     ▲        │ ▲        │  │
     │        ▼ │        │  └──► UNSURE ──► POSTED, READY (absence proved), WAITING (a person decides)
     └── WAITING, FAILED, SKIPPED ◄── what preparing, or a definite refusal, says

UNSURE is left only by looking, or by the true answer to what was sent; such an answer may also come late and turn any
state into POSTED, for facts are never fenced. POSTED turns into WAITING for the target's approval when reading back
shows that it was created there but not posted. Every change writes its trail entry in the same
transaction and is conditional on the stamp that the caller saw: who comes second changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from audit import trail
from audit.models import Problem, Record, State, WaitsFor

S = State
ALLOWED: dict[str, frozenset[str]] = {
    S.DUE: frozenset({S.DUE, S.READY, S.WAITING, S.FAILED, S.SKIPPED, S.POSTED}),
    S.READY: frozenset({S.DUE, S.READY, S.SENDING, S.WAITING, S.FAILED, S.POSTED, S.SKIPPED}),
    S.SENDING: frozenset({S.READY, S.UNSURE, S.WAITING, S.FAILED, S.POSTED}),
    S.UNSURE: frozenset({S.UNSURE, S.READY, S.WAITING, S.FAILED, S.POSTED}),
    S.WAITING: frozenset({S.DUE, S.READY, S.WAITING, S.FAILED, S.SKIPPED, S.POSTED}),
    S.FAILED: frozenset({S.DUE, S.READY, S.WAITING, S.FAILED, S.SKIPPED, S.POSTED}),
    S.POSTED: frozenset({S.POSTED, S.WAITING}),
    S.SKIPPED: frozenset({S.DUE, S.SKIPPED, S.POSTED}),
}

WHO: dict[str, str] = {
    WaitsFor.MAPPING: "finance",
    WaitsFor.PERIOD: "controller",
    WaitsFor.SETTINGS: "controller",
    WaitsFor.DECISION: "finance",
    WaitsFor.APPROVAL: "approver",
    WaitsFor.TARGET_APPROVAL: "approver at the target",
}


class Stale(Exception):
    """Somebody else changed the record since it was read. Nothing was changed now."""


class Forbidden(Exception):
    """A change of state that the machine does not have: a bug of the caller."""


@dataclass(frozen=True)
class Trouble:
    """Why a record cannot go on, in words for the person who can help."""

    code: str
    said: str
    value: str = ""
    cure: str = ""
    who: str = ""


@dataclass
class Move:
    """A change of one record. `fields` are further columns to set; `trouble` goes with WAITING and FAILED."""

    record: Record
    to: str
    what: str
    said: str = ""
    actor: str = trail.ENGINE
    data: dict[str, Any] | None = None
    waits_for: str = ""
    trouble: Trouble | None = None
    fields: dict[str, Any] = field(default_factory=dict)


def move(one: Move, now: datetime) -> None:
    """Changes one record. Raises Stale or Forbidden."""
    if not move_all([one], now):
        raise Stale(str(one.record))


def move_all(moves: Sequence[Move], now: datetime) -> list[Move]:
    """Changes many records in one transaction and returns the moves that were made; stale ones are left out."""
    with transaction.atomic(savepoint=False):
        made = [one for one in moves if _change(one, now)]
        trail.write(
            trail.entry(
                one.record.workspace_id,
                one.what,
                at=now,
                said=one.said or (one.trouble.said if one.trouble else ""),
                actor=one.actor,
                record_id=one.record.pk,
                data=one.data,
            )
            for one in made
        )
    return made


def _change(one: Move, now: datetime) -> bool:
    record = one.record
    if one.to not in ALLOWED[record.state]:
        raise Forbidden(f"{record} from {record.state} to {one.to}")
    problem = _problem(one, now) if one.trouble and not _ends_by_itself(one) else None
    changes = {
        "state": one.to,
        "waits_for": one.waits_for,
        "code": one.trouble.code if one.trouble else "",
        "said": trail.clean(one.trouble.said) if one.trouble else "",
        "problem": problem,
        "stamp": record.stamp + 1,
        "changed_at": now,
        **({"waits_on_flow": "", "waits_on_key": ""} if one.to != S.WAITING else {}),
        **one.fields,
    }
    rows = Record.objects.filter(pk=record.pk, stamp=record.stamp, state=record.state)
    if not rows.update(**changes):
        return False
    for name, value in changes.items():
        setattr(record, name, value)
    return True


def _ends_by_itself(one: Move) -> bool:
    """Waiting for an earlier record is nobody's trouble, unless somebody can do something about it."""
    return one.waits_for == WaitsFor.DEPENDENCY and one.trouble is not None and not one.trouble.cure


def _problem(one: Move, now: datetime) -> Problem:
    trouble = one.trouble
    assert trouble
    problem, _ = Problem.objects.get_or_create(
        workspace_id=one.record.workspace_id,
        link_id=one.record.link_id,
        code=trouble.code[:80],
        value=trail.clean(trouble.value)[:255],
        closed_at=None,
        defaults={
            "said": trail.clean(trouble.said),
            "cure": trail.clean(trouble.cure),
            "who": trouble.who or WHO.get(one.waits_for, "support"),
            "opened_at": now,
        },
    )
    return problem
