"""Every answer of the gateway that is documented or was seen, 48 of them: at which level it speaks, and what the
product makes of it when it wrote, when it read and when it signed in. Nothing but the exact word `success` is one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from lxml import etree

from connectors.base import Call, Done, Response
from connectors.errors import ConnectorError, Denied, Malformed, Refused, SessionLost, Throttled, Unavailable
from connectors.sage_intacct import answers
from connectors.sage_intacct.answers import Answer
from tests.sage_intacct.fakes import DATA, Wire, announced, client, signed_in

RESPONSES = DATA / "responses"

# What the product may do next.
DONE = "carried out"
AGAIN = "again: nothing was carried out"
UNCLEAR = "look: it may have been carried out"
SIGN_IN = "sign in anew"
CONNECTION = "mend the connection"
OURS = "our own mistake"


@dataclass(frozen=True)
class Fact:
    level: str
    """Where it speaks: control, authentication, function, edge (no answer of the gateway), or none (nothing wrong)."""
    write: str = ""
    """What a write that was answered so comes to; a cause is that of a refusal. Empty: no write is answered so."""
    read: str = ""
    signing_in: str = ""
    status: int = 200
    key: str = ""
    """The record number or document id that the answer names."""


FACTS = {
    # control: nothing ran
    "err_control_bad_sender.xml": Fact("control", CONNECTION, CONNECTION, CONNECTION),
    "err_control_company_expired.xml": Fact("control", CONNECTION, CONNECTION, CONNECTION),
    "err_control_parse.xml": Fact("control", OURS, OURS, OURS),
    "err_control_badchar.xml": Fact("control", OURS, OURS, OURS),
    "err_gateway_gw0010_http429.xml": Fact("control", AGAIN, AGAIN, AGAIN, 429),
    "err_gateway_gw0011_http400.xml": Fact("control", OURS, OURS, OURS, 400),
    "err_http401_xmlgw.xml": Fact("control", SIGN_IN, SIGN_IN, CONNECTION, 401),
    # authentication: no function ran. The same number means the password at a sign-in, the session later on.
    "err_auth_bad_login.xml": Fact("authentication", SIGN_IN, SIGN_IN, CONNECTION),
    "err_auth_invalid_session.xml": Fact("authentication", SIGN_IN, SIGN_IN, CONNECTION),
    "err_auth_sender_not_authorised.xml": Fact("authentication", CONNECTION, CONNECTION, CONNECTION),
    # outside of the XML, and an acknowledgement that nobody asked for
    "http_503_edge.html": Fact("edge", UNCLEAR, UNCLEAR, UNCLEAR, 503),
    "offline_ack.xml": Fact("edge", UNCLEAR, UNCLEAR, UNCLEAR),
    # functions that failed
    "batch_aborted.xml": Fact("function", "settings"),
    "batch_mixed.xml": Fact("function", "data", key="302"),
    "create_partial_multi_object.xml": Fact("function", "duplicate"),
    "err_fn_additionalinfo.xml": Fact("function", "duplicate"),
    "err_fn_closed_period.xml": Fact("function", "period"),
    "err_fn_dimension_missing.xml": Fact("function", "settings"),
    "err_fn_duplicate_docnumber.xml": Fact("function", "duplicate"),
    "err_fn_duplicate_id.xml": Fact("function", "duplicate"),
    "err_fn_field_not_queryable.xml": Fact("function", read=CONNECTION),
    "err_fn_freetext_errorno.xml": Fact("function", "data", CONNECTION),
    "err_fn_glaccount_duplicate.xml": Fact("function", "duplicate"),
    "err_fn_overpay.xml": Fact("function", "decision"),
    "err_fn_permission.xml": Fact("function", "settings", CONNECTION),
    "err_fn_temporary.xml": Fact("function", UNCLEAR, AGAIN),
    "err_fn_wrong_key.xml": Fact("function", "settings"),
    "sandbox_uniqueid_replay.xml": Fact("function", "duplicate"),
    # functions that were carried out
    "create_apbill_ok.xml": Fact("none", DONE, key="5501"),
    "create_appymt_ok.xml": Fact("none", DONE, key="9033"),
    "create_arpymt_ok.xml": Fact("none", DONE, key="8120"),
    "create_customer_ok.xml": Fact("none", DONE, key="301"),
    "create_glbatch_ok.xml": Fact("none", DONE, key="7701"),
    "create_invoice_ok.xml": Fact("none", DONE, key="4711"),
    "create_potransaction_ok.xml": Fact("none", DONE, key="Purchase Order-PO-0031"),
    "delete_ok.xml": Fact("none", UNCLEAR),  # a write of ours that names no document is not believed
    "reverse_arpayment_ok.xml": Fact("none", DONE, key="8121"),
    "update_customer_ok.xml": Fact("none", DONE, key="301"),
    # functions that read
    "query_empty.xml": Fact("none", read="0 of 0"),
    "query_invoice_readback.xml": Fact("none", read="1 of 1", key="4711"),
    "query_page_1.xml": Fact("none", read="2 of 3", key="301"),
    "query_page_last.xml": Fact("none", read="1 of 3", key="303"),
    "readByQuery_empty.xml": Fact("none", read="0 of 0"),
    "readByQuery_first.xml": Fact("none", read="1 of 2"),
    "readMore_last.xml": Fact("none", read="1 of 2"),
    "read_ok.xml": Fact("none", read="1 of ?", key="301"),
    "session_entity.xml": Fact("none", signing_in=DONE),
    "session_top_level.xml": Fact("none", signing_in=DONE),
}


def body(name: str) -> bytes:
    # the sessions of the samples have ended long ago
    return (RESPONSES / name).read_bytes().replace(b"2026-01-15T11:00", b"2099-01-15T11:00")


def controls(name: str) -> list[str]:
    found = etree.fromstring(body(name)).iterfind("operation/result/controlid") if name.endswith(".xml") else ()
    return [str(element.text) for element in found] or ["k"]


def meant(error: ConnectorError) -> str:
    match error:
        case Throttled():
            return AGAIN
        case SessionLost():
            return SIGN_IN
        case Unavailable():
            return UNCLEAR if error.sent else AGAIN
        case Malformed():
            return UNCLEAR
        case Denied():
            return CONNECTION
        case Refused(code="intacct.schema" | "intacct.request"):
            return OURS
        case Refused():
            return error.cause
    raise AssertionError(type(error))


def level(body: bytes) -> str:
    try:
        found: Answer = answers.read(body)
    except (Unavailable, Malformed):
        return "edge"
    if found.control_errors or found.control == "failure":
        return "control"
    if found.operation_errors or found.authentication == "failure":
        return "authentication"
    if not found.results:
        return "edge"
    return "none" if all(result.status == "success" for result in found.results) else "function"


def test_every_recorded_answer_has_its_facts() -> None:
    assert set(FACTS) == {path.name for path in RESPONSES.iterdir()}
    assert len(FACTS) == 48


@pytest.mark.parametrize("name", FACTS)
def test_an_answer_is_read_at_the_level_at_which_it_speaks(name: str) -> None:
    assert level(body(name)) == FACTS[name].level


@pytest.mark.parametrize("name", [name for name, fact in FACTS.items() if fact.write])
def test_a_write_that_is_answered_so_comes_to_this(name: str) -> None:
    fact = FACTS[name]
    calls = [Call(control, "x", b"<function/>") for control in controls(name)]
    outcomes = told(lambda: client(Wire(signed_in(), Response(fact.status, {}, body(name)))).send(calls, announced))
    each = [outcomes] if isinstance(outcomes, ConnectorError) else [outcomes.get(call.control) for call in calls]
    expected = {"batch_mixed.xml": [DONE, fact.write], "batch_aborted.xml": [AGAIN, fact.write]}
    assert [comes_to(one) for one in each] == expected.get(name, [fact.write])
    assert [one.id for one in each if isinstance(one, Done)] == [key for key in [fact.key] if key]


def told(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except ConnectorError as error:
        return error


def comes_to(outcome: Any) -> str:
    if outcome is None:
        return UNCLEAR
    return meant(outcome) if isinstance(outcome, ConnectorError) else DONE


@pytest.mark.parametrize("name", [name for name, fact in FACTS.items() if fact.read and " of " not in fact.read])
def test_a_read_that_is_answered_so_comes_to_this(name: str) -> None:
    fact = FACTS[name]
    answer = Response(fact.status, {}, body(name).replace(controls(name)[0].encode(), b"r1"))
    gateway = [lambda asked: signed_in() if b"getAPISession" in asked else answer] * 4  # some reads are tried once more
    with pytest.raises(ConnectorError) as error:
        client(Wire(*gateway)).read("invoice", ["4711"])
    assert meant(error.value) == fact.read


@pytest.mark.parametrize("name", [name for name, fact in FACTS.items() if " of " in fact.read])
def test_rows_and_what_is_left_are_read_from_every_kind_of_list(name: str) -> None:
    (result,) = answers.read(body(name)).results
    shown = len([row for row in result.rows if row])
    assert result.count == shown
    assert f"{shown} of {'?' if result.total is None else result.total}" == FACTS[name].read
    assert all(key == key.upper() for row in result.rows for key in row)
    if FACTS[name].key:
        assert result.rows[0]["RECORDNO"] == FACTS[name].key


def test_the_read_back_after_an_unclear_write_is_exact() -> None:
    (result,) = answers.read(body("query_invoice_readback.xml")).results
    row = result.rows[0]
    assert (row["RECORDID"], row["CUSTOMERID"]) == ("STR-IN-0001", "STR-CUS-Q1")
    assert Decimal(row["TOTALENTERED"]) == Decimal("120.10")


@pytest.mark.parametrize("name", [name for name, fact in FACTS.items() if fact.signing_in])
def test_a_sign_in_that_is_answered_so_comes_to_this(name: str) -> None:
    fact = FACTS[name]
    answer = Response(fact.status, {}, body(name).replace(controls(name)[0].encode(), b"session"))
    outcome = told(lambda: client(Wire(answer)).sign_in())
    assert comes_to(outcome) == fact.signing_in
    if fact.signing_in == DONE:
        assert outcome[0].id.startswith("rGk3")
        assert outcome[0].endpoint == "https://sandbox.intacct.com/ia/xml/xmlgw.phtml"
