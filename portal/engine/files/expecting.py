"""Files that are expected at a time of day, and are overdue."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from audit.files import RemoteFile
from audit.models import Problem
from portal.models import Connection

CODE = "file.overdue"


def notice(connection: Connection, now: datetime) -> None:
    """Setting `expected_at`: times of day in the workspace's zone, as `07:30, 18:00`; `expected_grace_minutes` after
    one of them without any new file since the one before, a problem is opened. It closes when a file comes."""
    last = _last_expected(connection, now)
    if last is None:
        return
    came = RemoteFile.objects.filter(connection=connection, seen_at__gt=last[0]).exists()
    rows = Problem.objects.filter(
        workspace_id=connection.workspace_id, link=None, code=CODE, value=connection.name[:255], closed_at=None
    )
    if came:
        rows.update(closed_at=now)
    elif not rows.exists():
        Problem.objects.create(
            workspace_id=connection.workspace_id,
            link=None,
            code=CODE,
            value=connection.name[:255],
            said=f"No file came to {connection.name} by {last[1]:%Y-%m-%d %H:%M}, when one was expected.",
            cure="See at the sender whether the export ran. This closes by itself when a file comes.",
            who="support",
            opened_at=now,
        )


def _last_expected(connection: Connection, now: datetime) -> tuple[datetime, datetime] | None:
    """The time before the last that is over, and the last, each with its grace."""
    times = [part.strip() for part in str(connection.settings.get("expected_at") or "").split(",") if part.strip()]
    if not times:
        return None
    zone = ZoneInfo(connection.workspace.time_zone)
    grace = timedelta(minutes=float(connection.settings.get("expected_grace_minutes", 60)))
    today = now.astimezone(zone).date()
    days = [today - timedelta(days=back) for back in range(3)]
    marks = sorted(datetime.combine(day, time.fromisoformat(at), zone) for day in days for at in times)
    over = [mark for mark in marks if mark + grace <= now]
    return (over[-2], over[-1]) if len(over) > 1 else None
