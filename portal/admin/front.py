"""The front page: what moves, what waits and for what, what failed, and whether the connections are well."""

from collections import defaultdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from audit.models import Problem, Record, State, WaitsFor
from mappings.models import Mapping
from portal.admin import ahead, missing, roles, watch, words
from portal.admin.live import MODES
from portal.admin.plots import plots
from portal.admin.problems import money_waiting, records_url
from portal.admin.scoped import scope
from portal.engine import clock, schedules
from portal.models import Connection, FlowSetting, Link

PROBLEMS = 8
HELD = "held"
"""Ready, and waiting for the next run of its flow."""
MOVING = (State.DUE, State.READY, State.SENDING, State.UNSURE)


def front(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """A fixed number of queries, however many links and records there are."""
    links = list(
        scope(request, Link.objects.filter(removed=False), "workspace")
        .select_related("workspace", "source", "target")
        .order_by("name")
    )
    rows = scope(request, Record.objects.all(), "workspace").order_by()
    watch.looked(request, Link, {link.workspace_id for link in links})
    problems = scope(request, Problem.objects.filter(closed_at=None), "workspace")
    connections = scope(request, Connection.objects.all(), "workspace").order_by("name")
    settings = list(FlowSetting.objects.filter(link__in=links).order_by("place"))
    cards, now = _cards(links, settings, rows), clock.now()
    context |= {
        "title": "Front page",
        "cards": cards,
        "totals": _totals(cards),
        "problems": _problems(problems),
        "missing": missing.of(problems)[:PROBLEMS],
        "may_fill_in": roles.may(request, Mapping, "add"),
        "oldest": _oldest(rows),
        "plots": plots(rows, links, now),
        "ahead": ahead.comes(links, settings, now),
        "backfills": ahead.under_way(links),
        "connections": ahead.connections(connections, now),
        "all_off": bool(settings) and all(one.mode == FlowSetting.Mode.OFF for one in settings),
        "may_connect": roles.may(request, Connection, "add"),
        "may_link": roles.may(request, Link, "add"),
        "several": roles.several(request),
        "records_url": reverse("admin:audit_record_changelist"),
    }
    return context


def _cards(links: list[Link], settings: list[FlowSetting], rows: QuerySet[Record]) -> list[dict[str, Any]]:
    """Per link its flows with what moved today, what waits and what failed. Those that are off are only counted."""
    flows: dict[int, list[FlowSetting]] = defaultdict(list)
    for flow in settings:
        flows[flow.link_id].append(flow)
    counts, waits = _counts(rows, links)
    today = _today(rows, links)
    made = {one.pk: _flow(link, one, counts, waits, today) for link in links for one in flows[link.pk]}
    shown = {
        pk for pk, flow in made.items() if flow["mode"] != "off" or flow["waiting"] + flow["moving"] + flow["failed"]
    }
    return [
        {
            "link": link,
            "integration": words.integration(link.integration),
            "flows": [made[one.pk] for one in flows[link.pk] if one.pk in shown],
            "off": sum(one.pk not in shown for one in flows[link.pk]),
        }
        for link in links
    ]


Counts = dict[int, dict[str, int]]


def _counts(rows: QuerySet[Record], links: list[Link]) -> tuple[Counts, Counts]:
    counts: Counts = defaultdict(lambda: defaultdict(int))
    waits: Counts = defaultdict(lambda: defaultdict(int))
    open_ = rows.filter(link__in=links).exclude(state__in=[State.POSTED, State.SKIPPED])
    for setting, state, reason, count in open_.values_list("setting_id", "state", "waits_for").annotate(Count("pk")):
        counts[setting][state] += count
        if state == State.WAITING:
            waits[setting][reason] += count
    held = schedules.waiting(rows.filter(link__in=links))
    for setting, count in held.values_list("setting_id").annotate(Count("pk")):
        counts[setting][State.READY] -= count
        counts[setting][HELD] += count
    return counts, waits


def _today(rows: QuerySet[Record], links: list[Link]) -> dict[int, dict[str, Any]]:
    """What was posted since midnight, in the time of each workspace."""
    days = Q(pk=None)
    for zone in {link.workspace.time_zone for link in links}:
        days |= Q(workspace__time_zone=zone, posting__at__gte=_midnight(zone))
    posted: dict[int, dict[str, Any]] = defaultdict(lambda: {"count": 0, "money": []})
    found = rows.filter(days, link__in=links, state=State.POSTED).values_list(
        "setting_id", "currency", "link__target__facts__base_currency"
    )
    for setting, currency, base, count, total in found.annotate(Count("pk"), Sum("amount")).order_by("currency"):
        posted[setting]["count"] += count
        if total:
            posted[setting]["money"].append(words.money(total, currency or base or ""))
    return posted


def _midnight(zone: str) -> datetime:
    return datetime.now(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)


def _flow(
    link: Link, flow: FlowSetting, all_counts: Counts, all_waits: Counts, all_today: dict[int, dict[str, Any]]
) -> dict[str, Any]:
    counts, waits, today = all_counts[flow.pk], all_waits[flow.pk], all_today[flow.pk]
    name = f"{link.integration}.{flow.flow}"
    base = f"{reverse('admin:audit_record_changelist')}?flow={name}&link__id__exact={link.pk}"
    return {
        "label": words.short_flow(name),
        "title": words.flow(name),
        "mode": "paused" if flow.paused or link.paused else flow.mode,
        "colour": "warning" if flow.paused or link.paused else MODES[flow.mode],
        "url": base,
        "today": today["count"],
        "money": today["money"],
        "moving": sum(counts[state] for state in MOVING),
        "unsure": counts[State.UNSURE],
        "waits": [
            (count, WaitsFor(reason).label, f"{base}&state__exact=WAITING&waits_for__exact={reason}")
            for reason, count in sorted(waits.items(), key=lambda one: -one[1])
            if reason
        ],
        "held": counts[HELD],
        "held_url": f"{base}&state__exact=READY",
        "next_run": ahead.next_run(link, flow),
        "waiting": counts[State.WAITING] + counts[HELD],
        "failed": counts[State.FAILED],
        "failed_url": f"{base}&state__exact=FAILED",
    }


def _totals(cards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    flows = [flow for card in cards for flow in card["flows"]]
    base = reverse("admin:audit_record_changelist")
    wanted = (
        ("posted today", "today", "POSTED", "success"),
        ("on the way", "moving", "", "info"),
        ("waiting", "waiting", "WAITING", "warning"),
        ("failed", "failed", "FAILED", "danger"),
    )
    return [
        {
            "label": label,
            "count": sum(flow[name] for flow in flows),
            "url": f"{base}?state__exact={state}" if state else base,
            "colour": colour,
        }
        for label, name, state, colour in wanted
    ]


def _problems(problems: QuerySet[Problem]) -> dict[str, Any]:
    shown = list(problems.annotate(count=Count("records")).order_by("-count", "-opened_at")[: PROBLEMS + 1])
    sums = money_waiting(one.pk for one in shown)
    rows = [(one, records_url(one.pk), ", ".join(sums.get(one.pk, []))) for one in shown[:PROBLEMS]]
    return {"rows": rows, "more": len(shown) > PROBLEMS}


def _oldest(rows: QuerySet[Record]) -> dict[str, Any] | None:
    """The record that came in first of those that wait or failed: being looked at again makes none younger."""
    held = rows.filter(state__in=[State.WAITING, State.FAILED, State.UNSURE])
    first = held.order_by("created_at").only("key", "created_at", "flow", "state", "waits_for").first()
    if first is None:
        return None
    return {
        "record": first,
        "age": words.age(first.created_at, timezone.now()),
        "flow": words.flow(first.flow),
        "said": words.state(first),
    }
