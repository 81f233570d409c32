"""What is offered to mappings of payables, and what the examination tells of their set-up."""

from typing import Any

import pytest

from connectors.base import Check
from connectors.errors import Refused

from .bench import Bench, posted
from .payables import bill, cost, credit, vendor

BILLS = ["vendor", "bill", "vendor_credit", "bill_payment", "bill_reversal", "bill_payment_void"]
ORDERS = ["vendor", "purchase_order", "purchase_order_close"]


def checks(bench: Bench, kinds: list[str], **changes: str) -> dict[str, Check]:
    return {check.key: check for check in bench.client({"kinds": kinds}, **changes).examine()}


# --- the examination --------------------------------------------------------------------------------------------------


def test_a_company_that_pays_vendors_passes_every_layer(bench: Bench) -> None:
    vendors = bench.count("VENDOR")
    found = checks(bench, BILLS + ORDERS)
    assert {one.outcome for one in found.values()} <= {"ok", "not_checkable"}
    assert found["definitions"].said == "Purchase Order, Purchase Requisition"
    assert "AP payments" in found["post"].cure
    assert "receive payments" not in found["post"].cure
    assert not found.keys() & {"CUSTOMER", "ARINVOICE", "ARPYMT", "GLBATCH"}
    assert bench.count("VENDOR") == vendors


@pytest.mark.parametrize(
    "name", ["VENDOR", "APBILL", "APADJUSTMENT", "APPYMT", "PODOCUMENT", "PODOCUMENTPARAMS", "GLDETAIL"]
)
def test_each_right_that_a_link_needs_is_told_apart(bench: Bench, name: str) -> None:
    bench.company.add_user("ml_connector", "user-demo", [f"* {name}"])
    found = checks(bench, BILLS + ORDERS)
    assert [(one.layer, one.key) for one in found.values() if one.outcome == "failed"] == [("rights", name)]
    assert name in found[name].cure


@pytest.mark.parametrize("name", ["APBILLITEM", "APTERM", "PROJECT"])
def test_a_right_that_is_only_wished_for_is_a_warning(bench: Bench, name: str) -> None:
    bench.company.add_user("ml_connector", "user-demo", [f"* {name}"])
    assert checks(bench, BILLS)[name].outcome == "warning"


def test_a_company_without_payables_is_good_for_what_asks_for_none(bench: Bench) -> None:
    bench.company.add_user("ml_connector", "user-demo", [f"* {name}" for name in ("VENDOR", "APBILL", "APPYMT")])
    assert {one.outcome for one in checks(bench, ["customer", "invoice", "journal"]).values()} <= {
        "ok",
        "not_checkable",
    }
    found = checks(bench, [])
    assert (found["APBILL"].outcome, found["CUSTOMER"].outcome) == ("warning", "ok")
    assert "Only links that post these need it." in found["APBILL"].cure


def test_the_sign_of_credits_is_told_from_the_balance_of_a_vendor(payables: Bench) -> None:
    assert checks(payables, BILLS)["credit_sign"].outcome == "not_checkable"
    client = payables.client()
    posted(client, bill())
    posted(client, credit())
    assert checks(payables, BILLS)["credit_sign"].outcome == "ok"
    assert payables.client({"kinds": BILLS}).account().facts["credit_lowers"] is True
    assert "credit_lowers" not in payables.client().account().facts
    payables.books.knobs.credit_sign = "positive"
    assert checks(payables, BILLS)["credit_sign"].outcome == "failed"


def test_a_balance_that_nothing_explains_proves_nothing(payables: Bench) -> None:
    client = payables.client()
    posted(client, credit())
    with payables.books.unit():
        row = payables.company.find("APADJUSTMENT", "RECORDID", "PA-CM-2")[0]
        payables.company.change("APADJUSTMENT", row, STATE="Submitted")
    assert payables.client().credit_lowers() is None


def test_definitions_that_post_are_not_offered_as_silent_ones(bench: Bench) -> None:
    found = {one.value: one.facts["posts"] for one in bench.client().choices("po_definition")}
    assert found == {
        "Purchase Order": "no",
        "Purchase Requisition": "no",
        "Vendor Invoice": "AP",
        "PO Receiver": "GL, true",
    }
    bench.books.knobs.definition_posting = "hidden"
    hidden = bench.client()
    assert {one.facts["posts"] for one in hidden.choices("po_definition")} == {"not told"}
    assert checks(bench, ORDERS)["definitions"].outcome == "not_checkable"


def test_a_company_without_a_silent_definition_is_told_so(bench: Bench) -> None:
    with bench.books.unit():
        for row in list(bench.company.rows("PODOCUMENTPARAMS").values()):
            bench.company.change("PODOCUMENTPARAMS", row, UPDATES_GL="GL")
    assert checks(bench, ORDERS)["definitions"].outcome == "warning"


# --- choices ----------------------------------------------------------------------------------------------------------


def offered(bench: Bench, table: str) -> dict[str, Any]:
    return {one.value: one for one in bench.client().choices(table)}


def test_vendors_are_offered_with_what_flows_ask_of_them(payables: Bench) -> None:
    client = payables.client()
    posted(client, vendor(control="v2", id="V2", name="Held", payment_blocked=True, currency="EUR"))
    with payables.books.unit():
        row = payables.company.find("VENDOR", "VENDORID", "V2")[0]
        payables.company.change("VENDOR", row, ONHOLD=True, STATUS="inactive")
    found = offered(payables, "vendor")
    known = {**found["STP-V77"].facts}
    assert known == {
        "name": "Papier & Söhne AG",
        "email": "",
        "hold": False,
        "payment_blocked": "",
        "currency": "",
        "term": "Net 30",
        "entity": "",
    }
    assert (found["V2"].active, found["V2"].facts["hold"], found["V2"].facts["payment_blocked"]) == (False, True, True)
    assert found["V2"].label == "V2 Held"


def test_many_vendors_are_offered_over_all_pages(bench: Bench) -> None:
    with bench.books.unit():
        for number in range(2050):
            bench.company.add_master("VENDOR", "VENDORID", {"VENDORID": f"V{number:05}", "NAME": f"Vendor {number}"})
    assert sum(value.startswith("V0") for value in offered(bench, "vendor")) == 2050


def test_terms_items_employees_and_labels_are_offered(bench: Bench) -> None:
    term = offered(bench, "ap_term")["2-10 Net 30"]
    assert (term.facts["due_days"], term.facts["due_from"], term.facts["discount_days"]) == (
        "30",
        "from invoice/bill date",
        "10",
    )
    assert offered(bench, "item")["PAPER-A4"].facts["unit"] == "Each"
    assert offered(bench, "employee")["E-1"].label == "E-1 Ada"
    assert offered(bench, "warehouse")["WH1"].label == "WH1 Main"
    assert offered(bench, "ap_label")["Supplies"].facts["account"] == "60100"


@pytest.mark.parametrize("table", ["vendor", "ap_term", "employee", "warehouse", "po_definition", "department"])
def test_a_table_that_may_not_be_read_is_refused_alone(bench: Bench, table: str) -> None:
    bench.company.add_user("ml_connector", "user-demo", ["READ_BY_QUERY *"])
    with pytest.raises(Refused) as told:
        list(bench.client().choices(table))
    assert (told.value.code, told.value.field) == ("choices.denied", table)


def test_a_label_of_payables_takes_the_place_of_an_account(payables: Bench) -> None:
    number = posted(payables.client(), bill(lines=(cost(account="", label="Supplies"),)))
    item = payables.company.find("APBILLITEM", "RECORDKEY", int(number))[0]
    assert (item["ACCOUNTNO"], item["ACCOUNTLABEL"]) == ("60100", "Supplies")
