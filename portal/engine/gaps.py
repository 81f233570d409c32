"""What webhooks did not bring and reading the source found: said once for each window of silence."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Max

from audit import trail
from audit.models import Delivery, Problem
from connectors.base import Fact
from portal.models import Connection


def notice(connection: Connection, found: Sequence[Fact], now: datetime) -> None:
    """`found`: facts that only a feed told of. Those after the last genuine delivery, and not of this very hour, show
    that none arrives any more. Runs in the caller's transaction."""
    genuine = Delivery.objects.filter(connection=connection).exclude(status=Delivery.Status.REFUSED)
    last = genuine.aggregate(last=Max("arrived_at"))["last"]
    if last is None:
        return  # webhooks never worked here: the ping tells
    late = now - timedelta(seconds=settings.WAITS.gap)
    missed = [fact for fact in found if last < fact.happened_at < late]
    if missed:
        _say(connection, last, len(missed), now)


def _say(connection: Connection, last: datetime, count: int, now: datetime) -> None:
    """One open problem for a window; it grows while the silence lasts."""
    window = f"{connection.name}: {last:%Y-%m-%d %H:%M} to "
    known = Problem.objects.filter(workspace_id=connection.workspace_id, code="feed.gap", closed_at=None)
    row = known.filter(value__startswith=window[:200]).first()
    value = f"{window[:200]}{now:%Y-%m-%d %H:%M} UTC"
    said = f"No webhook arrived from {last:%Y-%m-%d %H:%M} to {now:%Y-%m-%d %H:%M} UTC; the source was read instead."
    if row is None:
        Problem.objects.create(
            workspace_id=connection.workspace_id,
            link=None,
            code="feed.gap",
            value=value,
            said=said,
            cure="Nothing is lost. See at the source whether it still sends to our address, then close this.",
            who="owner",
            opened_at=now,
        )
    else:
        Problem.objects.filter(pk=row.pk).update(value=value, said=said)
    text = f"{said} {count} facts were found."
    trail.write([trail.entry(connection.workspace_id, "connection.gap", at=now, said=text)])
