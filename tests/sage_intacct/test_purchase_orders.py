"""Purchase orders and vendors, in the books of the stand-in."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from connectors.base import Done
from connectors.errors import NotYet, Refused
from connectors.sage_intacct.documents import Address

from .bench import Bench, moved, post, posted, refused, window
from .payables import bill, order, order_close, ordered, vendor


def test_an_order_is_open_and_moves_no_account(payables: Bench) -> None:
    client = payables.client()
    known = posted(client, order(message="Commerce PO 000000007 Papier AG"))
    assert known == "Purchase Order-PO-000000007"
    assert moved(payables) == {}
    (row,) = payables.company.rows("PODOCUMENT").values()
    assert (row["STATE"], row["TOTAL"], row["PONUMBER"], row["MESSAGE"]) == (
        "Pending",
        Decimal("59.97"),
        "PO-000000007",
        "Commerce PO 000000007 Papier AG",
    )
    (line,) = payables.company.rows("PODOCUMENTENTRY").values()
    assert (line["ITEMID"], line["QUANTITY"], line["PRICE"], line["UNIT"]) == ("PAPER-A4", 3, Decimal("19.99"), "Each")
    (read,) = client.read("purchase_order", [known])
    assert read is not None
    assert (read.state, client.order_postings(read)) == ("open", [])


def test_an_order_of_a_definition_that_numbers_by_itself_is_found_by_its_reference(payables: Bench) -> None:
    client = payables.client()
    known = posted(client, order(document_number=False))
    assert known == "Purchase Order-PO-0001"
    (hit,) = client.look([order()])[0].hits
    assert (hit.id, hit.number) == (known, "PO-0001")


def test_an_order_of_another_definition_or_vendor_is_not_ours(payables: Bench) -> None:
    client = payables.client()
    posted(client, order())
    (hit,) = client.look([order()])[0].hits
    assert order().same(hit)
    assert not order(vendor="V2").same(hit)
    assert not order(lines=(ordered("4"),)).same(hit)
    assert client.look([order(definition="Purchase Requisition")])[0].hits == ()


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("Pending", "open"),
        ("Approved", "open"),
        ("Partially Converted", "open"),
        ("Draft", "draft"),
        ("Submitted", "submitted"),
        ("Declined", "declined"),
        ("Converted", "closed"),
        ("Closed", "closed"),
        ("C", "closed"),
        ("D", "closed"),
        ("X", "partially approved"),
    ],
)
def test_the_state_of_an_order_is_told_in_our_words(payables: Bench, theirs: str, ours: str) -> None:
    client = payables.client()
    known = posted(client, order())
    with payables.books.unit():
        payables.company.change("PODOCUMENT", next(iter(payables.company.rows("PODOCUMENT").values())), STATE=theirs)
    (read,) = client.read("purchase_order", [known])
    assert read is not None
    assert read.state == ours


def test_an_order_is_closed_once(payables: Bench) -> None:
    client = payables.client()
    known = posted(client, order())
    assert client.look([order_close()])[0].hits == ()
    assert posted(client, order_close()) == f"PODOCUMENT/{known}"
    assert len(client.look([order_close(control="again")])[0].hits) == 1
    (row,) = payables.company.rows("PODOCUMENT").values()
    assert row["STATE"] == "Closed"


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ("Vendor Invoice", ["the bill PO-000000007 of 59.97"]),
        ("PO Receiver", ["59.97 on the account 60100", "-59.97 on the account 20500"]),
    ],
)
def test_what_a_definition_posts_after_all_is_found(payables: Bench, definition: str, said: list[str]) -> None:
    client = payables.client()
    answer = post(client, order(definition=definition))
    assert isinstance(answer, Done)
    (read,) = client.read("purchase_order", [answer.id])
    assert read is not None
    assert client.order_postings(read) == said
    assert order(definition=definition).same(read) is (definition == "PO Receiver")


@pytest.mark.parametrize("definition", ["Vendor Invoice", "PO Receiver"])
def test_no_second_order_leaves_of_a_definition_that_posted_the_first(payables: Bench, definition: str) -> None:
    client = payables.client()
    assert isinstance(post(client, order(definition=definition)), Done)
    before = moved(payables)
    with pytest.raises(Refused) as told:
        post(client, order(control="k2", number="PO-8", definition=definition))
    assert (told.value.cause, told.value.code) == ("settings", "po.posts")
    assert moved(payables) == before
    posted(client, order(control="k3", number="PO-9"))


def test_the_first_order_of_a_definition_is_looked_at_before_a_second_leaves(payables: Bench) -> None:
    client = payables.client()
    two = [order(), order(control="k2", number="PO-8")]
    looks = client.look(two)
    call = client.render(two[0], looks[0], None)
    with pytest.raises(NotYet) as waits:
        client.render(two[1], looks[1], None)
    assert waits.value.code == "dependency.first_order"
    assert isinstance(client.send([call], window)[call.control], Done)
    posted(client, two[1])
    asked = payables.server.requests
    client.look([order(control="k3", number="PO-9")])
    assert payables.server.requests == asked + 1


def test_a_bill_that_an_order_was_converted_into_is_not_its_posting(payables: Bench) -> None:
    client = payables.client()
    known = posted(client, order())
    posted(client, bill(reference="PO-000000007"))
    with payables.books.unit():
        row = next(iter(payables.company.rows("APBILL").values()))
        payables.company.change("APBILL", row, MODULEKEY="9.PO")
        row = next(iter(payables.company.rows("PODOCUMENT").values()))
        payables.company.change("PODOCUMENT", row, STATE="Partially Converted")
    (read,) = client.read("purchase_order", [known])
    assert read is not None
    assert client.order_postings(read) == []


def test_a_bill_of_ours_that_names_the_order_is_not_its_posting(payables: Bench) -> None:
    client = payables.client()
    known = posted(client, order())
    posted(client, bill(reference="PO-000000007"))
    (read,) = client.read("purchase_order", [known])
    assert read is not None
    assert client.order_postings(read) == []


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ({"item": ""}, "unmapped.item"),
        ({"quantity": "0"}, "source.inconsistent"),
        ({"price": "1.005"}, "amount.precision"),
        ({"quantity": "0.333"}, "amount.precision"),
    ],
)
def test_a_line_that_cannot_be_exact_never_leaves(line: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as told:
        order(lines=(ordered(**line),))
    assert told.value.code == code


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"lines": (ordered(unit="each"),)}, "value.invalid"),
        ({"lines": (ordered(item="NUT-8"),)}, "value.invalid"),
        ({"definition": "Nothing"}, "value.invalid"),
    ],
)
def test_what_the_company_does_not_know_names_the_setting(payables: Bench, change: dict[str, Any], code: str) -> None:
    told = refused(payables.client(), order(**change))
    assert (told.cause, told.code) == ("settings", code)


def test_a_number_that_the_definition_has_already_is_a_duplicate(payables: Bench) -> None:
    client = payables.client()
    posted(client, order())
    assert refused(client, order(control="other")).cause == "duplicate"


def test_a_definition_without_numbers_names_the_setting(payables: Bench) -> None:
    payables.books.knobs.auto_number = False
    told = refused(payables.client(), order(document_number=False))
    assert (told.cause, told.code) == ("settings", "number.missing")


# --- vendors ----------------------------------------------------------------------------------------------------------


FULL = vendor(
    id="AC-C3",
    name="Acme Ltd",
    email="ap@acme.example",
    phone="1",
    first_name="Ada",
    last_name="Byron",
    address=Address(line1="Ring 1", city="Wien", country="Austria", country_code="AT"),
    currency="USD",
    term="Net 30",
    comments="Commerce company 3",
    payment_blocked=True,
)


def row_of(bench: Bench) -> tuple[dict[str, Any], dict[str, Any]]:
    row = bench.company.find("VENDOR", "VENDORID", "AC-C3")[0]
    contact = bench.company.master("CONTACT", "CONTACTNAME", row["DISPLAYCONTACTKEY"])
    assert contact is not None
    return row, contact


def test_a_vendor_is_created_and_kept_out_of_payment_runs(bench: Bench) -> None:
    posted(bench.client(), FULL)
    row, contact = row_of(bench)
    assert (row["NAME"], row["TERMNAME"], row["CURRENCY"], row["COMMENTS"]) == (
        "Acme Ltd",
        "Net 30",
        "USD",
        "Commerce company 3",
    )
    assert (row["DONOTCUTCHECK"], row["STATUS"]) == (True, "active")
    assert (contact["PRINTAS"], contact["FIRSTNAME"], contact["EMAIL1"], contact["MAILADDRESS.CITY"]) == (
        "Acme Ltd",
        "Ada",
        "ap@acme.example",
        "Wien",
    )


def test_a_vendor_is_updated_by_what_the_source_keeps_and_nothing_else(bench: Bench) -> None:
    client = bench.client()
    number = posted(client, FULL)
    with bench.books.unit():
        row, _ = row_of(bench)
        bench.company.change("VENDOR", row, NAME="Acme Limited", DONOTCUTCHECK=False, TERMNAME="Net 15")
    after = replace(FULL, control="k:v2", name="Acme", email="", address=Address(city="Graz"), comments="x")
    assert post(client, after, before=FULL) == Done(number)
    row, contact = row_of(bench)
    assert (row["NAME"], row["DONOTCUTCHECK"], row["TERMNAME"], row["COMMENTS"]) == (
        "Acme Limited",
        False,
        "Net 15",
        "Commerce company 3",
    )
    assert (contact["EMAIL1"], contact["MAILADDRESS.CITY"], contact["MAILADDRESS.ADDRESS1"]) == ("", "Graz", "")
    (look,) = client.look([after])
    assert after.written(look.hits[0], FULL)
    assert not replace(after, email="new@acme.example").written(look.hits[0], FULL)


def test_a_vendor_of_that_id_that_stands_there_is_not_made_twice(bench: Bench) -> None:
    client = bench.client()
    posted(client, FULL)
    call = client.render(replace(FULL, control="other"), replace(client.look([FULL])[0], hits=()), None)
    told = client.send([call], window)["other"]
    assert isinstance(told, Refused)
    assert told.cause == "duplicate"
    assert len(bench.company.find("VENDOR", "VENDORID", FULL.id)) == 1


def test_a_vendor_that_a_person_linked_is_never_created(bench: Bench) -> None:
    client = bench.client()
    with pytest.raises(Refused) as told:
        post(client, vendor(linked=True))
    assert (told.value.code, told.value.cause) == ("party.missing", "settings")
    assert "vendors" in told.value.cure
