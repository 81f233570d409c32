"""Every recorded answer, read and classified: what was carried out, what was not, and what nobody can tell."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Call, Done, Response
from connectors.errors import ConnectorError, Denied, Malformed, Refused, SessionLost, Throttled, Unavailable
from connectors.sage_intacct import answers, said
from connectors.sage_intacct.answers import Said
from connectors.sage_intacct.markup import function

from .fakes import DATA, Wire, announced, client, played, signed_in


def send(name: str, *controls: str, status: int = 200, **headers: str) -> Any:
    """What a write that was answered so comes to: the error that was raised, or the answers by control."""
    wire = Wire(signed_in(), played(name, status, **headers))
    calls = [Call(control, "x", function(control, ("create", ""))) for control in controls or ("k",)]
    try:
        return client(wire).send(calls, announced)
    except ConnectorError as error:
        return error


# --- the whole request ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "status", "kind", "code", "sent"),
    [
        ("err_control_bad_sender.xml", 200, Denied, "sender.wrong", None),
        ("err_control_company_expired.xml", 200, Denied, "company.expired", None),
        ("err_control_parse.xml", 200, Refused, "intacct.schema", None),
        ("err_control_badchar.xml", 200, Refused, "intacct.schema", None),
        ("err_gateway_gw0010_http429.xml", 429, Throttled, "throttled", False),
        ("err_gateway_gw0010_http429.xml", 200, Throttled, "throttled", False),
        ("err_gateway_gw0011_http400.xml", 400, Refused, "intacct.request", None),
        ("err_http401_xmlgw.xml", 401, SessionLost, "session.lost", False),
        ("err_auth_invalid_session.xml", 200, SessionLost, "session.lost", False),
        ("err_auth_bad_login.xml", 200, SessionLost, "session.lost", False),
        ("err_auth_sender_not_authorised.xml", 200, Denied, "sender.not_authorised", None),
        ("http_503_edge.html", 503, Unavailable, "http.503", True),
        ("http_503_edge.html", 200, Unavailable, "answer.page", True),
        ("http_503_edge.html", 524, Unavailable, "http.524", True),
        ("http_503_edge.html", 429, Throttled, "throttled", False),
        ("http_503_edge.html", 498, SessionLost, "session.lost", False),
        ("http_503_edge.html", 403, Denied, "endpoint.refused", None),
        ("create_invoice_ok.xml", 500, Unavailable, "http.500", True),
        ("offline_ack.xml", 200, Malformed, "malformed", None),
    ],
)
def test_what_stands_above_the_functions(name: str, status: int, kind: type, code: str, sent: bool | None) -> None:
    error = send(name, status=status)
    assert (type(error), error.code, getattr(error, "sent", None)) == (kind, code, sent)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("err_auth_bad_login.xml", "credentials.wrong"),
        ("err_http401_xmlgw.xml", "credentials.wrong"),
        ("err_control_bad_sender.xml", "sender.wrong"),
        ("err_auth_sender_not_authorised.xml", "sender.not_authorised"),
        ("err_control_company_expired.xml", "company.expired"),
    ],
)
def test_a_sign_in_that_is_refused_stops_before_anything_is_announced(name: str, code: str) -> None:
    def never() -> Any:
        raise AssertionError("announced")

    with pytest.raises(Denied) as denied:
        client(Wire(played(name))).send([Call("k", "x", b"<function/>")], never)
    assert denied.value.code == code
    assert denied.value.cure


def test_a_pause_that_is_asked_for_is_kept() -> None:
    assert send("err_gateway_gw0010_http429.xml", status=429, **{"retry-after": "17"}).after == 17
    assert send("err_gateway_gw0010_http429.xml", status=429).after is None
    assert (said.retry_after({"retry-after": "Fri, 31 Dec 2100 23:59:59 GMT"}) or 0) > 1e9
    assert said.retry_after({"retry-after": "soon"}) is None


# --- functions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "control", "id"),
    [
        ("create_customer_ok.xml", "ml:stripe:cus_Q1:customer", "301"),
        ("update_customer_ok.xml", "ml:stripe:cus_Q1:customer-u2", "301"),
        ("create_invoice_ok.xml", "ml:stripe:in_A1:invoice", "4711"),
        ("create_arpymt_ok.xml", "ml:stripe:ch_1:arpymt", "8120"),
        ("create_glbatch_ok.xml", "ml:stripe:po_1:glbatch", "7701"),
        ("create_apbill_ok.xml", "ml:stampli:inv-5:apbill", "5501"),
        ("create_appymt_ok.xml", "ml:stampli:pay-88:appymt", "9033"),
        ("create_potransaction_ok.xml", "ml:stampli:po-9:potrx", "Purchase Order-PO-0031"),
        ("reverse_arpayment_ok.xml", "ml:stripe:ch_1:reverse", "8121"),
    ],
)
def test_a_success_names_the_document(name: str, control: str, id: str) -> None:
    assert send(name, control)[control].id == id


@pytest.mark.parametrize(
    ("name", "control", "cause", "code"),
    [
        ("err_fn_closed_period.xml", "ml:stripe:po_1:glbatch", "period", "period.closed"),
        ("err_fn_dimension_missing.xml", "ml:stripe:in_A1:invoice", "settings", "dimension.required"),
        ("err_fn_duplicate_docnumber.xml", "ml:stripe:in_A1:invoice", "duplicate", "duplicate.foreign"),
        ("err_fn_duplicate_id.xml", "ml:stripe:cus_Q1:customer", "duplicate", "duplicate.foreign"),
        ("err_fn_glaccount_duplicate.xml", "ml:gl:1", "duplicate", "duplicate.foreign"),
        ("err_fn_additionalinfo.xml", "ml:gl:1", "duplicate", "duplicate.foreign"),
        ("err_fn_overpay.xml", "ml:stripe:ch_1:arpymt", "decision", "amount.over_due"),
        ("err_fn_permission.xml", "ml:read:1", "settings", "rights.missing"),
        ("err_fn_wrong_key.xml", "ml:stripe:ch_1:arpymt", "settings", "reference.gone"),
        ("err_fn_freetext_errorno.xml", "ml:q:2", "data", "intacct.unknown"),
        ("sandbox_uniqueid_replay.xml", "ml:stripe:cus_Q1:customer", "duplicate", "duplicate.control"),
        ("create_partial_multi_object.xml", "ml:multi:1", "duplicate", "duplicate.foreign"),
        ("batch_aborted.xml", "ml:b1:f2", "settings", "value.invalid"),
        ("batch_mixed.xml", "ml:b:f2", "data", "field.required"),
    ],
)
def test_a_refused_function_says_who_acts(name: str, control: str, cause: str, code: str) -> None:
    refused = send(name, control)[control]
    assert (type(refused), refused.cause, refused.code) == (Refused, cause, code)
    assert refused.cure
    assert "Support ID" not in refused.said


def test_the_support_id_is_kept_and_no_longer_part_of_the_sentence() -> None:
    refused = send("err_fn_duplicate_docnumber.xml", "ml:stripe:in_A1:invoice")["ml:stripe:in_A1:invoice"]
    assert "A transaction with that number already exists Use a unique number." in refused.said
    assert "(support id sbx01~AbCd" in refused.said


def test_the_more_exact_number_is_shown() -> None:
    assert "BL01001973/GL-0493: " in send("err_fn_additionalinfo.xml", "ml:gl:1")["ml:gl:1"].said


def test_one_of_two_is_refused_and_the_other_stands() -> None:
    both = send("batch_mixed.xml", "ml:b:f1", "ml:b:f2")
    assert both["ml:b:f1"] == Done("302")
    assert isinstance(both["ml:b:f2"], Refused)


def test_what_was_rolled_back_for_another_one_may_go_again() -> None:
    aborted = send("batch_aborted.xml", "ml:b1:f1", "ml:b1:f2")["ml:b1:f1"]
    assert isinstance(aborted, Unavailable)
    assert not aborted.sent


def test_a_passing_trouble_of_theirs_leaves_a_write_unclear() -> None:
    assert send("err_fn_temporary.xml", "ml:q:3") == {}


def test_a_function_without_an_answer_is_unclear() -> None:
    assert send("create_invoice_ok.xml", "another") == {}


def test_a_success_without_a_key_is_unclear() -> None:
    assert send("delete_ok.xml", "ml:x:delete") == {}


def test_no_other_word_than_success_is_success() -> None:
    body = played("create_invoice_ok.xml").body.replace(
        b"<status>success</status>\n      <function>", b"<status>Success</status><function>"
    )
    wire = Wire(signed_in(), Response(200, {}, body))
    control = "ml:stripe:in_A1:invoice"
    assert client(wire).send([Call(control, "x", b"<function/>")], announced) == {}


@pytest.mark.parametrize(
    ("errors", "outcome"),
    [
        ([Said("BL01001973", "Could not create Document record!")], None),
        ([Said("BL01001973", "Could not create Document record!"), Said("XL03000009", "rolled back")], None),
        ([Said("", "API rate limit exceeded")], Throttled),
        ([Said("X", "Service is Temporarily Off-line")], None),
        ([], None),
        ([Said("BL01001973", "Could not create invoice record!")], Refused),
    ],
)
def test_words_that_tell_no_outcome(errors: list[Said], outcome: Any) -> None:
    found = said.of_write(errors)
    assert found is None if outcome is None else isinstance(found, outcome)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The period for the date 01/15/2026 is closed for entity E200.", "period.closed"),
        ("The Accounts Receivable period of 01/15/2026 is closed.", "period.closed"),
        ("The period is closed.", "period.closed"),
        ("Customer C-1 is inactive.", "party.blocked"),
        ("Customer C-1 is on hold.", "party.blocked"),
        ("Account 40000 is inactive.", "value.inactive"),
        ("Use of empty Location is invalid. Location ID is required.", "dimension.required"),
        ("The account 10210 is associated to the Bank account STRIPE.", "account.bank_linked"),
        ("Journal GJ does not allow direct posting.", "account.control"),
        ("Enable foreign-currency transactions to use another currency.", "currency.not_enabled"),
        ("The total debits and total credits of the transaction do not balance.", "source.inconsistent"),
        ("Smart Rule Foo Violated", "smart_rule"),
        ("Select a valid customer.", "value.invalid"),
        ("The moon is in the wrong house.", "intacct.unknown"),
    ],
)
def test_words_where_numbers_say_nothing(text: str, code: str) -> None:
    refused = said.of_write([Said("BL01001973", text), Said("BL01001973", "Could not create x record!")])
    assert isinstance(refused, Refused)
    assert refused.code == code


def test_advice_speaks_where_the_text_is_empty() -> None:
    refused = said.of_write([Said("BL01001973", "", correction="Use a date in an open period.")])
    assert refused is not None
    assert refused.code == "period.closed"


# --- bytes ------------------------------------------------------------------------------------------------------------

OK = (DATA / "responses" / "create_invoice_ok.xml").read_bytes()


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\n\n  ", b"\xef\xbb\xbf\r\n"])
def test_white_space_and_a_byte_order_mark_before_the_prolog_do_no_harm(before: bytes) -> None:
    assert answers.read(before + OK).results[0].key == "4711"


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (OK[: len(OK) // 2], Unavailable, "answer.half"),
        (b"", Unavailable, "answer.half"),
        (OK + b"<response></response>", Malformed, "malformed"),
        (OK + b"rubbish", Unavailable, "answer.half"),
        (b"<html><head><title>Maintenance</title></head></html>", Unavailable, "answer.page"),
        (b"<other/>", Malformed, "malformed"),
        (b"<?xml version='1.0'?><!DOCTYPE r [<!ENTITY a 'b'>]><response>&a;</response>", Malformed, "malformed"),
        (b"<response><control><status>maybe</status></control></response>", Malformed, "malformed"),
        (b"{}", Unavailable, "answer.half"),
    ],
)
def test_what_is_no_answer_leaves_a_write_unclear(body: bytes, kind: type, code: str) -> None:
    wire = Wire(signed_in(), Response(200, {}, body))
    with pytest.raises(kind) as error:
        client(wire).send([Call("k", "x", b"<function/>")], announced)
    assert getattr(error.value, "code", "") == code
    assert getattr(error.value, "sent", True) is True


@given(cut=st.integers(0, len(OK) - 12), status=st.sampled_from([200, 500, 502]))
def test_no_part_of_an_answer_is_taken_for_the_whole(cut: int, status: int) -> None:
    wire = Wire(signed_in(), Response(status, {}, OK[:cut]))
    with pytest.raises((Unavailable, Malformed)) as error:
        client(wire).send([Call("k", "x", b"<function/>")], announced)
    assert getattr(error.value, "sent", True) is True


@given(st.binary(max_size=300))
def test_any_bytes_are_an_unclear_end_and_no_crash(body: bytes) -> None:
    with pytest.raises((Unavailable, Malformed)):
        answers.read(body)


def test_an_answer_above_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "LIMIT", 10)
    with pytest.raises(Malformed):
        answers.read(OK)


@pytest.mark.parametrize("name", sorted(f.name for f in (DATA / "responses").glob("*.xml")))
def test_every_recorded_answer_is_read(name: str) -> None:
    answer = answers.read((DATA / "responses" / name).read_bytes())
    assert answer.control in ("success", "failure")


def test_the_rows_of_a_query_are_read_with_one_row_or_many() -> None:
    first, last = (answers.read((DATA / "responses" / f"query_page_{n}.xml").read_bytes()) for n in ("1", "last"))
    assert [row["NAME"] for row in first.results[0].rows] == ["Müller & Söhne", "Batch One"]
    assert [row["NAME"] for row in last.results[0].rows] == ["Batch Two"]
    assert (first.results[0].remaining, last.results[0].remaining) == (1, 0)
