"""The main job: what happens at Stripe stands in Sage Intacct, once."""

from decimal import Decimal

from standins.stripe.demo import worked_example
from tests.stories import oracle
from tests.story import Story, told


def test_a_paid_and_partly_refunded_invoice_stands_in_the_books_once(world: Story) -> None:
    customer = world.shop.create_customer(name="Acme Ltd", email="ap@acme.example")
    invoice = worked_example(world.shop, customer["id"])
    world.shop.pay(invoice["id"], 15000)
    world.shop.pay(invoice["id"], 14767)
    world.shop.refund(invoice["id"], 6000)
    assert set(world.deliver()) == {200}
    world.work()
    assert [row["RECORDID"] for row in world.rows("ARINVOICE")] == [invoice["number"]], told()
    assert len(world.rows("CUSTOMER")) == 1
    assert len(world.rows("ARPYMT")) == 2
    assert len(world.rows("GLBATCH")) == 1
    assert world.gl("12100") == 0
    assert world.gl("10210") == Decimal("237.67")
    oracle.compare(world.shop, world.company)
