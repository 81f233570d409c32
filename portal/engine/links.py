"""Making and changing links: what is checked before an integration is switched on between two connections."""

from datetime import datetime
from typing import Any

from django.db import transaction

from audit import trail
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
