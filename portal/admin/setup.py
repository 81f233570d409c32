"""Set up: one page that leads from nothing to live, with what is left always in sight.

Before there is a link its choices stand in the address; afterwards it is a page of the link. What is chosen, entered
and pressed is done by the pages that do it anyway; here is the order, and what each step is for.
"""

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from audit.models import Problem
from connectors import registry
from connectors.base import Integration
from mappings.models import Choice, Mapping
from portal.admin import missing, roles, words
from portal.admin.connections import ConnectionAdmin, NewConnection
from portal.admin.live import Live, flows_of
from portal.admin.scoped import view
from portal.engine import links
from portal.models import Connection, FlowSetting, Link, Workspace

SIDES = ("source", "target")
LOCAL = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True)
class Step:
    """One line of the list, which is also a section of the page."""

    key: str
    label: str
    done: bool
    said: str
    """What is left; when it is done, what is there."""
    possible: bool = True


class NewLink(forms.Form):
    """Its start is in the workspace's own time."""

    name = forms.CharField(max_length=80, help_text="How you will know it among your links.")
    start_at = forms.DateTimeField(
        label="Start",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=LOCAL),
        help_text="What happened before this instant posts nothing. You can change it until you go live.",
    )


class SetUp(Live):
    """The pages of Set up, on the page of links."""

    # --- before there is a link -------------------------------------------------------------------------------------

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self.may(request, "add"):
            raise PermissionDenied
        workspace = _chosen(self.usable(request, Workspace).order_by("name"), request.GET.get("workspace", ""))
        integration = registry.INTEGRATIONS.get(request.GET.get("integration", ""))
        if workspace is None or integration is None:
            return self._choose(request, workspace)
        sides = self._sides(request, workspace, integration)
        known = self._known(sides, integration)
        if known and all(side in request.GET for side in SIDES):
            return HttpResponseRedirect(self.url("set_up", known.pk))
        if known:  # nobody named this pair: perhaps another one is meant
            sides = dict.fromkeys(SIDES)
        with timezone.override(ZoneInfo(workspace.time_zone)):
            form = NewLink(request.POST or None, initial=_initial(integration))
            if request.method == "POST" and form.is_valid():
                made = self._make(request, form, integration, sides)
                if made:
                    return HttpResponseRedirect(self.url("set_up", made.pk))
            return self._guide(request, workspace, integration, sides, form).render()

    def _choose(self, request: HttpRequest, workspace: Workspace | None) -> HttpResponse:
        spaces = [workspace] if workspace else list(self.usable(request, Workspace).order_by("name"))
        begun = self.get_queryset(request).filter(removed=False, workspace__in=spaces).order_by("name")
        offered = [
            {
                "row": one,
                "source": words.system(one.source),
                "target": words.system(one.target),
                "places": [
                    (space, f"?{urlencode({'workspace': space.pk, 'integration': one.key})}") for space in spaces
                ],
            }
            for one in registry.INTEGRATIONS.values()
        ]
        unfinished = [one for one in begun if not any(flow.mode == "live" for flow in one.flows.all())]
        context = {"offered": offered, "unfinished": unfinished, "several": len(spaces) > 1}
        return self.page(request, "portal/setup_choose.html", "Set up", **context)

    def _sides(
        self, request: HttpRequest, workspace: Workspace, integration: Integration
    ) -> dict[str, Connection | None]:
        """Those that are named in the address, or the only ones that there are."""
        rows = list(self.usable(request, Connection).filter(workspace=workspace).select_related("workspace"))
        return {side: _side(rows, getattr(integration, side), request.GET.get(side, "")) for side in SIDES}

    def _known(self, sides: dict[str, Connection | None], integration: Integration) -> Link | None:
        if None in sides.values():
            return None
        return Link.objects.filter(**sides, integration=integration.key, removed=False).first()

    def _make(
        self, request: HttpRequest, form: NewLink, integration: Integration, sides: dict[str, Any]
    ) -> Link | None:
        if None in sides.values():
            form.add_error(None, "Connect both sides first.")
            return None
        try:
            with transaction.atomic():
                made = links.make(**sides, **form.cleaned_data, integration=integration.key, options={})
                self.tell(request, made, "link.added", str(made))
        except links.NotPossible as error:
            form.add_error(None, str(error))
            return None
        messages.success(request, "Linked, with all flows off: nothing is read or sent yet.")
        return made

    def _guide(
        self,
        request: HttpRequest,
        workspace: Workspace,
        integration: Integration,
        sides: dict[str, Connection | None],
        form: NewLink,
    ) -> Any:
        chosen = {side: row.pk for side, row in sides.items() if row}
        here = {"workspace": workspace.pk, "integration": integration.key, **chosen}
        steps = [_integration_step(integration), *(_side_step(integration, side, sides[side]) for side in SIDES)]
        ready = all(row and row.health == Connection.Health.OK for row in sides.values())
        said = "say from when" if ready else "when both sides are connected"
        steps += [Step("link", "Link the two", done=False, said=said, possible=ready)]
        steps += [Step(key, label, done=False, said=said, possible=False) for key, label, said in LATER]
        rendered = {side: self._side(request, workspace, integration, side, sides[side], here) for side in SIDES}
        return self.page(
            request,
            "portal/setup.html",
            "Set up",
            steps=steps,
            integration=integration,
            sides=rendered,
            form=form,
            ready=ready,
            zone=workspace.time_zone,
            other=self.url("add"),
        )

    # --- afterwards -------------------------------------------------------------------------------------------------

    @view()
    def set_up(self, request: HttpRequest, row: Link) -> HttpResponse:
        """A fixed number of queries, however many mappings and records there are."""
        integration = registry.INTEGRATIONS.get(row.integration)
        if integration is None:
            return HttpResponseRedirect(self.url("change", row.pk))
        sides: dict[str, Connection] = {"source": row.source, "target": row.target}
        tables, flows, offered = self._tables(request, row, integration), flows_of(row), _offered(row)
        steps = [_integration_step(integration), *(_side_step(integration, side, one) for side, one in sides.items())]
        steps += [Step("link", "Link the two", done=True, said=f"from {words.when(row.start_at, _zone(row))}")]
        hook = self._hook(request, row)
        steps += [_hook_step(hook)] if hook else []
        steps += [_tables_step(tables), *_flow_steps(flows)]
        rendered = {side: self._side(request, row.workspace, integration, side, one, {}) for side, one in sides.items()}
        return self.page(
            request,
            "portal/setup.html",
            f"Set up {row}",
            original=row,
            row=row,
            steps=steps,
            integration=integration,
            sides=rendered,
            hook=render_to_string("portal/webhook.html", hook, request) if hook else "",
            tables=tables,
            offered=offered,
            flows=flows,
            some_off=any(one["row"].mode == FlowSetting.Mode.OFF for one in flows),
            zone=_zone(row),
            may_mode=self.may(request, "mode", row),
            may_fill_in=roles.may(request, Mapping, "add", row.workspace_id),
            urls={name: self.url(name, row.pk) for name in ("change", "options", "preview", "live", "preview_flows")},
        )

    def _page(self, model: Any) -> Any:
        return self.admin_site._registry[model]

    def _hook(self, request: HttpRequest, row: Link) -> dict[str, Any]:
        """Of the side that sends deliveries; empty: none of the two does."""
        page: ConnectionAdmin = self._page(Connection)
        for one in (row.source, row.target):
            of = registry.SYSTEMS.get(one.system)
            if of and of.hook:
                context = page.hook(request, one, of.hook)
                shown = {"row": one, "system": of.label, "zone": _zone(row), "next": f"{request.path}#webhook"}
                return {**context, **shown}
        return {}

    def _side(
        self,
        request: HttpRequest,
        workspace: Workspace,
        integration: Integration,
        side: str,
        row: Connection | None,
        here: dict[str, Any],
    ) -> str:
        """One side as HTML: its connection with credentials and ping, or how to come by one."""
        page: ConnectionAdmin = self._page(Connection)
        key = getattr(integration, side)
        back = f"{request.path}?{urlencode(here)}" if here else request.path
        context: dict[str, Any] = {"system": words.system(key), "side": side, "next": f"{back}#{side}"}
        if row:
            context |= page.side(request, row) | {"next": f"{back}#{side}"}
            if here:
                context["other"] = f"{request.path}?{urlencode({**here, side: 'new'})}#{side}"
        else:
            rows = page.usable(request, Connection).filter(workspace=workspace, system=key).order_by("name")
            context["candidates"] = [
                (one, f"{request.path}?{urlencode({**here, side: one.pk})}#{side}") for one in rows
            ]
            context["add_url"] = page.url("add")
            context["next"] = back
            initial = {"workspace": workspace.pk, "system": key, "name": words.system(key)}
            context["new"] = NewConnection(workspaces=Workspace.objects.filter(pk=workspace.pk), initial=initial)
        return render_to_string("portal/setup_side.html", context, request)

    def _tables(self, request: HttpRequest, row: Link, integration: Integration) -> list[dict[str, Any]]:
        """The needed ones first: those that must have a row, and those for which records wait."""
        waits: dict[str, list[missing.Missing]] = {}
        for one in missing.of(self.seen(request, Problem).filter(link=row)):
            waits.setdefault(one.table, []).append(one)
        counted = Mapping.objects.filter(link=row, retired=False).order_by().values_list("table")
        rows = dict(counted.annotate(Count("pk")))
        grid, add = reverse("admin:mappings_mapping_changelist"), reverse("admin:mappings_mapping_add")
        made = [
            {
                "row": table,
                "rows": rows.get(table.key, 0),
                "waits": waits.get(table.key, []),
                "needed": table.required or table.key in waits,
                "done": bool(rows.get(table.key)) and table.key not in waits,
                "url": f"{grid}?{urlencode({'table': table.key, 'link__id__exact': str(row.pk)})}",
                "add_url": f"{add}?{urlencode({'link': str(row.pk), 'table': table.key})}",
            }
            for table in integration.tables
        ]
        return sorted(made, key=lambda one: not one["needed"])


LATER = (
    ("tables", "Mapping tables", "after the link"),
    ("preview", "Preview", "after the link"),
    ("live", "Go live", "after the preview"),
)


def _chosen(spaces: Any, wanted: str) -> Workspace | None:
    """The one that is named, or the only one."""
    found = list(spaces)
    named: list[Workspace] = [one for one in found if str(one.pk) == wanted]
    if wanted:
        return named[0] if named else None
    return found[0] if len(found) == 1 else None


def _side(rows: list[Connection], system: str, wanted: str) -> Connection | None:
    fit = [one for one in rows if one.system == system]
    named = [one for one in fit if str(one.pk) == wanted]
    if wanted:
        return named[0] if named else None
    return fit[0] if len(fit) == 1 else None


def _initial(integration: Integration) -> dict[str, Any]:
    """The first of this month: enough to see in the preview, and a day on which finance can begin."""
    today = timezone.localdate()
    start = datetime.combine(today.replace(day=1), time())
    return {"name": integration.label, "start_at": start.strftime(LOCAL)}


def _zone(row: Link) -> str:
    return row.workspace.time_zone


def _integration_step(integration: Integration) -> Step:
    return Step("integration", "What travels", done=True, said=integration.label)


def _side_step(integration: Integration, side: str, row: Connection | None) -> Step:
    label = f"Connect {words.system(getattr(integration, side))}"
    if row is None:
        return Step(side, label, done=False, said="choose a connection or make one")
    if row.health == Connection.Health.OK:
        return Step(side, label, done=True, said=f"{row.account}{' (test)' * (row.mode == 'test')}")
    said = row.health_said or "enter the credentials and ping"
    return Step(side, label, done=False, said=said)


def _hook_step(hook: dict[str, Any]) -> Step:
    done = bool(hook["hook_secrets"])
    came = "deliveries come in" if hook["genuine"] else "no delivery yet"
    return Step("webhook", "Webhook", done=done, said=came if done else "no signing secret: all is found by polling")


def _tables_step(tables: list[dict[str, Any]]) -> Step:
    needed = [one for one in tables if one["needed"]]
    filled = [one for one in needed if one["done"]]
    return Step("tables", "Mapping tables", len(filled) == len(needed), f"{len(filled)} of {len(needed)} needed")


def _flow_steps(flows: list[dict[str, Any]]) -> tuple[Step, Step]:
    on = [one for one in flows if one["row"].mode != FlowSetting.Mode.OFF]
    live = [one for one in flows if one["row"].mode == FlowSetting.Mode.LIVE]
    made = sum(one["row"].made + one["row"].posted for one in flows)
    said = f"{made} documents are made" if made else "nothing has come in yet" if on else "no flow is read yet"
    return (
        Step("preview", "Preview", done=bool(made), said=said),
        Step("live", "Go live", done=bool(live), said=f"{len(live)} of {len(flows)} flows are live", possible=bool(on)),
    )


def _offered(row: Link) -> int:
    """How many choices the books have told."""
    return Choice.objects.filter(connection=row.target_id, active=True).count()
