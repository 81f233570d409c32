"""What a window of time is said to hold is what happened in it, by the shop's ledger: each once, with its money."""

import json
from collections import Counter
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.base import Sighting
from connectors.errors import ConnectorError
from connectors.stripe.window import STREAMS
from tests.stripe.bench import Bench

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
END = datetime(2026, 4, 1, tzinfo=UTC)


def look(bench: Bench, streams: Collection[str] = STREAMS, **settings: Any) -> list[Sighting]:
    """All that the window holds; what lies outside of it is left out, as the host does."""
    source, cursor, seen = bench.source(**settings), "", []
    while True:
        page = source.survey(streams, BEGIN, END, cursor)
        seen += page.seen
        cursor = page.cursor
        if not page.more:
            return [one for one in seen if one.fact.stream in streams and BEGIN <= one.fact.happened_at < END]


def money(seen: list[Sighting], stream: str) -> dict[str, Decimal | None]:
    return {one.fact.key: one.amount for one in seen if one.fact.stream == stream}


def day(bench: Bench, text: str) -> None:
    bench.shop.clock.stop(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def month(bench: Bench, name: str) -> dict[str, Any]:
    """The same story in each month: two invoices, one paid and partly refunded, and a sale."""
    day(bench, f"2026-{name}-10T12:00")
    customer = bench.customer()
    paid, open_ = bench.invoice(30_000, customer), bench.invoice(12_345, customer)
    charge = bench.shop.pay(paid["id"])
    refund = bench.shop.refund(charge["id"], 4_000)
    sale = bench.shop.sell(5_000, "usd")
    payment = next(row["id"] for row in bench.shop.all("invoice_payment") if row["invoice"] == paid["id"])
    return {"customer": customer, "paid": paid["id"], "open": open_["id"], "refund": refund["id"], "sale": sale["id"],
            "payment": payment}  # fmt: skip


def test_the_window_holds_its_month_and_no_other_each_fact_once_with_its_money(bench: Bench) -> None:
    _, march, _ = [month(bench, name) for name in ("02", "03", "04")]
    day(bench, "2026-06-01T12:00")
    seen = look(bench)
    assert max(Counter((one.fact.stream, one.fact.key) for one in seen).values()) == 1
    assert {one.fact.key for one in seen} - {f"{march['refund']}:rest"} == set(march.values())
    assert money(seen, "invoice") == {march["paid"]: Decimal("300.00"), march["open"]: Decimal("123.45")}
    assert money(seen, "payment") == {march["payment"]: Decimal("300.00")}
    assert money(seen, "refund") == {march["refund"]: Decimal("40.00")}
    assert money(seen, "sale") == {march["sale"]: Decimal("50.00")}
    assert {one.currency for one in seen if one.amount is not None} == {"USD"}


def test_what_feeds_find_of_the_window_the_window_finds(bench: Bench) -> None:
    for name in ("02", "03", "04"):
        month(bench, name)
        bench.shop.refund(bench.shop.sell(6_000, "usd")["id"], 1_500)
        bench.shop.fail_late(bench.shop.sell(7_000, "usd")["id"])
    day(bench, "2026-06-01T12:00")
    from tests.stripe.bench import read_through

    source, found = bench.source(), set()
    for feed in ("customers", "invoices", "payments", "refunds", "credit_notes"):
        found |= {f for f in read_through(source, feed, bench.now)[0] if BEGIN <= f.happened_at < END}
    assert {one.fact for one in look(bench)} == found


def test_only_the_lists_that_tell_of_the_wanted_streams_are_read(bench: Bench) -> None:
    month(bench, "03")
    bench.server.api.asked.clear()
    assert [one.fact.stream for one in look(bench, ["refund"])] == ["refund"]
    others = {"/v1/customers", "/v1/invoices", "/v1/balance_transactions", "/v1/credit_notes"}
    assert others.isdisjoint(one["path"] for one in bench.server.api.asked)


def test_a_draft_of_before_the_window_is_found_where_it_was_finalized(bench: Bench) -> None:
    day(bench, "2026-02-01T12:00")
    draft = bench.shop.create_invoice(bench.customer(), [{"amount": 5_000, "description": "Pro plan"}])
    day(bench, "2026-03-05T12:00")
    bench.shop.finalize(draft["id"])
    bench.shop.pay(draft["id"])
    day(bench, "2026-06-01T12:00")
    assert money(look(bench), "invoice") == {draft["id"]: Decimal("50.00")}


@pytest.mark.parametrize("made", ["2025-06-01T12:00", "2026-02-20T12:00"])
def test_what_became_of_an_old_invoice_inside_the_window_is_found(bench: Bench, made: str) -> None:
    day(bench, made)
    gone, given_up = bench.invoice(7_000), bench.invoice(8_000)
    day(bench, "2026-03-05T12:00")
    bench.shop.void(gone["id"])
    bench.shop.mark_uncollectible(given_up["id"])
    day(bench, "2026-06-01T12:00")
    seen = look(bench)
    assert money(seen, "invoice") == {}
    assert money(seen, "void") == {f"{gone['id']}:void": Decimal("70.00")}
    assert money(seen, "write_off") == {f"{given_up['id']}:wo": Decimal("80.00")}


def test_a_note_counts_on_the_day_of_its_effect_and_its_void_on_its_own(bench: Bench) -> None:
    day(bench, "2026-02-10T12:00")
    invoice = bench.invoice(30_000)
    old = bench.shop.credit_note(invoice["id"], 1_000)
    day(bench, "2026-03-05T12:00")
    new = bench.shop.credit_note(invoice["id"], 2_000)
    bench.shop.void_credit_note(old["id"])
    day(bench, "2026-06-01T12:00")
    seen = look(bench)
    assert money(seen, "credit_note") == {new["id"]: Decimal("20.00")}
    assert money(seen, "credit_note_void") == {f"{old['id']}:void": Decimal("10.00")}


def test_one_charge_for_several_invoices_tells_its_money_once(bench: Bench) -> None:
    day(bench, "2026-03-05T12:00")
    customer = bench.customer()
    first, second = bench.invoice(1_000, customer), bench.invoice(2_000, customer)
    bench.shop.pay_several({first["id"]: 1_000, second["id"]: 2_000})
    day(bench, "2026-06-01T12:00")
    told = money(look(bench), "payment")
    assert len(told) == 2
    assert sum(one for one in told.values() if one) == Decimal("30.00")


def test_a_window_that_is_interrupted_goes_on_from_its_cursor(bench: Bench) -> None:
    day(bench, "2026-03-05T12:00")
    made = {bench.customer() for _ in range(7)}
    source = bench.source(page_rows=2)
    first = source.survey(["customer"], BEGIN, END, "")
    bench.server.api.faults.add("half", path="customers")
    with pytest.raises(ConnectorError):
        source.survey(["customer"], BEGIN, END, first.cursor)
    keys, cursor = [one.fact.key for one in first.seen], first.cursor
    while json.loads(cursor)["lists"]:
        page = bench.source(page_rows=2).survey(["customer"], BEGIN, END, cursor)
        keys += [one.fact.key for one in page.seen]
        cursor = page.cursor
    assert sorted(keys) == sorted(made)


def test_a_second_belongs_to_one_window_only(bench: Bench) -> None:
    day(bench, "2026-03-31T23:59:59")
    last = bench.customer()
    day(bench, "2026-04-01T00:00")
    bench.customer()
    assert [one.fact.key for one in look(bench, ["customer"])] == [last]
    next_window = bench.source().survey(["customer"], END, END + timedelta(days=1), "")
    assert last not in {one.fact.key for one in next_window.seen}
