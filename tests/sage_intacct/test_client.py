"""Signing in, sending once, looking: what goes over the wire and in which order."""

import re
import time
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.base import Call, Done, Ref, Response, Window
from connectors.errors import Denied, Malformed, Refused, SessionLost, Throttled, Unavailable
from connectors.sage_intacct import SYSTEM, Credentials
from connectors.sage_intacct.documents import Inline
from connectors.sage_intacct.query import Query

from .fakes import (
    DATA,
    ENDPOINT,
    GATEWAY,
    KNOWN_CUSTOMER,
    SESSION,
    Sessions,
    Wire,
    announced,
    answer,
    client,
    customer,
    done,
    invoice,
    journal,
    payment,
    played,
    rows,
    seen,
    signed_in,
)

INVOICE = {
    "RECORDNO": "4711",
    "RECORDID": "IN-1",
    "CUSTOMERID": "cus_Q1",
    "STATE": "Posted",
    "WHENCREATED": "01/15/2026",
    "TOTALENTERED": "100.1",
    "TOTALDUE": "100.1",
    "CURRENCY": "USD",
}
CUSTOMER = {"RECORDNO": "301", "CUSTOMERID": "cus_Q1", "NAME": "M", "STATUS": "active", "ONHOLD": "false"}


def frozen(control: str = "k") -> Call:
    return Call(control, "invoice", f'<function controlid="{control}"><create_invoice/></function>'.encode())


# --- signing in -------------------------------------------------------------------------------------------------------


def test_a_write_signs_in_first_then_announces_then_sends_once_to_the_endpoint_that_was_named() -> None:
    steps: list[str] = []

    def noted(step: str, play: Response) -> Any:
        def answered(_: bytes) -> Response:
            steps.append(step)
            return play

        return answered

    wire = Wire(noted("signed in", signed_in()), noted("sent", answer(done("k", "1"))))

    def announce() -> Window:
        steps.append("announced")
        return Window(0, 0)

    assert client(wire).send([frozen()], announce) == {"k": Done("1")}
    assert steps == ["signed in", "announced", "sent"]
    assert [(url, write) for url, _, write in wire.sent] == [(GATEWAY, False), (ENDPOINT, True)]


def test_writes_are_unique_and_reads_and_sign_ins_are_not() -> None:
    wire = Wire(signed_in(), answer(done("k", "1")), answer(rows("r1", "CLASS")))
    intacct = client(wire)
    intacct.send([frozen()], announced)
    intacct.rows([Query("CLASS", ("RECORDNO",))])
    assert [re.findall(rb"<uniqueid>(\w+)", body) for _, body, _ in wire.sent] == [[b"false"], [b"true"], [b"false"]]


def test_the_frozen_bytes_hold_no_secret_and_go_out_as_they_are() -> None:
    wire = Wire(signed_in(), answer(done("k:invoice", "1")))
    intacct = client(wire)
    call = intacct.render(invoice(), seen(KNOWN_CUSTOMER), None)
    intacct.send([call], announced)
    assert call.body in wire.sent[1][1]
    assert SESSION.encode() not in call.body
    assert b"Pw" not in call.body


def test_a_session_is_kept_for_the_next_process_and_renewed_before_it_ends() -> None:
    kept = Sessions()
    client(Wire(signed_in(), answer(done("k", "1"))), kept).send([frozen()], announced)
    again = Wire(answer(done("k", "1")))
    client(again, kept).send([frozen()], announced)
    assert [url for url, _, _ in again.sent] == [ENDPOINT]
    session = kept.kept["entity:"]
    assert 49 * 60 < session["until"] - time.time() <= 50 * 60
    kept.kept["entity:"] = {**session, "until": time.time() - 1}
    renewed = Wire(signed_in(), answer(done("k", "1")))
    client(renewed, kept).send([frozen()], announced)
    assert [url for url, _, _ in renewed.sent] == [GATEWAY, ENDPOINT]


def test_each_entity_has_a_session_of_its_own() -> None:
    kept = Sessions()
    wire = Wire(signed_in(), answer(rows("r1", "CLASS")), signed_in(), answer(rows("r1", "CLASS")))
    intacct = client(wire, kept)
    intacct.rows([Query("CLASS", ("RECORDNO",))])
    intacct.rows([Query("CLASS", ("RECORDNO",))], "E100")
    assert set(kept.kept) == {"entity:", "entity:E100"}
    assert b"<locationid>" not in wire.sent[0][1]
    assert b"<locationid>E100</locationid></login>" in wire.sent[2][1]


def test_a_session_ends_early_where_the_company_made_it_short() -> None:
    kept = Sessions()
    soon = signed_in().body.replace(b"2099-01-15T11:00:00", b"2026-01-15T09:10:00")
    wire = Wire(
        Response(200, {"date": "Thu, 15 Jan 2026 09:00:00 GMT"}, soon),
        answer(done("k", "1"), until="2099-01-01T00:00:00+00:00"),
    )
    intacct = client(wire, kept)
    intacct.sign_in()
    assert kept.kept["entity:"]["until"] - time.time() == pytest.approx(8 * 60, abs=5)
    intacct.send([frozen()], announced)
    assert kept.kept["entity:"]["until"] - time.time() == pytest.approx(50 * 60, abs=5)


def test_a_lost_session_on_a_write_comes_back_to_the_engine_and_is_forgotten() -> None:
    kept = Sessions()
    wire = Wire(signed_in(), played("err_auth_invalid_session.xml"))
    with pytest.raises(SessionLost) as lost:
        client(wire, kept).send([frozen()], announced)
    assert not lost.value.sent
    assert kept.kept == {}
    assert len(wire.sent) == 2


def test_a_lost_session_on_a_read_is_renewed_once() -> None:
    wire = Wire(signed_in(), played("err_auth_invalid_session.xml"), signed_in(), answer(rows("r1", "CLASS")))
    assert client(wire).rows([Query("CLASS", ("RECORDNO",))]) == [[]]
    wire = Wire(*[signed_in(), played("err_auth_invalid_session.xml")] * 2)
    with pytest.raises(SessionLost):
        client(wire).rows([Query("CLASS", ("RECORDNO",))])


def test_credentials_that_were_changed_sign_in_anew() -> None:
    kept = Sessions()
    wire = Wire(signed_in(), answer(done("k", "1")))
    client(wire, kept).send([frozen()], announced)
    kept.kept["entity:"]["owner"] = "OTHER|ml_connector|ml_sender|" + GATEWAY
    again = Wire(signed_in(), answer(done("k", "1")))
    client(again, kept).send([frozen()], announced)
    assert [url for url, _, _ in again.sent] == [GATEWAY, ENDPOINT]


def test_a_session_that_somebody_else_signed_in_meanwhile_is_kept() -> None:
    kept = Sessions()

    def meanwhile(_: bytes) -> Response:
        kept.kept["entity:"] = {**kept.kept["entity:"], "id": "new"}
        return played("err_auth_invalid_session.xml")

    with pytest.raises(SessionLost):
        client(Wire(signed_in(), meanwhile), kept).send([frozen()], announced)
    assert kept.kept["entity:"]["id"] == "new"


@pytest.mark.parametrize(
    "endpoint",
    ["https://evil.example/ia", "http://sandbox.intacct.com/ia", "https://a:b@x.intacct.com/", "https://xintacct.com/"],
)
def test_session_and_password_go_to_no_foreign_address(endpoint: str) -> None:
    body = signed_in().body.replace(ENDPOINT.encode(), endpoint.encode())
    with pytest.raises(Denied) as denied:
        client(Wire(Response(200, {}, body))).send([frozen()], announced)
    assert denied.value.code == "endpoint.foreign"


# --- sending ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [Unavailable("cut", sent=True), Unavailable("refused", sent=False)])
def test_a_write_is_never_sent_twice(error: Exception) -> None:
    wire = Wire(signed_in(), error)
    with pytest.raises(Unavailable) as raised:
        client(wire).send([frozen()], announced)
    assert raised.value is error
    assert len(wire.sent) == 2


def test_answers_belong_to_their_control_ids_in_any_order() -> None:
    wire = Wire(signed_in(), answer(done("b", "2"), done("c", "3"), done("a", "1"), done("c", "4")))
    found = client(wire).send([frozen("a"), frozen("b"), frozen("c"), frozen("d")], announced)
    assert found == {"a": Done("1"), "b": Done("2")}


# --- looking ----------------------------------------------------------------------------------------------------------


def looked(plays: list[Any], *documents: Any, **settings: Any) -> tuple[Any, Wire]:
    wire = Wire(signed_in(), *plays)
    return client(wire, **settings).look(documents), wire


def test_one_request_finds_many_documents_and_what_they_refer_to() -> None:
    one, two = payment(), payment(control="k2", number="inpay_2")
    row = {"RECORDNO": "8120", "DOCNUMBER": "inpay_1", "CUSTOMERID": "cus_Q1", "RECEIPTDATE": "01/15/2026"}
    plays = [
        answer(
            rows("r1", "ARPYMT", {**row, "STATE": "Complete", "TOTALENTERED": "100.1"}),
            rows("r2", "ARINVOICE", INVOICE),
        )
    ]
    (first, second), wire = looked(plays, one, two)
    assert first.hits[0].identity == one.identity()
    assert (first.hits[0].id, first.hits[0].state) == ("8120", "posted")
    assert second.hits == ()
    assert first.refs[one.to].due == Decimal("100.1")
    assert len(wire.sent) == 2
    asked = wire.sent[1][1]
    assert b"<in><field>DOCNUMBER</field><value>inpay_1</value><value>inpay_2</value></in>" in asked
    assert b"<in><field>RECORDID</field><value>IN-1</value></in>" in asked
    assert asked.count(b"<showprivate>true</showprivate>") == 2
    assert asked.count(b"<order><field>RECORDNO</field><ascending></ascending></order>") == 2


def test_only_what_is_exactly_equal_is_a_hit() -> None:
    others = [{**INVOICE, "RECORDID": "in-1"}, {**INVOICE, "CUSTOMERID": "cus_Q2"}, {**INVOICE, "RECORDID": "IN-1 x"}]
    ((look,), _) = looked([answer(rows("r1", "ARINVOICE", *others), rows("r2", "CUSTOMER", CUSTOMER))], invoice())
    assert look.hits == ()


def test_a_document_on_another_day_is_still_a_hit_for_the_engine_to_compare() -> None:
    moved = {**INVOICE, "WHENCREATED": "02/01/2026"}
    ((look,), _) = looked([answer(rows("r1", "ARINVOICE", moved), rows("r2", "CUSTOMER", CUSTOMER))], invoice())
    assert look.hits[0].identity.day == date(2026, 2, 1)
    assert look.hits[0].identity != invoice().identity()


@pytest.mark.parametrize(
    ("settings", "document", "equal"),
    [
        ({"multi_currency": True}, invoice(currency="USD"), True),
        ({"multi_currency": True}, invoice(currency="EUR"), False),
        ({"multi_currency": False}, invoice(), True),
        ({}, invoice(), True),
        ({}, invoice(currency="USD"), True),
        ({"multi_currency": True}, invoice(), False),
    ],
)
def test_currencies_are_compared_where_the_company_has_several(settings: Any, document: Any, equal: bool) -> None:
    plays = [answer(rows("r1", "ARINVOICE", INVOICE), rows("r2", "CUSTOMER", CUSTOMER))]
    ((look,), _) = looked(plays, document, **settings)
    assert (look.hits[0].identity == document.identity()) is equal


def test_a_journal_has_the_sum_of_its_debits() -> None:
    batch = {
        "RECORDNO": "7701",
        "REFERENCENO": "txn_1",
        "JOURNAL": "STR",
        "BATCH_DATE": "01/15/2026",
        "STATE": "Posted",
    }
    entries = [
        {"RECORDNO": "1", "BATCHNO": "7701", "TR_TYPE": "1", "TRX_AMOUNT": "4.65", "CURRENCY": "USD"},
        {"RECORDNO": "2", "BATCHNO": "7701", "TR_TYPE": "-1", "TRX_AMOUNT": "4.65", "CURRENCY": "USD"},
        {"RECORDNO": "3", "BATCHNO": "7702", "TR_TYPE": "1", "TRX_AMOUNT": "9", "CURRENCY": "USD"},
    ]
    ((look,), wire) = looked([answer(rows("r1", "GLBATCH", batch)), answer(rows("r1", "GLENTRY", *entries))], journal())
    assert look.hits[0].identity == journal().identity()
    assert len(wire.sent) == 3
    ((look,), wire) = looked([answer(rows("r1", "GLBATCH"))], journal())
    assert look.hits == ()
    assert len(wire.sent) == 2


def test_two_documents_for_one_reference_are_no_reference() -> None:
    both = [INVOICE, {**INVOICE, "RECORDNO": "4712"}]
    ((look,), _) = looked([answer(rows("r1", "ARPYMT"), rows("r2", "ARINVOICE", *both))], payment())
    with pytest.raises(Refused) as refused:
        client(Wire()).render(payment(), look, None)
    assert refused.value.code == "reference.ambiguous"


def test_a_reversed_document_makes_way_for_the_living_one_of_the_same_number() -> None:
    both = [{**INVOICE, "STATE": "Reversed"}, {**INVOICE, "RECORDNO": "4712"}]
    ((look,), _) = looked([answer(rows("r1", "ARPYMT"), rows("r2", "ARINVOICE", *both))], payment())
    assert look.refs[payment().to].id == "4712"


def test_lines_are_read_where_a_receipt_uses_a_negative_one() -> None:
    lines = [
        {"RECORDNO": "9002", "RECORDKEY": "4711", "LINE_NO": "2", "TRX_AMOUNT": "-40", "AMOUNT": "-40"},
        {"RECORDNO": "9001", "RECORDKEY": "4711", "LINE_NO": "1", "TRX_AMOUNT": "140.1", "AMOUNT": "140.1"},
    ]
    used = payment(inline=(Inline(line=2, amount=Decimal(40)),))
    plays = [
        answer(rows("r1", "ARPYMT"), rows("r2", "ARINVOICE", INVOICE)),
        answer(rows("r1", "ARINVOICEITEM", *lines)),
    ]
    ((look,), wire) = looked(plays, used)
    assert b"<INLINEENTRYKEY>9002</INLINEENTRYKEY>" in client(Wire()).render(used, look, None).body
    assert len(wire.sent) == 3


def test_a_customer_that_is_there_is_updated() -> None:
    ((look,), _) = looked([answer(rows("r1", "CUSTOMER", CUSTOMER))], customer())
    assert look.hits[0].identity == customer().identity()
    assert b"<update>" in client(Wire()).render(customer(), look, customer()).body


def test_nothing_to_look_for_asks_nothing() -> None:
    wire = Wire()
    assert client(wire).look([]) == []
    assert client(wire).read("invoice", []) == []


# --- pages ------------------------------------------------------------------------------------------------------------


def test_all_pages_are_followed_in_one_request_per_round() -> None:
    plays = [
        answer(
            rows("r1", "CLASS", {"RECORDNO": "1"}, {"RECORDNO": "2"}, left=1), rows("r2", "ITEM", {"RECORDNO": "7"})
        ),
        answer(rows("r1", "CLASS", {"RECORDNO": "3"}, offset=2)),
    ]
    wire = Wire(signed_in(), *plays)
    found = client(wire).rows([Query("CLASS", ("RECORDNO",)), Query("ITEM", ("RECORDNO",))])
    assert [[row["RECORDNO"] for row in part] for part in found] == [["1", "2", "3"], ["7"]]
    assert b"<offset>2</offset>" in wire.sent[2][1]


@pytest.mark.parametrize(
    "page",
    [
        rows("r1", "CLASS", {"RECORDNO": "1"}).replace('count="1"', 'count="2"', 1),
        rows("r1", "CLASS", {"RECORDNO": "1"}, left=3).replace('totalcount="4"', 'totalcount="9"'),
        rows("r1", "CLASS", left=3),
    ],
)
def test_a_page_that_lost_rows_is_no_page(page: str) -> None:
    with pytest.raises(Malformed):
        client(Wire(signed_in(), answer(page))).rows([Query("CLASS", ("RECORDNO",))])


def test_more_than_a_thousand_keys_go_in_parts() -> None:
    wire = Wire(signed_in(), answer(rows("r1", "CLASS"), rows("r2", "CLASS")))
    client(wire).rows([Query("CLASS", ("RECORDNO",), field="CLASSID", values=tuple(map(str, range(1500))))])
    assert [part.count(b"<value>") for part in wire.sent[1][1].split(b"<function")[1:]] == [1000, 500]


def test_a_field_that_the_company_lacks_is_left_out_from_then_on() -> None:
    refusal = (DATA / "responses" / "err_fn_field_not_queryable.xml").read_bytes()
    refusal = refusal.replace(b"ml:q:1", b"r1").replace(b"INVOICENO,DATEDUE", b"RECORD_URL")
    refusal = refusal.replace(b"2026-01-15T11:00", b"2099-01-15T11:00")
    wire = Wire(signed_in(), Response(200, {}, refusal), *[answer(rows("r1", "ARINVOICE", INVOICE))] * 2)
    intacct = client(wire)
    assert [bool(found) for _ in range(2) for found in intacct.read("invoice", ["4711"])] == [True, True]
    assert [b"RECORD_URL" in body for _, body, _ in wire.sent] == [False, True, False, False]


def test_a_look_that_failed_for_an_unknown_reason_condemns_no_document() -> None:
    refusal = (DATA / "responses" / "err_fn_closed_period.xml").read_bytes()
    with pytest.raises(Unavailable) as error:
        client(Wire(signed_in(), Response(200, {}, refusal.replace(b"ml:stripe:po_1:glbatch", b"r1")))).read(
            "customer", ["1"]
        )
    assert (error.value.code, error.value.sent) == ("intacct.read", False)


def test_without_names_all_optional_fields_are_left_out() -> None:
    refusal = (DATA / "responses" / "err_fn_field_not_queryable.xml").read_bytes()
    refusal = refusal.replace(b"ml:q:1", b"r1").replace(b": [ARINVOICE: [INVOICENO,DATEDUE] ]", b"")
    refusal = refusal.replace(b"2026-01-15T11:00", b"2099-01-15T11:00")
    wire = Wire(signed_in(), Response(200, {}, refusal), answer(rows("r1", "ARINVOICE", INVOICE)))
    assert client(wire).read("invoice", ["4711"])[0] is not None
    assert b"TRX_TOTALENTERED" in wire.sent[1][1]
    assert b"TRX_TOTALENTERED" not in wire.sent[2][1]


def test_a_required_field_that_is_lacking_stops_the_lane() -> None:
    refusal = (DATA / "responses" / "err_fn_field_not_queryable.xml").read_bytes().replace(b"ml:q:1", b"r1")
    with pytest.raises(Denied) as denied:
        client(Wire(*[signed_in(), Response(200, {}, refusal)] * 2)).read("invoice", ["4711"])
    assert denied.value.code == "intacct.fields"


def test_a_read_that_is_not_allowed_stops_the_lane() -> None:
    refusal = (DATA / "responses" / "err_fn_permission.xml").read_bytes().replace(b"ml:read:1", b"r1")
    with pytest.raises(Denied) as denied:
        client(Wire(signed_in(), Response(200, {}, refusal))).read("customer", ["301"])
    assert denied.value.code == "rights.missing"


def test_a_read_that_fails_for_now_may_be_repeated() -> None:
    refusal = (DATA / "responses" / "err_fn_temporary.xml").read_bytes().replace(b"ml:q:3", b"r1")
    with pytest.raises(Unavailable) as error:
        client(Wire(signed_in(), Response(200, {}, refusal))).read("customer", ["301"])
    assert not error.value.sent
    with pytest.raises(Throttled):
        client(Wire(signed_in(), played("err_gateway_gw0010_http429.xml", 429))).read("customer", ["301"])


@pytest.mark.parametrize("amount", ["NaN", "1e5", "Infinity", "1,000.00", "12 USD", "9" * 40])
def test_a_total_that_is_no_plain_number_is_not_read_as_one(amount: str) -> None:
    wire = Wire(signed_in(), answer(rows("r1", "ARINVOICE", {**INVOICE, "TOTALENTERED": amount})))
    with pytest.raises(Malformed):
        client(wire).read("invoice", ["4711"])


@pytest.mark.parametrize("day", ["2026-01-15", "13/01/2026", "02/30/2026", "1/15/26"])
def test_a_day_that_is_written_otherwise_is_not_guessed(day: str) -> None:
    wire = Wire(signed_in(), answer(rows("r1", "ARINVOICE", {**INVOICE, "WHENCREATED": day})))
    with pytest.raises(Malformed):
        client(wire).read("invoice", ["4711"])


def test_reading_keeps_the_order_and_the_gaps() -> None:
    two = [INVOICE, {**INVOICE, "RECORDNO": "12", "STATE": "Draft"}]
    found = client(Wire(signed_in(), answer(rows("r1", "ARINVOICE", *two)))).read("invoice", ["12", "13", "4711"])
    assert [hit and (hit.id, hit.state) for hit in found] == [("12", "draft"), None, ("4711", "posted")]


def test_finish_says_in_which_state_the_document_stands() -> None:
    submitted = {**INVOICE, "STATE": "Submitted"}
    wire = Wire(signed_in(), answer(rows("r1", "ARINVOICE", submitted)))
    assert client(wire).finish(invoice(), "4711") == Done("4711", "IN-1", "submitted")


# --- the system -------------------------------------------------------------------------------------------------------


def test_the_system_names_what_it_holds() -> None:
    receivable = {"customer", "invoice", "payment", "adjustment", "application", "advance", "other_receipt"}
    receivable |= {"invoice_reversal", "payment_reversal", "application_reversal"}
    payable = {"vendor", "bill", "vendor_credit", "bill_payment", "purchase_order"}
    payable |= {"bill_reversal", "bill_payment_void", "vendor_credit_reversal", "purchase_order_close"}
    assert set(SYSTEM.kinds) == receivable | payable | {"journal"}
    assert SYSTEM.limits.in_flight == 2
    assert "Pw" not in repr(Credentials("a", "senderPw", "c", "d", "userPw"))
    assert Ref("invoice", "IN-1", "cus_Q1") in payment().refs()
