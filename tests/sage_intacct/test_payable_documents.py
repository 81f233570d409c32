"""How documents of the payable side are written: schema, golden bytes, characters, and what is refused before it
leaves."""

import dataclasses
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from connectors.errors import NotYet, Refused
from connectors.sage_intacct.documents import LENGTHS, Address, Fit, VendorCredit
from connectors.sage_intacct.markup import Sender, envelope, function

from .content_model import faults
from .fakes import DATA, line, seen
from .payables import (
    KNOWN,
    VENDOR_ID,
    bill,
    bill_payment,
    bill_reversal,
    cost,
    credit,
    credit_taken_back,
    look,
    open_bill,
    order,
    order_close,
    ordered,
    paid,
    vendor,
    void,
)

LONG = Fit(dict.fromkeys(LENGTHS, 100_000))
CODED = cost(
    class_="C", item="I", project="P", customer="C-1", vendor="V", employee="E-1", dimensions=(("GLDIMREGION", "7"),)
)
FOREIGN = {"currency": "EUR", "base_currency": "USD", "rate_type": "Corporate"}
POSTED = {"posted": date(2026, 2, 1), "description": "d"}
INSTEAD = VendorCredit(
    control="c", number="PA-2026-17-V", vendor=VENDOR_ID, day=date(2026, 1, 20), lines=(cost("-250.75"),)
)


def node(document: Any, shown: Any = None) -> Any:
    return document.node(shown or look(), None, LONG)


def whole(document: Any, shown: Any = None) -> Any:
    frozen = function(document.control, node(document, shown))
    return etree.fromstring(envelope(Sender("s", "p"), "session", [frozen], control="c", unique=True, detailed=True))


def body(document: Any, shown: Any = None) -> Any:
    return whole(document, shown).find(".//function")[0]


def texts(element: Any) -> dict[str, str]:
    return {child.tag: child.text or "" for child in element.iter() if not len(child)}


# --- the schema -------------------------------------------------------------------------------------------------------

FULL = [
    vendor(
        email="a@b.example",
        phone="1",
        first_name="Ada",
        last_name="Byron",
        address=Address(line1="x", city="Wien", country="Austria", country_code="AT"),
        currency="EUR",
        term="Net 30",
        comments="c",
        payment_blocked=True,
        custom=(("ML_KEY", "1"),),
    ),
    bill(
        lines=(CODED, line("2", label="Supplies", account="")),
        reference="PO-12",
        term="Net 30",
        summary="Bills",
        on_hold=True,
        draft=True,
        custom=(("ML_KEY", "1"),),
        **POSTED,
        **FOREIGN,
    ),
    bill(),
    credit(
        lines=(cost("-1", dimensions=(("GLDIMREGION", "7"),)),),
        bill="PA-2026-17",
        external="cm_1",
        summary="12",
        draft=True,
        custom=(("ML_KEY", "1"),),
        **POSTED,
        **FOREIGN,
    ),
    credit(),
    credit_taken_back(),
    bill_payment(description="d", draft=True, custom=(("ML_KEY", "1"),)),
    bill_reversal(description="d"),
    void(),
    order(
        lines=(ordered(department="OPS", warehouse="WH1", project="P", class_="C", customer="C-1", employee="E-1"),),
        posted=date(2026, 2, 1),
        due=date(2026, 2, 4),
        term="Net 30",
        vendor_reference="Q-31",
        message="m",
        external="po_1",
        custom=(("ML_KEY", "1"),),
        **FOREIGN,
    ),
    order(document_number=False),
    order_close(),
]


@pytest.mark.parametrize("document", FULL, ids=lambda d: d.kind)
def test_every_document_keeps_the_published_order(document: Any) -> None:
    assert faults(whole(document)) == []


# --- golden: as the vendor's own client software writes the same ------------------------------------------------------


def sent_by_others(name: str) -> Any:
    call = etree.parse(DATA / "requests" / f"{name}.xml").find(".//function")
    assert call is not None
    return call[0]


def flat(element: Any) -> dict[str, str]:
    """Paths and texts; empty elements left out, numbers and days in one form."""
    found = {}
    for child in element.iter():
        if len(child) or not (child.text or "").strip():
            continue
        path = "/".join([*(p.tag for p in reversed(list(child.iterancestors())) if p.tag.upper() == p.tag), child.tag])
        found[path] = _form(child.text.strip())
    return found


def _form(text: str) -> str:
    try:
        return str(Decimal(text).normalize())
    except ArithmeticError:
        return text


def test_a_bill_is_written_as_others_write_it() -> None:
    ours = bill(
        posted=date(2026, 1, 11),
        reference="PO-12",
        description="Stampli 5",
        term="Net 30",
        **{**FOREIGN, "currency": "USD"},
    )
    mine, theirs = flat(body(ours)), flat(sent_by_others("custom_create_apbill"))
    added = {"APBILL/ACTION", "APBILL/EXCH_RATE_DATE", "APBILL/EXCH_RATE_TYPE_ID"}
    assert set(mine) - set(theirs) == added
    assert {k: v for k, v in mine.items() if k not in added} == {**theirs, "APBILL/WHENPOSTED": "01/11/2026"}


def test_a_vendor_credit_is_written_as_others_write_it() -> None:
    ours = credit(bill="PA-2026-17", description="vendor credit", day=date(2026, 1, 18))
    ours = dataclasses.replace(ours, lines=(cost("-50.00", memo="credit", department=""),))
    assert flat(body(ours)) == flat(sent_by_others("create_apadjustment_vendor_credit"))


def test_a_vendor_payment_is_written_as_others_write_it() -> None:
    ours = flat(body(bill_payment(description="Stampli payment 88")))
    theirs = flat(sent_by_others("create_appymt"))
    assert {**ours, "APPYMT/CURRENCY": "USD"} == {**theirs, "APPYMT/ACTION": "Submit"}


def test_a_vendor_is_written_as_others_write_it() -> None:
    ours = vendor(
        name="Papier AG",
        email="ap@papier.example",
        address=Address(line1="Hafen 3", city="Basel", zip="4051", country="Switzerland"),
        term="Net 30",
    )
    theirs = flat(sent_by_others("create_vendor"))
    unsaid = {"VENDOR/PAYMETHODKEY", "VENDOR/DISPLAYCONTACT/COMPANYNAME"}
    assert flat(body(ours)) == {k: v for k, v in theirs.items() if k not in unsaid}


def test_a_purchase_order_is_written_as_others_write_it() -> None:
    ours = order(
        number="REQ-4",
        document_number=False,
        day=date(2026, 1, 5),
        due=date(2026, 2, 4),
        term="Net 30",
        vendor_reference="Q-31",
        lines=(ordered("10", "4.50", department="OPS"),),
    )
    mine, theirs = flat(body(ours)), flat(sent_by_others("create_potransaction"))
    assert mine == theirs
    assert [child.tag for child in body(ours)] == [child.tag for child in sent_by_others("create_potransaction")]


# --- what is said of each ---------------------------------------------------------------------------------------------


def test_a_bill_says_that_it_is_to_be_posted_and_its_posting_date_only_where_it_differs() -> None:
    assert texts(body(bill()))["ACTION"] == "Submit"
    assert texts(body(bill(draft=True)))["ACTION"] == "Draft"
    assert "WHENPOSTED" not in texts(body(bill(posted=date(2026, 1, 10))))
    assert texts(body(bill(posted=date(2026, 2, 1))))["WHENPOSTED"] == "02/01/2026"


def test_the_currency_block_asks_for_their_daily_rate_and_brings_none_of_ours() -> None:
    found = texts(body(bill(currency="EUR", base_currency="USD")))
    assert (found["CURRENCY"], found["BASECURR"], found["EXCH_RATE_TYPE_ID"]) == ("EUR", "USD", "")
    assert "EXCHANGE_RATE" not in found
    assert "CURRENCY" not in texts(body(bill()))


def test_a_payment_is_recorded_and_never_made() -> None:
    found = texts(body(bill_payment()))
    assert (found["PAYMENTMETHOD"], found["FINANCIALENTITY"], found["RECORDKEY"]) == ("EFT", "BOA-OPER", "5501")
    assert (found["PAYMENTDATE"], found["TRX_PAYMENTAMOUNT"]) == ("02/01/2026", "250.75")


def test_a_void_names_the_payment_and_nothing_else() -> None:
    assert texts(body(void())) == {"appaymentkey": "9033"}
    assert void().accounting_date() == date(2026, 2, 3)


def test_an_order_is_closed_by_its_document_id() -> None:
    call = body(order_close())
    assert (call.get("key"), texts(call)) == ("Purchase Order-PO-0031", {"state": "Closed"})


@pytest.mark.parametrize(
    ("document", "modules"),
    [
        (bill(), {"AP", "GL"}),
        (credit(), {"AP", "GL"}),
        (bill_payment(), {"AP", "cash", "GL"}),
        (void(), {"AP", "cash", "GL"}),
        (bill_reversal(), {"AP", "GL"}),
        (order(), set()),
    ],
    ids=lambda d: getattr(d, "kind", ""),
)
def test_each_names_the_books_that_must_be_open(document: Any, modules: set[str]) -> None:
    assert set(document.modules) == modules


# --- what never leaves ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["", " B-1", "B\n1", "B&1", "B#1", "B?1", "B'1", 'B"1', "B<1>"])
def test_a_number_that_would_not_arrive_as_it_is_is_refused(number: str) -> None:
    for document in (bill(number=number), credit(number=number)):
        with pytest.raises(Refused) as told:
            node(document)
        assert told.value.code == "number.characters"


@pytest.mark.parametrize("amount", ["1.234", "0.001"])
def test_a_third_decimal_blocks_and_is_never_rounded(amount: str) -> None:
    for make in (
        lambda: bill(lines=(cost(amount),)),
        lambda: credit(lines=(cost(f"-{amount}"),)),
        lambda: bill_payment(paid=(paid(amount),)),
    ):
        with pytest.raises(Refused) as told:
            make()
        assert told.value.code == "amount.precision"


def test_yen_and_a_third_decimal_of_zero_are_fine() -> None:
    assert texts(body(bill(lines=(cost("120000"),))))["TRX_AMOUNT"] == "120000.00"
    assert texts(body(bill(lines=(cost("5.120"),))))["TRX_AMOUNT"] == "5.12"


def test_a_line_without_an_account_blocks() -> None:
    for make in (lambda: bill(lines=(cost(account=""),)), lambda: credit(lines=(cost("-1", account=""),))):
        with pytest.raises(Refused) as told:
            make()
        assert told.value.code == "unmapped.account"


@pytest.mark.parametrize("raw", [{"STATUS": "inactive"}, {"STATUS": "F"}, {"ONHOLD": "true"}, {"ONHOLD": "T"}])
def test_everything_of_a_blocked_vendor_waits_for_the_vendor(raw: dict[str, str]) -> None:
    ref, found = KNOWN
    assert found is not None
    blocked = seen((ref, dataclasses.replace(found, raw=raw)), open_bill())
    for document in (bill(), credit(), bill_payment(), order()):
        with pytest.raises(Refused) as told:
            node(document, blocked)
        assert (told.value.cause, told.value.code) == ("settings", "party.blocked")


def test_everything_of_a_vendor_that_is_not_there_waits() -> None:
    for document in (bill(), credit(), bill_payment(), order()):
        with pytest.raises(NotYet) as waits:
            node(document, seen(open_bill()))
        assert waits.value.code == "dependency.vendor"


@pytest.mark.parametrize("account", [""])
def test_a_payment_without_its_account_is_for_finance_to_map(account: str) -> None:
    with pytest.raises(Refused) as told:
        bill_payment(account=account)
    assert (told.value.cause, told.value.code) == ("settings", "unmapped.bank_account")


@pytest.mark.parametrize("parts", [(), (paid("0"),), (paid("-1"),), (paid("1", discount=Decimal("-0.10")),)])
def test_a_payment_pays_more_than_nothing(parts: Any) -> None:
    with pytest.raises(Refused) as told:
        bill_payment(paid=parts)
    assert told.value.code == "source.inconsistent"


# --- characters -------------------------------------------------------------------------------------------------------

hostile = st.text(
    st.one_of(st.characters(), st.sampled_from("\x00\x07\x1b\r\n\t\x7f\x85\u2028\ufffe\ud800\udfff😀&<>\"']é")),
    max_size=40,
)
FREE = {"description", "reference", "external", "term", "message", "vendor_reference", "bill", "comments", "print_as"}
FREE |= {"email", "phone", "first_name", "last_name"}


def with_texts(document: Any, text: str) -> Any:
    fields = {field.name for field in dataclasses.fields(document)}
    changes: dict[str, Any] = dict.fromkeys(fields & FREE, text)
    if "lines" in fields:
        changes["lines"] = tuple(dataclasses.replace(row, memo=text) for row in document.lines)
    return dataclasses.replace(document, **changes)


@pytest.mark.parametrize("document", FULL, ids=lambda d: d.kind)
@given(text=hostile)
def test_any_text_gives_well_formed_valid_xml(document: Any, text: str) -> None:
    assert faults(whole(with_texts(document, text))) == []


TEXTED = ("vendor", "bill", "vendor_credit", "bill_payment", "purchase_order")


@pytest.mark.parametrize("document", [d for d in FULL if d.kind in TEXTED], ids=lambda d: d.kind)
def test_four_thousand_characters_are_refused_by_length(document: Any) -> None:
    with pytest.raises(Refused) as told:
        with_texts(document, "x" * 4000).node(look(), None, Fit())
    assert told.value.code == "text.too_long"
