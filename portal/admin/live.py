"""Preview and going live: documents as a bookkeeper reads them before any is sent; what a start would do, said before
it is pressed."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from audit.models import Record, State
from connectors import registry
from portal.admin import documents, origins, words
from portal.admin.scoped import Scoped, act, actor, view
from portal.engine import links
from portal.engine.decide import NotNow
from portal.models import FlowSetting, Link

SHOWN = 10
"""Documents on a page of the preview."""
MODES = {"off": "", "preview": "info", "live": "success"}
ABOUT = {
    "off": "Nothing is read, prepared or sent.",
    "preview": "Documents are prepared for you to look at; none is sent.",
    "live": "Documents are sent to the books.",
}


class Begin(forms.Form):
    """From when, and which flows. In the workspace's own time."""

    start_at = forms.DateTimeField(
        label="Start",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="What happened before this instant posts nothing.",
    )
    flows = forms.MultipleChoiceField(label="Flows", widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, link: Link, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        waiting = [one for one in link.flows.all() if one.mode != FlowSetting.Mode.LIVE]
        self.fields["flows"].choices = [  # type: ignore[attr-defined]
            (one.flow, words.flow(f"{link.integration}.{one.flow}")) for one in waiting
        ]


class Live(Scoped):
    @act("mode")
    def preview_flows(self, request: HttpRequest, row: Link) -> str:
        """All that are off. Nothing is sent, so that nothing need be asked."""
        off = list(row.flows.filter(mode=FlowSetting.Mode.OFF))
        if not off:
            raise NotNow("No flow is off.")
        with transaction.atomic():
            for flow in off:
                links.set_mode(row, flow.flow, FlowSetting.Mode.PREVIEW, actor(request))
        source = words.system(row.source.system)
        return f"{len(off)} flows are in preview: {source} is read within a minute, and nothing is sent."

    @view()
    def preview(self, request: HttpRequest, row: Link) -> HttpResponse:
        """A fixed number of queries for a page of documents."""
        flow = request.GET.get("flow", "")
        rows = prepared(row)
        counts = dict(rows.order_by().values_list("flow").annotate(Count("pk")))
        chosen = rows.filter(flow=flow) if flow in counts else rows
        whole = chosen.select_related("link__target", "setting").order_by("-happened_at", "-pk")
        page = Paginator(whole, SHOWN).get_page(request.GET.get("page"))
        shown = list(page.object_list)
        made = zip(shown, documents.pages(shown), strict=True)
        return self.page(
            request,
            "portal/preview.html",
            f"Preview of {row}",
            original=row,
            row=row,
            zone=row.workspace.time_zone,
            documents=[{"record": one, "document": of, "origins": origins.of(one), **_head(one)} for one, of in made],
            chips=[(name, words.short_flow(name), count) for name, count in sorted(counts.items())],
            flow=flow if flow in counts else "",
            total=sum(counts.values()),
            page_=page,
            waiting=_waiting(row),
            urls={name: self.url(name, row.pk) for name in ("set_up", "live", "preview_flows")},
            off=all(one.mode == FlowSetting.Mode.OFF for one in row.flows.all()),
            may_mode=self.may(request, "mode", row),
        )

    @view("mode")
    def live(self, request: HttpRequest, row: Link) -> HttpResponse:
        """What a start would do. Nothing is done here: what is said is what the button then posts."""
        zone = ZoneInfo(row.workspace.time_zone)
        local = row.start_at.astimezone(zone).strftime("%Y-%m-%dT%H:%M")
        on = [one.flow for one in row.flows.all() if one.mode == FlowSetting.Mode.PREVIEW]
        with timezone.override(zone):
            form = Begin(request.GET if "flows" in request.GET else {"start_at": local, "flows": on}, link=row)
            told = _told(row, form.cleaned_data["start_at"], form.cleaned_data["flows"]) if form.is_valid() else None
            return self.page(
                request,
                "portal/live.html",
                f"Go live: {row}",
                original=row,
                row=row,
                zone=row.workspace.time_zone,
                form=form,
                told=told,
                target=words.system(row.target.system),
                urls={name: self.url(name, row.pk) for name in ("set_up", "live", "go_live")},
            ).render()

    @act("mode")
    def go_live(self, request: HttpRequest, row: Link) -> str:
        with timezone.override(ZoneInfo(row.workspace.time_zone)):
            form = Begin(request.POST, link=row)
            if not form.is_valid() or request.POST.get("confirmed") != "yes":
                raise NotNow("Say from when, which flows, and that you mean it. Nothing was done.")
        start, flows = form.cleaned_data["start_at"], form.cleaned_data["flows"]
        with transaction.atomic():
            links.set_start(row, start, actor(request))
            for flow in flows:
                links.set_mode(row, flow, FlowSetting.Mode.LIVE, actor(request))
        said = words.when(start, row.workspace.time_zone)
        return f"{len(flows)} flows are live. What happened from {said} on is sent to {row.target}."


def prepared(link: Link) -> QuerySet[Record]:
    """What would be sent, and was not. Masters have no start: what needs them brings them along."""
    rows = Record.objects.filter(link=link, state=State.READY, document__isnull=False)
    return rows.filter(since(link.start_at))


def since(start: datetime) -> Q:
    return Q(happened_at__gte=start) | ~Q(digest="")


def flows_of(link: Link) -> list[dict[str, Any]]:
    """Its flows with how many records each has ready, posted and stuck. One query."""
    waiting = Count("records", filter=Q(records__state__in=[State.WAITING, State.FAILED]))
    posted = Count("records", filter=Q(records__state=State.POSTED))
    made = Count("records", filter=Q(records__state=State.READY))
    return [
        {
            "row": flow,
            "label": words.flow(f"{link.integration}.{flow.flow}"),
            "name": f"{link.integration}.{flow.flow}",
            "colour": MODES[flow.mode],
            "about": ABOUT[flow.mode],
        }
        for flow in link.flows.order_by("place").annotate(stuck=waiting, posted=posted, made=made)
    ]


def _head(record: Record) -> dict[str, Any]:
    return {
        "flow": words.flow(record.flow),
        "money": words.money(record.amount, words.currency(record)),
        "url": reverse("admin:audit_record_change", args=[record.pk]),
    }


def _waiting(link: Link) -> list[dict[str, Any]]:
    """What is not prepared yet, and why not. One query."""
    rows = Record.objects.filter(link=link, state__in=[State.WAITING, State.FAILED, State.DUE]).order_by()
    base = f"{reverse('admin:audit_record_changelist')}?link__id__exact={link.pk}"
    return [
        {
            "count": count,
            "said": words.state(Record(state=state, waits_for=waits)),
            "url": f"{base}&state__exact={state}" + (f"&waits_for__exact={waits}" if waits else ""),
        }
        for state, waits, count in rows.values_list("state", "waits_for").annotate(Count("pk"))
    ]


def _told(link: Link, start: datetime, flows: list[str]) -> dict[str, Any]:
    """Per flow, what would be sent at once. One query; then what they would have to wait for."""
    names = [f"{link.integration}.{flow}" for flow in flows]
    rows = Record.objects.filter(link=link, flow__in=names, state=State.READY).filter(since(start)).order_by()
    counted = rows.values_list("flow", "currency").annotate(Count("pk"), Sum("amount"))
    base = str(link.target.facts.get("base_currency", ""))
    told: dict[str, dict[str, Any]] = {name: {"label": words.flow(name), "count": 0, "money": []} for name in names}
    for name, currency, count, total in counted.order_by("currency"):
        told[name]["count"] += count
        told[name]["money"] += [words.money(total, currency or base)] if total else []
    before = Record.objects.filter(link=link, flow__in=names, state=State.READY).exclude(since(start)).count()
    return {
        "flows": [{**one, "money": ", ".join(one["money"])} for one in told.values() if one["count"]],
        "count": sum(one["count"] for one in told.values()),
        "before": before,
        "needs": _needs(link, flows),
        "start_at": timezone.localtime(start).strftime("%Y-%m-%dT%H:%M"),
        "start": start,
        "names": flows,
    }


def _needs(link: Link, flows: list[str]) -> list[str]:
    """Flows that others of these come after, and that would not be live: what needs them would wait."""
    live = {one.flow for one in link.flows.all() if one.mode == FlowSetting.Mode.LIVE} | set(flows)
    of = registry.integration(link.integration)
    needed = {after for flow in flows for after in of.flow(flow).after} - live
    return [of.flow(key).label for key in sorted(needed)]
