"""The database's clock, by which leases, holds and due times are judged; and the back-off that due times follow."""

import random
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone


def now() -> datetime:
    """The database's clock. A value read a moment ago is always on the safe side: it never says that a lease or a hold
    is over when it is not. (SQLite has no clock of its own: there it is this machine's.)"""
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        instant: datetime = cursor.fetchone()[0]
        return instant


def in_seconds(seconds: float, start: datetime) -> datetime:
    return start + timedelta(seconds=seconds)


def back_off(tries: int, start: datetime, *, first: float | None = None, most: float | None = None) -> datetime:
    """When to try again after so many tries: doubled each time, with jitter so that many do not come at once."""
    waits = settings.WAITS
    pause = min((first or waits.retry_start) * 2 ** min(tries, 20), most or waits.retry_most)
    return in_seconds(pause * random.uniform(0.75, 1.25), start)  # noqa: S311 - jitter, not a secret
