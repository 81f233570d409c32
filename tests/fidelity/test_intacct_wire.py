"""What our client of Sage Intacct sends, byte by byte on the wire: each request is one that the published order of
elements allows, and its envelope is the one that the vendor's SDK was seen to send.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from lxml import etree

from connectors.base import Access, Done, Window
from connectors.http import boottime
from connectors.sage_intacct import SYSTEM, Credentials
from connectors.sage_intacct.client import Intacct
from standins.sage_intacct import serve
from tests.fidelity.recording import Exchange, Recording
from tests.sage_intacct.content_model import faults
from tests.sage_intacct.fakes import DATA, Sessions, adjustment, customer, invoice, journal, line, payment

WORDS = "Müller & Söhne <Wien> \"Test\" 'x'"


def documents() -> list[Any]:
    at = {"location": "US-100"}
    return [
        customer(name=WORDS),
        invoice(lines=(line(**at, memo=WORDS),)),
        adjustment(lines=(line("-20.00", **at),)),
        payment(),
        journal(
            journal="GJ",
            lines=(line("4.65", **{**at, "account": "62500"}), line("-4.65", **{**at, "account": "10210"})),
        ),
    ]


def posted(client: Intacct, document: Any) -> None:
    (look,) = client.look([document])
    call = client.render(document, look, None)
    answers = client.send([call], lambda: Window(boottime() + 5, boottime() + 10))
    outcome = answers.get(document.control)
    assert isinstance(outcome, Done), outcome
    assert client.read(document.kind, [outcome.id])[0] is not None


@pytest.fixture(scope="module")
def seen() -> Iterator[list[Exchange]]:
    """The examination, all choices, and each kind of document looked for, sent and read back."""
    books, server = serve()
    wire = Recording(server.url)
    given = Credentials("ml_sender", "sender-demo", "ACME-DEMO", "ml_connector", "user-demo")
    given = Credentials(**{**vars(given), "endpoint": f"{server.url}/ia/xml/xmlgw.phtml"})
    client = Intacct(Access(given, wire, Sessions(), {}))
    list(client.examine())
    for table in SYSTEM.choices:
        list(client.choices(table))
    for document in documents():
        posted(client, document)
    yield wire.seen
    server.stop()
    books.close()


def test_every_request_has_the_published_order_of_elements(seen: list[Exchange]) -> None:
    assert len(seen) > 20
    for one in seen:
        assert faults(etree.fromstring(one.content)) == [], one.content


def test_the_envelope_is_the_one_of_the_vendors_sdk(seen: list[Exchange]) -> None:
    theirs = etree.parse(DATA / "requests" / "create_customer.xml").getroot()
    names = [child.tag for child in theirs.iterfind("control/*")]
    for one in seen:
        root = etree.fromstring(one.content)
        assert [child.tag for child in root.iterfind("control/*")] == names
        assert root.findtext("control/dtdversion") == theirs.findtext("control/dtdversion")
        assert [child.tag for child in root.iterfind("operation/*")] == ["authentication", "content"]
        assert one.method == "POST"
        assert one.headers["content-type"] == "application/xml"
        assert b"<!DOCTYPE" not in one.content


def test_only_writes_are_kept_from_running_twice(seen: list[Exchange]) -> None:
    """A read under `uniqueid` could be refused the second time; a write without it could be carried out twice."""
    assert {(one.written, etree.fromstring(one.content).findtext("control/uniqueid")) for one in seen} == {
        (True, "true"),
        (False, "false"),
    }
    assert sum(one.written for one in seen) == len(documents())


def test_every_function_has_a_control_id_of_its_own_in_its_request(seen: list[Exchange]) -> None:
    for one in seen:
        functions = etree.fromstring(one.content).findall("operation/content/function")
        ids = [function.get("controlid") or "" for function in functions]
        assert ids
        assert len(set(ids)) == len(ids)
        assert all(0 < len(name) <= 256 for name in ids)
        assert all(len(function) == 1 for function in functions)


def test_words_survive_the_wire_letter_by_letter(seen: list[Exchange]) -> None:
    sent = [etree.fromstring(one.content) for one in seen if one.written]
    names = [name.text for root in sent for name in root.iter("NAME")]
    memos = [memo.text for root in sent for memo in root.iter("memo")]
    assert names == [WORDS]
    assert WORDS in memos
