"""Dates: read as written, or refused."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.files import FileRejected
from connectors.stampli.files import Rules
from connectors.stampli.files.dates import Order, read
from tests.stampli.samples import TODAY
from tests.stampli.writing import dates

DMY = Rules(default_currency="USD", slash_dates="DMY")


def days(*texts: str, rules: Rules | None = None) -> list[str]:
    result = dates(*texts, rules=rules) if rules else dates(*texts)
    return [one["invoice_date"] for one in result.payloads]


@pytest.mark.parametrize(
    "written",
    [
        "2026-06-03",
        "2026/06/03",
        "2026.06.03",
        "2026-6-3",
        "2026-06-03T23:59:59Z",
        "2026-06-03 00:00:00.000",
        "2026-06-03T01:00:00+14:00",
        "2026-06-03T23:00:00.123-1100",
        "20260603",
        "03.06.2026",
        "3.6.2026",
        "3 Jun 2026",
        "03-Jun-2026",
        "3 June 2026",
        "Jun 3, 2026",
        "June 03, 2026",
        "JUN 3 2026",
        " 2026-06-03 ",
        "\ufeff2026-06-03",
        "２０２６-06-03",
    ],
)
def test_certain_dates_are_taken_as_they_are_written(written: str) -> None:
    assert days(written) == ["2026-06-03"]


@pytest.mark.parametrize(
    "written",
    [
        "2026-02-30",
        "2026-13-01",
        "2026-06",
        "06/2026",
        "6/3/26",
        "3.6.26",
        "03-Jun-26",
        "46176",
        "2026-06/03",
        "2026-06-03 25:00:00",
        "2026-06-03T10:61:00",
        "3 Juin 2026",
        "31/31/2026",
        "13/13/2026",
        "0/5/2026",
        "99/01/2026",
        "tomorrow",
        "2026-06-03 to 2026-06-04",
        "٣/٦/٢٠٢٦",
        "#####",
    ],
)
def test_what_is_no_date_for_certain_is_refused(written: str) -> None:
    assert dates(written).codes == {2: ["date_invalid"]}


def test_one_part_over_12_decides_for_the_whole_file() -> None:
    assert days("04/06/2026", "25/06/2026") == ["2026-06-04", "2026-06-25"]
    assert days("04/06/2026", "04-25-2026") == ["2026-04-06", "2026-04-25"]


def test_without_a_proof_the_settings_decide_and_it_is_told() -> None:
    assert days("04/06/2026") == ["2026-04-06"]
    assert days("04/06/2026", rules=DMY) == ["2026-06-04"]
    assert [one.code for one in dates("04/06/2026").survey.notes] == ["date_order_assumed"]
    assert dates("06/06/2026").survey.notes == ()


def test_a_proof_is_stronger_than_the_settings() -> None:
    result = dates("04/06/2026", "04/25/2026", rules=DMY)
    assert [one["invoice_date"] for one in result.payloads] == ["2026-04-06", "2026-04-25"]
    assert result.survey.order_proof == "04/25/2026 in row 3"


def test_proofs_for_both_orders_reject_the_file() -> None:
    with pytest.raises(FileRejected) as caught:
        dates("13/06/2026", "06/14/2026")
    assert caught.value.code == "date_style_mixed"


def test_a_date_that_the_proved_order_cannot_have_is_refused() -> None:
    assert dates("25/06/2026", "31/04/2026").codes == {3: ["date_invalid"]}


def test_dates_long_ago_or_far_ahead_are_refused() -> None:
    last = TODAY + timedelta(days=400)
    assert days("2000-01-01", last.isoformat()) == ["2000-01-01", last.isoformat()]
    result = dates("1999-12-31", (last + timedelta(days=1)).isoformat(), "0001-01-01")
    assert result.codes == {2: ["date_out_of_range"], 3: ["date_out_of_range"], 4: ["date_out_of_range"]}


def test_two_digit_years_and_serial_numbers_only_where_they_are_allowed() -> None:
    two = Rules(default_currency="USD", two_digit_years="accept")
    assert days("6/13/26", "3.6.26", "03-Jun-26", rules=two) == ["2026-06-13", "2026-06-03", "2026-06-03"]
    serial = Rules(default_currency="USD", serial_dates="accept")
    assert days("46176", rules=serial) == ["2026-06-03"]


@given(
    day=st.dates(min_value=date(2000, 1, 1), max_value=date(2027, 1, 1)),
    style=st.sampled_from(["%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%d.%m.%Y", "%d %b %Y", "%d-%b-%Y", "%b %d, %Y"]),
)
def test_every_day_is_read_back_in_every_certain_style(day: date, style: str) -> None:
    found = read(day.strftime(style))
    assert (found.month_first, found.day_first, found.proves) == (day, day, "")


@given(day=st.dates(min_value=date(2000, 1, 1), max_value=date(2027, 1, 1)), first=st.sampled_from(["%m/%d", "%d/%m"]))
def test_a_slash_date_is_right_in_the_order_it_was_written_in(day: date, first: str) -> None:
    found = read(day.strftime(f"{first}/%Y"))
    order: Order = "MDY" if first == "%m/%d" else "DMY"
    assert found.by(order) == day
    assert found.proves in ("", order)
    assert (found.proves == "") == (day.day <= 12)
