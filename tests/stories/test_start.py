"""Going live in the middle: what is from before the start is never created, what stands there is taken over."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from audit.models import Problem, Record, State, Verdict
from mappings.models import Mapping
from portal.engine import choices, decide
from portal.engine.links import set_mode
from portal.models import Cursor, FlowSetting
from standins.sage_intacct import settlement, subledger
from standins.sage_intacct.control import books_of
from tests.story import Story, record, story, told, workspace_connections

Json = dict[str, Any]
BEFORE = datetime(2026, 3, 10, 18, tzinfo=UTC)
DAY = BEFORE.date()
START = datetime(2026, 4, 1, 7, tzinfo=UTC)


def starting(start: datetime = START, **options: str) -> Any:
    def change(workspace: Json) -> None:
        link = workspace["links"][0]
        link["start_at"] = start.isoformat()
        link["options"] |= options

    return story(change=change)


def earlier(world: Story, make: Callable[[], Any]) -> Any:
    """Something that happened before the start."""
    world.shop.clock.stop(BEFORE.timestamp())
    made = make()
    world.shop.clock.real()
    return made


def by_hand(world: Story, invoice: Json, amount: str = "100.00", day: date = DAY) -> Json:
    """What somebody else has entered for this invoice of Stripe, on the customer that finance linked."""
    line = subledger.Line(Decimal(amount), "40000", dims={"LOCATIONID": "US-100"})
    new = subledger.NewDocument(party="C-100", day=day, lines=[line], number=invoice["number"])
    with world.books.unit():
        made: Json = subledger.create(world.company, subledger.ARINVOICE, new)
    return made


def customer(world: Story) -> str:
    """He is C-100 in the books; a person said so."""
    with world.books.unit():
        world.company.add_master("CONTACT", "CONTACTNAME", {"CONTACTNAME": "Acme(C-100)", "PRINTAS": "Acme"})
        party = {"CUSTOMERID": "C-100", "NAME": "Acme", "DISPLAYCONTACTKEY": "Acme(C-100)", "ONHOLD": False}
        world.company.add_master("CUSTOMER", "CUSTOMERID", party)
    choices.refresh(workspace_connections()["Sage Intacct"])
    made = world.customer()
    Mapping.objects.create(link=world.link, table="customer", source=made, target="C-100")
    return made


def held(world: Story) -> list[tuple[str, str, Decimal, Decimal]]:
    rows = books_of(world.company)["documents"]
    return sorted((one["object"], one["party"], one["amount"], one["due"]) for one in rows)


def run(world: Story) -> None:
    world.deliver()
    world.work()


def until(world: Story, done: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, told()
        world.work()
        time.sleep(0.2)


PAID = [("ARINVOICE", "C-100", Decimal(100), Decimal(0)), ("ARPYMT", "C-100", Decimal(100), Decimal(0))]


# --- start ------------------------------------------------------------------------------------------------------------


def test_what_happened_before_the_start_posts_nothing(transactional_db: None) -> None:
    with starting() as world:
        acme = customer(world)
        earlier(world, lambda: world.invoice(acme))
        run(world)
        assert held(world) == []
        rows = Record.objects.exclude(flow="stripe_intacct.customer").values_list("state", "said").distinct()
        assert list(rows) == [(State.SKIPPED, "before start")], told()


def test_money_for_an_earlier_invoice_pays_the_one_that_was_entered_by_hand(transactional_db: None) -> None:
    with starting(adopt="exact") as world:
        acme = customer(world)
        invoice = earlier(world, lambda: world.invoice(acme, paid=False))
        by_hand(world, invoice)
        run(world)
        assert record("invoice").state == State.SKIPPED
        world.shop.pay(invoice["id"])
        run(world)
        assert held(world) == PAID, told()
        assert world.writes("create_invoice") == []


def test_money_for_an_earlier_invoice_waits_until_somebody_has_entered_it(transactional_db: None) -> None:
    with starting(adopt="exact") as world:
        acme = customer(world)
        invoice = earlier(world, lambda: world.invoice(acme, paid=False))
        world.shop.pay(invoice["id"])
        run(world)
        assert (record("invoice").code, record("payment").code) == ("start.not_there", "dependency.invoice"), told()
        assert held(world) == []
        by_hand(world, invoice)
        until(world, lambda: record("payment").state == State.POSTED)
        assert held(world) == PAID
        assert world.writes("create_invoice") == []


def test_an_invoice_entered_otherwise_is_taken_over_only_by_a_person(transactional_db: None) -> None:
    with starting(adopt="exact") as world:
        acme = customer(world)
        invoice = earlier(world, lambda: world.invoice(acme, paid=False))
        there = by_hand(world, invoice, day=date(2026, 3, 31))
        world.shop.pay(invoice["id"])
        run(world)
        one = record("invoice")
        assert (one.state, one.waits_for, one.code) == (State.WAITING, "decision", "duplicate.foreign"), told()
        assert [row[0] for row in held(world)] == ["ARINVOICE"]
        decide.adopt(one, one.stamp, str(there["RECORDNO"]), "finance", "it is the opening balance")
        run(world)
        assert held(world) == PAID, told()
        assert record("invoice").verdict == Verdict.AGREES
        assert not Problem.objects.filter(closed_at=None).exists()


def test_equal_ones_ask_as_well_unless_the_rule_is_exact(transactional_db: None) -> None:
    with starting() as world:
        acme = customer(world)
        invoice = earlier(world, lambda: world.invoice(acme, paid=False))
        by_hand(world, invoice)
        world.shop.pay(invoice["id"])
        run(world)
        assert record("invoice").code == "duplicate.foreign", told()
        assert [row[0] for row in held(world)] == ["ARINVOICE"]


# --- taking over from an earlier connector ----------------------------------------------------------------------------


def test_what_an_earlier_connector_has_posted_is_not_posted_again(transactional_db: None) -> None:
    with starting(BEFORE - timedelta(days=1), adopt="exact") as world:
        acme = customer(world)
        invoice = earlier(world, lambda: world.invoice(acme))
        made = by_hand(world, invoice)
        pay(world, made, "OLD-1")
        before = held(world)
        run(world)
        assert held(world) == before == PAID, told()
        assert record("invoice").posting.found
        assert (record("payment").waits_for, record("payment").code) == ("decision", "amount.over_due")
        assert world.writes("create_invoice") == []
        assert world.writes("create ARPYMT") == []


def test_an_unequal_invoice_of_an_earlier_connector_asks_and_nothing_is_posted(transactional_db: None) -> None:
    with starting(BEFORE - timedelta(days=1), adopt="exact") as world:
        acme = customer(world)
        by_hand(world, earlier(world, lambda: world.invoice(acme)), "99.99")
        before = held(world)
        run(world)
        assert held(world) == before
        assert record("invoice").code == "duplicate.foreign", told()
        assert record("payment").code == "dependency.invoice"


def pay(world: Story, invoice: Json, number: str) -> None:
    detail = settlement.Detail(invoice["RECORDNO"], cash=Decimal("100.00"))
    new = settlement.NewPayment("C-100", DAY, "EFT", [detail], bank="STRIPE-USD", number=number)
    with world.books.unit():
        settlement.pay(world.company, settlement.RECEIPT, new)


def test_what_came_while_a_flow_was_off_is_read_when_it_is_switched_on(transactional_db: None) -> None:
    with starting(datetime(2020, 1, 1, tzinfo=UTC)) as world:
        FlowSetting.objects.filter(link=world.link).update(mode=FlowSetting.Mode.OFF)
        world.invoice(world.customer(), paid=False)
        Cursor.objects.update(due_at=timezone.now() - timedelta(seconds=1))
        time.sleep(2.1)  # feeds end two seconds ago here
        run(world)
        assert not Record.objects.exists()
        for flow in ("customer", "invoice", "payment", "refund"):
            set_mode(world.link, flow, "live", "test")
        time.sleep(2.1)
        world.work()
        assert len(world.rows("ARINVOICE")) == 1, told()
