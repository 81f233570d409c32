"""Every URL of the portal, from the resolver: a new page is walked without being named anywhere."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from portal.admin import roles
from portal.admin.scoped import Scoped
from tests.pages.conftest import House

MISSING = 987_654_321
ANYBODY = {
    "front",
    "health",
    "metrics",
    "admin_password_reset",
    "admin:login",
    "people:sign_up",
    "people:sign_up_sent",
    "people:sign_up_confirm",
    "people:invitation",
    "people:reset_sent",
    "people:reset_done",
    "people:reset_confirm",
}
"""Pages for those who are not in yet; what they show of a workspace is in the letter's link only."""
SIGNED_IN = {
    "admin:index",
    "admin:logout",
    "admin:password_change",
    "admin:password_change_done",
    "admin:jsi18n",
    "admin:search",
    "admin:autocomplete",
    "admin:view_on_site",
    "admin:app_list",
    "admin:",
    "people:account",
    "people:name",
    "people:choose",
    "people:another",
    "people:end",
    "people:code",
    "people:second_factor",
    "people:second_factor_begin",
    "people:second_factor_off",
    "people:codes",
}
"""Pages of the person himself, and those of the theme that are of no model."""
OWN = {
    "changelist": ("view", None),
    "add": ("add", "add"),
    "change": ("view", "change"),
    "delete": ("delete", "delete"),
}
OWN |= {"history": ("view", None), "password_change": ("change", "change"), "": ("view", None)}
"""The admin's pages of a model: what GET needs, what POST needs."""


@dataclass(frozen=True)
class Place:
    """One URL: its name, what it needs, and how it is written for a row."""

    name: str
    parameters: tuple[str, ...]
    model: str = ""
    """`app.model`, for pages of a model."""
    page: str = ""

    @property
    def of_a_row(self) -> bool:
        return bool({"object_id", "id"} & set(self.parameters))

    def url(self, row: int | str, **more: str) -> str:
        given = {"object_id": row, "id": row, "content_type_id": 1, "app_label": "audit", "url": "nowhere/"}
        given |= {"token": "no-token", "uidb64": "MQ", **more}
        if not self.name.rpartition(":")[2]:  # the redirect from a row's bare address, and the theme's catch-all
            return f"/admin/{self.model.replace('.', '/')}/{row}/" if self.model else "/admin/nowhere/"
        return reverse(self.name, kwargs={name: given[name] for name in self.parameters})


def places() -> list[Place]:
    found = list(_walk(get_resolver(), "", ""))
    assert len({one.name for one in found}) > 60
    return found


def _walk(resolver: URLResolver, space: str, route: str) -> Iterator[Place]:
    for one in resolver.url_patterns:
        path = route + str(one.pattern)
        if isinstance(one, URLResolver):
            inside = f"{one.namespace}:" if one.namespace else space
            yield from _walk(one, inside, path)
        elif isinstance(one, URLPattern):
            yield _place(f"{space}{one.name or ''}", one, path)


def _place(name: str, pattern: URLPattern, path: str) -> Place:
    parameters = tuple(pattern.pattern.regex.groupindex)
    of = re.match(r"admin/(\w+)/(\w+)/", path)
    if not of or name in SIGNED_IN - {"admin:"}:
        return Place(name, parameters)
    model = f"{of[1]}.{of[2]}"
    page = name.removeprefix("admin:").removeprefix(model.replace(".", "_")).removeprefix("_")
    return Place(name, parameters, model, page)


def needs(place: Place) -> tuple[str, str | None]:
    """The acts of portal/admin/roles.py that GET and POST of a model's page need."""
    page = page_of(place.model)
    if place.page in page.acts:
        permission = getattr(page, place.page).permission
        return permission, permission
    if place.page in page.views:
        return getattr(page, place.page).permission, None
    if place.page in page.views:
        return getattr(page, place.page).permission, None
    assert place.page in OWN, f"Say in OWN what {place.name} needs."
    return OWN[place.page]


def page_of(model: str) -> Scoped:
    found = {page.model._meta.label_lower: page for page in admin.site._registry.values()}
    page = found[model]
    assert isinstance(page, Scoped)
    return page


def may(role: str, model: str, act: str | None) -> bool:
    """By the table, of a member of this role; "operator" may whatever is in it."""
    allowed = roles.MAY.get(model, {}).get(act or "")
    return allowed is not None and (role == "operator" or role in allowed)


def row_of(house: House, place: Place) -> Any:
    """A row of this workspace for the page, whatever the model; of models without a workspace: of a person in it."""
    page = page_of(place.model)
    rows = page.model._default_manager.order_by("-pk")
    if place.model == "auth.user":
        return rows.filter(memberships__workspace=house.workspace).first()
    if place.model == "axes.accessattempt":
        return rows.first()
    row = rows.filter(**{page.workspace_path: house.workspace.pk}).first()
    assert row, f"furnish() makes no row of {place.model}"
    return row


def url_of(house: House, place: Place) -> str:
    if place.model and (place.of_a_row or not place.page):
        return place.url(row_of(house, place).pk)
    return place.url(MISSING)
