"""Sales without invoice, and the tax in them."""

from decimal import Decimal
from typing import Any

from audit.models import Record, State
from tests.story import Story, record, story, told

Json = dict[str, Any]
SALES, TAX, CLEARING = "40300", "22010", "10210"


def carry(world: Story) -> None:
    world.deliver()
    world.work()


def all_done() -> None:
    assert not Record.objects.exclude(state__in=["POSTED", "SKIPPED"]).exists(), told()


def balances(world: Story, *accounts: str) -> list[Decimal]:
    return [world.gl(account) for account in accounts]


def with_tax(workspace: Json) -> None:
    workspace["links"][0]["options"] = {**workspace["links"][0]["options"], "sale_tax_key": "tax"}


def test_the_tax_that_a_charge_tells_stands_on_its_account_and_goes_back_with_the_refunds(
    transactional_db: None,
) -> None:
    with story(change=with_tax) as world:
        charge = world.shop.sell(8_000, metadata={"tax": "6.10"})
        carry(world)
        assert balances(world, SALES, TAX, CLEARING) == [Decimal("-73.90"), Decimal("-6.10"), Decimal(80)], told()
        world.shop.refund(charge["id"], 3_000)
        carry(world)
        assert balances(world, SALES, TAX, CLEARING) == [Decimal("-46.19"), Decimal("-3.81"), Decimal(50)]
        world.shop.clock.advance(60)
        world.shop.refund(charge["id"])
        carry(world)
        all_done()
        assert balances(world, SALES, TAX, CLEARING) == [0, 0, 0]


def test_a_tax_that_is_no_amount_books_nothing(transactional_db: None) -> None:
    with story(change=with_tax) as world:
        world.shop.sell(8_000, metadata={"tax": "8 %"})
        carry(world)
        assert (record("sale").state, record("sale").code) == (State.FAILED, "source.inconsistent"), told()
        assert world.rows("OTHERRECEIPTS") == []
