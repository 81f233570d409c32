"""No role of one workspace learns that another exists: not by name, not by id, not by a count."""

import re
from typing import Any

import pytest
from django.urls import reverse

from audit.models import Record
from tests.pages.conftest import ROLES, SECRET_NAME, House
from tests.pages.test_who_may import ACTS, ADDS, LISTS, rows, url_of

MISSING = 987_654_321


@pytest.mark.parametrize("role", ROLES)
def test_no_page_names_another_workspace(house: House, other: House, role: str) -> None:
    client = house.client(role)
    urls = [reverse("admin:index"), *map(reverse, LISTS.values())]
    urls += [reverse(name) for name, allowed in ADDS.items() if role in allowed]
    urls += [reverse(f"admin:{model}_change", args=[row.pk]) for model, row in rows(house).items()]
    for url in urls:
        for query in ("", "?all=", f"?q={SECRET_NAME}"):
            text = client.get(url + query, follow=True).text
            if query.startswith("?q"):
                text = re.sub(f'(q=|q%3D|value="){SECRET_NAME}', "", text)
            assert SECRET_NAME not in text, url + query


def test_the_operator_sees_both(house: House, other: House) -> None:
    assert SECRET_NAME in house.client("operator").get(reverse("admin:portal_link_changelist")).text


@pytest.mark.parametrize("role", ROLES)
def test_another_workspaces_row_answers_as_a_missing_one(house: House, other: House, role: str) -> None:
    for model, row in rows(other).items():
        for page in ("change", "delete", "history"):
            urls = [(reverse(f"admin:{model}_{page}", args=[pk]), pk) for pk in (row.pk, MISSING)]
            theirs, missing = [_answer(house.client(role), url, pk) for url, pk in urls]
            assert theirs == missing, (model, page)


def _answer(client: Any, url: str, pk: int) -> tuple[Any, ...]:
    answer = client.get(url)
    said = [str(one) for one in answer.wsgi_request._messages]
    return tuple(str(one).replace(f"“{pk}”", "N") for one in (answer.status_code, answer.headers.get("Location"), said))


@pytest.mark.parametrize("role", ROLES)
def test_an_act_on_another_workspaces_row_answers_as_on_a_missing_one(house: House, other: House, role: str) -> None:
    client = house.client(role)
    for act in ACTS:
        for method in ("get", "post"):
            theirs = getattr(client, method)(url_of(other, act))
            none = getattr(client, method)(reverse(f"admin:{act}", args=[MISSING]))
            assert (theirs.status_code, theirs.content) == (none.status_code, none.content) == (404, none.content), act


def test_counts_are_of_the_own_workspace(house: House, other: House) -> None:
    client = house.client("owner")
    own = Record.objects.filter(workspace=house.workspace).count()
    chips = re.findall(r"<b>(\d+)</b>", client.get(reverse("admin:audit_record_changelist")).text)
    assert int(chips[0]) == own == Record.objects.filter(workspace=other.workspace).count()


@pytest.mark.parametrize(
    "query",
    ["link__id__exact={link}", "workspace__id__exact={workspace}", "problem__id__exact={problem}", "q=" + SECRET_NAME],
)
def test_filters_find_nothing_of_another_workspace(house: House, other: House, query: str) -> None:
    theirs = {"link": other.link.pk, "workspace": other.workspace.pk, "problem": other.records["extra"].problem_id}
    text = house.client("owner").get(reverse("admin:audit_record_changelist") + "?" + query.format(**theirs)).text
    assert SECRET_NAME not in re.sub(f'(q=|q%3D|value="){SECRET_NAME}', "", text)


def test_a_form_does_not_take_another_workspaces_rows(house: House, other: House) -> None:
    client = house.client("owner")
    period = {"connection": other.target.pk, "entity": "", "module": "GL", "closed_to": "2026-11-30"}
    answer = client.post(reverse("admin:mappings_period_add"), period)
    assert "Select a valid choice" in answer.text
    connection = {"workspace": other.workspace.pk, "system": "stripe", "name": "Mine"}
    assert client.post(reverse("admin:portal_connection_add"), connection).status_code == 200
    query = f"?link={other.link.pk}&table=revenue_account"
    assert client.post(reverse("admin:mappings_mapping_add") + query, {"source": "a", "target": "b"}).status_code == 404
    new = {"integration": "stripe_intacct", "source": other.source.pk, "target": other.target.pk, "name": "x"}
    assert client.post(reverse("admin:portal_link_add"), {**new, "start_at": "2026-11-01T00:00"}).status_code == 200
    assert other.workspace.connections.count() == 2


def test_the_search_of_the_theme_finds_pages_only(house: House, other: House) -> None:
    text = house.client("owner").get(reverse("admin:search"), {"s": SECRET_NAME.lower(), "extended": "1"}).text
    assert SECRET_NAME not in text


def test_a_choice_by_autocomplete_is_the_operators(house: House, other: House) -> None:
    query = {"app_label": "portal", "model_name": "membership", "field_name": "user", "term": "owner"}
    assert house.client("owner").get(reverse("admin:autocomplete"), query).status_code == 403
