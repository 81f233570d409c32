"""What comes next, and how the connections are: runs, reads, backfills under way, health and requests."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Min, OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone

from portal.admin import backfills, budgets, runs, words
from portal.engine import backfill, budget
from portal.models import Backfill, Connection, Cursor, Examination, FlowSetting, Link

SHOWN = 8
HEALTH = {"ok": "success", "denied": "danger", "new": "warning"}


def comes(links: Sequence[Link], settings: Sequence[FlowSetting], now: datetime) -> list[dict[str, Any]]:
    """The next runs of schedules and the next reads of the sources, the soonest first. One query."""
    by_pk = {link.pk: link for link in links}
    events: list[dict[str, Any]] = [
        {
            "at": setting.next_run_at,
            "what": f"{words.short_flow(f'{link.integration}.{setting.flow}')} is sent",
            "how": runs.sends(setting),
            "url": reverse("admin:portal_link_change", args=[link.pk]),
            "zone": link.workspace.time_zone,
        }
        for setting in settings
        if setting.next_run_at and runs.next_run(link := by_pk[setting.link_id], setting)
    ]
    sources = {link.source_id: link for link in links if not link.paused}
    reads = Cursor.objects.filter(connection__in=sources).exclude(connection__health=Connection.Health.DENIED)
    for pk, name, at in reads.order_by().values_list("connection_id", "connection__name").annotate(Min("due_at")):
        url = reverse("admin:portal_connection_change", args=[pk])
        zone = sources[pk].workspace.time_zone
        events.append({"at": at, "what": f"{name} is read", "how": "", "url": url, "zone": zone})
    soonest = sorted(events, key=lambda one: one["at"])[:SHOWN]
    return [{**one, "when": _when(one["at"], one["zone"], now)} for one in soonest]


def next_run(link: Link, flow: FlowSetting) -> str:
    """Empty: as it comes, or nothing is sent now."""
    now = timezone.now()
    runs_at = flow.next_run_at if runs.next_run(link, flow) else None
    return _when(runs_at, link.workspace.time_zone, now) if runs_at else ""


def _when(at: datetime, zone: str, now: datetime) -> str:
    """Today only the time; what is due is done by the next sweep."""
    if at <= now:
        return "now"
    shown = words.when(at, zone)
    return shown.rpartition(", ")[2] if at - now < timedelta(hours=20) else shown


def under_way(links: Sequence[Link]) -> list[dict[str, Any]]:
    """Backfills that are not over. Two queries."""
    by_pk = {link.pk: link for link in links}
    rows = list(Backfill.objects.filter(link__in=links, state__in=backfill.OPEN).order_by("pk")[:SHOWN])
    counts = backfill.progress(rows)
    for one in rows:
        one.link = by_pk[one.link_id]
    return [{"link": one.link, **backfills.shown(one.link, one, counts[one.pk])} for one in rows]


def connections(rows: QuerySet[Connection], now: datetime) -> list[dict[str, Any]]:
    """With the last examination and what was asked of the budget. Two queries."""
    last = Examination.objects.filter(connection=OuterRef("pk")).order_by("-pk")
    found = list(
        rows.select_related("workspace").annotate(
            examined_at=Subquery(last.values("at")[:1]), passed=Subquery(last.values("passed")[:1])
        )
    )
    spent = budget.spent(found, now)
    return [
        {
            "row": one,
            "system": words.system(one.system),
            "colour": HEALTH.get(one.health, ""),
            "examined": _examined(one, now),
            "budget": budgets.meter(one, spent[one.pk]),
        }
        for one in found
    ]


def _examined(one: Any, now: datetime) -> str:
    if one.examined_at is None:
        return "never examined: ping it"
    ago = words.age(one.examined_at, now)
    return f"{'passed' if one.passed else 'failed'} {'just now' if ago == 'now' else f'{ago} ago'}"
