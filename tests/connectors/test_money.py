"""Money is split and read exactly, or refused."""

from decimal import Decimal as D
from decimal import localcontext
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from connectors.errors import Refused
from connectors.money import allocate, cut, docno, exact, from_minor, to_minor

CENT = D("0.01")
UNITS = st.sampled_from([D(1), D("0.1"), CENT, D("0.001"), D("0.0001")])
WEIGHTS = st.lists(st.decimals(min_value=0, max_value=10**9, places=4), min_size=1, max_size=30)


def split(total: str, weights: list[str | int], unit: str) -> list[str]:
    return [str(part) for part in allocate(D(total), [D(w) for w in weights], D(unit))]


@pytest.mark.parametrize(
    ("total", "weights", "unit", "parts"),
    [
        ("1000", [3333, 3333, 3334], "1", ["333", "333", "334"]),
        ("5.120", [1, 1, 1], "0.01", ["1.71", "1.71", "1.70"]),
        ("5.120", [1, 1, 1], "0.001", ["1.707", "1.707", "1.706"]),
        ("45.25", [2, 1], "0.01", ["30.17", "15.08"]),
    ],
)
def test_the_vectors_of_the_accounting_page_come_out(
    total: str, weights: list[str | int], unit: str, parts: list[str]
) -> None:
    assert split(total, weights, unit) == parts


def test_a_negative_total_is_the_negated_split_of_the_positive_one() -> None:
    assert split("-5.12", [1, 1, 1], "0.01") == ["-1.71", "-1.71", "-1.70"]


def test_among_equal_remainders_the_larger_weight_is_served_first_then_the_earlier_line() -> None:
    # 0.05 over 1:3 leaves remainders 0.25 and 0.75; 0.02 over 1:3 leaves one half each
    assert split("0.02", [1, 3], "0.01") == ["0.00", "0.02"]
    assert split("0.01", [1, 1, 1], "0.01") == ["0.01", "0.00", "0.00"]


def test_nothing_is_split_into_zeros_without_a_minus_sign() -> None:
    assert split("0", [1, 2], "0.01") == ["0.00", "0.00"]
    assert split("-0.01", [1, 2], "0.01") == ["0.00", "-0.01"]


def test_lines_of_opposite_sign_are_used_up_exactly_by_their_own_sum() -> None:
    assert split("225.00", ["250.00", "-25.00"], "0.01") == ["250.00", "-25.00"]
    assert split("112.50", ["250.00", "-25.00"], "0.01") == ["125.00", "-12.50"]


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1]])
def test_weights_that_sum_to_nothing_need_a_decision(weights: list[int]) -> None:
    with pytest.raises(Refused) as refusal:
        allocate(D("1.00"), weights, CENT)
    assert (refusal.value.code, refusal.value.cause) == ("decision.needed", "decision")


@given(st.integers(-(10**14), 10**14), WEIGHTS, UNITS)
def test_the_parts_always_sum_to_the_total_and_each_is_within_one_unit(units: int, weights: list[D], unit: D) -> None:
    assume(sum(weights) > 0)
    total = units * unit
    parts = allocate(total, weights, unit)
    assert sum(parts) == total
    whole = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * whole - total * weight) < unit * whole
        assert part % unit == 0


@given(
    st.lists(st.integers(0, 10**9), min_size=1, max_size=12),
    st.lists(st.fractions(min_value=0, max_value=1), max_size=4),
)
def test_what_is_split_again_over_what_was_left_uses_up_every_line(cents: list[int], refunds: list[Fraction]) -> None:
    left = [cent * CENT for cent in cents]
    for refund in [*refunds, Fraction(1)]:
        assume(sum(left) > 0)
        share = int(refund * int(sum(left) / CENT)) * CENT
        left = [rest - part for rest, part in zip(left, allocate(share, left, CENT), strict=True)]
        assert all(rest >= 0 for rest in left)
    assert left == [0] * len(left)


@given(st.integers(0, 10**9), WEIGHTS)
def test_a_line_without_weight_gets_nothing(cents: int, weights: list[D]) -> None:
    assume(sum(weights) > 0)
    parts = allocate(cents * CENT, weights, CENT)
    assert all(part == 0 for part, weight in zip(parts, weights, strict=True) if weight == 0)


def test_the_split_does_not_depend_on_the_precision_of_the_caller() -> None:
    with localcontext() as context:
        context.prec = 3
        assert split("123456789.01", [1, 1], "0.01") == ["61728394.51", "61728394.50"]


def test_an_amount_below_the_unit_is_refused_and_never_rounded() -> None:
    assert str(exact(D("5.120"), CENT)) == "5.12"
    for amount in (D("5.123"), D("0.001"), D("NaN"), D("Infinity")):
        with pytest.raises(Refused) as refusal:
            exact(amount, CENT)
        assert (refusal.value.code, refusal.value.value) == ("amount.precision", str(amount))
    with pytest.raises(Refused):
        allocate(D("5.123"), [D(1)], CENT)


@pytest.mark.parametrize(
    ("minor", "exponent", "amount"),
    [(29767, 2, "297.67"), (12000, 0, "12000"), (5120, 3, "5.120"), (-1075, 2, "-10.75"), (0, 2, "0.00")],
)
def test_minor_units_and_amounts_turn_into_each_other(minor: int, exponent: int, amount: str) -> None:
    assert str(from_minor(minor, exponent)) == amount
    assert to_minor(D(amount), exponent) == minor


def test_a_third_decimal_has_no_place_in_cents() -> None:
    with pytest.raises(Refused) as refusal:
        to_minor(D("5.123"), 2)
    assert refusal.value.code == "amount.precision"


@pytest.mark.parametrize("amount", [1.0, 0.1, True, "1.00", None])
def test_floats_and_other_strangers_are_type_errors(amount: Any) -> None:
    for call in (
        lambda: exact(amount, CENT),
        lambda: exact(D(1), amount),
        lambda: to_minor(amount, 2),
        lambda: from_minor(amount, 2),
        lambda: allocate(amount, [D(1)], CENT),
        lambda: allocate(D(1), [amount], CENT),
    ):
        with pytest.raises(TypeError):
            call()
    with pytest.raises(TypeError):
        from_minor(D(1), 2)  # type: ignore[arg-type]  # minor units are int, not Decimal


def test_a_unit_must_be_positive() -> None:
    for unit in (D(0), D("-0.01"), D("NaN")):
        with pytest.raises(ValueError):
            exact(D(1), unit)


def test_a_number_that_fits_stays_and_a_longer_one_ends_in_its_hash() -> None:
    assert docno("F2A1-0007") == "F2A1-0007"
    assert docno("x" * 30) == "x" * 30
    number = docno("inpay_1QxAbCdEfGhIjKlMnOpQrStUv")
    assert number == "inpay_1QxAbCdEfGhIjKl-567659e5"
    assert docno("inpay_1QxAbCdEfGhIjKlMnOpQrStUw") != number


def test_characters_that_a_field_may_refuse_become_dashes() -> None:
    assert docno("INV 7&8/é_1.a") == "INV-7-8/-_1.a"


@given(st.text(max_size=60), st.integers(10, 45))
def test_a_document_number_always_fits_and_is_always_the_same(id: str, length: int) -> None:
    number = docno(id, length)
    assert len(number) <= length
    assert number == docno(id, length)
    assert all(c.isascii() and (c.isalnum() or c in "._/-") for c in number)


def test_texts_are_cut_visibly() -> None:
    assert cut("Stripe refund re_3Qx", 20) == "Stripe refund re_3Qx"
    assert cut("Stripe refund re_3Qx", 15) == "Stripe refund…"
    assert cut("Stripe refund re_3Qx", 10) == "Stripe re…"
    assert cut("ab", 1) == "…"
    assert cut("ab", 0) == ""
