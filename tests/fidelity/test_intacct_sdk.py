"""The vendor's own SDK for Node, unchanged, in front of the stand-in: it signs in, creates, reads, and is refused.

Its parser is strict and nobody here wrote it. Skips without Node or the package: `./dev fidelity` fetches it.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.sage_intacct import answers
from standins.sage_intacct import Books, serve
from standins.sage_intacct.ledger import balances
from tests.fidelity.outside import node_with_sdk
from tests.sage_intacct.fakes import DATA

SCRIPT = Path(__file__).parent / "intacct_sdk.js"
RESPONSES = DATA / "responses"
NOT_THE_GATEWAYS = {"http_503_edge.html", "offline_ack.xml"}
TOO_MUCH_FOR_IT = "err_fn_additionalinfo.xml"  # its own fault: it takes the extra block for a text


def run(*arguments: str) -> Any:
    node, packages = node_with_sdk()
    env = {"PATH": os.environ["PATH"], "NODE_PATH": str(packages), "TZ": "UTC"}
    done = subprocess.run([node, SCRIPT, *arguments], env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def told_and_books() -> Iterator[tuple[Any, Books]]:
    node_with_sdk()
    books, server = serve()
    told = run("story", f"{server.url}/ia/xml/xmlgw.phtml")
    yield told, books
    server.stop()
    books.close()


@pytest.fixture(scope="module")
def told(told_and_books: tuple[Any, Books]) -> Any:
    return told_and_books[0]


def test_the_sdk_signs_in_and_goes_on_with_the_session_it_was_given(told: Any) -> None:
    assert told["session"]["id"]
    assert told["session"]["endpoint"].startswith("http://127.0.0.1:")
    assert told["session"]["until"].endswith("+00:00")


def test_what_the_sdk_creates_stands_in_the_books_to_the_cent(told_and_books: tuple[Any, Books]) -> None:
    told, books = told_and_books
    company = books.company("ACME-DEMO")
    for kind in ("customer", "invoice", "memo", "receipt", "journal"):
        assert told[kind]["status"] == "success", told[kind]
    assert company.find("CUSTOMER", "CUSTOMERID", "C-SDK")[0]["NAME"] == "Müller & Söhne <Wien>"
    (invoice,) = company.find("ARINVOICE", "RECORDID", "IN-SDK-1")
    assert str(invoice["RECORDNO"]) == told["invoice"]["key"]
    assert (invoice["TRX_TOTALENTERED"], invoice["TRX_TOTALDUE"]) == (Decimal("120.10"), Decimal("20.00"))
    found = {account: str(amount) for account, amount in balances(company).items() if amount}
    # 120.10 invoiced, 20.00 credited, 100.10 received, 29.50 of fees
    assert found == {"10210": "70.60", "40000": "-80.10", "40200": "-20.00", "62500": "29.50"}


def test_the_sdk_is_told_keys_where_it_looks_for_them(told: Any) -> None:
    assert told["customer"]["data"][0].keys() == {"RECORDNO", "CUSTOMERID"}
    assert told["customer"]["count"] == 1
    assert told["journal"]["data"][0]["RECORDNO"].isdigit()
    assert all(told[kind]["key"].isdigit() for kind in ("invoice", "memo", "receipt"))
    assert told["receipt"]["control"] == "f-receipt"


def test_the_sdk_reads_back_what_it_sent_letter_by_letter(told: Any) -> None:
    (row,) = told["query"]["data"]
    assert row["DESCRIPTION"] == "Line\tone\nline two & <three>"
    assert (row["RECORDID"], row["TOTALDUE"]) == ("IN-SDK-1", "20")  # numbers come unpadded
    assert told["read"]["data"][0]["ARINVOICEITEMS"]["ARINVOICEITEM"][0]["AMOUNT"] == "100.1"
    assert told["lookup"]["data"][0]["$"]["Name"] == "GLBATCH"


def test_the_sdk_reads_page_by_page(told: Any) -> None:
    first, second = told["pages"]
    assert (first["count"], first["remaining"] - second["remaining"], first["total"]) == (2, 2, second["total"])
    assert {row["ACCOUNTNO"] for row in first["data"]}.isdisjoint({row["ACCOUNTNO"] for row in second["data"]})
    by_query, more = told["readMore"]
    assert {by_query["data"][0][flag] for flag in ("REQUIREDEPT", "REQUIRELOC")} == {"false"}  # never empty
    assert (by_query["count"], more["count"], more["name"]) == (2, 2, "readMore")
    assert [row["ACCOUNTNO"] for row in by_query["data"] + more["data"]] == [
        row["ACCOUNTNO"] for row in first["data"] + second["data"]
    ]


def test_the_sdk_is_refused_with_the_vendors_numbers_at_the_vendors_levels(told: Any) -> None:
    refused = {
        name: (told[name]["name"], told[name]["errors"][0].split()[0]) for name in told if "errors" in told[name]
    }
    assert refused == {
        "unknownField": ("ResultException", "XL03000006"),
        "sameControl": ("ResultException", "SBX-UNIQUEID-REPLAY"),
        "sameNumber": ("ResultException", "BL34000061"),
        "together": ("ResultException", "BL01001973"),
        "wrongPassword": ("ResponseException", "XL03000006"),
        "wrongSender": ("ResponseException", "XL03000006"),
        "wrongSession": ("ResponseException", "XL03000006"),
    }


def test_of_two_functions_the_sdk_commits_one_or_none_as_it_asked(told_and_books: tuple[Any, Books]) -> None:
    told, books = told_and_books
    company = books.company("ACME-DEMO")
    assert [result["status"] for result in told["apart"]] == ["success", "failure"]
    assert company.find("CUSTOMER", "CUSTOMERID", "C-GOOD")
    assert told["together"]["errors"][-1].startswith("XL03000009")
    assert not company.find("CUSTOMER", "CUSTOMERID", "C-GONE")
    assert not company.find("CUSTOMER", "CUSTOMERID", "C-LOST")


def test_what_the_sdk_does_in_payables_stands_in_the_books_to_the_cent() -> None:
    node_with_sdk()
    books, server = serve()
    told = run("payables", f"{server.url}/ia/xml/xmlgw.phtml")
    company = books.company("ACME-DEMO")
    done = {name: one["status"] for name, one in told.items() if "status" in one}
    assert set(done.values()) == {"success"}
    assert done.keys() == told.keys() - {"tooMuch", "paidBill"}
    assert {told[name]["name"] for name in ("tooMuch", "paidBill")} == {"ResultException"}
    assert company.find("VENDOR", "VENDORID", "V-SDK")[0]["DONOTCUTCHECK"] is True
    states = {row["RECORDID"]: (row["STATE"], row["TRX_TOTALDUE"]) for row in company.rows("APBILL").values()}
    assert states == {"B-SDK-1": ("Posted", Decimal("350.75")), "B-SDK-2": ("Reversed", 0)}
    assert [row["STATE"] for row in company.rows("APPYMT").values()] == ["Voided"]
    (order,) = company.rows("PODOCUMENT").values()
    assert (order["STATE"], order["TOTAL"], told["order"]["key"]) == ("Closed", Decimal("45.00"), order["DOCID"])
    found = {account: str(amount) for account, amount in balances(company).items() if amount}
    assert found == {"20100": "-300.75", "60100": "200.75", "60200": "100.00"}  # 350.75 owed, 50.00 credited
    server.stop()
    books.close()


def test_the_sdk_and_our_parser_read_the_same_in_every_recorded_answer() -> None:
    files = sorted(RESPONSES.iterdir())
    told = run("parse", *map(str, files))
    assert len(told) == 48
    for path in files:
        theirs = told[path.name]
        if path.name in NOT_THE_GATEWAYS:
            assert theirs["thrown"] == "IntacctException"
            continue
        ours = answers.read(path.read_bytes())
        if path.name == TOO_MUCH_FOR_IT:
            assert (theirs["thrown"], ours.results[0].errors[0].id) == ("TypeError", "GL-0493")
            continue
        assert (theirs.get("thrown") == "ResponseException") == (not ours.results), path.name
        for mine, other in zip(ours.results, theirs.get("results", ()), strict=True):
            assert (mine.status, mine.control, mine.function) == (other["status"], other["control"], other["name"])
            if mine.status == "success":  # of a failure it keeps the errors only
                assert (mine.key, mine.count) == (other.get("key") or "", other.get("count")), path.name
                assert (mine.total, mine.remaining) == (other.get("total"), other.get("remaining")), path.name
            assert len(mine.errors) == len(other.get("errors") or ()), path.name
            for said, text in zip(mine.errors, other.get("errors") or (), strict=True):
                assert text.startswith(said.number), path.name
