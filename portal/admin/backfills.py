"""A backfill on the page of its link: asked for by dates, seen as an estimate, started by a second press."""

from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpRequest

from portal.admin import words
from portal.admin.scoped import Scoped, act, actor
from portal.engine import backfill
from portal.engine.decide import NotNow
from portal.models import Backfill, FlowSetting, Link

BACKFILLS = ("backfill", "backfill_go")
SHOWN = 5
COLOURS = {"counting": "info", "counted": "warning", "running": "info", "paused": "warning", "done": "success"}
GO = {"start": backfill.start, "pause": backfill.pause, "resume": backfill.resume, "cancel": backfill.cancel}
STATES = (("POSTED", "posted"), ("WAITING", "waiting"), ("FAILED", "failed"), ("SKIPPED", "post nothing"))


class WindowForm(forms.Form):
    since = forms.DateField(label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(
        label="To", help_text="This day is in it too.", widget=forms.DateInput(attrs={"type": "date"})
    )


class Backfills(Scoped):
    @act("mode")
    def backfill(self, request: HttpRequest, row: Link) -> str:
        form = WindowForm(request.POST)
        if not form.is_valid():
            raise NotNow("Say from which day to which day.")
        zone = ZoneInfo(row.workspace.time_zone)
        days = form.cleaned_data["since"], form.cleaned_data["until"] + timedelta(days=1)
        since, until = (datetime.combine(day, time(), tzinfo=zone) for day in days)
        backfill.ask(row, request.POST.getlist("flows"), since, until, actor(request))
        return "The source is read and counted; nothing is taken in before you have seen what it comes to."

    @act("mode")
    def backfill_go(self, request: HttpRequest, row: Link) -> str:
        one = (
            row.backfills.filter(pk=_number(request.POST.get("backfill", ""))).select_related("link__workspace").first()
        )
        do = GO.get(request.POST.get("do", ""))
        if one is None or do is None:
            raise NotNow("There is no such backfill.")
        return do(one, actor(request))


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 18 else 0


def of_link(link: Link) -> dict[str, Any]:
    """The newest backfills, and the flows that one could be asked for."""
    rows = list(link.backfills.order_by("-pk")[:SHOWN])
    for one in rows:
        one.link = link
    counts = backfill.progress(rows)
    able = set(backfill.can(link))
    on = [flow for flow in link.flows.all() if flow.mode != FlowSetting.Mode.OFF and flow.flow in able]
    under_way = any(one.state in (Backfill.State.RUNNING, Backfill.State.PAUSED) for one in rows)
    return {
        "rows": [shown(link, one, counts[one.pk]) for one in rows],
        "flows": [(flow.flow, words.flow(f"{link.integration}.{flow.flow}")) for flow in on],
        "form": WindowForm(auto_id="backfill_%s"),
        "able": bool(able),
        "may_ask": bool(on) and not under_way,
    }


def shown(link: Link, one: Backfill, counts: dict[str, int]) -> dict[str, Any]:
    zone = ZoneInfo(link.workspace.time_zone)
    last = one.until.astimezone(zone) - timedelta(seconds=1)
    done = sum(counts.values()) - sum(counts.get(state, 0) for state in ("DUE", "READY", "SENDING", "UNSURE"))
    moves = one.state in (Backfill.State.COUNTING, Backfill.State.RUNNING)
    capped = next((of for of in (link.source, link.target) if moves and of.capped_until), None)
    return {
        "row": one,
        "window": f"{one.since.astimezone(zone):%-d %b %Y} to {last:%-d %b %Y}",
        "flows": ", ".join(words.short_flow(f"{link.integration}.{flow}") for flow in one.flows),
        "colour": COLOURS.get(one.state, ""),
        "estimate": estimated(link, one),
        "states": [(counts[state], label, state) for state, label in STATES if counts.get(state)],
        "done": done,
        "of": one.taken,
        "percent": done * 100 // one.taken if one.taken and one.read_at else 0,
        "rests": capped.capped_until if capped else None,
        "rests_at": capped.name if capped else "",
        "over": one.state in (Backfill.State.DONE, Backfill.State.CANCELLED),
    }


def estimated(link: Link, one: Backfill) -> dict[str, Any] | None:
    """What it comes to, as people read it. None: not counted to its end."""
    told = one.estimate
    if "calls" not in told:
        return None
    flows = [
        {
            "label": words.short_flow(f"{link.integration}.{flow}"),
            "count": part["count"],
            "known": part["known"],
            "money": ", ".join(words.money(Decimal(amount), unit) for unit, amount in sorted(part["money"].items())),
        }
        for flow, part in ((flow, told["flows"][flow]) for flow in one.flows if flow in told["flows"])
    ]
    return {"flows": flows, "calls": told["calls"], "takes": takes(told["seconds"])}


def takes(seconds: int) -> str:
    """About how long, in words."""
    if seconds < 90:
        return "about a minute"
    minutes = round(seconds / 60)
    return f"about {minutes} minutes" if minutes < 90 else f"about {round(minutes / 60)} hours"
