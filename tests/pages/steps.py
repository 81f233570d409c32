"""An owner who presses buttons on the pages, against the stand-ins."""

import re
import time
from dataclasses import dataclass, field
from html import unescape
from typing import Any

from django.test import Client
from django.urls import reverse

from portal.models import Connection, Workspace
from tests.pages.conftest import signed_in
from tests.pages.factories import MembershipFactory, UserFactory


def person(workspace: Workspace, role: str = "owner") -> Client:
    user = UserFactory.create(username=role)
    MembershipFactory.create(workspace=workspace, user=user, role=role)
    return signed_in(user)


def plain(html: str) -> str:
    """The words of a page, as they are read."""
    body = re.sub(r"<(script|style).*?</\1>", " ", html.partition("<body")[2] or html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


@dataclass
class Walk:
    client: Client
    page: str = field(default="", init=False)
    """What was seen last."""

    def see(self, url: str) -> str:
        answer = self.client.get(url, follow=True)
        assert answer.status_code == 200, (url, answer.status_code)
        self.page = plain(answer.text)
        return self.page

    def press(self, act: str, pk: int, **given: Any) -> str:
        """Presses a button and returns what the next page says."""
        answer = self.client.post(reverse(f"admin:{act}", args=[pk]), given, follow=True)
        assert answer.status_code == 200, (act, answer.status_code)
        self.page = plain(answer.text)
        return self.page

    def ping(self, connection: Connection, **given: Any) -> str:
        """To its end; returns the page of the connection."""
        said = self.press("portal_connection_ping", connection.pk, **given)
        self.until_examined(connection)
        return said + self.see(reverse("admin:portal_connection_change", args=[connection.pk]))

    def until_examined(self, connection: Connection, seconds: float = 30) -> None:
        part = reverse("admin:portal_connection_examination", args=[connection.pk])
        end = time.monotonic() + seconds
        while self.client.get(part).headers.get("HX-Refresh") != "true":
            assert time.monotonic() < end, "it is never over"
            time.sleep(0.05)

    def enter(self, connection: Connection, **credentials: Any) -> str:
        """Enters these credentials beside what is shown in the form, and pings."""
        fields = set(credentials) | set(connection.credentials())
        known = {name: value for name, value in connection.credentials().items() if not _secret(name)}
        given = dict.fromkeys(fields, "") | known | credentials
        self.press("portal_connection_credentials", connection.pk, **given, ping="yes")
        self.until_examined(connection)
        return self.see(reverse("admin:portal_connection_change", args=[connection.pk]))


def _secret(name: str) -> bool:
    return "password" in name or "key" in name
