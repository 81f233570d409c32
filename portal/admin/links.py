"""Links: an integration between two connections, its options, and for each flow: off, preview or live."""

from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from unfold.decorators import display

from audit.models import State
from connectors import registry
from portal.admin import declared, words
from portal.admin.backfills import BACKFILLS, Backfills
from portal.admin.backfills import of_link as backfills_of
from portal.admin.runs import RUNS, Runs, of_flows
from portal.admin.scoped import ScopedRelatedFilter, act, actor
from portal.engine import clock, links
from portal.engine.decide import NotNow
from portal.models import Connection, FlowSetting, Link

MODES = {"off": "", "preview": "info", "live": "success"}
ABOUT = {
    "off": "Nothing is read, prepared or sent.",
    "preview": "Documents are prepared for you to look at; none is sent.",
    "live": "Documents are sent to the books.",
}


class Start(forms.Form):
    name = forms.CharField(max_length=80)
    start_at = forms.DateTimeField(
        label="Start",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="What happened before this instant posts nothing.",
    )


class NewLink(Start):
    integration = forms.ChoiceField()
    source = forms.ModelChoiceField(queryset=Connection.objects.none(), label="From", empty_label=None)
    target = forms.ModelChoiceField(queryset=Connection.objects.none(), label="To", empty_label=None)
    field_order = ("integration", "source", "target", "name", "start_at")

    def __init__(self, *args: Any, connections: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        declared_ = registry.INTEGRATIONS.values()
        self.fields["integration"].choices = [(one.key, one.label) for one in declared_]  # type: ignore[attr-defined]
        sources, targets = {one.source for one in declared_}, {one.target for one in declared_}
        self.fields["source"].queryset = connections.filter(system__in=sources)  # type: ignore[attr-defined]
        self.fields["target"].queryset = connections.filter(system__in=targets)  # type: ignore[attr-defined]


@admin.register(Link)
class LinkAdmin(Runs, Backfills):
    list_display = ("name", "integration_label", "source", "target", "modes", "start", "paused_label", "workspace")
    list_display_links = ("name",)
    list_filter = (("workspace", ScopedRelatedFilter), "paused")
    list_select_related = ("source", "target", "workspace")
    ordering = ("workspace__name", "name")
    acts = ("options", "mode", "pause", "pause_flow", *RUNS, *BACKFILLS)

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

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self.may(request, "add"):
            raise PermissionDenied
        connections = self.usable(request, Connection).order_by("name")
        initial = {"start_at": timezone.now().strftime("%Y-%m-%dT%H:%M")}
        form = NewLink(request.POST or None, connections=connections, initial=initial)
        if request.method == "POST" and form.is_valid():
            made = self._make(request, form)
            if made:
                return HttpResponseRedirect(self.url("change", made.pk))
        note = "The start is read in UTC here; you can correct it afterwards in the workspace's own time."
        return self.page(request, "portal/form.html", "Add a link", form=form, back=self.url("changelist"), note=note)

    def _make(self, request: HttpRequest, form: NewLink) -> Link | None:
        given = form.cleaned_data
        try:
            with transaction.atomic():
                known = Link.objects.filter(
                    source=given["source"], target=given["target"], integration=given["integration"], removed=False
                )
                if known.exists():
                    raise links.NotPossible("These two are linked already.")
                link = links.make(**given, options={})
                self.tell(request, link, "link.added", str(link))
        except links.NotPossible as error:
            form.add_error(None, str(error))
            return None
        messages.success(request, "Made, with all flows off. Fill the mapping tables, then look at a preview.")
        return link

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
            urls={name: self.url(name, row.pk) for name in self.acts},
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
        row.name, row.start_at = start["name"], start["start_at"]
        row.options = {**row.options, **options}
        after = {"name": row.name, "start_at": row.start_at, **row.options}
        changed = {name: value for name, value in after.items() if value != before.get(name)}
        if not changed:
            return
        with transaction.atomic():
            row.save(update_fields=["name", "start_at", "options"])
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
    waiting = Count("records", filter=Q(records__state__in=[State.WAITING, State.FAILED]))
    posted = Count("records", filter=Q(records__state=State.POSTED))
    made = Count("records", filter=Q(records__state=State.READY))
    runs = of_flows(row)
    return [
        {
            **runs[flow.pk],
            "row": flow,
            "label": words.flow(f"{row.integration}.{flow.flow}"),
            "name": f"{row.integration}.{flow.flow}",
            "colour": MODES[flow.mode],
            "about": ABOUT[flow.mode],
        }
        for flow in row.flows.order_by("place").annotate(stuck=waiting, posted=posted, made=made)
    ]
