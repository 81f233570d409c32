"""A file of which nothing can be trusted: kept, told to a person, put into the folder of errors."""

from datetime import datetime

from audit import trail
from audit.files import FileReading
from audit.models import Delivery, Problem
from connectors.files import FileRejected


def reject(delivery: Delivery, error: FileRejected, now: datetime) -> None:
    """Runs in the caller's transaction."""
    Delivery.objects.filter(pk=delivery.pk).update(status=Delivery.Status.REFUSED, why=error.said[:300])
    FileReading.objects.filter(delivery=delivery).update(code=error.code[:80])
    workspace = delivery.connection.workspace_id
    Problem.objects.get_or_create(
        workspace_id=workspace,
        link=None,
        code="file.rejected",
        value=delivery.object_id[:255],
        closed_at=None,
        defaults={
            "said": f"{delivery.object_id} was not taken in ({error.code}): {error.said}",
            "cure": f"{error.cure} Nothing of the file was posted.".strip(),
            "who": "finance",
            "opened_at": now,
        },
    )
    said = f"{delivery.object_id}: {error.code}: {error.said}"
    trail.write([trail.entry(workspace, "file.rejected", at=now, said=said)])
