"""Invitations: made and revoked by an owner, accepted by whoever reads the mail, with the account of that address."""

import secrets
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model, login
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from audit import trail
from portal.engine import clock
from portal.engine.decide import NotNow
from portal.models import Invitation, Membership, Workspace
from portal.people import letters
from portal.people.forms import NewPerson, person_of
from portal.people.pages import bare, dead_link
from portal.people.sign_up import BACKEND

GOOD_FOR = timedelta(days=7)


def invite(request: HttpRequest, workspace: Workspace, email: str, role: str) -> Invitation:
    """The letter goes out last: a link that cannot be used yet helps nobody, and a letter cannot be taken back. An
    earlier invitation of the same address is replaced."""
    token = secrets.token_urlsafe(32)
    now = clock.now()
    by = request.user.get_username()
    with transaction.atomic():
        Invitation.pending(now).filter(workspace=workspace, email=email).update(revoked_at=now)
        row = Invitation.objects.create(
            workspace=workspace,
            email=email,
            role=role,
            digest=Invitation.digest_of(token),
            invited_by=by,
            made_at=now,
            expires_at=now + GOOD_FOR,
        )
    try:
        letters.send(
            request,
            "invitation",
            email,
            by=request.user.get_full_name() or by,  # type: ignore[union-attr]
            workspace=workspace.name,
            role=role,
            about=Membership.ABOUT[Membership.Role(role)],
            days=GOOD_FOR.days,
            link=letters.link("people:invitation", token),
        )
    except letters.NotSent as error:
        row.delete()
        raise NotNow(str(error)) from None
    return row


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    digest = Invitation.digest_of(token)
    row = Invitation.pending(clock.now()).filter(digest=digest).select_related("workspace").first()
    if row is None:
        return dead_link(request)
    person = person_of(row.email)
    if request.user.is_authenticated:
        return _with_account(request, row, person)
    if person:
        return bare(request, "invitation_known", _title(row), row=row)
    return _new_person(request, row)


def _title(row: Invitation) -> str:
    return f"Join {row.workspace}"


def _with_account(request: HttpRequest, row: Invitation, person: User | None) -> HttpResponse:
    if person is None or person.pk != request.user.pk:
        return bare(request, "invitation_other", _title(row), row=row, here=request.get_full_path())
    if request.method != "POST":
        return bare(request, "invitation_join", _title(row), row=row)
    with transaction.atomic():
        if not accept(row, person):
            return dead_link(request)
    request.session["workspace"] = row.workspace_id
    return redirect("admin:index")


def _new_person(request: HttpRequest, row: Invitation) -> HttpResponse:
    if get_user_model().objects.filter(username__iexact=row.email).exists():  # an account that was closed
        return dead_link(request)
    form = NewPerson(request.POST or None, email=row.email)
    if request.method != "POST" or not form.is_valid():
        button = f"Join as {row.role}"
        return bare(request, "confirm", _title(row), form=form, email=row.email, button=button, row=row)
    try:
        with transaction.atomic():
            user = form.make()
            if not accept(row, user):
                raise IntegrityError
    except IntegrityError:
        return dead_link(request)
    login(request, user, backend=BACKEND)
    return redirect("admin:index")


def accept(row: Invitation, user: Any) -> bool:
    """Inside a transaction. False: somebody was first. Who is a member already keeps the role."""
    now = clock.now()
    if not Invitation.pending(now).filter(pk=row.pk).update(accepted_at=now):
        return False
    _, made = Membership.objects.get_or_create(workspace=row.workspace, user=user, defaults={"role": row.role})
    if made:
        said = f"{user.get_username()} joined as {row.role}, invited by {row.invited_by}"
        trail.write([trail.entry(row.workspace_id, "person.joined", at=now, said=said, actor=user.get_username())])
    return True
