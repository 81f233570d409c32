"""Payables and purchasing at the double: sent as XML by hand, judged by its ledger and its pages."""

import urllib.request
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from standins.sage_intacct import Books, Company, seed_demo, settlement, writing
from standins.sage_intacct.ledger import Entry, balances, sums_by_entity
from standins.sage_intacct.refusal import Refusal

from .wire import Wire, day, equal, query, tag

AP = "20100"
REVERSED_ON = day("datereversed", "2026-03-01")


def item(account: str, amount: str, place: str = "US-100") -> str:
    return f"<APBILLITEM>{tag('ACCOUNTNO', account)}{tag('TRX_AMOUNT', amount)}{tag('LOCATIONID', place)}</APBILLITEM>"


def bill(number: str, *items: str, more: str = "", due: str = "<WHENDUE>02/09/2026</WHENDUE>") -> str:
    head = f"<WHENCREATED>01/10/2026</WHENCREATED>{due}<VENDORID>V1</VENDORID>{tag('RECORDID', number)}{more}"
    return f"<create><APBILL>{head}<APBILLITEMS>{''.join(items)}</APBILLITEMS></APBILL></create>"


def adjustment(number: str, *lines: tuple[str, str]) -> str:
    parts = "".join(
        f"<lineitem>{tag('glaccountno', a)}{tag('amount', v)}{tag('locationid', 'US-100')}</lineitem>" for a, v in lines
    )
    head = f"<vendorid>V1</vendorid>{day('datecreated', '2026-01-18')}{tag('adjustmentno', number)}"
    return f"<create_apadjustment>{head}<apadjustmentitems>{parts}</apadjustmentitems></create_apadjustment>"


def payment(number: str, *details: str, method: str = "EFT", more: str = "") -> str:
    head = f"<FINANCIALENTITY>BOA-OPER</FINANCIALENTITY>{tag('PAYMENTMETHOD', method)}<VENDORID>V1</VENDORID>"
    head += f"{tag('DOCNUMBER', number)}<PAYMENTDATE>02/01/2026</PAYMENTDATE><CURRENCY>USD</CURRENCY>{more}"
    return f"<create><APPYMT>{head}<APPYMTDETAILS>{''.join(details)}</APPYMTDETAILS></APPYMT></create>"


def pays(key: int, amount: str, more: str = "") -> str:
    return f"<APPYMTDETAIL>{tag('RECORDKEY', key)}{tag('TRX_PAYMENTAMOUNT', amount)}{more}</APPYMTDETAIL>"


def void(key: int) -> str:
    keys = f"<appaymentkeys>{tag('appaymentkey', key)}</appaymentkeys>"
    return f"<void_appaymentrequest>{keys}</void_appaymentrequest>"


VENDOR = (
    "<create><VENDOR><VENDORID>V1</VENDORID><NAME>Paper &amp; Co</NAME><DISPLAYCONTACT><PRINTAS>P</PRINTAS>"
    "</DISPLAYCONTACT></VENDOR></create>"
)


def ok(wire: Wire, call: str) -> int:
    answer = wire.call(call)
    assert answer.status_of_first == "success", answer.error
    return answer.key


def refused(wire: Wire, call: str) -> str:
    answer = wire.call(call)
    assert answer.status_of_first == "failure", answer.body
    return answer.error


def shown(wire: Wire, name: str, field: str, key: int) -> str:
    return wire.call(query(name, field, equal("RECORDNO", key))).text(f".//{field}")


@pytest.fixture
def owing(wire: Wire) -> tuple[Wire, int]:
    ok(wire, VENDOR)
    return wire, ok(wire, bill("B-1", item("60100", "100.00"), item("60200", "50.00")))


# --- bills ------------------------------------------------------------------------------------------------------------


def test_a_bill_needs_its_due_date_unless_it_is_a_draft(wire: Wire) -> None:
    ok(wire, VENDOR)
    assert "WHENDUE is missing" in refused(wire, bill("B-1", item("60100", "1.00"), due=""))
    ok(wire, bill("B-2", item("60100", "1.00"), due="", more="<ACTION>Draft</ACTION>"))
    assert balances(wire.company) == {}


def test_a_number_may_be_taken_twice_or_not_as_the_company_says(owing: tuple[Wire, int]) -> None:
    wire, _ = owing
    assert refused(wire, bill("B-1", item("60100", "1.00"))).startswith("BL03002185")
    wire.books.knobs.duplicate_invoice = "allow"
    ok(wire, bill("B-1", item("60100", "1.00")))


def test_a_bill_is_reversed_unless_it_was_paid_selected_or_the_company_does_not_allow_it(
    owing: tuple[Wire, int],
) -> None:
    wire, key = owing
    reverse = f'<reverse_bill key="{key}">{REVERSED_ON}</reverse_bill>'
    wire.books.knobs.reverse_unpaid_bills = False
    assert "not enabled" in refused(wire, reverse)
    wire.books.knobs.reverse_unpaid_bills = True
    draft = ok(wire, payment("P-1", pays(key, "10.00"), more="<ACTION>Draft</ACTION>"))
    assert "selected for payment" in refused(wire, reverse)
    with wire.books.unit():
        writing.delete(wire.company, "APPYMT", draft)
    assert shown(wire, "APBILL", "STATE", key) == "Posted"
    ok(wire, reverse)
    assert wire.balance(AP) == "0.00"
    assert shown(wire, "APBILL", "STATE", key) == "Reversed"


# --- payments ---------------------------------------------------------------------------------------------------------


def test_a_payment_is_refused_above_what_is_due_and_of_another_vendor_or_currency(owing: tuple[Wire, int]) -> None:
    wire, key = owing
    assert "exceeds total amount due" in refused(wire, payment("P", pays(key, "150.01")))
    ok(wire, VENDOR.replace("V1", "V2").replace("Paper", "Other"))
    assert "another vendor" in refused(wire, payment("P", pays(key, "1.00")).replace("V1", "V2"))
    assert refused(wire, payment("P", pays(7, "1.00"))).startswith("DL03000005")
    assert balances(wire.company)[AP] == Decimal("-150.00")


def test_a_submitted_payment_posts_when_it_is_released(owing: tuple[Wire, int]) -> None:
    wire, key = owing
    wire.books.knobs.submitted = ["APPYMT"]
    paid = ok(wire, payment("P-1", pays(key, "150.00")))
    assert (shown(wire, "APPYMT", "STATE", paid), shown(wire, "APBILL", "STATE", key)) == ("Submitted", "Selected")
    assert "exceeds" in refused(wire, payment("P-2", pays(key, "1.00")))
    with wire.books.unit():
        settlement.release(wire.company, settlement.PAYMENT, wire.company.rows("APPYMT")[paid])
    assert (shown(wire, "APPYMT", "STATE", paid), shown(wire, "APBILL", "STATE", key)) == ("Complete", "Paid")
    assert wire.balance("10100") == "-150.00"


def test_a_discount_is_granted_by_the_term_of_the_bill_or_not_at_all(wire: Wire) -> None:
    ok(wire, VENDOR)
    term = "<TERMNAME>2-10 Net 30</TERMNAME>"
    key = ok(wire, bill("B-1", item("60100", "300.00"), more=term))
    in_time = "<DISCOUNTDATE>01/20/2026</DISCOUNTDATE>"
    ok(wire, payment("P-1", pays(key, "100.00", in_time)))  # not all that is due: no discount
    assert shown(wire, "APBILL", "TOTALDUE", key) == "200"
    ok(wire, payment("P-2", pays(key, "196.00", in_time)))
    assert shown(wire, "APBILL", "TOTALDUE", key) == "0"
    assert (wire.balance(AP), wire.balance("60900"), wire.balance("10100")) == ("0.00", "-4.00", "-296.00")
    late = ok(wire, bill("B-2", item("60100", "300.00"), more=term))
    ok(wire, payment("P-3", pays(late, "294.00", "<DISCOUNTDATE>01/21/2026</DISCOUNTDATE>")))
    assert shown(wire, "APBILL", "TOTALDUE", late) == "6"


@pytest.mark.parametrize(("knob", "state"), [("bills_due", "Posted"), ("bills_reversed", "Reversed")])
def test_a_void_gives_the_bill_back_or_takes_it_along(owing: tuple[Wire, int], knob: str, state: str) -> None:
    wire, key = owing
    paid = ok(wire, payment("P-1", pays(key, "150.00")))
    wire.books.knobs.void = knob
    ok(wire, void(paid))
    assert (shown(wire, "APPYMT", "STATE", paid), shown(wire, "APBILL", "STATE", key)) == ("Voided", state)
    assert wire.balance("10100") == "0.00"
    assert "cannot be reversed" in refused(wire, void(paid))


def test_a_void_is_refused_where_the_company_takes_none_and_after_the_reconciliation(owing: tuple[Wire, int]) -> None:
    wire, key = owing
    paid = ok(wire, payment("P-1", pays(key, "150.00")))
    wire.books.knobs.void = "refuse"
    assert "cannot be voided" in refused(wire, void(paid))
    wire.books.knobs.void = "bills_due"
    with wire.books.unit():
        wire.company.change("APPYMT", wire.company.rows("APPYMT")[paid], CLEARED="T")
    assert "reconciled" in refused(wire, void(paid))


# --- credits, orders, pages -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("knob", "owed"), [("negative", "100"), ("positive", "200")])
def test_the_sign_of_an_adjustment_is_one_of_two_inferences(wire: Wire, knob: str, owed: str) -> None:
    wire.books.knobs.credit_sign = knob
    vendor = ok(wire, VENDOR)
    ok(wire, bill("B-1", item("60100", "150.00")))
    ok(wire, adjustment("CM-1", ("60100", "-50.00")))
    assert shown(wire, "VENDOR", "TOTALDUE", vendor) == owed
    assert Decimal(wire.balance(AP)) == -Decimal(owed)


def test_the_pages_show_what_vendors_sent_were_paid_and_owe(owing: tuple[Wire, int]) -> None:
    wire, key = owing
    paid = ok(wire, payment("P-1", pays(key, "100.00")))
    ok(wire, adjustment("CM-1", ("60100", "-20.00")))
    order = (
        "<create_potransaction><transactiontype>Purchase Order</transactiontype>" + day("datecreated", "2026-01-05")
        + "<vendorid>V1</vendorid><documentno>PO-9</documentno><message>Order nine</message><returnto><contactname/>"
        "</returnto><payto><contactname/></payto><potransitems><potransitem><itemid>PAPER-A4</itemid><quantity>3"
        "</quantity><unit>Each</unit><price>19.99</price></potransitem></potransitems></create_potransaction>"
    )  # fmt: skip
    assert wire.call(order).status_of_first == "success"
    for path, text in (
        ("/", "owed to vendors"),
        ("/", "Purchase Order-PO-9"),
        ("/ACME-DEMO/vendors", "Paper &amp; Co"),
        ("/ACME-DEMO/vendors", "30.00"),
        ("/ACME-DEMO/documents", "CM-1"),
        ("/ACME-DEMO/documents", "3 Each PAPER-A4"),
        ("/ACME-DEMO/documents", "Order nine"),
        (f"/ACME-DEMO/record/APPYMT/{paid}", "Operating bank"),
        (f"/ACME-DEMO/record/APBILL/{key}", "Accounts payable"),
    ):
        with urllib.request.urlopen(wire.server.url + path) as answer:
            assert text in answer.read().decode(), path


# --- whatever is sent in whatever order -------------------------------------------------------------------------------

amounts = st.integers(min_value=-5_000, max_value=50_000).map(lambda cents: f"{Decimal(cents) / 100:.2f}")
paid_amounts = st.integers(min_value=0, max_value=6_000).map(lambda cents: f"{Decimal(cents) / 100:.2f}")
lines = st.lists(
    st.tuples(st.sampled_from(["60100", "60200"]), amounts, st.sampled_from(["US-100", "US-200"])),
    min_size=1,
    max_size=3,
)
steps = st.one_of(
    st.tuples(st.just("bill"), lines),
    st.tuples(st.just("adjust"), lines),
    st.tuples(st.just("pay"), st.integers(0, 5), paid_amounts, st.sampled_from(["", "<ACTION>Draft</ACTION>"])),
    st.tuples(st.just("void"), st.integers(0, 5)),
    st.tuples(st.just("reverse"), st.integers(0, 5)),
)


def pick(company: Company, name: str, index: int) -> int:
    keys = list(company.rows(name))
    return int(keys[index % len(keys)]) if keys else 0


def call_of(company: Company, number: int, step: Any) -> str:
    match step:
        case ("bill", parts):
            return bill(f"B-{number}", *(item(*part) for part in parts))
        case ("adjust", parts):
            return adjustment(f"A-{number}", *((a, v) for a, v, _ in parts))
        case ("pay", index, amount, action):
            return payment(f"P-{number}", pays(pick(company, "APBILL", index), amount), more=action)
        case ("void", index):
            return void(pick(company, "APPYMT", index))
    return f'<reverse_bill key="{pick(company, "APBILL", step[1])}">{REVERSED_ON}</reverse_bill>'


def carry_out(company: Company, call: str) -> None:
    node = etree.fromstring(call)
    with company.books.unit():
        if node.tag == "create":
            writing.create(company, node[0])
        else:
            writing.legacy(company, str(node.tag), node)


@settings(max_examples=100, deadline=None)
@given(st.lists(steps, max_size=14))
def test_the_ledger_says_the_same_as_the_documents_of_vendors(story: list[Any]) -> None:
    company = seed_demo(Books(), entities=True)
    carry_out(company, VENDOR)
    carry_out(company, bill("B-A", item("60100", "100.00"), item("60200", "8.25", "US-200")))
    for number, step in enumerate(story):
        before = balances(company)
        try:
            carry_out(company, call_of(company, number, step))
        except Refusal:
            assert balances(company) == before
        check(company)


def check(company: Company) -> None:
    sums = balances(company)
    assert sum(sums.values()) == 0
    entries = [
        Entry(r["ACCOUNTNO"], r["AMOUNT"], r["TRX_AMOUNT"], r["CURRENCY"], {"LOCATIONID": r.get("LOCATIONID", "")})
        for r in company.rows("GLDETAIL").values()
    ]
    assert not any(sums_by_entity(company, entries).values())
    documents = [*company.rows("APBILL").values(), *company.rows("APADJUSTMENT").values()]
    assert -sum(row["TOTALDUE"] for row in documents) == sums.get(AP, 0)
    payments = company.rows("APPYMT").values()
    assert -sum(row["TOTALENTERED"] for row in payments if row["RAWSTATE"] == "C") == sums.get("10100", 0)
