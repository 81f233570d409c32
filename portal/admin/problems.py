"""Problems: what is in the way, how much waits for it, what cures it, and who."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.decorators import display

from audit.models import Problem, Record
from portal.admin import words
from portal.admin.scoped import Rows, Scoped, ScopedRelatedFilter, act, actor
from portal.engine import decide


class OpenFilter(admin.SimpleListFilter):
    title = "open"
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "closed"), ("all", "all")]

    def choices(self, changelist: Any) -> Any:
        every, *others = super().choices(changelist)
        yield {**every, "display": "open"}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Problem]) -> QuerySet[Problem]:
        match self.value():
            case "all":
                return queryset
            case "no":
                return queryset.exclude(closed_at=None)
        return queryset.filter(closed_at=None)


class WithMoney(Rows):
    """Adds to the problems of the shown page what waits for them, in one query."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        sums = money_waiting([problem.pk for problem in self.result_list])
        for problem in self.result_list:
            problem.sums = sums.get(problem.pk, [])


@admin.register(Problem)
class ProblemAdmin(Scoped):
    list_display = ("trouble", "cure_said", "who", "waiting", "money", "link", "age")
    list_display_links = None
    list_filter = (OpenFilter, "who", ("link", ScopedRelatedFilter), ("workspace", ScopedRelatedFilter))
    list_select_related = ("link",)
    search_fields = ("code", "value", "said")
    search_help_text = "Code, value or words"
    ordering = ("-opened_at",)
    list_fullwidth = True
    acts = ("close",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Problem]:
        rows: QuerySet[Problem] = super().get_queryset(request)
        return rows.annotate(count=Count("records"))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        return super().changelist_view(request, extra_context)

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """What matters are the records that wait for it; one that no record waits for has a page, to close it."""
        problem = self.one(request, object_id)
        if problem is None:
            return self.missing(request, object_id)
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        if problem.count:
            return HttpResponseRedirect(records_url(problem.pk))
        open_ = problem.closed_at is None and self.may(request, "close", problem)
        close_url = self.url("close", problem.pk) if open_ else ""
        zone = problem.workspace.time_zone
        return self.page(request, "portal/problem.html", problem.code, problem=problem, close_url=close_url, zone=zone)

    @act("close")
    def close(self, request: HttpRequest, problem: Problem) -> str:
        reason = request.POST.get("reason", "").strip()
        if not reason:
            raise decide.NotNow("Say how it was dealt with. Nothing was done.")
        return decide.close(problem, actor(request), reason[:300])

    @display(description="what is wrong", ordering="code")
    def trouble(self, problem: Problem) -> str:
        return format_html(
            '<div class="ml-wrap"><b>{}</b><br><code class="ml-code">{}</code></div>', problem.said, problem.code
        )

    @display(description="what cures it")
    def cure_said(self, problem: Problem) -> str:
        return format_html('<div class="ml-wrap">{}</div>', problem.cure)

    @display(description="records", ordering="count")
    def waiting(self, problem: Any) -> str:
        if not problem.count:
            return format_html('<a class="ml-link" href="{}">look</a>', self.url("change", problem.pk))
        return format_html('<a class="ml-link" href="{}">{}</a>', records_url(problem.pk), problem.count)

    @display(description="money")
    def money(self, problem: Any) -> str:
        return format_html('<span class="ml-money">{}</span>', ", ".join(problem.sums) or "–")

    @display(description="open for", ordering="opened_at")
    def age(self, problem: Problem) -> str:
        return words.age(problem.opened_at, problem.closed_at or timezone.now())

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[Rows]:
        return WithMoney


def records_url(problem_id: int) -> str:
    return reverse("admin:audit_record_changelist") + f"?problem__id__exact={problem_id}"


def money_waiting(problems: Iterable[int]) -> dict[int, list[str]]:
    """Problem → what its records are worth, per currency. One query."""
    rows = Record.objects.filter(problem__in=list(problems)).exclude(amount=None).exclude(amount=0)
    found = rows.values_list("problem_id", "currency", "link__target__facts__base_currency").annotate(
        total=Sum("amount")
    )
    sums: dict[int, list[str]] = defaultdict(list)
    for problem_id, currency, base, total in found.order_by("currency"):
        sums[problem_id].append(words.money(total, currency or base or ""))
    return sums
