"""A flow with a schedule sends when its run comes, judged from the stand-in's ledger; a person may say: now."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, time, timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from audit.models import Attempt, Record, State, TrailEntry
from audit.states import Stale
from portal.engine import clock, schedules, status, sweep
from portal.engine.decide import NotNow
from portal.engine.links import set_mode
from portal.engine.provisioning import Wrong, provision
from portal.models import FlowSetting
from tests.story import Story, record, told

SCHEDULED = ("invoice", "payment")


def schedule(world: Story, *flows: str, every: int | None = None, daily: time | None = time(18)) -> None:
    for flow in flows or SCHEDULED:
        schedules.set_schedule(world.link, flow, every, daily, "olive")


def slot_comes(flow: str | None = None) -> None:
    """The time of the next run has come."""
    rows = FlowSetting.objects.exclude(next_run_at=None)
    rows = rows.filter(flow=flow) if flow else rows
    assert rows.update(next_run_at=clock.now() - timedelta(seconds=1))


def books(world: Story) -> tuple[int, int, int]:
    return tuple(len(world.rows(name)) for name in ("CUSTOMER", "ARINVOICE", "ARPYMT"))  # type: ignore[return-value]


def runs(what: str = "flow.run") -> list[str]:
    return list(TrailEntry.objects.filter(what=what).order_by("pk").values_list("said", flat=True))


def next_run(flow: str) -> datetime:
    due = FlowSetting.objects.get(flow=flow).next_run_at
    assert due
    return due


def run_all(world: Story) -> None:
    world.deliver()
    world.work()


def test_what_is_prepared_waits_for_the_run_of_its_flow_and_is_quiet_meanwhile(world: Story) -> None:
    schedule(world)
    world.invoice(world.customer())
    run_all(world)
    assert books(world) == (1, 0, 0), told()
    told_now = status.summary(None)
    assert (told_now["quiet"], told_now["scheduled"], told_now["states"]["READY"]) == (True, 1, 1), told()
    slot_comes()
    world.work()
    slot_comes()  # the payment was made ready by its invoice, after the run of its flow
    world.work()
    assert books(world) == (1, 1, 1), told()
    assert status.summary(None)["scheduled"] == 0


def test_what_comes_after_a_run_waits_for_the_next(world: Story) -> None:
    schedule(world, "invoice")
    customer = world.customer()
    world.invoice(customer, paid=False)
    run_all(world)
    slot_comes()
    world.work()
    world.invoice(customer, 5000, paid=False)
    run_all(world)
    assert books(world)[1] == 1, told()
    slot_comes()
    world.work()
    assert books(world)[1] == 2, told()


def test_several_slots_that_passed_are_one_run(world: Story) -> None:
    schedule(world, "invoice", every=1)
    world.invoice(world.customer(), paid=False)
    run_all(world)
    FlowSetting.objects.filter(flow="invoice").update(next_run_at=clock.now() - timedelta(days=3))
    world.work()
    assert (books(world)[1], len(runs())) == (1, 1)
    assert next_run("invoice") > clock.now()


def test_two_sweeps_at_once_do_a_run_once(world: Story) -> None:
    schedule(world, "invoice")
    world.invoice(world.customer(), paid=False)
    run_all(world)
    slot_comes()
    both = Barrier(4)

    def one(_: int) -> int:
        now = clock.now()
        try:
            both.wait(10)
            return schedules.run_due(now)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(one, range(4)))
    assert (sum(done), len(runs())) == (1, 1)
    world.work()
    assert books(world)[1] == 1


def test_what_was_perhaps_sent_never_waits_for_a_run(world: Story) -> None:
    schedule(world, "invoice")
    world.invoice(world.customer(), paid=False)
    run_all(world)
    one = record("invoice")
    Record.objects.filter(pk=one.pk).update(frozen=True)
    Attempt.objects.create(
        record=one, lane=one.target_lane, epoch=0, control=one.control, body=_body(world, one),
        document_hash=one.document_hash, announced_at=clock.now(), hold_until=clock.now(), outcome="unclear",
    )  # fmt: skip
    world.work()
    assert books(world)[1] == 1, told()


def _body(world: Story, one: Record) -> bytes:
    from portal.engine import access, documents

    target = access.client(one.link.target)
    document = documents.of(one)
    return bytes(target.render(document, target.look([document])[0], None).body)


def test_a_paused_flow_does_not_run_and_makes_up_for_it_once(world: Story) -> None:
    schedule(world, "invoice")
    world.invoice(world.customer(), paid=False)
    run_all(world)
    FlowSetting.objects.filter(flow="invoice").update(paused=True)
    slot_comes()
    world.work()
    assert (books(world)[1], runs()) == (0, [])
    FlowSetting.objects.filter(flow="invoice").update(paused=False)
    world.work()
    assert (books(world)[1], len(runs())) == (1, 1)


def test_a_flow_that_goes_live_waits_for_its_next_run(world: Story) -> None:
    schedule(world, "invoice")
    set_mode(world.link, "invoice", "preview", "olive")
    world.invoice(world.customer(), paid=False)
    run_all(world)
    slot_comes()
    set_mode(world.link, "invoice", "live", "olive")
    world.work()
    assert books(world)[1] == 0, told()


def test_without_its_schedule_it_goes_as_it_comes(world: Story) -> None:
    schedule(world, "invoice")
    world.invoice(world.customer(), paid=False)
    run_all(world)
    schedule(world, "invoice", daily=None)
    world.work()
    assert books(world)[1] == 1, told()
    assert runs("flow.schedule")[-1].endswith("invoice sends as it comes")


# --- now --------------------------------------------------------------------------------------------------------------


def test_run_now_reads_the_source_and_sends_what_waits(world: Story) -> None:
    """No webhook arrives, and no feed is due: the source is read because somebody said so."""
    schedule(world, "invoice")
    world.shop.clock.stop(clock.now().timestamp() - 60)  # the lists show what is a little older than now
    world.invoice(world.customer(), paid=False)
    world.shop.clock.real()
    world.work()
    assert books(world) == (0, 0, 0)
    schedules.run_now(world.link, "", clock.now(), "olive")
    world.work()
    assert books(world)[0] == 1, told()
    assert schedules.waiting(Record.objects.all()).count() == 1, told()
    schedules.run_now(world.link, "invoice", clock.now(), "olive")
    world.work()
    assert books(world)[1] == 1, told()
    assert len(runs("flow.run_now")) == 2


@pytest.mark.parametrize("flow", ["", "invoice"])
def test_run_now_pressed_twice_on_a_page_is_one_run(world: Story, flow: str) -> None:
    schedule(world, "invoice")
    seen = clock.now()
    schedules.run_now(world.link, flow, seen, "olive")
    with pytest.raises(Stale):
        schedules.run_now(world.link, flow, seen, "olive")
    assert len(runs("flow.run_now")) == 1
    schedules.run_now(world.link, flow, clock.now(), "olive")
    assert len(runs("flow.run_now")) == 2


def test_run_now_pressed_by_many_at_once_is_one_run(world: Story) -> None:
    link, seen, together = world.link, clock.now(), Barrier(4)

    def press(number: int) -> str:
        try:
            together.wait(10)
            return schedules.run_now(link, "", seen, f"person {number}")
        except Stale:
            return ""
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(press, range(4)))
    assert len([one for one in said if one]) == len(runs("flow.run_now")) == 1


def test_what_is_paused_or_off_is_not_run(world: Story) -> None:
    FlowSetting.objects.filter(flow="invoice").update(paused=True)
    FlowSetting.objects.filter(flow="refund").update(mode="off")
    for flow in ("invoice", "refund", "none"):
        with pytest.raises(NotNow):
            schedules.run_now(world.link, flow, clock.now(), "olive")
    assert runs("flow.run_now") == []


# --- setting up -------------------------------------------------------------------------------------------------------


def test_the_file_says_schedules(world: Story) -> None:
    link = world.plan["workspaces"][0]["links"][0]
    link["schedules"] = {"invoice": {"daily_at": "18:00"}, "payment": {"every_minutes": 30}}
    for _ in range(2):
        provision(world.plan)
    rows = (
        FlowSetting.objects.exclude(next_run_at=None).order_by("flow").values_list("flow", "every_minutes", "daily_at")
    )
    assert list(rows) == [("invoice", None, time(18)), ("payment", 30, None)]
    assert len(runs("flow.schedule")) == 2
    link["schedules"] = {"invoice": {}}
    provision(world.plan)
    assert FlowSetting.objects.get(flow="invoice").next_run_at is None


@pytest.mark.parametrize(
    ("flow", "wrong"),
    [
        ("none", {"daily_at": "18:00"}),
        ("invoice", {"daily_at": "25:00"}),
        ("invoice", {"daily_at": 18}),
        ("invoice", {"every_minutes": 0}),
        ("invoice", {"every_minutes": 1441}),
        ("invoice", {"every_minutes": "5"}),
    ],
)
def test_a_schedule_that_cannot_be_is_named(world: Story, flow: str, wrong: dict[str, Any]) -> None:
    world.plan["workspaces"][0]["links"][0]["schedules"] = {flow: wrong}
    with pytest.raises(Wrong, match=flow):
        provision(world.plan)


def test_another_time_zone_moves_the_slots(world: Story) -> None:
    schedule(world, "invoice")
    workspace = world.link.workspace
    before = next_run("invoice")
    workspace.time_zone = "Asia/Tokyo"
    workspace.save()
    after = next_run("invoice")
    assert after != before
    assert after == schedules.next_run(None, time(18), "Asia/Tokyo", clock.now())


def test_the_sweep_does_the_runs_that_are_due(world: Story) -> None:
    schedule(world, "invoice", every=1)
    slot_comes()
    sweep.sweep()
    assert FlowSetting.objects.get(flow="invoice").released_until is not None
    assert Record.objects.filter(state=State.READY).count() == 0
