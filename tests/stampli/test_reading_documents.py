"""Rows to documents: keys, agreement, totals, repeats, credits, status, payments."""

import json

import pytest

from connectors.stampli.files import Rules
from tests.stampli.samples import Read
from tests.stampli.writing import HEADER, of, totals

TOTAL = f"{HEADER},Invoice Total"
NUMBERED = f"{TOTAL},Line Number"
TAXED = f"{TOTAL},Tax Amount,Tax Code"
TYPED = f"{HEADER},Record Type,Invoice Total"
PAYMENTS = "Payment ID,Payment Date,Vendor ID,Invoice Number,Amount Paid,Currency,Payment Total,Status,Check Number"


def bill(amount: str, *more: str, number: str = "A-1", gl: str = "6000") -> str:
    return ",".join(["V-1", number, "2026-06-01", "USD", gl, amount, *more])


def paid(id: str, invoice: str, amount: str, total: str = "", status: str = "Paid", check: str = "") -> str:
    return f"{id},2026-06-20,V-1,{invoice},{amount},USD,{total},{status},{check}"


def one_code(result: Read) -> str:
    codes = {code for codes in result.codes.values() for code in codes}
    assert result.payloads == []
    assert len(codes) == 1
    return codes.pop()


# --- a document ------------------------------------------------------------------------------------------------------


def test_a_payload_is_plain_json_with_all_that_a_flow_needs() -> None:
    header = (
        f"{TOTAL},Entity,Vendor Name,Due Date,GL Posting Date,PO Number,Terms,Invoice Description,Stampli Invoice ID,"
        "Status,Invoice Link,Line Number,Line Memo,Department,Location,Project,Tax Code,Colour"
    )
    row = bill(
        "10.00,10.00,E1,Acme,2026-07-01,2026-06-02,PO-1,N30,Office,ST-1,Approved,https://s.example/1,1,Pens,100,US,P9,T,red"
    )
    result = of(header, row)
    made = result.payloads[0]
    assert json.loads(json.dumps(made)) == made
    assert made == {
        "class": "bill",
        "key": "bill/v-1/a-1",
        "vendor": {"id": "V-1", "name": "Acme"},
        "number": "A-1",
        "invoice_date": "2026-06-01",
        "due_date": "2026-07-01",
        "due_from": "file",
        "posting_date": "2026-06-02",
        "currency": "USD",
        "currency_from": "file",
        "total": "10.00",
        "total_from": "file",
        "entity": "E1",
        "po_number": "PO-1",
        "terms": "N30",
        "description": "Office",
        "record_type": "",
        "stampli_id": "ST-1",
        "status": "Approved",
        "link": "https://s.example/1",
        "tax": {"how": "none", "amount": ""},
        "lines": [
            {
                "rows": [2],
                "number": "1",
                "gl_account": "6000",
                "amount": "10.00",
                "description": "Pens",
                "dimensions": {"department": "100", "location": "US", "project": "P9"},
                "entity": "E1",
                "tax_amount": "",
                "tax_code": "T",
            }
        ],
        "signature": made["signature"],
        "rows": [2],
        "warnings": [],
    }
    told = result.documents["bill/v-1/a-1"]
    assert told.told
    assert (told.told.fact.stream, told.told.fact.key, told.told.fact.digest) == (
        "bill",
        "bill/v-1/a-1",
        made["signature"],
    )
    assert told.told.fact.happened_at.date().isoformat() == "2026-06-01"


def test_rows_of_a_document_need_not_stand_together() -> None:
    result = of(HEADER, bill("1"), bill("2", number="B"), bill("3"), bill("4", number="a-1 "))
    assert totals(result) == ["8.00", "2.00"]
    assert [one["rows"] for one in result.payloads] == [[2, 4, 5], [3]]


def test_numbers_that_look_alike_are_not_the_same() -> None:
    numbers = ["000771", "771", "INV 9001", "INV-9001", "INV9001", "a/b", "a~1b", "a~b"]
    result = of(HEADER, *(bill("1", number=number) for number in numbers))
    assert len({one["key"] for one in result.payloads}) == len(numbers)
    same = of(HEADER, *(bill("1", number=number) for number in ["Inv 1", "INV  1", "ＩＮＶ 1", "inv\u200b 1"]))
    assert len(same.payloads) == 1


@pytest.mark.parametrize("unseen", ["\u00ad", "\u200e", "\u200b \ufeff", "\u2003", "\u3000"])
def test_a_number_that_nobody_can_see_is_missing(unseen: str) -> None:
    result = of(HEADER, bill("1", number=unseen), bill("2", number=f"A{unseen}"), bill("3", number="A"))
    assert result.codes[2] == ["missing_value:invoice_number"]
    assert totals(result) == ["5.00"]


def test_long_names_have_keys_that_fit_and_stay_apart() -> None:
    result = of(HEADER, bill("1", number="x" * 300 + "a"), bill("1", number="x" * 300 + "b"))
    keys = {one["key"] for one in result.payloads}
    assert len(keys) == 2
    assert all(len(key) <= 200 for key in keys)


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("Due Date", ("2026-07-01", "2026-07-02")),
        ("GL Date", ("2026-07-01", "")),
        ("Terms", ("N30", "N60")),
        ("Entity", ("E1", "E2")),
        ("Stampli Invoice ID", ("ST-1", "ST-2")),
        ("Invoice Total", ("2.00", "3.00")),
        ("Invoice Total", ("2.00", "")),
    ],
)
def test_rows_that_do_not_agree_are_no_document(header: str, cells: tuple[str, str]) -> None:
    result = of(f"{HEADER},{header}", *(bill("1.00", cell) for cell in cells))
    assert one_code(result) == "header_conflict"


def test_agreement_is_by_value_and_not_by_how_it_is_written() -> None:
    header = f"{HEADER},Invoice Total,Due Date,Terms"
    result = of(header, bill("1", "2.00", "2026-07-01", "N 30"), bill("1", "2.000000", "1 Jul 2026", "n  30"))
    assert totals(result) == ["2.00"]


def test_texts_may_differ_and_the_first_is_used() -> None:
    result = of(f"{HEADER},PO Number,Invoice Description", bill("1", "P1", "a"), bill("1", "P2", "b"))
    made = result.payloads[0]
    assert (made["po_number"], made["description"]) == ("P1", "a")
    assert [one["code"] for one in made["warnings"]] == ["header_differs:po_number", "header_differs:description"]


def test_entities_may_be_of_lines_where_it_is_set() -> None:
    rules = Rules(default_currency="USD", entity_of="line", default_entity="TOP")
    made = of(f"{HEADER},Entity", bill("1", "E1"), bill("2", "E2"), rules=rules).payloads[0]
    assert ([line["entity"] for line in made["lines"]], made["entity"]) == (["E1", "E2"], "TOP")


def test_defaults_of_the_settings_are_told_as_such() -> None:
    rules = Rules(default_currency="EUR", default_entity="E9", missing_due_date="leave")
    header, row = HEADER.replace(",Currency", ""), bill("1").replace(",USD", "")
    made = of(header, row, rules=rules).payloads[0]
    assert (made["currency"], made["currency_from"], made["entity"]) == ("EUR", "default", "E9")
    assert (made["due_date"], made["due_from"]) == ("", "nothing")
    assert of(header, row).payloads[0]["due_date"] == "2026-06-01"
    terms = of(f"{HEADER},Terms", bill("1", "N30")).payloads[0]
    assert (terms["due_date"], terms["due_from"]) == ("", "terms")


def test_no_currency_at_all_is_missing() -> None:
    result = of(HEADER.replace(",Currency", ""), bill("1").replace(",USD", ""), rules=Rules())
    assert one_code(result) == "missing_value:currency"


def test_several_faults_of_a_row_are_all_told() -> None:
    result = of(HEADER, "V-1,,2026-13-01,ABC,,x")
    assert result.codes[2] == [
        "missing_value:invoice_number",
        "missing_value:gl_account",
        "currency_unknown",
        "amount_invalid",
        "date_invalid",
    ]
    assert all(fault.said for fault in result.rows[0].faults)


def test_rows_without_a_document_are_warned_of_where_no_total_proves_the_others() -> None:
    assert [one.code for one in of(HEADER, bill("1"), bill("1", number="")).survey.notes] == ["rows_without_document"]
    assert of(TOTAL, bill("1", "1"), bill("1", "1", number="")).survey.notes == ()


# --- totals, repeats, tax ---------------------------------------------------------------------------------------------


def test_the_tolerance_is_nothing() -> None:
    assert totals(of(TOTAL, bill("1.00", "3.00"), bill("2.00", "3.00"))) == ["3.00"]
    assert one_code(of(TOTAL, bill("1.00", "3.01"), bill("2.00", "3.01"))) == "total_mismatch"
    assert one_code(of(TOTAL, bill("1.00", "-1.00"))) == "total_mismatch"


@pytest.mark.parametrize(
    ("lines", "outcome"),
    [
        # amount, total, line number
        ([("5", "5", "1"), ("5", "5", "1")], "5.00"),
        ([("5", "10", "1"), ("5", "10", "1")], "line_number_repeated"),
        ([("5", "10", "1"), ("6", "10", "1")], "line_number_conflict"),
        ([("5", "5", "1"), ("5", "5", "01")], "line_number_conflict"),
        ([("5", "10", ""), ("5", "10", "")], "10.00"),
        ([("5", "5", ""), ("5", "5", "")], "5.00"),
        ([("5", "7", ""), ("5", "7", "")], "total_mismatch"),
        ([("5", "", "1"), ("5", "", "1")], "5.00"),
        ([("5", "", ""), ("5", "", "")], "10.00"),
        ([("5", "15", "1"), ("5", "15", "1"), ("5", "15", ""), ("5", "15", "")], "15.00"),
        ([("5", "10", "1"), ("5", "10", "1"), ("5", "10", ""), ("5", "10", "")], "10.00"),
        ([("5", "10", "1"), ("5", "10", "2")], "10.00"),
    ],
)
def test_repeated_rows_count_once_if_the_total_says_so(lines: list[tuple[str, str, str]], outcome: str) -> None:
    result = of(NUMBERED, *(bill(*line) for line in lines))
    if outcome[0].isdigit():
        assert totals(result) == [outcome]
    else:
        assert one_code(result) == outcome


def test_repeated_rows_are_told_and_kept_with_the_line_they_repeat() -> None:
    result = of(NUMBERED, bill("5", "5", "1"), bill("5", "5", "1"), bill("5", "5", "1"))
    assert result.codes == {3: ["duplicate_row"], 4: ["duplicate_row"]}
    assert result.payloads[0]["lines"][0]["rows"] == [2, 3, 4]


def test_identical_lines_without_any_proof_are_kept_and_warned_of() -> None:
    made = of(HEADER, bill("5"), bill("5")).payloads[0]
    assert [one["code"] for one in made["warnings"]] == ["identical_rows_kept"]


@pytest.mark.parametrize(
    ("lines", "how", "amount"),
    [
        # amount, total, tax, code
        ([("100", "100", "8", "T")], "inside", "8.00"),
        ([("100", "108", "8", "T")], "line", "8.00"),
        ([("60", "108", "5", "T"), ("40", "108", "3", "T")], "line", "8.00"),
        ([("60", "108", "8", "T"), ("40", "108", "8", "T")], "document", "8.00"),
        ([("60", "100", "8", "T"), ("40", "100", "8", "T")], "inside", "16.00"),
        ([("60", "100", "", ""), ("40", "100", "", "")], "none", ""),
        ([("60", "100", "0", ""), ("40", "100", "0", "")], "none", ""),
    ],
)
def test_tax_is_inside_or_beside_as_the_total_proves(lines: list[tuple[str, ...]], how: str, amount: str) -> None:
    made = of(TAXED, *(bill(*line) for line in lines)).payloads[0]
    assert made["tax"] == {"how": how, "amount": amount}


def test_tax_that_nothing_explains_is_refused() -> None:
    assert one_code(of(TAXED, bill("100", "107", "8", "T"))) == "total_mismatch"
    assert one_code(of(TAXED, bill("100", "", "8", "T"))) == "total_mismatch"


def test_zero_is_refused_or_passed_over() -> None:
    assert one_code(of(HEADER, bill("0.00"))) == "zero_total"
    assert one_code(of(HEADER, bill("5"), bill("-5"))) == "zero_total"
    skipped = of(HEADER, bill("0"), rules=Rules(default_currency="USD", zero_total="skip"))
    assert skipped.documents["bill/v-1/a-1"].notes == {2: "zero_total"}


# --- credits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["Credit Memo", "CREDIT", "credit_note", "Refund", "Vendor Credit", "DebitMemo"])
@pytest.mark.parametrize(("amount", "total"), [("10", "10"), ("-10", "-10"), ("-10", "10"), ("10", "-10"), ("10", "")])
def test_a_credit_is_negative_however_it_is_written(word: str, amount: str, total: str) -> None:
    made = of(TYPED, bill(amount, word, total)).payloads[0]
    assert (made["class"], made["total"], made["lines"][0]["amount"]) == ("credit", "-10.00", "-10.00")
    assert made["key"] == "credit/v-1/a-1"


@pytest.mark.parametrize(
    ("lines", "outcome"),
    [
        ([("100", "90"), ("-10", "90")], ["-100.00", "10.00"]),
        ([("-100", "90"), ("10", "90")], ["-100.00", "10.00"]),
        ([("100", "110"), ("-10", "110")], ["-100.00", "-10.00"]),
        ([("100", "70"), ("-10", "70")], "total_mismatch"),
        ([("100", ""), ("-10", "")], "credit_signs_mixed"),
    ],
)
def test_signs_in_a_credit_are_as_its_total_says(lines: list[tuple[str, str]], outcome: str | list[str]) -> None:
    result = of(TYPED, *(bill(amount, "Credit", total) for amount, total in lines))
    if isinstance(outcome, str):
        assert one_code(result) == outcome
    else:
        assert [line["amount"] for line in result.payloads[0]["lines"]] == outcome


def test_a_negative_sum_is_a_credit_whatever_its_type_says() -> None:
    made = of(TYPED, bill("-20", "Invoice", "-15"), bill("5", "Invoice", "-15")).payloads[0]
    assert (made["class"], made["key"], made["total"]) == ("credit", "credit/v-1/a-1", "-15.00")
    assert [line["amount"] for line in made["lines"]] == ["-20.00", "5.00"]


def test_bill_and_credit_of_one_number_are_two_documents() -> None:
    result = of(TYPED, bill("10", "Invoice", "10"), bill("4", "Credit", "4"))
    assert totals(result) == ["10.00", "-4.00"]


def test_a_kind_of_record_that_nobody_knows_is_refused_until_it_is_set() -> None:
    assert one_code(of(TYPED, bill("10", "Prepayment", "10"))) == "record_type_unknown"
    rules = Rules(default_currency="USD", bill_words="Pre-Payment, Deposit", credit_words="Gutschrift")
    result = of(TYPED, bill("10", "prepayment", "10"), bill("4", "GUTSCHRIFT", "4"), rules=rules)
    assert totals(result) == ["10.00", "-4.00"]


# --- status -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["Approved", "POSTED", "exported", "Synced", "Ready for Export", "ready_for_export"])
def test_invoices_of_these_statuses_go_on(word: str) -> None:
    assert totals(of(f"{HEADER},Status", bill("1", word))) == ["1.00"]


@pytest.mark.parametrize("word", ["Draft", "Pending", "", "Paid", "Rejected"])
def test_all_others_are_passed_over_and_told(word: str) -> None:
    result = of(f"{HEADER},Status", bill("1", word))
    assert (result.payloads, result.codes) == ([], {2: ["skipped_status"]})


@pytest.mark.parametrize("word", ["Void", "Voided", "Cancelled", "canceled", "Stopped", "Returned"])
def test_a_wish_to_void_is_a_fact_of_its_own(word: str) -> None:
    made = of(f"{HEADER},Status", bill("1", word)).payloads[0]
    assert (made["class"], made["of"], made["document"]) == ("void", "bill", "bill/v-1/a-1")
    assert made["key"] == "void/bill/v-1/a-1"
    assert made["signature"] != of(f"{HEADER},Status", bill("1", "Approved")).payloads[0]["signature"]


def test_rows_of_two_statuses_are_no_document() -> None:
    assert one_code(of(f"{HEADER},Status", bill("1", "Approved"), bill("2", "Draft"))) == "header_conflict"
    assert one_code(of(f"{HEADER},Status", bill("1", "Approved"), bill("2", "Void"))) == "header_conflict"


# --- payments ---------------------------------------------------------------------------------------------------------


def test_a_payment_of_several_bills_is_one_document() -> None:
    made = of(PAYMENTS, paid("P-1", "A", "10", "30", check="77"), paid("p-1", "B", "20", "30", check="77")).payloads[0]
    assert (made["payment_id"], made["key"], made["total"], made["reference"]) == ("P-1", "payment/p-1", "30.00", "77")
    assert [(line["bill"], line["amount"]) for line in made["lines"]] == [
        ("bill/v-1/a", "10.00"),
        ("bill/v-1/b", "20.00"),
    ]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([("P", "A", "-1", "")], "negative_payment"),
        ([("P", "A", "10", "9"), ("P", "B", "-1", "9")], "negative_payment"),
        ([("P", "A", "10", "11")], "total_mismatch"),
        ([("P", "A", "10", ""), ("P", "A", "10", "")], "total_mismatch"),
        ([("P", "A", "10", "10", "Paid", "1"), ("P", "B", "10", "10", "Paid", "2")], "header_conflict"),
        ([("P", "A", "0", "0")], "zero_total"),
    ],
)
def test_payments_that_cannot_be_right_are_refused(rows: list[tuple[str, ...]], code: str) -> None:
    assert one_code(of(PAYMENTS, *(paid(*row) for row in rows))) == code


def test_a_payment_row_that_is_there_twice_counts_as_its_total_says() -> None:
    assert totals(of(PAYMENTS, paid("P", "A", "10", "10"), paid("P", "A", "10", "10"))) == ["10.00"]
    assert totals(of(PAYMENTS, paid("P", "A", "10", "20"), paid("P", "A", "10", "20"))) == ["20.00"]


def test_payments_to_two_vendors_under_one_id_are_refused() -> None:
    rows = paid("P", "A", "10"), paid("P", "B", "10").replace("V-1", "V-2")
    assert one_code(of(PAYMENTS, *rows)) == "header_conflict"


def test_scheduled_payments_wait_and_voided_ones_are_told() -> None:
    result = of(PAYMENTS, paid("P", "A", "10", status="Scheduled"), paid("Q", "A", "10", status="Voided"))
    assert result.codes == {2: ["skipped_status"]}
    made = result.payloads[0]
    assert (made["class"], made["of"], made["document"]) == ("void", "payment", "payment/q")
