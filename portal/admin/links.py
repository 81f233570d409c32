"""Links: an integration between two connections, its options, and for each flow: off, preview or live."""

from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from unfold.decorators import display

from connectors import registry
from portal.admin import declared, words
from portal.admin.backfills import BACKFILLS, Backfills
from portal.admin.backfills import of_link as backfills_of
from portal.admin.live import ABOUT, flows_of
from portal.admin.runs import RUNS, Runs, of_flows
from portal.admin.scoped import ScopedRelatedFilter, act, actor
from portal.admin.setup import SetUp
from portal.engine import clock, links
from portal.engine.decide import NotNow
from portal.models import FlowSetting, Link


class Start(forms.Form):
    name = forms.CharField(max_length=80)
    start_at = forms.DateTimeField(
        label="Start",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="What happened before this instant posts nothing.",
    )


@admin.register(Link)
class LinkAdmin(Runs, Backfills, SetUp):
    list_display = ("name", "integration_label", "source", "target", "modes", "start", "paused_label", "workspace")
    list_display_links = ("name",)
    list_filter = (("workspace", ScopedRelatedFilter), "paused")
    list_select_related = ("source", "target", "workspace")
    ordering = ("workspace__name", "name")
    acts = ("options", "mode", "pause", "pause_flow", "preview_flows", "go_live", *RUNS, *BACKFILLS)
    views = ("set_up", "preview", "live")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("flows")

    @display(description="integration", ordering="integration")
    def integration_label(self, row: Link) -> str:
        return words.integration(row.integration)

    @display(description="flows")
    def modes(self, row: Link) -> str:
        modes = [flow.mode for flow in row.flows.all()]
        return ", ".join(f"{modes.count(mode)} {mode}" for mode in ("live", "preview", "off") if mode in modes)

    @display(description="start", ordering="start_at")
    def start(self, row: Link) -> str:
        return words.when(row.start_at, row.workspace.time_zone)

    @display(description="paused", ordering="paused", label={"paused": "warning"})
    def paused_label(self, row: Link) -> str:
        return "paused" if row.paused else ""

    # --- pages ------------------------------------------------------------------------------------------------------

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        row = self.one(request, object_id)
        if row is None:
            return self.missing(request, object_id)
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        return self._show(request, row)

    def _show(self, request: HttpRequest, row: Link, *bound: forms.Form) -> TemplateResponse:
        zone = row.workspace.time_zone
        of = registry.INTEGRATIONS.get(row.integration)
        start, options = bound or _forms(row)
        return self.page(
            request,
            "portal/link.html",
            row.name,
            original=row,
            row=row,
            zone=zone,
            integration=words.integration(row.integration),
            source=words.system(row.source.system),
            target=words.system(row.target.system),
            flows=_flows(row),
            seen=clock.now().isoformat(),
            backfills=backfills_of(row),
            start_form=start,
            options_form=options,
            shown=declared.shown(of.options, row.options) if of else [],
            may_change=self.may(request, "change", row),
            may_mode=self.may(request, "mode", row),
            may_pause=self.may(request, "pause", row),
            urls={name: self.url(name, row.pk) for name in (*self.acts, *self.views)},
        )

    def options(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.one(request, object_id)
        if row is None:
            raise Http404
        if not self.may(request, "change", row):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        with timezone.override(ZoneInfo(row.workspace.time_zone)):
            start, options = _forms(row, request.POST)
            if not (start.is_valid() and options.is_valid()):
                return self._show(request, row, start, options).render()
        self._save(request, row, start.cleaned_data, options.cleaned_data)
        messages.success(request, "Saved. What is prepared and not sent is prepared again.")
        return HttpResponseRedirect(self.url("change", row.pk))

    options.permission = "change"  # type: ignore[attr-defined]

    def _save(self, request: HttpRequest, row: Link, start: dict[str, Any], options: dict[str, Any]) -> None:
        before = {"name": row.name, "start_at": row.start_at, **row.options}
        row.name, row.options = start["name"], {**row.options, **options}
        after = {"name": row.name, "start_at": start["start_at"], **row.options}
        changed = {name: value for name, value in after.items() if value != before.get(name)}
        if not changed:
            return
        with transaction.atomic():
            row.save(update_fields=["name", "options"])
            links.set_start(row, start["start_at"], actor(request))
            said = ", ".join(f"{name} is {value}" for name, value in changed.items())
            self.tell(request, row, "link.changed", f"{row}: {said}", was={name: before.get(name) for name in changed})

    # --- acts -------------------------------------------------------------------------------------------------------

    @act("mode")
    def mode(self, request: HttpRequest, row: Link) -> str:
        flow, mode = request.POST.get("flow", ""), request.POST.get("mode", "")
        if mode not in FlowSetting.Mode.values or not row.flows.filter(flow=flow).exists():
            raise NotNow("There is no such flow or mode.")
        with transaction.atomic():
            links.set_mode(row, flow, mode, actor(request))
        return f"{words.flow(f'{row.integration}.{flow}')} is {mode}. {ABOUT[mode]}"

    @act("pause")
    def pause(self, request: HttpRequest, row: Link) -> str:
        row.paused = request.POST.get("paused") == "yes"
        said = "paused" if row.paused else "goes on"
        with transaction.atomic():
            row.save(update_fields=["paused"])
            self.tell(request, row, "link.paused" if row.paused else "link.resumed", f"{row} {said}")
        return f"{row} {said}. What was sent without a clear answer is looked for all the same."

    @act("pause")
    def pause_flow(self, request: HttpRequest, row: Link) -> str:
        setting = row.flows.filter(flow=request.POST.get("flow", "")).first()
        if setting is None:
            raise NotNow("There is no such flow.")
        setting.paused = request.POST.get("paused") == "yes"
        name, said = words.flow(f"{row.integration}.{setting.flow}"), "paused" if setting.paused else "goes on"
        with transaction.atomic():
            setting.save(update_fields=["paused"])
            self.tell(
                request, row, "flow.paused" if setting.paused else "flow.resumed", f"{row}: {setting.flow} {said}"
            )
        return f"{name} {said}."


def _forms(row: Link, data: Any = None) -> tuple[forms.Form, forms.Form]:
    """The start is shown and read in the workspace's own time."""
    of = registry.INTEGRATIONS.get(row.integration)
    local = row.start_at.astimezone(ZoneInfo(row.workspace.time_zone))
    start = Start(data, initial={"name": row.name, "start_at": local.strftime("%Y-%m-%dT%H:%M")})
    options = declared.form_for(of.options, row.options) if of else forms.Form
    return start, options(data)


def _flows(row: Link) -> list[dict[str, Any]]:
    runs = of_flows(row)
    return [{**runs[one["row"].pk], **one} for one in flows_of(row)]
