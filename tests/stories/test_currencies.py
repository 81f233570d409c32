"""Money in other currencies: the debt in its own, Stripe's balance in its own, and the books in theirs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from django.utils import timezone

from audit.models import Posting, Record, State
from audit.models import Verdict as V
from portal.engine import examine
from tests.story import Story, record, story, told, workspace_connections

Json = dict[str, Any]
RECEIVABLE, CLEARING, IN_EURO, REVENUE, EXCHANGE, OVERPAID = "12100", "10210", "10220", "40100", "70100", "24200"


def mapped(workspace: Json) -> None:
    workspace["links"][0]["mappings"] += [
        {"table": "clearing", "source": "EUR", "target": "STRIPE-EUR", "facts": {"gl_account": IN_EURO}},
        {"table": "fx_gain_loss", "source": "USD", "target": EXCHANGE, "facts": {"location": "US-100"}},
    ]


@contextmanager
def abroad(change: Callable[[Json], None] = mapped, seed: Json | None = None, **settle: Any) -> Iterator[Story]:
    """Books in dollars with other currencies: EUR at 1.0850, JPY at 0.0067, KWD at 3.25. `settle`: what Stripe makes of
    a currency, as (currency, rate)."""
    knobs = {"settle": {code: list(to) for code, to in settle.items()}}
    with story(stripe=knobs, seed={"multi_currency": True, **(seed or {})}, change=change) as world:
        yield world


def owed(world: Story, currency: str, amount: int, customer: str = "") -> Json:
    made: Json = world.invoice(customer or world.customer(), amount, paid=False, currency=currency)
    return made


def carry(world: Story) -> None:
    assert set(world.deliver()) == {200}
    world.work()


def agreed() -> bool:
    return {one.verdict for one in Record.objects.filter(state=State.POSTED)} == {V.AGREES}


def at_stripe(world: Story, currency: str) -> Decimal:
    """What Stripe's balance holds and was taken as fees, which no flow of these stories books."""
    rows = [row for row in world.shop.dump()["balance_transaction"].values() if row["currency"] == currency]
    return Decimal(sum(row["amount"] for row in rows)) / 100


def in_own_currency(world: Story, account: str) -> Decimal:
    return sum((row["TRX_AMOUNT"] for row in world.rows("GLDETAIL") if row["ACCOUNTNO"] == account), Decimal(0))


def balances(world: Story) -> dict[str, str]:
    from standins.sage_intacct.ledger import balances

    return {account: str(amount) for account, amount in balances(world.company).items() if amount}


def amounts(world: Story) -> list[tuple[str, str, str]]:
    rows = sorted(world.rows("ARPYMT"), key=lambda row: str(row["RECORDNO"]))
    return [(row["CURRENCY"], str(row["TRX_TOTALENTERED"]), str(row["TOTALENTERED"])) for row in rows]


def rate(world: Story, currency: str, text: str) -> None:
    with world.books.unit():
        world.company.configure(RATES={**world.company.setup["RATES"], currency: text})


def nothing_owed(world: Story) -> bool:
    return {(row["TRX_TOTALDUE"], row["TOTALDUE"]) for row in world.rows("ARINVOICE")} == {(Decimal(0), Decimal(0))}


# --- payments ---------------------------------------------------------------------------------------------------------


def test_an_invoice_in_euro_is_paid_by_what_arrived_in_dollars(transactional_db: None) -> None:
    with abroad(eur=("usd", "1.0931")) as world:
        world.shop.pay(owed(world, "eur", 10000)["id"])
        carry(world)
        assert amounts(world) == [("EUR", "100.00", "109.31")], told()
        assert balances(world) == {CLEARING: "109.31", REVENUE: "-108.50", EXCHANGE: "-0.81"}
        assert nothing_owed(world)
        assert world.gl(CLEARING) == at_stripe(world, "usd")
        assert agreed(), told()


def test_one_charge_over_two_invoices_is_split_to_the_cent(transactional_db: None) -> None:
    with abroad(eur=("usd", "1.0931")) as world:
        customer = world.customer()
        first, second = owed(world, "eur", 6000, customer), owed(world, "eur", 4000, customer)
        world.shop.pay_several({first["id"]: 6000, second["id"]: 4000})
        carry(world)
        assert sorted(amounts(world)) == [("EUR", "40.00", "43.72"), ("EUR", "60.00", "65.59")], told()
        assert balances(world) == {CLEARING: "109.31", REVENUE: "-108.50", EXCHANGE: "-0.81"}
        assert nothing_owed(world)
        assert agreed(), told()


def test_more_than_was_owed_is_open_credit_in_euro(transactional_db: None) -> None:
    with abroad(eur=("usd", "1.0931")) as world:
        world.shop.pay(owed(world, "eur", 10000)["id"], 12000)
        carry(world)
        assert amounts(world) == [("EUR", "120.00", "131.17")], told()
        assert nothing_owed(world)
        assert world.gl(RECEIVABLE) == 0
        assert world.gl(CLEARING) == at_stripe(world, "usd") == Decimal("131.17")
        assert [(row["TRX_TOTALDUE"], row["CURRENCY"]) for row in world.rows("ARPYMT")] == [(Decimal("20.00"), "EUR")]
        assert agreed(), told()


def test_euro_that_stay_euro_go_to_the_account_in_euro(transactional_db: None) -> None:
    with abroad() as world:
        invoice = owed(world, "eur", 10000)
        carry(world)
        rate(world, "EUR", "1.1000")
        charge = world.shop.pay(invoice["id"])
        carry(world)
        assert nothing_owed(world), told()
        assert world.gl(RECEIVABLE) == 0
        assert in_own_currency(world, IN_EURO) == at_stripe(world, "eur") == Decimal("100.00")
        world.shop.refund(charge["id"], 4000)
        carry(world)
        assert in_own_currency(world, IN_EURO) == at_stripe(world, "eur") == Decimal("60.00")
        assert nothing_owed(world)
        assert world.gl(CLEARING) == 0
        assert agreed(), told()


def test_what_arrived_is_compared_too_when_it_is_read_back(transactional_db: None) -> None:
    with abroad(eur=("usd", "1.0931")) as world:
        world.shop.pay(owed(world, "eur", 10000)["id"])
        carry(world)
        (receipt,) = world.rows("ARPYMT")
        with world.books.unit():
            world.company.change("ARPYMT", receipt, TOTALENTERED=Decimal("109.30"))
        Record.objects.filter(flow="stripe_intacct.payment").update(verdict_due_at=timezone.now())
        world.work()
        assert record("payment").verdict == V.DIFFERS


# --- refunds ----------------------------------------------------------------------------------------------------------


def test_a_refund_takes_revenue_back_at_the_rate_of_its_invoice(transactional_db: None) -> None:
    with abroad(eur=("usd", "1.0931")) as world:
        charge = world.shop.pay(owed(world, "eur", 10000)["id"])
        world.shop.refund(charge["id"], 4000, settle=("usd", "1.1005", 4402))
        carry(world)
        (journal,) = world.rows("GLBATCH")
        lines = [row for row in world.rows("GLDETAIL") if row["REFERENCENO"] == journal["REFERENCENO"]]
        assert {row["ACCOUNTNO"]: str(row["AMOUNT"]) for row in lines} == {
            REVENUE: "43.40",
            EXCHANGE: "0.62",
            CLEARING: "-44.02",
        }, told()
        assert balances(world) == {CLEARING: "65.29", REVENUE: "-65.10", EXCHANGE: "-0.19"}
        assert world.gl(CLEARING) == at_stripe(world, "usd")
        assert nothing_owed(world)
        assert agreed(), told()


def test_refunds_in_parts_leave_nothing_of_the_revenue(transactional_db: None) -> None:
    with abroad(eur=("usd", "1.0931")) as world:
        lines = [{"description": f"Part {n}", "amount": amount} for n, amount in enumerate((3333, 3333, 3334))]
        invoice = world.shop.create_invoice(world.customer(), lines, currency="eur", finalize=True)
        charge = world.shop.pay(invoice["id"])
        for amount, settled in ((1234, 1350), (5001, 5400), (3765, 4190)):
            world.shop.refund(charge["id"], amount, settle=("usd", "1.09", settled))
            world.shop.clock.advance(60)
        carry(world)
        assert balances(world) == {CLEARING: "-0.09", EXCHANGE: "0.09"}, told()
        assert world.gl(CLEARING) == at_stripe(world, "usd")
        assert agreed(), told()


def test_a_refund_that_fails_comes_back_at_what_came_back(transactional_db: None) -> None:
    with abroad(eur=("usd", "1.0931")) as world:
        charge = world.shop.pay(owed(world, "eur", 10000)["id"])
        refund = world.shop.refund(charge["id"], 4000, settle=("usd", "1.1005", 4402))
        carry(world)
        world.shop.finish_refund(refund["id"], "failed")
        carry(world)
        assert balances(world) == {CLEARING: "109.31", REVENUE: "-108.50", EXCHANGE: "-0.81"}, told()
        assert world.gl(CLEARING) == at_stripe(world, "usd")
        assert agreed(), told()


def test_a_refund_waits_until_the_invoice_was_read_back(transactional_db: None) -> None:
    with abroad(eur=("usd", "1.0931")) as world:
        charge = world.shop.pay(owed(world, "eur", 10000)["id"])
        carry(world)
        Posting.objects.filter(kind="invoice").update(base_lines=None)
        world.shop.refund(charge["id"], 4000, settle=("usd", "1.1005", 4402))
        assert set(world.deliver()) == {200}
        world.work()
        one = record("refund")
        assert (one.state, one.waits_for, one.code) == (State.WAITING, "dependency", "dependency.read_back"), told()
        assert world.rows("GLBATCH") == []
        Record.objects.filter(flow="stripe_intacct.invoice").update(verdict_due_at=timezone.now())
        world.work()
        assert record("refund").state == State.POSTED, told()
        assert world.gl(REVENUE) == Decimal("-65.10")


def test_a_rate_that_the_ledger_does_not_tell_is_for_a_person(transactional_db: None) -> None:
    with abroad(eur=("usd", "1.0931")) as world:
        world.company.add_user("ml_connector", "user-demo", denied=["* ARINVOICEITEM"])
        charge = world.shop.pay(owed(world, "eur", 10000)["id"])
        world.shop.refund(charge["id"], 4000, settle=("usd", "1.1005", 4402))
        carry(world)
        assert Posting.objects.get(kind="invoice").base_lines == []
        assert record("payment").verdict == V.AGREES, told()
        one = record("refund")
        assert (one.state, one.waits_for, one.code) == (State.WAITING, "decision", "decision.needed"), told()
        assert "100.00 EUR" in one.said and "44.02 USD" in one.said
        assert world.rows("GLBATCH") == []


# --- currencies without decimals, and with three ----------------------------------------------------------------------


def test_yen_have_no_decimals_from_end_to_end(transactional_db: None) -> None:
    with abroad(jpy=("usd", "0.0066")) as world:
        charge = world.shop.pay(owed(world, "jpy", 12000)["id"])
        world.shop.refund(charge["id"], 1000, settle=("usd", "0.0068", 680))
        carry(world)
        assert amounts(world) == [("JPY", "12000.00", "79.20")], told()
        assert [row["TRX_TOTALENTERED"] for row in world.rows("ARINVOICE")] == [Decimal(12000)]
        assert balances(world) == {CLEARING: "72.40", REVENUE: "-73.70", EXCHANGE: "1.30"}
        assert world.gl(CLEARING) == at_stripe(world, "usd")
        assert nothing_owed(world)
        assert agreed(), told()


def test_dinars_have_three_decimals_of_which_the_ledger_keeps_two(transactional_db: None) -> None:
    with abroad(kwd=("usd", "3.26")) as world:
        charge = world.shop.pay(owed(world, "kwd", 5120)["id"])
        world.shop.refund(charge["id"], 1280, settle=("usd", "3.30", 422))
        carry(world)
        assert amounts(world) == [("KWD", "5.12", "16.69")], told()
        assert balances(world) == {CLEARING: "12.47", REVENUE: "-12.48", EXCHANGE: "0.01"}
        assert world.gl(CLEARING) == at_stripe(world, "usd")
        assert nothing_owed(world)
        assert agreed(), told()


def test_a_third_decimal_that_is_not_zero_is_never_rounded(transactional_db: None) -> None:
    with abroad(kwd=("usd", "3.26")) as world:
        lines = [{"description": "Pro plan", "amount": 5123}, {"description": "Setup", "amount": 5127}]
        world.shop.create_invoice(world.customer(), lines, currency="kwd", finalize=True)
        carry(world)
        one = record("invoice")
        assert (one.state, one.code) == (State.FAILED, "amount.precision"), told()
        assert world.rows("ARINVOICE") == []


# --- what the books lack ----------------------------------------------------------------------------------------------


def test_a_currency_that_the_books_lack_waits_until_it_is_enabled(transactional_db: None) -> None:
    with abroad(sek=("usd", "0.0950")) as world:
        world.shop.pay(owed(world, "sek", 100000)["id"])
        carry(world)
        one = record("invoice")
        assert (one.state, one.waits_for, one.code) == (State.WAITING, "settings", "currency.not_enabled"), told()
        assert world.rows("ARINVOICE") == []
        with world.books.unit():
            world.company.add_master("TRXCURRENCIES", "CODE", {"CODE": "SEK", "NAME": "SEK"})
        rate(world, "SEK", "0.0940")
        press_ping()
        world.work()
        assert amounts(world) == [("SEK", "1000.00", "95.00")], told()
        assert balances(world) == {CLEARING: "95.00", REVENUE: "-94.00", EXCHANGE: "-1.00"}


def press_ping() -> None:
    list(examine.examine(workspace_connections()["Sage Intacct"], "test"))


def test_a_balance_in_a_third_currency_is_for_a_person(transactional_db: None) -> None:
    with abroad(eur=("gbp", "0.8600")) as world:
        world.shop.pay(owed(world, "eur", 10000)["id"])
        carry(world)
        one = record("payment")
        assert (one.state, one.waits_for, one.code) == (State.WAITING, "settings", "currency.third"), told()
        assert world.rows("ARPYMT") == []
        assert len(world.rows("ARINVOICE")) == 1
