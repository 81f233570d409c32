"""Values as the gateway writes and reads them (sheet 5.1, 6.4)."""

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from .refusal import format_wrong

DAY = "%m/%d/%Y"
INSTANT = "%m/%d/%Y %H:%M:%S"
_AMOUNT = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")


def written(value: Any) -> str:
    """Empty for nothing, no padding of numbers, days month first."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return _short(format(value, "f")) if value else "0"
    if isinstance(value, datetime):
        return value.strftime(INSTANT)
    if isinstance(value, date):
        return value.strftime(DAY)
    return str(value)


def _short(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def amount(text: str, name: str = "amount") -> Decimal:
    text = text.strip()
    if not _AMOUNT.fullmatch(text):
        raise format_wrong(f"'{text}' is not a valid value for {name}.", "Use a plain decimal number.")
    return Decimal(text)


def day(text: str, name: str = "date") -> date:
    text = text.strip()
    if not re.fullmatch(r"\d{1,2}/\d{1,2}/\d{4}", text):
        raise format_wrong(f"'{text}' is not a valid date for {name}.", "Use mm/dd/yyyy.")
    month, of_month, year = (int(part) for part in text.split("/"))
    return _day(year, month, of_month, name)


def day_of(parts: dict[str, str], name: str = "date") -> date:
    """The year, month and day elements of the legacy functions."""
    try:
        year, month, of_month = (int(parts[part]) for part in ("year", "month", "day"))
    except (KeyError, ValueError):
        raise format_wrong(f"The date {name} is not valid.", "Give year, month and day.") from None
    return _day(year, month, of_month, name)


def _day(year: int, month: int, of_month: int, name: str) -> date:
    try:
        return date(year, month, of_month)
    except ValueError:
        raise format_wrong(f"{month}/{of_month}/{year} is not a valid date for {name}.") from None


def key(text: str, name: str = "key") -> int:
    if not text.strip().isdigit():
        raise format_wrong(f"'{text}' is not a valid record number for {name}.")
    return int(text)


def truth(text: str) -> bool:
    return text.strip().lower() in ("true", "t", "1")


def typed(text: str, type_: str, name: str) -> Any:
    """A sent value in the type of its field."""
    if text == "":
        return None if type_ != "TEXT" else ""
    match type_:
        case "DECIMAL":
            return amount(text, name)
        case "DATE":
            return day(text, name)
        case "INTEGER":
            return key(text, name)
        case "BOOLEAN":
            return truth(text)
    return text


class Operand:
    """A value of a filter, compared in the type of the column it meets."""

    def __init__(self, text: str, *, fold: bool = False) -> None:
        self.text = text.casefold() if fold else text
        self.fold = fold
        self.number = _number(text)
        self.instant = _instant(text)

    def compare(self, value: Any) -> int | None:
        """-1, 0, 1 as `value` lies before, at or after; None where they cannot be compared."""
        mine: Any
        if isinstance(value, bool):
            value, mine = written(value), self.text.lower()
        elif isinstance(value, int | Decimal):
            mine = self.number
        elif isinstance(value, datetime):
            mine = self.instant
        elif isinstance(value, date):
            mine = self.instant and self.instant.date()
        else:
            value, mine = (str(value).casefold() if self.fold else str(value)), self.text
        if mine is None:
            return None
        return int(value > mine) - int(value < mine)


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _instant(text: str) -> datetime | None:
    for pattern in (INSTANT, DAY):
        try:
            return datetime.strptime(text, pattern)  # noqa: DTZ007 (the gateway's times carry no zone)
        except ValueError:
            continue
    return None
