"""Making and changing links: what is checked before an integration is switched on between two connections."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from audit import trail
from audit.models import Record, State
from audit.states import Move, move_all
from connectors import registry
from portal.engine import clock, intake, lanes, schedules
from portal.engine.files import telling
from portal.models import Connection, FlowSetting, Lane, Link


class NotPossible(Exception):
    """This link cannot be made; the sentence says what to do."""


def make(
    *, source: Connection, target: Connection, integration: str, name: str, start_at: datetime, options: dict[str, Any]
) -> Link:
    """Switches an integration on, all its flows off; making the same link again returns it with the new options."""
    declared = registry.integration(integration)
    if (source.system, target.system) != (declared.source, declared.target):
        raise NotPossible(f"{declared.label} goes from {declared.source} to {declared.target}.")
    if source.workspace_id != target.workspace_id:
        raise NotPossible("Both connections must belong to the workspace.")
    if not source.account or not target.account:
        raise NotPossible("Ping both connections first: it must be known whom they lead to.")
    with transaction.atomic():
        own = Link.objects.filter(source=source, target=target, integration=integration, removed=False).first()
        refuse_overlap(integration, source.account_key, target.account_key, own.pk if own else None)
        link, _ = Link.objects.update_or_create(
            source=source,
            target=target,
            integration=integration,
            removed=False,
            defaults={"workspace": source.workspace, "name": name, "start_at": start_at, "options": options},
        )
        for place, flow in enumerate(declared.flows):
            FlowSetting.objects.get_or_create(link=link, flow=flow.key, defaults={"place": place})
        lanes.of(source.account_key, Lane.Side.READ)
        lanes.of(target.account_key, Lane.Side.WRITE)
        intake.ensure_cursors(source)
    return link


def refuse_overlap(integration: str, source_key: str, target_key: str, own: int | None) -> None:
    """Facts are keyed by account and company: a second link on the same pair could only stand in the first one's way.
    The words do not tell whether the other one is in another workspace."""
    for link in Link.objects.filter(integration=integration, removed=False).select_related("source", "target"):
        if link.pk != own and (link.source.account_key, link.target.account_key) == (source_key, target_key):
            raise NotPossible("These two accounts cannot be linked once more with this integration.")


def set_mode(link: Link, flow: str, mode: str, actor: str) -> None:
    """In one transaction with the revision that grows: what was prepared in preview is prepared anew before it goes."""
    with transaction.atomic():
        _set_mode(link, flow, mode, actor)


def _set_mode(link: Link, flow: str, mode: str, actor: str) -> None:
    setting = FlowSetting.objects.get(link=link, flow=flow)
    if setting.mode == mode:
        return
    before, setting.mode = setting.mode, mode
    setting.save(update_fields=["mode"])
    if mode == FlowSetting.Mode.LIVE:
        schedules.begin_again(setting, link.workspace.time_zone)
    if before == FlowSetting.Mode.OFF:
        intake.read_again(link.source)
        telling.tell_again(link.source)
    said = f"{link}: {flow} from {before} to {mode}"
    trail.write([trail.entry(link.workspace_id, "flow.mode", at=clock.now(), said=said, actor=actor)])


def set_start(link: Link, start: datetime, actor: str) -> None:
    """Another start. What it lets in now is read; what it shuts out and was never sent posts nothing. Runs in the
    caller's transaction."""
    before = link.start_at
    if start == before:
        return
    link.start_at = start
    link.save(update_fields=["start_at"])
    facts = Record.objects.filter(link=link, digest="")
    if start < before:
        early = facts.filter(state=State.SKIPPED, said=intake.BEFORE_START, happened_at__gte=start)
        _move(early, State.DUE, "record.wanted", f"the start of {link} is earlier now", actor)
    else:
        unsent = facts.filter(state__in=[State.DUE, State.READY, State.WAITING, State.FAILED], happened_at__lt=start)
        unsent = unsent.filter(frozen=False, posting=None, attempts=None)
        _move(unsent, State.SKIPPED, "record.skipped", intake.BEFORE_START, actor, said=intake.BEFORE_START)
    said = f"{link}: start from {before.isoformat()} to {start.isoformat()}"
    trail.write([trail.entry(link.workspace_id, "link.start", at=clock.now(), said=said, actor=actor)])


def _move(rows: QuerySet[Record], state: str, what: str, why: str, actor: str, *, said: str = "") -> None:
    now = clock.now()
    fresh = {"due_at": now, "tries": 0, "payload": None} if state == State.DUE else {"said": said}
    while batch := list(rows[:500]):
        if not move_all([Move(one, state, what, why, actor=actor, fields=fresh) for one in batch], now):
            return  # all of them were moved by others meanwhile
