"""What a flow listens to is what its facts come from: nothing is left out, nothing is listened to in vain."""

from collections import defaultdict

from connectors.base import Hint
from connectors.registry import INTEGRATIONS
from connectors.stripe.reading import READERS, TELLS, moment
from tests.standins.stripe.test_shapes import eventful
from tests.stripe.bench import Bench

FLOWS = [flow for one in INTEGRATIONS.values() if one.source == "stripe" for flow in one.flows]


def lived_through(bench: Bench) -> None:
    """A shop in which everything has happened that a flow books."""
    shop = bench.shop
    eventful(shop)
    customer = bench.customer()
    paid = bench.invoice(10_000, customer)
    charge = shop.pay(paid["id"])
    shop.refund(charge["id"], 500)
    shop.finish_refund(shop.refund(charge["id"], 400)["id"], "failed")
    shop.void_credit_note(shop.credit_note(bench.invoice(9_000)["id"], 3_000)["id"])
    shop.credit_customer(customer, -2_000)
    given_up = bench.invoice(8_000, bench.customer())
    shop.mark_uncollectible(given_up["id"])
    shop.pay(given_up["id"])
    noted = bench.invoice(7_000, bench.customer())
    early = shop.credit_note(noted["id"], 1_000)
    shop.mark_uncollectible(noted["id"])
    bench.shop.credit_note(noted["id"], 2_000)  # takes back so much of the write-off
    shop.void_credit_note(early["id"])  # what it left is written off again
    bounced = bench.invoice(6_000, customer)
    debit = shop.pay(bounced["id"], method="bank")
    shop.finish_debit(debit["id"])
    shop.fail_late(debit["id"])
    shop.void(bounced["id"])


def told(bench: Bench) -> dict[str, set[str]]:
    """Event → streams of the facts that it led to, whenever it came."""
    source, found = bench.source(), defaultdict(set)
    for event in list(bench.shop.all("event")):
        about = bench.shop.secret(event["id"])["about"]
        hint = Hint(event["id"], event["type"], about, moment(event["created"]))
        found[event["type"]] |= {fact.stream for fact in source.facts(hint) or ()}
    return found


def test_every_event_that_is_read_belongs_to_a_flow_and_every_flow_listens_to_some() -> None:
    assert {event for flow in FLOWS for event in flow.events} == set(READERS)
    assert [flow.key for flow in FLOWS if not flow.events] == []


def test_a_flow_listens_to_exactly_the_events_that_may_tell_its_facts() -> None:
    for flow in FLOWS:
        assert set(flow.events) == {event for event, read in READERS.items() if flow.stream in TELLS[read]}, flow.key


def test_what_a_shop_tells_is_what_the_flows_listen_for(bench: Bench) -> None:
    lived_through(bench)
    heard = told(bench)
    for event, read in READERS.items():
        assert heard[event] <= set(TELLS[read]), event
    by_reader = {read: set().union(*(heard[e] for e, r in READERS.items() if r is read)) for read in TELLS}
    for read, streams in TELLS.items():
        assert set(streams) - by_reader[read] == set(), read.__name__
