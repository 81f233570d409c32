"""The front page: what moved on each day, what comes next, how the connections are, and what to do where nothing is."""

import json
import re
from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.models import Posting, Record, State
from portal.models import Connection, Cursor, FlowSetting, Usage
from tests.pages import factories
from tests.pages.conftest import House


def front(house: House, who: str = "owner") -> str:
    return " ".join(house.client(who).get(reverse("admin:index")).text.split())


def drawn(house: House) -> list[dict[str, Any]]:
    return [json.loads(unescape(one)) for one in re.findall(r'data-value="([^"]+)"', front(house))]


def posted(house: House, days_ago: int, amount: str, currency: str) -> None:
    record = factories.posted(link=house.link, amount=Decimal(amount), currency=currency)
    Posting.objects.filter(record=record).update(at=timezone.now() - timedelta(days=days_ago))


def test_records_by_flow_and_money_by_currency_are_drawn_day_by_day(house: House) -> None:
    Posting.objects.update(at=timezone.now() - timedelta(days=20))
    for days_ago, amount, currency in ((1, "10.10", "USD"), (1, "20.20", "USD"), (3, "7.00", "EUR"), (14, "9", "USD")):
        posted(house, days_ago, amount, currency)
    records, money = drawn(house)
    assert len(records["labels"]) == 14
    assert {one["label"]: one["data"] for one in records["datasets"]} == {
        "Stripe invoice": ["0"] * 10 + ["1", "0", "2", "0"]
    }
    assert {one["label"]: one["data"] for one in money["datasets"]} == {
        "USD": ["0"] * 12 + ["30.3", "0"],
        "EUR": ["0"] * 10 + ["7", "0", "0", "0"],
    }
    assert "30.30" in front(house), "the same as a table"


def test_where_nothing_was_posted_nothing_is_drawn_and_it_is_said(house: House) -> None:
    Posting.objects.update(at=timezone.now() - timedelta(days=20))
    text = front(house)
    assert "Nothing was posted in the last 14 days" in text
    assert "<canvas" not in text


def test_what_waits_for_its_run_is_told_apart_from_what_is_on_the_way(house: House) -> None:
    FlowSetting.objects.filter(flow="invoice").update(
        every_minutes=60, next_run_at=timezone.now() + timedelta(minutes=30), released_until=None
    )
    ready = Record.objects.filter(setting__flow="invoice", state=State.READY).count()
    text = front(house)
    assert f"{ready}: the next run" in text
    assert "Stripe invoice is sent" in text
    assert "every 60 minutes" in text


def test_what_is_paused_has_no_next_run(house: House) -> None:
    FlowSetting.objects.filter(flow="invoice").update(daily_at="18:00", next_run_at=timezone.now(), paused=True)
    assert "Stripe invoice is sent" not in front(house)


def test_the_next_read_of_a_source_is_told(house: House) -> None:
    Cursor.objects.create(connection=house.source, feed="events", due_at=timezone.now() - timedelta(minutes=1))
    assert re.search(r"Stripe Acme is read</a>.{0,80}>now<", front(house))
    Connection.objects.filter(pk=house.source.pk).update(health="denied")
    assert "Stripe Acme is read" not in front(house)


def test_each_connection_shows_its_last_examination_and_its_requests(house: House) -> None:
    Connection.objects.filter(pk=house.target.pk).update(calls_per_day=100)
    Usage.objects.create(connection=house.target, hour=timezone.now(), requests=85)
    text = front(house)
    assert "failed just now" in text
    assert "never examined: ping it" in text
    assert "85 of 100 today" in text
    assert 'aria-label="85 % of its requests used"' in text


def test_a_backfill_under_way_is_shown(house: House) -> None:
    row = factories.backfill(house.link, state="running", taken=3)
    factories.posted(link=house.link, backfill=row)
    assert "1 of 3 through" in front(house)
    factories.backfill(house.link, state="done")
    assert front(house).count("#backfill") == 1


def test_where_all_flows_are_off_it_says_what_to_do(house: House) -> None:
    assert "All flows are off" not in front(house)
    FlowSetting.objects.update(mode="off")
    assert "All flows are off" in front(house)


@pytest.mark.parametrize("who", ["finance", "support", "auditor"])
def test_it_is_the_same_for_every_member(house: House, who: str) -> None:
    assert "<canvas" in front(house, who)


def test_what_came_in_first_is_held_up_the_longest_however_often_it_was_looked_at(house: House) -> None:
    old = house.records["unmapped"]
    Record.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=9), changed_at=timezone.now())
    assert re.search(rf"{old.key}</a>.{{0,120}}for 9 d", front(house))


def test_nothing_of_another_workspace_is_drawn(house: House, other: House) -> None:
    before = drawn(house)
    for _ in range(3):
        posted(other, 0, "100", "USD")
    Cursor.objects.create(connection=other.source, feed="events", due_at=timezone.now())
    factories.backfill(other.link, state="running")
    assert drawn(house) == before
    assert other.source.name not in front(house)
    assert "#backfill" not in front(house)
