"""The form of the sign-in."""

from typing import Any

from django.contrib.auth import get_user_model
from unfold.forms import AuthenticationForm


class SignIn(AuthenticationForm):
    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": "This name and this password do not belong together. Capitals count in the password.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "E-mail address or user name"

    def clean_username(self) -> str:
        """Addresses are kept in small letters."""
        name = str(self.cleaned_data["username"])
        exact = "@" not in name or get_user_model().objects.filter(username=name).exists()
        return name if exact else name.lower()
