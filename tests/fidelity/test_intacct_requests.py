"""The bodies that the vendor's SDK sent, byte for byte, against a company that holds what they name: all are
understood, and the books hold afterwards what the body says, to the cent.
"""

import gzip
import http.client
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from lxml import etree

from standins.sage_intacct import Books, Company, Server, app, seed_demo
from standins.sage_intacct.gateway import Gateway
from standins.sage_intacct.ledger import balances
from standins.serve import Reply, Request
from tests.sage_intacct.fakes import DATA, SESSION

REQUESTS = DATA / "requests"
HOST = "127.0.0.1:1"
PATH = "/ia/xml/xmlgw.phtml"
ALL = sorted(path.stem for path in REQUESTS.glob("*.xml"))
INVALID = "create_invoice_draft_in_batch"  # its SDK writes `action` before `batchkey`; the schema wants the reverse


def company(host: str = HOST) -> Company:
    books = Books()
    made = seed_demo(books, "ACME-SBX", multi_currency=True, sender_password="SenderPw!1", password="UserPw!1")
    with books.unit():
        made.add_master("LOCATIONENTITY", "LOCATIONID", {"LOCATIONID": "US-100", "NAME": "US", "CURRENCY": "USD"})
        address = f"http://{host}{PATH}"
        session = {"COMPANY": made.id, "USER": "ml_connector", "ENTITY": "", "ENDPOINT": address, "SEEN": books.now()}
        books.store.put("", "_SESSION", SESSION, session)
    return made


def body(name: str) -> bytes:
    return (REQUESTS / f"{name}.xml").read_bytes()


def send(made: Company, name: str) -> Reply:
    return Gateway(made.books)(Request("POST", PATH, {}, "", {}, body(name), HOST))


# --- what the company must hold before ------------------------------------------------------------------------------


def next_number(made: Company, number: int) -> None:
    made.books.last_numbers[made.id] = number - 1


def with_customer(made: Company) -> None:
    send(made, "create_customer")


def with_vendor(made: Company) -> None:
    send(made, "create_vendor")


def with_invoice(made: Company) -> None:
    with_customer(made)
    next_number(made, 4711)
    send(made, "create_invoice")


def with_bill(made: Company) -> None:
    with_vendor(made)
    next_number(made, 5501)
    send(made, "create_bill")


def with_receipt(made: Company) -> None:
    with_invoice(made)
    next_number(made, 9001)
    send(made, "create_arpayment_bank")


def with_open_money(made: Company) -> None:
    """A receipt that holds an overpayment, as `apply_arpayment` finds it."""
    with_invoice(made)
    next_number(made, 9001)
    with made.books.unit():
        row = {"CUSTOMERID": "STR-CUS-Q1", "RAWSTATE": "C", "CURRENCY": "USD", "DOCNUMBER": "ch_1"}
        over = {"TRX_TOTALDUE": Decimal("20.00"), "TOTALDUE": Decimal("20.00"), "_OVERDIMS": {"LOCATIONID": "US-100"}}
        made.add("ARPYMT", row | over)


def with_result(made: Company) -> None:
    with made.books.unit():
        kept = {"OBJECT": "ARINVOICE", "ROWS": json.dumps([[["RECORDNO", "1"]]]), "NEXT": 0, "SIZE": 1}
        made.put("_RESULT", "7765623336aSampleResultId5", kept)


def with_nothing(made: Company) -> None:
    pass


# --- what each says, and what must have come of it ------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    before: Callable[[Company], None] = with_nothing
    object: str = ""
    holds: dict[str, Any] = field(default_factory=dict)
    """Fields of the only row of `object` that has the first of them."""
    moves: dict[str, str] = field(default_factory=dict)
    """Account → what the request adds to it, a debit positive; nothing else moves."""
    answers: dict[str, str] = field(default_factory=dict)
    """Path in `result` → text."""


INVOICE = {"RECORDID": "STR-IN-0001", "CUSTOMERID": "STR-CUS-Q1", "DOCNUMBER": "PO-778"}
INVOICE_MOVES = {"12100": "120.10", "40000": "-100.10", "40200": "-20.00"}
BILL = {"RECORDID": "PA-2026-17", "VENDORID": "STP-V77", "TRX_TOTALDUE": "250.75", "DOCNUMBER": "PO-12"}
PAID = {"RECORDID": "STR-IN-0001", "TRX_TOTALDUE": "0.00", "TRX_TOTALPAID": "120.10"}
UNPAID = {"RECORDID": "STR-IN-0001", "TRX_TOTALDUE": "120.10"}
BILL_MOVES = {"20100": "-250.75", "60100": "250.75"}

CASES = {
    "apply_arpayment": Case(
        with_open_money,
        "ARINVOICE",
        {"RECORDID": "STR-IN-0001", "TRX_TOTALDUE": "100.10", "TRX_TOTALPAID": "20.00"},
        {"24200": "20.00", "12100": "-20.00"},
    ),
    "batch_transaction": Case(with_customer, "ARINVOICE", {**INVOICE, **UNPAID}, INVOICE_MOVES),
    "create_apadjustment_vendor_credit": Case(
        with_vendor,
        "APADJUSTMENT",
        {"RECORDID": "PA-CM-2", "VENDORID": "STP-V77", "TRX_TOTALENTERED": "-50.00"},
        {"20100": "50.00", "60100": "-50.00"},
    ),
    "create_appymt": Case(
        with_bill,
        "APBILL",
        {"RECORDID": "PA-2026-17", "TRX_TOTALDUE": "0.00"},
        {"20100": "250.75", "10100": "-250.75"},
    ),
    "create_aradjustment_creditmemo": Case(
        with_customer,
        "ARADJUSTMENT",
        {"RECORDID": "STR-CN-0001", "CUSTOMERID": "STR-CUS-Q1", "TRX_TOTALENTERED": "-20.00"},
        {"12100": "-20.00", "40000": "20.00"},
    ),
    "create_arpayment_bank": Case(with_invoice, "ARINVOICE", PAID, {"10100": "120.10", "12100": "-120.10"}),
    "create_arpayment_undeposited": Case(with_invoice, "ARINVOICE", PAID, {"10990": "120.10", "12100": "-120.10"}),
    "create_bill": Case(with_vendor, "APBILL", BILL, BILL_MOVES),
    "create_contact": Case(
        object="CONTACT", holds={"CONTACTNAME": "Papier AG(VSTP-V77)-AP", "EMAIL1": "ap@papier.example"}
    ),
    "create_customer": Case(
        object="CUSTOMER",
        holds={
            "CUSTOMERID": "STR-CUS-Q1",
            "NAME": 'Müller & Söhne <Wien> "Test"',
            "STRIPE_CUSTOMER_ID": "cus_Q1",
            "TERMNAME": "Net 30",
        },
        answers={"data/customer/CUSTOMERID": "STR-CUS-Q1"},
    ),
    "create_customer_minimal": Case(object="CUSTOMER", holds={"CUSTOMERID": "STR-CUS-Q2", "NAME": "Minimal Co"}),
    "create_glbatch": Case(
        object="GLBATCH",
        holds={"REFERENCENO": "po_1", "JOURNAL": "GJ", "STRIPE_PAYOUT_ID": "po_1"},
        moves={"10100": "970.50", "62500": "29.50", "10990": "-1000.00"},
    ),
    "create_invoice": Case(with_customer, "ARINVOICE", {**INVOICE, **UNPAID}, INVOICE_MOVES),
    "create_invoice_multicurrency": Case(
        with_customer,
        "ARINVOICE",
        {**UNPAID, "CURRENCY": "EUR", "STRIPE_INVOICE_ID": "in_A1", "TOTALDUE": "130.31"},  # at 1.0850, line by line
        {"12100": "130.31", "40000": "-108.61", "40200": "-21.70"},
    ),
    "create_potransaction": Case(with_vendor, "PODOCUMENT", {"CUSTVENDID": "STP-V77"}),
    "create_vendor": Case(object="VENDOR", holds={"VENDORID": "STP-V77", "NAME": "Papier AG"}),
    "custom_create_apbill": Case(with_vendor, "APBILL", BILL, BILL_MOVES),
    "custom_create_arpymt": Case(with_invoice, "ARINVOICE", PAID, {"10100": "120.10", "12100": "-120.10"}),
    "getAPISession": Case(answers={"data/api/endpoint": f"http://{HOST}{PATH}", "data/api/locationid": ""}),
    "getAPISession_entity_from_session": Case(answers={"data/api/locationid": "US-100"}),
    "getAPISession_entity_login": Case(answers={"data/api/locationid": "US-100"}),
    "lookup_glbatch": Case(answers={".//Field[ID='RECORDNO']/ID": "RECORDNO", ".//Field[ID='JOURNAL']/ID": "JOURNAL"}),
    "query_customer_incremental": Case(with_customer, answers={"data/CUSTOMER/CUSTOMERID": "STR-CUS-Q1"}),
    "readByName_customer": Case(with_customer, answers={"data/*/CUSTOMERID": "STR-CUS-Q1"}),
    "readByQuery_invoice": Case(
        with_invoice, answers={"data/arinvoice/RECORDID": "STR-IN-0001", "data/arinvoice/TOTALDUE": "120.1"}
    ),
    "readMore": Case(with_result, answers={"data/arinvoice/RECORDNO": "1"}),
    "read_invoice": Case(with_invoice, answers={"data/*/RECORDNO": "4711", "data/*/RECORDID": "STR-IN-0001"}),
    "record_otherreceipt": Case(
        object="OTHERRECEIPTS",
        holds={"REFID": "ADB-1001", "TRX_TOTALENTERED": "59.90", "PAYMENTMETHOD": "Credit Card"},
        moves={"10990": "59.90", "41000": "-59.90"},
    ),
    "reverse_arpayment": Case(with_receipt, "ARINVOICE", UNPAID, {"10100": "-120.10", "12100": "120.10"}),
    "reverse_invoice": Case(
        with_invoice,
        "ARINVOICE",
        {"RECORDID": "STR-IN-0001", "STATE": "Reversed"},
        {account: str(-Decimal(amount)) for account, amount in INVOICE_MOVES.items()},
    ),
    "update_customer": Case(
        with_customer,
        "CUSTOMER",
        {"CUSTOMERID": "STR-CUS-Q1", "ONHOLD": "true", "DISPLAYCONTACT.EMAIL1": "new-ar@mueller.example"},
    ),
}


def seen(made: Company, case: Case) -> dict[str, str]:
    """The fields as a caller reads them back."""
    name, value = next(iter(case.holds.items()))
    fields = "".join(f"<field>{one}</field>" for one in case.holds)
    query = (
        f"<query><object>{case.object}</object><select>{fields}</select><filter><equalto><field>{name}</field><value>"
        f"</value></equalto></filter></query>"
    )
    node = etree.fromstring(query)
    node.find("filter/equalto/value").text = value
    frame = etree.fromstring(body("lookup_glbatch"))
    function = frame.find("operation/content/function")
    assert function is not None
    function.replace(function[0], node)
    reply = Gateway(made.books)(Request("POST", PATH, {}, "", {}, etree.tostring(frame), HOST))
    rows = etree.fromstring(reply.body).findall(f".//data/{case.object}")
    assert len(rows) == 1, reply.body
    return {str(child.tag): child.text or "" for child in rows[0]}


def same(found: str, wanted: str) -> bool:
    try:
        return Decimal(found) == Decimal(wanted)
    except ArithmeticError:
        return found == wanted


@pytest.mark.parametrize("name", [name for name in ALL if name != INVALID])
def test_what_the_sdk_sends_is_carried_out_to_the_cent(name: str) -> None:
    case, made = CASES[name], company()
    case.before(made)
    before = balances(made)
    reply = send(made, name)
    root = etree.fromstring(reply.body)
    results = root.findall("operation/result")
    assert root.findtext("control/status") == "success", reply.body
    assert [r.findtext("status") for r in results] == ["success"] * body(name).count(b"<function "), reply.body
    for path, text in case.answers.items():
        assert (results[0].findtext(path) or "") == text, reply.body
    after = balances(made)
    moved = {a: after.get(a, 0) - before.get(a, 0) for a in {*before, *after}}
    assert {a: str(m) for a, m in moved.items() if m} == case.moves
    if case.holds:
        found = seen(made, case)
        assert {k: found.get(k) for k, v in case.holds.items() if not same(found.get(k, ""), v)} == {}


def test_the_one_whose_order_breaks_the_schema_is_refused_unless_asked() -> None:
    made = company()
    with_customer(made)
    root = etree.fromstring(send(made, INVALID).body)
    assert (root.findtext("control/status"), root.findtext(".//errorno")) == ("failure", "XL03000003")
    assert root.find("operation") is None
    assert not made.rows("ARINVOICE")
    made.books.knobs.schema = "lenient"
    assert etree.fromstring(send(made, INVALID).body).findtext(".//result/status") == "success"


def test_every_recorded_request_has_its_case() -> None:
    assert len(ALL) == 32
    assert {*CASES, INVALID} == set(ALL)


def test_a_recorded_request_is_answered_over_the_wire_as_its_sdk_asks() -> None:
    """With the SDK's own headers: the answer comes compressed, as text/xml, and carries the ids of the request."""
    server = Server(lambda request: app(made.books)(request)).start()
    host = server.url.removeprefix("http://")
    made = company(host)
    headers = {
        "Content-Type": "application/xml",
        "Accept-Encoding": "gzip",
        "User-Agent": "intacct-sdk-js-client/2.2.1",
    }
    connection = http.client.HTTPConnection(host, timeout=20)
    connection.request("POST", PATH, body("create_customer"), headers)
    response = connection.getresponse()
    answered, encoding = response.read(), response.headers["Content-Encoding"]
    connection.close()
    server.stop()
    assert (response.status, encoding) == (200, "gzip")
    assert response.headers["Content-Type"].startswith("text/xml")
    root = etree.fromstring(gzip.decompress(answered))
    assert root.findtext("control/controlid") == "ml-create-customer"
    assert root.findtext(".//result/controlid") == "ml:stripe:cus_Q1:customer"


def test_a_write_that_is_sent_twice_under_its_own_id_is_refused_where_it_asked_for_that() -> None:
    for name, case in CASES.items():
        if b"<uniqueid>true</uniqueid>" not in body(name):
            continue
        made = company()
        case.before(made)
        send(made, name)
        before = balances(made)
        again = etree.fromstring(send(made, name).body)
        assert {r.findtext("status") for r in again.iterfind(".//result")} <= {"failure", "aborted"}, name
        assert balances(made) == before
