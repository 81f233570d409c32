"""A person of several workspaces chooses what the pages show; an operator's look stands in the trail."""

import re

import pytest
from django.urls import reverse

from audit.models import TrailEntry
from portal.models import Workspace
from tests.pages import factories
from tests.pages.conftest import SECRET_NAME, House, signed_in
from tests.pages.walking import places

CHOOSE = "/account/workspace/"


@pytest.fixture
def both(house: House, other: House) -> House:
    """`house`, whose auditor is an owner of the other workspace too."""
    factories.MembershipFactory.create(workspace=other.workspace, user=house.people["auditor"], role="owner")
    return house


def test_all_are_shown_together_until_one_is_chosen(both: House, other: House) -> None:
    client = both.client("auditor")
    text = client.get(reverse("admin:portal_link_changelist")).text
    assert "Link Acme" in text and f"Link {SECRET_NAME}" in text
    assert "All of your 2 workspaces" in text
    client.post(CHOOSE, {"workspace": both.workspace.pk})
    text = client.get(reverse("admin:portal_link_changelist")).text
    assert "Link Acme" in text and f"Link {SECRET_NAME}" not in text
    client.post(CHOOSE, {"workspace": ""})
    assert f"Link {SECRET_NAME}" in client.get(reverse("admin:portal_link_changelist")).text


def test_the_page_of_a_row_says_whose_it_is_when_all_are_shown(both: House, other: House) -> None:
    client = both.client("auditor")
    for house, name in ((both, "Acme"), (other, SECRET_NAME)):
        for page, row in (("audit_record", house.records["posted"]), ("portal_connection", house.target)):
            text = client.get(reverse(f"admin:{page}_change", args=[row.pk])).text
            assert re.search(rf'class="ml-where"[^>]*>{name}<', text), page


def test_the_choice_holds_on_every_list_and_the_front_page(both: House, other: House) -> None:
    client = both.client("auditor")
    client.post(CHOOSE, {"workspace": both.workspace.pk})
    for place in places():
        if place.page == "changelist" or place.name == "admin:index":
            text = client.get(place.url(0)).text
            assert text.count(SECRET_NAME) in (0, 1), place.name  # the drop-down offers it


def test_what_one_may_do_to_a_row_does_not_depend_on_the_choice(both: House, other: House) -> None:
    client = both.client("auditor")
    client.post(CHOOSE, {"workspace": both.workspace.pk})
    url = reverse("admin:portal_link_pause", args=[other.link.pk])
    assert client.post(url, {"paused": "yes"}).status_code == 302
    other.link.refresh_from_db()
    assert other.link.paused
    assert client.post(reverse("admin:portal_link_pause", args=[both.link.pk]), {"paused": "yes"}).status_code == 403


def test_a_link_into_another_of_ones_workspaces_is_followed_and_said(both: House, other: House) -> None:
    client = both.client("auditor")
    client.post(CHOOSE, {"workspace": both.workspace.pk})
    text = client.get(reverse("admin:portal_link_change", args=[other.link.pk])).text
    assert f"This is in {SECRET_NAME}. The pages show that workspace now." in text
    assert "Link Acme" not in client.get(reverse("admin:portal_link_changelist")).text


def test_a_foreign_workspace_cannot_be_chosen_and_answers_as_a_missing_one(house: House, other: House) -> None:
    client = house.client("owner")
    for wanted in (other.workspace.pk, 987654321, "x", "9" * 30):
        assert client.post(CHOOSE, {"workspace": wanted}).status_code == 404
    session = client.session
    session["workspace"] = other.workspace.pk  # a choice from before this person was removed there
    session.save()
    text = client.get(reverse("admin:portal_link_changelist")).text
    assert "Link Acme" in text and SECRET_NAME not in text


def test_one_workspace_needs_no_choosing(house: House) -> None:
    text = house.client("owner").get("/admin/").text
    assert CHOOSE not in text
    assert "Acme" in text


# --- operators --------------------------------------------------------------------------------------------------------


def looks(workspace: Workspace) -> list[str]:
    rows = TrailEntry.objects.filter(workspace=workspace, what="operator.looked")
    return [f"{row.actor}: {row.said}" for row in rows]


def test_an_operators_look_is_written_once_a_day_in_each_workspace_that_was_shown(house: House, other: House) -> None:
    client = house.client("operator")
    client.get(reverse("admin:portal_link_change", args=[house.link.pk]))
    said = "operator (operator): an operator looked into the workspace today, at first at links"
    assert looks(house.workspace) == [said]
    assert looks(other.workspace) == []
    client.get(reverse("admin:audit_record_changelist"))
    client.get(reverse("admin:audit_record_changelist"))
    assert len(looks(house.workspace)) == len(looks(other.workspace)) == 1
    assert "operator.looked" in house.client("owner").get(reverse("admin:audit_trailentry_changelist")).text


def test_every_page_of_a_workspaces_rows_writes_the_look(house: House, other: House) -> None:
    from tests.pages.walking import row_of

    for place in places():
        if not place.model or place.model.startswith(("auth.", "axes.")) or place.page not in ("changelist", "change"):
            continue
        if place.name == "admin:portal_workspace_changelist":
            continue  # the operators' directory of workspaces
        TrailEntry.objects.filter(what="operator.looked").delete()
        url = place.url(row_of(house, place).pk if place.of_a_row else 0)
        shown = house.client("operator").get(url)
        if shown.status_code == 200:
            assert looks(house.workspace), place.name
    TrailEntry.objects.filter(what="operator.looked").delete()
    house.client("operator").get("/admin/")
    assert looks(house.workspace)


def test_a_change_by_an_operator_says_so(house: House) -> None:
    house.client("operator").post(reverse("admin:portal_link_pause", args=[house.link.pk]), {"paused": "yes"})
    entry = TrailEntry.objects.filter(what="link.paused").get()
    assert entry.actor == "operator (operator)"


def test_a_members_look_is_nobodys_business(house: House) -> None:
    factories.MembershipFactory.create(workspace=house.workspace, user=house.people["operator"], role="support")
    for name in ("owner", "operator"):
        house.client(name).get(reverse("admin:audit_record_changelist"))
    assert looks(house.workspace) == []
    assert signed_in(house.people["stranger"]).get("/admin/").status_code == 200
