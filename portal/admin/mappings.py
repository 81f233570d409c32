"""Mappings: what finance decides. A row is never changed in place: a change is a new version, and the old one stays for
the traces that name it."""

from collections import Counter
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.utils.html import format_html
from unfold.decorators import display

from audit.models import Problem, Record, State, WaitsFor
from connectors import registry
from connectors.base import Table
from mappings.models import Choice, Mapping
from portal.admin import alike, missing, words
from portal.admin.mapping_form import MappingForm
from portal.admin.scoped import STALE, Rows, Scoped, ScopedRelatedFilter, act, actor
from portal.engine import bell, clock
from portal.engine.decide import NotNow
from portal.engine.provisioning import replace
from portal.models import Link


class InForceFilter(admin.SimpleListFilter):
    title = "rows"
    parameter_name = "rows"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("all", "all versions")]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        yield {**first, "display": "in force"}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Mapping]) -> QuerySet[Mapping]:
        return queryset if self.value() == "all" else queryset.filter(retired=False)


class TableFilter(admin.SimpleListFilter):
    title = "table"
    parameter_name = "table"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        used = model_admin.seen(request, Link).values_list("integration", flat=True).distinct().order_by()
        return sorted({(one.key, one.label) for key in used for one in tables_of(key)})

    def queryset(self, request: HttpRequest, queryset: QuerySet[Mapping]) -> QuerySet[Mapping]:
        return queryset.filter(table=self.value()) if self.value() else queryset


class WithNames(Rows):
    """Adds what the books call the targets of the shown rows, in one query."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        names = choice_names(self.result_list)
        for row in self.result_list:
            row.name = names.get((row.link.target_id, offered_by(row), row.target), "")


@admin.register(Mapping)
class MappingAdmin(Scoped):
    workspace_path = "link__workspace"
    list_display = ("source", "means", "facts_said", "table_label", "valid_from", "version", "link", "saved")
    list_display_links = ("source",)
    sortable_by = ("saved",)
    list_filter = (TableFilter, InForceFilter, ("link", ScopedRelatedFilter))
    list_select_related = ("link",)
    search_fields = ("source", "target")
    search_help_text = "Value of the source or of the books"
    list_before_template = "portal/mapping_tables.html"
    acts = ("retire",)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[Rows]:
        return WithNames

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        return super().changelist_view(request, {**self.overview(request), **(extra_context or {})})

    def overview(self, request: HttpRequest) -> dict[str, Any]:
        """Per link its tables, how many rows each has, and what records wait for."""
        wanted = missing.of(self.seen(request, Problem))
        waiting = Counter[tuple[int, str]]()
        for one in wanted:
            waiting[one.link_id, one.table] += one.count
        counts = self.get_queryset(request).filter(retired=False).order_by().values_list("link_id", "table")
        rows = {(link, table): count for link, table, count in counts.annotate(Count("pk"))}
        links = list(self.seen(request, Link).filter(removed=False).order_by("name"))
        return {
            "missing": wanted,
            "alike": alike.of(self.seen(request, Record), links),
            "may_fill_in": self.may(request, "add"),
            "overview": [
                {
                    "link": link,
                    "tables": [
                        (table, rows.get((link.pk, table.key), 0), waiting[link.pk, table.key])
                        for table in tables_of(link.integration)
                    ],
                }
                for link in links
            ],
        }

    @display(description="means", ordering="target")
    def means(self, row: Any) -> str:
        return format_html('<b>{}</b> <span class="ml-subtle">{}</span>', row.target, row.name)

    @display(description="dimensions")
    def facts_said(self, row: Mapping) -> str:
        return ", ".join(f"{name} {value}" for name, value in row.facts.items())

    @display(description="table", ordering="table")
    def table_label(self, row: Mapping) -> str:
        return words.table(row.link.integration, row.table)

    @display(description="saved", ordering="saved_at")
    def saved(self, row: Mapping) -> str:
        said = f"{row.saved_at:%Y-%m-%d} {row.saved_by}"
        return format_html('<span class="ml-subtle">{}</span>', f"{said}, replaced since" if row.retired else said)

    # --- one row ----------------------------------------------------------------------------------------------------

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self.may(request, "add"):
            raise PermissionDenied
        if "link" not in request.GET:
            return self.page(request, "portal/mapping_choose.html", "Choose a table", **self.overview(request))
        link, table = self._place(request)
        values = [value for value in request.GET.getlist("value") if value][:20]
        initial = {"target": request.GET.get("target", "")[:255]}
        form = MappingForm(request.POST or None, link=link, table=table, values=values, initial=initial)
        if request.method == "POST" and form.is_valid():
            return self._add(request, form)
        return self._form(request, form, None)

    def _place(self, request: HttpRequest) -> tuple[Link, Table]:
        wanted = request.GET.get("link", "")
        links = self.usable(request, Link).filter(removed=False)
        link = links.filter(pk=int(wanted)).first() if wanted.isdecimal() and len(wanted) < 19 else None
        table = (
            next((t for t in tables_of(link.integration) if t.key == request.GET.get("table")), None) if link else None
        )
        if link is None or table is None:
            raise Http404
        return link, table

    def _add(self, request: HttpRequest, form: MappingForm) -> HttpResponse:
        with transaction.atomic():
            form.full_clean()  # once more inside: not every database can enforce that a row without a day stands alone
            if not form.is_valid():
                return self._form(request, form, None)
            row = Mapping.objects.create(
                link=form.link,
                table=form.table.key,
                source=form.cleaned_data["source"],
                target=form.cleaned_data["target"],
                valid_from=form.cleaned_data["valid_from"],
                facts=form.facts,
                saved_by=actor(request),
            )
            self.tell(request, row, "mapping.added", str(row), facts=row.facts)
        return self._saved(request, row)

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        row = self.one(request, object_id)
        if row is None:
            return self.missing(request, object_id)
        table = next(
            (one for one in tables_of(row.link.integration) if one.key == row.table), Table(row.table, row.table)
        )
        editable = not row.retired and self.may(request, "change", row)
        if request.method == "POST" and not editable:
            if row.retired and self.may(request, "change", row):
                messages.warning(request, STALE)
                return HttpResponseRedirect(self.url("change", row.pk))
            raise PermissionDenied
        form = MappingForm(request.POST or None, link=row.link, table=table, row=row, initial={"target": row.target})
        if request.method == "POST" and form.is_valid():
            return self._change(request, row, form)
        return self._form(request, form, row, editable=editable)

    def _change(self, request: HttpRequest, row: Mapping, form: MappingForm) -> HttpResponse:
        target, facts = form.cleaned_data["target"], form.facts
        if (row.target, row.facts) == (target, facts):
            messages.info(request, "Nothing was changed.")
            return HttpResponseRedirect(self.url("change", row.pk))
        try:
            with transaction.atomic():
                known = Mapping.objects.select_for_update().get(pk=row.pk, retired=False)
                made = replace(known, target, facts, actor(request))
                said = f"{made}; it was {row.target}"
                self.tell(
                    request, made, "mapping.changed", said, facts=facts, was={"target": row.target, "facts": row.facts}
                )
        except (Mapping.DoesNotExist, IntegrityError):
            messages.warning(request, STALE)
            return HttpResponseRedirect(self.url("changelist"))
        return self._saved(request, made)

    def _saved(self, request: HttpRequest, row: Mapping) -> HttpResponse:
        woken = wake(row)
        said = f"{row} is saved."
        messages.success(request, f"{said} {woken} waiting records are tried again now." if woken else said)
        return HttpResponseRedirect(self.url("changelist"))

    def _form(
        self, request: HttpRequest, form: MappingForm, row: Mapping | None, *, editable: bool = True
    ) -> HttpResponse:
        known = Mapping.objects.filter(link=form.link, table=form.table.key)
        history = known.filter(source=row.source, valid_from=row.valid_from).order_by("-version", "-pk") if row else []
        return self.page(
            request,
            "portal/mapping.html",
            str(row) if row else f"Add to {form.table.label}",
            original=row,
            row=row,
            form=form,
            link=form.link,
            table=form.table,
            editable=editable,
            history=history,
            retire_url=self.url("retire", row.pk) if row and editable else "",
        )

    @act("retire")
    def retire(self, request: HttpRequest, row: Mapping) -> str:
        with transaction.atomic():
            if not Mapping.objects.filter(pk=row.pk, retired=False).exists():
                raise NotNow("This row is no longer in force.")
            row.retired = True
            row.save(update_fields=["retired"])  # not by update(): what was prepared with it must be prepared again
            self.tell(request, row, "mapping.retired", str(row))
        return f"{row} is no longer in force. What was posted with it stays as it is."

    def after(self, request: HttpRequest, row: Any) -> str:
        return self.url("changelist")


def tables_of(integration: str) -> tuple[Table, ...]:
    known = registry.INTEGRATIONS.get(integration)
    return known.tables if known else ()


def offered_by(row: Mapping) -> str:
    return next((one.choices for one in tables_of(row.link.integration) if one.key == row.table), "")


def choice_names(rows: list[Mapping]) -> dict[tuple[int, str, str], str]:
    found = Choice.objects.filter(
        connection__in={row.link.target_id for row in rows},
        table__in={offered_by(row) for row in rows},
        value__in={row.target for row in rows},
    )
    return {(one.connection_id, one.table, one.value): one.label for one in found}


def wake(row: Mapping) -> int:
    """Tries again at once what waits for a mapping of this link; the sweep would do it within its interval."""
    waiting = Record.objects.filter(link=row.link, state=State.WAITING, waits_for=WaitsFor.MAPPING)
    lanes = list(waiting.order_by().values_list("source_lane_id", flat=True).distinct())
    woken = waiting.update(due_at=clock.now())
    for lane in lanes:
        bell.ring(lane)
    return woken
