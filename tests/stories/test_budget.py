"""The requests of each connection are counted as the systems themselves count them, and told when they run out."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.db.models import Sum

from audit.models import Problem
from portal.engine import budget, clock, slots, sweep
from portal.models import Connection, Slot, Usage
from tests.pages import factories
from tests.story import Story, workspace_connections


def counted(name: str) -> int:
    rows = Usage.objects.filter(connection__name=name)
    return int(rows.aggregate(Sum("requests"))["requests__sum"] or 0)


def test_every_request_is_counted_as_the_systems_count_them(world: Story) -> None:
    world.stripe.api.asked.clear()
    books = len(world.books.requests)
    before = counted("Stripe"), counted("Sage Intacct")
    world.invoice(world.customer())
    world.deliver()
    world.work()
    asked = len(world.stripe.api.asked), len(world.books.requests) - books
    assert min(asked) > 3
    assert (counted("Stripe") - before[0], counted("Sage Intacct") - before[1]) == asked
    assert Usage.objects.aggregate(Sum("seconds"))["seconds__sum"] > 0


def test_many_at_once_are_counted_each(transactional_db: None) -> None:
    one = factories.ConnectionFactory.create()
    Slot.objects.bulk_create(Slot(company=one.slot_key, number=n) for n in range(8))
    gate = slots.RowGate(one.slot_key, one.pk)

    def ask(_: int) -> None:
        try:
            with gate.slot(5):
                pass
        finally:
            database.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(ask, range(60)))
    assert sum(Usage.objects.values_list("requests", flat=True)) == 60
    assert not Slot.objects.exclude(holder="").exists()


def test_a_request_that_fails_is_counted_and_its_slot_is_free_again(transactional_db: None) -> None:
    one = factories.ConnectionFactory.create()
    Slot.objects.create(company=one.slot_key, number=1)
    with pytest.raises(OSError, match="cut"), budget.counting() as made, slots.RowGate(one.slot_key, one.pk).slot(5):
        raise OSError("cut")
    assert (made.requests, Usage.objects.get().requests) == (1, 1)
    assert not Slot.objects.exclude(holder="").exists()


# --- against the limits -----------------------------------------------------------------------------------------------

NOON = datetime(2026, 11, 18, 20, 30, tzinfo=UTC)
"""12:30 in Los Angeles."""


def used(one: Connection, **hours: int) -> None:
    for hour, requests in hours.items():
        Usage.objects.create(connection=one, hour=NOON.replace(minute=0) + int(hour[1:]) * -HOUR, requests=requests)


HOUR = timedelta(hours=1)


def connection(**given: Any) -> Connection:
    workspace = factories.WorkspaceFactory.create(time_zone="America/Los_Angeles")
    made: Connection = factories.ConnectionFactory.create(workspace=workspace, **given)
    return made


def spent(one: Connection) -> budget.Spent:
    return budget.spent([one], NOON)[one.pk]


def test_the_day_is_that_of_the_workspace(db: None) -> None:
    one = connection(calls_per_day=100)
    used(one, h0=10, h12=20, h13=40)  # 00:00 in Los Angeles was 12 hours ago
    assert (spent(one).hour, spent(one).day, spent(one).percent) == (10, 30, 30)
    assert spent(one).day_ends == datetime(2026, 11, 19, 8, tzinfo=UTC)


@pytest.mark.parametrize(("per_hour", "percent"), [(100, 80), (None, 40), (80, 100), (40, 200)])
def test_the_nearest_limit_counts(db: None, per_hour: int | None, percent: int) -> None:
    one = connection(calls_per_day=200, calls_per_hour=per_hour)
    used(one, h0=80)
    assert spent(one).percent == percent


def test_near_the_limit_a_problem_says_so_and_ends_by_itself(db: None) -> None:
    one = connection(calls_per_day=100)
    used(one, h1=79)
    budget.watch(NOON)
    assert not Problem.objects.exists()
    used(one, h0=1)
    for _ in range(2):
        budget.watch(NOON)
    problem = Problem.objects.get()
    assert (problem.code, problem.value, problem.closed_at) == ("budget.near", one.name, None)
    budget.watch(NOON + timedelta(days=1))
    assert Problem.objects.get().closed_at is not None


def test_without_a_limit_nothing_is_said(db: None) -> None:
    one = connection()
    used(one, h0=10_000_000)
    budget.watch(NOON)
    assert (spent(one).percent, Problem.objects.count()) == (0, 0)


def test_only_who_says_so_is_capped_and_only_while_there_is_no_room(db: None) -> None:
    soft, hard = connection(calls_per_day=100), connection(calls_per_day=100, capped=True)
    for one in (soft, hard):
        used(one, h0=100)
    budget.watch(NOON)
    ends = datetime(2026, 11, 19, 8, tzinfo=UTC)
    rows = dict(Connection.objects.values_list("pk", "capped_until"))
    assert (rows[soft.pk], rows[hard.pk]) == (None, ends)
    Connection.objects.update(calls_per_day=1000)
    budget.watch(NOON)
    assert set(Connection.objects.values_list("capped_until", flat=True)) == {None}


def test_a_live_record_goes_on_though_the_calls_are_used_up(world: Story) -> None:
    Connection.objects.update(calls_per_hour=1, calls_per_day=1, capped=True)
    world.invoice(world.customer())
    world.deliver()
    world.work()
    sweep.sweep()
    assert all(one.capped_until for one in workspace_connections().values())
    assert len(world.rows("ARPYMT")) == 1


def test_old_counts_go(db: None) -> None:
    one = connection()
    now = clock.now()
    Usage.objects.create(connection=one, hour=now - timedelta(days=93))
    Usage.objects.create(connection=one, hour=now - timedelta(days=91))
    budget.prune(now)
    assert Usage.objects.count() == 1
