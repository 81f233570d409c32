"""Credentials that expire: announced as a problem two weeks before their last day, which a check of the ping named."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from audit.models import Problem
from portal.models import Connection

EXPIRES = "connection.expires"
NOTICE = timedelta(days=14)


def judge(connection: Connection, now: datetime) -> None:
    """Opens the problem of this connection, says another last day, or closes it."""
    rows = Problem.objects.filter(workspace=connection.workspace_id, code=EXPIRES, value=connection.name[:255])
    rows = rows.filter(closed_at=None)
    last = connection.expires_on
    if last is None or last > _today(connection, now) + NOTICE:
        rows.update(closed_at=now)
        return
    said = f"The credentials of {connection.name} are good until {last:%-d %b %Y}."
    if not rows.exclude(said=said).update(said=said) and not rows.exists():
        Problem.objects.create(
            workspace_id=connection.workspace_id,
            code=EXPIRES,
            value=connection.name[:255],
            said=said,
            cure="Make new ones at the outside system, enter them here and ping. Nothing else changes.",
            who="owner",
            opened_at=now,
        )


def announce(now: datetime) -> None:
    """All whose last day has come near since they were examined."""
    near = (now + NOTICE + timedelta(days=1)).date()
    for connection in Connection.objects.filter(expires_on__lte=near).select_related("workspace"):
        judge(connection, now)


def _today(connection: Connection, now: datetime) -> date:
    return now.astimezone(ZoneInfo(connection.workspace.time_zone)).date()
