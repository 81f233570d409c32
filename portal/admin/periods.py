"""Periods: up to which day the books are closed. Entered by finance, or learned from a refusal."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.dateformat import format as date_format
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from connectors import registry
from mappings.models import Period
from portal.admin.scoped import Scoped, ScopedRelatedFilter

MODULES = [("AR", "receivables (AR)"), ("AP", "payables (AP)"), ("GL", "general ledger (GL)"), ("cash", "cash")]


class PeriodForm(forms.ModelForm):
    module = forms.ChoiceField(choices=MODULES, widget=UnfoldAdminSelectWidget)

    class Meta:
        model = Period
        fields = ("connection", "entity", "module", "closed_to")
        help_texts = {
            "entity": "Empty: all entities.",
            "closed_to": "The last closed day. What falls on it or before waits, and goes on by itself once reopened.",
        }


@admin.register(Period)
class PeriodAdmin(Scoped):
    workspace_path = "connection__workspace"
    form = PeriodForm
    list_display = ("connection", "entity_said", "module", "closed", "origin")
    list_filter = (("connection", ScopedRelatedFilter), "module", "learned")
    list_select_related = ("connection",)
    ordering = ("connection__name", "entity", "module")

    def usable(self, request: HttpRequest, model: Any, act: str = "add") -> Any:
        """Only connections that hold books."""
        books = [one.key for one in registry.SYSTEMS.values() if one.kinds]
        return super().usable(request, model, act).filter(system__in=books)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002
        form = super().get_form(request, obj, change, **kwargs)
        if "connection" in form.base_fields:
            # Choosing is all: adding or changing a connection has its own page.
            for button in ("can_add_related", "can_change_related", "can_delete_related", "can_view_related"):
                setattr(form.base_fields["connection"].widget, button, False)
        return form

    @display(description="entity", ordering="entity")
    def entity_said(self, row: Period) -> str:
        return row.entity or "all"

    @display(description="closed to", ordering="closed_to")
    def closed(self, row: Period) -> str:
        return date_format(row.closed_to, "j M Y")

    @display(description="known from", ordering="learned", label={"a refusal": "warning"})
    def origin(self, row: Period) -> str:
        return "a refusal" if row.learned else "finance"

    def save_model(self, request: HttpRequest, obj: Period, form: Any, change: Any) -> None:
        obj.learned, obj.probe_at = False, None  # a person has said it now
        super().save_model(request, obj, form, change)
        self.tell(request, obj, "period.changed" if change else "period.added", str(obj))

    def delete_model(self, request: HttpRequest, obj: Period) -> None:
        self.tell(request, obj, "period.removed", str(obj))
        super().delete_model(request, obj)
