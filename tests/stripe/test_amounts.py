"""Stripe's own table of decimals."""

from decimal import Decimal

import pytest

from connectors.errors import Refused
from connectors.stripe.amounts import decimal, exponent


@pytest.mark.parametrize(
    ("minor", "currency", "amount"),
    [
        (29767, "usd", "297.67"),
        (12000, "jpy", "12000"),
        (5120, "kwd", "5.120"),
        (500, "ugx", "5.00"),  # in the list of currencies without decimals, and yet sent with two
        (500, "isk", "5.00"),
        (-4402, "USD", "-44.02"),
        (99_999_999_999_999, "idr", "999999999999.99"),
    ],
)
def test_minor_units_become_exact_amounts(minor: int, currency: str, amount: str) -> None:
    assert str(decimal(minor, currency)) == amount
    assert isinstance(decimal(minor, currency), Decimal)


def test_mga_has_no_decimals_here_whatever_iso_says() -> None:
    assert exponent("mga") == 0


def test_an_unknown_currency_is_refused_not_guessed() -> None:
    with pytest.raises(Refused) as error:
        exponent("xts")
    assert (error.value.code, error.value.cause) == ("currency.unknown", "settings")


def test_a_float_is_no_money() -> None:
    with pytest.raises(TypeError):
        decimal(1.5, "usd")  # type: ignore[arg-type]
