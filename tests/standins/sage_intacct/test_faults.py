"""Faults over real sockets, and books that outlive a killed process."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from .wire import Answer, Wire, customer, equal, invoice, pays, query, receipt

BROKEN = (ConnectionError, http.client.HTTPException, TimeoutError)


def found(wire: Wire, key: str = "C-1") -> bool:
    return wire.company.master("CUSTOMER", "CUSTOMERID", key) is not None


def test_before_does_nothing_and_fires_once(wire: Wire) -> None:
    wire.books.faults.add("before", {"text": "C-1"})
    with pytest.raises(BROKEN):
        wire.call(customer())
    assert not found(wire)
    assert wire.call(customer()).status_of_first == "success"
    assert [f["fault"] for f in wire.books.faults.fired] == ["before"]


@pytest.mark.parametrize("fault", ["commit_then_reset", "half"])
def test_the_work_is_done_and_the_answer_lost(wire: Wire, fault: str) -> None:
    wire.books.faults.add(fault, {"controlid": "ml:1"})
    with pytest.raises(BROKEN):
        wire.call(customer(), "ml:1", unique="true")
    assert found(wire)


@pytest.mark.parametrize(("fault", "status", "start"), [
    ("commit_then_500", 500, b"<!DOCTYPE html>"),
    ("html_200", 200, b"<!DOCTYPE html>"),
    ("bom", 200, b"\xef\xbb\xbf<?xml"),
    ("blank_lines", 200, b"\n\n"),
    ("two_roots", 200, b"<?xml"),
])  # fmt: skip
def test_the_work_is_done_and_the_answer_spoiled(wire: Wire, fault: str, status: int, start: bytes) -> None:
    wire.books.faults.add(fault, {"function": "create CUSTOMER"})
    answer = wire.call(customer())
    assert answer.status == status
    assert answer.body.startswith(start)
    assert found(wire)


def test_late_commits_after_the_gateway_gave_up(wire: Wire) -> None:
    wire.books.faults.add("late", {"text": "C-1"}, seconds=0.3)
    answer = wire.call(customer())
    assert (answer.status, found(wire)) == (504, False)
    time.sleep(0.6)
    assert found(wire)


def test_a_throttled_request_did_nothing(wire: Wire) -> None:
    wire.books.faults.add("throttle", times=2, retry_after=7)
    answer = wire.call(customer())
    assert (answer.status, answer.headers["retry-after"]) == (429, "7")
    assert answer.text(".//errorno") == "GW-0010"
    assert wire.call(customer()).status == 429
    assert wire.call(customer()).status_of_first == "success"


def test_the_front_refuses_in_its_own_forms(wire: Wire) -> None:
    wire.books.faults.add("http", status=401, errorno="XMLGW_JPP0002", text="Sign-in information is incorrect.")
    answer = wire.call(customer())
    assert (answer.status, answer.text(".//errorno")) == (401, "XMLGW_JPP0002")
    wire.books.faults.add("http", status=503, html=True)
    assert wire.call(customer()).body.startswith(b"<!DOCTYPE html>")
    assert not found(wire)


def test_many_rules_on_one_batch_are_used_up_together(wire: Wire) -> None:
    wire.call(customer())
    for number in range(400):
        wire.books.faults.add(
            "commit_then_reset" if number % 2 else "bom", {"text": f"<invoiceno>A-{number}</invoiceno>"}
        )
    started = time.monotonic()
    with pytest.raises(BROKEN):
        wire.batch({f"i{n}": invoice(f"A-{n}") for n in range(100)})
    assert time.monotonic() - started < 2
    assert (len(wire.books.faults.rules), len(wire.company.rows("ARINVOICE"))) == (300, 100)


def test_a_poisoned_text_refuses_the_whole_request(wire: Wire) -> None:
    wire.books.faults.add("poison", {"text": "C-2"}, times=100)
    answer = wire.batch({"a": customer("C-1"), "b": customer("C-2")})
    assert answer.text("control/status") == "failure"
    assert answer.error.startswith("XL03000003")
    assert not found(wire)
    assert wire.call(customer()).status_of_first == "success"


def test_a_session_gone_before_and_in_the_middle(wire: Wire) -> None:
    wire.books.faults.add("expire_session", {"nth": 1})
    assert wire.call(customer()).text("operation/authentication/status") == "failure"
    wire.session = ""
    wire.sign_in()
    wire.books.faults.add("expire_session", {"controlid": "b"})
    answer = wire.batch({"a": customer("C-1", "A"), "b": customer("C-2", "B"), "c": customer("C-3", "C")})
    assert [s for _, s in answer.results()] == ["success", "failure", "failure"]
    assert wire.call(query("CUSTOMER", "RECORDNO")).error.startswith("XL03000006 Invalid session")


def test_stopped_in_the_middle_of_a_batch(wire: Wire) -> None:
    wire.books.faults.add("stop_here", {"controlid": "b"}, after=True)
    with pytest.raises(BROKEN):
        wire.batch({"a": customer("C-1", "A"), "b": customer("C-2", "B"), "c": customer("C-3", "C")})
    assert [found(wire, k) for k in ("C-1", "C-2", "C-3")] == [True, True, False]


def test_aborted_and_failed_functions(wire: Wire) -> None:
    wire.books.faults.add("abort_function", {"controlid": "a"})
    wire.books.faults.add("fail_function", {"controlid": "b"}, errorno="DL02000001")
    answer = wire.batch({"a": customer("C-1", "A"), "b": customer("C-2", "B"), "c": customer("C-3", "C")})
    assert [s for _, s in answer.results()] == ["aborted", "failure", "success"]


def test_periods_close_and_masters_die_between_look_up_and_create(wire: Wire) -> None:
    wire.call(customer())
    wire.books.faults.add("close_period", {"function": "create_invoice"}, module="AR", through="2026-01-31")
    assert "on or after" in wire.call(invoice("F-1")).error
    wire.company.configure(CLOSED=[])
    wire.books.faults.add("inactive", {"function": "create_invoice"}, object="CUSTOMER", id="C-1")
    assert "is inactive" in wire.call(invoice("F-1")).error


def test_drip_and_slow_take_their_time(wire: Wire) -> None:
    for fault in ("drip", "slow"):
        wire.books.faults.add(fault, {"function": "query"}, seconds=0.3)
        started = time.monotonic()
        assert wire.call(query("CUSTOMER", "RECORDNO")).status_of_first == "success"
        assert time.monotonic() - started > 0.25


def at_once(wire: Wire, count: int) -> list[Answer]:
    answers: list[Answer] = []
    threads = [
        threading.Thread(target=lambda: answers.append(wire.call(query("CUSTOMER", "RECORDNO")))) for _ in range(count)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_the_third_request_at_once_is_counted_queued_or_refused(wire: Wire) -> None:
    wire.books.knobs.latency = 0.2
    assert {a.status for a in at_once(wire, 3)} == {200}
    assert wire.books.counts["over_concurrency"] == 1
    wire.books.knobs.over_concurrency = "429"
    assert sorted(a.status for a in at_once(wire, 3)) == [200, 200, 429]
    wire.books.knobs.over_concurrency = "queue"
    started = time.monotonic()
    assert {a.status for a in at_once(wire, 3)} == {200}
    assert time.monotonic() - started > 0.35


def control(base: str, name: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(f"{base}/_control/{name}", data) as answer:
        return json.load(answer)


def test_the_control_plane(wire: Wire) -> None:
    base = wire.server.url
    wire.call(customer())
    key = wire.call(invoice("F-1")).key
    wire.call(receipt("p-1", pays(key, "40.00")))
    books = control(base, "books")["ACME-DEMO"]
    kinds = [(d["object"], d["number"], d["amount"]) for d in books["documents"]]
    assert kinds == [("ARINVOICE", "F-1", "100.00"), ("ARPYMT", "p-1", "40.00")]
    assert (books["documents"][0]["due"], books["debits_less_credits"]) == ("60.00", "0.00")
    assert books["documents"][1]["applications"][0]["key"] == key
    control(base, "faults", [{"fault": "before", "match": {"nth": 1}}])
    assert len(control(base, "faults")["rules"]) == 1
    assert control(base, "knobs", {"latency": 0.0})["concurrency"] == 2
    control(base, "periods", {"module": "AR", "through": "2026-01-31"})
    assert control(base, "open", {"module": "AR"}) == []
    control(base, "master", {"object": "GLACCOUNT", "id": "40999", "fields": {"TITLE": "New"}})
    assert control(base, "rows?object=GLACCOUNT&company=ACME-DEMO")[-1]["ACCOUNTNO"] == "40999"
    assert control(base, "requests")[-1]["functions"][0]["status"] == "success"
    with pytest.raises(urllib.error.HTTPError):
        control(base, "knobs", {"nonsense": 1})
    control(base, "reset", {})
    assert control(base, "seed", {"company": "OTHER"}) == {"company": "OTHER"}
    assert control(base, "reset", {"seed": {"entities": True}}) == {"companies": ["ACME-DEMO"]}


def test_the_page_shows_the_books_to_people(wire: Wire) -> None:
    assert wire.call(customer("C-1", "Fish & <Chips>")).status_of_first == "success"
    key = wire.call(invoice("F-1")).key
    paid = wire.call(receipt("p-1", pays(key, "40.00"))).key
    for path, words in (
        ("/", "F-1"),
        ("/ACME-DEMO/customers", "Fish &amp; &lt;Chips&gt;"),
        ("/ACME-DEMO/documents", "p-1"),
        ("/ACME-DEMO/ledger", "Accounts receivable"),
        ("/ACME-DEMO/account/12100", "Invoice F-1"),
        (f"/ACME-DEMO/record/ARPYMT/{paid}", "Stripe clearing USD"),
        ("/ACME-DEMO/requests", "create_invoice"),
    ):
        with urllib.request.urlopen(wire.server.url + path) as answer:
            html = answer.read().decode()
        assert words in html, path
        assert "<Chips>" not in html
        assert "http" not in html.replace("HTTP", "")  # nothing from elsewhere


def test_the_books_outlive_a_kill(tmp_path: Path) -> None:
    file = tmp_path / "books.sqlite3"
    with process(file) as (port, running):
        wire = Wire(*_remote(port))
        assert wire.sign_in().call(customer()).status_of_first == "success"
        session = wire.session
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
    with process(file, port):
        again = Wire(*_remote(port))
        again.session = session
        answer = again.call(query("CUSTOMER", "CUSTOMERID", equal("CUSTOMERID", "C-1")))
        assert answer.text(".//CUSTOMERID") == "C-1"
        assert again.call(customer()).error.startswith("BL34000061")


class _Address:
    def __init__(self, port: int) -> None:
        self.server_address = ("127.0.0.1", port)


class _Named:
    id = "ACME-DEMO"


def _remote(port: int) -> Any:
    return None, _Address(port), _Named()


@contextlib.contextmanager
def process(file: Path, port: int = 0) -> Any:
    port = port or _free_port()
    command = [sys.executable, "-m", "standins.sage_intacct", "--port", str(port), "--file", str(file)]
    root = Path(__file__).parents[3]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE) as running:
        try:
            assert running.stdout is not None
            assert b"stand-in at" in running.stdout.readline()
            yield port, running
        finally:
            running.kill()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
