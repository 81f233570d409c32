"""Writing the audit trail, sealing it into a hash chain, and verifying the chain."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from audit.models import Seal, TrailEntry

ENGINE = "engine"
SETTLED = timedelta(seconds=10)
"""An entry's id is given out before its commit is seen; seals keep this distance so that none slips in behind them."""


def digest_of(entry: TrailEntry) -> str:
    at = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    fields = [entry.workspace_id, entry.record_id, at, entry.actor, entry.what, entry.said, entry.data]
    return hashlib.sha256(json.dumps(fields, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()


def entry(
    workspace_id: int,
    what: str,
    *,
    at: datetime,
    said: str = "",
    actor: str = ENGINE,
    record_id: int | None = None,
    data: dict[str, Any] | None = None,
) -> TrailEntry:
    """A new line, not yet saved. `data` holds plain JSON values, and never a secret."""
    line = TrailEntry(
        workspace_id=workspace_id,
        record_id=record_id,
        at=at,
        actor=actor[:160],
        what=what,
        said=clean(said),
        data=json.dumps(data, sort_keys=True, default=str) if data else "",
    )
    line.digest = digest_of(line)
    return line


def clean(text: str) -> str:
    """PostgreSQL refuses NUL and lone surrogates in text."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def write(lines: Iterable[TrailEntry]) -> None:
    TrailEntry.objects.bulk_create(lines)


def seal(workspace_id: int, now: datetime) -> Seal | None:
    """Seals what was written since the last seal. Run by one sweep at a time, under the lock of its schedule row."""
    with transaction.atomic():
        before = Seal.objects.filter(workspace_id=workspace_id).order_by("-last").first()
        rows = list(
            TrailEntry.objects.filter(workspace_id=workspace_id, pk__gt=before.last if before else 0)
            .filter(at__lt=now - SETTLED)
            .order_by("pk")[:10_000]
        )
        if not rows:
            return None
        previous = before.digest if before else ""
        return Seal.objects.create(
            workspace_id=workspace_id,
            first=rows[0].pk,
            last=rows[-1].pk,
            entries=len(rows),
            previous=previous,
            digest=_chain(previous, (row.digest for row in rows)),
            at=now,
        )


def verify(workspace_id: int) -> Iterator[str]:
    """Says every place where the trail is not what was sealed. Nothing said: the chain holds."""
    previous, after = "", 0
    for one in Seal.objects.filter(workspace_id=workspace_id).order_by("last"):
        rows = list(TrailEntry.objects.filter(workspace_id=workspace_id, pk__gt=after, pk__lte=one.last).order_by("pk"))
        for row in rows:
            if digest_of(row) != row.digest:
                yield f"entry {row.pk} was changed"
        if len(rows) != one.entries:
            yield f"seal {one.pk}: {one.entries} entries were sealed, {len(rows)} are there"
        if one.previous != previous or _chain(previous, (row.digest for row in rows)) != one.digest:
            yield f"seal {one.pk} does not fit its entries"
        previous, after = one.digest, one.last
    for row in TrailEntry.objects.filter(workspace_id=workspace_id, pk__gt=after).iterator():
        if digest_of(row) != row.digest:
            yield f"entry {row.pk} was changed"


def _chain(previous: str, digests: Iterable[str]) -> str:
    chain = hashlib.sha256(previous.encode())
    for digest in digests:
        chain.update(digest.encode())
    return chain.hexdigest()
