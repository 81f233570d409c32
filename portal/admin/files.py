"""Files: what lies in the folders of a source, how far it is read, and what became of each row."""

import json
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils.html import format_html
from unfold.decorators import display

from audit.files import FileReading, RemoteFile
from audit.models import Delivery
from connectors.errors import ConnectorError
from portal.admin import words
from portal.admin.scoped import Scoped, ScopedRelatedFilter, act, actor, view
from portal.engine.decide import NotNow
from portal.engine.files import layouts, outcomes

COLOURS = {"done": "success", "rejected": "danger", "waits": "warning", "reading": "info", "seen": ""}
KINDS = {
    outcomes.POSTED: "success",
    outcomes.DUPLICATE: "",
    outcomes.REJECTED: "danger",
    outcomes.HELD: "warning",
    outcomes.SKIPPED: "",
    outcomes.MOVING: "info",
}
PER_PAGE = 100
SHOWN_CELL = 200


@admin.register(RemoteFile)
class FileAdmin(Scoped):
    workspace_path = "connection__workspace"
    list_display = ("stage_label", "name", "connection", "progress", "size_said", "seen_said", "said_wrapped")
    list_display_links = ("stage_label", "name")
    list_filter = (("state", admin.ChoicesFieldListFilter), ("connection", ScopedRelatedFilter), "seen_at")
    list_select_related = ("connection__workspace", "delivery__reading")
    search_fields = ("name", "delivery__reading__sha256")
    search_help_text = "Name or SHA-256"
    ordering = ("-seen_at", "-pk")
    acts = ("confirm",)
    views = ("layout",)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        return super().changelist_view(request, extra_context)

    @display(description="stage", ordering="state", label=COLOURS)
    def stage_label(self, row: RemoteFile) -> tuple[str, str]:
        return stage(row)

    @display(description="rows")
    def progress(self, row: RemoteFile) -> str:
        reading = getattr(row.delivery, "reading", None) if row.delivery else None
        if reading is None or not reading.surveyed:
            return ""
        shown = f"{reading.rows_read:,}" if reading.all_read else f"{reading.rows_read:,} of {reading.rows:,}"
        return format_html('<span class="ml-money">{}</span>', shown)

    @display(description="bytes", ordering="size")
    def size_said(self, row: RemoteFile) -> str:
        return format_html('<span class="ml-money">{}</span>', f"{row.size:,}")

    @display(description="seen", ordering="seen_at")
    def seen_said(self, row: RemoteFile) -> str:
        return format_html(
            '<span class="ml-money">{}</span>', words.when(row.seen_at, row.connection.workspace.time_zone)
        )

    @display(description="")
    def said_wrapped(self, row: RemoteFile) -> str:
        why = row.said or (row.delivery.why if row.delivery else "")
        return format_html('<div class="ml-wrap">{}</div>', why) if why else ""

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        row = self.one(request, object_id)
        if row is None:
            return self.missing(request, object_id)
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        label, said = stage(row)
        return self.page(
            request,
            "portal/file.html",
            row.name,
            original=row,
            row=row,
            zone=row.connection.workspace.time_zone,
            colour=COLOURS[label],
            stage=said,
            layout_url=self.url("layout", row.pk) if row.delivery and hasattr(row.delivery, "reading") else "",
            **_body(request, row),
        )

    @view()
    def layout(self, request: HttpRequest, row: RemoteFile) -> HttpResponse:
        """How the file is understood: every column with what it is taken for, and the first rows."""
        if row.delivery is None or not hasattr(row.delivery, "reading"):
            return self.missing(request, str(row.pk))
        shown = layouts.shown(row.delivery)
        heads = sorted({name for one in shown.rows for name in one.body.get("cells", {})})
        return self.page(
            request,
            "portal/layout.html",
            f"Layout of {row.name}",
            original=row,
            row=row,
            shown=shown,
            sample=[_sample(one, heads) for one in shown.rows],
            heads=heads,
            confirm_url=self.url("confirm", row.pk) if self.may(request, "confirm", row) else "",
            waits=layouts.waits(row.delivery),
        )

    @act("confirm")
    def confirm(self, request: HttpRequest, row: RemoteFile) -> str:
        if row.delivery is None or not hasattr(row.delivery, "reading"):
            raise NotNow("The file is not here yet.")
        try:
            layouts.confirm(row.delivery, request.POST.getlist("name"), actor(request))
        except ConnectorError as error:
            raise NotNow(f"Nothing was kept: {error.said}") from None
        return "Kept. Files like this one are read so from now on, and this one at once."


def _sample(row: Any, heads: list[str]) -> dict[str, Any]:
    read = {**row.body.get("cells", {}), **row.body.get("values", {})}
    return {
        "number": row.number,
        "cells": [read.get(name, "") for name in heads],
        "faults": [fault.said or fault.code for fault in row.faults],
    }


def stage(row: RemoteFile) -> tuple[str, str]:
    """A word for its colour, and the word that a person reads."""
    status = row.delivery.status if row.delivery else ""
    if status == Delivery.Status.REFUSED:
        return "rejected", "rejected"
    if status == Delivery.Status.READING:
        waits = getattr(row.delivery, "reading", None)
        return ("waits", "waits for its layout") if waits and waits.code else ("reading", "being read")
    if row.state == RemoteFile.State.FETCHED and row.tries:
        return "waits", "done, not put away"
    if row.state in (RemoteFile.State.FETCHED, RemoteFile.State.LEFT, RemoteFile.State.PUT_AWAY):
        return "done", "done" if row.state == RemoteFile.State.FETCHED else row.get_state_display()
    return "seen", row.get_state_display()


def _body(request: HttpRequest, row: RemoteFile) -> dict[str, Any]:
    reading = FileReading.objects.filter(delivery=row.delivery).first() if row.delivery else None
    if row.delivery is None or reading is None:
        return {"reading": None}
    counts = outcomes.counts(row.delivery)
    chosen = request.GET.get("kind", "")
    return {
        "reading": reading,
        "notes": json.loads(reading.told or "{}").get("notes", []),
        "percent": 100 * reading.rows_read // reading.rows if reading.rows else 0,
        "counts": [
            (kind, counts[kind][0], words.money(counts[kind][1], "")) for kind in outcomes.ORDER if kind in counts
        ],
        "total": (sum(one[0] for one in counts.values()), words.money(_sum(counts), "")),
        "chosen": chosen,
        **_rows(request, row.delivery, chosen),
    }


def _rows(request: HttpRequest, delivery: Delivery, kind: str) -> dict[str, Any]:
    every: QuerySet[Any] = outcomes.rows(delivery)
    rows = every.filter(Q(kind=kind) if kind in KINDS else Q()).select_related("group__record__posting")
    page = Paginator(rows.order_by("number"), PER_PAGE).get_page(request.GET.get("p"))
    shown = [_row(row, outcome) for row, outcome in outcomes.explained(page.object_list)]
    return {"rows": shown, "rows_page": page}


def _row(row: Any, outcome: outcomes.Outcome) -> dict[str, Any]:
    cells = json.loads(row.body).get("cells", {})
    record = row.group.record if row.group else None
    return {
        "number": row.number,
        "vendor": str(cells.get("vendor_id") or cells.get("vendor_name") or cells.get("vendor") or "")[:SHOWN_CELL],
        "document": str(cells.get("invoice_number") or cells.get("payment_id") or "")[:SHOWN_CELL],
        "account": str(cells.get("gl_account") or "")[:SHOWN_CELL],
        "amount": words.money(row.amount, "") if row.amount is not None else "",
        "kind": outcome.kind,
        "colour": KINDS[outcome.kind],
        "codes": [code for code in outcome.codes if code != outcome.kind],
        "said": outcome.said,
        "record": record,
        "posting": getattr(record, "posting", None) if record else None,
    }


def _sum(counts: dict[str, tuple[int, Decimal]]) -> Decimal:
    return sum((total for _, total in counts.values()), Decimal(0))
