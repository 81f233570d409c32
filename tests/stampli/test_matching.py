"""Vendors and accounts among those of the books, and what is new in a document, in words."""

import pytest

from connectors.base import Choice
from connectors.stampli.files import Offered, differences, match_choice, match_vendor
from tests.stampli.writing import HEADER, ROW, of

VENDORS = [
    Choice("V-1001", "Acme Office Supply, Inc."),
    Choice("V-1004", "Globex Corporation"),
    Choice("V-1005", "Globex Corporation"),
    Choice("V-1006", "Initech", active=False),
    Choice("0450", "Contoso Ltd"),
    Choice("abc", "Lower"),
    Choice("ABC", "Upper"),
    Choice("X1", "Twin", active=False),
    Choice("X2", "Twin"),
]


@pytest.mark.parametrize(
    ("id", "name", "value", "code"),
    [
        ("V-1001", "", "V-1001", ""),
        (" v-1001 ", "", "V-1001", ""),
        ("", "acme office  supply, inc.", "V-1001", ""),
        ("V-9", "Acme Office Supply, Inc.", "V-1001", ""),
        ("450", "", "", "not_found"),
        ("0450", "", "0450", ""),
        ("", "Globex Corporation", "", "ambiguous"),
        ("V-1004", "Globex Corporation", "V-1004", ""),
        ("V-1006", "", "", "inactive"),
        ("", "Initech", "", "inactive"),
        ("", "Twin", "X2", ""),
        ("ABC", "", "ABC", ""),
        ("abc", "", "abc", ""),
        ("Abc", "", "", "ambiguous"),
        ("", "", "", "not_found"),
        ("", "Acme Office Supply", "", "not_found"),
    ],
)
def test_a_vendor_is_found_by_exact_id_or_exact_name(id: str, name: str, value: str, code: str) -> None:
    match = match_vendor({"id": id, "name": name}, VENDORS)
    assert (match.value, match.code) == (value, code)


def test_the_id_wins_and_another_name_is_told() -> None:
    match = match_vendor({"id": "V-1001", "name": "Globex Corporation"}, VENDORS)
    assert (match.value, match.name_differs) == ("V-1001", True)
    assert not match_vendor({"id": "V-1001", "name": "ACME Office Supply, Inc."}, VENDORS).name_differs
    assert not match_vendor({"id": "V-1001", "name": "V-1001"}, VENDORS).name_differs


def test_what_resembles_it_is_shown_and_never_taken() -> None:
    match = match_vendor({"id": "", "name": "Acme Office Suply Inc"}, VENDORS)
    assert (match.code, [one.value for one in match.near]) == ("not_found", ["V-1001"])
    both = match_vendor({"id": "", "name": "Globex Corporation"}, VENDORS)
    assert {one.value for one in both.near} == {"V-1004", "V-1005"}


def test_what_finance_has_mapped_is_first() -> None:
    mapping = {"v-9": "V-1001", "initech": "V-1006", "gone": "V-0"}
    assert match_vendor({"id": "V-9", "name": "x"}, VENDORS, mapping).by == "mapping"
    assert match_vendor({"id": "", "name": "Initech"}, VENDORS, mapping).code == "inactive"
    assert match_vendor({"id": "gone", "name": ""}, VENDORS, mapping).code == "not_found"


def test_accounts_are_texts() -> None:
    accounts = [Choice("0600", "Tea"), Choice("6000", "Office"), Choice("7000", "Old", active=False)]
    assert match_choice("0600", accounts).value == "0600"
    assert match_choice("600", accounts).code == "not_found"
    assert match_choice("Office", accounts).code == "not_found"
    assert Offered(accounts).value("7000").code == "inactive"


def test_two_documents_that_say_the_same_do_not_differ() -> None:
    one = of(HEADER, ROW, ROW.replace("6000", "6100")).payloads[0]
    other = of(HEADER, "", ROW.replace("6000", "6100"), ROW.replace("A-1", "a-1 ")).payloads[0]
    assert differences(one, other) == []


def test_every_difference_is_told_in_words() -> None:
    header = f"{HEADER},Due Date,Department"
    old = of(header, f"{ROW},2026-07-01,100").payloads[0]
    new = of(header, f"{ROW.replace('10.00', '12.00').replace('V-1', 'V-2')},,100").payloads[0]
    assert differences(old, new) == [
        "vendor id: V-1 → V-2",
        "due date: 2026-07-01 → 2026-06-01",
        "total: 10.00 → 12.00",
        "line gone: account 6000, amount 10.00, department 100",
        "line new: account 6000, amount 12.00, department 100",
    ]
