"""What we infer of Sage Intacct, each right and wrong: wrong, it ends as docs/accounting.md says, never in wrong books.

That both amounts of a receipt in another currency are kept, and that an invoice's own rate can be read back, stands in
test_currencies.py; that numbers, keys and fresh writes behave as we think in test_unknowns.py.
"""

import time
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from audit.models import Attempt, Record, State
from mappings.models import Mapping, Period
from portal.engine import decide
from tests.story import Story, record, story, told, workspace_connections

Json = dict[str, Any]
RECEIVABLE, OVERPAID, REFUNDS, DEPOSITS, CLEARING = "12100", "24200", "24100", "24300", "10210"
PLANS, SETUP, SALES = "40100", "40200", "40300"
SOON = {"condition": 0.3}


def carry(world: Story) -> None:
    world.deliver()
    world.work()


def all_done() -> None:
    assert not Record.objects.exclude(state__in=["POSTED", "SKIPPED"]).exists(), told()


def stands(flow: str, key: str = "") -> tuple[str, str, str]:
    one = record(flow, key)
    return one.state, one.waits_for, one.code


def retry(one: Record) -> None:
    decide.retry(one, one.stamp, "finance")


def choose(world: Story, **options: str) -> None:
    link = world.link
    link.options = {**link.options, **options}
    link.save()


def turn(world: Story, **knobs: Any) -> None:
    world.books.knobs.turn(knobs)


def close(world: Story, *modules: str) -> None:
    through = (timezone.now().date() + timedelta(days=2)).isoformat()
    world.company.configure(CLOSED=[{"module": module, "through": through, "entity": ""} for module in modules])


def of_two_accounts(world: Story, plans: int, setup: int) -> Json:
    """An invoice of two lines that do not share a coding."""
    product = world.shop.create_product("Setup", metadata={"category": "setup"})["id"]
    lines = [{"description": "Plan", "amount": plans}, {"description": "Setup", "amount": setup, "product": product}]
    made: Json = world.shop.create_invoice(world.customer(), lines, finalize=True)
    return made


def dues(world: Story) -> dict[str, Decimal]:
    names = ("ARINVOICE", "ARADJUSTMENT")
    return {row["RECORDID"]: Decimal(row["TRX_TOTALDUE"]) for name in names for row in world.rows(name)}


def balances(world: Story, *accounts: str) -> list[Decimal]:
    return [world.gl(account) for account in accounts]


# --- C3 ---------------------------------------------------------------------------------------------------------------


def test_no_posting_date_of_its_own_is_sent_so_that_a_company_which_forbids_it_books_the_same(
    transactional_db: None,
) -> None:
    with story(waits=SOON) as world:
        for allowed in (True, False):
            turn(world, override_posting_date=allowed)
            invoice = world.invoice(world.customer(), paid=False)
            world.shop.credit_note(invoice["id"], 4_000)
            carry(world)
        all_done()
        bodies = [bytes(one.body) for one in Attempt.objects.all()]
        assert bodies and not any(b"dateposted" in body or b"WHENPOSTED" in body for body in bodies)
        rows = [*world.rows("ARINVOICE"), *world.rows("ARADJUSTMENT")]
        assert len(rows) == 4 and all(row["WHENPOSTED"] == row["WHENCREATED"] for row in rows)
        close(world, "AR")
        world.invoice(world.customer(), paid=False)
        carry(world)
        (parked,) = Record.objects.filter(state=State.WAITING)
        assert (parked.waits_for, parked.code) == ("period", "period.closed"), "parked, never moved to another day"
        assert balances(world, RECEIVABLE, PLANS) == [Decimal("120.00"), Decimal("-120.00")]


# --- C4 ---------------------------------------------------------------------------------------------------------------


def test_a_refund_waits_for_cash_management_whether_or_not_the_books_would_ask_for_it(transactional_db: None) -> None:
    with story(waits=SOON) as world:
        invoice = world.invoice(world.customer())
        carry(world)
        for number, asked in enumerate((True, False), 1):
            turn(world, journal_cash=asked)
            close(world, "CM")
            target = workspace_connections()["Sage Intacct"]
            entered = Period.objects.create(
                connection=target, module="cash", closed_to=timezone.now().date() + timedelta(2)
            )
            refund = world.shop.refund(invoice["id"], 1_000)
            carry(world)
            assert stands("refund", refund["id"]) == (State.WAITING, "period", "period.closed"), told()
            assert len(world.writes("create GLBATCH")) == number - 1, "it is not even asked"
            entered.delete()
            world.company.configure(CLOSED=[])
            world.work()
            all_done()
        assert world.gl(CLEARING) == Decimal("80.00")


def test_cash_management_closed_without_notice_parks_refunds_and_receipts_and_no_invoice(
    transactional_db: None,
) -> None:
    with story(waits={"condition": 3600}) as world:
        invoice = world.invoice(world.customer())
        carry(world)
        close(world, "CM")
        refund = world.shop.refund(invoice["id"], 1_000)
        carry(world)
        assert stands("refund", refund["id"]) == (State.WAITING, "period", "period.closed"), told()
        later = world.invoice(world.customer(), 5_000)
        carry(world)
        assert stands("invoice", later["id"])[0] == State.POSTED, told()
        assert balances(world, RECEIVABLE, CLEARING) == [Decimal("50.00"), Decimal("100.00")]


# --- C5 ---------------------------------------------------------------------------------------------------------------


def test_an_invoice_of_zero_with_lines_that_is_refused_is_shown_and_books_nothing(transactional_db: None) -> None:
    with story(intacct={"zero_invoice": "refuse"}) as world:
        of_two_accounts(world, 10_000, -10_000)
        carry(world)
        assert stands("invoice")[0] == State.FAILED, told()
        assert world.rows("ARINVOICE") == [] and balances(world, RECEIVABLE, PLANS, SETUP) == [0, 0, 0]
        turn(world, zero_invoice="allow")
        retry(record("invoice"))
        world.work()
        all_done()
        assert balances(world, RECEIVABLE, PLANS, SETUP) == [0, Decimal("-100.00"), Decimal("100.00")]


def test_a_company_that_refuses_invoices_of_zero_gets_a_journal_of_their_accounts(transactional_db: None) -> None:
    with story(intacct={"zero_invoice": "refuse"}) as world:
        choose(world, zero_total="journal")
        made = of_two_accounts(world, 10_000, -10_000)
        carry(world)
        all_done()
        assert world.rows("ARINVOICE") == [] and balances(world, RECEIVABLE, PLANS, SETUP) == [0, -100, 100]
        world.shop.void(made["id"], force=True)
        carry(world)
        all_done()
        assert balances(world, RECEIVABLE, PLANS, SETUP) == [0, 0, 0]


def test_an_invoice_of_zero_without_negative_lines_of_its_own_owes_nothing(transactional_db: None) -> None:
    with story(intacct={"zero_invoice": "refuse", "negative_line": "refuse"}) as world:
        choose(world, negative_lines="split_credit_memo")
        made = of_two_accounts(world, 10_000, -10_000)
        carry(world)
        all_done()
        assert dues(world) == {made["number"]: 0, f"{made['number']}-C": 0}
        assert balances(world, RECEIVABLE, PLANS, SETUP) == [0, -100, 100]


# --- C7 ---------------------------------------------------------------------------------------------------------------


def test_an_account_of_deferred_revenue_that_is_refused_is_mapped_to_another(transactional_db: None) -> None:
    def deferred(workspace: Json) -> None:
        link = workspace["links"][0]
        other = [row for row in link["mappings"] if row["table"] != "revenue_account"]
        facts = {"location": "US-100"}
        link["mappings"] = [{"table": "revenue_account", "source": "*", "target": "24400", "facts": facts}, *other]

    with story(change=deferred, waits=SOON) as world:
        world.invoice(world.customer())
        carry(world)
        all_done()
        assert balances(world, "24400", RECEIVABLE) == [Decimal("-100.00"), 0]
        turn(world, deferred=["24400"])
        second = world.invoice(world.customer(), 5_000)
        carry(world)
        assert stands("invoice", second["id"])[0] == State.FAILED, told()
        assert stands("payment", record("payment", paid_row(world, second)).key)[1] == "dependency"
        assert balances(world, "24400", RECEIVABLE, CLEARING) == [Decimal("-100.00"), 0, Decimal("100.00")]
        Mapping.objects.filter(table="revenue_account").update(target=PLANS)
        retry(record("invoice", second["id"]))
        world.work()
        all_done()
        assert balances(world, PLANS, RECEIVABLE, CLEARING) == [Decimal("-50.00"), 0, Decimal("150.00")]


def paid_row(world: Story, invoice: Json) -> str:
    rows = world.shop.dump()["invoice_payment"].values()
    (row,) = [row for row in rows if row["invoice"] == invoice["id"] and row["status"] == "paid"]
    return str(row["id"])


# --- C8 ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("negative_line", "waits"),
    [("inline", ""), ("net", "payment"), ("refuse", "invoice")],
    ids=["an inline credit", "no credit", "refused"],
)
def test_a_negative_line_that_is_no_inline_credit_is_carried_by_a_memo_of_its_own(
    transactional_db: None, negative_line: str, waits: str
) -> None:
    with story(intacct={"negative_line": negative_line}, waits=SOON) as world:
        first = of_two_accounts(world, 10_000, -3_000)
        world.shop.pay(first["id"])
        carry(world)
        if not waits:
            all_done()
            assert balances(world, RECEIVABLE, PLANS, SETUP, CLEARING) == [0, -100, 30, 70]
        else:
            assert stands(waits)[0] == State.FAILED, told()
            owed = Decimal(70) if waits == "payment" else Decimal(0)
            assert balances(world, RECEIVABLE, CLEARING) == [owed, 0], "no money is booked that does not fit"
        choose(world, negative_lines="split_credit_memo")
        second = of_two_accounts(world, 10_000, -3_000)
        world.shop.pay(second["id"])
        before = balances(world, RECEIVABLE, CLEARING)
        carry(world)
        assert stands("payment", paid_row(world, second))[0] == State.POSTED, told()
        assert dues(world)[second["number"]] == dues(world)[f"{second['number']}-C"] == 0
        after = balances(world, RECEIVABLE, CLEARING)
        assert [a - b for a, b in zip(after, before, strict=True)] == [0, Decimal("70.00")]
        if waits == "invoice":
            retry(record("invoice", first["id"]))
            for flow in ("split", "application"):
                retry(record(flow, f"{first['id']}:C"))
            until_done(world)
            assert set(dues(world).values()) == {0} and world.gl(CLEARING) == Decimal("140.00")


def test_an_invoice_with_a_negative_line_of_another_account_is_voided_by_its_reversal(transactional_db: None) -> None:
    with story() as world:
        invoice = of_two_accounts(world, 10_000, -3_000)
        carry(world)
        world.shop.void(invoice["id"])
        carry(world)
        all_done()
        assert balances(world, RECEIVABLE, PLANS, SETUP) == [0, 0, 0]


# --- C9 ---------------------------------------------------------------------------------------------------------------


def test_an_over_payment_is_open_credit_whether_or_not_its_row_contains_it(transactional_db: None) -> None:
    with story() as world:
        for number, rows in enumerate(("whole", "capped"), 1):
            world.shop.turn(overpaid_rows=rows)
            invoice = world.invoice(world.customer(), 5_000, paid=False)
            world.shop.pay(invoice["id"], 8_000)
            carry(world)
            all_done()
            assert dues(world)[invoice["number"]] == 0
            assert balances(world, OVERPAID, CLEARING) == [Decimal(-30 * number), Decimal(80 * number)]


# --- C10 --------------------------------------------------------------------------------------------------------------


def test_a_company_that_takes_no_advances_gets_sales(transactional_db: None) -> None:
    def advances(workspace: Json) -> None:
        link = workspace["links"][0]
        link["options"] = {**link["options"], "invoiceless": "advance"}

    with story(change=advances, waits=SOON) as world:
        customer = world.customer()
        world.shop.sell(8_000, customer=customer)
        carry(world)
        all_done()
        assert balances(world, DEPOSITS, CLEARING) == [Decimal("-80.00"), Decimal("80.00")]
        turn(world, advance=False)
        charge = world.shop.sell(5_000, customer=customer)
        carry(world)
        assert stands("sale", charge["id"])[0] == State.FAILED, told()
        assert world.gl(CLEARING) == Decimal("80.00")
        choose(world, invoiceless="sale")
        retry(record("sale", charge["id"]))
        world.work()
        all_done()
        assert balances(world, DEPOSITS, SALES, CLEARING) == [Decimal(-80), Decimal(-50), Decimal(130)]


# --- C11 --------------------------------------------------------------------------------------------------------------


def test_credit_is_applied_with_an_account_where_one_is_wanted_and_by_a_person_where_none_helps(
    transactional_db: None,
) -> None:
    with story(intacct={"cashless": "account"}, waits=SOON) as world:
        first = world.invoice(world.customer(), paid=False)
        world.shop.credit_note(first["id"], 4_000)
        carry(world)
        assert stands("application")[:2] == (State.WAITING, "settings"), told()
        assert dues(world)[first["number"]] == Decimal("100.00") and world.gl(RECEIVABLE) == Decimal("60.00")
        choose(world, application_account="clearing")
        world.work()
        all_done()
        assert dues(world)[first["number"]] == Decimal("60.00") and world.gl(CLEARING) == 0, "no cash moved"
        turn(world, cashless="refuse")
        second = world.invoice(world.customer(), paid=False)
        note = world.shop.credit_note(second["id"], 4_000)
        carry(world)
        key = f"{note['id']}:{second['id']}"
        assert stands("application", key)[0] == State.FAILED, told()
        assert dues(world)[second["number"]] == Decimal("100.00")
        assert balances(world, RECEIVABLE, PLANS, CLEARING) == [Decimal(120), Decimal(-120), 0], "the books are right"


# --- C12 --------------------------------------------------------------------------------------------------------------


def test_a_void_goes_on_by_itself_when_the_company_allows_reversals(transactional_db: None) -> None:
    """That the option carries it too stands in test_fates.py."""
    with story(intacct={"reverse_unpaid": False}, waits=SOON) as world:
        invoice = world.invoice(world.customer(), paid=False)
        world.shop.void(invoice["id"])
        carry(world)
        assert stands("void") == (State.WAITING, "settings", "reversal.refused"), told()
        assert world.gl(RECEIVABLE) == Decimal("100.00")
        turn(world, reverse_unpaid=True)
        until_done(world)
        assert balances(world, RECEIVABLE, PLANS) == [0, 0] and world.rows("ARADJUSTMENT") == []


# --- C19 --------------------------------------------------------------------------------------------------------------


def test_refunds_clearing_is_used_whether_or_not_lines_may_name_the_account_of_a_bank(transactional_db: None) -> None:
    with story() as world:
        for number, allowed in enumerate(("refuse", "allow"), 1):
            turn(world, bank_lines=allowed)
            invoice = world.invoice(world.customer())
            world.shop.credit_note(invoice["id"], 4_000, refund_amount=4_000)
            carry(world)
            all_done()
            assert balances(world, RECEIVABLE, REFUNDS, CLEARING) == [0, 0, Decimal(60 * number)]
            assert set(dues(world).values()) == {0}


def test_refunds_clearing_on_the_account_of_a_bank_is_refused_before_any_money_is_booked(
    transactional_db: None,
) -> None:
    def at_the_bank(workspace: Json) -> None:
        link = workspace["links"][0]
        other = [row for row in link["mappings"] if row["table"] != "refunds_clearing"]
        link["mappings"] = [{"table": "refunds_clearing", "source": "USD", "target": "10100"}, *other]

    with story(change=at_the_bank) as world:
        invoice = world.invoice(world.customer())
        world.shop.credit_note(invoice["id"], 4_000, refund_amount=4_000)
        carry(world)
        assert stands("refund") == (State.WAITING, "settings", "account.control"), told()
        assert balances(world, "10100", CLEARING) == [0, 100]


def until_done(world: Story, tries: int = 20) -> None:
    for _ in range(tries):
        world.work()
        if not Record.objects.exclude(state__in=["POSTED", "SKIPPED"]).exists():
            return
        time.sleep(0.1)
    all_done()
