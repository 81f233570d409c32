"""The Content-Security-Policy header from a setting in the shape of Django 6's own; to be deleted with Django 6."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse


class ContentSecurityPolicy:
    def __init__(self, next_one: Callable[[HttpRequest], HttpResponse]) -> None:
        self.next_one = next_one
        self.value = "; ".join(" ".join([name, *sources]) for name, sources in settings.SECURE_CSP.items())

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.next_one(request)
        response.headers.setdefault("Content-Security-Policy", self.value)
        return response
