"""Whatever happens to a customer at Stripe, in whatever order it is told: the ledger ends where Stripe stands."""

import os

import pytest

from tests.random.plans import Line, Step
from tests.random.world import Way, drawn, hold

pytestmark = pytest.mark.django_db(transaction=True)
WORLDS = 25
FIRST = int(os.environ.get("RANDOM_WORLDS_FROM", "1000"))
"""Of the slow ones: other numbers draw other stories. One world alone is asked for by its place: -k "two_thousand and
[7]"."""


def way(number: int) -> Way:
    """In every second world all is final at Stripe before the first delivery; elsewhere the engine has worked on one
    half of each story before the other half happens."""
    return Way(number, parts=1 + number % 2, overpaid_rows=("whole", "capped")[number // 2 % 2])


@pytest.mark.parametrize("number", [0, 1])
def test_random_customer_stories_end_with_receivables_equal_to_the_cent(number: int) -> None:
    hold(drawn(12, number), way(number))


@pytest.mark.slow
@pytest.mark.parametrize("number", range(WORLDS))
def test_two_thousand_random_customer_stories_end_with_receivables_equal_to_the_cent(number: int) -> None:
    """Eighty in each world."""
    hold(drawn(2000 // WORLDS, FIRST + number), way(number))


def ends_right(*plan: Step) -> None:
    hold([plan], way(0))


BILL = Step("invoice", lines=(Line(10000),))
PLAN = Step("rename", hours=1)


def test_a_note_from_before_payment_that_is_voided_leaves_the_invoice_due_again() -> None:
    ends_right(BILL, Step("credit_note", share=500, hours=1), Step("void_note", hours=1))


def test_a_refund_that_a_note_claims_and_that_comes_back_leaves_the_credit_open() -> None:
    paid = Step("pay", "all", hours=1)
    ends_right(BILL, paid, Step("credit_note", "refund", share=300, hours=1), Step("finish_refund", "failed", hours=1))


def test_an_invoice_that_was_given_up_and_then_voided_costs_no_bad_debt() -> None:
    ends_right(BILL, Step("uncollectible", hours=1), Step("void", "any", hours=1))


def test_an_invoice_with_a_note_that_is_voided_takes_back_only_the_rest() -> None:
    ends_right(BILL, Step("credit_note", share=300, hours=1), Step("void", "any", hours=1))


def test_a_note_on_an_invoice_that_was_given_up_takes_back_so_much_of_the_write_off() -> None:
    ends_right(BILL, Step("uncollectible", hours=1), Step("credit_note", "given_up", share=300, hours=1))


def test_a_note_on_an_invoice_that_was_given_up_may_be_voided_again() -> None:
    note = Step("credit_note", "given_up", share=300, hours=1)
    ends_right(BILL, Step("uncollectible", hours=1), note, Step("void_note", "given_up", hours=1))


def test_a_note_that_took_back_of_a_write_off_is_voided_when_both_are_booked() -> None:
    """Half of a story is carried before the other half happens."""
    note = Step("credit_note", "given_up", share=300, hours=1)
    hold([(BILL, Step("uncollectible", hours=1), note, Step("void_note", "given_up", hours=1), PLAN, PLAN)], way(1))


def test_a_note_of_the_same_second_as_the_write_off_counts_as_later() -> None:
    ends_right(BILL, Step("credit_note", share=300, hours=1), Step("uncollectible"))


def test_credit_used_by_an_invoice_that_was_voided_before_it_was_seen_is_open_again() -> None:
    credit = Step("by_hand", "credit", share=300)
    hold([(credit, BILL, Step("rename", hours=1), Step("void", "any", hours=1))], way(1))


def test_a_refund_of_the_same_second_that_another_note_claims_is_no_twin() -> None:
    paid, claims = Step("pay", "all", hours=1), Step("credit_note", "refund", share=200, hours=1)
    ends_right(BILL, paid, claims, Step("credit_note", "out_of_band", share=250))


def test_two_notes_that_claim_one_refund_have_a_memo_each() -> None:
    paid, back = Step("pay", "all", hours=1), Step("refund", hours=1)
    claim = Step("credit_note", "linked", share=200, hours=1)
    ends_right(BILL, paid, back, claim, claim)


def test_an_invoice_with_a_negative_account_that_was_given_up_can_still_be_paid() -> None:
    bill = Step("invoice", lines=(Line(10000, "setup"), Line(-2000, "unused")))
    ends_right(bill, Step("uncollectible", "any", hours=1), Step("pay", "all", hours=1))


def test_debt_that_was_given_by_hand_is_paid_with_the_next_invoice() -> None:
    ends_right(Step("by_hand", "debt", share=340), BILL, Step("pay", "all", hours=1))


def test_an_invoice_too_small_to_be_charged_is_paid_with_the_next_one() -> None:
    ends_right(Step("invoice", "any", lines=(Line(30),)), BILL, Step("pay", "all", hours=1))
