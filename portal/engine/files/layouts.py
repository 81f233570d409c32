"""Layouts: how the files of a connection are understood, confirmed by a person on a real file."""

from collections.abc import Sequence

from django.db import transaction

from audit import trail
from audit.files import FileReading
from audit.models import Delivery
from connectors.files import Shown
from portal.engine import access, bell, clock, lanes
from portal.engine.decide import NotNow
from portal.engine.files.fetching import stream
from portal.engine.files.reading import UNCONFIRMED, read_on
from portal.models import Connection, Lane

KEPT = "confirmed_layouts"
"""Setting of a connection: the layouts that were confirmed, the newest first."""


def shown(delivery: Delivery) -> Shown:
    told: Shown = access.client(delivery.connection).shown(stream(_reading(delivery)), delivery.object_id)
    return told


def waits(delivery: Delivery) -> bool:
    return _reading(delivery).code == UNCONFIRMED


def _reading(delivery: Delivery) -> FileReading:
    return FileReading.objects.get(delivery=delivery)


def confirm(delivery: Delivery, names: Sequence[str], actor: str) -> None:
    """Keeps the layout with the connection; files that waited for it are read now. Raises Malformed, NotNow."""
    client = access.client(delivery.connection)
    if len(names) != len(client.shown(stream(_reading(delivery)), delivery.object_id).columns):
        raise NotNow("The page does not fit the file any more: look at it again.")
    layout = client.confirmed(stream(_reading(delivery)), delivery.object_id, names)
    with transaction.atomic():
        connection = Connection.objects.select_for_update().get(pk=delivery.connection_id)
        others = [one for one in connection.settings.get(KEPT) or [] if one["fingerprint"] != layout["fingerprint"]]
        connection.settings = {**connection.settings, KEPT: [layout, *others]}
        connection.save(update_fields=["settings"])
        used = ", ".join(f"{header} is {name}" for header, name in layout["columns"] if name)
        said = f"{connection}: the layout of {delivery.object_id} is confirmed: {used}"
        now = clock.now()
        trail.write(
            [trail.entry(connection.workspace_id, "layout.confirmed", at=now, said=said, actor=actor, data=layout)]
        )
        read_on(connection)
    bell.ring(lanes.of(connection.account_key, Lane.Side.READ).pk)
