"""Vendor credits, and the proof that they lower what is owed, in the books of the stand-in."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.base import Done
from connectors.errors import NotYet, Refused
from standins.sage_intacct import subledger

from .bench import Bench, moved, post, posted, refused, window
from .payables import bill, cost, credit, credit_taken_back, vendor

AP, COST = "20100", "60100"


def owed(bench: Bench) -> Decimal:
    return subledger.owed(bench.company, "VENDOR", "STP-V77")


def test_a_credit_lowers_what_is_owed(payables: Bench) -> None:
    client = payables.client()
    posted(client, bill())
    posted(client, credit(bill="PA-2026-17", description="Stampli credit CM-1", lines=(cost("-13.00"), cost("-1.49"))))
    assert moved(payables) == {AP: Decimal("-236.26"), COST: Decimal("236.26")}
    assert owed(payables) == Decimal("236.26")
    row = payables.company.find("APADJUSTMENT", "RECORDID", "PA-CM-2")[0]
    assert (row["DOCNUMBER"], row["TRX_TOTALENTERED"], row["TRX_TOTALDUE"]) == (
        "PA-2026-17",
        Decimal("-14.49"),
        Decimal("-14.49"),
    )


@pytest.mark.parametrize("lines", [(cost("50.00"),), (cost("-50.00"), cost("10.00"))])
def test_a_line_that_would_raise_what_is_owed_is_refused_before_it_leaves(lines: Any) -> None:
    with pytest.raises(Refused) as told:
        credit(lines=lines)
    assert told.value.cause == "data"
    assert told.value.code in ("negative.refused", "source.inconsistent")


def test_the_first_credit_of_a_company_is_proved_before_a_second_leaves(payables: Bench) -> None:
    client = payables.client()
    two = [credit(), credit(control="k2", number="PA-CM-3")]
    looks = client.look(two)
    call = client.render(two[0], looks[0], None)
    with pytest.raises(NotYet) as waits:
        client.render(two[1], looks[1], None)
    assert waits.value.code == "dependency.first_credit"
    assert isinstance(client.send([call], window)[call.control], Done)
    posted(client, two[1])
    assert client.credit_lowers() is True


def test_what_is_proved_is_not_asked_again(payables: Bench) -> None:
    client = payables.client()
    posted(client, credit())
    posted(client, credit(control="k2", number="PA-CM-3"))
    before = payables.server.requests
    client.look([credit(control="k3", number="PA-CM-4")])
    assert payables.server.requests == before + 1
    known = payables.client({"credit_lowers": True})
    known.look([credit(control="k3", number="PA-CM-4")])
    assert payables.server.requests == before + 2


def test_where_a_credit_raises_what_is_owed_the_first_one_differs_and_no_second_leaves(payables: Bench) -> None:
    payables.books.knobs.credit_sign = "positive"
    client = payables.client()
    posted(client, bill())
    answer = post(client, credit())
    assert owed(payables) == Decimal("300.75")
    (read,) = client.read("vendor_credit", [answer.id])
    assert read is not None
    assert not credit().same(read)
    with pytest.raises(Refused) as told:
        post(client, credit(control="k2", number="PA-CM-3"))
    assert (told.value.cause, told.value.code) == ("settings", "credit.raises")
    assert payables.count("APADJUSTMENT") == 1


def test_credits_of_a_person_prove_it_too(payables: Bench) -> None:
    posted(payables.client(), credit())
    fresh = payables.client()
    many = [credit(control=f"k{n}", number=f"CM-{n}") for n in range(5)]
    answers = post(fresh, *many)
    assert all(isinstance(answer, Done) for answer in answers.values())


def test_a_credit_is_taken_back_by_its_opposite(payables: Bench) -> None:
    client = payables.client()
    posted(client, credit())
    posted(client, credit_taken_back())
    assert moved(payables) == {}
    assert owed(payables) == 0


def test_a_credit_that_is_not_there_or_differs_is_not_taken_back(payables: Bench) -> None:
    client = payables.client()
    with pytest.raises(NotYet):
        post(client, credit_taken_back())
    posted(client, credit(lines=(cost("-49.00"),)))
    with pytest.raises(Refused) as told:
        post(client, credit_taken_back())
    assert (told.value.cause, told.value.code) == ("decision", "reversal.differs")


def test_a_number_that_is_taken_a_closed_period_and_a_blocked_vendor_stop_a_credit(payables: Bench) -> None:
    client = payables.client()
    posted(client, credit())
    assert refused(client, credit(control="k2")).cause == "duplicate"
    payables.company.configure(CLOSED=[{"module": "AP", "entity": "", "through": "2026-01-31"}])
    assert refused(client, credit(control="k3", number="CM-3")).code == "period.closed"


def test_a_credit_in_another_currency_keeps_both_amounts(world: Bench) -> None:
    client = world.client({"multi_currency": True}, company_id="WORLD-DEMO")
    posted(client, vendor())
    number = posted(client, credit(currency="EUR", base_currency="USD", day=date(2026, 1, 18)))
    (read,) = client.read("vendor_credit", [number])
    assert read is not None
    assert (read.identity.amount, read.base, read.base_lines) == (
        Decimal("-50.00"),
        Decimal("-54.25"),
        (Decimal("-54.25"),),
    )
