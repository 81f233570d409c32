"""What a backfill would come to: how many of each flow and what money, how many requests on both sides, how long.

Counted by reading the whole window, as the backfill will. The requests of loading what a fact needs are taken from a
few that are loaded for it; those of the target follow from its batches; both paces from the requests of the last day.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from audit.models import Record
from connectors.base import Json, Sighting
from connectors.errors import ConnectorError
from portal.engine import access, budget, clock, intake
from portal.models import Backfill, Connection, Lane, Usage

SAMPLES = 3
"""Facts of a stream that are loaded to see how many requests that takes."""
PER_BATCH = 3
"""Requests for a batch at the target: the look, the send, the reading back."""
USUAL_SECONDS = 1.0
"""Of a request, where none was made in the last day."""


def added(row: Backfill, seen: Sequence[Sighting], requests: int, *, done: bool) -> Json:
    """The estimate with one more page. `requests`: how many that page took."""
    told = {**row.estimate}
    flows: dict[str, Json] = told.setdefault("flows", {})
    told["samples"] = _samples(told.get("samples", {}), seen)
    for flow in access.integration(row.link).flows:
        part = [one for one in seen if one.fact.stream == flow.stream]
        if part and flow.key in row.flows:
            to = flows.setdefault(flow.key, {"count": 0, "known": 0, "money": {}})
            _add(to, part, _known(row, flow.key, part))
    told["reading"] = told.get("reading", 0) + requests
    return _concluded(row, told) if done else told


def _known(row: Backfill, flow: str, part: Sequence[Sighting]) -> set[str]:
    """The keys that have a record which stays as it is."""
    rows = Record.objects.filter(
        source_account=row.link.source.account_key,
        target_company=row.link.target.account_key,
        flow=f"{row.link.integration}.{flow}",
        key__in=[one.fact.key for one in part],
    )
    return {
        record.key
        for record in rows.select_related("link", "posting").order_by("version")
        if not intake.left_out(record)
    }


def _add(to: Json, part: Sequence[Sighting], known: set[str]) -> None:
    fresh = [one for one in part if one.fact.key not in known]
    to["count"] += len(fresh)
    to["known"] += len(part) - len(fresh)
    for one in fresh:
        if one.amount is not None:
            to["money"][one.currency] = str(Decimal(to["money"].get(one.currency, "0")) + one.amount)


def _samples(known: dict[str, list[str]], seen: Sequence[Sighting]) -> dict[str, list[str]]:
    for one in seen:
        keys = known.setdefault(one.fact.stream, [])
        if len(keys) < SAMPLES:
            keys.append(one.fact.key)
    return known


# --- requests and time ------------------------------------------------------------------------------------------------


def sampled(row: Backfill, last: Sequence[Sighting]) -> Json:
    """Loads a few facts of each stream, to see how many requests that takes; nothing of them is kept."""
    client = access.client(row.link.source)
    loads: dict[str, float] = {}
    for stream, keys in _samples(row.estimate.get("samples", {}), last).items():
        with budget.counting() as made:
            for key in keys:
                try:
                    client.load(stream, key)
                except ConnectorError:
                    pass  # it took its requests all the same; the record will say what is the matter
        loads[stream] = made.requests / len(keys)
    return {**row.estimate, "loads": loads}


def _concluded(row: Backfill, told: Json) -> Json:
    source, target = row.link.source, row.link.target
    streams = {flow.key: flow.stream for flow in access.integration(row.link).flows}
    counts = Counter({flow: part["count"] for flow, part in told["flows"].items()})
    loading = sum(count * told.get("loads", {}).get(streams[flow], 1) for flow, count in counts.items())
    calls = {"source": round(told["reading"] + loading), "target": _requests(row, counts)}
    pace = {"source": _seconds(source), "target": _seconds(target) / access.system(target).limits.in_flight}
    seconds = max(calls[side] * pace[side] for side in calls)
    return {"flows": told["flows"], "calls": calls, "seconds": round(seconds)}


def _requests(row: Backfill, counts: Counter[str]) -> int:
    """At the target, in batches that grow as they will."""
    limits = access.limits(access.system(row.link.target))
    lane = Lane.objects.filter(company=row.link.target.account_key, side=Lane.Side.WRITE).first()
    batches, size = 0, (lane.batch if lane else 0) or limits.batch_start
    for count in counts.values():
        left = count
        while left > 0:
            left -= size
            batches += 1
            size = min(size * 2, limits.batch_max)
    return batches * PER_BATCH


def _seconds(connection: Connection) -> float:
    since = clock.now() - timedelta(days=1)
    rows = Usage.objects.filter(connection=connection, hour__gte=since)
    told: dict[str, Any] = rows.aggregate(requests=Sum("requests"), seconds=Sum("seconds"))
    return told["seconds"] / told["requests"] if told["requests"] else USUAL_SECONDS
