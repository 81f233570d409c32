"""What a connection may ask and has asked, on its page."""

from django.urls import reverse
from django.utils import timezone

from audit.models import TrailEntry
from portal.models import Usage, Workspace
from tests.pages.conftest import House


def shown(house: House, who: str = "owner") -> str:
    return " ".join(
        house.client(who).get(reverse("admin:portal_connection_change", args=[house.target.pk])).text.split()
    )


def save(house: House, **given: str) -> str:
    url = reverse("admin:portal_connection_budget", args=[house.target.pk])
    return str(house.client("owner").post(url, given, follow=True).text)


def test_a_limit_is_entered_and_what_was_asked_is_shown_against_it(house: House) -> None:
    Usage.objects.create(
        connection=house.target, hour=timezone.now().replace(minute=0, second=0, microsecond=0), requests=85
    )
    assert shown(house).count("No limit is known") == 1
    revision = Workspace.objects.get(pk=house.workspace.pk).revision
    save(house, calls_per_hour="100", calls_per_day="", capped="on")
    text = shown(house, "auditor")
    assert "85 of 100" in text
    assert "85 % used" in text
    house.target.refresh_from_db()
    assert (house.target.calls_per_hour, house.target.calls_per_day, house.target.capped) == (100, None, True)
    assert TrailEntry.objects.get(what="connection.budget").actor == "owner"
    assert Workspace.objects.get(pk=house.workspace.pk).revision == revision


def test_at_the_limit_it_says_that_backfills_rest(house: House) -> None:
    Usage.objects.create(
        connection=house.target, hour=timezone.now().replace(minute=0, second=0, microsecond=0), requests=100
    )
    save(house, calls_per_hour="100", capped="on")
    assert "Backfills rest until there is room again" in shown(house)


def test_what_is_no_number_changes_nothing(house: House) -> None:
    for wrong in ("-1", "many", "1.5"):
        assert "whole numbers" in save(house, calls_per_day=wrong)
    house.target.refresh_from_db()
    assert house.target.calls_per_day is None
