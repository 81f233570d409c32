"""Role × page × act. What is not in these tables, nobody may."""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from portal.admin import roles
from portal.admin.scoped import Scoped
from tests.pages.conftest import ROLES, House

LISTS = {
    "record": "admin:audit_record_changelist",
    "problem": "admin:audit_problem_changelist",
    "delivery": "admin:audit_delivery_changelist",
    "file": "admin:audit_remotefile_changelist",
    "trail": "admin:audit_trailentry_changelist",
    "mapping": "admin:mappings_mapping_changelist",
    "period": "admin:mappings_period_changelist",
    "link": "admin:portal_link_changelist",
    "connection": "admin:portal_connection_changelist",
}
OPERATORS = (
    "admin:auth_user_changelist",
    "admin:axes_accessattempt_changelist",
    "admin:portal_workspace_add",
    "admin:auth_user_add",
)
ADDS = {
    "admin:mappings_mapping_add": {"owner", "finance"},
    "admin:mappings_period_add": {"owner", "finance"},
    "admin:portal_link_add": {"owner"},
    "admin:portal_connection_add": {"owner"},
}
ACTS = {
    "audit_record_retry": {"owner", "finance", "support"},
    "audit_record_adopt": {"owner", "finance", "support"},
    "audit_record_not_there": {"owner", "finance", "support"},
    "audit_record_approve": {"owner", "finance"},
    "audit_record_leave": {"owner", "finance"},
    "audit_remotefile_confirm": {"owner", "finance"},
    "audit_problem_close": {"owner", "finance"},
    "audit_delivery_verify": {"owner", "support"},
    "mappings_mapping_retire": {"owner", "finance"},
    "portal_link_options": {"owner"},
    "portal_link_mode": {"owner"},
    "portal_link_preview_flows": {"owner"},
    "portal_link_go_live": {"owner"},
    "portal_link_pause": {"owner"},
    "portal_link_pause_flow": {"owner"},
    "portal_link_run": {"owner"},
    "portal_link_schedule": {"owner"},
    "portal_link_backfill": {"owner"},
    "portal_link_backfill_go": {"owner"},
    "portal_connection_ping": {"owner"},
    "portal_connection_credentials": {"owner"},
    "portal_connection_hook_secret": {"owner"},
    "portal_connection_retire_secret": {"owner"},
    "portal_connection_webhook": {"owner"},
    "portal_connection_choices": {"owner", "finance"},
    "portal_connection_budget": {"owner"},
    "portal_connection_knobs": {"owner"},
    "portal_workspace_invite": {"owner"},
    "portal_workspace_require": {"owner"},
    "portal_membership_role": {"owner"},
    "portal_membership_remove": {"owner"},
    "portal_membership_leave": {"owner", "finance", "support", "auditor"},
    "portal_invitation_revoke": {"owner"},
}


def rows(house: House) -> dict[str, Any]:
    return {
        "audit_record": house.records["undecided"],
        "audit_problem": house.problem,
        "audit_delivery": house.delivery,
        "audit_remotefile": house.source.files.get(),
        "mappings_mapping": house.mapping,
        "mappings_period": house.period,
        "portal_link": house.link,
        "portal_connection": house.target,  # it has no credentials: the ping stops before it calls
    } | people(house)


def people(house: House) -> dict[str, Any]:
    """Rows that have no page of their own but the workspace's."""
    return {
        "portal_workspace": house.workspace,
        "portal_membership": house.workspace.memberships.order_by("pk").last(),
        "portal_invitation": house.workspace.invitations.get(),
    }


def url_of(house: House, act: str) -> str:
    model = next(name for name in rows(house) if act.startswith(name))
    return reverse(f"admin:{act}", args=[rows(house)[model].pk])


def pages() -> list[Scoped]:
    return [page for page in admin.site._registry.values() if isinstance(page, Scoped)]


@pytest.mark.parametrize("role", ROLES)
def test_every_member_reads_every_page_of_his_workspace(house: House, role: str) -> None:
    client = house.client(role)
    for name in LISTS.values():
        assert client.get(reverse(name)).status_code == 200, name
    for model, row in rows(house).items():
        expected = {"portal_membership": 302, "portal_invitation": 302 if role == "owner" else None}.get(model, 200)
        answer = client.get(reverse(f"admin:{model}_change", args=[row.pk]))
        assert answer.status_code == (expected or answer.status_code), model


@pytest.mark.parametrize("role", ROLES)
def test_pages_of_operators_are_theirs(house: House, role: str) -> None:
    for name in OPERATORS:
        assert house.client(role).get(reverse(name)).status_code == 403, name
        assert house.client("operator").get(reverse(name)).status_code == 200, name


@pytest.mark.parametrize("role", ROLES)
def test_rows_are_added_by_those_who_may(house: House, role: str) -> None:
    for name, allowed in ADDS.items():
        for method in ("get", "post"):
            expected = 200 if role in allowed else 403
            assert getattr(house.client(role), method)(reverse(name)).status_code == expected, (name, method)


@pytest.mark.parametrize("role", ROLES)
def test_acts_are_done_by_those_who_may(house: House, role: str) -> None:
    for act, allowed in ACTS.items():
        answer = house.client(role).post(url_of(house, act), {})
        refused = (404,) if act == "portal_invitation_revoke" else (403,)  # who may not see it does not learn of it
        assert answer.status_code in ((200, 302) if role in allowed else refused), act


@pytest.mark.parametrize("method", ["get", "head", "put", "delete", "patch"])
def test_acts_run_on_post_only(house: House, method: str) -> None:
    client = house.client("owner")
    for act in ACTS:
        assert getattr(client, method)(url_of(house, act)).status_code == 405, act


def test_no_act_runs_without_its_csrf_token(house: House) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(house.people["operator"], backend="django.contrib.auth.backends.ModelBackend")
    for act in ACTS:
        assert client.post(url_of(house, act), {}).status_code == 403, act


def test_every_act_is_in_the_table_above() -> None:
    assert {page.url_name(act) for page in pages() for act in page.acts} == {*ACTS, "auth_user_lost_factor"}


def test_every_act_names_a_permission_that_the_roles_know() -> None:
    for page in pages():
        for name in page.acts:
            permission = getattr(page, name).permission
            assert permission in roles.MAY[page.model._meta.label_lower], (page, name)


def test_no_page_has_acts_of_the_theme_that_could_run_on_get() -> None:
    for page in admin.site._registry.values():
        for kind in ("actions_list", "actions_row", "actions_detail", "actions_submit_line"):
            assert not getattr(page, kind, ()), page
        assert not page.actions, page


def test_every_page_is_scoped() -> None:
    assert [page for page in admin.site._registry.values() if not isinstance(page, Scoped)] == []


def test_nobody_deletes_what_is_kept(house: House) -> None:
    for model, row in rows(house).items():
        url = reverse(f"admin:{model}_delete", args=[row.pk])
        expected = 200 if model == "mappings_period" else 403
        assert house.client("owner").get(url).status_code == expected, model
        if expected == 403:
            assert house.client("operator").post(url, {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("role", ["support", "auditor"])
def test_a_period_is_changed_and_removed_by_finance_only(house: House, role: str) -> None:
    change = reverse("admin:mappings_period_change", args=[house.period.pk])
    delete = reverse("admin:mappings_period_delete", args=[house.period.pk])
    body = {"connection": house.target.pk, "entity": "", "module": "GL", "closed_to": "2026-11-30"}
    assert house.client(role).post(change, body).status_code == 403
    assert house.client(role).post(delete, {"post": "yes"}).status_code == 403
    assert house.client("finance").post(change, body).status_code == 302
    assert house.client("finance").post(delete, {"post": "yes"}).status_code == 302


@pytest.mark.parametrize("role", ["support", "auditor"])
def test_a_mapping_is_changed_by_finance_only(house: House, role: str) -> None:
    url = reverse("admin:mappings_mapping_change", args=[house.mapping.pk])
    assert house.client(role).post(url, {"target": "40200"}).status_code == 403
    assert house.client("finance").post(url, {"target": "40200"}).status_code == 302


def test_buttons_are_shown_to_those_who_may_press_them(house: House) -> None:
    for role in ROLES:
        text = house.client(role).get(reverse("admin:audit_record_change", args=[house.records["failed"].pk])).text
        assert ("/retry/" in text) == (role != "auditor")
        text = house.client(role).get(reverse("admin:portal_link_change", args=[house.link.pk])).text
        assert ("/mode/" in text) == (role == "owner")
        text = house.client(role).get(reverse("admin:portal_connection_change", args=[house.source.pk])).text
        assert ("/ping/" in text, "/credentials/" in text) == (role == "owner", role == "owner")


def test_a_person_without_a_workspace_sees_an_empty_portal(house: House) -> None:
    client = house.client("stranger")
    assert "Nothing is connected yet" in client.get(reverse("admin:index")).text
    for name in LISTS.values():
        assert client.get(reverse(name)).status_code == 403


def test_nobody_comes_in_without_signing_in(house: House) -> None:
    for name in (*LISTS.values(), *OPERATORS, *ADDS, "admin:index"):
        assert Client().get(reverse(name)).status_code == 302
    for act in ACTS:
        answer = Client().post(url_of(house, act), {})
        assert answer.status_code == 302
        assert re.search(r"/login/", answer.headers["Location"])


def test_a_role_counts_in_its_own_workspace_only(house: House, other: House) -> None:
    from tests.pages import factories

    both = house.people["auditor"]
    factories.MembershipFactory.create(workspace=other.workspace, user=both, role="owner")
    client = house.client("auditor")
    assert client.post(url_of(house, "portal_link_pause"), {"paused": "yes"}).status_code == 403
    assert client.post(url_of(other, "portal_link_pause"), {"paused": "yes"}).status_code == 302
    house.link.refresh_from_db()
    other.link.refresh_from_db()
    assert (house.link.paused, other.link.paused) == (False, True)
    offered = client.get(reverse("admin:mappings_period_add")).text
    assert str(other.target) in offered
    assert str(house.target) not in offered
