"""Opening a connection: its client, with our wire, its slots and its sealed sessions."""

import importlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from django.conf import settings

from connectors import registry
from connectors.base import Access, Integration, Json, Limits, System
from connectors.http import HttpWire
from portal import sealed
from portal.engine.kept import KeptRows
from portal.engine.slots import RowGate
from portal.models import Connection, FlowSetting, Link, SealedSession

_open = threading.local()


def system(connection: Connection) -> System:
    return registry.system(connection.system)


def integration(link: Link) -> Integration:
    return registry.integration(link.integration)


def load_plugins() -> None:
    for name in settings.PLUGINS:
        importlib.import_module(name)


def limits(system: System) -> Limits:
    """The numbers of a system, as the environment overrides them."""
    own, waits = system.limits, settings.WAITS
    return Limits(
        in_flight=own.in_flight,
        batch_start=settings.BATCH or own.batch_start,
        batch_max=settings.BATCH or own.batch_max,
        write_deadline=waits.write_deadline or own.write_deadline,
        read_deadline=waits.read_deadline or own.read_deadline,
        processing=own.processing if waits.processing < 0 else waits.processing,
        margin=own.margin if waits.margin < 0 else waits.margin,
        pause_start=min(own.pause_start, waits.retry_start),
        calls_per_hour=own.calls_per_hour,
        calls_per_day=own.calls_per_day,
    )


def client(connection: Connection) -> Any:
    """The client of a connection, one per thread; made anew when its credentials, its settings or what was found out
    about it have changed."""
    clients: dict[int, tuple[Any, Any]] = _open.__dict__.setdefault("clients", {})
    known_of_it = repr((connection.settings, connection.facts))
    fingerprint = (bytes(connection.sealed_credentials or b""), known_of_it, connection.slot_key)
    known = clients.get(connection.pk)
    if known is None or known[0] != fingerprint:
        known = clients[connection.pk] = (fingerprint, _connect(connection))
    return known[1]


def examiner(connection: Connection) -> Any:
    """A client for one examination, which is told what the links of the connection post."""
    return _connect(connection, {"kinds": sorted(kinds(connection))})


def kinds(connection: Connection) -> set[str]:
    """Of the documents that its links post: those of flows that are not off."""
    rows = FlowSetting.objects.filter(link__target=connection, link__removed=False).exclude(mode=FlowSetting.Mode.OFF)
    on = {(row.link.integration, row.flow) for row in rows.select_related("link")}
    return {flow.kind for of, key in on for flow in registry.integration(of).flows if flow.key == key}


def _connect(connection: Connection, more: Mapping[str, Any] | None = None) -> Any:
    of = system(connection)
    gate = RowGate(connection.slot_key, connection.pk)
    wire = HttpWire(gate, settings.REACHABLE)
    waits = limits(of)
    seconds = {"read_seconds": waits.read_deadline, "write_seconds": waits.write_deadline}
    return of.connect(
        Access(
            credentials(of, connection.credentials()),
            wire,
            SessionRows(connection.pk, connection.workspace_id),
            {**seconds, "hook_url": hook_url(connection), **connection.facts, **connection.settings, **(more or {})},
            gate=gate,
            reachable=settings.REACHABLE,
            kept=KeptRows(connection.pk),
        )
    )


def hook_url(connection: Connection) -> str:
    """Where the outside system sends its deliveries to."""
    return f"{settings.PUBLIC_URL.rstrip('/')}/hooks/{connection.hook}/"


def credentials(of: System, values: dict[str, Any]) -> Any:
    """The typed credentials; unknown names are left out, so that an older row still opens."""
    names = {one.name for one in fields(of.credentials)}
    return of.credentials(**{name: value for name, value in values.items() if name in names})


@dataclass(frozen=True)
class SessionRows:
    """Sign-ins kept sealed in the database, shared by all processes."""

    connection_id: int
    workspace_id: int
    FIELD = "connection.session"

    def load(self, key: str) -> Json | None:
        row = SealedSession.objects.filter(connection_id=self.connection_id, key=key).first()
        if row is None:
            return None
        value: Json = sealed.unseal(bytes(row.sealed_value), workspace_id=self.workspace_id, field=self.FIELD)
        return value

    def save(self, key: str, value: Json) -> None:
        box = sealed.seal(value, workspace_id=self.workspace_id, field=self.FIELD)
        SealedSession.objects.update_or_create(
            connection_id=self.connection_id, key=key, defaults={"sealed_value": box}
        )

    def drop(self, key: str) -> None:
        SealedSession.objects.filter(connection_id=self.connection_id, key=key).delete()
