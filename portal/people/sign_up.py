"""Signing up: an address and a workspace's name go into a signed link, and nothing else. What it names comes into being
when somebody who reads that mail follows it."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import get_user_model, login
from django.core import signing
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from audit import trail
from portal.engine import clock
from portal.models import Membership, Workspace
from portal.people import letters
from portal.people.forms import NewPerson, SignUp, WorkspaceForm, person_of
from portal.people.pages import bare, dead_link, inside, said, signed_in

SALT = "portal.people.sign_up"
GOOD_FOR = timedelta(hours=48)
BACKEND = "django.contrib.auth.backends.ModelBackend"


def _open() -> None:
    if not settings.SIGN_UP:
        raise Http404


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    _open()
    if request.user.is_authenticated:
        return redirect("people:account")
    form = SignUp(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            _write(request, form.cleaned_data)
            return redirect("people:sign_up_sent")
        except letters.NotSent as error:
            form.add_error(None, str(error))
    return bare(request, "sign_up", "Sign up", form=form)


def _write(request: HttpRequest, asked: dict[str, Any]) -> None:
    """One letter in any case, so that neither the page nor its time tells whether the address is known."""
    email, workspace = asked["email"], asked["workspace"]
    if person_of(email):
        links = {"link": letters.link("people:account"), "reset": letters.link("admin_password_reset")}
        letters.send(request, "sign_up.known", email, workspace=workspace, **links)
        return
    token = signing.dumps({"email": email, "workspace": workspace, "zone": asked["time_zone"]}, salt=SALT)
    hours = int(GOOD_FOR.total_seconds() // 3600)
    link = letters.link("people:sign_up_confirm", token)
    letters.send(request, "sign_up", email, workspace=workspace, link=link, hours=hours)


@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    _open()
    return said(
        request,
        "Look into your mailbox",
        "A letter is on its way to the address that you gave. Follow the link in it to go on.",
        "Nothing there after some minutes? Look among the unwanted mail, or ask again.",
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    _open()
    try:
        asked = signing.loads(token, salt=SALT, max_age=GOOD_FOR)
    except signing.BadSignature:
        return dead_link(request)
    if get_user_model().objects.filter(username__iexact=asked["email"]).exists() or person_of(asked["email"]):
        return dead_link(request)
    form = NewPerson(request.POST or None, email=asked["email"])
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                user = form.make()
                make_workspace(user, asked["workspace"], asked["zone"])
        except IntegrityError:  # the link was followed twice at once
            return dead_link(request)
        login(request, user, backend=BACKEND)
        messages.success(request, f"Welcome. {asked['workspace']} is open: begin with a connection.")
        return redirect("admin:index")
    return bare(request, "confirm", f"Open {asked['workspace']}", form=form, email=asked["email"], button="Open it")


def make_workspace(user: Any, name: str, zone: str) -> Workspace:
    workspace = Workspace.objects.create(name=name, time_zone=zone)
    Membership.objects.create(workspace=workspace, user=user, role=Membership.Role.OWNER)
    said_ = f"{name} was opened by {user.get_username()}"
    trail.write([trail.entry(workspace.pk, "workspace.opened", at=clock.now(), said=said_, actor=user.get_username())])
    return workspace


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def another(request: HttpRequest) -> HttpResponse:
    """A further workspace of somebody who is in."""
    _open()
    form = WorkspaceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            workspace = make_workspace(request.user, form.cleaned_data["workspace"], form.cleaned_data["time_zone"])
        request.session["workspace"] = workspace.pk
        messages.success(request, f"{workspace} is open.")
        return redirect("admin:index")
    return inside(request, "another", "Add a workspace", form=form)
