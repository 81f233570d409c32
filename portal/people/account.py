"""The page of the person himself: name, password, second factor, workspaces, sign-ins."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from portal.admin import roles
from portal.models import Membership, RecoveryCode, Workspace
from portal.people import devices, gate, second_factor
from portal.people.forms import Name, Password
from portal.people.pages import inside, person, signed_in

FEW = 4
"""Recovery codes at which one is reminded."""


@signed_in
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    return _show(request, Name(initial=_name(request)))


def _name(request: HttpRequest) -> dict[str, str]:
    return {"first_name": person(request).first_name, "last_name": person(request).last_name}


def _show(request: HttpRequest, form: Name) -> HttpResponse:
    mine = Membership.objects.filter(user=person(request)).select_related("workspace").order_by("workspace__name")
    left = RecoveryCode.objects.filter(user=person(request)).count()
    return inside(
        request,
        "account",
        "Your account",
        form=form,
        password=Password(auto_id="off_%s"),
        factor=second_factor.of(request, confirmed=True),
        codes_left=left,
        codes_few=left < FEW,
        required=gate.required(request),
        memberships=[(one, Membership.ABOUT[Membership.Role(one.role)]) for one in mine],
        chosen=roles.chosen(request),
        devices=devices.listed(request),
        operator=roles.operator(request),
    )


@signed_in
@require_POST
def name(request: HttpRequest) -> HttpResponse:
    form = Name(request.POST)
    if not form.is_valid():
        return _show(request, form)
    user = person(request)
    user.first_name, user.last_name = form.cleaned_data["first_name"], form.cleaned_data["last_name"]
    user.save(update_fields=["first_name", "last_name"])
    messages.success(request, "Saved.")
    return redirect("people:account")


@signed_in
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Which workspace the pages show; empty: all of one's own. A foreign one answers as a missing one."""
    wanted = request.POST.get("workspace", "")
    if not wanted:
        request.session.pop("workspace", None)
        return redirect("admin:index")
    known = roles.all_of(request)
    number = int(wanted) if wanted.isdecimal() and len(wanted) < 19 else 0
    there = number in known or (roles.operator(request) and Workspace.objects.filter(pk=number).exists())
    if not there:
        raise Http404
    request.session["workspace"] = number
    return redirect("admin:index")
