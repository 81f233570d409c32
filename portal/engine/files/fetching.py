"""Fetching a file that stands still: its bytes into the database, piece by piece."""

import hashlib
import io
import json
import logging
from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from audit import trail
from audit.files import FilePart, FileReading, RemoteFile
from audit.models import Delivery
from connectors.errors import ConnectorError, Denied
from connectors.files import Changed, Fetched, FileRejected
from connectors.files import RemoteFile as Seen
from portal.engine import access, clock, intake
from portal.engine.files.rejecting import reject
from portal.models import Connection, Cursor

log = logging.getLogger(__name__)
FILE = "file"
"""The type of a delivery that is a file."""


def due(now: datetime) -> QuerySet[RemoteFile]:
    rows = RemoteFile.objects.filter(state=RemoteFile.State.STEADY, due_at__lte=now)
    return rows.filter(connection__health=Connection.Health.OK)


def fetch_next(connections: Sequence[Connection]) -> bool:
    """In the order in which they were written."""
    rows = due(clock.now()).filter(connection__in=connections).select_related("connection")
    row = rows.order_by("mtime", "name").first()
    if row is None:
        return False
    try:
        _fetch(row)
    except Denied as error:
        intake.deny(row.connection, error)
    except Changed as error:
        _look_anew(row, error)
    except FileRejected as error:
        _never_read(row, error)
    except ConnectorError as error:
        later = clock.back_off(row.tries, clock.now())
        RemoteFile.objects.filter(pk=row.pk).update(due_at=later, tries=row.tries + 1, said=error.said[:300])
    except Exception as error:
        log.exception("fetching %s", row)
        later = clock.back_off(row.tries, clock.now())
        said = f"{type(error).__name__} in our own code"
        RemoteFile.objects.filter(pk=row.pk).update(due_at=later, tries=row.tries + 1, said=said)
    return True


def as_seen(row: RemoteFile) -> Seen:
    return Seen(row.folder, row.name, row.size, row.mtime)


def _fetch(row: RemoteFile) -> None:
    delivery = _begin(row)
    pieces = _Pieces(delivery)
    try:
        fetched = access.client(row.connection).fetch(as_seen(row), pieces.write)
    except BaseException:
        delivery.delete()
        raise
    pieces.end()
    _kept(row, delivery, fetched)


def _begin(row: RemoteFile) -> Delivery:
    """What an earlier try left is dropped: half a file is no file."""
    Delivery.objects.filter(status=Delivery.Status.ARRIVING, lies_at=row).delete()
    now = clock.now()
    delivery = Delivery.objects.create(
        connection=row.connection,
        status=Delivery.Status.ARRIVING,
        event_type=FILE,
        object_id=row.name[:255],
        event_at=now,
        body=b"",
        arrived_at=now,
        due_at=now,
    )
    RemoteFile.objects.filter(pk=row.pk).update(delivery=delivery)
    return delivery


class _Pieces:
    def __init__(self, delivery: Delivery) -> None:
        self.delivery, self.number, self.held = delivery, 0, bytearray()

    def write(self, data: bytes) -> None:
        self.held += data
        while len(self.held) >= FilePart.SIZE:
            self._keep(bytes(self.held[: FilePart.SIZE]))
            del self.held[: FilePart.SIZE]

    def end(self) -> None:
        if self.held:
            self._keep(bytes(self.held))

    def _keep(self, body: bytes) -> None:
        FilePart.objects.create(delivery=self.delivery, number=self.number, body=body)
        self.number += 1


def _kept(row: RemoteFile, delivery: Delivery, fetched: Fetched) -> None:
    """The file is ours now. The same bytes as before make no second delivery: there is only one more file to put away.
    Whoever comes second, because a lane changed hands meanwhile, changes nothing."""
    now = clock.now()
    with transaction.atomic():
        same = _same(delivery, fetched)
        said = f"the same bytes as {same.object_id} of {same.arrived_at:%Y-%m-%d %H:%M}" if same else ""
        mine = RemoteFile.objects.filter(pk=row.pk, state=RemoteFile.State.STEADY, delivery=delivery)
        taken = mine.update(
            state=RemoteFile.State.FETCHED, delivery=same or delivery, fetched_at=now, due_at=now, tries=0, said=said
        )
        if same or not taken:
            delivery.delete()
        if taken:
            text = f"{row.name}, {fetched.size} bytes, SHA-256 {fetched.sha256}" + (f": {said}" if said else "")
            data = {"file": str(row), "sha256": fetched.sha256}
            trail.write([trail.entry(row.connection.workspace_id, "file.fetched", at=now, said=text, data=data)])


def _same(delivery: Delivery, fetched: Fetched) -> Delivery | None:
    """The delivery that holds these bytes already; else this one becomes it."""
    name = f"sha256:{fetched.sha256}"
    known = Delivery.objects.filter(connection=delivery.connection, event_id=name).first()
    if known:
        return known
    try:
        with transaction.atomic():
            Delivery.objects.filter(pk=delivery.pk).update(event_id=name, status=Delivery.Status.READING)
    except IntegrityError:
        return Delivery.objects.get(connection=delivery.connection, event_id=name)
    FileReading.objects.create(delivery=delivery, size=fetched.size, sha256=fetched.sha256)
    return None


def _look_anew(row: RemoteFile, error: Changed) -> None:
    now = clock.now()
    RemoteFile.objects.filter(pk=row.pk).update(
        state=RemoteFile.State.SEEN, seen_at=now, tries=0, said=error.said[:300], delivery=None
    )
    Cursor.objects.filter(connection=row.connection, feed="files").update(due_at=now)


def _never_read(row: RemoteFile, error: FileRejected) -> None:
    """Refused before it was read, for its size: kept apart without its bytes."""
    now = clock.now()
    stamp = hashlib.sha256(json.dumps([str(row), row.size, row.mtime]).encode()).hexdigest()
    with transaction.atomic():
        delivery, _ = Delivery.objects.get_or_create(
            connection=row.connection,
            event_id=f"unread:{stamp}",
            defaults={
                "status": Delivery.Status.READING,
                "event_type": FILE,
                "object_id": row.name[:255],
                "event_at": now,
                "body": b"",
                "arrived_at": now,
                "due_at": now,
            },
        )
        FileReading.objects.get_or_create(delivery=delivery, defaults={"size": row.size, "sha256": stamp})
        RemoteFile.objects.filter(pk=row.pk).update(
            state=RemoteFile.State.FETCHED, delivery=delivery, fetched_at=now, due_at=now, tries=0
        )
        reject(delivery, error, now)


class Bytes(io.RawIOBase):
    """The bytes of a delivery as a seekable stream; one piece is in memory at a time."""

    def __init__(self, delivery_id: int, size: int) -> None:
        self.delivery_id, self.size = delivery_id, size
        self.at = 0
        self.number, self.piece = -1, b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.size}[whence]
        self.at = max(0, base + offset)
        return self.at

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override] # what io hands in is one
        if self.at >= self.size:
            return 0
        number, start = divmod(self.at, FilePart.SIZE)
        if number != self.number:
            part = FilePart.objects.get(delivery_id=self.delivery_id, number=number)
            self.number, self.piece = number, bytes(part.body)
        data = self.piece[start : start + len(buffer)]
        buffer[: len(data)] = data
        self.at += len(data)
        return len(data)


def stream(reading: FileReading) -> io.BufferedReader:
    return io.BufferedReader(Bytes(reading.delivery_id, reading.size), 1 << 16)
