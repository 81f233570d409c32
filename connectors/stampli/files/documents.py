"""The rows of one document together: a fact with its payload, or what is wrong with it. Whole, or not at all."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from connectors.base import Fact, Json
from connectors.files import Assembled, Fault, FileRow, Told
from connectors.stampli.files import invoices, payments
from connectors.stampli.files.codes import fault
from connectors.stampli.files.keys import digest, void_key
from connectors.stampli.files.rules import Rules
from connectors.stampli.files.survey import Survey
from connectors.stampli.files.wrong import Wrong

_WAYS: Final = {"invoice": invoices.payload, "payment": payments.payload}


def assembled(rows: Sequence[FileRow], survey: Survey, rules: Rules) -> Assembled:
    """The rows of one group in the order of the file. Deterministic: the same rows give the same payload."""
    assert survey.opening is not None
    if any(row.faults for row in rows):
        return _spoiled(rows)
    statuses = {row.body.get("status", "go") for row in rows}
    if statuses == {"skip"}:
        return Assembled(None, notes={row.number: "skipped_status" for row in rows})
    try:
        if "skip" in statuses or len(statuses) > 1:
            raise Wrong("header_conflict", "They differ in status.", column="status")
        way = _WAYS[survey.opening.kind]
        made = way(rows, survey.opening, rules)
    except Wrong as wrong:
        if wrong.code == "zero_total" and rules.zero_total == "skip":
            return Assembled(None, notes={row.number: "zero_total" for row in rows})
        return _wrong(rows, wrong)
    payload = made.payload
    if statuses == {"void"}:
        payload = _void(payload)
    fact = Fact(payload["class"], payload["key"], _noon(payload), payload["signature"])
    notes = {row: "duplicate_row" for row, _ in made.twice}
    return Assembled(Told(fact, payload), notes=notes, amount=payload["total"])


def _void(payload: Json) -> Json:
    """The wish to void a document that was carried. `of` and `document` say which; the rest is what the file says."""
    key = void_key(payload["key"])
    mark = digest([payload["signature"], "void"])
    return {
        **payload,
        "class": "void",
        "of": payload["class"],
        "document": payload["key"],
        "key": key,
        "signature": mark,
    }


def _noon(payload: Json) -> datetime:
    """A day has no instant; noon UTC is that day in almost every place."""
    day = payload.get("payment_date") or payload["invoice_date"]
    return datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=UTC)


def _spoiled(rows: Sequence[FileRow]) -> Assembled:
    wrong = [row.number for row in rows if row.faults]
    others = fault("invoice_has_rejected_row", f"It is row {wrong[0]}.")
    return Assembled(None, faults={row.number: row.faults or (others,) for row in rows})


def _wrong(rows: Sequence[FileRow], wrong: Wrong) -> Assembled:
    one = fault(wrong.code, wrong.said, column=wrong.column)
    found: Mapping[int, Sequence[Fault]] = {row.number: (one,) for row in rows}
    return Assembled(None, faults=found)
