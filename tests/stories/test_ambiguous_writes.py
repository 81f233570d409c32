"""Many documents, a fifth of them hit at the five points at which a write can be cut: each stands once."""

import random
from collections import Counter

import pytest

from audit.models import Record, TrailEntry
from tests.stories import oracle
from tests.stories.crew import Crew
from tests.story import Story, told

CUSTOMERS = 10
POINTS = ("unsent", "before", "committed", "lost", "killed")
"""Where a write is cut; harm.py says how."""


def invoices_and_payments(world: Story, count: int) -> None:
    """In the Stripe stand-in, through its objects; every amount is another."""
    customers = [world.customer(f"Customer {number}") for number in range(CUSTOMERS)]
    assert set(world.deliver(["customer.created"])) == {200}
    world.work()
    for number in range(count):
        world.invoice(customers[number % CUSTOMERS], 1000 + 7 * number)
    assert set(world.deliver(["invoice.paid"])) == {200}


def a_fifth(world: Story, count: int) -> dict[str, str]:
    """Faults bound to every fifth document of each kind, chosen by a seed, evenly over the five points."""
    account = "stripe:acct_1ShopOnTheCorner:test"
    shop = world.shop.dump()
    paid = [key for key, row in shop["invoice_payment"].items() if row["status"] == "paid"]
    dice = random.Random(count)
    plan = {}
    for flow, keys in (("invoice", list(shop["invoice"])), ("payment", paid)):
        chosen = dice.sample(keys, len(keys) // 5)
        plan |= {f"ml:{account}:{flow}:{key}": POINTS[n % len(POINTS)] for n, key in enumerate(chosen)}
    return plan


def judge(world: Story, crew: Crew, count: int, plan: dict[str, str]) -> None:
    """From the books: exactly so many documents, none twice, none missing, to the cent."""
    assert len(world.rows("ARINVOICE")) == len(world.rows("ARPYMT")) == count, told()
    for name, key in (("ARINVOICE", "RECORDID"), ("ARPYMT", "DOCNUMBER")):
        assert max(Counter(row[key] for row in world.rows(name)).values()) == 1
    oracle.compare(world.shop, world.company)
    assert sorted(key for strike in crew.strikes for key in strike["planned"]) == sorted(plan), "not all faults fired"
    for strike in crew.strikes:
        for control in strike["planned"]:
            left_as_it_must(control, strike["point"])
    assert not TrailEntry.objects.filter(what__startswith="person.").exists(), "nobody clicked"


def left_as_it_must(control: str, point: str) -> None:
    what = list(Record.objects.get(control=control).trail.order_by("pk").values_list("what", flat=True))
    if point == "unsent":
        # a neighbour's fault may strike the second request that carries it
        assert next(one for one in what if one in ("record.unsent", "record.unsure")) == "record.unsent", (
            control,
            what,
        )
        return
    unsure = what.index("record.unsure")
    wanted = "record.absent" if point == "before" else "record.found"
    assert what[unsure + 1] == wanted, (control, point, what)


def run(crew: Crew, world: Story, *, count: int, batch: int) -> None:
    invoices_and_payments(world, count)
    plan = a_fifth(world, count)
    crew.work(world, plan, batch=batch, flows={"invoice": count, "payment": count})
    judge(world, crew, count, plan)


@pytest.mark.processes
@pytest.mark.parametrize("batch", [7])
def test_a_few_invoices_and_payments_stand_once_although_a_fifth_was_hit(world: Story, crew: Crew, batch: int) -> None:
    run(crew, world, count=50, batch=batch)
    assert {strike["point"] for strike in crew.strikes} == set(POINTS)


@pytest.mark.slow
@pytest.mark.processes
@pytest.mark.parametrize("batch", [1, 7, 100])
def test_a_thousand_invoices_and_payments_stand_once_although_a_fifth_was_hit(
    world: Story, crew: Crew, batch: int
) -> None:
    run(crew, world, count=1000, batch=batch)
    print(f"batch {batch}: {Counter(s['point'] for s in crew.strikes)} strikes, {crew.started} workers")
