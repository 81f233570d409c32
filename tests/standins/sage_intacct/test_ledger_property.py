"""Whatever is sent in whatever order: the ledger balances, and says the same as the documents."""

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from standins.sage_intacct import Books, Company, seed_demo, writing
from standins.sage_intacct.ledger import Entry, balances, sums_by_entity
from standins.sage_intacct.refusal import Refusal

from .wire import customer, entry, invoice, journal, line, memo, pays, receipt, tag

amounts = st.integers(min_value=-5_000, max_value=50_000).map(lambda cents: f"{Decimal(cents) / 100:.2f}")
payments = st.integers(min_value=0, max_value=6_000).map(lambda cents: f"{Decimal(cents) / 100:.2f}")
places = st.sampled_from(["US-100", "US-200"])
lines = st.lists(st.tuples(st.sampled_from(["40100", "40200", "22010"]), amounts, places), min_size=1, max_size=4)
steps = st.one_of(
    st.tuples(st.just("invoice"), lines),
    st.tuples(st.just("memo"), lines),
    st.tuples(st.just("pay"), st.integers(0, 5), payments, payments),
    st.tuples(st.just("apply"), st.integers(0, 5), st.integers(0, 5), payments),
    st.tuples(st.just("journal"), lines),
    st.tuples(st.just("reverse_invoice"), st.integers(0, 5)),
    st.tuples(st.just("reverse_arpayment"), st.integers(0, 5)),
)


def pick(company: Company, name: str, index: int) -> int:
    keys = list(company.rows(name))
    return int(keys[index % len(keys)]) if keys else 0


def call_of(company: Company, number: int, step: Any) -> str:
    match step:
        case ("invoice", parts):
            return invoice(f"I-{number}", *(line(a, v, p) for a, v, p in parts))
        case ("memo", parts):
            return memo(f"M-{number}", *(line(a, v, p) for a, v, p in parts))
        case ("pay", index, cash, over):
            more = f"{tag('OVERPAYMENTAMOUNT', over)}<OVERPAYMENTLOCATIONID>US-100</OVERPAYMENTLOCATIONID>"
            return receipt(f"P-{number}", pays(pick(company, "ARINVOICE", index), cash), more=more)
        case ("apply", index, credit, value):
            used = tag("ADJUSTMENTKEY", pick(company, "ARADJUSTMENT", credit)) + tag("TRX_ADJUSTMENTAMOUNT", value)
            return receipt(f"A-{number}", tag("RECORDKEY", pick(company, "ARINVOICE", index)) + used, bank="")
        case ("journal", parts):
            sides = [entry(a, v, p) for a, v, p in parts]
            other = [entry("10990", str(-Decimal(v)), p) for _, v, p in parts]
            return journal(f"J-{number}", *sides, *other)
    name, index = step
    key = pick(company, "ARINVOICE" if name == "reverse_invoice" else "ARPYMT", index)
    date = "<datereversed><year>2026</year><month>02</month><day>01</day></datereversed>"
    return f'<{name} key="{key}">{date}</{name}>'


def carry_out(company: Company, call: str) -> None:
    node = etree.fromstring(call)
    with company.books.unit():
        if node.tag == "create":
            writing.create(company, node[0])
        else:
            writing.legacy(company, str(node.tag), node)


@settings(max_examples=150, deadline=None)
@given(st.lists(steps, max_size=14))
def test_the_ledger_always_balances(story: list[Any]) -> None:
    books = Books()
    company = seed_demo(books, entities=True)
    carry_out(company, customer())
    carry_out(company, invoice("I-A", line("40100", "100.00"), line("22010", "8.25", "US-200")))
    carry_out(company, invoice("I-B", line("40100", "100.00"), line("40900", "-20.00")))
    carry_out(company, memo("M-A", line("40100", "-60.00"), line("40200", "-3.33", "US-200")))
    for number, step in enumerate(story):
        before = balances(company)
        try:
            carry_out(company, call_of(company, number, step))
        except Refusal:
            assert balances(company) == before
        check(company)


def check(company: Company) -> None:
    sums = balances(company)
    assert sum(sums.values()) == 0
    rows = company.rows("GLDETAIL").values()
    entries = [
        Entry(r["ACCOUNTNO"], r["AMOUNT"], r["TRX_AMOUNT"], r["CURRENCY"], {"LOCATIONID": r.get("LOCATIONID", "")})
        for r in rows
    ]
    assert not any(sums_by_entity(company, entries).values())
    documents = [*company.rows("ARINVOICE").values(), *company.rows("ARADJUSTMENT").values()]
    assert sum(row["TOTALDUE"] for row in documents) == sums.get("12100", 0)
    money = company.rows("ARPYMT").values()
    assert -sum(row["TOTALDUE"] for row in money) == sums.get("24200", 0)
    assert sum(row["TOTALENTERED"] for row in money if row["RAWSTATE"] == "C") == sums.get("10210", 0)
