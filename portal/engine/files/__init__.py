"""Files as a source: looked for in a folder, fetched, read row by row, told as facts, put away.

Each step is short, durable and safe to do again: a worker that is killed anywhere leaves rows from which the next one
goes on. The step that is taken first is the one nearest to the end, so that what was begun is finished.
"""

from datetime import datetime

from django.db.models import Q

from audit.files import RemoteFile
from audit.models import Delivery
from portal.engine.files import fetching, looking, putting_away, reading
from portal.models import Connection, Lane, Workspace

MOVING = Q(state=RemoteFile.State.SEEN, size__gt=0) | Q(state=RemoteFile.State.STEADY, tries=0)
"""An empty file is given a whole interval in which it may be filled: nobody waits for it."""


def work(lane: Lane, connections: list[Connection]) -> bool:
    """One step for the files of this account. False: none is due."""
    return (
        putting_away.put_away_next(connections)
        or reading.read_next(connections)
        or fetching.fetch_next(connections)
        or looking.look_next(connections)
    )


def connections_with_work(now: datetime) -> Q:
    """The connections, as a condition on Connection, for whose files something is due."""
    return (
        Q(pk__in=putting_away.due(now).values("connection"))
        | Q(pk__in=reading.due(now).values("connection"))
        | Q(pk__in=fetching.due(now).values("connection"))
    )


def at_work(workspace: Workspace | None) -> int:
    """How many files still move by themselves."""
    files = RemoteFile.objects.filter(MOVING)
    bodies = Delivery.objects.filter(status=Delivery.Status.READING, reading__code="")
    leaving = putting_away.waiting().filter(tries=0)
    if workspace is not None:
        files, bodies = files.filter(connection__workspace=workspace), bodies.filter(connection__workspace=workspace)
        leaving = leaving.filter(connection__workspace=workspace)
    return files.count() + bodies.count() + leaving.count()
