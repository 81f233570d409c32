"""Reading the bytes of a file: its survey, its rows a thousand at a time, then one group of rows after the other."""

import json
import logging
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from audit import trail
from audit.files import FileGroup, FileReading, FileRow
from audit.models import Delivery, Problem
from connectors.files import Fault, FileRejected, Unconfirmed
from connectors.files import FileRow as Row
from portal.engine import access, clock
from portal.engine.files.fetching import stream
from portal.engine.files.rejecting import reject
from portal.engine.files.telling import tell
from portal.models import Connection

log = logging.getLogger(__name__)
ROWS, GROUPS = 1000, 100
"""How much one step does. Between two steps others have their turn."""
UNCONFIRMED = "layout.unconfirmed"
_open = threading.local()


class _Overtaken(Exception):
    """Another worker has gone on with this file; its rows are as good as ours."""


@dataclass
class Reading:
    """A file that is being read by this worker: its survey is made once, its rows are read on where they were left."""

    row: FileReading
    survey: Any
    rows: Iterator[Row]
    at: int


def due(now: datetime) -> QuerySet[Delivery]:
    rows = Delivery.objects.filter(status=Delivery.Status.READING, due_at__lte=now)
    return rows.filter(connection__health=Connection.Health.OK)


def read_next(connections: Sequence[Connection]) -> bool:
    now = clock.now()
    rows = due(now).filter(connection__in=connections).select_related("connection", "reading")
    delivery = rows.order_by("lies_at__mtime", "object_id", "pk").first()
    if delivery is None:
        return False
    try:
        _read(delivery)
    except FileRejected as error:
        with transaction.atomic():
            # Said before any row became a fact: surveying finds it, and rows are told only after the last was read.
            FileGroup.objects.filter(delivery=delivery).delete()
            reject(delivery, error, clock.now())
    except Unconfirmed as error:
        _wait(delivery, error, now)
    except _Overtaken:
        _forget()
    except Exception as error:  # a bug of ours in one file must not hold up the others
        log.exception("reading %s", delivery)
        _forget()
        later = clock.back_off(delivery.tries, now)
        said = f"{type(error).__name__} in our own code"
        Delivery.objects.filter(pk=delivery.pk).update(due_at=later, tries=delivery.tries + 1, why=said)
    return True


def _read(delivery: Delivery) -> None:
    reading = _opened(delivery)
    if not reading.row.all_read:
        _more_rows(delivery, reading)
    elif not _more_groups(delivery, reading):
        _end(delivery)


def _opened(delivery: Delivery) -> Reading:
    """Made once for a worker; where another one goes on, it reads from the beginning and skips what is kept."""
    row = FileReading.objects.get(delivery=delivery)
    known: Reading | None = _open.__dict__.get("reading")
    if known and known.row.pk == row.pk and (row.all_read or known.at == row.rows_read):
        known.row = row
        return known
    client = access.client(delivery.connection)
    survey = client.survey(stream(row), delivery.object_id)
    if not row.surveyed:
        _surveyed(delivery, row, client.told_of(survey))
    rows = iter(()) if row.all_read else islice(client.rows(stream(row), survey), row.rows_read, None)
    reading = Reading(row, survey, rows, row.rows_read)
    _open.reading = reading
    return reading


def _forget() -> None:
    _open.__dict__.pop("reading", None)


def _surveyed(delivery: Delivery, row: FileReading, told: dict[str, Any]) -> None:
    now = clock.now()
    row.told, row.rows, row.surveyed, row.code = json.dumps(told), int(told.get("rows", 0)), True, ""
    with transaction.atomic():
        row.save(update_fields=["told", "rows", "surveyed", "code"])
        rows = Problem.objects.filter(workspace_id=delivery.connection.workspace_id, code=UNCONFIRMED, closed_at=None)
        rows.filter(value=delivery.object_id[:255]).update(closed_at=now)


def _wait(delivery: Delivery, error: Unconfirmed, now: datetime) -> None:
    """For a person who confirms the layout; looked at again by itself too."""
    Delivery.objects.filter(pk=delivery.pk).update(
        due_at=clock.in_seconds(settings.WAITS.condition, now), why=error.said[:300]
    )
    FileReading.objects.filter(delivery=delivery).update(code=error.code[:80])
    Problem.objects.get_or_create(
        workspace_id=delivery.connection.workspace_id,
        link=None,
        code=UNCONFIRMED,
        value=delivery.object_id[:255],
        closed_at=None,
        defaults={"said": error.said, "cure": error.cure, "who": "finance", "opened_at": now},
    )


def read_on(connection: Connection) -> None:
    """What waited for a layout is read now."""
    Delivery.objects.filter(connection=connection, status=Delivery.Status.READING).update(due_at=clock.now(), why="")
    FileReading.objects.filter(delivery__connection=connection, code=UNCONFIRMED).update(code="")


# --- rows -------------------------------------------------------------------------------------------------------------


def _more_rows(delivery: Delivery, reading: Reading) -> None:
    rows = list(islice(reading.rows, ROWS))
    with transaction.atomic():
        ours = FileReading.objects.filter(pk=reading.row.pk, rows_read=reading.at)
        if not ours.update(rows_read=reading.at + len(rows), all_read=len(rows) < ROWS):
            raise _Overtaken
        groups = _groups(delivery, rows)
        FileRow.objects.bulk_create(
            FileRow(
                delivery=delivery,
                number=row.number,
                group_id=groups.get(row.group),
                body=json.dumps(row.body, ensure_ascii=True),
                faults=_faults(row.faults),
                amount=Decimal(row.amount) if row.amount else None,  # type: ignore[misc] # AmountField
            )
            for row in rows
        )
    reading.at += len(rows)


def _faults(faults: Sequence[Fault]) -> str:
    return json.dumps([asdict(one) for one in faults], ensure_ascii=True) if faults else ""


def _groups(delivery: Delivery, rows: Sequence[Row]) -> dict[str, int]:
    first: dict[str, int] = {}
    for row in rows:
        if row.group:
            first.setdefault(row.group, row.number)
    FileGroup.objects.bulk_create(
        [FileGroup(delivery=delivery, name=name, first_row=number) for name, number in first.items()],
        ignore_conflicts=True,
    )
    return dict(FileGroup.objects.filter(delivery=delivery, name__in=first).values_list("name", "pk"))


# --- groups -----------------------------------------------------------------------------------------------------------


def _more_groups(delivery: Delivery, reading: Reading) -> bool:
    """The facts of the next groups, each group and its facts in one transaction with all of this step."""
    groups = list(
        FileGroup.objects.filter(delivery=delivery, state=FileGroup.State.STAGED).order_by("first_row")[:GROUPS]
    )
    if not groups:
        return False
    rows: dict[int, list[FileRow]] = {group.pk: [] for group in groups}
    for row in FileRow.objects.filter(group__in=groups).order_by("number"):
        rows[row.group_id or 0].append(row)
    with transaction.atomic():
        for group in groups:
            _assemble(delivery, reading, group, rows[group.pk])
    return True


def _assemble(delivery: Delivery, reading: Reading, group: FileGroup, rows: Sequence[FileRow]) -> None:
    client = access.client(delivery.connection)
    made = client.assemble([_as_row(group, row) for row in rows], reading.survey)
    for row in rows:
        faults, note = made.faults.get(row.number), made.notes.get(row.number, "")
        if faults or note:
            row.faults, row.note = _faults(faults or ()) or row.faults, note
            row.save(update_fields=["faults", "note"])
    tell(delivery, group, made)


def _as_row(group: FileGroup, row: FileRow) -> Row:
    faults = tuple(Fault(**one) for one in json.loads(row.faults or "[]"))
    return Row(row.number, group.name, json.loads(row.body), faults, "" if row.amount is None else str(row.amount))


def _end(delivery: Delivery) -> None:
    now = clock.now()
    with transaction.atomic():
        if not Delivery.objects.filter(pk=delivery.pk, status=Delivery.Status.READING).update(
            status=Delivery.Status.DONE, why=""
        ):
            return
        rows = FileRow.objects.filter(delivery=delivery).count()
        told = FileGroup.objects.filter(delivery=delivery, state=FileGroup.State.TOLD).count()
        said = f"{delivery.object_id}: {rows} rows, {told} facts told"
        trail.write([trail.entry(delivery.connection.workspace_id, "file.read", at=now, said=said)])
    _forget()
