"""Connections: one workspace's account at one system. Credentials go in and never come out; Ping shows what works."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from unfold.decorators import display

from connectors import registry
from connectors.base import Hook
from connectors.errors import ConnectorError
from mappings.models import Choice
from portal.admin import declared, examinations, webhooks, words
from portal.admin.budgets import BUDGETS, Budgets
from portal.admin.knobs import KNOBS, Knobs
from portal.admin.scoped import ScopedRelatedFilter, act, actor, view
from portal.engine import accounts, webhook
from portal.engine.decide import NotNow
from portal.engine.examine import confirm, start
from portal.models import Connection, Workspace

HEALTH = {"ok": "success", "denied": "danger", "new": "warning"}


class NewConnection(forms.Form):
    workspace = forms.ModelChoiceField(queryset=Workspace.objects.none(), empty_label=None)
    system = forms.ChoiceField()
    name = forms.CharField(max_length=80, help_text="How you will know it: “Stripe US”, “Sage Intacct”.")

    def __init__(self, *args: Any, workspaces: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["workspace"].queryset = workspaces  # type: ignore[attr-defined]
        self.fields["system"].choices = [(one.key, one.label) for one in registry.SYSTEMS.values()]  # type: ignore[attr-defined]
        if len(workspaces) == 1:
            self.fields["workspace"].widget = forms.HiddenInput()
            self.initial["workspace"] = workspaces[0].pk

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        same = Connection.objects.filter(workspace=cleaned.get("workspace"), name=cleaned.get("name"))
        if same.exists():
            self.add_error("name", "There is a connection of this name already.")
        return cleaned


@admin.register(Connection)
class ConnectionAdmin(Budgets, Knobs):
    list_display = ("name", "system_label", "account", "mode_label", "health_label", "health_said", "workspace")
    list_display_links = ("name",)
    list_filter = (("health", admin.ChoicesFieldListFilter), ("workspace", ScopedRelatedFilter))
    list_select_related = ("workspace",)
    ordering = ("workspace__name", "name")
    acts = ("ping", "credentials", "hook_secret", "retire_secret", "webhook", "choices", *BUDGETS, *KNOBS)
    views = ("examination", "examinations")

    @display(description="system", ordering="system")
    def system_label(self, row: Connection) -> str:
        return words.system(row.system)

    @display(description="mode", ordering="mode", label={"test": "warning"})
    def mode_label(self, row: Connection) -> str:
        return row.mode if row.account else ""

    @display(description="health", ordering="health", label=HEALTH)
    def health_label(self, row: Connection) -> tuple[str, str]:
        return row.health, row.get_health_display()

    # --- pages ------------------------------------------------------------------------------------------------------

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self.may(request, "add"):
            raise PermissionDenied
        form = NewConnection(request.POST or None, workspaces=self.usable(request, Workspace))
        if request.method == "POST" and form.is_valid():
            row = Connection.objects.create(**form.cleaned_data)
            self.tell(request, row, "connection.added", f"{row}, {words.system(row.system)}")
            messages.success(request, "Made. Enter its credentials, then ping.")
            return HttpResponseRedirect(self.after(request, row))
        back = self.back(request)
        context = {"form": form, "back": back or self.url("changelist"), "next": back, "side": request.POST.get("side")}
        return self.page(request, "portal/form.html", "Add a connection", **context)

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        row = self.one(request, object_id)
        if row is None:
            return self.missing(request, object_id)
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        return self._show(request, row)

    def with_forms(self, request: HttpRequest, row: Connection, given: Mapping[str, forms.Form]) -> HttpResponse:
        return self._show(request, row, knobs=given)

    def _show(
        self, request: HttpRequest, row: Connection, knobs: Mapping[str, forms.Form] | None = None, **forms_: forms.Form
    ) -> HttpResponse:
        of = registry.SYSTEMS.get(row.system)
        context = {
            "zone": row.workspace.time_zone,
            "roles": words.roles(row.system),
            "offered": _offered(row) if of and of.choices else [],
            "history": examinations.history(row),
            "histories_url": self.url("examinations", row.pk),
            "next": self.back(request),
            "choices_url": self.url("choices", row.pk)
            if of and of.choices and self.may(request, "refresh", row)
            else "",
            **self.side(request, row, **forms_),
            **self.budget_of(request, row),
            **self.knobs_of(request, row, knobs),
        }
        if of and of.hook:
            context |= self.hook(request, row, of.hook, forms_.get("hook_secret"))
        return self.page(request, "portal/connection.html", row.name, original=row, **context)

    def side(self, request: HttpRequest, row: Connection, **forms_: forms.Form) -> dict[str, Any]:
        """What a page shows of a connection: how it is, its credentials, its last examination. One query."""
        of = registry.SYSTEMS.get(row.system)
        stored = row.credentials()
        found = {
            "row": row,
            "zone": row.workspace.time_zone,
            "system": words.system(row.system),
            "health": HEALTH.get(row.health, ""),
            "stored": declared.shown(of.credentials, stored) if of else [],
            "missing": declared.missing(of.credentials, stored) if of else [],
            "examination": examinations.latest(list(row.examinations.order_by("-pk")[:1])),
            "examination_url": self.url("examination", row.pk),
            "ping_url": self.url("ping", row.pk) if self.may(request, "ping", row) else "",
        }
        if of and self.may(request, "credentials", row):
            form = forms_.get("credentials") or declared.form_for(of.credentials, stored)(auto_id=f"id_{row.pk}_%s")
            found |= {"credentials_url": self.url("credentials", row.pk), "credentials_form": form}
        return found

    def hook(self, request: HttpRequest, row: Connection, of: Hook, form: forms.Form | None = None) -> dict[str, Any]:
        found = webhooks.context(row, of)
        if self.may(request, "credentials", row):
            found |= {
                "hook_set_up": self.url("webhook", row.pk) if of.endpoints else "",
                "hook_form": form or webhooks.HookSecret(),
                "hook_url": self.url("hook_secret", row.pk),
                "retire_url": self.url("retire_secret", row.pk),
            }
        return found

    @view()
    def examination(self, request: HttpRequest, row: Connection) -> HttpResponse:
        """A part of a page: the last examination. It asks for itself until the end; then the whole page is new."""
        context = self.side(request, row)
        answer = TemplateResponse(request, "portal/examination.html", context)
        if not context["examination"].get("running"):
            answer.headers["HX-Refresh"] = "true"
        return answer

    @view()
    def examinations(self, request: HttpRequest, row: Connection) -> HttpResponse:
        context = {"row": row, "history": examinations.history(row, 200), "zone": row.workspace.time_zone}
        return self.page(request, "portal/examinations.html", f"Examinations of {row}", original=row, **context)

    def _guard(self, request: HttpRequest, object_id: str) -> Connection:
        row = self.one(request, object_id)
        if row is None:
            raise Http404
        if not self.may(request, "credentials", row):
            raise PermissionDenied
        return row

    def credentials(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Saves credentials; then, if asked, begins the ping, outside of any transaction."""
        row = self._guard(request, object_id)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        of, stored = registry.system(row.system), row.credentials()
        form = declared.form_for(of.credentials, stored)(request.POST)
        if form.is_valid():
            after = declared.merged(of.credentials, stored, form.cleaned_data)
            if _fit(of.credentials, after, form):
                self._save_credentials(request, row, stored, after)
                if request.POST.get("ping"):
                    start(row, actor(request))
                else:
                    messages.success(request, "Saved. Ping to see whether they work.")
                return HttpResponseRedirect(self.after(request, row))
        return self._show(request, row, credentials=form)

    def _save_credentials(
        self, request: HttpRequest, row: Connection, before: dict[str, Any], after: dict[str, Any]
    ) -> None:
        changed = sorted(name for name in after if after[name] != before.get(name))
        if not changed:
            return
        with transaction.atomic():
            accounts.enter(row, after)
            self.tell(request, row, "connection.credentials", f"{row}: changed {', '.join(changed)}")

    credentials.permission = "credentials"  # type: ignore[attr-defined]

    def hook_secret(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self._guard(request, object_id)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        form = webhooks.HookSecret(request.POST)
        if not form.is_valid():
            return self._show(request, row, hook_secret=form)
        before = row.hook_secrets()[:1] if form.cleaned_data["keep"] else []
        with transaction.atomic():
            row.set_hook_secrets(list(dict.fromkeys([form.cleaned_data["secret"], *before])))
            row.save(update_fields=["sealed_hook_secrets"])
            beside = ", beside the earlier one" * bool(before)
            self.tell(request, row, "connection.hook_secret", f"{row}: a new signing secret{beside}")
        messages.success(request, "Saved. Refused deliveries can be verified again now.")
        return HttpResponseRedirect(self.after(request, row))

    hook_secret.permission = "credentials"  # type: ignore[attr-defined]

    # --- acts -------------------------------------------------------------------------------------------------------

    @act("ping")
    def ping(self, request: HttpRequest, row: Connection) -> str | None:
        of = registry.system(row.system)
        lacking = declared.missing(of.credentials, row.credentials())
        if lacking:
            raise NotNow(f"Enter the credentials first: {', '.join(lacking)}.")
        key, value = request.POST.get("confirm", ""), request.POST.get("value", "")
        account = ""
        if key:
            if request.POST.get("confirmed") != "yes":
                raise NotNow("Say first that you mean it: nothing was done.")
            account = confirm(row, key, value)
            self.tell(request, row, "connection.confirmed", f"{row}: {key} is {value}")
        start(row, actor(request), account=account)
        return None

    @act("credentials")
    def retire_secret(self, request: HttpRequest, row: Connection) -> str:
        secrets = row.hook_secrets()
        if len(secrets) < 2:
            raise NotNow("There is one secret only. Enter the next one first.")
        with transaction.atomic():
            row.set_hook_secrets(secrets[:1])
            row.save(update_fields=["sealed_hook_secrets"])
            self.tell(request, row, "connection.hook_secret", f"{row}: the earlier signing secret is retired")
        return "The earlier secret is retired: what is signed with it is refused from now on."

    @act("credentials")
    def webhook(self, request: HttpRequest, row: Connection) -> str:
        """Makes or mends the endpoint at the outside system. The signing secret goes into the seal and nowhere else."""
        lacking = declared.missing(registry.system(row.system).credentials, row.credentials())
        if lacking:
            raise NotNow(f"Enter the credentials first: {', '.join(lacking)}.")
        if request.POST.get("confirmed") != "yes":
            raise NotNow("Say first that it shall be set up there: nothing was done.")
        return webhook.set_up(row, actor(request))

    @act("refresh")
    def choices(self, request: HttpRequest, row: Connection) -> str:
        """Only makes it due: reading may take long, and is the worker's."""
        Connection.objects.filter(pk=row.pk).update(choices_due_at=None)
        self.tell(request, row, "connection.choices", f"{row}: its choices are to be read again")
        return "What it offers is read again within a minute."

    # --- the way back -----------------------------------------------------------------------------------------------

    def after(self, request: HttpRequest, row: Connection) -> str:
        """A guided way that made this connection is told which one it is."""
        back, side = super().after(request, row), request.POST.get("side", "")
        return f"{back}&{side}={row.pk}#{side}" if side in ("source", "target") and "?" in back else back


def _fit(of: type, values: dict[str, Any], form: forms.Form) -> bool:
    """The credentials check themselves when they are made."""
    names = set(of.__dataclass_fields__)  # type: ignore[attr-defined]
    try:
        of(**{name: value for name, value in values.items() if name in names})
    except ConnectorError as error:
        form.add_error(error.field if error.field in form.fields else None, error.said)
        return False
    return True


def _offered(row: Connection) -> list[tuple[str, int]]:
    counted = Choice.objects.filter(connection=row, active=True).order_by("table").values_list("table")
    return [(words.field(table), count) for table, count in counted.annotate(Count("pk"))]
