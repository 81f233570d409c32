"""The bodies that the vendor's SDK sent, byte for byte, against a company that holds what they name."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree

from standins.sage_intacct import Books, Company, seed_demo
from standins.sage_intacct.gateway import Gateway
from standins.sage_intacct.store import Row
from standins.serve import Reply, Request

REQUESTS = Path(__file__).parent / "data" / "requests"
SESSION = "rGk3sAmPlEsEsSiOn01.."
HOST = "127.0.0.1:1"
ADDRESS = f"http://{HOST}/ia/xml/xmlgw.phtml"
ALL = sorted(path.stem for path in REQUESTS.glob("*.xml"))
INVALID = "create_invoice_draft_in_batch"


def company() -> Company:
    books = Books()
    made = seed_demo(books, "ACME-SBX", multi_currency=True, sender_password="SenderPw!1", password="UserPw!1")
    with books.unit():
        made.add_master("LOCATIONENTITY", "LOCATIONID", {"LOCATIONID": "US-100", "NAME": "US", "CURRENCY": "USD"})
        session = {"COMPANY": made.id, "USER": "ml_connector", "ENTITY": "", "ENDPOINT": ADDRESS, "SEEN": books.now()}
        books.store.put("", "_SESSION", SESSION, session)
    return made


def send(made: Company, name: str) -> Reply:
    body = (REQUESTS / f"{name}.xml").read_bytes()
    return Gateway(made.books)(Request("POST", "/ia/xml/xmlgw.phtml", {}, "", {}, body, HOST))


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
        row: Row = {"CUSTOMERID": "STR-CUS-Q1", "RAWSTATE": "C", "CURRENCY": "USD", "DOCNUMBER": "ch_1"}
        made.add("ARPYMT", row | {"TRX_TOTALDUE": Decimal("20.00"), "TOTALDUE": Decimal("20.00"), "_OVERDIMS": {
            "LOCATIONID": "US-100"}})  # fmt: skip


def with_result(made: Company) -> None:
    with made.books.unit():
        kept = {"OBJECT": "ARINVOICE", "ROWS": json.dumps([[["RECORDNO", "1"]]]), "NEXT": 0, "SIZE": 1}
        made.put("_RESULT", "7765623336aSampleResultId5", kept)


NEEDS = {
    "apply_arpayment": with_open_money,
    "batch_transaction": with_customer,
    "create_apadjustment_vendor_credit": with_vendor,
    "create_appymt": with_bill,
    "create_aradjustment_creditmemo": with_customer,
    "create_arpayment_bank": with_invoice,
    "create_arpayment_undeposited": with_invoice,
    "create_bill": with_vendor,
    "create_invoice": with_customer,
    "create_invoice_draft_in_batch": with_customer,
    "create_invoice_multicurrency": with_customer,
    "create_potransaction": with_vendor,
    "custom_create_apbill": with_vendor,
    "custom_create_arpymt": with_invoice,
    "readByName_customer": with_customer,
    "readMore": with_result,
    "reverse_arpayment": with_receipt,
    "reverse_invoice": with_invoice,
    "update_customer": with_customer,
}


@pytest.mark.parametrize("name", [name for name in ALL if name != INVALID])
def test_takes_what_the_sdk_sends(name: str) -> None:
    made = company()
    NEEDS.get(name, lambda _: None)(made)
    reply = send(made, name)
    root = etree.fromstring(reply.body)
    assert root.findtext("control/status") == "success", reply.body
    assert [r.findtext("status") for r in root.iterfind(".//result")] == ["success"] * len(root.findall(".//result")), (
        reply.body
    )
    assert root.findall(".//result")


def test_refuses_the_one_whose_order_breaks_the_schema() -> None:
    made = company()
    with_customer(made)
    reply = send(made, INVALID)
    root = etree.fromstring(reply.body)
    assert (root.findtext("control/status"), root.findtext(".//errorno")) == ("failure", "XL03000003")
    assert root.find("operation") is None
    made.books.knobs.schema = "lenient"
    assert etree.fromstring(send(made, INVALID).body).findtext(".//result/status") == "success"


def test_there_are_thirty_two() -> None:
    assert len(ALL) == 32
