"""What became of each row of a file: said by the row itself, or by the record that its document made. Nothing of it is
kept: it is as true as the record is now.

rows = posted + duplicate + rejected + held + skipped + moving, in number and in sum; nothing moves once a file is put
away.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.db.models import Case, CharField, Count, Exists, F, OuterRef, Q, QuerySet, Sum, Value, When

from audit.files import FileGroup, FileRow
from audit.models import Attempt, Delivery, Record, State

POSTED, DUPLICATE, REJECTED, HELD, SKIPPED, MOVING = "posted", "duplicate", "rejected", "held", "skipped", "moving"
ORDER: Final = (POSTED, DUPLICATE, REJECTED, HELD, SKIPPED, MOVING)
SUPERSEDED = "superseded"
"""A later file said otherwise before this was sent."""
OF_THE_CONTRACT: Final = {
    "held.changed": "held:changed",
    "duplicate.foreign": "held:changed",
    "held.possible_duplicate": "held:possible_duplicate",
    "held.reference_reused": "held:reference_reused",
    "held.void_requested": "held:void_requested",
    "dependency.bill": "held:bill_not_found",
    "reference.missing": "held:bill_not_found",
}
"""Codes of records → the words in which the contract of files speaks of their rows."""


@dataclass(frozen=True)
class Outcome:
    kind: str
    """One of ORDER."""
    codes: tuple[str, ...]
    said: str = ""


def rows(delivery: Delivery) -> QuerySet[FileRow]:
    """The rows of a file with `kind`, the word of ORDER for each."""
    sent = Attempt.objects.filter(record=OuterRef("group__record"))
    found = Q(group__record__posting__found=True, was_sent=False)
    of_record = [
        (~Q(group__digest=F("group__record__digest")), SKIPPED),
        (Q(group__record__state=State.POSTED) & found, DUPLICATE),
        (Q(group__record__state=State.POSTED) | Q(group__record__posting__isnull=False), POSTED),
        (Q(group__record__state=State.SKIPPED, group__record__code=DUPLICATE), DUPLICATE),
        (Q(group__record__state=State.SKIPPED), SKIPPED),
        (Q(group__record__state=State.FAILED), REJECTED),
        (Q(group__record__state=State.WAITING), HELD),
    ]
    cases = [
        (~Q(faults=""), REJECTED),
        (Q(note__startswith="held"), HELD),
        (~Q(note=""), SKIPPED),
        (Q(group=None) | Q(group__state=FileGroup.State.REFUSED), REJECTED),
        (Q(group__state=FileGroup.State.STAGED), MOVING),
        (Q(group__state=FileGroup.State.DUPLICATE), DUPLICATE),
        (Q(group__record=None), SKIPPED),
        *of_record,
    ]
    whens = [When(condition, then=Value(kind)) for condition, kind in cases]
    kind = Case(*whens, default=Value(MOVING), output_field=CharField())
    return FileRow.objects.filter(delivery=delivery).annotate(was_sent=Exists(sent)).annotate(kind=kind)


def counts(delivery: Delivery) -> dict[str, tuple[int, Decimal]]:
    """Kind → number of rows and their sum."""
    every: Any = rows(delivery)
    found = every.order_by().values("kind").annotate(count=Count("pk"), total=Sum("amount"))
    return {one["kind"]: (one["count"], one["total"] or Decimal(0)) for one in found}


def explained(some: Iterable[FileRow]) -> list[tuple[FileRow, Outcome]]:
    """`some`: of `rows`, with group and record selected."""
    return [(row, _outcome(row)) for row in some]


def _outcome(row: Any) -> Outcome:
    if row.faults:
        faults = json.loads(row.faults)
        return Outcome(row.kind, tuple(one["code"] for one in faults), " ".join(one["said"] for one in faults))
    if row.note:
        return Outcome(row.kind, (row.note,))
    record: Record | None = row.group.record if row.group else None
    if record is None or row.kind in (POSTED, DUPLICATE, MOVING):
        return Outcome(row.kind, (row.kind,))
    if row.group.digest != record.digest:
        return Outcome(row.kind, (SUPERSEDED,), "A later file told it otherwise before it was sent.")
    return _of_record(row, record)


def _of_record(row: Any, record: Record) -> Outcome:
    """What translating said of this row, else of its siblings, else of the record as a whole."""
    said = {one["at"]: one["why"] for one in _trace(record) if str(one.get("at", "")).startswith("row ")}
    own = said.get(f"row {row.number}", "")
    if own:
        return Outcome(row.kind, tuple(part.partition(":")[0] for part in own.split("; ")), record.said)
    if said:
        return Outcome(row.kind, ("invoice_has_rejected_row",), record.said)
    return Outcome(row.kind, (OF_THE_CONTRACT.get(record.code, record.code or row.kind),), record.said)


def _trace(record: Record) -> list[dict[str, Any]]:
    noted = json.loads(record.trace) if record.trace else []
    return [one for one in noted if one.get("asked") == "because"]
