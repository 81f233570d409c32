"""The double itself: a story that adds up, files that say what it says, and a page for people."""

import csv
import io
import json
import urllib.request
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest

from standins.sage_intacct.seed import ACCOUNTS, VENDORS
from standins.stampli import StampliServer, serve
from standins.stampli.awkward import ACTS
from standins.stampli.story import Story
from standins.stampli.writing import LAYOUTS, bills_file, payments_file
from tests.stampli.using import Using


def ask(url: str, data: bytes | None = None) -> str:
    try:
        with urllib.request.urlopen(url, data, timeout=10) as answer:
            text: str = answer.read().decode()
            return text
    except HTTPError as error:
        error.close()  # its answer is open otherwise
        raise


def call(server: StampliServer, name: str, body: Any = None) -> Any:
    return json.loads(ask(f"{server.url}/_control/{name}", None if body is None else json.dumps(body).encode()))


def page(server: StampliServer, path: str = "/", form: dict[str, str] | None = None) -> str:
    return ask(server.url + path, urlencode(form).encode() if form is not None else None)


# --- the story


def test_the_same_seed_tells_the_same_story_and_another_another() -> None:
    one, same, other = Story(seed=5), Story(seed=5), Story(seed=6)
    weeks = [[story.next_week() for _ in range(6)] for story in (one, same, other)]
    assert weeks[0] == weeks[1] != weeks[2]


def test_the_story_adds_up_to_the_cent() -> None:
    story = Story(seed=3)
    weeks = [story.next_week() for _ in range(20)]
    truth = story.truth()
    owed = {bill.number: bill.total for week in weeks for bill in week.bills if not bill.credit}
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for payment in truth["payments"]:
        for number, amount in payment["applied"]:
            assert amount > 0
            paid[number] += amount
    left = {number: total - paid[number] for number, total in owed.items() if total != paid[number]}
    assert left == truth["open"]
    assert min(left.values()) > 0
    assert truth["taken_back"]
    assert any(bill.credit for week in weeks for bill in week.bills)
    assert any(0 < paid[number] < owed[number] for number in owed)
    assert {bill.vendor for week in weeks for bill in week.bills} == {vendor for vendor, _ in VENDORS}
    accounts = {account for account, *_ in ACCOUNTS}
    assert {line.account for week in weeks for bill in week.bills for line in bill.lines} <= accounts


def amounts(text: bytes, layout: str, column: str) -> list[Decimal]:
    how = LAYOUTS[layout]
    if layout == "xml":
        tag = how.bills[column].replace(" ", "") if column in how.bills else how.payments[column].replace(" ", "")
        return [Decimal(one.text or "") for one in ElementTree.fromstring(text).iter(tag)]
    rows = csv.DictReader(io.StringIO(text.decode(how.encoding)), delimiter=how.delimiter)
    names = how.bills if how.bills[column] in (rows.fieldnames or ()) else how.payments
    found = [row[names[column]] for row in rows]
    swap = str.maketrans(",.", ".,") if layout == "european" else {}
    return [Decimal(one.translate(swap).replace(",", "")) for one in found]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_says_the_same_amounts(layout: str) -> None:
    story = Story(seed=4)
    for _ in range(4):
        week = story.next_week()
    lines = [line.amount for bill in week.bills for line in bill.lines]
    applied = [amount for payment in week.payments for _, amount in payment.applied]
    assert amounts(bills_file(week.bills, layout), layout, "amount") == lines
    if layout == "xml":
        tag = LAYOUTS[layout].payments["amount"].replace(" ", "")
        tree = ElementTree.fromstring(payments_file(week.payments, layout))
        assert [Decimal(one.text or "") for one in tree.iter(tag)] == applied
    else:
        how = LAYOUTS[layout]
        rows = csv.DictReader(
            io.StringIO(payments_file(week.payments, layout).decode(how.encoding)), delimiter=how.delimiter
        )
        swap = str.maketrans(",.", ".,") if layout == "european" else {}
        found = [row[how.payments["amount"]].translate(swap).replace(",", "") for row in rows]
        assert [Decimal(one) for one in found] == applied


# --- the control plane and the page


def test_the_control_plane_exports_drops_and_tells(server: StampliServer, using: Using) -> None:
    made = call(server, "week", {"layout": "xml"})
    assert made["files"][0].endswith(".xml")
    assert [row["name"] for row in call(server, "files")[""] if row["kind"] == "file"] == made["files"]
    assert len(call(server, "truth")["bills"]) == made["bills"]
    call(server, "drop", {"name": "b.csv", "content": "x", "mtime": 1_700_000_000})
    call(server, "begin", {"name": "c.csv", "content": "x"})
    call(server, "go_on", {"name": "c.csv", "content": "y"})
    files = {file.name: file for file in using.client().list_files().files}
    assert (files["b.csv"].mtime, files["c.csv"].size) == (1_700_000_000, 2)
    assert call(server, "sign-ins") == [{"user": "northwind", "by": "password", "well": True}]
    call(server, "faults", [{"kind": "cut", "op": "list"}])
    assert call(server, "faults")[0]["met"] == 0
    call(server, "reset", {})
    assert call(server, "faults") == []
    assert call(server, "truth")["bills"] == []
    with pytest.raises(HTTPError):
        call(server, "knobs", {"no such": 1})


def test_the_page_shows_the_folders_and_its_buttons_do_what_they_say(server: StampliServer) -> None:
    assert "Nothing lies here" in page(server)
    assert "invoices_" in page(server, "/week", {"layout": "european"})
    for what, (label, _) in ACTS.items():
        assert label in page(server, "/awkward", {"what": what})
    assert "and 3" in page(server)  # thousands are not all shown
    name = server.world.outbox.names()[0]
    assert "<pre>" in page(server, f"/file?{urlencode({'path': name})}")
    assert page(server, "/knob", {"name": "read_only"}).count("Nothing may be changed") > 1
    assert server.world.knobs.read_only
    before = server.sftp.host_key
    page(server, "/host-key", {})
    assert server.sftp.host_key != before


def test_the_page_shows_nothing_from_outside_of_the_folders(server: StampliServer) -> None:
    page(server, "/awkward", {"what": "hostile"})
    for path in ("../private/other-customer.csv", "/etc/hostname", "link.csv"):
        with pytest.raises(HTTPError) as caught:
            page(server, f"/file?{urlencode({'path': path})}")
        assert caught.value.code == 404


def test_files_story_and_host_key_outlive_a_restart(tmp_path: Path) -> None:
    one = serve(folder=tmp_path / "kept")
    one.export_week()
    before = (one.story.truth(), one.address()["host_keys"], one.world.outbox.names())
    one.stop()
    two = serve(folder=tmp_path / "kept")
    try:
        assert (two.story.truth(), two.address()["host_keys"], two.world.outbox.names()) == before
        assert two.export_week()["week"] == 1
    finally:
        two.stop()
