"""The sign-ins of a person: seen and ended by himself."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.crypto import constant_time_compare, salted_hmac
from django.views.decorators.http import require_POST

from portal.engine import clock
from portal.models import Session
from portal.people.pages import person, signed_in
from portal.people.places import address, device
from portal.people.sessions import ABOUT


def handle(row: Session) -> str:
    """Names a sign-in on a page. The key itself is what lets somebody in, and is never shown."""
    return salted_hmac("portal.people.devices", row.session_key).hexdigest()[:24]


def running(user_id: int) -> QuerySet[Session]:
    return Session.objects.filter(user_id=user_id, expire_date__gt=clock.now())


def listed(request: HttpRequest) -> list[dict[str, Any]]:
    rows = running(person(request).pk).order_by("-seen_at")
    here = request.session.session_key
    shown = [
        {"row": row, "handle": handle(row), "device": device(row.agent), "here": row.session_key == here}
        for row in rows
    ]
    return sorted(shown, key=lambda one: not one["here"])


def end_others(request: HttpRequest) -> int:
    others = Session.objects.filter(user=person(request)).exclude(session_key=request.session.session_key)
    return others.delete()[0]


@signed_in
@require_POST
def end(request: HttpRequest) -> HttpResponse:
    wanted = request.POST.get("device", "")
    if wanted == "others":
        ended = end_others(request)
    else:
        mine = [row for row in running(person(request).pk) if constant_time_compare(handle(row), wanted)]
        ended = sum(row.delete()[0] for row in mine if row.session_key != request.session.session_key)
    messages.success(request, f"{ended} sign-in{'s' * (ended != 1)} ended.")
    return redirect("people:account")


def note_sign_in(sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
    """On every sign-in: from where, and with what. Expired ones, whosever they were, are swept away."""
    agent = request.headers.get("User-Agent", "")[:300]
    request.session[ABOUT] = {"ip": address(request), "agent": agent, "at": clock.now().isoformat()}
    Session.objects.filter(expire_date__lte=clock.now()).delete()


def end_when_closed(sender: Any, instance: Any, **kwargs: Any) -> None:
    """An account that is closed is out at once, not only at its next request."""
    if not instance.is_active:
        Session.objects.filter(user_id=instance.pk).delete()


class EndsSessions:
    """A "validator" only in name: Django tells each of them when a password was changed, on whatever page or command.
    Every sign-in made with the old one ends; the page that changes the own password keeps its own."""

    def validate(self, password: str, user: Any = None) -> None:
        """Any password is fine for this one."""

    def get_help_text(self) -> str:
        return ""

    def password_changed(self, password: str, user: Any = None) -> None:
        if user is not None and user.pk:
            Session.objects.filter(user_id=user.pk).delete()
