"""Refunds after which the customer owes again, as finance decided; notes that claim refunds across currencies."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from audit.models import Record
from mappings.models import Mapping
from tests.stories.test_currencies import EXCHANGE, abroad, agreed, at_stripe, mapped, owed, rate
from tests.story import Story, record, story, told

Json = dict[str, Any]
RECEIVABLE, REFUNDS, REVENUE, CLEARING, OVERPAID = "12100", "24100", "40100", "10210", "24200"
DUPLICATE = {"table": "refund_route", "source": "duplicate", "target": "reopen"}


@contextmanager
def routed(*rows: Json, **options: str) -> Iterator[Story]:
    def change(workspace: Json) -> None:
        link = workspace["links"][0]
        link["mappings"] = [*link["mappings"], *rows]
        link["options"] = {**link["options"], **options}

    with story(change=change) as world:
        yield world


def carry(world: Story) -> None:
    world.deliver()
    world.work()


def all_done() -> None:
    assert not Record.objects.exclude(state__in=["POSTED", "SKIPPED"]).exists(), told()


def balances(world: Story) -> list[Decimal]:
    return [world.gl(account) for account in (RECEIVABLE, REFUNDS, REVENUE, CLEARING)]


def dues(world: Story, name: str) -> list[Any]:
    return sorted(Decimal(row["TRX_TOTALDUE"]) for row in world.rows(name))


def test_a_refund_that_reopens_makes_the_customer_owe_again_and_leaves_revenue(transactional_db: None) -> None:
    with routed(refund_route="reopen") as world:
        invoice = world.invoice(world.customer())
        carry(world)
        refund = world.shop.refund(invoice["id"], 6_000)
        carry(world)
        all_done()
        assert balances(world) == [60, 0, -100, 40]
        assert (dues(world, "ARINVOICE"), dues(world, "ARADJUSTMENT")) == ([0], [60])
        (memo,) = world.rows("ARADJUSTMENT")
        assert (memo["RECORDID"], memo["DOCNUMBER"]) == (f"{refund['id']}-A", invoice["number"])


def test_only_refunds_of_the_reason_that_finance_named_reopen(transactional_db: None) -> None:
    with routed(DUPLICATE) as world:
        first = world.invoice(world.customer())
        world.shop.refund(first["id"], 6_000, reason="duplicate")
        world.shop.clock.advance(60)
        world.shop.refund(first["id"], 1_000, reason="requested_by_customer")
        carry(world)
        all_done()
        assert balances(world) == [60, 0, -90, 30]
        assert dues(world, "ARADJUSTMENT") == [60]


def test_a_refund_that_waits_goes_the_way_that_finance_writes_for_it(transactional_db: None) -> None:
    """Its memo was passed over before; what it needs is asked again."""
    with routed(journal="") as world:
        refund = world.shop.refund(world.invoice(world.customer())["id"], 6_000)
        carry(world)
        assert record("refund").code == "settings.journal", told()
        assert record("refund_memo").state == "SKIPPED"
        Mapping.objects.create(link=world.link, table="refund_route", source=refund["id"], target="reopen")
        link = world.link
        link.options = {**link.options, "journal": "STJ"}
        link.save()
        world.work()
        all_done()
        assert balances(world) == [60, 0, -100, 40]


def test_a_way_that_nobody_knows_blocks_the_refund(transactional_db: None) -> None:
    with routed({**DUPLICATE, "target": "revenue"}) as world:
        world.shop.refund(world.invoice(world.customer())["id"], 6_000, reason="duplicate")
        carry(world)
        assert {record(flow).code for flow in ("refund", "refund_memo")} == {"settings.refund_route"}, told()
        assert balances(world) == [0, 0, -100, 100]


def test_a_reopened_refund_that_comes_back_is_not_owed_any_more(transactional_db: None) -> None:
    with routed(refund_route="reopen") as world:
        refund = world.shop.refund(world.invoice(world.customer())["id"], 6_000)
        carry(world)
        world.shop.finish_refund(refund["id"], "failed")
        carry(world)
        all_done()
        assert balances(world) == [0, 0, -100, 100]


def test_what_a_note_claims_of_a_reopened_refund_is_not_owed_again(transactional_db: None) -> None:
    with routed(refund_route="reopen") as world:
        invoice = world.invoice(world.customer())
        refund = world.shop.refund(invoice["id"], 6_000)
        world.shop.credit_note(invoice["id"], 2_000, refunds=[{"refund": refund["id"], "amount_refunded": 2_000}])
        carry(world)
        all_done()
        assert balances(world) == [40, 0, -80, 40]
        assert dues(world, "ARADJUSTMENT") == [0, 0, 40]


def test_a_note_that_claims_what_was_reopened_before_waits_for_a_person(transactional_db: None) -> None:
    with routed(refund_route="reopen") as world:
        invoice = world.invoice(world.customer())
        refund = world.shop.refund(invoice["id"], 6_000)
        carry(world)
        world.shop.credit_note(invoice["id"], 2_000, refunds=[{"refund": refund["id"], "amount_refunded": 2_000}])
        carry(world)
        one = record("refund_memo", f"{refund['id']}:memo")
        assert (one.state, one.waits_for, one.code) == ("WAITING", "decision", "decision.needed"), told()
        assert balances(world) == [40, 0, -80, 40], "60.00 are owed again, the note gives 20.00"


def test_a_refund_of_a_bank_debit_meets_its_note_like_any_other(transactional_db: None) -> None:
    with story() as world:
        invoice = world.invoice(world.customer(), paid=False)
        charge = world.shop.pay(invoice["id"], method="bank")
        world.shop.finish_debit(charge["id"])
        refund = world.shop.refund(charge["id"], 2_000)
        assert refund["id"].startswith("pyr_")
        world.shop.credit_note(invoice["id"], 2_000, refunds=[{"refund": refund["id"], "amount_refunded": 2_000}])
        carry(world)
        all_done()
        assert balances(world) == [0, 0, -80, 80]
        assert dues(world, "ARADJUSTMENT") == [0, 0]


def test_a_prefix_of_invoice_numbers_does_not_part_a_refund_from_its_memo(transactional_db: None) -> None:
    with routed(number_prefix="S-") as world:
        invoice = world.invoice(world.customer())
        world.shop.credit_note(invoice["id"], 2_000, refund_amount=2_000)
        carry(world)
        all_done()
        assert balances(world) == [0, 0, -80, 80]


# --- across currencies ------------------------------------------------------------------------------------------------


def exchanged(world: Story) -> list[Decimal]:
    return [world.gl(account) for account in (RECEIVABLE, REFUNDS, REVENUE, CLEARING, EXCHANGE)]


def test_a_note_claims_a_refund_that_left_in_another_currency(transactional_db: None) -> None:
    """The memo goes first, at the ledger's rate of its day; the journal meets it, and the rest is exchange."""
    with abroad(eur=("usd", "1.0931")) as world:
        invoice = owed(world, "eur", 10_000)
        charge = world.shop.pay(invoice["id"])
        refund = world.shop.refund(charge["id"], 4_000, settle=("usd", "1.1005", 4402))
        world.shop.credit_note(invoice["id"], 4_000, refunds=[{"refund": refund["id"], "amount_refunded": 4_000}])
        carry(world)
        all_done()
        assert exchanged(world) == [0, 0, Decimal("-65.10"), Decimal("65.29"), Decimal("-0.19")], told()
        assert dues(world, "ARADJUSTMENT") == [0, 0]
        assert world.gl(CLEARING) == at_stripe(world, "usd")
        assert agreed(), told()


def test_memo_and_note_meet_at_the_rate_of_their_own_day(transactional_db: None) -> None:
    with abroad(eur=("usd", "1.0931")) as world:
        invoice = owed(world, "eur", 10_000)
        charge = world.shop.pay(invoice["id"])
        carry(world)
        rate(world, "EUR", "1.1000")
        refund = world.shop.refund(charge["id"], 4_000, settle=("usd", "1.1005", 4402))
        world.shop.credit_note(invoice["id"], 4_000, refunds=[{"refund": refund["id"], "amount_refunded": 4_000}])
        carry(world)
        all_done()
        assert exchanged(world) == [0, 0, Decimal("-64.50"), Decimal("65.29"), Decimal("-0.79")], told()
        assert agreed(), told()


def test_a_part_that_no_note_claims_takes_revenue_at_the_rate_of_its_invoice(transactional_db: None) -> None:
    with abroad(eur=("usd", "1.0931")) as world:
        invoice = owed(world, "eur", 10_000)
        charge = world.shop.pay(invoice["id"])
        refund = world.shop.refund(charge["id"], 4_000, settle=("usd", "1.1005", 4402))
        world.shop.credit_note(invoice["id"], 1_000, refunds=[{"refund": refund["id"], "amount_refunded": 1_000}])
        carry(world)
        all_done()
        assert exchanged(world) == [0, 0, Decimal("-65.10"), Decimal("65.29"), Decimal("-0.19")], told()
        assert agreed(), told()


def test_a_note_that_comes_after_such_a_refund_was_booked_waits_for_a_person(transactional_db: None) -> None:
    with abroad(eur=("usd", "1.0931")) as world:
        invoice = owed(world, "eur", 10_000)
        charge = world.shop.pay(invoice["id"])
        refund = world.shop.refund(charge["id"], 4_000, settle=("usd", "1.1005", 4402))
        carry(world)
        world.shop.credit_note(invoice["id"], 4_000, refunds=[{"refund": refund["id"], "amount_refunded": 4_000}])
        carry(world)
        one = record("refund_memo", f"{refund['id']}:memo")
        assert (one.state, one.waits_for, one.code) == ("WAITING", "decision", "decision.needed"), told()
        assert world.gl(REFUNDS) == 0


def test_a_refund_that_left_in_another_currency_reopens_its_invoice(transactional_db: None) -> None:
    def reopening(workspace: Json) -> None:
        mapped(workspace)
        workspace["links"][0]["options"] = {**workspace["links"][0]["options"], "refund_route": "reopen"}

    with abroad(change=reopening, eur=("usd", "1.0931")) as world:
        charge = world.shop.pay(owed(world, "eur", 10_000)["id"])
        world.shop.refund(charge["id"], 4_000, settle=("usd", "1.1005", 4402))
        carry(world)
        all_done()
        assert exchanged(world) == [
            Decimal("43.40"),
            0,
            Decimal("-108.50"),
            Decimal("65.29"),
            Decimal("-0.19"),
        ], told()
        assert dues(world, "ARADJUSTMENT") == [40]
        assert agreed(), told()
