"""The main path: a file in the folder becomes bills and payments in the books, and is put away."""

from decimal import Decimal

import pytest

from audit.files import RemoteFile
from audit.models import Problem, Record, State
from tests.stampli_intacct.story import file_story

pytestmark = pytest.mark.django_db(transaction=True)

BILLS = """\
Vendor ID,Invoice Number,Invoice Date,GL Account,Amount,Department
V-1,INV-1,2026-06-01,60100,100.00,OPS
V-1,INV-1,2026-06-01,60200,50.00,OPS
V-2,OB-7,2026-06-02,60100,30.00,
"""
PAYMENTS = """\
Payment ID,Payment Date,Vendor ID,Invoice Number,Amount Paid,Payment Method,Check Number
PAY-1,2026-06-10,V-1,INV-1,150.00,check,10045
"""


def vendors(company):
    for key, name in (("V-1", "Acme Office Supply"), ("V-2", "O'Brien Logistics")):
        company.add_master("VENDOR", "VENDORID", {"VENDORID": key, "NAME": name})


def test_a_file_of_bills_and_one_of_payments_stand_in_the_books_and_are_put_away() -> None:
    with file_story(furnish=vendors) as world:
        world.drop("payments.csv", PAYMENTS)
        world.look()
        world.drop("bills.csv", BILLS)
        world.look()
        assert world.bills() == {("V-1", "INV-1"): Decimal("150.00"), ("V-2", "OB-7"): Decimal("30.00")}
        world.work()
        assert world.gl("10100") == Decimal("-150.00"), list(Record.objects.values("flow", "state", "code", "said"))
        assert world.gl("20100") == Decimal("-30.00")
        assert world.outcome("bills.csv") == {2: {"posted"}, 3: {"posted"}, 4: {"posted"}}
        assert world.outcome("payments.csv") == {2: {"posted"}}
        assert {file.state for file in RemoteFile.objects.all()} == {RemoteFile.State.PUT_AWAY}
        assert world.outbox.names() == []
        assert len(world.outbox.names("archive")) == 2
        assert set(Record.objects.values_list("state", flat=True)) == {State.POSTED}
        assert not Problem.objects.filter(closed_at=None).exists()
