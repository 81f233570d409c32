"""What was posted on each of the last days, as plots: records by flow, money by currency. One query for both."""

import json
from collections import defaultdict
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import TruncDate

from audit.models import Record, State
from portal.admin import words
from portal.models import Link

DAYS = 14
LINES = 5
"""How many flows, or currencies, have a colour of their own."""
COLOURS = ("#7c3aed", "#0891b2", "#ea580c", "#16a34a", "#db2777", "#64748b")
OTHERS = "others"
OPTIONS: dict[str, Any] = {
    "animation": False,
    "maintainAspectRatio": False,
    "plugins": {"legend": {"position": "bottom", "labels": {"boxWidth": 12, "color": "#94a3b8"}}},
    "scales": {
        "x": {"stacked": True, "grid": {"display": False}, "ticks": {"maxRotation": 0, "color": "#94a3b8"}},
        "y": {"beginAtZero": True, "grid": {}, "border": {"display": False}, "ticks": {"color": "#94a3b8"}},
    },
}
Sums = dict[str, dict[date, Decimal]]


def plots(rows: QuerySet[Record], links: list[Link], now: datetime) -> list[dict[str, Any]]:
    """Days are those of the workspace; where several have different zones, those of UTC. Empty: nothing was posted."""
    zones = {link.workspace.time_zone for link in links}
    zone = ZoneInfo(zones.pop() if len(zones) == 1 else "UTC")
    today = now.astimezone(zone).date()
    days = [today - timedelta(days=n) for n in reversed(range(DAYS))]
    counts, money = _sums(rows, links, datetime.combine(days[0], time(), tzinfo=zone), zone)
    if not counts:
        return []
    return [
        _plot("Records posted per day", "bar", days, counts, shown=str),
        _plot("Money posted per day", "line", days, money, shown=words.money),
    ]


def _sums(rows: QuerySet[Record], links: list[Link], since: datetime, zone: ZoneInfo) -> tuple[Sums, Sums]:
    """Records by flow and money by currency, each by day."""
    counts: Sums = defaultdict(lambda: defaultdict(Decimal))
    money: Sums = defaultdict(lambda: defaultdict(Decimal))
    posted = rows.filter(link__in=links, state=State.POSTED, posting__at__gte=since)
    found = posted.annotate(posted_on=TruncDate("posting__at", tzinfo=zone)).values_list(
        "posted_on", "flow", "currency", "link__target__facts__base_currency"
    )
    for day, flow, currency, base, count, total in found.annotate(Count("pk"), Sum("amount")):
        counts[words.short_flow(flow)][day] += count
        if total:
            money[currency or base or "?"][day] += total
    return counts, money


def _plot(title: str, kind: str, days: list[date], sums: Sums, *, shown: Any) -> dict[str, Any]:
    lines = _lines(sums)
    data = {"labels": [f"{day:%-d %b}" for day in days], "datasets": _datasets(kind, days, lines)}
    table = [
        (f"{day:%-d %b}", [shown(sums[name][day]) if sums[name].get(day) else "–" for name in sums])
        for day in reversed(days)
        if any(sums[name].get(day) for name in sums)
    ]
    options = json.dumps({**OPTIONS, "scales": {**OPTIONS["scales"], "y": _y(kind)}})
    return {
        "title": title,
        "kind": kind,
        "data": json.dumps(data),
        "options": options,
        "names": list(sums),
        "table": table,
        "empty": not sums,
    }


def _y(kind: str) -> dict[str, Any]:
    """Counts are stacked and whole; money of several currencies is never added up."""
    ticks = {"color": "#94a3b8", **({"precision": 0} if kind == "bar" else {})}
    return {**OPTIONS["scales"]["y"], "stacked": kind == "bar", "ticks": ticks}


def _lines(sums: Sums) -> Sums:
    """The largest ones by name; the rest as one where that can be added up."""
    ordered = sorted(sums, key=lambda name: -sum(sums[name].values()))
    kept: Sums = {name: sums[name] for name in ordered[:LINES]}
    rest: dict[date, Decimal] = defaultdict(Decimal)
    for name in ordered[LINES:]:
        for day, value in sums[name].items():
            rest[day] += value
    return {**kept, OTHERS: rest} if rest else kept


def _datasets(kind: str, days: list[date], lines: Sums) -> list[dict[str, Any]]:
    return [
        {
            "label": name,
            "data": [f"{Decimal(values.get(day, 0)).normalize():f}" for day in days],
            "backgroundColor": colour,
            "borderColor": colour,
            **({} if kind == "bar" else {"borderWidth": 2, "pointRadius": 2, "tension": 0}),
        }
        for (name, values), colour in zip(lines.items(), COLOURS, strict=False)
    ]
