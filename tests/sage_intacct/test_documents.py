"""How documents are written: schema, characters, money, and what is refused before it leaves."""

import dataclasses
import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from connectors.base import Document, Look, Ref
from connectors.errors import NotYet, Refused
from connectors.sage_intacct.documents import LENGTHS, Address, Fit, Inline, Line
from connectors.sage_intacct.markup import Login, Sender, clean, envelope, function, money, written

from .content_model import faults
from .fakes import (
    CREDENTIALS,
    DATA,
    KNOWN_CUSTOMER,
    OPEN_INVOICE,
    adjustment,
    customer,
    invoice,
    journal,
    line,
    payment,
    seen,
    there,
)

LONG = Fit(dict.fromkeys(LENGTHS, 100_000))


def body(document: Any, look: Look | None = None, before: Document | None = None, fit: Fit = LONG) -> Any:
    look = look or seen(KNOWN_CUSTOMER, OPEN_INVOICE)
    return etree.fromstring(function(document.control, document.node(look, before, fit)))


def whole(document: Any) -> Any:
    frozen = function(document.control, document.node(seen(KNOWN_CUSTOMER, OPEN_INVOICE), None, LONG))
    return etree.fromstring(envelope(Sender("s", "p"), "session", [frozen], control="c", unique=True, detailed=True))


def texts(element: Any) -> dict[str, str]:
    return {re.sub(r"^.*/", "", child.tag): child.text or "" for child in element.iter() if not len(child)}


# --- the schema -------------------------------------------------------------------------------------------------------

FULL_LINE = line(
    memo="m",
    location="E100",
    department="FIN",
    class_="C",
    item="I",
    project="P",
    customer="cus_Q1",
    vendor="V",
    dimensions=(("GLDIMREGION", "7"),),
)
FULL = [
    customer(
        email="a@b.example",
        phone="1",
        address=Address(line1="x", city="Wien", country="Austria", country_code="AT"),
        currency="EUR",
        term="Net 30",
        comments="Stripe cus_Q1",
        custom=(("ML_KEY", "1"),),
    ),
    invoice(
        lines=(FULL_LINE, line("2", label="Usage", account="")),
        posted=date(2026, 2, 1),
        description="d",
        external="in_1",
        reference="PO",
        term="Net 30",
        currency="EUR",
        base_currency="USD",
        summary="12",
        draft=True,
        custom=(("ML_KEY", "1"),),
    ),
    invoice(),
    adjustment(
        posted=date(2026, 2, 1),
        invoice="IN-1",
        description="d",
        external="cn_1",
        currency="EUR",
        rate_type="Corporate",
        summary="12",
        draft=True,
    ),
    adjustment(),
    payment(
        excess=Decimal("52.33"),
        excess_location="E100",
        excess_department="FIN",
        currency="EUR",
        settled=Decimal("109.31"),
        draft=True,
        description="d",
    ),
    journal(currency="EUR", base_location="E100", draft=True, custom=(("ML_KEY", "1"),)),
]


@pytest.mark.parametrize("document", FULL, ids=lambda d: d.kind)
def test_every_document_keeps_the_published_order(document: Any) -> None:
    assert faults(whole(document)) == []


def test_the_reading_of_the_schema_agrees_with_what_other_clients_send() -> None:
    wrong = {f.stem for f in (DATA / "requests").glob("*.xml") if faults(etree.parse(f).getroot())}
    assert wrong == {"create_invoice_draft_in_batch"}


def test_the_reading_of_the_schema_sees_a_wrong_order() -> None:
    request = whole(invoice())
    call = request.find(".//create_invoice")
    call.append(call[0])
    assert faults(request)


def test_an_envelope_carries_the_frozen_bytes_as_they_are() -> None:
    frozen = function("k:1 & \"2'", ("create", [("CUSTOMER", [("NAME", "Ä & <b>")])]))
    sent = envelope(Sender("s", "p"), Login("u", "c", "p", "E100"), [frozen, frozen], control="x", unique=False)
    assert sent.count(frozen) == 2
    assert faults(etree.fromstring(sent)) == []
    assert etree.fromstring(sent).xpath("string(.//function/@controlid)") == "k:1 & \"2'"


def test_passwords_go_out_as_they_were_typed() -> None:
    sent = etree.fromstring(envelope(Sender("s", CREDENTIALS.sender_password), "id", [], control="x", unique=False))
    assert sent.findtext("control/password") == CREDENTIALS.sender_password


# --- characters -------------------------------------------------------------------------------------------------------

hostile = st.text(
    st.one_of(
        st.characters(),  # surrogates and control characters included
        st.sampled_from("\x00\x07\x0b\x1b\r\n\t\x7f\x85\u2028\ufffe\uffff\ud800\udfff😀&<>\"']é"),
    ),
    max_size=60,
)
HUGE = "😀&<\x00é" * 1000


def with_texts(document: Any, text: str) -> Any:
    """The document with this text in every field that is free text."""
    free = {"name", "print_as", "email", "phone", "comments", "description", "external", "reference", "term", "title"}
    changes: dict[str, Any] = {f.name: text for f in dataclasses.fields(document) if f.name in free}
    if "lines" in {f.name for f in dataclasses.fields(document)}:
        changes["lines"] = tuple(dataclasses.replace(row, memo=text, document=text) for row in document.lines)
    if "address" in {f.name for f in dataclasses.fields(document)}:
        changes["address"] = Address(line1=text, city=text, zip=text, country=text)
    return dataclasses.replace(document, **changes)


@pytest.mark.parametrize("document", [d for d in FULL if d.kind != "customer"], ids=lambda d: d.kind)
@given(text=hostile)
def test_any_text_gives_well_formed_valid_xml(document: Any, text: str) -> None:
    assert faults(whole(with_texts(document, text))) == []


@given(text=hostile)
def test_any_text_in_a_customer_arrives_cleaned_or_is_refused(text: str) -> None:
    document = with_texts(customer(), text)
    if name := " ".join(clean(text).split()):
        assert texts(whole(document))["NAME"] == name
        assert faults(whole(document)) == []
        return
    with pytest.raises(Refused) as refused:
        whole(document)
    assert refused.value.code == "party.nameless"


@pytest.mark.parametrize("document", FULL, ids=lambda d: d.kind)
def test_four_thousand_characters_are_refused_by_length_or_arrive_whole(document: Any) -> None:
    assert faults(whole(with_texts(document, HUGE))) == []
    with pytest.raises(Refused) as refused:
        body(with_texts(document, HUGE), fit=Fit())
    assert refused.value.code == "text.too_long"


def test_text_is_cleaned_as_xml_and_people_need_it() -> None:
    assert clean("a\x00\x07b\ud800c\ufffe\r\nd\re\tf") == "abc\nd\ne\tf"
    assert clean("e\u0301") == "é"


@pytest.mark.parametrize("key", ["", " IN-1", "IN\n1", "IN\x001", "IN  1", "e\u0301"])
def test_a_key_that_would_not_arrive_as_it_is_is_refused(key: str) -> None:
    with pytest.raises(Refused) as refused:
        body(invoice(number=key))
    assert refused.value.code == "number.characters"


def test_a_name_of_a_field_cannot_smuggle_elements() -> None:
    with pytest.raises(Refused):
        written(("A><B", "x"))


# --- money ------------------------------------------------------------------------------------------------------------


@given(st.integers(-(10**30), 10**30))
def test_money_is_written_exactly(cents: int) -> None:
    assert Decimal(money(Decimal(cents).scaleb(-2) if abs(cents) < 10**27 else Decimal(cents // 100))) is not None
    assert money(Decimal(f"{cents}E-2")) == f"{'-' * (cents < 0)}{abs(cents) // 100}.{abs(cents) % 100:02}"


@pytest.mark.parametrize("amount", ["0.001", "1.005", "-0.0000001", "NaN", "Infinity"])
def test_a_third_decimal_blocks_and_is_never_rounded(amount: str) -> None:
    with pytest.raises(Refused) as refused:
        invoice(lines=(Line(account="4", amount=Decimal(amount)),))
    assert (refused.value.code, refused.value.field) == ("amount.precision", "lines[1].amount")


def test_a_third_decimal_of_zero_is_fine() -> None:
    assert money(Decimal("5.120")) == "5.12"
    assert money(Decimal(12000)) == "12000.00"


@pytest.mark.parametrize("amount", [1.5, 1, "1.50"])
def test_money_is_decimal_and_nothing_else(amount: Any) -> None:
    with pytest.raises(TypeError):
        money(amount)


# --- customer ---------------------------------------------------------------------------------------------------------


def test_a_customer_is_created_without_a_contact_name_and_with_print_as() -> None:
    found = texts(body(customer(term="Net 30"), Look(())))
    assert found | {"PRINTAS": "Müller & Söhne", "TERMNAME": "Net 30", "STATUS": "active"} == found
    assert "CONTACTNAME" not in found


def test_an_update_sends_what_the_source_changed_and_clears_what_it_cleared() -> None:
    before = customer(email="old@x.example", phone="1", term="Net 30", address=Address(city="Wien", zip="1010"))
    after = customer(phone="1", term="Net 60", address=Address(city="Graz", zip="1010"))
    call = body(after, seen(hits=(there("customer", "cus_Q1"),)), before)
    assert call[0].tag == "update"
    assert texts(call) == {"CUSTOMERID": "cus_Q1", "EMAIL1": "", "CITY": "Graz"}


def test_a_customer_that_a_person_linked_is_never_created() -> None:
    with pytest.raises(Refused) as error:
        body(customer(linked=True), Look(()))
    assert (error.value.code, error.value.cause) == ("party.missing", "settings")


# --- invoice ----------------------------------------------------------------------------------------------------------


def test_the_posting_date_is_sent_only_where_it_differs() -> None:
    assert body(invoice(posted=date(2026, 1, 15))).find(".//dateposted") is None
    assert body(invoice(posted=date(2026, 2, 1))).find(".//dateposted/month").text == "02"


def test_the_currency_block_asks_for_their_daily_rate_and_brings_none_of_ours() -> None:
    call = body(invoice(currency="EUR"))
    assert call.find(".//exchratetype").text is None
    assert call.find(".//exchrate") is None
    assert body(invoice()).find(".//currency") is None


def test_an_invoice_waits_for_its_customer() -> None:
    with pytest.raises(NotYet) as waits:
        body(invoice(), seen((Ref("customer", "cus_Q1"), None)))
    assert (waits.value.code, waits.value.key) == ("dependency.customer", "cus_Q1")


@pytest.mark.parametrize("raw", [{"STATUS": "inactive"}, {"STATUS": "F"}, {"ONHOLD": "true"}, {"ONHOLD": "T"}])
def test_an_invoice_blocks_while_its_customer_is_blocked(raw: dict[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        body(invoice(), seen((Ref("customer", "cus_Q1"), there("customer", "cus_Q1", raw=raw))))
    assert (refused.value.cause, refused.value.code) == ("settings", "party.blocked")


def test_a_line_without_an_account_blocks() -> None:
    with pytest.raises(Refused) as refused:
        invoice(lines=(Line(amount=Decimal(1)),))
    assert refused.value.code == "unmapped.account"


# --- payment ----------------------------------------------------------------------------------------------------------


def test_a_receipt_pays_its_invoice_and_keeps_the_excess_as_credit() -> None:
    call = body(payment(excess=Decimal("52.33"), excess_location="E100"))
    found = texts(call)
    assert found["RECORDKEY"] == "4711"
    assert found["TRX_PAYMENTAMOUNT"] == "100.10"
    assert (found["OVERPAYMENTAMOUNT"], found["OVERPAYMENTLOCATIONID"]) == ("52.33", "E100")
    assert found["RECEIPTDATE"] == found["PAYMENTDATE"] == "01/15/2026"
    assert payment(excess=Decimal("52.33")).identity().amount == Decimal("152.43")


def test_a_receipt_of_an_invoice_that_is_not_there_waits() -> None:
    with pytest.raises(NotYet) as waits:
        body(payment(), Look(()))
    assert waits.value.code == "dependency.invoice"


def test_a_receipt_of_an_invoice_that_is_still_a_draft_waits() -> None:
    draft = there("invoice", "IN-1", "cus_Q1", state="submitted")
    with pytest.raises(NotYet):
        body(payment(), seen((OPEN_INVOICE[0], draft)))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"due": "100.09"}, "amount.over_due"),
        ({"state": "reversed"}, "reference.gone"),
        ({"currency": "GBP"}, "currency.mismatch"),
        ({"state": "there more than once", "id": ""}, "reference.ambiguous"),
    ],
)
def test_a_receipt_that_does_not_fit_its_invoice_is_decided_by_a_person(change: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as refused:
        body(payment(currency="EUR"), seen((OPEN_INVOICE[0], there("invoice", "IN-1", "cus_Q1", **change))))
    assert (refused.value.cause, refused.value.code) == ("decision", code)


def test_a_receipt_of_a_debit_memo_names_it_so() -> None:
    memo = Ref("adjustment", "IN-1-WR", "cus_Q1")
    found = texts(body(payment(to=memo), seen((memo, there("adjustment", "IN-1-WR", "cus_Q1")))))
    assert found["POSADJKEY"] == "4711"
    assert "RECORDKEY" not in found


def test_the_first_receipt_uses_up_the_negative_lines() -> None:
    raw = {"LINES.2.RECORDNO": "9002", "LINES.2.AMOUNT": "-40", "LINES.3.RECORDNO": "9003", "LINES.3.AMOUNT": "-3.30"}
    used = (Inline(line=2, amount=Decimal(40)), Inline(line=3, amount=Decimal("3.30")))
    call = body(payment(inline=used), seen((OPEN_INVOICE[0], there("invoice", "IN-1", "cus_Q1", raw=raw))))
    first, second = call.findall(".//ARPYMTDETAIL")
    assert [child.tag for child in first] == [
        "RECORDKEY",
        "TRX_PAYMENTAMOUNT",
        "INLINEKEY",
        "INLINEENTRYKEY",
        "TRX_INLINEAMOUNT",
    ]
    assert texts(second) == {
        "RECORDKEY": "4711",
        "INLINEKEY": "4711",
        "INLINEENTRYKEY": "9003",
        "TRX_INLINEAMOUNT": "3.30",
    }


def test_a_negative_line_that_is_not_there_is_decided_by_a_person() -> None:
    with pytest.raises(Refused) as refused:
        body(payment(inline=(Inline(line=2, amount=Decimal(40)),)))
    assert refused.value.code == "inline.missing"


@pytest.mark.parametrize("accounts", [{"account": ""}, {"undeposited": "10990"}])
def test_a_receipt_goes_to_exactly_one_account(accounts: dict[str, str]) -> None:
    with pytest.raises(Refused):
        payment(**accounts)


@pytest.mark.parametrize("method", ["Printed Check", "Online Charge Card", "Online ACH Debit", "ACH", ""])
def test_no_method_that_would_move_money_again(method: str) -> None:
    with pytest.raises(Refused) as refused:
        payment(method=method)
    assert refused.value.code == "payment_method.forbidden"


def test_what_arrived_in_another_currency_is_sent_beside_what_was_paid() -> None:
    found = texts(body(payment(currency="EUR", settled=Decimal("109.31"))))
    assert (found["AMOUNTTOPAY"], found["TRX_AMOUNTTOPAY"], found["CURRENCY"]) == ("109.31", "100.10", "EUR")


# --- adjustment and journal -------------------------------------------------------------------------------------------


def test_an_adjustment_does_not_mix_signs() -> None:
    with pytest.raises(Refused):
        adjustment(lines=(line("-1"), line("1")))


def test_a_journal_line_has_no_sign_but_a_side() -> None:
    entries = body(journal()).findall(".//GLENTRY")
    assert [(e.find("TR_TYPE").text, e.find("TRX_AMOUNT").text) for e in entries] == [("1", "4.65"), ("-1", "4.65")]
    assert journal().identity().amount == Decimal("4.65")


def test_a_journal_balances_in_each_entity() -> None:
    across = (line("5", entity="E100", location="E100"), line("-5", entity="E200", location="E200"))
    with pytest.raises(Refused) as refused:
        journal(lines=across)
    assert refused.value.code == "source.inconsistent"
    assert journal(lines=across, base_location="E100").lines == across


def test_currency_stands_on_every_line_of_a_journal() -> None:
    entries = body(journal(currency="EUR")).findall(".//GLENTRY")
    assert [e.find("CURRENCY").text for e in entries] == ["EUR", "EUR"]
    assert body(journal()).find(".//CURRENCY") is None
