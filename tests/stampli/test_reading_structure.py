"""From bytes to records: encodings, dialects, headers, trailers, ragged rows, limits."""

import io
import tracemalloc

import pytest

from connectors.files import FileRejected
from connectors.stampli.files import Rules, survey
from tests.stampli.samples import RULES, TODAY, read
from tests.stampli.writing import HEADER, ROW, of, totals

TOTAL_HEADER = f"{HEADER},Invoice Total"
PAYMENTS = "Payment ID,Payment Date,Vendor ID,Invoice Number,Amount Paid,Currency"


def refused(*lines: str, **more: object) -> FileRejected:
    with pytest.raises(FileRejected) as caught:
        of(*lines, **more)  # type: ignore[arg-type] # passed on as they are
    return caught.value


def refused_bytes(data: bytes, rules: Rules = RULES) -> FileRejected:
    with pytest.raises(FileRejected) as caught:
        read(io.BytesIO(data), rules)
    return caught.value


# --- encodings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_every_encoding_is_read(encoding: str) -> None:
    result = of(f"{HEADER},Line Memo", f"{ROW},Señal “é” €", encoding=encoding)
    assert result.payloads[0]["lines"][0]["description"] == "Señal “é” €"
    guessed = [one.code for one in result.survey.notes] == ["encoding_guessed"]
    assert guessed == (encoding in ("utf-16-le", "utf-16-be", "cp1252"))


def test_utf_16_big_endian_with_a_mark() -> None:
    data = b"\xfe\xff" + f"{HEADER}\n{ROW}\n".encode("utf-16-be")
    assert totals(read(io.BytesIO(data))) == ["10.00"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"PK\x03\x04rest", "not_text"),
        (b"%PDF-1.7", "not_text"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "not_text"),
        (b"\x1f\x8b\x08", "not_text"),
        (b"-----BEGIN PGP MESSAGE-----", "not_text"),
        ("\ufeffVendor".encode("utf-32"), "not_text"),
        (b"\x00\x01\x02\x03" * 100, "not_text"),
        (b"Vendor\x00ID,Invoice\n", "not_text"),
        (b"\xef\xbb\xbfVendor ID \xff\xff", "undecodable"),
        (b"\xff\xfeV\x00e\x00", "no_header"),
        (b"\xff\xfeV\x00e", "undecodable"),
        (f"{HEADER}\n".encode() + b"\x81\x8d\n", "undecodable"),
    ],
)
def test_what_is_no_text_is_refused(data: bytes, code: str) -> None:
    assert refused_bytes(data).code == code


def test_a_null_in_a_cell_rejects_its_row_alone() -> None:
    result = of(HEADER, ROW.replace("A-1", "A\x002"), ROW)
    assert result.codes == {2: ["control_char"]}
    assert totals(result) == ["10.00"]


def test_control_characters_are_refused_and_breaks_and_tabs_are_not() -> None:
    rows = [f'V-1,A-{n},2026-06-01,USD,6000,10.00,"a{char}b"' for n, char in enumerate("\x01\x1b\x7f\x85\t\r\n")]
    result = of(f"{HEADER},Line Memo", *rows)
    assert result.codes == {n: ["control_char"] for n in (2, 3, 4, 5)}
    assert [one["lines"][0]["description"] for one in result.payloads] == ["a\tb", "a\rb", "a\nb"]


def test_a_mark_inside_of_the_file_changes_nothing() -> None:
    result = of(HEADER, ROW, f"\ufeff{HEADER}", f"\ufeff{ROW}")
    assert [one.code for one in result.survey.notes] == ["repeated_header:3"]
    assert [row.group for row in result.rows] == ["bill/v-1/a-1"] * 2


# --- dialects and headers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", list(",;\t|^~"))
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_delimiter_and_line_end_is_read(delimiter: str, end: str) -> None:
    result = of(*(line.replace(",", delimiter) for line in (HEADER, ROW, ROW.replace("A-1", "A-2"))), end=end)
    assert [row.number for row in result.rows] == [2, 3]
    assert totals(result) == ["10.00", "10.00"]


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;", "sep=%"])
def test_a_first_line_may_name_the_delimiter(first: str) -> None:
    char = first.strip('"')[-1]
    result = of(first, *(line.replace(",", char) for line in (HEADER, ROW)))
    assert [row.number for row in result.rows] == [3]
    assert totals(result) == ["10.00"]


def test_apostrophes_may_be_the_quotes() -> None:
    header, row = (",".join(f"'{cell}'" for cell in line.split(",")) for line in (HEADER, ROW))
    result = of(header, row.replace("6000", "60,00"))
    assert result.payloads[0]["lines"][0]["gl_account"] == "60,00"
    plain = of(HEADER, ROW.replace("V-1", "'V-1'"))
    assert plain.payloads[0]["vendor"]["id"] == "'V-1'"


def test_what_stands_before_the_header_is_passed_over() -> None:
    result = of("Invoices of Acme, all entities", "", "Printed,2026-06-30", HEADER, ROW)
    assert [row.number for row in result.rows] == [5]


def test_a_header_that_comes_too_late_is_none() -> None:
    assert refused(*["x"] * 20, HEADER, ROW).code == "no_header"


def test_two_ways_to_read_the_header_are_refused() -> None:
    assert refused(HEADER, HEADER.replace(",", ";"), ROW).code == "dialect_ambiguous"


@pytest.mark.parametrize(
    "name", ["BILL_NO", "Bill No.", "Bill #", "billNo", "BillNO", "bill\u200b no", "Ｂｉｌｌ Ｎｏ", " bill  number "]
)
def test_headers_are_one_however_they_are_written(name: str) -> None:
    assert totals(of(HEADER.replace("Invoice Number", name), ROW)) == ["10.00"]


def test_a_bare_vendor_column_may_hold_either() -> None:
    result = of(HEADER.replace("Vendor ID", "Vendor"), ROW)
    assert result.payloads[0]["vendor"] == {"id": "V-1", "name": "V-1"}
    both = of(f"Vendor,{HEADER}", f"Acme,{ROW}").payloads[0]
    assert both["vendor"] == {"id": "V-1", "name": "Acme"}


def test_amount_is_the_total_where_another_column_is_the_line() -> None:
    result = of(f"{HEADER},Amount", f"{ROW},25.00", f"{ROW.replace('10.00', '15.00')},25.00")
    assert totals(result) == ["25.00"]
    assert refused(f"{HEADER},Amount,Invoice Total", f"{ROW},10,10").code == "duplicate_column:invoice_total"


def test_memo_and_description_are_of_the_line_first() -> None:
    result = of(f"{HEADER},Memo,Description,Notes", f"{ROW},a,b,c").payloads[0]
    assert (result["lines"][0]["description"], result["description"]) == ("a", "b")


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("Colour,Size,Weight", "no_header"),
        (HEADER.replace("Vendor ID", "Who"), "missing_required_column:vendor"),
        (HEADER.replace("Currency,GL Account", "Currency,X"), "missing_required_column:gl_account"),
        (f"{HEADER},Bill No", "duplicate_column:invoice_number"),
    ],
)
def test_a_header_that_does_not_suffice_says_what_is_missing(header: str, code: str) -> None:
    assert refused(header, ROW).code == code


def test_columns_that_payments_need_make_it_payments() -> None:
    result = of(PAYMENTS, "P-1,2026-06-01,V-1,A-1,10.00,USD")
    assert result.survey.opening
    assert result.survey.opening.kind == "payment"
    assert result.payloads[0]["lines"][0]["bill"] == "bill/v-1/a-1"


def test_a_pattern_of_names_is_stronger_than_the_columns() -> None:
    rules = Rules(default_currency="USD", invoice_files="bills_*.csv")
    error = refused(PAYMENTS, "P-1,2026-06-01,V-1,A-1,10.00,USD", rules=rules, name="Bills_7.CSV")
    assert error.code == "missing_required_column:invoice_date,gl_account,line_amount"


@pytest.mark.parametrize("text", ["", " \n\r\n \n", "\ufeff", HEADER, f"{HEADER}\n\n,,,\n"])
def test_a_file_without_rows_is_no_error(text: str) -> None:
    assert of(text).survey.rows == 0


def test_a_second_header_that_differs_rejects_the_file() -> None:
    other = "Invoice Number,Vendor ID,Invoice Date,Currency,GL Account,Line Amount"
    assert refused(HEADER, ROW, other, ROW).code == "second_header_differs"
    longer = f"{HEADER},Department"
    assert refused(HEADER, ROW, longer, f"{ROW},100").code == "second_header_differs"


# --- quotes and limits ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "row", ['V-1,"A-1,2026-06-01,USD,6000,10.00', 'V-1,"A"-1,2026-06-01,USD,6000,10.00', '"V-1" ,A,2026-06-01,USD,6,1']
)
def test_broken_quotes_reject_the_whole_file(row: str) -> None:
    assert refused(HEADER, ROW, row, ROW).code == "broken_quoting"


def test_quotes_inside_of_plain_cells_are_text() -> None:
    result = of(f"{HEADER},Line Memo", f'{ROW},Pipe 24" x 3')
    assert result.payloads[0]["lines"][0]["description"] == 'Pipe 24" x 3'


def test_a_cell_may_have_a_mebi_of_characters_and_not_one_more() -> None:
    text = "é" * (1 << 20)
    assert of(f"{HEADER},Line Memo", f'{ROW},"{text}"').payloads[0]["lines"][0]["description"] == text
    assert refused(f"{HEADER},Line Memo", f'{ROW},"{text}x"').code == "cell_too_long"


def test_a_line_without_end_is_not_read_into_memory() -> None:
    data = io.BytesIO(f"{HEADER}\n".encode() + b"x," * (10 << 20))
    tracemalloc.start()
    with pytest.raises(FileRejected) as caught:
        survey(data, RULES, TODAY)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.code in ("cell_too_long", "broken_quoting")
    assert peak < 300_000_000


def test_more_rows_than_the_limit_are_refused() -> None:
    rules = Rules(default_currency="USD", max_rows=2)
    assert len(of(HEADER, ROW, ROW, rules=rules).rows) == 2
    assert refused(HEADER, ROW, ROW, ROW, rules=rules).code == "too_many_rows"


# --- trailers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "trailer",
    [
        "Total,,,,,10.00",
        'Total,,,,,"10.00"',
        "Grand Total: 10.00",
        "TOTAL = 10.00",
        "Totals,10",
        ",,,,Sum,10.00",
        "Count,1",
        "Record Count: 1",
        "Record(s),,1",
        "EOF",
        "End of report",
        "Trailer,1",
        "Trailer,10.00",
        "total:",
    ],
)
def test_a_trailer_that_fits_is_no_row(trailer: str) -> None:
    result = of(HEADER, ROW, trailer)
    assert [row.number for row in result.rows] == [2]
    assert result.survey.notes == ()


@pytest.mark.parametrize(
    ("trailer", "code"),
    [
        ("Total,,,,,10.01", "control_total_mismatch"),
        ("Grand Total: 9.99", "control_total_mismatch"),
        ("Record Count,2", "control_count_mismatch"),
        ("Records: 10", "control_count_mismatch"),
        ("Trailer,7", "control_total_mismatch"),
        ('"Total: 10,00"', "control_total_mismatch"),
        ('Total,,,,,"1,000"', "control_total_mismatch"),
    ],
)
def test_a_trailer_that_does_not_fit_rejects_the_file(trailer: str, code: str) -> None:
    assert refused(HEADER, ROW, trailer).code == code


def test_how_strict_control_totals_are_can_be_set() -> None:
    warned = of(HEADER, ROW, "Total,11", rules=Rules(default_currency="USD", control_totals="warn"))
    assert [one.code for one in warned.survey.notes] == ["control_ignored"]
    ignored = of(HEADER, ROW, "Total,11", rules=Rules(default_currency="USD", control_totals="ignore"))
    assert (ignored.survey.notes, totals(ignored)) == ((), ["10.00"])


def test_a_total_in_a_file_of_two_styles_is_compared_in_its_style() -> None:
    lines = [HEADER.replace(",", ";"), "V-1;A-1;2026-06-01;USD;6000;1.000,50", "Summe;;;;Total;1.000,50"]
    assert totals(of(*lines)) == ["1000.50"]
    lines[-1] = "Total;;;;;100.050"
    assert refused(*lines).code == "control_total_mismatch"


def test_an_invoice_that_is_called_total_stays_a_row() -> None:
    result = of(HEADER, ROW.replace("A-1", "TOTAL"))
    assert result.payloads[0]["number"] == "TOTAL"


def test_several_trailers_and_a_row_that_only_looks_like_one() -> None:
    result = of(HEADER, ROW, "Records,2", "Total,,,,,20.00", rules=Rules(default_currency="USD", control_totals="warn"))
    assert [row.number for row in result.rows] == [2]
    assert [one.code for one in result.survey.notes] == ["control_ignored"] * 2
    early = of(HEADER, "Total,,,,,10.00", ROW, ROW, ROW.replace("A-1", "A-2"), ROW.replace("A-1", "A-3"))
    assert early.codes[2] == ["missing_value:invoice_number", "missing_value:invoice_date", "missing_value:gl_account"]


# --- ragged rows ------------------------------------------------------------------------------------------------------

SHORT = "V-1,A-1,2026-06-01,USD,6000"
STRAY = "V-9,B-9,2026-06-01,USD"


@pytest.mark.parametrize("lines", [(ROW, SHORT), (SHORT, ROW), (ROW, SHORT, ROW)])
def test_a_ragged_row_rejects_the_document_beside_it(lines: tuple[str, ...]) -> None:
    result = of(HEADER, *lines, ROW.replace("A-1", "A-2"))
    assert [one["number"] for one in result.payloads] == ["A-2"]
    assert result.codes == {
        n: ["ragged_short" if line == SHORT else "invoice_has_rejected_row"] for n, line in enumerate(lines, 2)
    }


def test_a_ragged_row_of_no_document_rejects_the_file_or_with_totals_itself_alone() -> None:
    assert refused(HEADER, ROW, STRAY).code == "ragged_row_unattributable"
    result = of(TOTAL_HEADER, f"{ROW},10.00", STRAY)
    assert result.codes == {3: ["ragged_short"]}
    assert totals(result) == ["10.00"]
    assert refused(HEADER, SHORT).code == "ragged_row_unattributable"


def test_a_credit_beside_a_ragged_row_is_rejected_and_not_the_bill_of_that_number() -> None:
    header = f"{HEADER},Record Type"
    lines = [f"{ROW},Invoice", f"{ROW.replace('A-1', 'A-2')},Invoice", SHORT, f"{ROW},Credit"]
    result = of(header, *lines)
    assert result.codes == {4: ["ragged_short"], 5: ["invoice_has_rejected_row"]}
    assert [(one["class"], one["number"]) for one in result.payloads] == [("bill", "A-1"), ("bill", "A-2")]
    assert refused(header, f"{ROW},Invoice", SHORT, f"{ROW},Credit").code == "ragged_row_unattributable"


def test_a_long_row_is_ragged_unless_only_empty_cells_follow() -> None:
    assert totals(of(HEADER, f"{ROW},,, ")) == ["10.00"]
    assert totals(of(f"{HEADER},,", f"{ROW},,")) == ["10.00"]
    assert of(HEADER, f"{ROW},x", ROW).codes == {2: ["ragged_long"], 3: ["invoice_has_rejected_row"]}


def test_short_rows_are_taken_only_if_it_is_set_and_nothing_needed_is_missing() -> None:
    accept = Rules(default_currency="USD", short_rows="accept")
    header = f"{HEADER},Line Memo,Department"
    assert of(header, f"{ROW},a,b", ROW).codes[3] == ["ragged_short"]
    assert totals(of(header, f"{ROW},a,b", ROW.replace("A-1", "A-2"), rules=accept)) == ["10.00", "10.00"]
    assert of(header, f"{ROW},a,b", SHORT, rules=accept).codes[3] == ["ragged_short"]


def test_a_thousand_ragged_rows_in_turn_are_too_many() -> None:
    assert refused(TOTAL_HEADER, f"{ROW},10.00", *[STRAY] * 1001).code == "ragged_row_unattributable"


def test_ragged_payments_reject_their_payment() -> None:
    result = of(PAYMENTS, "P-1,2026-06-01,V-1,A-1,10.00,USD", "P-1,2026-06-01,V-1", "P-2,2026-06-01,V-1,A-2,5,USD")
    assert result.codes == {2: ["invoice_has_rejected_row"], 3: ["ragged_short"]}
    assert [one["payment_id"] for one in result.payloads] == ["P-2"]
