"""One Stripe account, several entities, and every dimension that their accounts ask for. Judged from the books."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from audit.models import Record, State
from mappings.models import Mapping, Period
from portal.engine import choices
from standins.sage_intacct import ledger
from standins.sage_intacct.control import books_of
from tests.story import Story, record, story, told, workspace_connections

Json = dict[str, Any]
WEST = "STRIPE-WEST"


def row(table: str, source: str, target: str = "-", **facts: str) -> Json:
    return {"table": table, "source": source, "target": target, "facts": facts}


ROWS = [
    row("entity", "us", "E100"),
    row("entity", "west", "E200"),
    row("revenue_account", "*", "40100"),
    row("tax_account", "*", "22010"),
    row("clearing", "USD/E100", "STRIPE-USD", gl_account="10210"),
    row("clearing", "USD/E200", WEST, gl_account="10230"),
]


def entities(*more: Json, **options: str) -> Any:
    def change(workspace: Json) -> None:
        link = workspace["links"][0]
        link["mappings"] = [*ROWS, *more]
        link["options"] |= {"entity_key": "entity", **options}

    return story(seed={"entities": True, "dimensions": REGION}, change=change)


REGION = {"REGION": {"label": "Region", "values": {"10": "West", "11": "East"}}}


def west_has_a_bank(world: Story) -> None:
    account = {"ACCOUNTNO": "10230", "TITLE": "Stripe clearing West", "NORMALBALANCE": "debit"}
    bank = {"BANKACCOUNTID": WEST, "GLACCOUNTNO": "10230", "BANKNAME": "Stripe West", "CURRENCY": "USD"}
    with world.books.unit():
        world.company.add_master("GLACCOUNT", "ACCOUNTNO", account)
        world.company.add_master("CHECKINGACCOUNT", "BANKACCOUNTID", bank | {"LOCATIONID": "E200"})
    read_choices()


def read_choices() -> None:
    choices.refresh(workspace_connections()["Sage Intacct"])


def change(world: Story, object_: str, field: str, value: str, **changes: Any) -> None:
    found = world.company.master(object_, field, value)
    with world.books.unit():
        world.company.change(object_, found, **changes)


def by_entity(world: Story) -> dict[str, dict[str, Decimal]]:
    """Balance of each account in each entity, debit positive."""
    found: dict[str, dict[str, Decimal]] = {}
    for line in world.rows("GLDETAIL"):
        inside = found.setdefault(world.company.entity_of(line.get("LOCATIONID", "")), {})
        inside[line["ACCOUNTNO"]] = inside.get(line["ACCOUNTNO"], Decimal(0)) + line["AMOUNT"]
    return {entity: {no: amount for no, amount in rows.items() if amount} for entity, rows in found.items()}


def documents(world: Story) -> int:
    return sum(len(world.rows(name)) for name in ("ARINVOICE", "ARPYMT", "GLBATCH"))


def carried(world: Story) -> None:
    world.deliver()
    world.work()
    assert not Record.objects.exclude(state__in=[State.POSTED, State.SKIPPED]).exists(), told()


def waits(flow: str = "invoice") -> tuple[str, str]:
    one = record(flow)
    return one.code, one.problem.value if one.problem else ""


# --- H5f --------------------------------------------------------------------------------------------------------------


def test_one_stripe_account_serves_two_entities_and_each_balances_by_itself(transactional_db: None) -> None:
    with entities() as world:
        west_has_a_bank(world)
        customer = world.customer()
        first = world.invoice(customer, 10_000, paid=False, metadata={"entity": "us"})
        second = world.invoice(customer, 5_000, paid=False, metadata={"entity": "west"})
        charge = world.shop.pay_several({first["id"]: 10_000, second["id"]: 5_000})
        carried(world)
        assert by_entity(world) == {
            "E100": {"40100": Decimal(-100), "10210": Decimal(100)},
            "E200": {"40100": Decimal(-50), "10230": Decimal(50)},
        }
        world.shop.refund(charge["id"], 4_525)
        carried(world)
        assert by_entity(world) == {
            "E100": {"40100": Decimal("-69.83"), "10210": Decimal("69.83")},
            "E200": {"40100": Decimal("-34.92"), "10230": Decimal("34.92")},
        }
        (journal,) = (one for one in books_of(world.company)["documents"] if one["object"] == "GLBATCH")
        lines = sorted((line["dims"]["LOCATION"], line["account"], line["amount"]) for line in journal["lines"])
        assert lines == [
            ("E100", "10210", Decimal("-30.17")),
            ("E100", "40100", Decimal("30.17")),
            ("E200", "10230", Decimal("-15.08")),
            ("E200", "40100", Decimal("15.08")),
        ]
        assert "12900" not in ledger.balances(world.company), "nothing is due between the entities"


def test_money_of_one_entity_never_goes_to_the_bank_of_another(transactional_db: None) -> None:
    with entities() as world:
        west_has_a_bank(world)
        Mapping.objects.filter(source="USD/E100").update(target=WEST)
        world.invoice(world.customer(), metadata={"entity": "us"})
        world.deliver()
        world.work()
        assert waits("payment") == ("dimension.entity", "E200"), told()
        assert (len(world.rows("ARINVOICE")), len(world.rows("ARPYMT"))) == (1, 0)


@pytest.mark.parametrize("metadata", [{}, {"entity": "mars"}], ids=["no key", "unknown value"])
def test_an_invoice_whose_entity_is_not_decided_waits(transactional_db: None, metadata: Json) -> None:
    with entities() as world:
        west_has_a_bank(world)
        world.invoice(world.customer(), metadata=metadata, paid=False)
        world.deliver()
        world.work()
        assert waits()[0] == "unmapped.entity", told()
        assert documents(world) == 0


def test_a_customer_of_one_entity_alone_is_booked_in_a_session_of_that_entity(transactional_db: None) -> None:
    with entities() as world:
        west_has_a_bank(world)
        customer = world.customer()
        private(world, "C-WEST", "E200")
        Mapping.objects.create(link=world.link, table="customer", source=customer, target="C-WEST")
        world.invoice(customer, metadata={"entity": "west"})
        carried(world)
        held = books_of(world.company)["documents"]
        assert {(one["object"], one["party"], one["entity"]) for one in held} == {
            ("ARINVOICE", "C-WEST", "E200"),
            ("ARPYMT", "C-WEST", "E200"),
        }
        assert by_entity(world) == {"E200": {"40100": Decimal(-100), "10230": Decimal(100)}}


def test_a_customer_of_one_entity_is_not_booked_in_another(transactional_db: None) -> None:
    with entities() as world:
        west_has_a_bank(world)
        customer = world.customer()
        private(world, "C-WEST", "E200")
        Mapping.objects.create(link=world.link, table="customer", source=customer, target="C-WEST")
        world.invoice(customer, metadata={"entity": "us"}, paid=False)
        world.deliver()
        world.work()
        assert waits() == ("party.entity", "C-WEST"), told()
        assert documents(world) == 0


def private(world: Story, id: str, entity: str) -> None:
    with world.books.unit():
        party = {"CUSTOMERID": id, "NAME": "Western Ltd", "MEGAENTITYID": entity, "DISPLAYCONTACTKEY": "Western"}
        world.company.add_master("CUSTOMER", "CUSTOMERID", party)
        world.company.add_master("CONTACT", "CONTACTNAME", {"CONTACTNAME": "Western", "PRINTAS": "Western Ltd"})
    read_choices()


# --- H4e --------------------------------------------------------------------------------------------------------------


def test_three_in_the_morning_utc_is_another_day_in_each_entity(transactional_db: None) -> None:
    with entities(entity_time_zones="E200 Europe/London") as world:
        west_has_a_bank(world)
        world.shop.clock.stop(datetime(2026, 4, 1, 3, tzinfo=UTC).timestamp())
        customer = world.customer()
        for entity in ("us", "west"):
            world.invoice(customer, metadata={"entity": entity})
        world.shop.clock.run()
        world.deliver()
        world.work()
        days = {one["number"]: one["date"] for one in books_of(world.company)["documents"]}
        assert sorted(days.values()) == [date(2026, 3, 31)] * 2 + [date(2026, 4, 1)] * 2, told()
        held = [one for one in books_of(world.company)["documents"] if one["object"] == "ARINVOICE"]
        assert {one["lines"][0]["dims"]["LOCATIONID"]: one["date"] for one in held} == {
            "E100": date(2026, 3, 31),
            "E200": date(2026, 4, 1),
        }


def test_books_closed_in_one_entity_leave_the_other_open(transactional_db: None) -> None:
    with entities() as world:
        west_has_a_bank(world)
        target = workspace_connections()["Sage Intacct"]
        Period.objects.create(connection=target, module="AR", entity="E200", closed_to=date(2099, 1, 1))
        customer = world.customer()
        for entity in ("us", "west"):
            world.invoice(customer, metadata={"entity": entity}, paid=False)
        world.deliver()
        world.work()
        assert list(by_entity(world)) == ["E100"], told()
        assert Record.objects.get(code="period.closed").problem.value.startswith("AR E200")


# --- money without invoice, and credit by hand ------------------------------------------------------------------------

WITHOUT_INVOICE = [
    row("sale_account", "*", "40300"),
    row("customer_deposits", "*", "24300"),
    row("balance_adjustment", "*", "24400"),
    row("refunds_clearing", "USD", "24100"),
]


@pytest.mark.parametrize(("route", "object_"), [("sale", "OTHERRECEIPTS"), ("advance", "ARADVANCE")])
def test_charges_without_invoice_stand_in_the_entity_that_their_metadata_name(
    transactional_db: None, route: str, object_: str
) -> None:
    with entities(*WITHOUT_INVOICE, invoiceless=route) as world:
        west_has_a_bank(world)
        customer = world.customer()
        private(world, "C-WEST", "E200")
        Mapping.objects.create(link=world.link, table="customer", source=customer, target="C-WEST")
        charge = world.shop.sell(8_000, customer=customer, metadata={"entity": "west"})
        credit = {"sale": "40300", "advance": "24300"}[route]
        carried(world)
        assert by_entity(world) == {"E200": {credit: Decimal(-80), "10230": Decimal(80)}}
        (held,) = books_of(world.company)["documents"]
        # an other receipt names no customer: only the advance needs the session of his entity
        assert (held["object"], held["entity"]) == (object_, "E200" if route == "advance" else "")
        world.shop.refund(charge["id"])
        carried(world)
        assert by_entity(world) == {"E200": {}}, "it goes back inside the entity"


def test_a_department_of_one_entity_alone_takes_the_sale_and_its_refund_into_a_session_of_it(
    transactional_db: None,
) -> None:
    with entities(
        *WITHOUT_INVOICE, row("customer_dimensions", "*", department="WEST-OPS"), invoiceless="sale"
    ) as world:
        west_has_a_bank(world)
        with world.books.unit():
            world.company.add_master("DEPARTMENT", "DEPARTMENTID", {"DEPARTMENTID": "WEST-OPS", "MEGAENTITYID": "E200"})
        read_choices()
        charge = world.shop.sell(8_000, customer=world.customer(), metadata={"entity": "west"})
        world.shop.refund(charge["id"])
        carried(world)
        held = [*world.rows("OTHERRECEIPTS"), *world.rows("GLBATCH")]
        assert [one["MEGAENTITYID"] for one in held] == ["E200", "E200"]


def test_credit_by_hand_of_a_customer_of_one_entity_is_booked_in_a_session_of_it(transactional_db: None) -> None:
    with entities(*WITHOUT_INVOICE) as world:
        customer = world.customer()
        private(world, "C-WEST", "E200")
        Mapping.objects.create(link=world.link, table="customer", source=customer, target="C-WEST")
        world.shop.update_customer(customer, metadata={"entity": "west"})
        world.shop.credit_customer(customer, -5_000)
        carried(world)
        (memo,) = books_of(world.company)["documents"]
        assert (memo["object"], memo["party"], memo["entity"]) == ("ARADJUSTMENT", "C-WEST", "E200")


def test_a_period_closed_in_one_entity_parks_only_its_sales(transactional_db: None) -> None:
    with entities(*WITHOUT_INVOICE, invoiceless="sale") as world:
        west_has_a_bank(world)
        target = workspace_connections()["Sage Intacct"]
        Period.objects.create(connection=target, module="cash", entity="E200", closed_to=date(2099, 1, 1))
        for entity in ("us", "west"):
            world.shop.sell(8_000, metadata={"entity": entity})
        world.deliver()
        world.work()
        assert list(by_entity(world)) == ["E100"], told()
        assert Record.objects.get(code="period.closed").problem.value.startswith("cash E200")


# --- dimensions -------------------------------------------------------------------------------------------------------


def test_a_line_takes_each_dimension_from_what_stands_closest_to_it(transactional_db: None) -> None:
    rows = [
        row("customer_dimensions", "US/MA", department="SALES", location="US-100", GLDIMREGION="11"),
        row("product_dimensions", "prod_seat", item="SAAS", department="ENG"),
        row("metadata_dimensions", "region=west", GLDIMREGION="10"),
        row("metadata_dimensions", "team=ops", department="OPS", project="P-9"),
    ]
    with entities(*rows, dimension_keys="region, team") as world:
        world.shop.create_product("Seat", id="prod_seat")
        address = {"country": "US", "state": "MA"}
        customer = world.shop.create_customer(name="Acme Ltd", address=address, metadata={"region": "west"})["id"]
        lines = [
            {"description": "Seat", "amount": 5_000, "product": "prod_seat"},
            {"description": "Advice", "amount": 3_000, "metadata": {"team": "ops"}},
            {"description": "Other", "amount": 2_000},
        ]
        world.shop.create_invoice(customer, lines, finalize=True, metadata={"entity": "us"})
        carried(world)
        (invoice,) = books_of(world.company)["documents"]
        where = {"LOCATIONID": "US-100", "GLDIMREGION": "10"}
        assert [line["dims"] for line in invoice["lines"]] == [
            {**where, "DEPARTMENTID": "ENG", "ITEMID": "SAAS"},
            {**where, "DEPARTMENTID": "OPS", "PROJECTID": "P-9"},
            {**where, "DEPARTMENTID": "SALES"},
        ]


def test_a_metadata_value_that_nobody_decided_blocks_the_invoice(transactional_db: None) -> None:
    with entities(dimension_keys="team") as world:
        world.invoice(world.customer(), metadata={"entity": "us", "team": "new"}, paid=False)
        world.deliver()
        world.work()
        assert waits() == ("unmapped.metadata_dimensions", "team=new"), told()
        Mapping.objects.create(
            link=world.link, table="metadata_dimensions", source="team=new", facts={"department": "FIN"}
        )
        carried(world)
        assert books_of(world.company)["documents"][0]["lines"][0]["dims"]["DEPARTMENTID"] == "FIN"


@pytest.mark.parametrize(
    ("flag", "missing", "facts"),
    [
        ("REQUIRECLASS", "class", {"class": "SUB"}),
        ("REQUIREITEM", "item", {"item": "SAAS"}),
        ("REQUIREGLDIMREGION", "GLDIMREGION", {"GLDIMREGION": "11"}),
    ],
)
def test_what_an_account_requires_is_asked_for_by_name_before_anything_is_sent(
    transactional_db: None, flag: str, missing: str, facts: dict[str, str]
) -> None:
    with entities() as world:
        change(world, "GLACCOUNT", "ACCOUNTNO", "40100", **{flag: True})
        read_choices()
        world.invoice(world.customer(), metadata={"entity": "us"}, paid=False)
        world.deliver()
        world.work()
        assert waits() == ("unmapped.customer_dimensions", f"{missing} of account 40100"), told()
        assert world.writes("create_invoice") == []
        Mapping.objects.create(link=world.link, table="customer_dimensions", source="*", facts=facts)
        carried(world)
        assert set(facts.values()) <= set(books_of(world.company)["documents"][0]["lines"][0]["dims"].values())


def test_a_requirement_that_is_lifted_in_the_books_lets_the_invoice_go(transactional_db: None) -> None:
    with entities() as world:
        change(world, "GLACCOUNT", "ACCOUNTNO", "40100", REQUIRECLASS=True)
        read_choices()
        world.invoice(world.customer(), metadata={"entity": "us"}, paid=False)
        world.deliver()
        world.work()
        assert documents(world) == 0
        change(world, "GLACCOUNT", "ACCOUNTNO", "40100", REQUIRECLASS=False)
        read_choices()
        carried(world)
        assert documents(world) == 1


def test_an_account_that_requires_the_customer_has_him_on_the_line_and_the_refund(transactional_db: None) -> None:
    with entities() as world:
        change(world, "GLACCOUNT", "ACCOUNTNO", "40100", REQUIRECUSTOMER=True)
        read_choices()
        customer = world.customer()
        world.shop.refund(world.invoice(customer, metadata={"entity": "us"})["id"], 2_500)
        carried(world)
        journal = next(one for one in books_of(world.company)["documents"] if one["object"] == "GLBATCH")
        assert [line["dims"].get("CUSTOMERID") for line in journal["lines"] if line["account"] == "40100"] == [customer]


@pytest.mark.parametrize(
    ("object_", "field", "value", "code"),
    [
        ("GLACCOUNT", "ACCOUNTNO", "40100", "account.control"),
        ("DEPARTMENT", "DEPARTMENTID", "SALES", "dimension.inactive"),
    ],
)
def test_what_is_inactive_blocks_before_sending_and_goes_on_when_it_is_active_again(
    transactional_db: None, object_: str, field: str, value: str, code: str
) -> None:
    with entities(row("customer_dimensions", "*", department="SALES")) as world:
        change(world, object_, field, value, STATUS="inactive")
        read_choices()
        world.invoice(world.customer(), metadata={"entity": "us"}, paid=False)
        world.deliver()
        world.work()
        assert waits() == (code, value), told()
        assert world.writes("create_invoice") == []
        change(world, object_, field, value, STATUS="active")
        read_choices()
        carried(world)
        assert documents(world) == 1


def test_a_location_of_another_entity_blocks_before_sending(transactional_db: None) -> None:
    with entities(row("customer_dimensions", "*", location="US-200")) as world:
        world.invoice(world.customer(), metadata={"entity": "us"}, paid=False)
        world.deliver()
        world.work()
        assert waits() == ("dimension.entity", "US-200"), told()
        assert world.writes("create_invoice") == []
