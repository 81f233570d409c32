"""Amounts in the database: exact on every engine, summed exactly too."""

from decimal import Decimal
from typing import Any

from django.db import models

SCALE = Decimal(10_000)


class AmountField(models.BigIntegerField):  # type: ignore[type-arg] # Django knows the parameters only in its stubs
    """A Decimal with at most four places, kept as a whole number of ten-thousandths (SQLite has no exact decimals)."""

    def from_db_value(self, value: int | None, expression: Any, connection: Any) -> Decimal | None:
        return None if value is None else Decimal(value) / SCALE

    def to_python(self, value: Any) -> Decimal | None:
        return value if value is None or isinstance(value, Decimal) else Decimal(str(value))

    def get_prep_value(self, value: Any) -> int | None:
        if value is None:
            return None
        if isinstance(value, float):
            raise TypeError("an amount is never a float")
        scaled = Decimal(value) * SCALE
        if scaled != scaled.to_integral_value():
            raise ValueError(f"{value} has more than four places")
        return int(scaled)

    def get_internal_type(self) -> str:
        return "BigIntegerField"
