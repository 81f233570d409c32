"""The second factor: set up with a code, shown at every sign-in, guessed by nobody, lost without being locked out."""

import re
import time
from base64 import b32decode
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_otp.oath import TOTP

from audit.models import TrailEntry
from portal.models import RecoveryCode, SecondFactor, Workspace
from tests.people.conftest import PASSWORD, browser, factor_of, member, person

CODE, FACTOR = "/account/code/", "/account/second-factor/"


def code_of(factor: SecondFactor, *, later: int = 0) -> str:
    totp = TOTP(factor.key)
    totp.time = time.time() + later
    return f"{totp.token():06d}"


def set_up(client: Client) -> list[str]:
    """The recovery codes that are shown."""
    client.post(reverse("people:second_factor_begin"), {"password": PASSWORD})
    page = client.get(FACTOR).text
    assert "<svg" in page
    key = re.search(r"time-based one: <span class=\"ml-code\">([A-Z2-7 ]+)<", page)
    assert key
    totp = TOTP(b32decode(key[1].replace(" ", "")))
    shown = client.post(FACTOR, {"code": f"{totp.token():06d}"}).text
    return re.findall(r"<li>([a-z2-9-]{19})</li>", shown)


def later(seconds: float = 3600) -> Any:
    return time_machine.travel(timezone.now() + timedelta(seconds=seconds), tick=True)


def test_it_is_set_up_with_its_first_code_and_asked_for_at_the_next_sign_in() -> None:
    user = person()
    client = browser(user)
    assert len(set_up(client)) == 10
    assert "switched on" in mail.outbox[-1].body
    assert client.get("/admin/").status_code == 200
    again = browser(user)
    assert again.get("/admin/").headers["Location"] == f"{CODE}?next=%2Fadmin%2F"
    factor = user.secondfactor_set.get()
    with later(60):
        answer = again.post(CODE, {"code": code_of(factor), "next": "/account/"})
        assert answer.headers["Location"] == "/account/"
        assert again.get("/admin/").status_code == 200


def test_a_wrong_first_code_switches_nothing_on() -> None:
    user = person()
    client = browser(user)
    client.post(reverse("people:second_factor_begin"), {"password": PASSWORD})
    assert "does not fit" in client.post(FACTOR, {"code": "000000"}).text
    assert not user.secondfactor_set.get().confirmed
    assert browser(user).get("/admin/").status_code == 200


def test_it_is_not_set_up_by_who_does_not_know_the_password() -> None:
    user = person()
    client = browser(user)
    assert "not your password" in client.post(reverse("people:second_factor_begin"), {"password": "guess"}).text
    assert not SecondFactor.objects.exists()


def test_nothing_but_the_code_page_is_open_before_the_code() -> None:
    from tests.pages.walking import ANYBODY, MISSING, places

    user = member().user
    factor_of(user)
    client = browser(user)
    for place in places():
        if place.name in {"people:code", "admin:logout", "health", "metrics"}:
            continue
        for method in ("get", "post"):
            answer = getattr(client, method)(place.url(MISSING), {})
            assert answer.status_code == 302 and answer.headers["Location"].startswith(CODE), place.name
    assert ANYBODY


def test_a_code_counts_once() -> None:
    user = person()
    factor = factor_of(user)
    code = code_of(factor)
    assert browser(user).post(CODE, {"code": code}).status_code == 302
    assert "does not fit" in browser(user).post(CODE, {"code": code}).text


def test_a_recovery_code_lets_in_once_however_it_is_typed() -> None:
    user = person()
    codes = set_up(browser(user))
    typed = f" {codes[0].upper().replace('-', ' ')} "
    assert browser(user).post(CODE, {"code": typed}).status_code == 302
    assert "does not fit" in browser(user).post(CODE, {"code": codes[0]}).text
    assert user.recovery_codes.count() == 9
    stored = str(list(RecoveryCode.objects.values_list("digest", flat=True)))
    assert not any(code in stored or code.replace("-", "") in stored for code in codes)


def test_wrong_codes_in_a_row_must_wait_and_then_lock_the_sign_in() -> None:
    user = person()
    factor = factor_of(user)
    client = browser(user)
    client.post(CODE, {"code": "000000"})
    answer = client.post(CODE, {"code": code_of(factor)})
    assert "Wait" in answer.text  # a right one that comes too soon does not count
    SecondFactor.objects.update(throttling_failure_count=0)
    for _ in range(2):
        client.post(CODE, {"code": "000000"})
        SecondFactor.objects.update(throttling_failure_count=0)
    locked = client.post(CODE, {"code": "000000"})
    assert locked.status_code == 429
    assert "Too many failed attempts" in locked.text
    assert client.get("/admin/").headers["Location"].startswith("/admin/login/")
    assert Client().post("/admin/login/", {"username": user.username, "password": PASSWORD}).status_code == 429


def test_guessing_from_many_places_is_slowed_down_by_the_factor_itself() -> None:
    user = person()
    factor = factor_of(user)
    for number in range(6):
        assert browser(user).post(CODE, {"code": "000000"}, REMOTE_ADDR=f"192.0.2.{number}").status_code == 200
        SecondFactor.objects.update(throttling_failure_timestamp=timezone.now() - timedelta(seconds=2**number))
    SecondFactor.objects.update(throttling_failure_timestamp=timezone.now() - timedelta(seconds=20))
    answer = browser(user).post(CODE, {"code": code_of(factor)}, REMOTE_ADDR="192.0.2.99")
    assert "Wait" in answer.text  # 32 s after the sixth
    with later(40):
        right = {"code": code_of(factor)}
        assert browser(user).post(CODE, right, REMOTE_ADDR="192.0.2.99").status_code == 302


def test_guessing_does_not_lock_the_owner_out_for_ever() -> None:
    user = person()
    factor = factor_of(user)
    SecondFactor.objects.update(throttling_failure_count=10, throttling_failure_timestamp=timezone.now())
    with later(600):
        browser(user).post(CODE, {"code": "000000"}, REMOTE_ADDR="192.0.2.1")
    with later(1200):
        assert browser(user).post(CODE, {"code": code_of(factor)}).status_code == 302


def test_it_is_switched_off_with_the_password_only() -> None:
    user = person()
    client = browser(user)
    set_up(client)
    client.post(reverse("people:second_factor_off"), {"password": "guess"})
    assert SecondFactor.objects.exists()
    assert "is off" in client.post(reverse("people:second_factor_off"), {"password": PASSWORD}, follow=True).text
    assert not SecondFactor.objects.exists() and not RecoveryCode.objects.exists()
    assert browser(user).get("/admin/").status_code == 200


def test_new_recovery_codes_replace_the_old_ones() -> None:
    user = person()
    client = browser(user)
    old = set_up(client)
    new = re.findall(r"<li>([a-z2-9-]{19})</li>", client.post(reverse("people:codes"), {"password": PASSWORD}).text)
    assert len(new) == 10 and not set(old) & set(new)
    assert "does not fit" in browser(user).post(CODE, {"code": old[0]}).text


def test_setting_it_up_ends_the_sign_ins_that_have_the_password_alone() -> None:
    user = person()
    other, client = browser(user), browser(user)
    set_up(client)
    assert other.get("/admin/").headers["Location"].startswith("/admin/login/")


def test_the_secret_is_sealed_and_survives_a_change_of_keys(settings: Any) -> None:
    from django.core.management import call_command

    factor = factor_of(person())
    assert b"12345678901234567890" not in bytes(factor.sealed_key)
    assert b"12345678901234567890".hex().encode() not in bytes(factor.sealed_key)
    settings.CREDENTIAL_KEYS = ["a new key", *settings.CREDENTIAL_KEYS]
    call_command("rotate_keys")
    settings.CREDENTIAL_KEYS = ["a new key"]
    assert SecondFactor.objects.get().key == b"12345678901234567890"


def test_a_factor_of_somebody_else_opens_nothing() -> None:
    from portal.sealed import Unreadable

    eve, ada = person("eve@example.com"), person()
    theirs = factor_of(ada)
    theirs.user = eve
    with pytest.raises(Unreadable):
        _ = theirs.key


# --- required by a workspace ------------------------------------------------------------------------------------------


def require(workspace: Workspace, *, on: bool = True) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(second_factor=on)


def test_a_workspace_that_requires_it_leads_everybody_there_first() -> None:
    finance = member("finance")
    require(finance.workspace)
    client = browser(finance.user)
    assert client.get("/admin/audit/record/").headers["Location"].startswith(FACTOR)
    assert "requires a second factor" in client.get(FACTOR).text
    set_up(client)
    assert client.get("/admin/audit/record/").status_code == 200
    assert "Nothing was done" in client.post("/account/second-factor/off/", {"password": PASSWORD}, follow=True).text
    assert SecondFactor.objects.exists()


def test_an_operator_needs_one_as_soon_as_one_workspace_requires_it() -> None:
    require(member().workspace)
    operator = person("operator@example.com", is_superuser=True)
    assert browser(operator).get("/admin/").headers["Location"].startswith(FACTOR)


def test_a_person_of_another_workspace_is_not_bothered() -> None:
    require(member().workspace)
    assert browser(member(email="eve@example.com").user).get("/admin/").status_code == 200


def test_an_owner_requires_it_only_after_having_one_and_it_prepares_nothing_anew() -> None:
    owner = member()
    client = browser(owner.user)
    url = reverse("admin:portal_workspace_require", args=[owner.workspace_id])
    assert "Set up your own second factor first" in client.post(url, {"on": "yes"}, follow=True).text
    set_up(client)
    revision = Workspace.objects.get().revision
    assert "Required." in client.post(url, {"on": "yes"}, follow=True).text
    assert (Workspace.objects.get().second_factor, Workspace.objects.get().revision) == (True, revision)
    assert TrailEntry.objects.get().said == "required"
    client.post(url, {"on": "no"})
    assert not Workspace.objects.get().second_factor


# --- lost -------------------------------------------------------------------------------------------------------------


def test_an_operator_takes_it_off_and_every_workspace_of_the_person_learns_it() -> None:
    ada = member()
    factor_of(ada.user)
    operator = person("operator@example.com", is_superuser=True)
    client = browser(operator)
    page = client.get(reverse("admin:auth_user_change", args=[ada.user_id])).text
    url = reverse("admin:auth_user_lost_factor", args=[ada.user_id])
    assert url in page
    client.post(url)
    assert SecondFactor.objects.exists()
    client.post(url, {"sure": "yes"})
    assert not SecondFactor.objects.exists()
    entry = TrailEntry.objects.get(what="person.factor_off")
    assert (entry.workspace, entry.actor) == (ada.workspace, "operator@example.com (operator)")
    assert browser(ada.user).get("/admin/").status_code == 200
    assert User.objects.count() == 2
