"""A write whose end is not known: absence is believed after the hold only, and no button goes around the look."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from django.core.management import CommandError

from audit.models import State
from audit.states import Stale
from portal.engine import clock, decide, drain
from portal.models import Lane
from tests.stories import oracle
from tests.story import Story, record, story, told, trail_of

HOLD = 2.3
WAITS = {"write_deadline": 2.0, "processing": 0.2, "margin": 0.1}


@pytest.fixture
def world(transactional_db: None) -> Iterator[Story]:
    with story(waits=WAITS) as it:
        yield it


def at(asked: dict[str, str]) -> float:
    return datetime.fromisoformat(asked["at"]).timestamp()


def test_a_document_that_appears_late_but_inside_the_hold_is_sent_once(world: Story) -> None:
    world.invoice(world.customer(), paid=False)
    world.books.faults.add("late", {"function": "create_invoice"}, seconds=1.5)
    world.deliver(["invoice.finalized"])
    world.work()
    assert len(world.writes("create_invoice")) == 1
    assert trail_of(record("invoice"))[-2:] == ["record.unsure", "record.found"], told()
    oracle.compare(world.shop, world.company)


def test_a_late_payment_that_the_ledger_could_not_refuse_is_sent_once(world: Story) -> None:
    world.books.knobs.turn({"uniqueid": "off"})
    world.invoice(world.customer())
    world.books.faults.add("late", {"function": "create ARPYMT"}, seconds=1.5)
    world.deliver(["invoice.paid"])
    world.work()
    assert len(world.writes("create ARPYMT")) == 1
    assert "record.absent" not in trail_of(record("payment")), told()
    oracle.compare(world.shop, world.company)


def test_what_never_arrived_is_sent_again_only_after_the_hold_and_under_the_same_key(world: Story) -> None:
    world.invoice(world.customer(), paid=False)
    world.books.faults.add("before", {"function": "create_invoice"})
    world.deliver(["invoice.finalized"])
    world.work()
    first, second = world.writes("create_invoice")
    assert at(second) - at(first) >= HOLD
    assert first["functions"][0]["controlid"] == second["functions"][0]["controlid"]
    bodies = {bytes(one.body) for one in record("invoice").attempts.all()}
    assert len(bodies) == 1, "the same bytes go again"
    oracle.compare(world.shop, world.company)


@pytest.fixture
def unsure(transactional_db: None) -> Iterator[Story]:
    """One invoice was sent, its answer was lost, it cannot be seen yet, and the next look is far away."""
    with story(waits={"write_deadline": 600.0, "look": 600.0, "retry_most": 600.0}) as it:
        customer = it.customer()
        it.deliver(["customer.created"])
        it.work()
        it.been_there_for_long()
        it.invoice(customer, paid=False)
        it.books.faults.add("commit_then_reset", {"function": "create_invoice"})
        it.books.knobs.turn({"visible_after": 3600})
        it.deliver(["invoice.finalized"])
        with pytest.raises(CommandError):
            it.work(seconds=2)
        assert record("invoice").state == State.UNSURE, told()
        yield it


def test_pressing_retry_twice_on_an_unsure_record_makes_one_look_and_no_post(unsure: Story) -> None:
    seen = record("invoice")
    before = unsure.intacct.requests
    assert "nothing is sent" in decide.retry(seen, seen.stamp, "ann")
    with pytest.raises(Stale):
        decide.retry(seen, seen.stamp, "bob")
    drain.drain(seen.target_lane_id, seconds=5)
    assert unsure.intacct.requests == before + 1, "one look"
    assert len(unsure.writes("create_invoice")) == 1, "no post"
    assert trail_of(seen).count("person.looked") == 1


def test_the_look_that_a_person_asked_for_finds_the_document_before_the_hold_is_over(unsure: Story) -> None:
    unsure.books.knobs.turn({"visible_after": 0})
    decide.retry(record("invoice"), record("invoice").stamp, "ann")
    unsure.work()
    assert len(unsure.writes("create_invoice")) == 1
    assert record("invoice").state == State.POSTED
    oracle.compare(unsure.shop, unsure.company)


def test_a_batch_fixed_by_the_environment_stays_as_it_is_after_an_unclear_end(world: Story, settings: Any) -> None:
    settings.BATCH = 4
    customer = world.customer()
    for _ in range(12):
        world.invoice(customer, paid=False)
    world.books.faults.add("commit_then_reset", {"function": "create_invoice"})
    Lane.objects.filter(side=Lane.Side.WRITE).update(paused_until=clock.in_seconds(4, clock.now()))
    world.deliver(["customer.created", "invoice.finalized"])
    world.work()
    assert [len(asked["functions"]) for asked in world.writes("create_invoice")] == [4, 4, 4]
    oracle.compare(world.shop, world.company)
