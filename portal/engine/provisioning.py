"""Setting up from a file: workspaces, people, connections, links and mappings. Safe to run again with the same file."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction

from connectors import registry
from mappings.models import Mapping, Period
from portal.engine import accounts, choices, clock, links, schedules
from portal.engine.decide import NotNow
from portal.engine.examine import examine
from portal.models import Connection, FlowSetting, Link, Membership, Workspace

ACTOR = "provision"


class Wrong(Exception):
    """The file asks for something that cannot be; the sentence names the place."""


@dataclass
class Made:
    hooks: dict[str, str] = field(default_factory=dict)
    """Connection → path to give to the outside system."""
    failed: dict[str, list[str]] = field(default_factory=dict)
    """Connection → what its examination found wrong."""


def provision(plan: dict[str, Any]) -> Made:
    made = Made()
    for one in _rows(plan, "workspaces"):
        workspace = _workspace(one)
        for person in _rows(one, "people"):
            _person(workspace, person)
        by_name = {row["name"]: _connection(workspace, row, made) for row in _rows(one, "connections")}
        for row in _rows(one, "links"):
            _link(by_name, row)
    return made


def _rows(of: dict[str, Any], name: str) -> list[dict[str, Any]]:
    rows = of.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Wrong(f"{name} must be a list of objects.")
    return rows


def _need(row: dict[str, Any], name: str, where: str) -> Any:
    if name not in row:
        raise Wrong(f"{where}: {name} is missing.")
    return row[name]


def _workspace(row: dict[str, Any]) -> Workspace:
    name = _need(row, "name", "workspace")
    try:
        workspace = Workspace.named(name) or Workspace.objects.create(name=name)
    except Workspace.MultipleObjectsReturned as several:
        raise Wrong(str(several)) from None
    zone = row.get("time_zone", workspace.time_zone)
    if zone != workspace.time_zone:
        workspace.time_zone = zone
        workspace.save(update_fields=["time_zone"])
    return workspace


def _person(workspace: Workspace, row: dict[str, Any]) -> None:
    users = get_user_model()
    name = _need(row, "username", "people")
    user, made = users.objects.get_or_create(username=name, defaults={"email": row.get("email", ""), "is_staff": True})
    if made:
        user.set_password(_need(row, "password", f"people {name}"))
        user.is_superuser = bool(row.get("operator", False))
        user.save()
    if user.is_superuser and "role" not in row:
        return
    Membership.objects.update_or_create(
        workspace=workspace, user=user, defaults={"role": row.get("role", Membership.Role.OWNER)}
    )


def _connection(workspace: Workspace, row: dict[str, Any], made: Made) -> Connection:
    name, system = _need(row, "name", "connections"), _need(row, "system", "connections")
    if system not in registry.SYSTEMS:
        raise Wrong(f"connections {name}: there is no system {system}; known are {', '.join(registry.SYSTEMS)}.")
    connection, _ = Connection.objects.get_or_create(workspace=workspace, name=name, defaults={"system": system})
    credentials, secrets = row.get("credentials", {}), row.get("hook_secrets", connection.hook_secrets())
    wanted = {**connection.settings, **row.get("settings", {})}  # what a probe found stays
    changed = connection.credentials() != credentials or connection.settings != wanted
    if changed or connection.hook_secrets() != secrets:
        connection.set_hook_secrets(secrets)
        connection.settings = wanted
        connection.save()
    if changed:
        accounts.enter(connection, credentials)
    if changed or not connection.account:
        checks = list(examine(connection, ACTOR))
        made.failed[name] = [f"{c.label}: {c.said} {c.cure}".strip() for c in checks if c.outcome == "failed"]
        connection.refresh_from_db()
        if connection.health == Connection.Health.OK and registry.system(system).choices:
            choices.refresh(connection)
    if registry.system(system).hook:
        made.hooks[name] = f"/hooks/{connection.hook}/"
    _periods(connection, row)
    return connection


def _periods(connection: Connection, row: dict[str, Any]) -> None:
    for one in _rows(row, "periods"):
        Period.objects.update_or_create(
            connection=connection,
            entity=one.get("entity", ""),
            module=_need(one, "module", "periods"),
            defaults={"closed_to": date.fromisoformat(_need(one, "closed_to", "periods")), "learned": False},
        )


def _link(by_name: dict[str, Connection], row: dict[str, Any]) -> None:
    integration = _need(row, "integration", "links")
    if integration not in registry.INTEGRATIONS:
        raise Wrong(f"links: there is no integration {integration}; known are {', '.join(registry.INTEGRATIONS)}.")
    try:
        source, target = by_name[_need(row, "source", "links")], by_name[_need(row, "target", "links")]
    except KeyError as missing:
        raise Wrong(f"links: there is no connection {missing} in this workspace.") from None
    try:
        link = links.make(
            source=source,
            target=target,
            integration=integration,
            name=row.get("name") or registry.integration(integration).label,
            start_at=_instant(row.get("start_at")),
            options=row.get("options", {}),
        )
    except links.NotPossible as error:
        raise Wrong(f"links {integration}: {error}") from None
    for one in _rows(row, "mappings"):
        _mapping(link.pk, one)
    for flow, mode in row.get("flows", {}).items():
        links.set_mode(link, flow, mode, ACTOR)
    for flow, schedule in row.get("schedules", {}).items():
        _schedule(link, flow, schedule)


def _schedule(link: Link, flow: str, given: dict[str, Any]) -> None:
    every, at = given.get("every_minutes"), given.get("daily_at")
    try:
        if every is not None and not isinstance(every, int):
            raise ValueError(every)
        schedules.set_schedule(link, flow, every, time.fromisoformat(at) if at else None, ACTOR)
    except (ValueError, TypeError, FlowSetting.DoesNotExist, NotNow):
        said = 'a flow with {"every_minutes": 1 to 1440}, {"daily_at": "18:00"}, both or neither'
        raise Wrong(f"links {link.integration}: the schedule of {flow} is wrong; it is {said}.") from None


def _mapping(link_id: int, row: dict[str, Any]) -> None:
    since = row.get("valid_from")
    key = {
        "link_id": link_id,
        "table": _need(row, "table", "mappings"),
        "source": _need(row, "source", "mappings"),
        "valid_from": date.fromisoformat(since) if since else None,
        "retired": False,
    }
    target, facts = _need(row, "target", "mappings"), row.get("facts", {})
    known = Mapping.objects.filter(**key).first()
    if known is None:
        Mapping.objects.create(**key, target=target, facts=facts, saved_by=ACTOR)
    elif (known.target, known.facts) != (target, facts):
        replace(known, target, facts, ACTOR)


def replace(known: Mapping, target: str, facts: dict[str, str], actor: str) -> Mapping:
    """Changes a mapping without losing what it was: the old row stays, retired, for the traces that name it."""
    with transaction.atomic():
        known.retired = True
        known.save(update_fields=["retired"])
        return _next_version(known, target, facts, actor)


def _next_version(known: Mapping, target: str, facts: dict[str, str], actor: str) -> Mapping:
    return Mapping.objects.create(
        link_id=known.link_id,
        table=known.table,
        source=known.source,
        valid_from=known.valid_from,
        target=target,
        facts=facts,
        version=known.version + 1,
        saved_by=actor,
    )


def _instant(value: str | None) -> datetime:
    if not value:
        return clock.now()
    instant = datetime.fromisoformat(value)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
