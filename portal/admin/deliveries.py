"""Deliveries: what arrived by webhook or file, and what was refused at the door."""

import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils.html import format_html
from unfold.decorators import display

from audit.models import Delivery
from portal.admin import words
from portal.admin.scoped import Scoped, ScopedRelatedFilter, act
from portal.doors.hooks import verify_again
from portal.engine.decide import NotNow

COLOURS = {"new": "info", "done": "success", "refused": "danger"}
SHOWN = 200_000


@admin.register(Delivery)
class DeliveryAdmin(Scoped):
    workspace_path = "connection__workspace"
    list_display = ("status_label", "event_type", "event_id", "connection", "arrived", "why_said")
    list_display_links = ("status_label", "event_id")
    list_filter = (("status", admin.ChoicesFieldListFilter), ("connection", ScopedRelatedFilter), "arrived_at")
    list_select_related = ("connection",)
    search_fields = ("event_id", "object_id", "event_type")
    search_help_text = "Event id, object id or type"
    ordering = ("-arrived_at",)
    acts = ("verify",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("connection__workspace")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        return super().changelist_view(request, extra_context)

    @display(description="status", ordering="status", label=COLOURS)
    def status_label(self, row: Delivery) -> str:
        return row.status

    @display(description="arrived", ordering="arrived_at")
    def arrived(self, row: Delivery) -> str:
        shown = words.when(row.arrived_at, row.connection.workspace.time_zone)
        return format_html('<span class="ml-money">{}</span>', shown)

    @display(description="why")
    def why_said(self, row: Delivery) -> str:
        return format_html('<div class="ml-wrap">{}</div>', row.why) if row.why else ""

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        row = self.one(request, object_id)
        if row is None:
            return self.missing(request, object_id)
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        refused = row.status == Delivery.Status.REFUSED
        return self.page(
            request,
            "portal/delivery.html",
            str(row),
            original=row,
            row=row,
            colour=COLOURS.get(row.status, ""),
            zone=row.connection.workspace.time_zone,
            body=_body(bytes(row.body)),
            verify_url=self.url("verify", row.pk) if refused and self.may(request, "verify", row) else "",
        )

    @act("verify")
    def verify(self, request: HttpRequest, row: Delivery) -> str:
        if row.status != Delivery.Status.REFUSED:
            raise NotNow("Only a refused delivery can be verified again.")
        number = row.pk
        said = verify_again(row)
        self.tell(request, row, "delivery.verified_again", f"delivery {number}: {said}")
        if Delivery.objects.filter(pk=number).exists():  # a genuine one is taken in as a new row, and this one is gone
            raise NotNow(f"It is still refused: {said}")
        return said

    def after(self, request: HttpRequest, row: Delivery) -> str:
        return self.url("change", row.pk) if row.pk else self.url("changelist")


def _body(body: bytes) -> str:
    try:
        text = json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        text = body.decode("utf-8", "replace")
    return text if len(text) <= SHOWN else text[:SHOWN] + f"\n… {len(text) - SHOWN:,} more characters"
