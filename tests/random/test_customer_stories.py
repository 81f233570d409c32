"""Whatever happens to a customer at Stripe, in whatever order it is told: the ledger ends where Stripe stands."""

import pytest

from tests.random.plans import Line, Step
from tests.random.world import Way, drawn, hold

pytestmark = pytest.mark.django_db(transaction=True)
WORLDS = 25


def way(number: int) -> Way:
    """In every second world all is final at Stripe before the first delivery; elsewhere the engine has worked on one
    half of each story before the other half happens."""
    return Way(number, parts=1 + number % 2, overpaid_rows=("whole", "capped")[number // 2 % 2])


@pytest.mark.parametrize("number", [0, 1])
def test_random_customer_stories_end_with_receivables_equal_to_the_cent(number: int) -> None:
    hold(drawn(20, number), way(number))


@pytest.mark.slow
@pytest.mark.parametrize("number", range(WORLDS))
def test_two_thousand_random_customer_stories_end_with_receivables_equal_to_the_cent(number: int) -> None:
    """Eighty in each world."""
    hold(drawn(2000 // WORLDS, 1000 + number), way(number))


def ends_right(*plan: Step) -> None:
    hold([plan], way(0))


def test_a_note_from_before_payment_that_is_voided_leaves_the_invoice_due_again() -> None:
    bill = Step("invoice", lines=(Line(10000),))
    ends_right(bill, Step("credit_note", share=500, hours=1), Step("void_note", hours=1))
