"""Putting a file away, once each of its rows has an outcome in our database."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from audit import trail
from audit.files import FileReading, RemoteFile
from audit.models import Delivery, Problem, Record
from connectors.errors import ConnectorError, Denied
from connectors.files import Changed, Where
from portal.engine import access, clock, intake, queues
from portal.engine.files.fetching import as_seen
from portal.models import Connection

PENDING = "file.not_put_away"


def waiting() -> QuerySet[RemoteFile]:
    """Read to the end, or rejected, and no record of it moves any more: what still waits, waits for a person."""
    moving = Record.objects.filter(told_by__delivery=OuterRef("delivery"), state__in=queues.AT_WORK).exclude(
        queues.ASIDE
    )
    read = RemoteFile.objects.filter(
        state=RemoteFile.State.FETCHED, delivery__status__in=[Delivery.Status.DONE, Delivery.Status.REFUSED]
    )
    return read.exclude(Exists(moving))


def due(now: datetime) -> QuerySet[RemoteFile]:
    return waiting().filter(due_at__lte=now).filter(connection__health=Connection.Health.OK)


def put_away_next(connections: Sequence[Connection]) -> bool:
    rows = due(clock.now()).filter(connection__in=connections)
    row = rows.select_related("connection", "delivery").order_by("due_at", "pk").first()
    if row is None:
        return False
    try:
        _put_away(row)
    except Denied as error:
        intake.deny(row.connection, error)
    except Changed as error:
        said = f"put away by nobody: {error.said}"
        RemoteFile.objects.filter(pk=row.pk).update(state=RemoteFile.State.GONE, said=said[:300])
        _close(row, clock.now())
    except ConnectorError as error:
        _pending(row, error)
    return True


def _put_away(row: RemoteFile) -> None:
    assert row.delivery and row.fetched_at
    reading = FileReading.objects.get(delivery=row.delivery)
    where: Where = "error" if row.delivery.status == Delivery.Status.REFUSED else "archive"
    place = access.client(row.connection).put_away(as_seen(row), reading.sha256, where, row.fetched_at)
    now = clock.now()
    own = f"{row.folder.rstrip('/')}/{row.name}"
    state = RemoteFile.State.LEFT if place == own else RemoteFile.State.PUT_AWAY
    with transaction.atomic():
        if RemoteFile.objects.filter(pk=row.pk, state=RemoteFile.State.FETCHED).update(state=state, place=place[:800]):
            said = f"{row} lies at {place}"
            trail.write([trail.entry(row.connection.workspace_id, "file.put_away", at=now, said=said)])
        _close(row, now)


def _pending(row: RemoteFile, error: ConnectorError) -> None:
    """Visible, and tried at every look; the content is known by its hash and never posted again."""
    now = clock.now()
    later = clock.back_off(row.tries, now)
    RemoteFile.objects.filter(pk=row.pk).update(due_at=later, tries=row.tries + 1, said=error.said[:300])
    Problem.objects.get_or_create(
        workspace_id=row.connection.workspace_id,
        link=None,
        code=PENDING,
        value=str(row)[:255],
        closed_at=None,
        defaults={
            "said": f"{row} is done and could not be put away: {error.said}",
            "cure": error.cure or "Let the account rename files into the archive folder, or choose to leave them.",
            "who": "owner",
            "opened_at": now,
        },
    )


def _close(row: RemoteFile, now: datetime) -> None:
    rows = Problem.objects.filter(workspace_id=row.connection.workspace_id, code=PENDING, value=str(row)[:255])
    rows.filter(closed_at=None).update(closed_at=now)
