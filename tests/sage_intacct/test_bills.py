"""Bills from end to end against the stand-in: what stands in its books, to the cent, is what counts."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.base import Done
from connectors.errors import NotYet, Refused, Unavailable

from .bench import Bench, moved, post, posted, refused, window
from .payables import VENDOR_ID, bill, cost, vendor

AP = "20100"


def test_a_bill_stands_in_the_books_as_posted(payables: Bench) -> None:
    lines = (cost("100.00"), cost("50.00", account="60200", project="P-9", class_="SUB", item="SAAS"))
    number = posted(payables.client(), bill(lines=lines, term="Net 30", reference="PO-12", description="Stampli INV"))
    assert moved(payables) == {AP: Decimal("-150.00"), "60100": Decimal("100.00"), "60200": Decimal("50.00")}
    row = payables.company.get("APBILL", int(number))
    assert row is not None
    assert (row["RECORDID"], row["DOCNUMBER"], row["TERMNAME"], row["WHENDUE"]) == (
        "PA-2026-17",
        "PO-12",
        "Net 30",
        date(2026, 2, 9),
    )
    items = payables.company.find("APBILLITEM", "RECORDKEY", int(number))
    assert [(i["ACCOUNTNO"], i["TRX_AMOUNT"], i["ENTRYDESCRIPTION"], i.get("PROJECTID")) for i in items] == [
        ("60100", Decimal("100.00"), "Paper", None),
        ("60200", Decimal("50.00"), "Paper", "P-9"),
    ]


def test_a_bill_with_a_line_below_zero_is_owed_less(payables: Bench) -> None:
    posted(payables.client(), bill(number="NW-9", lines=(cost("100.00"), cost("-10.00", account="60200"))))
    assert moved(payables) == {AP: Decimal("-90.00"), "60100": Decimal("100.00"), "60200": Decimal("-10.00")}


def test_a_line_below_zero_is_refused_where_the_company_takes_none(payables: Bench) -> None:
    payables.books.knobs.negative_line = "refuse"
    told = refused(payables.client(), bill(lines=(cost("100.00"), cost("-10.00"))))
    assert (told.cause, told.code) == ("data", "negative.refused")
    assert not payables.count("APBILL")


def test_a_draft_is_told_and_is_not_in_the_ledger(payables: Bench) -> None:
    client = payables.client()
    answer = post(client, bill(draft=True))
    assert client.finish(bill(), answer.id).state == "draft"
    assert moved(payables) == {}


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("Submitted", "submitted"),
        ("Partially Approved", "partially approved"),
        ("Approved", "approved"),
        ("Declined", "declined"),
        ("Posted", "posted"),
        ("Selected", "posted"),
        ("Partially Paid", "posted"),
        ("Paid", "posted"),
        ("Reversed", "reversed"),
    ],
)
def test_the_state_of_a_bill_is_told_in_our_words(payables: Bench, theirs: str, ours: str) -> None:
    client = payables.client()
    number = posted(client, bill())
    with payables.books.unit():
        payables.company.change("APBILL", payables.company.rows("APBILL")[int(number)], STATE=theirs)
    (read,) = client.read("bill", [number])
    assert read is not None
    assert read.state == ours


def test_a_bill_that_waits_for_approval_there_says_so(payables: Bench) -> None:
    payables.books.knobs.submitted = ["APBILL"]
    client = payables.client()
    answer = post(client, bill())
    assert client.finish(bill(), answer.id).state == "submitted"
    assert moved(payables) == {}


# --- once -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["commit_then_reset", "half", "html_200"])
def test_a_bill_whose_answer_is_lost_is_found_again(payables: Bench, fault: str) -> None:
    client = payables.client()
    payables.books.faults.add(fault, {"function": "create APBILL"})
    with pytest.raises(Unavailable):
        post(client, bill())
    assert [hit.identity for hit in client.look([bill()])[0].hits] == [bill().identity()]


def test_one_number_of_two_vendors_is_two_bills(payables: Bench) -> None:
    client = payables.client()
    posted(client, vendor(control="v2", id="V2", name="Other"))
    posted(client, bill())
    posted(client, bill(control="k2", vendor="V2"))
    assert payables.count("APBILL") == 2


def test_a_number_that_the_vendor_has_already_is_a_duplicate_where_the_company_refuses_it(payables: Bench) -> None:
    client = payables.client()
    posted(client, bill())
    assert refused(client, bill(control="other")).cause == "duplicate"
    assert payables.count("APBILL") == 1


def test_a_number_that_the_company_allows_twice_is_seen_by_the_look(payables: Bench) -> None:
    payables.books.knobs.duplicate_invoice = "allow"
    client = payables.client()
    first, second = bill(), bill(control="other", lines=(cost("1.00"),))
    ids = [post(client, one).id for one in (first, second)]
    hits = client.look([first])[0].hits
    assert [hit.id for hit in hits] == ids
    assert [first.same(hit) for hit in hits] == [True, False]


@pytest.mark.parametrize(
    "change",
    [
        {"lines": (cost("250.76"),)},
        {"day": date(2026, 1, 11)},
        {"vendor": "V2"},
        {"currency": "EUR"},
        {"number": "PA-2026-18"},
    ],
)
def test_what_differs_is_not_taken_for_ours(payables: Bench, change: dict[str, Any]) -> None:
    client = payables.client()
    posted(client, bill())
    (hit,) = client.look([bill()])[0].hits
    assert bill().same(hit)
    assert not bill(**change).same(hit)


@pytest.mark.parametrize(
    ("field", "value"), [("ACCOUNTNO", "60200"), ("TRX_AMOUNT", Decimal("250.74")), ("DEPARTMENTID", "FIN")]
)
def test_a_line_that_somebody_changed_there_is_seen_when_read_back(payables: Bench, field: str, value: Any) -> None:
    client = payables.client()
    number = posted(client, bill())
    with payables.books.unit():
        item = payables.company.find("APBILLITEM", "RECORDKEY", int(number))[0]
        payables.company.change("APBILLITEM", item, **{field: value})
    (read,) = client.read("bill", [number])
    assert read is not None
    assert not bill().same(read)


def test_lines_that_may_not_be_read_do_not_make_a_bill_differ(payables: Bench) -> None:
    client = payables.client()
    number = posted(client, bill())
    payables.company.add_user("ml_connector", "user-demo", ["READ_BY_QUERY APBILLITEM"])
    (read,) = client.read("bill", [number])
    assert read is not None
    assert bill().same(read)


# --- what blocks ------------------------------------------------------------------------------------------------------


def test_a_bill_of_a_vendor_that_is_not_there_waits(bench: Bench) -> None:
    client = bench.client()
    with pytest.raises(NotYet) as waits:
        client.render(bill(), client.look([bill()])[0], None)
    assert (waits.value.code, waits.value.key) == ("dependency.vendor", VENDOR_ID)


@pytest.mark.parametrize("change", [{"STATUS": "inactive"}, {"ONHOLD": True}])
def test_a_bill_of_a_vendor_that_is_blocked_waits_for_the_vendor(payables: Bench, change: dict[str, Any]) -> None:
    client = payables.client()
    call = client.render(bill(), client.look([bill()])[0], None)
    with payables.books.unit():
        row = payables.company.find("VENDOR", "VENDORID", VENDOR_ID)[0]
        payables.company.change("VENDOR", row, **change)
    with pytest.raises(Refused) as seen:
        client.render(bill(), client.look([bill()])[0], None)
    told = client.send([call], window)[call.control]
    assert isinstance(told, Refused)
    assert {(e.cause, e.code) for e in (seen.value, told)} == {("settings", "party.blocked")}
    assert not payables.count("APBILL")


@pytest.mark.parametrize("module", ["AP", "GL"])
@pytest.mark.parametrize("words", ["on_or_after", "closed", "subledger", "bare", "number_only"])
def test_a_closed_period_is_told_for_payables_in_any_words(payables: Bench, module: str, words: str) -> None:
    payables.books.knobs.period_text = words
    payables.company.configure(CLOSED=[{"module": module, "entity": "", "through": "2026-01-31"}])
    assert refused(payables.client(), bill()).code == "period.closed"


def test_receivables_closed_do_not_stop_a_bill(payables: Bench) -> None:
    payables.company.configure(CLOSED=[{"module": "AR", "entity": "", "through": "2026-01-31"}])
    posted(payables.client(), bill())


def test_a_posting_date_of_its_own_dates_the_ledger_and_not_the_bill(payables: Bench) -> None:
    number = posted(payables.client(), bill(posted=date(2026, 2, 1)))
    row = payables.company.get("APBILL", int(number))
    assert row is not None
    assert (row["WHENCREATED"], row["WHENPOSTED"]) == (date(2026, 1, 10), date(2026, 2, 1))
    assert {r["BATCH_DATE"] for r in payables.company.rows("GLDETAIL").values()} == {date(2026, 2, 1)}


# --- entities and currencies ------------------------------------------------------------------------------------------


def test_a_bill_of_two_entities_balances_in_each(world: Bench) -> None:
    client = world.client(company_id="WORLD-DEMO")
    posted(client, vendor())
    lines = (cost("100.00", location="US-100", entity="E100"), cost("50.00", location="US-200", entity="E200"))
    posted(client, bill(lines=lines))
    assert bill(lines=lines).entities() == ("E100", "E200")
    assert moved(world) == {AP: Decimal("-150.00"), "60100": Decimal("150.00")}


def test_a_period_closed_in_the_second_entity_stops_the_whole_bill(world: Bench) -> None:
    client = world.client(company_id="WORLD-DEMO")
    posted(client, vendor())
    world.company.configure(CLOSED=[{"module": "AP", "entity": "E200", "through": "2026-01-31"}])
    lines = (cost("100.00", location="US-100"), cost("50.00", location="US-200"))
    assert refused(client, bill(lines=lines)).code == "period.closed"
    assert not world.count("APBILL")


def test_a_bill_in_another_currency_stands_at_the_ledgers_own_rate(world: Bench) -> None:
    client = world.client({"multi_currency": True}, company_id="WORLD-DEMO")
    posted(client, vendor(currency="EUR"))
    foreign = bill(currency="EUR", base_currency="USD", lines=(cost("100.00"), cost("20.00", account="60200")))
    number = posted(client, foreign)
    (read,) = client.read("bill", [number])
    assert read is not None
    assert (read.base, read.base_lines) == (Decimal("130.20"), (Decimal("108.50"), Decimal("21.70")))
    assert moved(world)[AP] == Decimal("-130.20")


def test_a_bill_of_an_entity_goes_in_its_session(world: Bench) -> None:
    client = world.client(company_id="WORLD-DEMO")
    posted(client, vendor(entity="E100"))
    posted(client, bill(entity="E100", lines=(cost(location="US-100"),)))
    assert set(world.sessions.kept) == {"entity:E100"}


def test_a_dimension_of_the_companys_own_goes_under_its_name(payables: Bench) -> None:
    payables.company.configure(DIMENSIONS={"REGION": {"label": "Region", "values": {"10": "West"}}})
    number = posted(payables.client(), bill(lines=(cost(dimensions=(("GLDIMREGION", "10"),)),)))
    item = payables.company.find("APBILLITEM", "RECORDKEY", int(number))[0]
    assert item["GLDIMREGION"] == "10"


def test_a_batch_of_bills_is_one_request(payables: Bench) -> None:
    client = payables.client()
    client.look([bill()])
    asked = payables.server.requests
    answers = post(client, *[bill(control=f"k{n}", number=f"B-{n}") for n in range(20)])
    assert payables.server.requests == asked + 2
    assert all(isinstance(answer, Done) for answer in answers.values())
    assert moved(payables)[AP] == Decimal("-5015.00")


def test_the_same_bytes_again_are_refused_by_their_control_id(payables: Bench) -> None:
    payables.books.knobs.duplicate_invoice = "allow"
    client = payables.client()
    call = client.render(bill(), client.look([bill()])[0], None)
    assert isinstance(client.send([call], window)[call.control], Done)
    again = client.send([replace(call)], window).get(call.control)
    assert isinstance(again, Refused)
    assert again.code == "duplicate.control"
    assert payables.count("APBILL") == 1
