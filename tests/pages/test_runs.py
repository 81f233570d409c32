"""Schedules and runs on the page of a link."""

import re
from datetime import time
from typing import Any

from django.urls import reverse

from audit.models import State, TrailEntry
from portal.models import FlowSetting
from tests.pages import factories
from tests.pages.conftest import House


def link_page(house: House, who: str = "owner") -> str:
    return " ".join(house.client(who).get(reverse("admin:portal_link_change", args=[house.link.pk])).text.split())


def press(house: House, act: str, **given: Any) -> str:
    url = reverse(f"admin:portal_link_{act}", args=[house.link.pk])
    return str(house.client("owner").post(url, given, follow=True).text)


def invoices(house: House) -> FlowSetting:
    return FlowSetting.objects.get(link=house.link, flow="invoice")


def test_a_schedule_is_saved_and_said(house: House) -> None:
    assert "Sends as it comes" in link_page(house)
    press(house, "schedule", flow="invoice", every_minutes="30", daily_at="18:05")
    one = invoices(house)
    assert (one.every_minutes, one.daily_at) == (30, time(18, 5))
    text = link_page(house)
    assert "Sends every 30 minutes and daily at 18:05" in text
    assert "next run" in text
    assert TrailEntry.objects.get(what="flow.schedule").actor == "owner"
    press(house, "schedule", flow="invoice", every_minutes="", daily_at="")
    assert invoices(house).next_run_at is None


def test_a_schedule_that_cannot_be_changes_nothing(house: House) -> None:
    for wrong in ({"every_minutes": "0"}, {"every_minutes": "1441"}, {"daily_at": "25:00"}, {"every_minutes": "x"}):
        assert "every 1 to 1440 minutes" in press(house, "schedule", flow="invoice", **wrong)
    assert "every 1 to 1440 minutes" in press(house, "schedule", flow="none", daily_at="18:00")
    assert not FlowSetting.objects.exclude(next_run_at=None).exists()


def test_what_waits_for_the_next_run_is_counted(house: House) -> None:
    press(house, "schedule", flow="invoice", daily_at="18:00")
    ready = house.link.records.filter(setting=invoices(house), state=State.READY).count()
    assert ready
    assert f"{ready} wait for the next run" in link_page(house, "auditor")


def test_run_now_is_pressed_once_however_often(house: House) -> None:
    press(house, "schedule", flow="invoice", daily_at="18:00")
    seen = re.findall(r'name="seen" value="([^"]+)"', link_page(house))[0]
    assert "that waited for their schedule may be sent" in press(house, "run", seen=seen, flow="invoice")
    assert "Somebody was first" in press(house, "run", seen=seen, flow="invoice")
    assert TrailEntry.objects.filter(what="flow.run_now", actor="owner").count() == 1
    assert "wait for the next run" not in link_page(house)


def test_run_now_without_a_page_does_nothing(house: House) -> None:
    for seen in ("", "now", "2026-01-01T00:00:00"):
        assert "Somebody was first" in press(house, "run", seen=seen)
    assert not TrailEntry.objects.filter(what="flow.run_now").exists()


def test_what_is_paused_offers_to_go_on_and_no_run(house: House) -> None:
    text = link_page(house)
    assert text.count("Run now") == 1 + house.link.flows.filter(mode="live").count()
    assert "Pause the link" in text
    press(house, "pause", paused="yes")
    text = link_page(house)
    assert "Run now" not in text
    assert "Go on" in text
    assert "let it go on first" in press(house, "run", seen="2026-01-01T00:00:00+00:00")


def test_only_who_may_is_offered_a_run(house: House) -> None:
    factories.FlowFactory.create(link=house.link, flow="void", mode="off")
    for who in ("finance", "support", "auditor"):
        text = link_page(house, who)
        assert "Run now" not in text
        assert "Schedule …" not in text
        assert "Sends as it comes" in text
