"""The trail: what was done, by the engine and by people. Read only, for everybody."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import display

from audit.models import TrailEntry
from portal.admin import words
from portal.admin.scoped import Scoped, ScopedRelatedFilter


class PersonFilter(admin.SimpleListFilter):
    title = "by"
    parameter_name = "by"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("people", "people"), ("engine", "the engine")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "people":
                return queryset.exclude(actor="engine")
            case "engine":
                return queryset.filter(actor="engine")
        return queryset


@admin.register(TrailEntry)
class TrailAdmin(Scoped):
    list_display = ("when", "actor", "what", "about", "record_link", "workspace")
    list_display_links = None
    list_filter = (PersonFilter, "at", ("workspace", ScopedRelatedFilter))
    search_fields = ("actor", "what", "said", "record__key")
    search_help_text = "Person, what, words or key of a record"
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> Any:
        heavy = ("record__payload", "record__document", "record__trace")
        return super().get_queryset(request).select_related("record", "workspace").defer("data", *heavy)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        return super().changelist_view(request, extra_context)

    @display(description="when", ordering="id")
    def when(self, row: TrailEntry) -> str:
        return format_html('<span class="ml-money">{}</span>', words.when(row.at, row.workspace.time_zone))

    @display(description="said")
    def about(self, row: TrailEntry) -> str:
        return format_html('<div class="ml-wrap">{}</div>', row.said)

    @display(description="record")
    def record_link(self, row: TrailEntry) -> str:
        if row.record is None:
            return ""
        url = reverse("admin:audit_record_change", args=[row.record_id])
        return format_html('<a class="ml-link" href="{}">{}</a>', url, row.record.key)
