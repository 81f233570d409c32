"""Records: the list that support and finance live in, the page that tells one record's whole story, and what may be
done with it."""

import json
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, Max, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.html import format_html
from unfold.decorators import display

from audit.models import Problem, Record, State, Verdict, WaitsFor
from audit.states import Stale
from portal.admin import documents, origins, words
from portal.admin.missing import fill_in_url, wanted
from portal.admin.scoped import Scoped, ScopedRelatedFilter, act, actor
from portal.engine import decide
from portal.models import FlowSetting, Link

SHOWN = 200_000
"""Characters of a payload or of frozen bytes that a page shows."""
HISTORY = 300
LABELS = {"bad": "danger", **{state.value: colour for state, colour in words.COLOURS.items()}}
OPEN_FATE = ("unsure.absent", "unsure.several", "unsure.differs", "unsure.reversed")


class FlowFilter(admin.SimpleListFilter):
    title = "flow"
    parameter_name = "flow"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        links = model_admin.seen(request, Link)
        names = FlowSetting.objects.filter(link__in=links).values_list("link__integration", "flow").distinct()
        return sorted({(f"{of}.{flow}", words.flow(f"{of}.{flow}")) for of, flow in names.order_by()})

    def queryset(self, request: HttpRequest, queryset: QuerySet[Record]) -> QuerySet[Record]:
        return queryset.filter(flow=self.value()) if self.value() else queryset


@admin.register(Record)
class RecordAdmin(Scoped):
    list_display = ("state_label", "flow_label", "key", "party", "number_said", "money", "day_said", "age")
    list_display_links = ("state_label", "key")
    list_filter = (
        ("state", admin.ChoicesFieldListFilter),
        ("waits_for", admin.ChoicesFieldListFilter),
        FlowFilter,
        ("verdict", admin.ChoicesFieldListFilter),
        ("link", ScopedRelatedFilter),
        ("workspace", ScopedRelatedFilter),
        ("day", admin.DateFieldListFilter),
    )
    list_select_related = ("link__target",)
    search_fields = ("key", "number", "party", "posting__target_id")
    search_help_text = "Key, number, party or id at the target"
    ordering = ("-changed_at",)
    list_before_template = "portal/record_counts.html"
    acts = ("retry", "adopt", "not_there", "approve", "leave")

    # --- list -------------------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Record]:
        rows: QuerySet[Record] = super().get_queryset(request)
        return rows.defer("payload", "document", "trace")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        return super().changelist_view(request, {"counts": self._counts(request), **(extra_context or {})})

    def _counts(self, request: HttpRequest) -> list[dict[str, Any]]:
        """The states of all records that the user may see, each as a link to its list."""
        rows = self.get_queryset(request).order_by().values_list("state").annotate(Count("pk"))
        counted = dict(rows)
        chosen = request.GET.get("state__exact", "")
        every = [{"label": "all", "url": "?", "count": sum(counted.values()), "chosen": not chosen, "colour": ""}]
        return every + [
            {
                "label": State(state).label,
                "url": f"?state__exact={state}",
                "count": counted.get(state, 0),
                "chosen": chosen == state,
                "colour": words.COLOURS.get(State(state), ""),
            }
            for state in (State.WAITING, State.FAILED, State.UNSURE, State.DUE, State.READY, State.SENDING, *LAST)
        ]

    @display(description="state", ordering="state", label=LABELS)
    def state_label(self, record: Record) -> tuple[str, str]:
        if record.state == State.POSTED and record.verdict in words.BAD:
            return "bad", f"posted, {record.verdict}"
        return record.state, words.state(record)

    @display(description="flow", ordering="flow")
    def flow_label(self, record: Record) -> str:
        return format_html('<span title="{}">{}</span>', words.flow(record.flow), words.short_flow(record.flow))

    @display(description="number", ordering="number")
    def number_said(self, record: Record) -> str:
        return format_html('<span class="ml-money">{}</span>', record.number)

    @display(description="day", ordering="day")
    def day_said(self, record: Record) -> str:
        return format_html('<span class="ml-money">{}</span>', date_format(record.day, "j M Y") if record.day else "")

    @display(description="amount", ordering="amount")
    def money(self, record: Record) -> str:
        return format_html('<span class="ml-money">{}</span>', words.money(record.amount, words.currency(record)))

    @display(description="age", ordering="happened_at")
    def age(self, record: Record) -> str:
        shown = words.age(record.happened_at, timezone.now())
        return format_html('<span title="{}">{}</span>', f"{record.happened_at:%Y-%m-%d %H:%M} UTC", shown)

    # --- page -------------------------------------------------------------------------------------------------------

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        record = self.one(request, object_id)
        if record is None:
            return self.missing(request, object_id)
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        return self.page(request, "portal/record.html", str(record), original=record, **_story(self, request, record))

    def whole(self, request: HttpRequest) -> QuerySet[Record]:
        related = ("workspace", "link__source", "link__target", "setting", "problem", "posting")
        rows: QuerySet[Record] = super().get_queryset(request)
        return rows.select_related(*related)

    # --- what may be done -------------------------------------------------------------------------------------------

    @act("retry")
    def retry(self, request: HttpRequest, record: Record) -> str:
        stamp = stamp_of(request, record)
        return decide.retry(record, stamp, actor(request), request.POST.get("reason", "").strip())

    @act("decide")
    def adopt(self, request: HttpRequest, record: Record) -> str:
        stamp = stamp_of(request, record)
        target_id = request.POST.get("target_id", "").strip()
        if not target_id or len(target_id) > 120:
            raise decide.NotNow("Name the document: its id at the target, as it is shown there.")
        return decide.adopt(record, stamp, target_id, actor(request), request.POST.get("reason", "").strip())

    @act("decide")
    def not_there(self, request: HttpRequest, record: Record) -> str:
        stamp = stamp_of(request, record)
        reason = request.POST.get("reason", "").strip()
        if not reason or request.POST.get("looked") != "yes":
            raise decide.NotNow("Say how you know that it is not there, and confirm that you looked. Nothing was sent.")
        return decide.not_there(record, stamp, actor(request), reason)

    @act("approve")
    def approve(self, request: HttpRequest, record: Record) -> str:
        stamp = stamp_of(request, record)
        reason = request.POST.get("reason", "").strip()[:300]
        return decide.approve(record, stamp, request.POST.get("document", ""), actor(request), reason)

    @act("leave")
    def leave(self, request: HttpRequest, record: Record) -> str:
        stamp = stamp_of(request, record)
        reason = request.POST.get("reason", "").strip()
        if not reason:
            raise decide.NotNow("Say how it is settled. Nothing was done.")
        return decide.leave(record, stamp, actor(request), reason[:300])


LAST = (State.POSTED, State.SKIPPED)


def stamp_of(request: HttpRequest, record: Record) -> int:
    """The stamp that the page showed. Another one than the record's now: somebody, or the engine, was first."""
    try:
        stamp = forms.IntegerField(min_value=0).clean(request.POST.get("stamp"))
    except forms.ValidationError:
        raise Stale(str(record)) from None
    if stamp != record.stamp:
        raise Stale(str(record))
    return stamp


def _story(page: RecordAdmin, request: HttpRequest, record: Record) -> dict[str, Any]:
    problem: Problem | None = record.problem
    return {
        "record": record,
        "posting": getattr(record, "posting", None),
        "zone": record.workspace.time_zone,
        "state_line": words.state(record),
        "colour": words.COLOURS.get(State(record.state), ""),
        "verdict_colour": words.VERDICTS.get(Verdict(record.verdict), ""),
        "about": "" if hasattr(record, "posting") else words.ABOUT.get(State(record.state), ""),
        "who": problem.who if problem else "",
        "cure": problem.cure if problem else "",
        "flow": words.flow(record.flow),
        "money": words.money(record.amount, words.currency(record)),
        "source": words.system(record.link.source.system),
        "target": words.system(record.link.target.system),
        "fill_in": _fill_in(record),
        "needs": _needs(record),
        "document": documents.page(record),
        "origins": origins.of(record),
        "attempts": [_attempt(one) for one in record.attempts.order_by("pk")],
        "trail": list(record.trail.order_by("-pk")[:HISTORY]),
        "payload": _payload(record),
        "versions": _versions(record),
        **_buttons(page, request, record),
    }


def _buttons(page: RecordAdmin, request: HttpRequest, record: Record) -> dict[str, Any]:
    decision = record.state == State.WAITING and record.waits_for == WaitsFor.DECISION
    approval = record.state == State.WAITING and record.waits_for == WaitsFor.APPROVAL
    may_decide = page.may(request, "decide", record)
    return {
        "retry": _retry_label(record) if page.may(request, "retry", record) else "",
        "retry_url": page.url("retry", record.pk),
        "leave_url": page.url("leave", record.pk) if _may_leave(page, request, record) else "",
        "approve_url": page.url("approve", record.pk) if approval and page.may(request, "approve", record) else "",
        "adopt_url": page.url("adopt", record.pk) if may_decide and decision else "",
        "not_there_url": page.url("not_there", record.pk) if may_decide and decision and _open_fate(record) else "",
    }


def _may_leave(page: RecordAdmin, request: HttpRequest, record: Record) -> bool:
    open_ = record.state in (State.WAITING, State.FAILED) and not record.frozen and not hasattr(record, "posting")
    return open_ and not _open_fate(record) and page.may(request, "leave", record)


def _retry_label(record: Record) -> str:
    """What the one button would do now; empty: nothing for a person to press."""
    if record.state == State.UNSURE:
        return "Look now"
    if record.state == State.WAITING and hasattr(record, "posting"):
        return "Look now whether it is released"
    if record.frozen or record.code in OPEN_FATE:
        return ""
    return {
        State.WAITING: "Go on: read again and prepare",
        State.FAILED: "Read again and prepare",
        State.SKIPPED: "Read again and prepare",
        State.READY: "Prepare again",
    }.get(State(record.state), "")


def _open_fate(record: Record) -> bool:
    return record.code.startswith("unsure.")


def _fill_in(record: Record) -> str:
    """The address of the form that the record waits for."""
    if record.state != State.WAITING or record.waits_for != WaitsFor.MAPPING:
        return ""
    asked = wanted(record)
    return fill_in_url(record.link_id, asked) if asked else ""


def _needs(record: Record) -> Record | None:
    """The record that must be carried first."""
    if not record.waits_on_key:
        return None
    rows = Record.objects.filter(
        workspace_id=record.workspace_id,
        source_account=record.source_account,
        target_company=record.target_company,
        flow=record.waits_on_flow,
        key=record.waits_on_key,
    )
    return rows.order_by("-version").first()


def _versions(record: Record) -> list[Record]:
    rows = Record.objects.filter(
        source_account=record.source_account,
        target_company=record.target_company,
        flow=record.flow,
        key=record.key,
        workspace_id=record.workspace_id,
    )
    newest = rows.aggregate(Max("version"))["version__max"]
    return list(rows.filter(~Q(pk=record.pk)).only("pk", "version", "state")) if newest > 1 else []


def _attempt(one: Any) -> dict[str, Any]:
    colour = {"done": "success", "refused": "danger", "unclear": "warning", "announced": "info"}.get(one.outcome, "")
    return {"row": one, "colour": colour, "outcome": one.get_outcome_display(), "body": _text(bytes(one.body))}


def _text(body: bytes) -> str:
    text = body.decode("utf-8", "replace")
    return text if len(text) <= SHOWN else text[:SHOWN] + f"\n… {len(text) - SHOWN:,} more characters"


def _payload(record: Record) -> str:
    if record.payload is None:
        return ""
    try:
        return _text(json.dumps(json.loads(bytes(record.payload)), indent=2, ensure_ascii=False).encode())
    except ValueError:
        return _text(bytes(record.payload))
