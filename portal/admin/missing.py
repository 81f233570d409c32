"""What finance has not decided yet: for each missing row of a mapping table, how many records wait for it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Min, QuerySet
from django.urls import reverse

from audit.models import Problem, Record, State, WaitsFor
from portal.admin import words


@dataclass(frozen=True)
class Wanted:
    """A question that no row answers."""

    table: str
    values: tuple[str, ...]
    """From the closest to the most general; a row for any of them, or for `*`, answers it."""


@dataclass(frozen=True)
class Missing:
    link_id: int
    link: str
    table: str
    label: str
    values: tuple[str, ...]
    count: int
    url: str
    records: str


def wanted(record: Record) -> Wanted | None:
    """The last question in the trace that found no row: at that one translating stopped."""
    table = record.code.partition(".")[2]
    for one in reversed(json.loads(record.trace or "[]")):
        if one.get("asked") == "map" and one.get("table") == table and not one.get("row"):
            return Wanted(table, tuple(str(value) for value in one.get("values", []) if value))
    return Wanted(table, ()) if record.code.startswith("unmapped.") else None


def of(problems: QuerySet[Problem]) -> list[Missing]:
    """For open problems that the caller may see. Two queries, however many there are."""
    rows = problems.filter(
        closed_at=None, code__startswith="unmapped.", records__state=State.WAITING, records__waits_for=WaitsFor.MAPPING
    )
    counted = list(
        rows.annotate(count=Count("records"), sample=Min("records")).select_related("link").order_by("-count")
    )
    samples = Record.objects.only("code", "trace").in_bulk([one.sample for one in counted])
    return [_missing(one, samples) for one in counted if one.link]


def _missing(problem: Any, samples: dict[int, Record]) -> Missing:
    asked = wanted(samples[problem.sample]) or Wanted(problem.code.partition(".")[2], ())
    return Missing(
        problem.link_id,
        problem.link.name,
        asked.table,
        words.table(problem.link.integration, asked.table),
        asked.values or (problem.value,),
        problem.count,
        fill_in_url(problem.link_id, asked),
        reverse("admin:audit_record_changelist") + f"?problem__id__exact={problem.pk}",
    )


def fill_in_url(link_id: int, asked: Wanted) -> str:
    values: Iterable[tuple[str, str]] = [("value", value) for value in asked.values]
    query = urlencode([("link", str(link_id)), ("table", asked.table), *values])
    return reverse("admin:mappings_mapping_add") + f"?{query}"
