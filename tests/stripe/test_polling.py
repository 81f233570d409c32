"""What webhooks missed is found by windows: nothing between them, nothing lost at a page's edge."""

import json
from datetime import timedelta

import pytest

from connectors.errors import ConnectorError, Malformed
from tests.stripe.bench import Bench, read_through

DAY = 86_400


def keys(facts: list) -> set[tuple[str, str]]:
    return {(fact.stream, fact.key) for fact in facts}


def test_all_that_happened_is_found_by_events_and_by_lists(bench: Bench) -> None:
    customer = bench.customer()
    invoice = bench.invoice(30_000, customer)
    charge = bench.shop.pay(invoice["id"], 10_000)
    bench.shop.pay(invoice["id"], 20_000)
    refund = bench.shop.refund(charge["id"], 4_000)
    payments = {("payment", row["id"]) for row in bench.shop.all("invoice_payment") if row["status"] == "paid"}
    refunds = {("refund", refund["id"]), ("refund_memo", refund["id"] + ":rest")}
    expected = {("customer", customer), ("invoice", invoice["id"]), *refunds, *payments}
    source = bench.source()
    assert len(payments) == 2
    assert keys(read_through(source, "events", bench.now)[0]) == expected
    lists = [read_through(source, feed, bench.now)[0] for feed in ("customers", "invoices", "payments", "refunds")]
    assert keys([fact for facts in lists for fact in facts]) == expected


def test_two_hundred_and_fifty_in_one_second_come_over_pages_of_a_hundred(bench: Bench) -> None:
    bench.shop.clock.stop()
    made = {("customer", bench.customer()) for _ in range(250)}
    facts, pages = read_through(bench.source(), "customers", bench.now)
    assert keys(facts) == made
    assert [len(page.facts) for page in pages] == [100, 100, 50, 0]


@pytest.mark.parametrize("more", [True, False])
def test_a_page_cut_at_sixty_loses_nothing(bench: Bench, more: bool) -> None:
    bench.shop.clock.stop()
    made = {("customer", bench.customer()) for _ in range(250)}
    bench.server.api.faults.add("short_page", path="customers", keep=60, more=more, skip=1)
    facts, pages = read_through(bench.source(), "customers", bench.now)
    assert keys(facts) == made
    assert [json.loads(page.cursor)["done"] for page in pages[:-1]] == [None] * (len(pages) - 1)


def test_a_page_that_promises_more_without_a_row_moves_nothing(bench: Bench) -> None:
    bench.customer()
    bench.server.api.faults.add("short_page", path="customers", keep=0, more=True)
    with pytest.raises(Malformed):
        bench.source().poll("customers", "", bench.now)


def test_a_broken_answer_moves_nothing_and_the_same_page_comes_again(bench: Bench) -> None:
    for _ in range(3):
        bench.customer()
    source = bench.source(page_rows=2)
    first = source.poll("customers", "", bench.now)
    bench.server.api.faults.add("half", path="customers")
    with pytest.raises(ConnectorError):
        source.poll("customers", first.cursor, bench.now)
    again = source.poll("customers", first.cursor, bench.now)
    assert len(keys([*first.facts, *again.facts])) == 3


def test_new_objects_do_not_disturb_a_window_under_way(bench: Bench) -> None:
    bench.shop.clock.stop()
    old = {("customer", bench.customer()) for _ in range(5)}
    source, now = bench.source(page_rows=2), bench.now
    page = source.poll("customers", "", now)
    bench.shop.clock.advance(5)
    late = bench.customer()
    facts, _ = read_through(source, "customers", bench.now, page.cursor)
    assert keys([*page.facts, *facts]) == old
    next_facts, _ = read_through(source, "customers", bench.now, read_through(source, "customers", now)[1][-1].cursor)
    assert ("customer", late) in keys(next_facts)


def test_the_next_window_overlaps_and_lags(bench: Bench) -> None:
    source = bench.source(lag_seconds=60, overlap_seconds=600)
    done = read_through(source, "customers", bench.now)[1][-1].cursor
    first = json.loads(done)
    assert first["done"] == int(bench.now.timestamp()) - 60
    later = json.loads(source.poll("customers", done, bench.now + timedelta(hours=1)).cursor)
    assert later["start"] == first["done"] - 600


def test_a_feed_asked_twice_in_a_second_rests(bench: Bench) -> None:
    source, now = bench.source(), bench.now
    done = read_through(source, "customers", now)[1][-1].cursor
    page = source.poll("customers", done, now)
    assert (page.facts, page.more, json.loads(page.cursor)["done"]) == ((), False, json.loads(done)["done"])


def test_four_days_of_silence_are_read_from_events(bench: Bench) -> None:
    bench.shop.clock.stop()
    source = bench.source()
    done = read_through(source, "events", bench.now)[1][-1].cursor
    bench.shop.clock.advance(DAY)
    invoice = bench.invoice()
    bench.shop.pay(invoice["id"])
    bench.shop.clock.advance(3 * DAY)
    bench.server.api.asked.clear()
    facts, _ = read_through(source, "events", bench.now, done)
    assert {stream for stream, _ in keys(facts)} == {"customer", "invoice", "payment"}
    assert bench.asked("/v1/events")


def test_thirty_five_days_of_silence_are_read_from_the_objects(bench: Bench) -> None:
    bench.shop.clock.stop()
    old = bench.customer()
    waiting = bench.invoice(customer=old, due_days=30)
    source = bench.source()
    done = read_through(source, "events", bench.now)[1][-1].cursor
    bench.shop.clock.advance(DAY)
    bench.shop.update_customer(old, name="Acme International")
    bench.shop.pay(waiting["id"])
    sold = bench.invoice()
    refund = bench.shop.refund(bench.shop.pay(sold["id"])["id"], 500)
    bench.shop.clock.advance(34 * DAY)
    bench.server.api.asked.clear()
    facts, pages = read_through(source, "events", bench.now, done)
    assert not bench.asked("/v1/events")
    paid = {("payment", row["id"]) for row in bench.shop.all("invoice_payment") if row["status"] == "paid"}
    assert len(paid) == 2
    assert keys(facts) >= {("customer", old), ("invoice", sold["id"]), ("refund", refund["id"]), *paid}
    bench.server.api.asked.clear()
    read_through(source, "events", bench.now + timedelta(minutes=15), pages[-1].cursor)
    assert bench.asked("/v1/events")


def test_an_invoice_paid_long_after_its_day_is_found_by_the_payments_feed(bench: Bench) -> None:
    bench.shop.clock.stop()
    invoice = bench.invoice(due_days=60)
    source = bench.source()
    done = read_through(source, "payments", bench.now)[1][-1].cursor
    bench.shop.clock.advance(50 * DAY)
    bench.shop.pay(invoice["id"])
    facts, _ = read_through(source, "payments", bench.now, done)
    assert [fact.stream for fact in facts] == ["payment"]


def test_a_draft_finalized_in_a_later_window_is_found(bench: Bench) -> None:
    bench.shop.clock.stop()
    draft = bench.shop.create_invoice(bench.customer(), [{"amount": 5_000, "description": "Pro plan"}])
    source = bench.source()
    facts, pages = read_through(source, "invoices", bench.now)
    assert facts == []
    bench.shop.clock.advance(5 * DAY)
    bench.shop.finalize(draft["id"])
    facts, _ = read_through(source, "invoices", bench.now, pages[-1].cursor)
    assert ("invoice", draft["id"]) in keys(facts)


def test_one_object_named_by_many_events_is_read_once(bench: Bench) -> None:
    customer = bench.customer()
    for number in range(5):
        bench.shop.update_customer(customer, name=f"Acme {number}")
    bench.server.api.asked.clear()
    facts, _ = read_through(bench.source(), "events", bench.now)
    assert [(fact.stream, fact.key) for fact in facts] == [("customer", customer)]
    assert bench.asked(f"/v1/customers/{customer}") == 1
