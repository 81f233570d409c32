"""A backfill on the page of its link: asked for, seen, started by a second press."""

from datetime import UTC, datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone

from audit.models import State
from portal.models import Backfill, FlowSetting
from tests.pages import factories
from tests.pages.conftest import House

ESTIMATE = {
    "flows": {"invoice": {"count": 12, "known": 3, "money": {"EUR": "7.50", "USD": "1234.50"}}},
    "calls": {"source": 41, "target": 9},
    "seconds": 400,
}


def link_page(house: House, who: str = "owner") -> str:
    return " ".join(house.client(who).get(reverse("admin:portal_link_change", args=[house.link.pk])).text.split())


def press(house: House, act: str, **given: Any) -> str:
    url = reverse(f"admin:portal_link_{act}", args=[house.link.pk])
    return str(house.client("owner").post(url, given, follow=True).text)


def counted(house: House, **given: Any) -> Backfill:
    return factories.backfill(house.link, **{"state": "counted", "estimate": ESTIMATE, **given})


def test_days_are_those_of_the_workspace_and_the_last_is_in_it(house: House) -> None:
    press(house, "backfill", flows=["invoice", "refund"], since="2026-03-01", until="2026-03-31")
    row = Backfill.objects.get()
    assert (row.since, row.until) == (datetime(2026, 3, 1, 5, tzinfo=UTC), datetime(2026, 4, 1, 4, tzinfo=UTC))
    assert (row.flows, row.state, row.asked_by) == (["invoice", "refund"], "counting", "owner")
    assert "1 Mar 2026 to 31 Mar 2026" in link_page(house, "auditor")


def test_what_cannot_be_is_said_and_not_begun(house: House) -> None:
    for given in (
        {"flows": ["invoice"]},
        {"flows": ["invoice"], "since": "2026-03-31", "until": "2026-03-01"},
        {"flows": ["none"], "since": "2026-03-01", "until": "2026-03-31"},
        {"since": "2026-03-01", "until": "2026-03-31"},
    ):
        press(house, "backfill", **given)
    assert not Backfill.objects.exists()


def test_the_estimate_is_shown_and_started_by_who_may(house: House) -> None:
    row = counted(house)
    text = link_page(house)
    for shown in ("7.50 EUR, 1,234.50 USD", "About 41 requests", "9 to Intacct Acme", "about 7 minutes", "Start the"):
        assert shown in text, shown
    assert "Start the backfill" not in link_page(house, "finance")
    press(house, "backfill_go", backfill=row.pk, do="start")
    assert "Somebody was first" in press(house, "backfill_go", backfill=row.pk, do="start")
    row.refresh_from_db()
    assert row.state == "running"
    assert "Start the backfill" not in link_page(house)


def test_progress_is_shown_and_leads_to_the_records(house: House) -> None:
    row = counted(house, state="running", taken=4, found=4, read_at=timezone.now())
    factories.posted(link=house.link, backfill=row)
    factories.prepared(link=house.link, state=State.READY, backfill=row)
    text = link_page(house)
    assert "1 of 4 through" in text
    url = reverse("admin:audit_record_changelist") + f"?backfill__id__exact={row.pk}&state__exact=POSTED"
    assert url.replace("&", "&amp;") in text
    assert house.client("owner").get(url).context["cl"].result_count == 1
    for do, state in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        press(house, "backfill_go", backfill=row.pk, do=do)
        row.refresh_from_db()
        assert row.state == state


def test_only_a_backfill_of_this_link_and_a_known_act_do_something(house: House, other: House) -> None:
    theirs = counted(other)
    for number, do in ((theirs.pk, "start"), (0, "start"), ("x", "start"), (counted(house).pk, "wild")):
        assert "There is no such backfill" in press(house, "backfill_go", backfill=number, do=do)
    assert set(Backfill.objects.values_list("state", flat=True)) == {"counted"}


def test_without_a_flow_that_is_on_nothing_can_be_asked(house: House) -> None:
    FlowSetting.objects.update(mode="off")
    text = link_page(house)
    assert "Switch a flow on first" in text
    assert "Estimate a backfill" not in text


def test_one_that_rests_says_until_when_and_why(house: House) -> None:
    counted(house, state="running")
    assert "are used up" not in link_page(house)
    type(house.target).objects.filter(pk=house.target.pk).update(capped_until=timezone.now())
    assert "the requests of Intacct Acme are used up" in link_page(house)
