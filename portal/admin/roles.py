"""Who may do what. Roles belong to a workspace: the same person may be an owner here and an auditor there.

Operators (superusers) may do everything in all workspaces. Nobody gets anything from Django's own permissions.
"""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest

from portal.models import Membership

OWNER, FINANCE, SUPPORT, AUDITOR = (
    Membership.Role.OWNER.value,
    Membership.Role.FINANCE.value,
    Membership.Role.SUPPORT.value,
    Membership.Role.AUDITOR.value,
)
EVERYONE = frozenset({OWNER, FINANCE, SUPPORT, AUDITOR})
BOOKS = frozenset({OWNER, FINANCE})
CASES = frozenset({OWNER, FINANCE, SUPPORT})
SETUP = frozenset({OWNER})
OPERATORS: frozenset[str] = frozenset()

MAY: dict[str, dict[str, frozenset[str]]] = {
    "audit.record": {"view": EVERYONE, "retry": CASES, "decide": CASES, "approve": BOOKS, "leave": BOOKS},
    "audit.problem": {"view": EVERYONE, "close": BOOKS},
    "audit.delivery": {"view": EVERYONE, "verify": frozenset({OWNER, SUPPORT})},
    "audit.trailentry": {"view": EVERYONE},
    "mappings.mapping": {"view": EVERYONE, "add": BOOKS, "change": BOOKS, "retire": BOOKS},
    "mappings.period": {"view": EVERYONE, "add": BOOKS, "change": BOOKS, "delete": BOOKS},
    "portal.connection": {
        "view": EVERYONE,
        "add": SETUP,
        "ping": SETUP,
        "credentials": SETUP,
        "refresh": BOOKS,
        "budget": SETUP,
    },
    "portal.link": {"view": EVERYONE, "add": SETUP, "change": SETUP, "mode": SETUP, "pause": SETUP},
    "portal.workspace": {"view": OPERATORS, "add": OPERATORS, "change": OPERATORS},
    "portal.membership": {"view": OPERATORS, "add": OPERATORS, "change": OPERATORS, "delete": OPERATORS},
    "auth.user": {"view": OPERATORS, "add": OPERATORS, "change": OPERATORS},
    "axes.accessattempt": {"view": OPERATORS, "delete": OPERATORS},
}
"""Model → act → roles. What is not named here nobody may, operators neither."""


def operator(request: HttpRequest) -> bool:
    return bool(request.user.is_active and request.user.is_superuser)


def of(request: HttpRequest) -> dict[int, str]:
    """Workspace → role of this user; asked once per request."""
    known: dict[int, str] | None = getattr(request, "roles", None)
    if known is None:
        rows = Membership.objects.filter(user_id=request.user.pk or 0).values_list("workspace_id", "role")
        known = dict(rows) if request.user.is_active else {}
        request.roles = known  # type: ignore[attr-defined]
    return known


def workspaces(request: HttpRequest, model: Any, act: str) -> Iterable[int] | None:
    """The workspaces in which this user may do this; None: in all."""
    return _workspaces(request, model._meta.label_lower, act)


def _workspaces(request: HttpRequest, name: str, act: str) -> Iterable[int] | None:
    allowed = MAY.get(name, {}).get(act)
    if allowed is None:
        return ()
    if operator(request):
        return None
    return [workspace for workspace, role in of(request).items() if role in allowed]


def may_see(request: HttpRequest, name: str) -> bool:
    """Whether there is a page of this model for this user; for the menu."""
    within = _workspaces(request, name, "view")
    return within is None or bool(within)


def may(request: HttpRequest, model: Any, act: str, workspace_id: int | None = None) -> bool:
    """Whether this user may do this in the workspace; without one: in any."""
    within = workspaces(request, model, act)
    if within is None:
        return True
    return bool(within) if workspace_id is None else workspace_id in within
