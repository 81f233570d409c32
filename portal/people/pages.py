"""How a page of this part is made: `bare` for those who are not in yet, `inside` for those who are."""

from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache

View = Callable[..., HttpResponse]


def person(request: HttpRequest) -> User:
    """Who is signed in; only behind `signed_in`."""
    return cast("User", request.user)


def bare(request: HttpRequest, template: str, title: str, *, status: int = 200, **context: Any) -> TemplateResponse:
    """In the look of the sign-in."""
    request.current_app = admin.site.name
    whole = {**admin.site.each_context(request), "title": title, **context}
    return TemplateResponse(request, f"people/{template}.html", whole, status=status)


def inside(request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
    request.current_app = admin.site.name
    whole = {**admin.site.each_context(request), "title": title, **context}
    return TemplateResponse(request, f"people/{template}.html", whole)


def said(request: HttpRequest, title: str, *sentences: str, status: int = 200) -> TemplateResponse:
    """A page that only says something, and leads back to the sign-in."""
    return bare(request, "said", title, status=status, sentences=sentences)


def dead_link(request: HttpRequest) -> HttpResponse:
    """The same for a wrong, a used, a revoked and an expired link."""
    return said(
        request,
        "This link does not work (any more)",
        "It was used already, it expired, or a part of it is missing.",
        "Ask for a new one where you got this one.",
        status=404,
    )


def signed_in(view: View) -> View:
    """The admin's own gate: who is not signed in is led to the sign-in and back."""
    return never_cache(admin.site.admin_view(view))


def locked(request: HttpRequest, *more: Any) -> HttpResponse:
    """What axes answers after too many failures; the same for names that exist and those that do not. It comes from a
    middleware, after which nobody renders."""
    hours = settings.AXES_COOLOFF_TIME
    answer = said(
        request,
        "Too many failed attempts",
        f"Signing in with this name from here is locked for {hours} hour{'s' * (hours != 1)} after the last attempt.",
        "If you forgot the password, ask for a new one meanwhile. An operator can lift the lock.",
        status=429,
    )
    return answer.render()
