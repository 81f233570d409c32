"""How the portal looks where the theme asks for it."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from portal.admin import roles
from portal.models import Workspace

MOST = 12
"""Workspaces in the drop-down; the others are in the list."""
ICON = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'><rect width='32' height='32' rx='7' fill='%234338ca'/>"
    "<path d='M7 12h15l-4-4m7 12H10l4 4' fill='none' stroke='white' stroke-width='2.6'/></svg>"
)
SHADES = {
    "50": "oklch(96.2% .018 272.314)",
    "100": "oklch(93% .034 272.788)",
    "200": "oklch(87% .065 274.039)",
    "300": "oklch(78.5% .115 274.713)",
    "400": "oklch(67.3% .182 276.935)",
    "500": "oklch(58.5% .233 277.117)",
    "600": "oklch(51.1% .262 276.966)",
    "700": "oklch(45.7% .24 277.023)",
    "800": "oklch(39.8% .195 277.366)",
    "900": "oklch(35.9% .144 278.697)",
    "950": "oklch(25.7% .09 281.288)",
}


def favicon(request: HttpRequest) -> str:
    """Inside the page, so that no request goes out for it."""
    return f"data:image/svg+xml,{ICON}"


def primary(request: HttpRequest) -> dict[str, str]:
    return dict(SHADES)


def on_every_page(request: HttpRequest) -> dict[str, Any]:
    return {"sign_up": settings.SIGN_UP}


def where(request: HttpRequest) -> str:
    """The workspace that the pages show, under the product's name."""
    if not request.user.is_authenticated:
        return ""
    mine, one = roles.names(request), roles.chosen(request)
    if one is not None:
        return name_of(request, one)
    if roles.operator(request):
        return "All workspaces"
    return next(iter(mine.values()), "") if len(mine) < 2 else f"All of your {len(mine)} workspaces"


def name_of(request: HttpRequest, workspace_id: int) -> str:
    """Of a workspace that this user sees."""
    known = roles.names(request).get(workspace_id)
    return known or str(Workspace.objects.filter(pk=workspace_id).first() or "")


def workspaces(request: HttpRequest) -> list[dict[str, Any]]:
    """What the drop-down of the sidebar offers to a person who has several; `link` is what choosing one sends."""
    if not request.user.is_authenticated:
        return []
    mine = list(roles.names(request).items())
    if roles.operator(request):
        mine = list(Workspace.objects.order_by("name", "pk").values_list("pk", "name")[:MOST])
    if len(mine) < 2:
        return []
    one = roles.chosen(request)
    every = ("", "All workspaces")
    return [
        {"title": name, "link": str(number), "icon": "check" if (number or None) == one else "apartment"}
        for number, name in (every, *mine[:MOST])
    ]


def account(request: HttpRequest) -> list[dict[str, str]]:
    return [
        {"title": "Your account", "link": reverse("people:account")},
        {"title": "Change password", "link": reverse("admin:password_change")},
    ]
