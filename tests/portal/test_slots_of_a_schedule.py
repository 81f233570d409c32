"""The slots of a schedule are those of the workspace's clock, also on the days on which that jumps."""

from datetime import UTC, datetime, time, timedelta

import pytest

from portal.engine.schedules import next_run, words

LA = "America/Los_Angeles"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def slots(every: int | None, daily: time | None, start: str, end: str, zone: str = LA) -> list[str]:
    """All slots after one instant, up to and with another."""
    found, now = [], at(start)
    while (slot := next_run(every, daily, zone, now)) and slot <= at(end):
        assert slot > now
        found.append(f"{slot:%d %H:%M}")
        now = slot
    return found


def test_without_a_schedule_there_is_no_slot() -> None:
    assert next_run(None, None, LA, at("2026-07-01T12:00")) is None


@pytest.mark.parametrize(
    ("every", "after", "slot"),
    [
        (15, "2026-07-01T12:07", "2026-07-01T12:15"),
        (15, "2026-07-01T12:15", "2026-07-01T12:30"),
        (7, "2026-07-01T06:58", "2026-07-01T07:00"),  # 23:58 there; a new day begins its own count
        (1440, "2026-07-01T08:00", "2026-07-02T07:00"),
        (1, "2026-07-01T12:00:30", "2026-07-01T12:01"),
    ],
)
def test_minutes_are_counted_from_midnight_in_the_zone(every: int, after: str, slot: str) -> None:
    assert next_run(every, None, LA, at(after)) == at(slot)


def test_daily_is_one_time_of_the_workspaces_day_in_summer_and_in_winter() -> None:
    assert slots(None, time(18), "2026-10-31T12:00", "2026-11-03T12:00") == ["01 01:00", "02 02:00", "03 02:00"]


def test_a_time_that_the_clock_leaves_out_is_one_run_an_hour_later() -> None:
    assert slots(None, time(2, 30), "2026-03-07T00:00", "2026-03-09T12:00") == ["07 10:30", "08 10:30", "09 09:30"]


def test_a_time_that_the_clock_shows_twice_is_one_run() -> None:
    assert slots(None, time(1, 30), "2026-10-31T00:00", "2026-11-02T12:00") == ["31 08:30", "01 08:30", "02 09:30"]


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-08T07:59", 23), ("2026-11-01T06:59", 25), ("2026-07-01T06:59", 24)]
)
def test_every_hour_is_every_hour_of_the_day_that_has_more_or_fewer(day: str, hours: int) -> None:
    first, end = at(day), at(day) + timedelta(hours=hours, minutes=1)
    found = slots(60, None, f"{first:%Y-%m-%dT%H:%M}", f"{end - timedelta(minutes=1):%Y-%m-%dT%H:%M}")
    assert len(found) == len(set(found)) == hours


def test_both_is_whichever_comes_first() -> None:
    assert slots(360, time(18, 5), "2026-07-01T07:00", "2026-07-02T07:00") == [
        "01 13:00",
        "01 19:00",
        "02 01:00",
        "02 01:05",
        "02 07:00",
    ]


def test_a_schedule_is_said_in_words() -> None:
    said = [words(None, None), words(1, None), words(30, time(18, 5)), words(None, time(0))]
    assert said == ["as it comes", "every minute", "every 30 minutes and daily at 18:05", "daily at 00:00"]
