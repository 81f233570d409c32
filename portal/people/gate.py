"""Between the sign-in and the pages: a second factor that is set up must be shown, and one that is required set up."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from portal.models import SecondFactor, Session, Workspace
from portal.people.pages import person
from portal.people.places import address

NOTED = timedelta(minutes=1)
"""After which a sign-in is noted as seen again."""


class Gate:
    def __init__(self, next_one: Callable[[HttpRequest], HttpResponse]) -> None:
        self.next_one = next_one

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            note(request)
            step = missing_step(request)
            if step and request.path not in open_paths(step):
                query = urlencode({"next": request.get_full_path()}) if request.method == "GET" else ""
                return redirect(f"{reverse(step)}?{query}" if query else reverse(step))
        return self.next_one(request)


def missing_step(request: HttpRequest) -> str:
    """The page that must be gone through first; empty when nothing is missing."""
    if request.user.is_verified():  # type: ignore[union-attr]
        return ""
    has = Exists(SecondFactor.objects.filter(user=OuterRef("pk"), confirmed=True))
    asked = get_user_model().objects.filter(pk=person(request).pk).values_list(has, Exists(_requiring(request)))
    has_one, is_required = asked.get()
    if has_one:
        return "people:code"
    return "people:second_factor" if is_required else ""


def required(request: HttpRequest) -> bool:
    return _requiring(request).exists()


def _requiring(request: HttpRequest) -> QuerySet[Workspace]:
    """The workspaces that require one of this person; an operator comes into all of them."""
    rows = Workspace.objects.filter(second_factor=True)
    return rows if person(request).is_superuser else rows.filter(memberships__user=person(request))


def open_paths(step: str) -> set[str]:
    names = {"people:code"} if step == "people:code" else {"people:second_factor", "people:second_factor_begin"}
    return {reverse(name) for name in (*names, f"{admin.site.name}:logout", "health", "metrics")}


def note(request: HttpRequest) -> None:
    """When and from where this sign-in was seen last; written once a minute at most."""
    now = timezone.now()
    seen = request.session.seen_at  # type: ignore[attr-defined]
    if seen and now - seen > NOTED:
        Session.objects.filter(session_key=request.session.session_key).update(seen_at=now, ip=address(request))
