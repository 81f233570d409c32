"""Finding the row in force."""

from collections.abc import Sequence
from datetime import date

from django.db.models import Q

from mappings.models import Mapping


def row(link_id: int, table: str, values: Sequence[str], on: date) -> Mapping | None:
    """The row in force on that day for the first of the values that has one, and last for `*`, which only finance
    writes."""
    wanted = [value for value in values if value] + ["*"]
    found: dict[str, Mapping] = {}
    rows = Mapping.objects.filter(link_id=link_id, table=table, source__in=wanted, retired=False)
    for one in rows.filter(Q(valid_from=None) | Q(valid_from__lte=on)):
        known = found.get(one.source)
        if known is None or _later(one, known):
            found[one.source] = one
    return next((found[value] for value in wanted if value in found), None)


def _later(one: Mapping, than: Mapping) -> bool:
    return (one.valid_from or date.min) > (than.valid_from or date.min)
