"""When the flows of a link send: their schedules, and a run because a person says so."""

from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Count
from django.http import HttpRequest

from audit.models import Record
from audit.states import Stale
from portal.admin import words
from portal.admin.scoped import Scoped, act, actor
from portal.engine import schedules
from portal.engine.decide import NotNow
from portal.models import FlowSetting, Link

RUNS = ("run", "schedule")


class ScheduleForm(forms.Form):
    """Both empty: as it comes."""

    every_minutes = forms.IntegerField(required=False, min_value=1, max_value=schedules.DAY)
    daily_at = forms.TimeField(required=False)


class Runs(Scoped):
    @act("pause")
    def run(self, request: HttpRequest, row: Link) -> str:
        """Of one flow, or of all. The page says when it was made: what is pressed twice on it is done once."""
        try:
            seen = datetime.fromisoformat(request.POST.get("seen", ""))
        except ValueError:
            raise Stale(str(row)) from None
        if seen.tzinfo is None:
            raise Stale(str(row))
        return schedules.run_now(row, request.POST.get("flow", ""), seen, actor(request))

    @act("mode")
    def schedule(self, request: HttpRequest, row: Link) -> str:
        form, flow = ScheduleForm(request.POST), request.POST.get("flow", "")
        if not form.is_valid() or not row.flows.filter(flow=flow).exists():
            raise NotNow("A flow runs every 1 to 1440 minutes, daily at a time like 18:00, both, or as it comes.")
        said = schedules.set_schedule(row, flow, **form.cleaned_data, actor=actor(request))
        return f"{words.flow(f'{row.integration}.{flow}')} sends {said}."


def of_flows(link: Link) -> dict[int, dict[str, Any]]:
    """By flow setting: its schedule in words, when it runs next, and how many wait for that."""
    held = schedules.waiting(Record.objects.filter(link=link)).order_by()
    counts = dict(held.values_list("setting_id").annotate(Count("pk")))
    return {
        flow.pk: {"schedule": sends(flow), "next_run": next_run(link, flow), "held": counts.get(flow.pk, 0)}
        for flow in link.flows.all()
    }


def sends(flow: FlowSetting) -> str:
    return schedules.words(flow.every_minutes, flow.daily_at)


def next_run(link: Link, flow: FlowSetting) -> str:
    """In the workspace's own time; empty: as it comes, or nothing is sent now."""
    stands = flow.paused or link.paused or flow.mode != FlowSetting.Mode.LIVE
    return "" if stands or flow.next_run_at is None else words.when(flow.next_run_at, link.workspace.time_zone)
