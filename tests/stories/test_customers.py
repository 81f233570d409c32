"""Customers in step: Stripe's fields follow Stripe, all others are the ledger's; who is who is said by a person."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from audit.models import Record, State
from mappings.models import Mapping
from portal.engine import choices
from standins.sage_intacct.control import books_of
from tests.story import Story, record, story, told, workspace_connections

Json = dict[str, Any]
ADDRESS = {"line1": "1 Main St", "city": "Boston", "state": "MA", "postal_code": "02110", "country": "US"}


@pytest.fixture
def world(transactional_db: None) -> Iterator[Story]:
    with story(waits={"write_deadline": 2.0, "processing": 0.2, "margin": 0.1}) as it:
        yield it


def held(world: Story, id: str) -> Json:
    """The customer as the ledger has him, with his contact."""
    party = world.company.master("CUSTOMER", "CUSTOMERID", id)
    contact = world.company.master("CONTACT", "CONTACTNAME", party["DISPLAYCONTACTKEY"])
    return {**contact, **party}


def stands_already(world: Story, id: str, name: str, **fields: Any) -> None:
    """A customer that people of finance made by hand."""
    contact = {"CONTACTNAME": f"{name}({id})", "PRINTAS": name, "EMAIL1": fields.pop("EMAIL1", "")}
    party = {"CUSTOMERID": id, "NAME": name, "DISPLAYCONTACTKEY": contact["CONTACTNAME"], "ONHOLD": False, **fields}
    with world.books.unit():
        world.company.add_master("CONTACT", "CONTACTNAME", contact)
        world.company.add_master("CUSTOMER", "CUSTOMERID", party)
    choices.refresh(workspace_connections()["Sage Intacct"])


def change(world: Story, id: str, **fields: Any) -> None:
    with world.books.unit():
        world.company.change("CUSTOMER", world.company.master("CUSTOMER", "CUSTOMERID", id), **fields)


def carried(world: Story) -> None:
    world.deliver()
    world.work()
    assert not Record.objects.exclude(state__in=[State.POSTED, State.SKIPPED]).exists(), told()


def writes(world: Story) -> tuple[int, int]:
    return len(world.writes("create CUSTOMER")), len(world.writes("update CUSTOMER"))


# --- changes ----------------------------------------------------------------------------------------------------------


def test_what_changes_in_stripe_changes_in_the_ledger_and_nothing_else_does(world: Story) -> None:
    customer = world.shop.create_customer(name="Acme Ltd", email="ap@acme.example", address=ADDRESS)["id"]
    carried(world)
    change(world, customer, TERMNAME="Net 30", COMMENTS="Ring before noon", CREDITLIMIT=5000)
    world.shop.update_customer(customer, email="new@acme.example", address={**ADDRESS, "city": "Salem"})
    carried(world)
    now = held(world, customer)
    assert (now["EMAIL1"], now["MAILADDRESS.CITY"], now["MAILADDRESS.ZIP"]) == ("new@acme.example", "Salem", "02110")
    assert (now["TERMNAME"], now["COMMENTS"], now["CREDITLIMIT"]) == ("Net 30", "Ring before noon", 5000)
    assert writes(world) == (1, 1)


def test_what_the_ledger_does_not_have_from_stripe_is_no_change(world: Story) -> None:
    customer = world.customer()
    carried(world)
    world.shop.update_customer(customer, metadata={"tier": "gold"}, description="a good one")
    carried(world)
    assert writes(world) == (1, 0)


def test_a_name_that_finance_corrected_stays_until_stripe_changes_its_own(world: Story) -> None:
    customer = world.customer()
    carried(world)
    change(world, customer, NAME="ACME LIMITED")
    world.shop.update_customer(customer, phone="+1 555 0100")
    carried(world)
    assert held(world, customer)["NAME"] == "ACME LIMITED"
    world.shop.update_customer(customer, name="Acme Holding Ltd")
    carried(world)
    assert held(world, customer)["NAME"] == "Acme Holding Ltd"


def test_changes_told_in_any_order_and_twice_end_with_the_newest(world: Story) -> None:
    customer = world.customer("One")
    for name in ("Two", "Three", "Four"):
        world.shop.update_customer(customer, name=name)
    told_of = [one["id"] for one in world.shop.deliveries()]
    for delivery in [*reversed(told_of), *told_of]:
        world.hand_over(delivery)
        world.work()
    assert held(world, customer)["NAME"] == "Four"
    assert writes(world) == (1, 0)


@pytest.mark.parametrize("fault", ["before", "commit_then_reset", "late"])
def test_an_older_change_whose_end_is_unclear_never_overwrites_a_newer_one(world: Story, fault: str) -> None:
    customer = world.customer("One")
    carried(world)
    world.books.faults.add(fault, {"function": "update CUSTOMER"}, seconds=0.5)
    world.shop.update_customer(customer, name="Two", phone="2")
    world.deliver()
    world.work(seconds=20)
    world.shop.update_customer(customer, name="Three", phone="")
    carried(world)
    time.sleep(0.6)
    now = held(world, customer)
    assert (now["NAME"], now.get("PHONE1", "")) == ("Three", ""), told()


def test_a_customer_deleted_in_stripe_stays_as_he_is_in_the_ledger(world: Story) -> None:
    customer = world.customer()
    invoice = world.invoice(customer, paid=False)
    carried(world)
    world.shop.pay(invoice["id"])
    world.shop.delete_customer(customer)
    carried(world)
    assert held(world, customer)["STATUS"] == "active"
    assert [one["due"] for one in books_of(world.company)["documents"] if one["object"] == "ARINVOICE"] == [0]
    assert writes(world) == (1, 0)


@pytest.mark.parametrize("fields", [{"ONHOLD": True}, {"STATUS": "inactive"}])
def test_nothing_is_booked_on_a_customer_on_hold_or_inactive_until_he_is_free_again(world: Story, fields: Json) -> None:
    customer = world.customer()
    carried(world)
    change(world, customer, **fields)
    world.invoice(customer, paid=False)
    world.deliver()
    world.work()
    assert (record("invoice").code, record("invoice").state) == ("party.blocked", State.WAITING), told()
    assert world.writes("create_invoice") == []
    change(world, customer, ONHOLD=False, STATUS="active")
    end = time.monotonic() + 10
    while not world.rows("ARINVOICE") and time.monotonic() < end:
        world.work()
        time.sleep(0.2)
    assert len(world.rows("ARINVOICE")) == 1, told()


# --- who is who -------------------------------------------------------------------------------------------------------


def test_a_customer_that_a_person_linked_is_taken_over_as_he_stands_there(world: Story) -> None:
    stands_already(world, "C-100", "ACME Limited (Boston)", EMAIL1="ar@acme.example", TERMNAME="Net 15")
    customer = world.customer("Acme Ltd")
    Mapping.objects.create(link=world.link, table="customer", source=customer, target="C-100")
    world.invoice(customer)
    carried(world)
    assert writes(world) == (0, 0)
    assert {one["party"] for one in books_of(world.company)["documents"]} == {"C-100"}
    assert (held(world, "C-100")["NAME"], held(world, "C-100")["EMAIL1"]) == (
        "ACME Limited (Boston)",
        "ar@acme.example",
    )
    world.shop.update_customer(customer, phone="+1 555 0100")
    carried(world)
    now = held(world, "C-100")
    assert (now["PHONE1"], now["NAME"], now["EMAIL1"]) == ("+1 555 0100", "ACME Limited (Boston)", "ar@acme.example")
    assert [row["CUSTOMERID"] for row in world.rows("CUSTOMER")] == ["C-100"]


def test_many_customers_are_linked_together_by_a_sheet(world: Story) -> None:
    pairs = {}
    for number in range(5):
        stands_already(world, f"C-{number}", f"Company {number}")
        pairs[world.customer(f"Company {number} Ltd")] = f"C-{number}"
    for source, target in pairs.items():
        Mapping.objects.create(link=world.link, table="customer", source=source, target=target)
    carried(world)
    assert writes(world) == (0, 0)
    assert len(world.rows("CUSTOMER")) == 5


def test_the_same_name_and_address_never_link_two_customers(world: Story) -> None:
    stands_already(world, "C-100", "Acme Ltd", EMAIL1="ap@acme.example")
    customer = world.customer("Acme Ltd")
    world.invoice(customer)
    carried(world)
    assert {row["CUSTOMERID"] for row in world.rows("CUSTOMER")} == {"C-100", customer}
    assert {one["party"] for one in books_of(world.company)["documents"]} == {customer}


def test_a_customer_linked_to_nobody_waits_and_is_not_created(world: Story) -> None:
    customer = world.customer()
    Mapping.objects.create(link=world.link, table="customer", source=customer, target="C-100")
    world.deliver()
    world.work()
    assert record("customer").code == "party.missing", told()
    assert world.rows("CUSTOMER") == []
