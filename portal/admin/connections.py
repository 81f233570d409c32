"""Connections: one workspace's account at one system. Credentials go in and never come out; Ping shows what works."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from unfold.decorators import display

from audit.models import Delivery
from connectors import registry
from connectors.base import Hook
from connectors.errors import ConnectorError
from mappings.models import Choice
from portal.admin import declared, words
from portal.admin.budgets import BUDGETS, Budgets
from portal.admin.scoped import ScopedRelatedFilter, act, actor
from portal.engine import access, webhook
from portal.engine.decide import NotNow
from portal.engine.examine import examine
from portal.models import Connection, Workspace

LAYERS = {
    "reach": "Reach",
    "sign-in": "Sign-in",
    "rights": "Rights",
    "settings": "Settings",
    "data": "Data",
}
OUTCOMES = {
    "ok": ("success", "ok"),
    "failed": ("danger", "failed"),
    "warning": ("warning", "warning"),
    "not_checkable": ("", "not checkable"),
}
HEALTH = {"ok": "success", "denied": "danger", "new": "warning"}
HISTORY = 10


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


class HookSecret(forms.Form):
    secret = forms.CharField(
        label="Signing secret",
        max_length=500,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"}),
        help_text="What the outside system shows beside the webhook that you made there.",
    )
    keep = forms.BooleanField(
        label="Keep the earlier secret valid too",
        required=False,
        help_text="While you are changing from one secret to the next. Save once more without it afterwards.",
    )


@admin.register(Connection)
class ConnectionAdmin(Budgets):
    list_display = ("name", "system_label", "account", "mode_label", "health_label", "health_said", "workspace")
    list_display_links = ("name",)
    list_filter = (("health", admin.ChoicesFieldListFilter), ("workspace", ScopedRelatedFilter))
    list_select_related = ("workspace",)
    ordering = ("workspace__name", "name")
    acts = ("ping", "credentials", "hook_secret", "webhook", "choices", *BUDGETS)

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
            return HttpResponseRedirect(self.url("change", row.pk))
        return self.page(request, "portal/form.html", "Add a connection", form=form, back=self.url("changelist"))

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        row = self.one(request, object_id)
        if row is None:
            return self.missing(request, object_id)
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        return self._show(request, row)

    def _show(self, request: HttpRequest, row: Connection, **forms_: forms.Form) -> HttpResponse:
        of = registry.SYSTEMS.get(row.system)
        stored = row.credentials()
        examinations = list(row.examinations.order_by("-pk")[:HISTORY])
        may_change = self.may(request, "credentials", row)
        context: dict[str, Any] = {
            "row": row,
            "zone": row.workspace.time_zone,
            "system": words.system(row.system),
            "health": HEALTH.get(row.health, ""),
            "layers": _layers(examinations[0].checks) if examinations else [],
            "elsewhere": bool(examinations) and _leads_elsewhere(examinations[0].checks),
            "examinations": examinations,
            "stored": declared.shown(of.credentials, stored) if of else [],
            "missing": declared.missing(of.credentials, stored) if of else [],
            "offered": _offered(row) if of and of.choices else [],
            "ping_url": self.url("ping", row.pk) if self.may(request, "ping", row) else "",
            "choices_url": self.url("choices", row.pk)
            if of and of.choices and self.may(request, "refresh", row)
            else "",
        }
        context |= self.budget_of(request, row)
        if of and may_change:
            context |= {"credentials_url": self.url("credentials", row.pk)}
            context["credentials_form"] = forms_.get("credentials") or declared.form_for(of.credentials, stored)()
        if of and of.hook:
            form = forms_.get("hook_secret") if may_change else None
            context |= self._hook(row, of.hook, form, may_change=may_change)
        return self.page(request, "portal/connection.html", row.name, original=row, **context)

    def _hook(self, row: Connection, of: Hook, form: forms.Form | None, *, may_change: bool) -> dict[str, Any]:
        last = Delivery.objects.filter(connection=row).order_by("-pk")
        return {
            "hook": access.hook_url(row),
            "hook_events": of.events,
            "hook_set_up": self.url("webhook", row.pk) if may_change and of.endpoints else "",
            "hook_secrets": len(row.hook_secrets()),
            "hook_form": (form or HookSecret()) if may_change else None,
            "hook_url": self.url("hook_secret", row.pk),
            "genuine": last.exclude(status=Delivery.Status.REFUSED).first(),
            "refused": last.filter(status=Delivery.Status.REFUSED).first(),
        }

    def _guard(self, request: HttpRequest, object_id: str) -> Connection:
        row = self.one(request, object_id)
        if row is None:
            raise Http404
        if not self.may(request, "credentials", row):
            raise PermissionDenied
        return row

    def credentials(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Saves credentials. Nothing is called: the ping does that, outside of any transaction."""
        row = self._guard(request, object_id)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        of, stored = registry.system(row.system), row.credentials()
        form = declared.form_for(of.credentials, stored)(request.POST)
        if form.is_valid():
            after = declared.merged(of.credentials, stored, form.cleaned_data)
            if _fit(of.credentials, after, form):
                self._save_credentials(request, row, stored, after)
                messages.success(request, "Saved. Ping to see whether they work.")
                return HttpResponseRedirect(self.url("change", row.pk))
        return self._show(request, row, credentials=form)

    def _save_credentials(
        self, request: HttpRequest, row: Connection, before: dict[str, Any], after: dict[str, Any]
    ) -> None:
        changed = sorted(name for name in after if after[name] != before.get(name))
        if not changed:
            return
        with transaction.atomic():
            row.set_credentials(after)
            row.save(update_fields=["sealed_credentials"])
            row.sessions.all().delete()  # a sign-in of the old ones must not outlive them
            self.tell(request, row, "connection.credentials", f"{row}: changed {', '.join(changed)}")

    credentials.permission = "credentials"  # type: ignore[attr-defined]

    def hook_secret(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self._guard(request, object_id)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        form = HookSecret(request.POST)
        if not form.is_valid():
            return self._show(request, row, hook_secret=form)
        before = row.hook_secrets()[:1] if form.cleaned_data["keep"] else []
        with transaction.atomic():
            row.set_hook_secrets(list(dict.fromkeys([form.cleaned_data["secret"], *before])))
            row.save(update_fields=["sealed_hook_secrets"])
            self.tell(
                request,
                row,
                "connection.hook_secret",
                f"{row}: a new signing secret{', beside the earlier one' * bool(before)}",
            )
        messages.success(request, "Saved. Refused deliveries can be verified again now.")
        return HttpResponseRedirect(self.url("change", row.pk))

    hook_secret.permission = "credentials"  # type: ignore[attr-defined]

    # --- acts -------------------------------------------------------------------------------------------------------

    @act("ping")
    def ping(self, request: HttpRequest, row: Connection) -> str | None:
        of = registry.system(row.system)
        lacking = declared.missing(of.credentials, row.credentials())
        if lacking:
            raise NotNow(f"Enter the credentials first: {', '.join(lacking)}.")
        checks = list(examine(row, actor(request), confirmed=request.POST.get("confirmed") == "yes"))
        failed = [check for check in checks if check.outcome == "failed"]
        if failed:
            raise NotNow(f"{failed[0].label}: {failed[0].said}")
        return f"{row} works: {len(checks)} checks passed."

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


def _fit(of: type, values: dict[str, Any], form: forms.Form) -> bool:
    """The credentials check themselves when they are made."""
    names = set(of.__dataclass_fields__)  # type: ignore[attr-defined]
    try:
        of(**{name: value for name, value in values.items() if name in names})
    except ConnectorError as error:
        form.add_error(error.field if error.field in form.fields else None, error.said)
        return False
    return True


def _layers(checks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = [
        {**check, "colour": OUTCOMES[check["outcome"]][0], "word": OUTCOMES[check["outcome"]][1]} for check in checks
    ]
    grouped = [(label, [row for row in rows if row["layer"] == layer]) for layer, label in LAYERS.items()]
    return [{"label": label, "checks": of} for label, of in grouped if of]


def _leads_elsewhere(checks: list[dict[str, Any]]) -> bool:
    return any(check["key"] == "same_account" and check["outcome"] == "failed" for check in checks)


def _offered(row: Connection) -> list[tuple[str, int]]:
    counted = Choice.objects.filter(connection=row, active=True).order_by("table").values_list("table")
    return [(words.field(table), count) for table, count in counted.annotate(Count("pk"))]
