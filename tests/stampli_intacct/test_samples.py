"""Every sample file, from the folder to the books: each row ends as the index beside the samples says."""

import json
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from audit.files import RemoteFile
from audit.models import Delivery
from connectors.money import docno
from tests.stampli_intacct.story import SAMPLES, FileStory, Json, file_story, told

pytestmark = pytest.mark.django_db(transaction=True)

INDEX: list[Json] = json.loads((SAMPLES / "index.json").read_text())["entries"]
STATE: Json = json.loads((SAMPLES / "reference-data.json").read_text())
PLACE = {"US-01": "E100", "DE-01": "E200", "JP-01": ""}
OBJECTS = {"bill": "APBILL", "adjustment": "APADJUSTMENT"}
AFTER = {"redrop/13_bad_rows_mixed.csv": "13_bad_rows_mixed.csv", "20_same_rows_new_file.csv": "01_good_basic.csv"}


def master(company: Any, name: str, key: str, row: Json) -> None:
    known = company.find(name, key, row[key])
    if known:
        company.put(name, known[0]["RECORDNO"], {**known[0], **row})
    else:
        company.add_master(name, key, row)


def furnish(company: Any) -> None:
    """The state that the samples assume."""
    for one in STATE["vendors"]:
        row = {"VENDORID": one["id"], "NAME": one["name"], "STATUS": one["status"]}
        master(company, "VENDOR", "VENDORID", row)
    for one in STATE["gl_accounts"]:
        row = {"ACCOUNTNO": one["no"], "TITLE": f"Account {one['no']}", "STATUS": one["status"]}
        master(company, "GLACCOUNT", "ACCOUNTNO", {**row, "NORMALBALANCE": "debit", "ACCOUNTTYPE": "incomestatement"})
    for one in STATE["departments"]:
        master(company, "DEPARTMENT", "DEPARTMENTID", {"DEPARTMENTID": one, "TITLE": f"Department {one}"})
    for one in STATE["locations"]:
        master(company, "LOCATION", "LOCATIONID", {"LOCATIONID": one, "NAME": one, "PARENTID": PLACE[one]})
    for one in ("INR", "CHF"):
        master(company, "TRXCURRENCIES", "CODE", {"CODE": one, "NAME": one})
    bank = {"BANKACCOUNTID": "CHK-OPER", "GLACCOUNTNO": "10300", "BANKNAME": "Checking", "CURRENCY": "USD"}
    master(company, "CHECKINGACCOUNT", "BANKACCOUNTID", {**bank, "LOCATIONID": ""})


def earlier() -> tuple[str, str]:
    """Files of the bills and payments that the state says were posted before."""
    bills = ["Vendor ID,Invoice Number,Invoice Date,Currency,Invoice Total,GL Account,Line Amount,Entity"]
    payments = ["Payment ID,Payment Date,Vendor ID,Invoice Number,Amount Paid,Payment Method,Check Number,Bank Account"]
    for one in STATE["payments_already_posted_by_connector"]:
        bills.append(
            f"{one['vendor']},{one['invoice_number']},2026-05-01,USD,{one['amount']},6000,{one['amount']},E100"
        )
        paid = f"{one['vendor']},{one['invoice_number']},{one['amount']},{one['method']},{one['reference']}"
        payments.append(f"{one['payment_id']},2026-05-05,{paid},{one['bank_account']}")
    for one in STATE["bills_already_posted_by_connector"]:
        head = f"{one['vendor']},{one['invoice_number']},{one['invoice_date']},{one['currency']},{one['total']}"
        bills += [f"{head},{line['gl']},{line['amount']},E100" for line in one["lines"]]
    return "\n".join(bills) + "\n", "\n".join(payments) + "\n"


@pytest.fixture
def world() -> Iterator[FileStory]:
    def change(workspace: Json) -> None:
        workspace["connections"][0]["settings"]["default_entity"] = "E100"
        rows = workspace["links"][0]["mappings"]
        rows += [{"table": "bank_account", "source": name, "target": "CHK-OPER"} for name in ("CHK-OPER",)]

    seed = {"entities": True, "multi_currency": True}
    with file_story(seed=seed, furnish=furnish, change=change) as it:
        yield it


def drop(world: FileStory, name: str) -> str:
    content = (SAMPLES / name).read_bytes()
    name = name.rpartition("/")[2]
    world.drop(name, content)
    world.look()
    return name


def totals(world: FileStory) -> dict[tuple[str, str, str], Decimal]:
    """(object, vendor, number) → total with the sign that lowers what is owed."""
    found: defaultdict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for name in OBJECTS.values():
        for row in world.rows(name):
            key = (name, str(row["VENDORID"]), str(row["RECORDID"]))
            assert key not in found, f"{key} stands twice"
            found[key] = Decimal(row["TRX_TOTALENTERED"])
    return dict(found)


@pytest.mark.parametrize("entry", INDEX, ids=[one["file"] for one in INDEX])
def test_each_row_of_each_sample_ends_as_the_index_says(world: FileStory, entry: Json) -> None:
    bills, payments = earlier()
    world.drop("earlier_bills.csv", bills)
    world.look()
    world.drop("earlier_payments.csv", payments)
    world.look()
    assert world.outcome("earlier_payments.csv") == {2: {"posted"}}, told()
    if entry["file"] in AFTER:
        drop(world, AFTER[entry["file"]])
    before, paid_before = totals(world), len(world.rows("APPYMT"))
    name = drop(world, entry["file"])
    world.later()  # an empty file was given its time; the first credit of a company is proved before the next leaves
    _rows_end_as_told(world, name, entry)
    _books_hold(world, entry, before, paid_before)
    _lies_where_it_must(world, name, entry)


def _rows_end_as_told(world: FileStory, name: str, entry: Json) -> None:
    delivery = world.delivery(name)
    if entry["outcome"] == "file_rejected":
        assert delivery.status == Delivery.Status.REFUSED
        assert delivery.reading.code.startswith(entry["reason"].split(":")[0]), delivery.reading.code
        assert not world.outcome(name)
        return
    assert delivery.status == Delivery.Status.DONE, (delivery.status, delivery.why)
    outcome = world.outcome(name)
    wrong = {row: (code, outcome.get(int(row))) for row, code in entry["rows"].items() if code not in outcome[int(row)]}
    assert not wrong, wrong
    assert {str(row) for row in outcome} == set(entry["rows"])


def _books_hold(world: FileStory, entry: Json, before: dict[Any, Decimal], paid_before: int) -> None:
    new = {key: total for key, total in totals(world).items() if key not in before}
    wanted = {
        (OBJECTS[one["type"]], one["vendor"], docno(one["number"])): Decimal(one["total"])
        for one in entry.get("documents", [])
        if "number" in one
    }
    assert {key: abs(total) for key, total in new.items()} == {key: abs(total) for key, total in wanted.items()}
    paid = [one for one in entry.get("documents", []) if "payment_id" in one]
    assert len(world.rows("APPYMT")) - paid_before == len(paid)


def _lies_where_it_must(world: FileStory, name: str, entry: Json) -> None:
    assert RemoteFile.objects.filter(name=name).order_by("-pk")[0].state == RemoteFile.State.PUT_AWAY
    where = "error" if entry["outcome"] == "file_rejected" else "archive"
    assert any(one.endswith(name) for one in world.outbox.names(where)), (where, world.outbox.names(where))
    assert name not in world.outbox.names()
