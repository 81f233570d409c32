"""Payments of vendors, their voids, and reversals of bills, in the books of the stand-in."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.base import Done
from connectors.errors import NotYet, Refused, Unavailable
from connectors.sage_intacct.documents import VendorCredit
from standins.sage_intacct import settlement

from .bench import Bench, moved, post, posted, refused, window
from .payables import VENDOR_ID, bill, bill_payment, bill_reversal, cost, credit, paid, vendor, void

AP, BANK, COST = "20100", "10100", "60100"


def due(bench: Bench, number: str = "PA-2026-17") -> Decimal:
    rows = [row for row in bench.company.find("APBILL", "RECORDID", number) if row["STATE"] != "Reversed"]
    assert len(rows) == 1
    amount = rows[0]["TRX_TOTALDUE"]
    assert isinstance(amount, Decimal)
    return amount


@pytest.fixture
def owing(payables: Bench) -> Bench:
    posted(payables.client(), bill())
    return payables


# --- payments ---------------------------------------------------------------------------------------------------------


def test_one_payment_of_two_bills_relieves_both(owing: Bench) -> None:
    client = owing.client()
    posted(client, bill(control="k2", number="OB-7", lines=(cost("30.00"),)))
    posted(
        client, bill_payment(paid=(paid("250.75"), paid("30.00", "OB-7")), description="Stampli PAY-200 check 10045")
    )
    assert due(owing) == due(owing, "OB-7") == 0
    assert moved(owing) == {COST: Decimal("280.75"), BANK: Decimal("-280.75")}
    assert owing.count("APPYMT") == 1
    assert owing.count("APPYMTDETAIL") == 2


@pytest.mark.parametrize(
    "parts",
    [
        (paid("30.00"), paid("250.75", "OB-7")),
        (paid("250.75"), paid("29.00", "OB-7"), paid("1.00", "OB-8")),
        (paid("280.75"),),
    ],
)
def test_money_that_went_to_other_bills_there_is_seen_when_read_back(owing: Bench, parts: Any) -> None:
    client = owing.client()
    posted(client, bill(control="k2", number="OB-7", lines=(cost("30.00"),)))
    number = posted(client, bill_payment(paid=(paid("250.75"), paid("30.00", "OB-7"))))
    (read,) = client.read("bill_payment", [number])
    assert read is not None
    assert (read.raw["PAID.PA-2026-17"], read.raw["PAID.OB-7"]) == ("250.75", "30.00")
    assert not bill_payment(paid=parts).same(read)
    assert bill_payment(paid=(paid("30.00", "OB-7"), paid("200.00"), paid("50.75"))).same(read)
    owing.company.add_user("ml_connector", "user-demo", ["READ_BY_QUERY APPYMTDETAIL"])
    (read,) = client.read("bill_payment", [number])
    assert read is not None
    assert bill_payment(paid=parts).same(read)


def test_a_part_that_was_paid_leaves_the_rest_due(owing: Bench) -> None:
    posted(owing.client(), bill_payment(paid=(paid("200.00"),)))
    assert due(owing) == Decimal("50.75")
    assert moved(owing)[AP] == Decimal("-50.75")


def test_a_payment_of_a_bill_that_is_not_there_waits(payables: Bench) -> None:
    client = payables.client()
    with pytest.raises(NotYet) as waits:
        post(client, bill_payment())
    assert (waits.value.code, waits.value.key) == ("dependency.bill", "PA-2026-17")


@pytest.mark.parametrize("state", ["Submitted", "Approved", "Draft"])
def test_a_payment_of_a_bill_that_is_not_posted_yet_waits(owing: Bench, state: str) -> None:
    with owing.books.unit():
        owing.company.change("APBILL", owing.company.find("APBILL", "RECORDID", "PA-2026-17")[0], STATE=state)
    with pytest.raises(NotYet):
        post(owing.client(), bill_payment())


def test_more_than_is_due_is_decided_by_a_person(owing: Bench) -> None:
    for parts in ((paid("250.76"),), (paid("200.00"), paid("50.76"))):
        with pytest.raises(Refused) as told:
            post(owing.client(), bill_payment(paid=parts))
        assert (told.value.cause, told.value.code) == ("decision", "over_payment")
    assert not owing.count("APPYMT")


def test_a_payment_that_came_second_is_told_as_over_payment_by_the_ledger_too(owing: Bench) -> None:
    client = owing.client()
    first, second = bill_payment(), bill_payment(control="k2", number="EFT-89")
    calls = [
        client.render(d, look, None) for d, look in zip((first, second), client.look([first, second]), strict=True)
    ]
    answers = client.send(calls, window)
    assert isinstance(answers[first.control], Done)
    late = answers[second.control]
    assert isinstance(late, Refused)
    assert (late.cause, late.code) == ("decision", "over_payment")
    assert moved(owing)[BANK] == Decimal("-250.75")


def test_a_payment_in_another_currency_than_its_bill_is_decided_by_a_person(world: Bench) -> None:
    client = world.client({"multi_currency": True}, company_id="WORLD-DEMO")
    posted(client, vendor())
    posted(client, bill(currency="USD", base_currency="USD"))
    posted(client, bill(control="k2", number="EU-1", currency="EUR", base_currency="USD"))
    for parts, currency in (((paid(), paid("1.00", "EU-1")), "USD"), ((paid(),), "EUR")):
        with pytest.raises(Refused) as told:
            post(client, bill_payment(paid=parts, currency=currency, base_currency="USD"))
        assert (told.value.cause, told.value.code) == ("decision", "currency.mismatch")
    posted(client, bill_payment(currency="USD", base_currency="USD"))


def test_a_payment_that_waits_for_approval_there_says_so_and_posts_when_it_is_given(owing: Bench) -> None:
    owing.books.knobs.submitted = ["APPYMT"]
    client = owing.client()
    answer = post(client, bill_payment())
    assert client.finish(bill_payment(), answer.id).state == "submitted"
    assert BANK not in moved(owing)
    with pytest.raises(Refused) as selected:
        post(client, bill_reversal())
    assert selected.value.code == "void.selected"
    with owing.books.unit():
        settlement.release(owing.company, settlement.PAYMENT, owing.company.rows("APPYMT")[int(answer.id)])
    assert client.finish(bill_payment(), answer.id).state == "posted"
    assert moved(owing) == {COST: Decimal("250.75"), BANK: Decimal("-250.75")}
    assert due(owing) == 0


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("A", "approved"), ("S", "submitted"), ("D", "draft"), ("C", "posted"), ("V", "voided"), ("Voided", "voided")],
)
def test_the_state_of_a_payment_is_told_in_our_words(owing: Bench, theirs: str, ours: str) -> None:
    client = owing.client()
    number = posted(client, bill_payment())
    with owing.books.unit():
        owing.company.change("APPYMT", owing.company.rows("APPYMT")[int(number)], STATE=theirs)
    (read,) = client.read("bill_payment", [number])
    assert read is not None
    assert read.state == ours


@pytest.mark.parametrize("module", ["AP", "CM", "GL"])
def test_a_closed_period_stops_a_payment(owing: Bench, module: str) -> None:
    owing.company.configure(CLOSED=[{"module": module, "entity": "", "through": "2026-02-28"}])
    assert refused(owing.client(), bill_payment()).code == "period.closed"


def test_a_reference_that_was_used_before_is_seen(owing: Bench) -> None:
    client = owing.client()
    posted(client, bill_payment(paid=(paid("100.00"),)))
    again = bill_payment(control="k2", paid=(paid("50.00"),))
    (hit,) = client.look([again])[0].hits
    assert not again.same(hit)
    assert not replace(again, paid=(paid("100.00"),), day=date(2026, 2, 2)).same(hit)


def test_a_vendor_marked_as_not_to_be_paid_has_bills_and_where_the_company_says_so_no_payments(bench: Bench) -> None:
    client = bench.client()
    posted(client, vendor(payment_blocked=True))
    posted(client, bill())
    bench.books.knobs.do_not_pay = "payments"
    told = refused(client, bill_payment())
    assert (told.cause, told.code) == ("settings", "party.blocked")
    bench.books.knobs.do_not_pay = "runs"
    posted(client, bill_payment(control="k2"))


def test_where_not_paying_stops_bills_too_a_bill_on_hold_is_the_way(bench: Bench) -> None:
    bench.books.knobs.do_not_pay = "bills"
    client = bench.client()
    posted(client, vendor(payment_blocked=True))
    assert refused(client, bill()).code == "party.blocked"
    posted(client, vendor(control="v2", id="V2", name="Other"))
    posted(client, bill(control="k2", vendor="V2", on_hold=True))
    told = refused(client, bill_payment(vendor="V2"))
    assert (told.cause, told.code) == ("settings", "bill.on_hold")


# --- discounts --------------------------------------------------------------------------------------------------------


def early(**more: Any) -> Any:
    """300.00 by 2-10 Net 30, paid with 6.00 kept."""
    given = {"amount": "294.00", "discount": Decimal("6.00"), "discount_day": date(2026, 1, 15), **more}
    return bill_payment(day=date(2026, 1, 15), paid=(paid(**given),))


def test_a_discount_that_the_source_shows_settles_the_bill(payables: Bench) -> None:
    client = payables.client()
    posted(client, bill(lines=(cost("300.00"),), term="2-10 Net 30"))
    posted(client, early())
    assert due(payables) == 0
    assert moved(payables) == {COST: Decimal("300.00"), BANK: Decimal("-294.00"), "60900": Decimal("-6.00")}


def test_a_discount_without_a_day_of_its_own_is_that_of_the_payment(payables: Bench) -> None:
    client = payables.client()
    posted(client, bill(lines=(cost("300.00"),), term="2-10 Net 30"))
    posted(client, early(discount_day=None))
    assert due(payables) == 0


def test_no_discount_is_taken_that_the_source_does_not_show(payables: Bench) -> None:
    client = payables.client()
    posted(client, bill(lines=(cost("300.00"),), term="2-10 Net 30"))
    posted(client, bill_payment(day=date(2026, 1, 15), paid=(paid("294.00"),)))
    assert due(payables) == Decimal("6.00")
    assert moved(payables)[AP] == Decimal("-6.00")


def test_a_discount_on_a_part_is_decided_by_a_person(payables: Bench) -> None:
    client = payables.client()
    posted(client, bill(lines=(cost("300.00"),), term="2-10 Net 30"))
    with pytest.raises(Refused) as told:
        post(client, early(amount="100.00"))
    assert (told.value.cause, told.value.code) == ("decision", "discount.partial")


# --- voids ------------------------------------------------------------------------------------------------------------


def test_a_void_makes_the_bill_due_again_and_leaves_it_standing(owing: Bench) -> None:
    client = owing.client()
    number = posted(client, bill_payment())
    assert posted(client, void()) == f"APPYMT/{number}"
    assert due(owing) == Decimal("250.75")
    assert moved(owing) == {AP: Decimal("-250.75"), COST: Decimal("250.75")}
    (read,) = client.read("bill_payment", [number])
    assert read is not None
    assert read.state == "voided"


def test_a_void_that_happened_is_found_and_not_sent_again(owing: Bench) -> None:
    client = owing.client()
    posted(client, bill_payment())
    assert client.look([void()])[0].hits == ()
    posted(client, void())
    again = void(control="again")
    assert [hit.identity for hit in client.look([again])[0].hits] == [again.identity()]


def test_a_payment_that_is_made_anew_after_its_void_is_another_one(owing: Bench) -> None:
    client = owing.client()
    posted(client, bill_payment())
    posted(client, void())
    looked = client.look([bill_payment(control="v2")])[0]
    assert [hit.gone for hit in looked.hits] == [True]
    post(client, bill_payment(control="v2"))
    assert moved(owing)[BANK] == Decimal("-250.75")


def test_a_void_that_the_company_does_not_take_is_done_there_by_a_person(owing: Bench) -> None:
    owing.books.knobs.void = "refuse"
    client = owing.client()
    posted(client, bill_payment())
    told = refused(client, void())
    assert (told.cause, told.code) == ("settings", "void.refused")
    assert "by hand" in told.cure


def test_a_void_that_took_its_bill_with_it_shows_the_bill_as_gone(owing: Bench) -> None:
    owing.books.knobs.void = "bills_reversed"
    client = owing.client()
    posted(client, bill_payment())
    posted(client, void())
    (hit,) = client.look([bill()])[0].hits
    assert hit.gone


def test_a_payment_that_was_reconciled_is_not_voided(owing: Bench) -> None:
    client = owing.client()
    number = posted(client, bill_payment())
    with owing.books.unit():
        owing.company.change("APPYMT", owing.company.rows("APPYMT")[int(number)], CLEARED="T")
    with pytest.raises(Refused) as told:
        post(client, void())
    assert (told.value.cause, told.value.code) == ("decision", "void.reconciled")


@pytest.mark.parametrize("fault", ["commit_then_reset", "half"])
def test_a_void_whose_answer_is_lost_is_found(owing: Bench, fault: str) -> None:
    client = owing.client()
    posted(client, bill_payment())
    owing.books.faults.add(fault, {"function": "void_appaymentrequest"})
    with pytest.raises(Unavailable):
        post(client, void())
    assert len(client.look([void()])[0].hits) == 1


# --- reversals of bills -----------------------------------------------------------------------------------------------


def test_a_bill_that_was_not_paid_is_reversed(owing: Bench) -> None:
    client = owing.client()
    number = client.look([bill()])[0].hits[0].id
    assert posted(client, bill_reversal()) == f"APBILL/{number}"
    assert moved(owing) == {}
    (read,) = client.read("bill", [number])
    assert read is not None
    assert read.gone


INSTEAD = VendorCredit(
    control="k:instead",
    number="PA-2026-17-V",
    vendor=VENDOR_ID,
    day=date(2026, 1, 20),
    lines=(cost("-250.75"),),
    bill="PA-2026-17",
)


def test_a_bill_that_was_paid_in_part_is_answered_by_a_credit_or_decided_by_a_person(owing: Bench) -> None:
    client = owing.client()
    posted(client, bill_payment(paid=(paid("100.00"),)))
    with pytest.raises(Refused) as told:
        post(client, bill_reversal())
    assert (told.value.cause, told.value.code) == ("decision", "void.after_payment")
    both = bill_reversal(otherwise=INSTEAD)
    made = posted(client, both)
    assert made.startswith("APADJUSTMENT/")
    assert moved(owing) == {AP: Decimal("100.00"), BANK: Decimal("-100.00")}


def test_a_reversal_that_the_company_does_not_allow_names_the_setting(owing: Bench) -> None:
    owing.books.knobs.reverse_unpaid_bills = False
    told = refused(owing.client(), bill_reversal())
    assert (told.cause, told.code) == ("settings", "reversal.refused")
    assert "Accounts Payable" in told.cure
    owing.books.knobs.reverse_unpaid_bills = True
    posted(owing.client(), bill_reversal(control="k2"))


def test_a_reversal_in_a_closed_period_waits_for_it(owing: Bench) -> None:
    owing.company.configure(CLOSED=[{"module": "AP", "entity": "", "through": "2026-01-31"}])
    assert refused(owing.client(), bill_reversal()).code == "period.closed"


def test_a_credit_that_stands_for_a_reversal_has_the_number_of_its_bill() -> None:
    with pytest.raises(ValueError, match="cannot be told"):
        bill_reversal(otherwise=credit())
