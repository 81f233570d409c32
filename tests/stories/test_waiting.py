"""What is not decided, or not open, waits by name and goes on by itself; nothing is guessed meanwhile."""

import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit.models import Problem, Record, State
from mappings.models import Mapping, Period
from tests.stories import oracle
from tests.story import Story, record, story, told, trail_of, workspace_connections

Json = dict[str, Any]


def waiting(flow: str) -> tuple[str, str, str]:
    one = record(flow)
    return one.state, one.waits_for, one.code


def without(table: str) -> Callable[[Json], None]:
    def change(workspace: Json) -> None:
        link = workspace["links"][0]
        link["mappings"] = [row for row in link["mappings"] if row["table"] != table]

    return change


def soon() -> date:
    """After every document of these stories, whatever the zone."""
    return timezone.now().date() + timedelta(days=2)


def documents(world: Story) -> int:
    return sum(len(world.rows(name)) for name in ("ARINVOICE", "ARPYMT", "GLBATCH"))


def test_a_mapping_saved_late_lets_everything_go_on_by_itself(transactional_db: None) -> None:
    with story(change=without("revenue_account")) as world:
        invoice = world.invoice(world.customer())
        world.shop.refund(invoice["id"], 2500)
        world.deliver()
        world.work()
        assert waiting("invoice") == (State.WAITING, "mapping", "unmapped.revenue_account"), told()
        assert waiting("payment") == (State.WAITING, "dependency", "dependency.invoice")
        assert waiting("refund") == (State.WAITING, "dependency", "dependency.payment")
        assert documents(world) == 0
        world.work()
        assert documents(world) == 0, "nothing is guessed later either"
        Mapping.objects.create(
            link=world.link, table="revenue_account", source="*", target="40100", facts={"location": "US-100"}
        )
        world.work()
        oracle.compare(world.shop, world.company)
        assert not Problem.objects.filter(closed_at=None).exists()


@pytest.mark.parametrize("text", ["on_or_after", "number_only"])
def test_books_that_closed_without_notice_park_the_document_until_they_open(transactional_db: None, text: str) -> None:
    with story(intacct={"period_text": text}, waits={"condition": 0.4}) as world:
        world.invoice(world.customer())
        through = soon().isoformat()
        world.company.configure(CLOSED=[{"module": "AR", "through": through, "entity": ""}])
        world.deliver(["invoice.paid"])
        world.work()
        assert waiting("invoice") == (State.WAITING, "period", "period.closed"), told()
        assert documents(world) == 0
        world.company.configure(CLOSED=[])
        until_all_is_posted(world)
        oracle.compare(world.shop, world.company)


def test_books_that_finance_says_are_closed_are_not_even_asked(transactional_db: None) -> None:
    with story(waits={"condition": 2.0}) as world:
        world.invoice(world.customer())
        target = workspace_connections()["Sage Intacct"]
        entered = Period.objects.create(connection=target, module="AR", closed_to=soon())
        world.deliver(["invoice.paid"])
        world.work()
        assert waiting("invoice") == (State.WAITING, "period", "period.closed"), told()
        assert world.writes("create_invoice") == []
        entered.delete()
        world.work()
        assert "record.refused" not in trail_of(record("invoice"))
        oracle.compare(world.shop, world.company)


def test_a_learned_closing_costs_one_probe_a_cycle_however_many_wait(transactional_db: None) -> None:
    with story(waits={"condition": 3600}) as world:
        customer = world.customer()
        for _ in range(5):
            world.invoice(customer, paid=False)
        world.company.configure(CLOSED=[{"module": "AR", "through": "2099-01-31", "entity": ""}])
        world.deliver(["invoice.finalized"])
        world.work()
        after = len(world.writes("create_invoice"))
        world.invoice(customer, paid=False)
        world.deliver(["invoice.finalized"])
        world.work()
        assert len(world.writes("create_invoice")) == after, "the closing is known: nothing more is asked in this cycle"
        assert set(Record.objects.filter(flow="stripe_intacct.invoice").values_list("code", flat=True)) == {
            "period.closed"
        }


def test_a_third_currency_blocks_and_nothing_is_converted(transactional_db: None) -> None:
    """An invoice in euro, settled in pounds, in books in dollars."""
    with story(stripe={"settle": {"eur": ["gbp", "0.8620"]}}, seed={"multi_currency": True}) as world:
        world.invoice(world.customer(), currency="eur")
        world.deliver(["invoice.paid"])
        world.work()
        assert waiting("payment") == (State.WAITING, "settings", "currency.third"), told()
        assert world.rows("ARPYMT") == []
        assert {one.code for one in Problem.objects.filter(closed_at=None)} >= {"currency.third"}


def until_all_is_posted(world: Story, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while Record.objects.exclude(state=State.POSTED).exists():
        assert time.monotonic() < end, told()
        world.work()
        time.sleep(0.1)
