"""Keeping what the targets offer: accounts, departments, customers… read in full, replaced in one transaction."""

import logging
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from connectors.errors import ConnectorError, Denied
from connectors.names import fold
from mappings.models import Choice
from portal.engine import access, clock, intake
from portal.models import Connection, Workspace

log = logging.getLogger(__name__)


def refresh_due() -> None:
    now = clock.now()
    due = Q(choices_due_at=None) | Q(choices_due_at__lte=now)
    for connection in Connection.objects.filter(due, health=Connection.Health.OK):
        if not access.system(connection).choices:
            continue
        again = clock.in_seconds(settings.WAITS.choices, now)
        if Connection.objects.filter(due, pk=connection.pk).update(choices_due_at=again):
            refresh(connection)


def refresh(connection: Connection) -> dict[str, int]:
    """Reads every table of choices; returns how many rows each has. What could not be read keeps its old rows.

    A choice with the fact `choices` is itself a table of choices, which this company has and another has not.
    """
    counts: dict[str, int] = {}
    client: Any = access.client(connection)
    tables = list(access.system(connection).choices)
    for table in tables:
        try:
            offered = list(client.choices(table))
        except Denied as error:
            intake.deny(connection, error)
            break
        except ConnectorError as error:
            log.warning("choices %s of %s: %s", table, connection, error.said)
            continue
        _replace(connection, table, offered)
        counts[table] = len(offered)
        tables += [one.value for one in offered if one.facts.get("choices") and one.value not in tables]
    return counts


def _replace(connection: Connection, table: str, offered: list[Any]) -> None:
    now = clock.now()
    rows = [
        Choice(
            connection=connection,
            table=table,
            value=one.value,
            label=one.label[:255],
            folded=fold(one.value)[:255],
            folded_name=fold(str(one.facts.get("name") or one.label))[:255],
            active=one.active,
            facts=dict(one.facts),
            read_at=now,
        )
        for one in offered
    ]
    with transaction.atomic():
        before = _said(connection, table)
        Choice.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["connection", "table", "value"],
            update_fields=["label", "folded", "folded_name", "active", "facts", "read_at"],
            batch_size=500,
        )
        # What it no longer offers stays known as inactive: mappings still name it.
        Choice.objects.filter(connection=connection, table=table, read_at__lt=now).update(active=False)
        after = _said(connection, table)
        if after != before:
            # What was decided with what it said before is decided anew, and what was missing may be there now: waiting
            # and prepared records alike.
            Workspace.objects.filter(pk=connection.workspace_id).update(revision=F("revision") + 1)


def _said(connection: Connection, table: str) -> dict[str, tuple[bool, Any]]:
    rows = Choice.objects.filter(connection=connection, table=table).values_list("value", "active", "facts")
    return {value: (active, facts) for value, active, facts in rows}
