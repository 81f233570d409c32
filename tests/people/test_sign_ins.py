"""Sign-ins: seen and ended by the person, ended by a new password; passwords by mail; lock-outs."""

import re
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.models import Session
from tests.people.conftest import PASSWORD, browser, letter, link, member, person

NEW = "an altogether new one"


def is_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def test_a_person_sees_where_he_is_signed_in_and_ends_one_of_them() -> None:
    user = person()
    here, there = browser(user), browser(user)
    text = here.get("/account/").text
    assert text.count("Firefox on Linux") == 2 and text.count("this one") == 1
    assert "127.0.0.1" in text
    assert not any(key in text for key in Session.objects.values_list("session_key", flat=True))
    handle = re.search(r'name="device" value="([0-9a-f]{24})"', text)
    assert handle
    here.post(reverse("people:end"), {"device": handle[1]})
    assert (is_in(here), is_in(there)) == (True, False)


def test_all_others_are_ended_at_once() -> None:
    user = person()
    here, there, third = browser(user), browser(user), browser(user)
    stranger = browser(person("eve@example.com"))
    assert "2 sign-ins ended" in here.post(reverse("people:end"), {"device": "others"}, follow=True).text
    assert [is_in(one) for one in (here, there, third, stranger)] == [True, False, False, True]


def test_nobody_ends_somebody_elses_sign_in() -> None:
    from portal.people.devices import handle

    ada, eve = browser(person()), browser(person("eve@example.com"))
    theirs = Session.objects.get(user__username="ada@example.com")
    eve.post(reverse("people:end"), {"device": handle(theirs)})
    assert is_in(ada)


def test_a_sign_in_is_noted_as_seen_at_most_once_a_minute() -> None:
    client = browser(person())
    row = Session.objects.get()
    client.get("/account/")
    assert Session.objects.get().seen_at == row.seen_at
    Session.objects.update(seen_at=timezone.now() - timedelta(minutes=2))
    client.get("/account/", REMOTE_ADDR="192.0.2.7")
    row = Session.objects.get()
    assert row.ip == "192.0.2.7"
    assert row.seen_at and timezone.now() - row.seen_at < timedelta(minutes=1)


def test_behind_the_proxy_the_address_is_what_the_proxy_saw(settings: Any) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    user = person()
    client = Client(headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.4"})
    client.post("/admin/login/", {"username": user.username, "password": PASSWORD})
    assert Session.objects.get().ip == "198.51.100.4"


def test_a_changed_password_ends_the_others_and_keeps_this_one() -> None:
    user = person()
    here, there = browser(user), browser(user)
    body = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    assert here.post(reverse("admin:password_change"), body).status_code == 302
    assert (is_in(here), is_in(there)) == (True, False)
    assert Session.objects.filter(user=user).count() == 1


def test_a_closed_account_is_out_at_once() -> None:
    user = person()
    client = browser(user)
    user.is_active = False
    user.save()
    assert not is_in(client) and not Session.objects.filter(user=user).exists()


def test_an_address_is_signed_in_with_in_any_letters() -> None:
    person("ada@example.com")
    answer = Client().post("/admin/login/", {"username": "Ada@Example.com", "password": PASSWORD})
    assert answer.status_code == 302


# --- a forgotten password ---------------------------------------------------------------------------------------------


def test_a_forgotten_password_is_replaced_by_the_link_in_the_letter() -> None:
    user = person()
    before = browser(user)
    client = Client()
    assert client.post("/password/", {"email": "ADA@example.com"}).status_code == 302
    where = client.get(link()).headers["Location"]
    assert "Choose a new password" in client.get(where).text
    assert client.post(where, {"new_password1": NEW, "new_password2": NEW}).status_code == 302
    assert not is_in(before)
    assert Client().post("/admin/login/", {"username": user.username, "password": NEW}).status_code == 302
    assert "does not work" in Client().get(link(), follow=True).text


def test_the_answer_for_an_unknown_address_is_the_same_and_a_letter_goes_there_too() -> None:
    person()
    answers = [Client().post("/password/", {"email": email}) for email in ("ada@example.com", "eve@example.com")]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert [one.to for one in mail.outbox] == [["ada@example.com"], ["eve@example.com"]]
    assert "No account has it" in letter()


def test_a_new_password_does_not_skip_the_second_factor() -> None:
    from tests.people.conftest import factor_of

    user = person()
    factor_of(user)
    client = Client()
    client.post("/password/", {"email": user.email})
    where = client.get(link()).headers["Location"]
    client.post(where, {"new_password1": NEW, "new_password2": NEW})
    client.post("/admin/login/", {"username": user.username, "password": NEW})
    assert client.get("/admin/").headers["Location"].startswith("/account/code/")


def test_a_closed_account_gets_no_new_password() -> None:
    user = person()
    User.objects.filter(pk=user.pk).update(is_active=False)
    Client().post("/password/", {"email": user.email})
    assert "No account has it" in letter()


# --- lock-outs --------------------------------------------------------------------------------------------------------


def test_too_many_failures_are_answered_by_a_page_that_is_the_same_for_every_name() -> None:
    person()
    texts = []
    for name in ("ada@example.com", "nobody@example.com"):
        for _ in range(5):
            answer = Client().post("/admin/login/", {"username": name, "password": "guess"})
        assert answer.status_code == 429
        texts.append(re.sub(r'csrfmiddlewaretoken" value="\w+"', "", answer.text))
    assert texts[0] == texts[1]
    assert "Too many failed attempts" in texts[0]
    assert Client().post("/admin/login/", {"username": "ada@example.com", "password": PASSWORD}).status_code == 429


def test_a_new_password_by_mail_lifts_the_lock_of_this_name() -> None:
    user = person()
    for _ in range(5):
        Client().post("/admin/login/", {"username": user.username, "password": "guess"})
    client = Client()
    client.post("/password/", {"email": user.email})
    where = client.get(link()).headers["Location"]
    client.post(where, {"new_password1": NEW, "new_password2": NEW})
    assert client.post("/admin/login/", {"username": user.username, "password": NEW}).status_code == 302


def test_guessing_the_password_on_the_pages_of_the_account_locks_too() -> None:
    user = member().user
    client = browser(user)
    for _ in range(5):
        answer = client.post(reverse("people:second_factor_begin"), {"password": "guess"})
    assert answer.status_code == 429
