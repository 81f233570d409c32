"""People as they come in: browsers of their own, and the letters that they get."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client

from portal.models import Membership, SecondFactor
from tests.pages import factories

PASSWORD = "a long pass phrase"


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Any, db: None) -> None:
    """Deriving a key takes longer than the test."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.SIGN_UP = True


def person(email: str = "ada@example.com", **given: Any) -> User:
    user: User = User.objects.create_user(email, email, PASSWORD, is_staff=True, **given)
    return user


def member(role: str = "owner", email: str = "ada@example.com", workspace: Any = None) -> Membership:
    given = {"workspace": workspace} if workspace else {}
    made: Membership = factories.MembershipFactory.create(user=person(email), role=role, **given)
    return made


def browser(user: User | None = None) -> Client:
    """Signed in with the password, on the page for it."""
    client = Client(headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0"})
    if user:
        answer = client.post("/admin/login/", {"username": user.username, "password": PASSWORD})
        assert answer.status_code == 302, answer.text
    return client


def letter() -> str:
    """The newest."""
    return str(mail.outbox[-1].body)


def link() -> str:
    """The path of the first link in the newest letter."""
    found = re.search(r"http://localhost:8000(\S+)", letter())
    assert found, letter()
    return found[1]


def factor_of(user: User) -> SecondFactor:
    factor = SecondFactor(user=user, name="authenticator", confirmed=True)
    factor.key = b"12345678901234567890"
    factor.save()
    return factor
