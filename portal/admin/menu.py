"""The sidebar: what one sets up, what finance decides, what support looks at."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from audit.models import Problem, Record, State
from portal.admin import roles
from portal.admin.scoped import scope

GROUPS = (
    ("", (("Front page", "home", "admin:index", None),)),
    (
        "Support",
        (
            ("Records", "receipt_long", "admin:audit_record_changelist", "audit.record"),
            ("Problems", "report", "admin:audit_problem_changelist", "audit.problem"),
            ("Deliveries", "move_to_inbox", "admin:audit_delivery_changelist", "audit.delivery"),
            ("Files", "description", "admin:audit_remotefile_changelist", "audit.remotefile"),
            ("Trail", "history", "admin:audit_trailentry_changelist", "audit.trailentry"),
        ),
    ),
    (
        "Finance",
        (
            ("Mappings", "account_tree", "admin:mappings_mapping_changelist", "mappings.mapping"),
            ("Periods", "calendar_month", "admin:mappings_period_changelist", "mappings.period"),
        ),
    ),
    (
        "Set up",
        (
            ("Links", "sync_alt", "admin:portal_link_changelist", "portal.link"),
            ("Connections", "power", "admin:portal_connection_changelist", "portal.connection"),
            ("People", "group", "admin:portal_workspace_changelist", "portal.workspace"),
        ),
    ),
    (
        "Operators",
        (
            ("Users", "badge", "admin:auth_user_changelist", "auth.user"),
            ("Lock-outs", "lock", "admin:axes_accessattempt_changelist", "axes.accessattempt"),
        ),
    ),
)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    badges = {"audit.record": _failed, "audit.problem": _open}
    groups: list[dict[str, Any]] = []
    for title, items in GROUPS:
        shown = [
            {"title": label, "icon": icon, "link": reverse(url), **_badge(request, badges.get(model or ""))}
            for label, icon, url, model in items
            if model is None or roles.may_see(request, model)
        ]
        if shown:
            groups.append({"title": title, "items": shown, "separator": bool(groups)})
    return groups


def _badge(request: HttpRequest, count: Any) -> dict[str, Any]:
    number = count(request) if count else 0
    return {"badge": str(number), "badge_variant": "danger"} if number else {}


def _failed(request: HttpRequest) -> int:
    return scope(request, Record.objects.filter(state=State.FAILED), "workspace").count()


def _open(request: HttpRequest) -> int:
    return scope(request, Problem.objects.filter(closed_at=None), "workspace").count()
