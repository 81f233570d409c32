"""Looking into the folder: what is new there, what still grows, what stands still."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction

from audit import trail
from audit.files import RemoteFile
from audit.models import Problem
from connectors.errors import ConnectorError, Denied
from connectors.files import FEED, Listing
from connectors.files import RemoteFile as Seen
from portal.engine import access, clock, intake
from portal.engine.files import expecting
from portal.models import Connection, Cursor

SETTLE = 30.0


def look_next(connections: Sequence[Connection]) -> bool:
    now = clock.now()
    cursor = (
        Cursor.objects.filter(feed=FEED, due_at__lte=now, connection__in=connections)
        .select_related("connection__workspace")
        .order_by("due_at", "pk")
        .first()
    )
    if cursor is None:
        return False
    connection = cursor.connection
    try:
        listing = access.client(connection).list_files()
    except Denied as error:
        intake.deny(connection, error)
    except ConnectorError as error:
        due = clock.back_off(cursor.tries, now)
        Cursor.objects.filter(pk=cursor.pk).update(due_at=due, tries=cursor.tries + 1, said=error.said[:300])
    else:
        now = clock.now()
        with transaction.atomic():
            settling = take(connection, listing, now)
            due = clock.in_seconds(min(_settle(connection), every(connection)) if settling else every(connection), now)
            Cursor.objects.filter(pk=cursor.pk).update(due_at=due, tries=0, said="", read_at=now)
        expecting.notice(connection, now)
    return True


def every(connection: Connection) -> float:
    """Seconds between two looks."""
    own = connection.settings.get("poll_seconds")
    return settings.WAITS.poll or float(own or access.system(connection).feeds[FEED])


def _settle(connection: Connection) -> float:
    return float(connection.settings.get("settle_seconds", SETTLE))


def take(connection: Connection, listing: Listing, now: datetime) -> bool:
    """Keeps what the listing shows. True: something has to be looked at once more before it is fetched."""
    known = {
        (row.folder, row.name): row
        for row in RemoteFile.objects.filter(connection=connection, state__in=RemoteFile.HERE)
    }
    settling = [_take(connection, known.pop((seen.folder, seen.name), None), seen, now) for seen in listing.files]
    for row in known.values():
        if row.state in (RemoteFile.State.SEEN, RemoteFile.State.STEADY, RemoteFile.State.LEFT):
            _gone(row, "it is not there any more")
    for name, why in listing.refused:
        _refused(connection, name, why, now)
    return any(settling)


def _take(connection: Connection, row: RemoteFile | None, seen: Seen, now: datetime) -> bool:
    if row and (row.size, row.mtime) == (seen.size, seen.mtime):
        return row.state == RemoteFile.State.SEEN and not _steady(connection, row, now) and bool(row.size)
    if row:
        _gone(row, "it was written anew")
    RemoteFile.objects.create(
        connection=connection,
        folder=seen.folder,
        name=seen.name,
        size=seen.size,
        mtime=seen.mtime,
        seen_at=now,
        due_at=now,
    )
    return bool(seen.size)  # an empty one has a whole interval to be filled


def _steady(connection: Connection, row: RemoteFile, now: datetime) -> bool:
    """A second look shows the same: after the time to settle it is fetched; an empty one after a whole interval."""
    wanted = _settle(connection) if row.size else max(_settle(connection), every(connection))
    if (now - row.seen_at).total_seconds() < wanted:
        return False
    RemoteFile.objects.filter(pk=row.pk, state=RemoteFile.State.SEEN).update(state=RemoteFile.State.STEADY, due_at=now)
    return True


def _gone(row: RemoteFile, said: str) -> None:
    RemoteFile.objects.filter(pk=row.pk).update(state=RemoteFile.State.GONE, said=said)


def _refused(connection: Connection, name: str, why: str, now: datetime) -> None:
    _, made = Problem.objects.get_or_create(
        workspace_id=connection.workspace_id,
        link=None,
        code="file.name_refused",
        value=f"{connection.name}: {name}"[:255],
        closed_at=None,
        defaults={
            "said": f"{name} in the folder of {connection.name} is never opened: {why}.",
            "cure": "Remove it there, or give it a plain name; then close this.",
            "who": "owner",
            "opened_at": now,
        },
    )
    if made:
        said = f"{connection}: {name} is not opened: {why}"
        trail.write([trail.entry(connection.workspace_id, "file.name_refused", at=now, said=said)])
