"""Role × page × method: every URL that the resolver knows, as everybody. The matrix is portal/admin/roles.py."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from portal.admin import roles
from tests.pages.conftest import ROLES, SECRET_NAME, House, signed_in
from tests.pages.walking import ANYBODY, MISSING, SIGNED_IN, Place, may, needs, places, row_of, url_of

PEOPLE = (*ROLES, "operator", "stranger")
ROOT = Path(__file__).resolve().parents[2]
HARMLESS = ("portal_session", "portal_letter", "axes_")
"""Tables that a request may write to without changing anything: sign-ins, letters counted, failed attempts."""
ALIKE = {"admin:logout", "people:choose", "people:name", "people:end"}
"""What everybody does to himself only."""


@contextmanager
def writes() -> Iterator[list[str]]:
    """The tables that are written to inside, and undone afterwards."""
    found: list[str] = []

    def noted(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        hit = re.match(r'\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"(\w+)"', sql)
        if hit and not hit[1].startswith(HARMLESS) and "operator.looked" not in str(params):
            found.append(hit[1])
        return execute(sql, params, many, context)

    with transaction.atomic(), connection.execute_wrapper(noted):
        yield found
        transaction.set_rollback(True)


@pytest.fixture
def furnished(house: House, other: House, client: Client) -> House:
    from axes.models import AccessAttempt

    AccessAttempt.objects.create(username="x", ip_address="192.0.2.1", failures_since_start=1)
    return house


def test_every_page_has_its_place_in_the_matrix() -> None:
    for place in places():
        if place.model:
            needs(place)
        else:
            assert place.name in ANYBODY | SIGNED_IN, f"Say who may: {place.name}"


@pytest.mark.parametrize("who", PEOPLE)
def test_everybody_does_what_the_matrix_says_and_nothing_else(furnished: House, who: str) -> None:
    client = furnished.client(who)
    for place in places():
        if place.name in ANYBODY | ALIKE:
            continue
        for method in ("get", "post"):
            with writes() as written:
                answer = getattr(client, method)(url_of(furnished, place), {})
            _judge(place, who, method, answer, written)


def _judge(place: Place, who: str, method: str, answer: Any, written: list[str]) -> None:
    told = (place.name, who, method, answer.status_code, written)
    assert answer.status_code < 500, told
    assert SECRET_NAME not in answer.text or who == "operator", told
    if method == "get":
        assert not written, told
    if not place.model:
        assert not set(written) - {"auth_user", "portal_secondfactor"}, told
        return
    act = needs(place)[method == "post"]
    role = who if who in roles.EVERYONE or who == "operator" else ""
    if may(role, place.model, act):
        assert answer.status_code in (200, 302, 405), told
    elif act is None or (place.of_a_row and not may(role, place.model, "view")) or not place.page:
        assert answer.status_code in (200, 302, 403, 404, 405), told
        assert not written, told
    else:
        assert answer.status_code == 403 or (method == "post" and answer.status_code == 405), told
        assert not written, told


@pytest.mark.parametrize("method", ["head", "options", "put", "patch", "delete"])
def test_no_other_method_changes_anything(furnished: House, method: str) -> None:
    client = furnished.client("operator")
    for place in places():
        with writes() as written:
            answer = getattr(client, method)(url_of(furnished, place))
        assert not written and answer.status_code < 500, (place.name, method, answer.status_code, written)


def test_nobody_comes_in_without_signing_in(furnished: House) -> None:
    for place in places():
        for method in ("get", "post", "put", "delete"):
            with writes() as written:
                answer = getattr(Client(), method)(url_of(furnished, place), {})
            told = (place.name, method, answer.status_code, written)
            assert not written and answer.status_code < 500, told
            assert SECRET_NAME not in answer.text and "Acme" not in answer.text, told
            if place.name not in ANYBODY | {"admin:logout"}:
                assert answer.status_code in (302, 405), told
                assert answer.status_code == 405 or "/admin/login/" in answer.headers["Location"], told


def test_no_change_runs_without_its_csrf_token(furnished: House) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(furnished.people["operator"], backend="django.contrib.auth.backends.ModelBackend")
    for place in places():
        with writes() as written:
            answer = client.post(url_of(furnished, place), {})
        assert (answer.status_code, written) == (403, []), place.name


def test_no_page_of_another_workspace_is_told_from_a_missing_one(furnished: House, other: House) -> None:
    """As its owner: status, body and messages are the same but for the number, for every page of every row."""
    for place in places():
        if not place.of_a_row or place.model in ("", "auth.user", "axes.accessattempt"):
            continue
        theirs = row_of(other, place).pk
        for method in ("get", "post", "put"):
            told = [_answer(furnished.people["owner"], method, place.url(pk), pk) for pk in (theirs, MISSING)]
            assert told[0] == told[1], (place.name, method)
            assert SECRET_NAME not in told[0][1]


def _answer(user: Any, method: str, url: str, pk: int) -> tuple[Any, ...]:
    """With a sign-in of its own, so that one answer's message is not shown by the next."""
    client = signed_in(user)
    with writes() as written:
        answer = getattr(client, method)(url, {})
    said = [str(one) for one in getattr(answer.wsgi_request, "_messages", ())]
    text = f"{answer.text}{answer.headers.get('Location')}{said}"
    return answer.status_code, re.sub(rf"(?<=[/“]){pk}(?=[/”])", "N", text), written


def test_no_list_names_another_workspace_however_it_is_asked(furnished: House, other: House) -> None:
    for place in places():
        if place.page != "changelist":
            continue
        for query in ("", "?all=", "?rows=all", "?open=all", f"?workspace__id__exact={other.workspace.pk}", "?e=1"):
            text = furnished.client("owner").get(url_of(furnished, place) + query, follow=True).text
            assert SECRET_NAME not in text, (place.name, query)


def test_the_matrix_is_documented() -> None:
    """docs/roles.md holds it as people read it; what differs is printed as it should be."""
    lines = [
        f"| {model} | {act} | " + " | ".join("yes" if role in allowed else "–" for role in ROLES) + " |"
        for model, acts in sorted(roles.MAY.items())
        for act, allowed in acts.items()
    ]
    shown = (ROOT / "docs" / "roles.md").read_text().splitlines()
    assert [line for line in shown if re.match(r"\| \w+\.\w+ \|", line)] == lines, "\n".join(lines)


def test_the_matrix_says_of_each_model_only_what_a_page_asks() -> None:
    from django.contrib import admin

    models = {page.model._meta.label_lower for page in admin.site._registry.values()}
    assert set(roles.MAY) == models
