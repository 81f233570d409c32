"""Signing up: nothing comes into being before the link in the letter is followed, and nothing tells of others."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.urls import reverse

from audit.models import TrailEntry
from portal.models import Letter, Workspace
from tests.pages import factories
from tests.people.conftest import PASSWORD, browser, letter, link, person

ASKED = {"email": "Ada@Example.com", "workspace": "Ada & Sons", "time_zone": "Europe/London"}
CHOSEN = {"name": "Ada Lovelace", "password": PASSWORD, "again": PASSWORD}


def asked(client: Client, **given: str) -> Any:
    return client.post(reverse("people:sign_up"), {**ASKED, **given})


def test_an_address_that_is_confirmed_opens_a_workspace_and_its_owner_is_in() -> None:
    client = Client()
    assert asked(client).status_code == 302
    assert (User.objects.count(), Workspace.objects.count()) == (0, 0)
    assert mail.outbox[-1].to == ["ada@example.com"]
    assert "Your name" in client.get(link()).text
    assert User.objects.count() == 0
    answer = client.post(link(), CHOSEN, follow=True)
    assert "Ada &amp; Sons is open" in answer.text
    made = Workspace.objects.get()
    assert (made.name, made.time_zone, made.memberships.get().role) == ("Ada & Sons", "Europe/London", "owner")
    assert made.memberships.get().user.get_full_name() == "Ada Lovelace"
    assert TrailEntry.objects.get().what == "workspace.opened"


def test_a_link_counts_once() -> None:
    asked(Client())
    Client().post(link(), CHOSEN)
    for method in ("get", "post"):
        again = getattr(Client(), method)(link(), CHOSEN)
        assert (again.status_code, "does not work" in again.text) == (404, True)
    assert (User.objects.count(), Workspace.objects.count()) == (1, 1)


def test_a_changed_link_and_an_old_one_open_nothing() -> None:
    import time_machine

    asked(Client())
    assert Client().post(link().replace("/sign-up/e", "/sign-up/f"), CHOSEN).status_code == 404
    with time_machine.travel("2099-01-01", tick=True):
        assert Client().post(link(), CHOSEN).status_code == 404
    assert User.objects.count() == 0


def test_a_known_address_is_answered_as_an_unknown_one() -> None:
    person("known@example.com")
    unknown, known = (asked(Client(), email=f"{name}@example.com") for name in ("unknown", "known"))
    assert (unknown.status_code, unknown.headers["Location"]) == (known.status_code, known.headers["Location"])
    assert [one.to for one in mail.outbox] == [["unknown@example.com"], ["known@example.com"]]
    assert "has an account already" in letter()


def test_the_name_of_another_workspace_is_taken_without_a_word() -> None:
    factories.WorkspaceFactory.create(name="Ada & Sons")
    asked(Client())
    assert Client().post(link(), CHOSEN).status_code == 302
    assert Workspace.objects.filter(name="Ada & Sons").count() == 2


def test_letters_are_bounded_per_address_and_per_place() -> None:
    for _ in range(5):
        assert asked(Client()).status_code == 302
    assert "Too many letters" in asked(Client()).text
    for number in range(15):
        assert asked(Client(), email=f"a{number}@example.com").status_code == 302
    assert "Too many letters" in asked(Client(), email="other@example.com").text
    assert len(mail.outbox) == 20
    assert "example.com" not in str(list(Letter.objects.values_list()))


def test_a_letter_that_cannot_be_sent_is_said(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # nobody listens there
    answer = asked(Client())
    assert answer.status_code == 200
    assert "could not be sent" in answer.text


@pytest.mark.parametrize("name", ["Buy at http://x.example", "a\r\nBcc: b@example.com", "<b>", "www.x.example"])
def test_a_name_carries_no_address_into_somebodys_mailbox(name: str) -> None:
    assert asked(Client(), workspace=name).status_code == 200
    assert mail.outbox == []


def test_a_weak_password_and_a_second_that_differs_are_refused() -> None:
    asked(Client())
    assert "too short" in Client().post(link(), {**CHOSEN, "password": "short", "again": "short"}).text
    assert "not the same" in Client().post(link(), {**CHOSEN, "again": "another one"}).text
    assert User.objects.count() == 0


def test_signing_up_can_be_off(settings: Any) -> None:
    settings.SIGN_UP = False
    user = person()
    for name in ("people:sign_up", "people:sign_up_sent"):
        assert Client().get(reverse(name)).status_code == 404
    assert browser(user).get(reverse("people:another")).status_code == 404
    assert reverse("people:sign_up") not in Client().get("/").text
    assert reverse("people:sign_up") not in Client().get("/admin/login/").text


def test_links_lead_to_the_portals_own_address_whatever_host_is_asked(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    Client(headers={"Host": "evil.example"}).post(reverse("people:sign_up"), ASKED)
    assert "evil" not in letter()
    assert re.search(r"http://localhost:8000/sign-up/", letter())


def test_who_is_in_opens_a_further_workspace() -> None:
    user = person()
    client = browser(user)
    given = {"workspace": "Second", "time_zone": "UTC"}
    assert "Second is open" in client.post(reverse("people:another"), given, follow=True).text
    assert user.memberships.get().workspace.name == "Second"


def test_the_front_page_tells_what_is_ready_and_leads_those_who_are_in_further() -> None:
    text = Client().get("/").text
    assert text.count(">ready<") + text.count(">in preparation<") == 4
    assert "Stripe" in text and text.count(">ready<") >= 1
    assert 'href="http' not in text and 'src="http' not in text and "<script" not in text and "style=" not in text
    assert browser(person()).get("/").headers["Location"] == "/admin/"
