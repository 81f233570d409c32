"""Voids are held: prepared, shown, and sent once a person has approved exactly that document."""

from decimal import Decimal

import pytest
from django.test import Client

from audit.models import Problem, Record, State, WaitsFor
from tests.stampli_intacct.story import FileStory, file_story, records
from tests.stampli_intacct.test_first import BILLS, vendors
from tests.stampli_intacct.test_layouts import finance, page_of

pytestmark = pytest.mark.django_db(transaction=True)

HEAD = "Payment ID,Payment Date,Vendor ID,Invoice Number,Amount Paid,Payment Method,Check Number,Payment Status\n"


def paid(world: FileStory, status: str) -> None:
    world.drop(f"payments-{status}.csv", f"{HEAD}PAY-1,2026-06-10,V-1,INV-1,150.00,check,10045,{status}\n")
    world.look()


def press(client: Client, record: Record, **more: str) -> str:
    sent = {"stamp": str(record.stamp), "document": record.document_hash, **more}
    answer = client.post(f"/admin/audit/record/{record.pk}/approve/", sent, follow=True)
    return str(answer.content.decode())


def test_a_voided_payment_waits_for_approval_and_is_voided_once_it_was_given() -> None:
    with file_story(furnish=vendors) as world:
        world.drop("bills.csv", BILLS)
        world.look()
        paid(world, "cleared")
        assert world.gl("10100") == Decimal("-150.00")
        paid(world, "voided")
        (void,) = records("payment_void")
        assert (void.state, void.waits_for, void.code) == (State.WAITING, WaitsFor.APPROVAL, "held.void_requested")
        assert world.outcome("payments-voided.csv") == {2: {"held:void_requested"}}
        assert world.gl("10100") == Decimal("-150.00"), "nothing is voided by itself"
        client = finance(world)
        assert "Approve: it is sent" in page_of(client, f"/admin/audit/record/{void.pk}/change/")
        assert "has changed since" in press(client, void, document="another document")
        world.work()
        assert world.gl("10100") == Decimal("-150.00"), "another document was approved than the one that is there"
        assert "approved and goes" in press(client, void)
        world.work()
        void.refresh_from_db()
        assert void.state == State.POSTED, (void.code, void.said)
        assert world.gl("10100") == Decimal("0.00")
        assert world.gl("20100") == Decimal("-180.00"), "its bill is due again"
        assert list(void.trail.filter(what="person.approved").values_list("actor", flat=True)) == ["fiona"]
        assert not Problem.objects.filter(closed_at=None).exists()
        paid(world, "voided")
        assert world.gl("10100") == Decimal("0.00"), "told again, it is voided already"
