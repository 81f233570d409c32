"""Twelve events of one customer, all final at the source before the first comes: every order ends in the same books."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from audit.models import Attempt, Claim, Delivery, Posting, Problem, Record, Seal, State, TrailEntry
from portal.models import Lane, SealedSession
from standins.sage_intacct import seed_demo
from standins.sage_intacct.control import books_of, plain
from tests.stories import oracle
from tests.story import Story, record, story, told

Json = dict[str, Any]
DAY = 86_400
TOLD = {
    "customer.created": 1,
    "invoice.created": 1,
    "invoice.finalized": 1,
    "invoice.paid": 1,
    "charge.succeeded": 1,
    "refund.created": 2,
    "charge.dispute.created": 1,
    "charge.dispute.closed": 1,
    "credit_note.created": 1,
    "payout.created": 1,
    "payout.paid": 1,
}
NO_FLOW = {"invoice.created", "charge.dispute.created", "charge.dispute.closed"}
NO_FLOW |= {"payout.created", "payout.paid"}


def a_life(world: Story) -> None:
    """An invoice over two accounts with discount and tax, its charge, two refunds, a note, a lost dispute, a payout."""
    shop = world.shop
    shop.clock.advance(-20 * DAY)
    customer = world.customer()
    setup = shop.create_product("Setup", metadata={"category": "setup"})
    tax = shop.create_tax_rate("Sales tax", 8.25, state="CA", country="US", jurisdiction="California")
    ten = shop.create_coupon(percent_off=10, name="10% off")
    lines = [
        {"description": "Pro plan", "amount": 25000},
        {"description": "Setup", "amount": 9999, "product": setup["id"]},
        {"description": "Unused time on Basic plan", "amount": -4000, "proration": True},
    ]
    invoice = shop.create_invoice(customer, lines, discounts=[ten["id"]], tax=[tax["id"]], due_days=30)
    shop.clock.advance(DAY)
    shop.finalize(invoice["id"])
    shop.clock.advance(DAY)
    charge = shop.pay(invoice["id"])
    for cents in (6000, 4000):
        shop.clock.advance(DAY)
        shop.refund(charge["id"], cents)
    shop.clock.advance(DAY)
    shop.credit_note(invoice["id"], 2000)
    shop.clock.advance(DAY)
    dispute = shop.dispute(charge["id"], 5000)
    shop.clock.advance(DAY)
    shop.close_dispute(dispute["id"])
    payout = shop.payout(everything=True)
    assert payout
    shop.clock.advance(DAY)
    shop.pay_payout(payout["id"])
    shop.clock.real()


def the_twelve(world: Story) -> list[Json]:
    found = []
    for type_, count in TOLD.items():
        of_type = [one for one in world.shop.deliveries() if one["type"] == type_]
        assert len(of_type) == count, (type_, len(of_type))
        found += of_type
    assert len(found) == 12
    return found


def shuffled(world: Story, seed: int) -> list[Json]:
    """Each event one to three times. What an event shows is as old as the event, hence older content comes later."""
    dice = random.Random(seed)
    told_again = [one for one in the_twelve(world) for _ in range(dice.randint(1, 3))]
    dice.shuffle(told_again)
    return told_again


def deliver(world: Story, order: list[Json], seed: int) -> None:
    """In this order, with the engine at work in between, now and then."""
    dice = random.Random(-seed - 1)
    pauses = set(dice.sample(range(len(order)), dice.randint(0, 3)))
    for place, one in enumerate(order):
        assert world.hand_over(one["id"]) == 200
        if place in pauses:
            world.work()
    world.work()


def begin_again(world: Story) -> None:
    """An empty ledger, and a portal that has never heard of anything."""
    for model in (TrailEntry, Seal, Claim, Posting, Attempt, Record, Problem, Delivery, SealedSession):
        rows = model.objects.all()
        rows._raw_delete(rows.db)
    Lane.objects.update(paused_until=None, pauses=0, batch=0, turn="")
    world.books.reset()
    seed_demo(world.books)


def fingerprint(world: Story) -> Any:
    """Documents, lines, amounts, dates and applications, without the numbers that the ledger gives."""
    dump = plain(books_of(world.company))
    for one in dump["documents"]:
        one.pop("key")
        for part in [*one["lines"], *one.get("applications", [])]:
            part.pop("key", None)
            part.pop("line", None)
    documents = sorted(dump["documents"], key=lambda one: (one["object"], one["number"]))
    return {"documents": documents, "balances": dump["balances"], "customers": [one["id"] for one in dump["customers"]]}


@pytest.fixture
def world(transactional_db: None) -> Iterator[Story]:
    with story() as it:
        a_life(it)
        yield it


def every_order_ends_the_same(world: Story, seeds: range) -> None:
    first = None
    for seed in seeds:
        order = shuffled(world, seed)
        deliver(world, order, seed)
        assert set(Record.objects.values_list("state", flat=True)) <= {State.POSTED, State.SKIPPED}, (seed, told())
        oracle.compare(world.shop, world.company)
        first = first or fingerprint(world)
        assert fingerprint(world) == first, seed
        assert not Problem.objects.filter(closed_at=None).exists(), seed
        kept = dict(Delivery.objects.values_list("event_type", "status"))
        assert {type_ for type_, status in kept.items() if status == Delivery.Status.NO_FLOW} == NO_FLOW
        assert Delivery.objects.count() == len(TOLD) + 1, "one row per event"
        begin_again(world)


def test_some_random_orders_of_twelve_events_end_in_the_same_books(world: Story) -> None:
    every_order_ends_the_same(world, range(4))


@pytest.mark.slow
def test_two_hundred_random_orders_of_twelve_events_end_in_the_same_books(world: Story) -> None:
    every_order_ends_the_same(world, range(200))


def test_a_refund_seen_before_its_payment_waits_for_it_and_goes_by_itself(world: Story) -> None:
    of = {one["type"]: one["id"] for one in the_twelve(world)}
    world.hand_over(of["refund.created"])
    world.work()
    (refund,) = Record.objects.filter(flow="stripe_intacct.refund")
    assert (refund.state, refund.waits_for) == (State.WAITING, "dependency"), told()
    assert world.rows("GLBATCH") == []
    world.hand_over(of["charge.succeeded"])
    world.work()
    assert record("payment").waits_for == "dependency"
    assert world.rows("ARPYMT") == []
    world.hand_over(of["invoice.finalized"])
    world.work()
    assert set(Record.objects.values_list("state", flat=True)) <= {State.POSTED, State.SKIPPED}, told()
    assert (len(world.rows("ARINVOICE")), len(world.rows("ARPYMT")), len(world.rows("GLBATCH"))) == (1, 1, 1)
    assert not Problem.objects.filter(closed_at=None).exists()
