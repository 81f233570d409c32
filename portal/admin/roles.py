"""Who may do what. Roles belong to a workspace: the same person may be an owner here and an auditor there.

Operators (superusers) may do everything in all workspaces. Nobody gets anything from Django's own permissions.
Who has several workspaces may choose one: lists, counts and forms are then of that one only. What one may do to a row
does not depend on the choice.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
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
    "audit.remotefile": {"view": EVERYONE, "confirm": BOOKS},
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
        "settings": SETUP,
    },
    "portal.link": {"view": EVERYONE, "add": SETUP, "change": SETUP, "mode": SETUP, "pause": SETUP},
    "portal.workspace": {
        "view": EVERYONE,
        "add": OPERATORS,
        "change": OPERATORS,
        "invite": SETUP,
        "require": SETUP,
    },
    "portal.membership": {"view": EVERYONE, "role": SETUP, "remove": SETUP, "leave": EVERYONE},
    "portal.invitation": {"view": SETUP, "revoke": SETUP},
    "auth.user": {"view": OPERATORS, "add": OPERATORS, "change": OPERATORS, "lost_factor": OPERATORS},
    "axes.accessattempt": {"view": OPERATORS, "delete": OPERATORS},
}
"""Model → act → roles. What is not named here nobody may, operators neither."""


def operator(request: HttpRequest) -> bool:
    return bool(request.user.is_active and request.user.is_superuser)


def all_of(request: HttpRequest) -> dict[int, str]:
    """Workspace → role of this user."""
    return {workspace: role for workspace, (role, _) in _memberships(request).items()}


def names(request: HttpRequest) -> dict[int, str]:
    """Workspace → name, of those that this user is a member of."""
    return {workspace: name for workspace, (_, name) in _memberships(request).items()}


def _memberships(request: HttpRequest) -> dict[int, tuple[str, str]]:
    """Asked once per request."""
    known: dict[int, tuple[str, str]] | None = getattr(request, "memberships", None)
    if known is None:
        rows = Membership.objects.filter(user_id=request.user.pk or 0).order_by("workspace__name", "workspace")
        told = rows.values_list("workspace_id", "role", "workspace__name")
        known = {workspace: (role, name) for workspace, role, name in told} if request.user.is_active else {}
        request.memberships = known  # type: ignore[attr-defined]
    return known


def chosen(request: HttpRequest) -> int | None:
    """The workspace that the pages show; None: all of this user's. A choice that is no longer his does not count."""
    if getattr(request, "everywhere", False):
        return None
    choice: int | None = request.session.get("workspace")
    return choice if choice in _memberships(request) or operator(request) else None


def several(request: HttpRequest) -> bool:
    """Whether the pages may show rows of more than one workspace."""
    return chosen(request) is None and (operator(request) or len(_memberships(request)) > 1)


@contextmanager
def everywhere(request: HttpRequest) -> Iterator[None]:
    """Inside, nothing is chosen."""
    request.everywhere = True  # type: ignore[attr-defined]
    try:
        yield
    finally:
        request.everywhere = False  # type: ignore[attr-defined]


def of(request: HttpRequest) -> dict[int, str]:
    """Workspace → role, in the chosen workspace or in all."""
    one = chosen(request)
    return {workspace: role for workspace, role in all_of(request).items() if one in (None, workspace)}


def workspaces(request: HttpRequest, model: Any, act: str) -> Iterable[int] | None:
    """The workspaces in which this user may do this, of the chosen one or of all; None: in every one there is."""
    return _workspaces(request, model._meta.label_lower, act)


def _workspaces(request: HttpRequest, name: str, act: str) -> Iterable[int] | None:
    allowed = MAY.get(name, {}).get(act)
    if allowed is None:
        return ()
    if operator(request):
        one = chosen(request) if allowed else None  # operators' own pages are of no workspace
        return None if one is None else [one]
    return [workspace for workspace, role in of(request).items() if role in allowed]


def may_see(request: HttpRequest, name: str) -> bool:
    """Whether there is a page of this model for this user; for the menu."""
    within = _workspaces(request, name, "view")
    return within is None or bool(within)


def may(request: HttpRequest, model: Any, act: str, workspace_id: int | None = None) -> bool:
    """Whether this user may do this in the workspace; without one: in any."""
    if workspace_id is None:
        within = workspaces(request, model, act)
        return within is None or bool(within)
    allowed = MAY.get(model._meta.label_lower, {}).get(act)
    return allowed is not None and (operator(request) or all_of(request).get(workspace_id) in allowed)
