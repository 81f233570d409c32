"""From end to end against the stand-in: what stands in its books is what counts."""

import time
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.base import Done, Look
from connectors.errors import ConnectorError, Denied, Refused, SessionLost, Throttled, Unavailable
from connectors.sage_intacct import SYSTEM
from connectors.sage_intacct.client import Intacct
from connectors.sage_intacct.documents import Address, Inline, Line
from connectors.sage_intacct.ping import tax
from standins.sage_intacct import serve

from .bench import Bench, post, posted, refused, window
from .fakes import adjustment, customer, invoice, journal, line, payment

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

CUSTOMER = customer(email="a@b.example", phone="1", address=Address(line1="Ring 1", city="Wien", country_code="AT"))


# --- a life -----------------------------------------------------------------------------------------------------------


def test_customer_invoice_receipts_memo_and_journal_stand_in_the_books_as_posted(bench: Bench) -> None:
    client = bench.client()
    posted(client, CUSTOMER)
    lines = (line("275.00", account="40100", memo="Pro"), line("22.67", account="22010", memo="Tax"))
    number = posted(client, invoice(lines=lines))
    posted(client, payment(applied=Decimal("150.00")))
    posted(client, payment(control="k2", number="inpay_2", applied=Decimal("147.67"), excess=Decimal("52.33")))
    posted(client, adjustment(lines=(line("-20.00"),), invoice="IN-1"))
    posted(client, journal(journal="STJ"))
    (read,) = client.read("invoice", [number])
    assert read is not None
    assert read.due == 0
    assert read.state == "posted"
    balances = {account: balance for account, balance in _balances(bench).items() if balance}
    assert balances["10210"] == Decimal("345.35")  # 350.00 received, 4.65 fee
    assert balances["24200"] == Decimal("-52.33")
    assert balances["12100"] == Decimal("-20.00")
    assert sum(balances.values()) == 0


def _balances(bench: Bench) -> dict[str, Decimal]:
    from standins.sage_intacct.ledger import balances

    return balances(bench.company)


def test_a_batch_is_one_request_and_each_document_has_its_own_answer(bench: Bench) -> None:
    client = bench.client()
    posted(client, CUSTOMER)
    bad = invoice(control="bad", number="IN-B", lines=(line("1", account="nowhere"),))
    asked = bench.server.requests
    answers = post(client, *[invoice(control=f"k{n}", number=f"IN-{n}") for n in range(20)], bad)
    assert bench.server.requests == asked + 2
    assert sum(isinstance(answer, Done) for answer in answers.values()) == 20
    assert (answers["bad"].cause, answers["bad"].code) == ("settings", "value.invalid")
    assert bench.count("ARINVOICE") == 20


def test_a_negative_line_is_used_up_by_the_first_receipt(bench: Bench) -> None:
    client = bench.client()
    posted(client, CUSTOMER)
    number = posted(client, invoice(lines=(line("140.10"), line("-40.00", account="40200"))))
    used = payment(applied=Decimal("100.10"), inline=(Inline(line=2, amount=Decimal(40)),))
    posted(client, used)
    (read,) = client.read("invoice", [number])
    assert read is not None
    assert read.due == 0


def test_a_customer_is_updated_by_what_changed(bench: Bench) -> None:
    client = bench.client()
    number = posted(client, CUSTOMER)
    after = replace(CUSTOMER, control="k:v2", name="Neue Name GmbH", email="", address=Address(city="Graz"))
    assert post(client, after, before=CUSTOMER) == Done(number)
    row = bench.company.get("CUSTOMER", int(number)) or bench.company.find("CUSTOMER", "CUSTOMERID", "cus_Q1")[0]
    assert row["NAME"] == "Neue Name GmbH"
    assert bench.count("CUSTOMER") == 1


def test_hostile_names_arrive(bench: Bench) -> None:
    name = "A\x00&<b>\ud800😀\"'\r\n é"
    posted(bench.client(), customer(name=name))
    assert bench.company.find("CUSTOMER", "CUSTOMERID", "cus_Q1")[0]["NAME"] == "A&<b>😀\"' é"


# --- once -------------------------------------------------------------------------------------------------------------


def test_a_cut_before_anything_was_sent_to_the_end_is_unclear_and_leaves_nothing(bench: Bench) -> None:
    client = bench.client()
    posted(client, CUSTOMER)
    bench.books.faults.add("before", {"function": "create_invoice"})
    with pytest.raises(Unavailable) as error:
        post(client, invoice())
    assert error.value.sent
    assert client.look([invoice()])[0].hits == ()


@pytest.mark.parametrize("fault", ["commit_then_reset", "commit_then_500", "half", "html_200", "two_roots"])
def test_a_commit_whose_answer_is_lost_is_unclear_and_found_again(bench: Bench, fault: str) -> None:
    client = bench.client()
    posted(client, CUSTOMER)
    bench.books.faults.add(fault, {"function": "create_invoice"})
    with pytest.raises(ConnectorError) as error:
        post(client, invoice())
    assert getattr(error.value, "sent", True)
    assert client.look([invoice()])[0].hits[0].identity == invoice().identity()
    assert bench.count("ARINVOICE") == 1


@pytest.mark.parametrize("fault", ["bom", "blank_lines"])
def test_what_stands_before_an_answer_does_no_harm(bench: Bench, fault: str) -> None:
    client = bench.client()
    posted(client, CUSTOMER)
    bench.books.faults.add(fault, {"function": "create_invoice"})
    assert isinstance(post(client, invoice()), Done)


def test_a_late_commit_is_seen_when_it_has_happened(bench: Bench) -> None:
    client = bench.client()
    posted(client, CUSTOMER)
    bench.books.faults.add("late", {"function": "create_invoice"}, seconds=0.3)
    with pytest.raises(Unavailable) as error:
        post(client, invoice())
    assert error.value.sent
    assert client.look([invoice()])[0].hits == ()
    time.sleep(0.6)
    assert len(client.look([invoice()])[0].hits) == 1


@pytest.mark.parametrize(("uniqueid", "code"), [("refuse", "duplicate.control"), ("refuse_bl01001973", "")])
def test_the_same_bytes_again_are_refused_by_their_control_id(bench: Bench, uniqueid: str, code: str) -> None:
    bench.books.knobs.uniqueid = uniqueid
    client = bench.client()
    call = client.render(journal(journal="STJ"), Look(()), None)
    assert isinstance(client.send([call], window)[call.control], Done)
    again = client.send([call], window).get(call.control)
    assert not isinstance(again, Done)
    if code:
        assert isinstance(again, Refused)
        assert again.code == code
    assert bench.count("GLBATCH") == 1


def test_a_session_that_lapsed_comes_back_to_the_engine_and_the_next_send_signs_in(bench: Bench) -> None:
    client = bench.client()
    posted(client, CUSTOMER)
    call = client.render(journal(journal="STJ"), client.look([journal(journal="STJ")])[0], None)
    bench.books.expire()
    with pytest.raises(SessionLost):
        client.send([call], window)
    assert isinstance(client.send([call], window)[call.control], Done)
    bench.books.expire()
    assert len(client.look([journal(journal="STJ")])[0].hits) == 1


def test_a_throttled_send_left_nothing(bench: Bench) -> None:
    client = bench.client()
    bench.books.faults.add("throttle", {"function": "create GLBATCH"}, seconds=7)
    with pytest.raises(Throttled):
        post(client, journal(journal="STJ"))
    assert bench.count("GLBATCH") == 0


def test_a_poisoned_batch_is_refused_as_a_whole(bench: Bench) -> None:
    client = bench.client()
    bench.books.faults.add("poison", {"controlid": "k:journal"})
    with pytest.raises(Refused):
        post(client, journal(journal="STJ"), journal(journal="STJ", control="k2", number="txn_2"))
    assert bench.count("GLBATCH") == 0


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["on_or_after", "closed", "subledger", "bare", "number_only"])
def test_a_closed_period_is_told_in_any_words(bench: Bench, words: str) -> None:
    bench.books.knobs.period_text = words
    client = bench.client()
    bench.company.configure(CLOSED=[{"module": "GL", "entity": "", "through": "2026-01-31"}])
    assert refused(client, journal(journal="STJ")).code == "period.closed"


def test_a_document_number_that_somebody_else_took_is_a_duplicate(bench: Bench) -> None:
    client = bench.client()
    posted(client, CUSTOMER)
    posted(client, invoice())
    assert refused(client, invoice(control="other")).cause == "duplicate"


def test_a_payment_that_came_second_is_decided_by_a_person(bench: Bench) -> None:
    client = bench.client()
    posted(client, CUSTOMER)
    posted(client, invoice())
    first, second = payment(), payment(control="k2", number="inpay_2")
    looks = client.look([first, second])
    calls = [client.render(d, look, None) for d, look in zip((first, second), looks, strict=True)]
    answers = client.send(calls, window)
    assert isinstance(answers[first.control], Done)
    late = answers[second.control]
    assert isinstance(late, Refused)
    assert (late.cause, late.code) == ("decision", "amount.over_due")
    with pytest.raises(Refused) as told:
        post(client, second)
    assert told.value.code == "amount.over_due"


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ((Line(amount=Decimal(5), account="10210"),), "account.bank_linked"),
        ((Line(amount=Decimal(5), account="40000", department="NONE"),), "value.invalid"),
    ],
)
def test_coding_that_the_company_refuses_names_the_setting(bench: Bench, lines: Any, code: str) -> None:
    client = bench.client()
    posted(client, CUSTOMER)
    told = refused(client, invoice(lines=lines))
    assert (told.cause, told.code) == ("settings", code)


def test_an_object_that_comes_back_submitted_says_so(bench: Bench) -> None:
    bench.books.knobs.submitted = ["GLBATCH"]
    client = bench.client()
    answer = post(client, journal(journal="STJ"))
    assert client.finish(journal(journal="STJ"), answer.id).state == "submitted"


@pytest.mark.parametrize(
    ("name", "field", "key", "code"),
    [
        ("CUSTOMER", "CUSTOMERID", "cus_Q1", "party.blocked"),
        ("GLACCOUNT", "ACCOUNTNO", "40000", "value.inactive"),
    ],
)
def test_what_was_switched_off_between_look_and_send_blocks(
    bench: Bench, name: str, field: str, key: str, code: str
) -> None:
    client = bench.client()
    posted(client, CUSTOMER)
    call = client.render(invoice(), client.look([invoice()])[0], None)
    with bench.books.unit():
        bench.company.change(name, bench.company.find(name, field, key)[0], STATUS="inactive")
    told = client.send([call], window)[call.control]
    assert isinstance(told, Refused)
    assert (told.cause, told.code) == ("settings", code)
    assert bench.count("ARINVOICE") == 0


# --- entities and currencies ------------------------------------------------------------------------------------------


def test_a_document_of_an_entity_goes_in_its_session(world: Bench) -> None:
    client = world.client(company_id="WORLD-DEMO")
    posted(client, customer(entity="E100"))
    posted(client, invoice(entity="E100", lines=(line(location="E100"),)))
    assert set(world.sessions.kept) == {"entity:E100"}


def test_foreign_currency_is_posted_and_found_as_foreign(world: Bench) -> None:
    client = world.client({"multi_currency": True}, company_id="WORLD-DEMO")
    posted(client, customer(currency="EUR"))
    posted(client, invoice(currency="EUR", lines=(line("100.00", location="E100"),)))
    paid = payment(currency="EUR", applied=Decimal(100), settled=Decimal("109.31"))
    number = posted(client, paid)
    (read,) = client.read("payment", [number])
    assert read is not None
    assert Decimal(read.raw["TOTALENTERED"]) == Decimal("109.31")
    assert paid.same(read)
    assert not replace(paid, settled=Decimal("109.30")).same(read)
    both = (
        line("4.65", account="62500", location="E100", entity="E100"),
        line("-4.65", account="10210", location="E100", entity="E100"),
    )
    posted(client, journal(journal="STJ", currency="USD", lines=both))


# --- the examination --------------------------------------------------------------------------------------------------


def outcomes(client: Intacct) -> dict[str, tuple[str, str]]:
    checks = list(client.examine())
    assert all(check.cure for check in checks if check.outcome in ("failed", "warning"))
    return {check.key: (check.layer, check.outcome) for check in checks}


def test_a_good_connection_passes_every_layer(bench: Bench) -> None:
    found = outcomes(bench.client())
    assert {outcome for _, outcome in found.values()} <= {"ok", "not_checkable"}
    assert {layer for layer, _ in found.values()} == {"reach", "sign-in", "rights", "settings", "data"}
    assert bench.count("CUSTOMER") == 0


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"sender_password": "x"}, "sender.wrong"),
        ({"user_password": "x"}, "credentials.wrong"),
        ({"company_id": "NOBODY"}, "credentials.wrong"),
        ({"entity_id": "E999"}, "credentials.wrong"),
    ],
)
def test_a_sign_in_that_is_refused_says_what_to_check(bench: Bench, change: Any, key: str) -> None:
    found = outcomes(bench.client(**change))
    assert found == {"reach": ("reach", "ok"), key: ("sign-in", "failed")}


def test_a_sender_that_the_company_does_not_list_is_named(bench: Bench) -> None:
    bench.company.configure(SENDERS=[])
    assert outcomes(bench.client()) == {"reach": ("reach", "ok"), "sender.not_authorised": ("sign-in", "failed")}


def test_a_gateway_that_is_not_there_fails_at_the_outside(bench: Bench) -> None:
    assert outcomes(bench.client(endpoint=f"{bench.server.url}/nothing")) == {"reach": ("reach", "failed")}
    bench.server.stop()
    assert outcomes(bench.client()) == {"reach": ("reach", "failed")}
    bench.server = serve()[1]


def test_an_address_inside_our_own_network_is_not_asked(bench: Bench) -> None:
    assert outcomes(bench.client(endpoint="https://10.0.0.1/ia/xml/xmlgw.phtml")) == {"reach": ("reach", "failed")}


def test_calls_go_to_the_endpoint_that_came_with_the_session(bench: Bench) -> None:
    bench.books.knobs.endpoint_path = "/ia/xml/na01.phtml"
    posted(bench.client(), CUSTOMER)


def test_a_company_with_tax_solutions_cannot_go_live() -> None:
    failed = tax(["UK VAT"])
    assert (failed.outcome, failed.key) == ("failed", "tax.solution")
    assert failed.cure


def test_a_right_that_is_missing_is_named(bench: Bench) -> None:
    bench.company.add_user("ml_connector", "user-demo", ["READ_BY_QUERY ARPYMT"])
    found = outcomes(bench.client({"kinds": ["invoice", "payment"]}))
    assert found["ARPYMT"] == ("rights", "failed")
    assert found["ARINVOICE"] == ("rights", "ok")
    assert not found.keys() & {"APBILL", "VENDOR", "PODOCUMENT"}
    assert outcomes(bench.client())["ARPYMT"] == ("rights", "warning")
    with pytest.raises(Denied):
        bench.client().look([payment()])


def test_the_account_is_the_company_with_its_facts(world: Bench) -> None:
    account = world.client(company_id="WORLD-DEMO").account()
    assert (account.id, account.mode) == ("WORLD-DEMO", "test")
    assert account.facts["base_currency"] == "USD"
    assert account.facts["multi_currency"] is True
    assert set(account.facts["currencies"]) == {"USD", "EUR", "GBP", "JPY", "CAD", "KWD"}
    assert account.facts["multi_entity"] is True
    assert [entity["id"] for entity in account.facts["entities"]] == ["E100", "E200"]
    inside = world.client(company_id="WORLD-DEMO", entity_id="E100").account()
    assert inside.id == "WORLD-DEMO|E100"


# --- choices ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", SYSTEM.choices)
def test_every_table_is_offered(bench: Bench, table: str) -> None:
    found = list(bench.client().choices(table))
    assert all(choice.value and choice.label for choice in found)
    assert found or table in ("entity", "customer", "vendor", "user_dimension")


def test_an_account_tells_its_bank_and_what_it_requires(bench: Bench) -> None:
    found = {choice.value: choice for choice in bench.client().choices("gl_account")}
    assert found["10210"].facts["bank"] == "STRIPE-USD"
    assert found["40000"].facts["bank"] == ""
    assert found["40100"].facts["requires_department"] is False


def test_many_rows_are_offered_over_all_pages(bench: Bench) -> None:
    with bench.books.unit():
        for number in range(2100):
            bench.company.add_master("CLASS", "CLASSID", {"CLASSID": f"C{number:04}", "NAME": f"Class {number}"})
    found = [choice.value for choice in bench.client().choices("class")]
    assert len(found) == len(set(found)) == 2102


def test_days_are_never_shifted(bench: Bench) -> None:
    client = bench.client()
    leap = journal(journal="STJ", day=date(2024, 2, 29))
    posted(client, leap)
