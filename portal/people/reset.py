"""A new password by mail: Django's own views and tokens, in the look of the sign-in."""

from collections.abc import Iterable
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import views
from django.contrib.auth.forms import PasswordResetForm
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.http import HttpResponse
from django.urls import reverse_lazy
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from portal.people import letters


class ResetForm(PasswordResetForm):
    """One letter in any case, so that neither the page nor its time tells whether the address is known."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = "Your e-mail address"

    def write(self, request: Any) -> None:
        email = self.cleaned_data["email"].lower()
        users: Iterable[User] = list(self.get_users(email))
        for user in users:
            uid = urlsafe_base64_encode(force_bytes(user.pk))
            link = letters.link("people:reset_confirm", uid, default_token_generator.make_token(user))
            hours = settings.PASSWORD_RESET_TIMEOUT // 3600
            letters.send(request, "reset", user.email, username=user.get_username(), link=link, hours=hours)
        if not users:
            letters.send(request, "reset.unknown", email)


class _Page:
    """Django's views, with what the theme's layout wants to know."""

    request: Any

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        self.request.current_app = admin.site.name
        return {**admin.site.each_context(self.request), **super().get_context_data(**kwargs)}  # type: ignore[misc]


class Reset(_Page, views.PasswordResetView):
    form_class = ResetForm
    template_name = "people/reset.html"
    success_url = reverse_lazy("people:reset_sent")
    title = "Forgotten password"

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            form.write(self.request)
        except letters.NotSent as error:
            form.add_error(None, str(error))
            return self.form_invalid(form)
        return super(views.PasswordResetView, self).form_valid(form)


class ResetSent(_Page, views.PasswordResetDoneView):
    template_name = "people/reset_sent.html"
    title = "Look into your mailbox"


class ResetConfirm(_Page, views.PasswordResetConfirmView):
    template_name = "people/reset_confirm.html"
    success_url = reverse_lazy("people:reset_done")
    title = "Choose a new password"

    def form_valid(self, form: Any) -> HttpResponse:
        """Who reads the mailbox is the owner: failed attempts of others with this name are forgotten."""
        answer = super().form_valid(form)
        AxesProxyHandler.reset_attempts(username=form.user.get_username())
        return answer


class ResetDone(_Page, views.PasswordResetCompleteView):
    template_name = "people/reset_done.html"
    title = "The new password counts"
