"""A desk in memory, for translate functions alone."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from connectors.base import Account, Choice, Mapped, Posted
from connectors.errors import NotYet, Refused, Unmapped
from connectors.names import fold


class MemoryDesk:
    """`given` is a mappings.json: `maps` (table → source value → target value, or {value, facts, valid_from}, or a list
    of these), `options`, `time_zone`, `entity_time_zones`, `target` (facts), `choices`, and `posted` (flow → key → name
    of the case whose document was posted; `earlier` makes it), `base_lines` (flow → key → amounts: as read back),
    `adopted` (flow → keys of what others made).
    """

    def __init__(self, given: Mapping[str, Any], options: type, earlier: Callable[[str], Any], control: str) -> None:
        self.given = given
        self.options = {one.name: one.default for one in fields(options)} | dict(given.get("options", {}))
        self.earlier = earlier
        self._control = control
        self.claims: list[tuple[str, str]] = []
        self.reasons: dict[str, str] = {}
        self.asked: list[str] = []

    @property
    def control(self) -> str:
        return self._control

    @property
    def target(self) -> Account:
        return Account("company", facts=self.given.get("target", {"base_currency": "USD"}))

    def map(self, table: str, *values: str, on: date, at: str = "") -> Mapped:
        found = self.maybe(table, *values, on=on, at=at)
        if found is None:
            raise Unmapped(table, values, field=at)
        return found

    def maybe(self, table: str, *values: str, on: date, at: str = "") -> Mapped | None:
        self.asked.append(table)
        rows = self.given.get("maps", {}).get(table, {})
        for value in [*values, "*"]:
            if value and (found := _in_force(rows.get(value), on)):
                self.reasons[at] = f"{table} {value}"
                return Mapped(found["value"], found.get("facts", {}), f"{table}:{value}")
        return None

    def choice(self, table: str, value: str) -> Choice | None:
        found = self.given.get("choices", {}).get(table, {}).get(value)
        return None if found is None else Choice(value, value, found.get("active", True), found)

    def posted(self, flow: str, key: str) -> Posted:
        case = self.given.get("posted", {}).get(flow, {}).get(key)
        if case is None:
            raise NotYet(f"{flow} {key} is not posted yet.", code=f"dependency.{flow}", flow=flow, key=key)
        lines = self.given.get("base_lines", {}).get(flow, {}).get(key)
        base_lines = None if lines is None else tuple(map(Decimal, lines))
        adopted = key in self.given.get("adopted", {}).get(flow, ())
        return Posted(self.earlier(case), id="1", number=key, base_lines=base_lines, adopted=adopted)

    def nothing(self, flow: str, key: str) -> bool:
        return key in self.given.get("skipped", {}).get(flow, ())

    def option(self, name: str) -> Any:
        return self.options[name]

    def day(self, instant: datetime, entity: str = "") -> date:
        zones = self.given.get("entity_time_zones", {})
        return instant.astimezone(ZoneInfo(zones.get(entity) or self.given.get("time_zone", "UTC"))).date()

    def offered(self, table: str, text: str) -> list[Choice]:
        rows = self.given.get("choices", {}).get(table, {})
        every = [Choice(v, str(f.get("name", v)), f.get("active", True), f) for v, f in rows.items()]
        by_value = [one for one in every if fold(one.value) == fold(text)]
        return by_value or [one for one in every if fold(one.label) == fold(text)]

    def known(self, flow: str, key: str) -> bool:
        return key in self.given.get("known", {}).get(flow, ())

    def claim(self, row: str, part: Literal["gross", "fee", "id", "ref"], otherwise: Refused | None = None) -> None:
        assert (row, part) not in self.claims
        self.claims.append((row, part))

    def because(self, at: str, why: str) -> None:
        self.reasons[at] = why


def _in_force(rows: Any, on: date) -> dict[str, Any] | None:
    if rows is None:
        return None
    listed = [row if isinstance(row, dict) else {"value": row} for row in (rows if isinstance(rows, list) else [rows])]
    valid = [row for row in listed if row.get("valid_from", "") <= on.isoformat()]
    return max(valid, key=lambda row: row.get("valid_from", ""), default=None)
