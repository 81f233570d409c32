"""What a person confirms, what has changed since, and what is shown before."""

import io

import pytest

from connectors.errors import Malformed
from connectors.files import FileRejected, Unconfirmed
from connectors.stampli.files import FileReader, Layout, Rules, confirmed, detect, layout_of, rules_of
from tests.stampli.samples import HERE, INDEX, RULES, TODAY
from tests.stampli.writing import HEADER, ROW, of, totals

ODD = "Who,Doc,When,Cur,Acct Code,Value,Colour"
ODD_ROW = "V-1,A-1,2026-06-01,USD,6000,10.00,red"
NAMES = ("vendor_id", "invoice_number", "invoice_date", "currency", "gl_account", "line_amount", "")
LAYOUT = Layout("invoice", tuple(zip(ODD.split(","), NAMES, strict=True)))
PAYMENTS = "Payment ID,Payment Date,Vendor ID,Invoice Number,Amount Paid,Currency"
PAID = "P-1,2026-06-01,V-1,A-1,10.00,USD"


def stream(*lines: str) -> io.BytesIO:
    return io.BytesIO("\n".join(lines).encode())


def test_a_layout_survives_its_json() -> None:
    assert layout_of(LAYOUT.json()) == LAYOUT
    assert LAYOUT.fingerprint == Layout("invoice", LAYOUT.columns[::-1]).fingerprint


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"kind": "order"}, "kind"),
        ({"delimiter": "x"}, "delimiter"),
        ({"delimiter": ",,"}, "delimiter"),
        ({"quote": "`"}, "quote"),
        ({"columns": [["Who", "vendor_id"]]}, "columns"),
        ({"columns": [*LAYOUT.json()["columns"], ["More", "vendor_id"]]}, "columns"),
        ({"columns": [*LAYOUT.json()["columns"], ["More", "nonsense"]]}, "columns"),
        ({"columns": 7}, "layout"),
    ],
)
def test_a_layout_that_cannot_work_is_refused(change: dict[str, object], at: str) -> None:
    with pytest.raises(Malformed) as caught:
        layout_of({**LAYOUT.json(), **change})
    assert caught.value.field == at


def test_columns_of_any_name_are_read_by_a_layout() -> None:
    result = of(ODD, ODD_ROW, layout=LAYOUT)
    assert totals(result) == ["10.00"]
    assert result.survey.notes == ()


def test_a_layout_may_name_dimensions_of_the_companys_own() -> None:
    layout = Layout("invoice", (*LAYOUT.columns[:-1], ("Colour", "dimension:GLDIMCOLOUR")))
    assert of(ODD, ODD_ROW, layout=layout).payloads[0]["lines"][0]["dimensions"] == {"GLDIMCOLOUR": "red"}


def test_columns_may_change_their_order() -> None:
    result = of(",".join(ODD.split(",")[::-1]), ",".join(ODD_ROW.split(",")[::-1]), layout=LAYOUT)
    assert totals(result) == ["10.00"]


def test_a_column_that_is_gone_stops_the_file_if_it_was_used() -> None:
    with pytest.raises(FileRejected) as caught:
        of(ODD.replace("Cur,", ""), ODD_ROW.replace("USD,", ""), layout=LAYOUT)
    assert caught.value.code == "missing_required_column:currency"
    result = of(ODD.replace(",Colour", ""), ODD_ROW.replace(",red", ""), layout=LAYOUT)
    assert [one.code for one in result.survey.notes] == ["column_gone"]


def test_a_new_column_is_told_and_stops_the_file_only_if_it_could_be_meant() -> None:
    result = of(f"{ODD},Size", f"{ODD_ROW},L", layout=LAYOUT)
    assert [one.code for one in result.survey.notes] == ["new_column"]
    assert result.rows[0].body["extra"] == {"Colour": "red", "Size": "L"}
    for name in ("GL Account", "Amount", "Vendor ID", "Invoice #"):
        with pytest.raises(FileRejected) as caught:
            of(f"{ODD},{name}", f"{ODD_ROW},1", layout=LAYOUT)
        assert caught.value.code.startswith("missing_required_column:")


def test_one_of_two_columns_that_mean_the_same_may_be_left_out() -> None:
    header, row = f"{HEADER},Bill No", f"{ROW},B-7"
    names = ["vendor_id", "", "invoice_date", "currency", "gl_account", "line_amount", "invoice_number"]
    layout = Layout("invoice", tuple(zip(header.split(","), names, strict=True)))
    assert of(header, row, layout=layout).payloads[0]["number"] == "B-7"


def test_two_columns_of_one_name_are_told_apart_by_their_order() -> None:
    header, row = f"{HEADER},Line Amount", f"{ROW},99.00"
    names = [*NAMES[:-1], ""]
    layout = Layout("invoice", tuple(zip(header.split(","), names, strict=True)))
    assert totals(of(header, row, layout=layout)) == ["10.00"]


def test_an_encoding_that_was_confirmed_is_no_guess() -> None:
    layout = Layout("invoice", LAYOUT.columns, encoding="cp1252")
    assert of(ODD, ODD_ROW.replace("red", "dorée"), layout=layout, encoding="cp1252").survey.notes == ()


# --- the reader of a connection ---------------------------------------------------------------------------------------


def test_without_a_layout_a_file_waits_where_it_must_be_confirmed() -> None:
    reader = FileReader(RULES, TODAY, confirm=True)
    for lines in ((HEADER, ROW), (ODD, ODD_ROW), (f"{HEADER},Bill No", f"{ROW},1")):
        with pytest.raises(Unconfirmed) as caught:
            reader.survey(stream(*lines))
        assert caught.value.cure
    assert reader.survey(stream("")).rows == 0
    with pytest.raises(FileRejected):
        reader.survey(io.BytesIO(b"PK\x03\x04"))


def test_the_layout_that_fits_is_used() -> None:
    pairs = zip(PAYMENTS.split(","), detected_names(PAYMENTS, PAID), strict=True)
    reader = FileReader(RULES, TODAY, (LAYOUT, Layout("payment", tuple(pairs))), confirm=True)
    for lines, kind in (((ODD, ODD_ROW), "invoice"), ((PAYMENTS, PAID), "payment")):
        found = reader.survey(stream(*lines))
        assert found.opening
        assert found.opening.kind == kind
        assert reader.told_of(found)["rows"] == 1
        rows = list(reader.rows(stream(*lines), found))
        assert reader.assemble(rows, found).told


def test_a_file_of_a_kind_that_was_never_confirmed_waits_and_one_that_has_drifted_is_refused() -> None:
    reader = FileReader(RULES, TODAY, (LAYOUT,), confirm=True)
    with pytest.raises(Unconfirmed):
        reader.survey(stream(PAYMENTS, PAID))
    with pytest.raises(FileRejected) as caught:
        reader.survey(stream(ODD.replace("Cur,", ""), ODD_ROW.replace("USD,", "")))
    assert caught.value.code == "missing_required_column:currency"


# --- what is shown ----------------------------------------------------------------------------------------------------


def detected_names(header: str, *rows: str) -> list[str]:
    return [one.name for one in detect(stream(header, *rows), RULES, TODAY).columns]


def test_what_is_detected_shows_columns_values_and_proofs() -> None:
    found = detect(stream(f"{HEADER},Colour", f"{ROW},red", f"{ROW},blue"), RULES, TODAY)
    assert found.problem is None
    assert found.survey
    assert found.survey.sign_proof == "10.00 in row 2"
    assert [(one.header, one.name, one.samples) for one in found.columns[-2:]] == [
        ("Line Amount", "line_amount", ("10.00",)),
        ("Colour", "", ("red", "blue")),
    ]
    assert [row.number for row in found.rows] == [2, 3]


def test_columns_without_a_name_get_suggestions_and_never_a_name() -> None:
    found = detect(stream("Vendor Idd,Invoise Number,Invoice Dates,GL Acct,Line Amnt,zzz", "a,b,c,d,e,f"), RULES, TODAY)
    assert found.problem
    assert [one.name for one in found.columns] == [""] * 6
    firsts = [one.suggestions[:1] for one in found.columns]
    assert firsts[0] == ("vendor_id",)
    assert firsts[1] == ("invoice_number",)
    assert firsts[2] == ("invoice_date",)
    assert firsts[4] == ("line_amount",)
    assert firsts[5] == ()


def test_a_file_that_nobody_could_read_is_read_after_a_person_has_named_its_columns() -> None:
    found = detect(stream(ODD.replace(",", ";"), ODD_ROW.replace(",", ";")), RULES, TODAY)
    assert found.problem
    layout = confirmed(found, NAMES)
    assert layout.delimiter == ";"
    assert totals(of(ODD.replace(",", ";"), ODD_ROW.replace(",", ";"), layout=layout)) == ["10.00"]


@pytest.mark.parametrize("entry", INDEX, ids=lambda one: str(one["file"]))
def test_every_sample_can_be_shown(entry: dict[str, str]) -> None:
    with (HERE / entry["file"]).open("rb") as file:
        found = detect(file, RULES, TODAY)
    assert (found.problem is None) == (entry["outcome"] != "file_rejected")
    if found.survey and found.survey.opening:
        assert confirmed(found, [one.name for one in found.columns]) == layout_of(found.json())


@pytest.mark.parametrize("file", ["01_good_basic.csv", "10_good_invoices.xml", "26_good_utf16le.csv"])
def test_what_was_confirmed_reads_the_same_as_what_was_detected(file: str) -> None:
    data = (HERE / file).read_bytes()
    found = detect(io.BytesIO(data), RULES, TODAY)
    reader = FileReader(RULES, TODAY, [layout_of(found.json())], confirm=True)
    again = reader.survey(io.BytesIO(data))
    assert again.notes == ()
    assert [row.body["values"] for row in reader.rows(io.BytesIO(data), again)][:10] == [
        row.body["values"] for row in found.rows
    ]


# --- rules ------------------------------------------------------------------------------------------------------------


def test_rules_are_read_from_what_is_kept_with_a_connection() -> None:
    found = rules_of({"default_currency": "EUR", "max_rows": "5", "host": "x", "slash_dates": "", "decimals": None})
    assert (found.default_currency, found.max_rows, found.slash_dates) == ("EUR", 5, "MDY")


@pytest.mark.parametrize(
    "given",
    [
        {"slash_dates": "YDM"},
        {"default_currency": "usd"},
        {"max_rows": "many"},
        {"max_rows": 0},
        {"fallback_encoding": "nonsense"},
    ],
)
def test_rules_that_cannot_work_are_refused(given: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        rules_of(given)


def test_the_defaults_are_the_careful_ones() -> None:
    rules = Rules()
    careful = (rules.control_totals, rules.short_rows, rules.zero_total, rules.two_digit_years, rules.decimals)
    assert careful == ("strict", "reject", "reject", "reject", "")
