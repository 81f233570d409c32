"""What happened before the start is brought over for a window of dates, once asked for and once more confirmed; judged
from both stand-ins' ledgers."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from audit.models import Attempt, Record, State, TrailEntry
from audit.states import Stale
from portal.engine import backfill, clock, decide, schedules, status, sweep
from portal.engine.decide import NotNow
from portal.models import Backfill, Connection, FlowSetting, Usage
from tests.story import Story, record, story, told

START = datetime(2026, 6, 1, tzinfo=UTC)
BEGIN, END = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
FLOWS = ["customer", "invoice", "payment", "refund"]
Json = dict[str, Any]


@pytest.fixture
def past(transactional_db: None) -> Iterator[Story]:
    """A shop with a February, a March and an April, and a link that starts in June."""

    def change(workspace: Json) -> None:
        workspace["links"][0]["start_at"] = START.isoformat()

    with story(change=change) as world:
        for month in (2, 3, 4):
            world.shop.clock.stop(datetime(2026, month, 10, 18, tzinfo=UTC).timestamp())
            customer = world.customer(f"Month {month}")
            paid, _ = [world.invoice(customer, amount + month, paid=False) for amount in (10_000, 20_000)]
            world.shop.refund(world.shop.pay(paid["id"])["id"], 1_000)
        world.shop.clock.real()
        yield world


def ask(world: Story, flows: list[str] | None = None, since: datetime = BEGIN, until: datetime = END) -> Backfill:
    """With its estimate."""
    row = backfill.ask(world.link, flows or FLOWS, since, until, "olive")
    world.work()
    row.refresh_from_db()
    assert row.state == "counted", row.said
    return row


def again(row: Backfill) -> Backfill:
    return Backfill.objects.get(pk=row.pk)


def invoices(world: Story) -> list[Decimal]:
    return sorted(Decimal(row["TOTALENTERED"]) for row in world.rows("ARINVOICE"))


MARCH = [Decimal("100.03"), Decimal("200.03")]
BOTH = sorted([*MARCH, Decimal("100.04"), Decimal("200.04")])


def test_the_estimate_says_what_the_ledger_holds_and_makes_no_record(past: Story) -> None:
    past.stripe.api.asked.clear()
    row = ask(past)
    assert row.estimate["flows"] == {
        "customer": {"count": 1, "known": 0, "money": {}},
        "invoice": {"count": 2, "known": 0, "money": {"USD": "300.06"}},
        "payment": {"count": 1, "known": 0, "money": {"USD": "100.03"}},
        "refund": {"count": 1, "known": 0, "money": {"USD": "10.00"}},
    }
    assert Record.objects.count() == 0
    assert past.rows("ARINVOICE") == []


def test_the_calls_of_the_estimate_are_about_those_that_it_takes(past: Story) -> None:
    row = ask(past)
    said = row.estimate["calls"]
    past.stripe.api.asked.clear()
    books = len(past.books.requests)
    backfill.start(row, "olive")
    past.work()
    took = {"source": len(past.stripe.api.asked), "target": len(past.books.requests) - books}
    for side, count in took.items():
        assert 0.5 * count <= said[side] <= 2 * count, (said, took)


def test_nothing_is_read_in_before_it_is_confirmed_and_then_the_window_only(past: Story) -> None:
    row = ask(past)
    past.work()
    assert invoices(past) == []
    backfill.start(row, "olive")
    past.work()
    assert invoices(past) == MARCH, told()
    assert len(past.rows("ARPYMT")) == 1
    done = again(row)
    assert (done.state, done.found, done.taken) == ("done", 5, 5)
    assert set(Record.objects.values_list("state", flat=True)) == {State.POSTED}, told()


def test_what_was_left_out_because_of_the_start_is_brought_over(past: Story) -> None:
    past.deliver()
    past.work()
    left = Record.objects.filter(state=State.SKIPPED, said="before start").count()
    assert (left > 6, invoices(past)) == (True, [])
    row = ask(past)
    assert row.estimate["flows"]["customer"] == {"count": 0, "known": 1, "money": {}}
    backfill.start(row, "olive")
    past.work()
    assert invoices(past) == MARCH, told()
    assert Record.objects.filter(state=State.SKIPPED, said="before start").count() == left - 4


def test_what_stands_there_already_stays_as_it_is(past: Story) -> None:
    backfill.start(ask(past), "olive")
    past.work()
    before = (invoices(past), len(past.rows("ARPYMT")), Record.objects.count())
    row = ask(past)
    assert {flow: (part["count"], part["known"]) for flow, part in row.estimate["flows"].items()} == {
        "customer": (0, 1), "invoice": (0, 2), "payment": (0, 1), "refund": (0, 1),
    }  # fmt: skip
    backfill.start(row, "olive")
    past.work()
    past.deliver()
    past.work()
    assert (invoices(past), len(past.rows("ARPYMT"))) == before[:2], told()
    assert again(row).taken == 0


def test_two_windows_that_overlap_bring_each_over_once(past: Story) -> None:
    for since, until in ((BEGIN, datetime(2026, 4, 5, tzinfo=UTC)), (BEGIN, datetime(2026, 5, 1, tzinfo=UTC))):
        backfill.start(ask(past, since=since, until=until), "olive")
        past.work()
    assert invoices(past) == BOTH, told()


def test_what_is_live_goes_before_what_is_of_a_backfill(past: Story) -> None:
    FlowSetting.objects.update(mode="preview")
    backfill.start(ask(past), "olive")
    past.work()
    past.invoice(past.customer("Now"), 777, paid=False)
    past.deliver()
    past.work()
    FlowSetting.objects.update(mode="live")
    past.work()
    first, *rest = sorted(past.rows("ARINVOICE"), key=lambda row: int(row["RECORDNO"]))
    assert (Decimal(first["TOTALENTERED"]), len(rest)) == (Decimal("7.77"), 2), told()


# --- resting and ending -----------------------------------------------------------------------------------------------


def held_back(past: Story) -> Backfill:
    """A backfill of which all is prepared and nothing is sent."""
    FlowSetting.objects.update(mode="preview")
    row = ask(past)
    backfill.start(row, "olive")
    past.work()
    assert Record.objects.filter(state=State.READY).exists()
    return row


def test_a_paused_backfill_rests_quietly_and_goes_on(past: Story) -> None:
    row = held_back(past)
    backfill.pause(row, "olive")
    FlowSetting.objects.update(mode="live")
    past.work()
    assert (invoices(past), len(past.rows("CUSTOMER"))) == ([], 0), told()
    assert status.summary(None)["quiet"]
    backfill.resume(row, "olive")
    past.work()
    assert (invoices(past), again(row).state) == (MARCH, "done"), told()


def test_one_that_is_paused_while_it_reads_takes_nothing_in(past: Story) -> None:
    row = ask(past)
    backfill.start(row, "olive")
    backfill.pause(row, "olive")
    past.work()
    assert (Record.objects.count(), again(row).cursor) == (0, "")


def test_what_a_cancelled_backfill_has_not_sent_posts_nothing(past: Story) -> None:
    row = held_back(past)
    backfill.cancel(row, "olive")
    FlowSetting.objects.update(mode="live")
    past.work()
    assert invoices(past) == []
    assert set(Record.objects.values_list("state", "said")) == {("SKIPPED", "its backfill was given up")}, told()
    with pytest.raises(Stale):
        backfill.resume(row, "olive")
    backfill.start(ask(past), "olive")
    past.work()
    assert invoices(past) == MARCH, told()


def test_what_was_perhaps_sent_when_it_was_cancelled_is_not_stuck(past: Story) -> None:
    row = held_back(past)
    one = Record.objects.filter(flow="stripe_intacct.invoice").order_by("pk")[0]
    Attempt.objects.create(
        record=one, lane=one.target_lane, epoch=0, control=one.control, body=b"", document_hash=one.document_hash,
        announced_at=clock.now(), hold_until=clock.now(), outcome="unclear",
    )  # fmt: skip
    Record.objects.filter(pk=one.pk).update(
        state=State.WAITING, waits_for="decision", code="unsure.absent", frozen=True
    )
    backfill.cancel(row, "olive")
    FlowSetting.objects.update(mode="live")
    past.work()
    one.refresh_from_db()
    assert (one.state, one.backfill_id) == (State.WAITING, None)
    decide.not_there(one, one.stamp, "fay", "I looked")
    past.work()
    one.refresh_from_db()
    assert (one.state, one.code) == (State.WAITING, "start.not_there"), told()
    assert invoices(past) == []


def test_started_twice_it_is_started_once(past: Story) -> None:
    row = ask(past)
    backfill.start(row, "olive")
    with pytest.raises(Stale):
        backfill.start(row, "fay")
    assert TrailEntry.objects.filter(what="backfill.started").count() == 1


def test_asking_anew_replaces_an_estimate_and_waits_for_one_under_way(past: Story) -> None:
    first = ask(past)
    second = ask(past, ["customer"])
    assert again(first).state == "cancelled"
    backfill.start(second, "olive")
    with pytest.raises(NotNow, match="under way"):
        backfill.ask(past.link, FLOWS, BEGIN, END, "olive")


@pytest.mark.parametrize(
    ("flows", "since", "until"),
    [
        (FLOWS, END, BEGIN),
        (FLOWS, BEGIN, BEGIN),
        (FLOWS, datetime(2200, 1, 1, tzinfo=UTC), datetime(2200, 2, 1, tzinfo=UTC)),
        ([], BEGIN, END),
        (["none"], BEGIN, END),
        (["invoice", "void"], BEGIN, END),
    ],
)
def test_a_window_that_cannot_be_is_not_begun(past: Story, flows: list[str], since: datetime, until: datetime) -> None:
    FlowSetting.objects.filter(flow="void").update(mode="off")
    with pytest.raises(NotNow):
        backfill.ask(past.link, flows, since, until, "olive")
    assert not Backfill.objects.exists()


def test_an_answer_that_is_broken_is_asked_for_again(past: Story) -> None:
    past.stripe.api.faults.add("half", path="invoices")
    backfill.start(ask(past), "olive")
    past.stripe.api.faults.add("half", path="invoices")
    past.work()
    assert invoices(past) == MARCH, told()


def test_a_backfill_of_a_scheduled_flow_waits_for_its_run(past: Story) -> None:
    schedules.set_schedule(past.link, "invoice", 60, None, "olive")
    backfill.start(ask(past), "olive")
    past.work()
    assert invoices(past) == []
    schedules.run_now(past.link, "invoice", clock.now(), "olive")
    past.work()
    assert invoices(past) == MARCH, told()


# --- the budget -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["Stripe", "Sage Intacct"])
def test_a_backfill_stops_where_the_calls_are_used_up_and_what_is_live_does_not(past: Story, side: str) -> None:
    row = ask(past)
    backfill.start(row, "olive")
    used = sum(Usage.objects.filter(connection__name=side).values_list("requests", flat=True))
    Connection.objects.filter(name=side).update(calls_per_day=used + 1, capped=True)
    past.work()
    assert invoices(past) == []
    assert status.summary(None)["quiet"], told()
    past.invoice(past.customer("Now"), 777, paid=False)
    past.deliver()
    past.work()
    assert invoices(past) == [Decimal("7.77")], told()
    Usage.objects.all().update(hour=clock.now() - timedelta(days=2))
    sweep.sweep()
    past.work()
    assert invoices(past) == sorted([Decimal("7.77"), *MARCH]), told()
    assert again(row).state == "done"


def test_a_fact_that_the_start_stopped_at_the_target_is_created_by_a_backfill(past: Story) -> None:
    """A live refund needs its payment from before the start, which nobody entered by hand."""
    charge = list(past.shop.all("charge"))[1]
    past.shop.refund(charge["id"], 500)
    past.deliver()
    past.work()
    stopped = Record.objects.filter(code="start.not_there")
    assert stopped.exists(), told()
    backfill.start(ask(past), "olive")
    past.work()
    assert not stopped.exists(), told()
    assert invoices(past) == MARCH
    assert record("payment", Record.objects.get(flow="stripe_intacct.payment", state=State.POSTED).key)
