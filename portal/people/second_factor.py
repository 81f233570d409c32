"""The second factor: codes of an authenticator, and recovery codes for the day when it is lost."""

import math
import secrets
from typing import Any

import django_otp
import segno
from axes.handlers.proxy import AxesProxyHandler
from django.contrib import messages
from django.contrib.auth import authenticate, logout
from django.contrib.auth.signals import user_login_failed
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from portal.engine import clock
from portal.models import RecoveryCode, SecondFactor
from portal.people import devices, gate, letters
from portal.people.forms import Code, Password
from portal.people.pages import bare, inside, locked, person, signed_in


def of(request: HttpRequest, *, confirmed: bool) -> SecondFactor | None:
    return SecondFactor.objects.filter(user=person(request), confirmed=confirmed).first()


# --- at the sign-in ---------------------------------------------------------------------------------------------------


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    factor = of(request, confirmed=True)
    if factor is None or request.user.is_verified():  # type: ignore[union-attr]
        return redirect(_onward(request))
    form = Code(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if not AxesProxyHandler.is_allowed(request, {"username": request.user.get_username()}):
            logout(request)
            return locked(request)
        if shown(request, factor, form.cleaned_data["code"]):
            request.session.cycle_key()
            _few_left(request)
            return redirect(_onward(request))
        form.add_error("code", _wrong(factor))
        if getattr(request, "axes_locked_out", False):
            logout(request)
            return locked(request)
    return bare(request, "code", "Second factor", form=form, onward=_onward(request))


def shown(request: HttpRequest, factor: SecondFactor, token: str) -> bool:
    """Judges a code under a lock of its row; a wrong one counts as a failed sign-in too."""
    if django_otp.verify_token(request.user, factor.persistent_id, token):
        django_otp.login(request, factor)
        return True
    credentials = {"username": request.user.get_username()}
    user_login_failed.send(sender=__name__, credentials=credentials, request=request)
    return False


def _wrong(factor: SecondFactor) -> str:
    factor.refresh_from_db()
    allowed, why = factor.verify_is_allowed()
    if allowed:
        return "This code does not fit. Take the one that is shown now."
    seconds = max(1, math.ceil((why["locked_until"] - clock.now()).total_seconds()))
    return f"This code does not fit, or came too soon after a wrong one. Wait {seconds} s and try again."


def _few_left(request: HttpRequest) -> None:
    left = RecoveryCode.objects.filter(user=person(request)).count()
    if left < 4:
        messages.warning(request, f"{left} recovery codes are left. Make new ones on the page “Your account”.")


def _onward(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    here = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if here and wanted != request.path else "admin:index"


# --- set up and switched off ------------------------------------------------------------------------------------------


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def second_factor(request: HttpRequest) -> HttpResponse:
    """GET shows where one stands; POST confirms with the first code."""
    if of(request, confirmed=True):
        return redirect("people:account")
    factor = of(request, confirmed=False)
    if factor is None:
        return inside(request, "factor_begin", "Second factor", form=Password(), required=gate.required(request))
    form = Code(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if django_otp.verify_token(request.user, factor.persistent_id, form.cleaned_data["code"]):
            return _confirmed(request, factor)
        form.add_error("code", _wrong(factor))
    qr = segno.make(factor.url, error="m").svg_inline(scale=5, border=3, light="#fff", dark="#111827")
    return inside(request, "factor_confirm", "Second factor", form=form, qr=qr, factor=factor)


def _confirmed(request: HttpRequest, factor: SecondFactor) -> HttpResponse:
    with transaction.atomic():
        SecondFactor.objects.filter(pk=factor.pk).update(confirmed=True)
        codes = RecoveryCode.renew(person(request))
        devices.end_others(request)  # they came in with the password alone
    factor.refresh_from_db()
    django_otp.login(request, factor)
    request.session.cycle_key()
    _tell(request, "on")
    return inside(request, "factor_codes", "Recovery codes", codes=codes, fresh=True)


@signed_in
@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    """A new secret, which does nothing yet. Asks the password, so that nobody does it at a screen left alone."""
    if of(request, confirmed=True):
        return redirect("people:account")
    form = Password(request.POST)
    if not knows_password(request, form):
        required = gate.required(request)
        return inside(request, "factor_begin", "Second factor", form=form, required=required)
    factor = of(request, confirmed=False) or SecondFactor(user=person(request), name="authenticator", confirmed=False)
    factor.key = secrets.token_bytes(20)
    factor.throttle_reset(commit=False)
    factor.save()
    return redirect("people:second_factor")


@signed_in
@require_POST
def off(request: HttpRequest) -> HttpResponse:
    if gate.required(request):
        messages.warning(request, "A workspace of yours requires a second factor. Nothing was done.")
        return redirect("people:account")
    if not _password_or_say(request):
        return redirect("people:account")
    with transaction.atomic():
        SecondFactor.objects.filter(user=person(request)).delete()
        RecoveryCode.objects.filter(user=person(request)).delete()
    _tell(request, "off")
    messages.success(request, "The second factor is off.")
    return redirect("people:account")


@signed_in
@require_POST
def codes(request: HttpRequest) -> HttpResponse:
    """New recovery codes; the earlier ones count no longer."""
    if not of(request, confirmed=True) or not _password_or_say(request):
        return redirect("people:account")
    with transaction.atomic():
        made = RecoveryCode.renew(person(request))
    return inside(request, "factor_codes", "Recovery codes", codes=made, fresh=False)


def knows_password(request: HttpRequest, form: Password) -> bool:
    """A wrong one counts as a failed sign-in, and locks like one."""
    if not form.is_valid():
        return False
    name = request.user.get_username()
    user = authenticate(request, username=name, password=form.cleaned_data["password"])
    if user is None or user.pk != request.user.pk:
        form.add_error("password", "This is not your password.")
        return False
    return True


def _password_or_say(request: HttpRequest) -> bool:
    if knows_password(request, Password(request.POST)):
        return True
    messages.error(request, "This is not your password. Nothing was done.")
    return False


def _tell(request: HttpRequest, what: str) -> None:
    """A letter to the person, if there is an address; without one the change stands all the same."""
    user: Any = request.user
    if not user.email:
        return
    link = letters.link("people:account")
    try:
        letters.send(request, "second_factor", user.email, what=what, username=user.get_username(), link=link)
    except letters.NotSent as error:
        messages.warning(request, str(error))
