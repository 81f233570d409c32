"""The settings of a connection: shown as usual, changed by the owner, refused where they cannot be."""

from typing import Any

import pytest
from django.urls import reverse

from audit.models import TrailEntry
from connectors import registry
from connectors.stampli import Settings, settings_of
from connectors.stampli.files import rules_of
from portal.admin.declared import defaults
from portal.models import Connection
from tests.pages.conftest import House

GROUPS = registry.system("stampli").settings


@pytest.fixture
def row(house: House) -> Connection:
    pins = [{"type": "ssh-ed25519", "key": "AAAAC3NzaC1lZDI1NTE5AAAAIA=="}]
    return Connection.objects.create(
        workspace=house.workspace, system="stampli", name="Stampli", settings={"host_keys": pins, "settle_seconds": 5}
    )


def page(house: House, row: Connection, who: str = "owner") -> str:
    return str(house.client(who).get(reverse("admin:portal_connection_change", args=[row.pk])).text)


def as_shown(row: Connection, **changes: Any) -> dict[str, Any]:
    """All fields of the form as a browser would send them back."""
    values = {name: value for of in GROUPS.values() for name, value in defaults(of).items()} | row.settings | changes
    sent = {name: value for name, value in values.items() if name != "host_keys" and value is not False}
    return {name: "on" if value is True else value for name, value in sent.items()}


def save(house: House, row: Connection, **changes: Any) -> str:
    url = reverse("admin:portal_connection_knobs", args=[row.pk])
    return str(house.client("owner").post(url, as_shown(row, **changes), follow=True).text)


def test_the_settings_stand_on_the_page_in_their_groups(house: House, row: Connection) -> None:
    text = page(house, row)
    assert all(label in text for label in GROUPS)
    assert 'name="settle_seconds" value="5"' in text
    assert 'name="slash_dates"' in text


def test_what_is_changed_is_kept_told_and_found_by_the_client(house: House, row: Connection) -> None:
    save(house, row, archive_mode="leave", create_folders=True, slash_dates="DMY", poll_seconds="120")
    row.refresh_from_db()
    assert row.settings.pop("host_keys")
    assert row.settings == {
        "settle_seconds": 5,
        "archive_mode": "leave",
        "create_folders": True,
        "slash_dates": "DMY",
        "poll_seconds": 120,
    }
    assert settings_of(row.settings).archive_mode == "leave"
    assert rules_of(row.settings).date_order == "DMY"
    said = TrailEntry.objects.get(what="connection.settings").said
    assert "archive_mode is leave" in said
    assert "settle_seconds" not in said


def test_what_is_as_usual_again_is_not_kept(house: House, row: Connection) -> None:
    save(house, row, settle_seconds=str(Settings().settle_seconds))
    row.refresh_from_db()
    assert list(row.settings) == ["host_keys"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"poll_seconds": "1"}, "It must be between 60 and 86400."),
        ({"settle_seconds": "soon"}, "whole number"),
        ({"archive_mode": "burn"}, "burn"),
        ({"default_currency": "dollars"}, "It is no code of ISO 4217"),
        ({"include": " "}, "It names no pattern"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field_and_nothing_is_kept(
    house: House, row: Connection, wrong: dict[str, str], said: str
) -> None:
    text = save(house, row, **{"archive_mode": "leave", **wrong})
    row.refresh_from_db()
    assert said in text
    assert list(row.settings) == ["host_keys", "settle_seconds"]


def test_others_see_what_is_set_and_cannot_change_it(house: House, row: Connection) -> None:
    text = page(house, row, "auditor")
    assert all(label in text for label in GROUPS)
    assert 'name="settle_seconds"' not in text


def test_a_connection_without_settings_shows_none(house: House) -> None:
    assert 'id="settings"' not in page(house, house.target)
