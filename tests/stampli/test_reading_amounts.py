"""Amounts: read exactly or refused; never a hundred- or thousandfold of what was meant."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.files import FileRejected
from connectors.stampli.files import Rules
from connectors.stampli.files.amounts import Sign, read, text
from connectors.stampli.files.currencies import DECIMALS
from tests.stampli.writing import amounts, totals

POINT: list[tuple[str, str]] = [
    ("1,234.56", "1234.56"),
    ("1234.5", "1234.50"),
    ("1250.000000", "1250.00"),
    ("$1,234.50", "1234.50"),
    ("USD 1,234.50", "1234.50"),
    ("1,234.50 usd", "1234.50"),
    ("-10.25", "-10.25"),
    ("10.25-", "-10.25"),
    ("(10.25)", "-10.25"),
    ("($1,010.25)", "-1010.25"),
    ("$(10.25)", "-10.25"),
    ("-$10.25", "-10.25"),
    ("$ -10.25", "-10.25"),
    ("\u221210.25", "-10.25"),
    ("- 10.25", "-10.25"),
    ("+10.25", "10.25"),
    ("1 234 567.89", "1234567.89"),
    ("1\u00a0234\u202f567.89", "1234567.89"),
    ("1'234'567.89", "1234567.89"),
    ("1\u2019234.50", "1234.50"),
    ("12,34,567.80", "1234567.80"),
    ("１,234.５0", "1234.50"),
    (".50", "0.50"),
    ("0.500", "0.50"),
    ("\ufeff10.25\u200b", "10.25"),
    ("1,000,000.00", "1000000.00"),
]
WRONG = [
    "ten",
    "#REF!",
    "#N/A",
    "TRUE",
    "1,23,45.00",
    "1,2345,678.00",
    "12,345,67.00",
    "1234,567.89",
    "1.234.56.7",
    "1,234.56.78",
    "--10.25",
    "(-10.25)",
    "-(10.25)",
    "10.25 CR",
    "10%",
    "10²",
    "½",
    "①",
    "10.",
    "-",
    "()",
    "$",
    "$$10.25",
    "USD",
    "USD EUR 10.25",
    "1 234'567.00",
    "10 25",
    "1e",
    "NaN",
    "Infinity",
    "0x10",
    "١٢٣",
    "1_000.00",
    "=10.25",
    "10\n25",
    "1000000000000000.00",
    "9" * 61,
]


@pytest.mark.parametrize(("written", "meant"), POINT)
def test_an_amount_is_read_as_it_was_meant(written: str, meant: str) -> None:
    assert totals(amounts("5.25", written)) == ["5.25", meant]


@pytest.mark.parametrize(("written", "meant"), POINT)
def test_the_same_with_a_decimal_comma(written: str, meant: str) -> None:
    swapped = written.translate(str.maketrans(",.", ".,"))
    assert totals(amounts("5,25", swapped)) == ["5.25", meant]


@pytest.mark.parametrize("written", WRONG)
def test_what_is_no_amount_is_refused(written: str) -> None:
    result = amounts("5.25", written)
    assert totals(result) == ["5.25"]
    assert result.codes == {3: ["amount_invalid"]}


@pytest.mark.parametrize("written", ["1.23E+05", "1e5", "-1,5E-3"])
def test_what_a_spreadsheet_has_damaged_is_told_apart(written: str) -> None:
    assert amounts("5.25", written).codes == {3: ["amount_scientific"]}


@pytest.mark.parametrize("written", ["1,234", "1.234", "12.345", "123,456", "(1,234)", "$1.234", "EUR 1,234"])
def test_three_digits_after_one_sign_prove_nothing(written: str) -> None:
    currency = "EUR" if "EUR" in written else "USD"
    result = amounts("7", written, currency=currency)
    assert totals(result) == ["7.00"]
    assert result.codes == {3: ["amount_ambiguous"]}
    assert result.survey.amount is None


def test_what_the_settings_say_decides_where_nothing_is_proved() -> None:
    assert totals(amounts("1,234", rules=Rules(default_currency="USD", decimals="point"))) == ["1234.00"]
    result = amounts("1,234", rules=Rules(default_currency="USD", decimals="comma"))
    assert result.codes == {2: ["amount_precision"]}


def test_a_proof_in_the_file_is_stronger_than_the_settings() -> None:
    result = amounts("1.234", "5,25", rules=Rules(default_currency="EUR", decimals="point"), currency="EUR")
    assert totals(result) == ["1234.00", "5.25"]
    assert result.survey.sign_proof == "5,25 in row 3"


@pytest.mark.parametrize(
    "pair", [("1.50", "1,50"), ("1,234.56", "1.234,56"), ("1.234.567", "1,234,567"), ("0.125", "0,5")]
)
def test_proofs_for_both_signs_reject_the_file(pair: tuple[str, str]) -> None:
    with pytest.raises(FileRejected) as caught:
        amounts(*pair)
    assert caught.value.code == "amount_style_mixed"
    assert pair[0] in caught.value.said
    assert pair[1] in caught.value.said


def test_an_invalid_amount_proves_nothing() -> None:
    result = amounts("5.25", "1,2,3", "01.02.2026")
    assert result.codes == {3: ["amount_invalid"], 4: ["amount_invalid"]}


@pytest.mark.parametrize(
    ("currency", "written", "meant"),
    [
        ("KWD", "0.125", "0.125"),
        ("KWD", "1.500", None),
        ("JPY", "120000", "120000"),
        ("CLF", "0.1234", "0.1234"),
    ],
)
def test_currencies_have_their_own_decimals(currency: str, written: str, meant: str | None) -> None:
    assert totals(amounts(written, currency=currency)) == ([meant] if meant else [])


@pytest.mark.parametrize(
    ("currency", "written"), [("USD", "10.005"), ("JPY", "10.5"), ("KWD", "0.1234"), ("USD", "0.001")]
)
def test_more_decimals_than_the_currency_has_are_refused(currency: str, written: str) -> None:
    assert amounts("7,000.00", written, currency=currency).codes[3] == ["amount_precision"]


@pytest.mark.parametrize("written", ["EUR 10.25", "10.25 EUR", "€10.25", "10.25 £", "¥10.25"])
def test_an_amount_that_names_another_currency_is_refused(written: str) -> None:
    assert amounts(written).codes == {2: ["currency_conflict"]}


def test_a_blank_amount_is_missing() -> None:
    assert amounts("5.25", " \u00a0 ").codes == {3: ["missing_value:line_amount"]}


# --- by chance --------------------------------------------------------------------------------------------------------

VALUES = st.decimals(min_value=Decimal(-999999999999), max_value=Decimal(999999999999), allow_nan=False, places=2)
CURRENCIES = st.sampled_from(sorted(DECIMALS))


def written(value: Decimal, sign: str, thousands: str, indian: bool, negative: str, decimals: int) -> str:
    whole, _, rest = f"{abs(value):.{decimals}f}".partition(".")
    groups, left = [whole[-3:]], whole[:-3]
    while left:
        size = 2 if indian else 3
        groups.insert(0, left[-size:])
        left = left[:-size]
    digits = (thousands.join(groups) if thousands else whole) + (sign + rest if rest else "")
    return negative.format(digits) if value < 0 else digits


@given(
    value=VALUES,
    sign=st.sampled_from([".", ","]),
    between=st.sampled_from(["", "other", " ", "'", "\u202f"]),
    indian=st.booleans(),
    negative=st.sampled_from(["-{}", "{}-", "({})", "\u2212{}", "- {}"]),
)
def test_whatever_is_written_in_one_style_is_read_back(
    value: Decimal, sign: Sign, between: str, indian: bool, negative: str
) -> None:
    thousands = {"other": "," if sign == "." else "."}.get(between, between)
    amount = read(written(value, sign, thousands, indian, negative, 2))
    assert amount.by(sign) == value
    # Two decimals prove their sign, so that no other reading is left.
    assert amount.proves == sign
    assert amount.by("," if sign == "." else ".") is None


@given(text=st.text(alphabet="0123456789.,' -()+E$€", max_size=16))
def test_an_amount_is_exact_or_refused(text: str) -> None:
    """Whatever it is: the digits that are read are the digits that are written, in their order."""
    amount = read(text)
    for value in (amount.point, amount.comma):
        if value is not None:
            digits = "".join(char for char in text if char.isdigit())
            shown = f"{abs(value):f}".replace(".", "")
            assert shown.lstrip("0") == digits.lstrip("0")
    if amount.point is not None and amount.comma is not None and amount.point != amount.comma:
        assert amount.by("") is None
        assert amount.proves == ""


@given(value=st.decimals(min_value=Decimal(0), max_value=Decimal(99999999), allow_nan=False, places=4), code=CURRENCIES)
def test_amounts_are_told_with_the_decimals_of_their_currency(value: Decimal, code: str) -> None:
    result = amounts("0.5", f"{value:f}", currency=code)
    made = [one for one in result.payloads if one["number"] == "A-2"]
    if made:
        assert Decimal(made[0]["total"]) == value
        assert made[0]["total"] == text(value, DECIMALS[code])
    else:
        assert result.codes[3][0] in ("amount_precision", "zero_total", "amount_invalid")
