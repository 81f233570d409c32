"""The forms of people."""

import re
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db.models import Q

from portal.models import Membership, Workspace

NO_NAME = re.compile(r"[\x00-\x1f\x7f<>@]|://|www\.", re.IGNORECASE)
"""A name stands in letters to others: no addresses in it."""


def plain_name(text: str) -> None:
    if NO_NAME.search(text):
        raise ValidationError("A name without addresses and signs such as < > @, please.", "not_plain")


def person_of(email: str) -> User | None:
    """Whose address this is: the account that is called so, else the one that has it."""
    users = get_user_model().objects.filter(is_active=True)
    return users.filter(username__iexact=email).first() or users.filter(email__iexact=email).first()


@cache
def zones() -> list[tuple[str, str]]:
    names = sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "posix/")))
    return [("", "Choose …"), ("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names)]


def _password(label: str, autocomplete: str, **given: Any) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, widget=widget, strip=False, max_length=500, **given)


class WorkspaceForm(forms.Form):
    workspace = forms.CharField(
        label="Name of the workspace",
        max_length=Workspace._meta.get_field("name").max_length,
        validators=[plain_name],
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
        help_text="The company whose books you keep.",
    )
    time_zone = forms.ChoiceField(
        choices=zones,
        widget=forms.Select(attrs={"data-zone": ""}),
        help_text="Days in the books are days of this zone.",
    )


class SignUp(WorkspaceForm):
    email = forms.EmailField(
        label="Your e-mail address", max_length=150, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    field_order = ("email", "workspace", "time_zone")

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class NewPerson(forms.Form):
    name = forms.CharField(
        label="Your name",
        max_length=150,
        validators=[plain_name],
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        help_text="The others see it, and the trail.",
    )
    password = _password("Password", "new-password", help_text="At least ten characters.")
    again = _password("The password again", "new-password")

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "password" not in cleaned:
            return cleaned
        if cleaned["password"] != cleaned.get("again"):
            self.add_error("again", "This is not the same.")
        try:
            validate_password(cleaned["password"], User(username=self.email, email=self.email))
        except ValidationError as error:
            self.add_error("password", error)
        return cleaned

    def make(self) -> User:
        """The account; its address was confirmed by the link that led here."""
        first, _, last = self.cleaned_data["name"].strip().partition(" ")
        made: User = get_user_model().objects.create_user(
            self.email, self.email, self.cleaned_data["password"], first_name=first, last_name=last, is_staff=True
        )
        return made


class Invite(forms.Form):
    email = forms.EmailField(label="E-mail address", max_length=150)
    role = forms.ChoiceField(choices=[(role.value, role.label) for role in Membership.Role], initial="finance")

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.workspace = workspace

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).lower()
        here = Q(user__email__iexact=email) | Q(user__username__iexact=email)
        if self.workspace.memberships.filter(here).exists():
            raise ValidationError("This person is here already.", "member")
        return email


class Name(forms.Form):
    first_name = forms.CharField(max_length=150, validators=[plain_name])
    last_name = forms.CharField(max_length=150, validators=[plain_name], required=False)


class Password(forms.Form):
    password = _password("Your password", "current-password")


class Code(forms.Form):
    code = forms.CharField(
        label="Code",
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "text", "autofocus": ""}),
    )

    def clean_code(self) -> str:
        text = str(self.cleaned_data["code"])
        digits = "".join(text.split())
        return digits if digits.isdigit() else text
