"""How what Sage Intacct holds is found again, by the key that we gave it, and read as ours."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from connectors.base import Document, Found, Identity, Look, Ref
from connectors.errors import Denied, Malformed
from connectors.sage_intacct.answers import Row
from connectors.sage_intacct.documents import AMBIGUOUS, Adjustment, InvoiceReversal, Payment
from connectors.sage_intacct.documents.customer import CONTACT
from connectors.sage_intacct.documents.reversal import VOID
from connectors.sage_intacct.query import Query, wanted

Rows = Sequence[Row]
Fetch = Callable[[Sequence[Query]], Sequence[Rows]]
"""Runs queries in one request and returns the rows of each."""


@dataclass(frozen=True)
class Shelf:
    """Where documents of one kind stand: the object, its fields, and which field says what."""

    object: str
    key: str
    party: str = ""
    day: str = ""
    fields: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    amounts: tuple[str, ...] = ()
    """The total: the first of these that has a value."""
    due: tuple[str, ...] = ()
    items: str = ""
    """The object of its lines, each with its amount in base currency."""

    def query(self, field: str, values: Sequence[str]) -> Query:
        names = wanted(("RECORDNO", self.key, self.party, self.day, *self.fields))
        return Query(self.object, names, self.optional, field, wanted(values))


_TOTALS: Final = ("STATE", "TOTALENTERED", "TOTALDUE", "CURRENCY", "DESCRIPTION")
_TOTALS_MORE: Final = ("TRX_TOTALENTERED", "TRX_TOTALDUE", "BASECURR", "RECORD_URL")
_TOTAL: Final = ("TRX_TOTALENTERED", "TOTALENTERED")
_DUE: Final = ("TRX_TOTALDUE", "TOTALDUE")

# Field names: sheet 5.2 to 5.8. A field that a company does not have fails the whole query, hence `optional`.
SHELVES: Final[dict[str, Shelf]] = {
    "customer": Shelf(
        "CUSTOMER", "CUSTOMERID", fields=("NAME", "STATUS", "ONHOLD"), optional=("CURRENCY", "RECORD_URL", *CONTACT)
    ),
    "invoice": Shelf(
        "ARINVOICE",
        "RECORDID",
        "CUSTOMERID",
        "WHENCREATED",
        _TOTALS,
        ("RAWSTATE", "WHENPOSTED", "WHENDUE", *_TOTALS_MORE),
        _TOTAL,
        _DUE,
        "ARINVOICEITEM",
    ),
    "adjustment": Shelf(
        "ARADJUSTMENT",
        "RECORDID",
        "CUSTOMERID",
        "WHENCREATED",
        _TOTALS,
        ("RAWSTATE", "WHENPOSTED", *_TOTALS_MORE),
        _TOTAL,
        _DUE,
        "ARADJUSTMENTITEM",
    ),
    "payment": Shelf(
        "ARPYMT",
        "DOCNUMBER",
        "CUSTOMERID",
        "RECEIPTDATE",
        _TOTALS,
        ("RECORDID", "FINANCIALENTITY", *_TOTALS_MORE),
        _TOTAL,
        _DUE,
    ),
    "advance": Shelf(
        "ARADVANCE",
        "DOCNUMBER",
        "CUSTOMERID",
        "RECEIPTDATE",
        _TOTALS,
        ("RECORDID", "FINANCIALENTITY", *_TOTALS_MORE),
        _TOTAL,
        _DUE,
    ),
    "other_receipt": Shelf(
        "OTHERRECEIPTS",
        "DOCNUMBER",
        day="RECEIPTDATE",
        fields=("STATE", "TOTALENTERED", "CURRENCY", "DESCRIPTION"),
        optional=("RECORDID", "TRX_TOTALENTERED", "BASECURR", "RECORD_URL"),
        amounts=_TOTAL,
    ),
    "journal": Shelf(
        "GLBATCH",
        "REFERENCENO",
        "JOURNAL",
        "BATCH_DATE",
        ("BATCH_TITLE", "STATE"),
        ("BATCHNO", "RECORD_URL"),
        ("TOTAL",),
    ),
}

OTHER_RECEIPT_KEY: Final = "other_receipt_key"
"""The setting that names the field of OTHERRECEIPTS which holds the reference, where it is not DOCNUMBER."""


def names(settings: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Of each object the fields that this company calls otherwise: our name → its own."""
    own = str(settings.get(OTHER_RECEIPT_KEY) or "")
    shelf = SHELVES["other_receipt"]
    return {shelf.object: {shelf.key: own}} if own not in ("", shelf.key) else {}


SHELVES["application"] = replace(SHELVES["payment"], amounts=())
"""Credit that was applied shows the cash, of which there is none."""
REVERSED: Final[Mapping[str, str]] = {
    "invoice_reversal": "invoice",
    "payment_reversal": "payment",
    "application_reversal": "application",
}
"""A reversal stands there when what it reverses is gone. Its id says on which shelf: a credit memo may stand for it."""

_ENTRIES: Final = ("RECORDNO", "BATCHNO", "ACCOUNTNO", "TR_TYPE", "TRX_AMOUNT")
_ENTRIES_MORE: Final = ("CURRENCY", "LOCATION", "DEPARTMENT")
_ITEMS: Final = ("RECORDNO", "RECORDKEY", "LINE_NO", "TRX_AMOUNT", "AMOUNT")

# Labels of `query`, letters of older reads; what stands in no line is itself in lower case. Sheet 5.15.
STATES: Final[Mapping[str, str]] = {
    "": "posted",
    "posted": "posted",
    "paid": "posted",
    "partially paid": "posted",
    "selected": "posted",
    "complete": "posted",
    "completed": "posted",
    "reconciled": "posted",
    "confirmed": "posted",
    "a": "posted",
    "c": "posted",
    "draft": "draft",
    "d": "draft",
    "submitted": "submitted",
    "s": "submitted",
    "partially approved": "partially approved",
    "pa": "partially approved",
    "approved": "approved",
    "declined": "declined",
    "reversed": "reversed",
    "reversal pending": "reversed",
    "voided": "voided",
    "v": "voided",
}


# --- finding ----------------------------------------------------------------------------------------------------------


def look(documents: Sequence[Document], fetch: Fetch, *, multi: bool | None) -> list[Look]:
    """What one look shows for each document, all of one kind. One request; one more for the entries of journals that
    were found, or the lines of invoices whose negative lines are used.

    `multi`: whether the company is multi-currency; None: not known, then as each document says.
    """
    if documents[0].kind in REVERSED:
        return _looks_for_reversals(documents, fetch, multi=multi)
    shelf = SHELVES[documents[0].kind]
    refs = list(dict.fromkeys(ref for document in documents for ref in document.refs()))
    kinds = list(dict.fromkeys(ref.kind for ref in refs))
    own = shelf.query(shelf.key, [document.identity().key for document in documents])
    others = [SHELVES[kind].query(SHELVES[kind].key, [r.key for r in refs if r.kind == kind]) for kind in kinds]
    rows, *other_rows = fetch([own, *others])
    rows = _with_total(shelf, rows, fetch)
    there = dict(zip(kinds, other_rows, strict=True))
    lines = _lines_of(documents, there.get("invoice", ()), fetch)
    return [_look(document, shelf, rows, there, lines, multi=multi) for document in documents]


def read(kind: str, ids: Sequence[str], fetch: Fetch, *, multi: bool | None) -> list[Found | None]:
    """What stands under these RECORDNO now. One request."""
    if kind in REVERSED:
        return _read_reversals(kind, ids, fetch)
    shelf = SHELVES[kind]
    queries = [shelf.query("RECORDNO", ids)]
    if shelf.object == "GLBATCH":
        queries.append(_entries(ids))
    rows, *entries = fetch(queries)
    if entries:
        rows = [_totalled(row, entries[0]) for row in rows]
    in_base = _base_lines(shelf, rows, fetch) if multi else {}
    by_id = {row.get("RECORDNO", ""): found(kind, row, multi=bool(multi)) for row in rows}
    there = [by_id.get(record) for record in ids]
    return [one and replace(one, base_lines=in_base.get(one.id, ())) for one in there]


def found(kind: str, row: Row, *, multi: bool) -> Found:
    """A row as ours. `multi` False: the company has one currency, and ours name none."""
    shelf = SHELVES[kind]
    state = row.get("STATE", "") if kind != "customer" else ""
    identity = Identity(
        kind=kind,
        key=row.get(shelf.key, ""),
        party=row.get(shelf.party, "") if shelf.party else "",
        currency=row.get("CURRENCY", "") if multi and kind != "customer" else "",
        amount=_first(row, shelf.amounts) or Decimal(0),
        day=us_date(row.get(shelf.day, "")) if shelf.day else None,
    )
    return Found(
        id=row.get("RECORDNO", ""),
        identity=identity,
        number=row.get("BATCHNO") or row.get(shelf.key, ""),
        state=STATES.get(state.lower(), state.lower()),
        due=_first(row, shelf.due),
        url=row.get("RECORD_URL", ""),
        raw=row,
        base=_amount(row, "TOTALENTERED") if multi and kind != "customer" else None,
    )


def _look(
    document: Document,
    shelf: Shelf,
    rows: Rows,
    there: Mapping[str, Rows],
    lines: Mapping[str, Mapping[str, str]],
    *,
    multi: bool | None,
) -> Look:
    identity = document.identity()
    currencies = multi if multi is not None else bool(identity.currency)
    # The day is left to the engine's comparison: a receipt moved to another day is still there, and is no reason to
    # send it again.
    hits = [row for row in rows if _is(row, shelf, identity.key, identity.party)]
    refs = {ref: _ref(ref, there.get(ref.kind, ()), lines, multi=currencies) for ref in document.refs()}
    return Look(tuple(found(document.kind, row, multi=currencies) for row in hits), refs)


def _is(row: Row, shelf: Shelf, key: str, party: str) -> bool:
    return row.get(shelf.key) == key and (not shelf.party or not party or row.get(shelf.party) == party)


def _ref(ref: Ref, rows: Rows, lines: Mapping[str, Mapping[str, str]], *, multi: bool) -> Found | None:
    shelf = SHELVES[ref.kind]
    hits = [found(ref.kind, row, multi=multi) for row in rows if _is(row, shelf, ref.key, ref.party)]
    alive = [hit for hit in hits if not hit.gone] or hits
    if not alive:
        return None
    if len(alive) > 1:
        return replace(alive[0], id="", state=AMBIGUOUS)
    return replace(alive[0], raw={**alive[0].raw, **lines.get(alive[0].id, {})})


# --- reversals --------------------------------------------------------------------------------------------------------


def _looks_for_reversals(documents: Sequence[Document], fetch: Fetch, *, multi: bool | None) -> list[Look]:
    """One request: what is reversed, the credit memos that may stand for it, and what both refer to."""
    kind = documents[0].kind
    refs = list(dict.fromkeys(ref for document in documents for ref in document.refs()))
    memos = [memo for document in documents if (memo := _memo(document))]
    wanted_refs = [*refs, *(Ref("adjustment", memo.number, memo.customer) for memo in memos)]
    kinds = list(dict.fromkeys(ref.kind for ref in wanted_refs))
    rows = fetch([SHELVES[k].query(SHELVES[k].key, [r.key for r in wanted_refs if r.kind == k]) for k in kinds])
    there = dict(zip(kinds, rows, strict=True))
    looks = []
    for document in documents:
        memo = _memo(document)
        hits = _reversed(REVERSED[kind], document.identity(), there)
        hits += _memo_hits(memo, document.identity(), there) if memo else []
        found_refs = {ref: _ref(ref, there.get(ref.kind, ()), {}, multi=bool(multi)) for ref in document.refs()}
        looks.append(Look(tuple(hits), found_refs))
    return looks


def _memo(document: Document) -> Adjustment | None:
    return document.otherwise if isinstance(document, InvoiceReversal) else None


def _reversed(original: str, identity: Identity, there: Mapping[str, Rows]) -> list[Found]:
    shelf = SHELVES[original]
    rows = [row for row in there.get(original, ()) if _is(row, shelf, identity.key, identity.party)]
    standing = [found(original, row, multi=False) for row in rows]
    # A document of the same number may have been made anew; that one is not what was reversed.
    return [_undone(one, identity, shelf) for one in standing if one.gone]


def _memo_hits(memo: Adjustment, identity: Identity, there: Mapping[str, Rows]) -> list[Found]:
    shelf = SHELVES["adjustment"]
    rows = [row for row in there.get("adjustment", ()) if _is(row, shelf, memo.number, memo.customer)]
    made = [found("adjustment", row, multi=False) for row in rows]
    return [replace(_undone(one, identity, shelf), state=one.state) for one in made if not one.gone]


def _undone(original: Found, identity: Identity, shelf: Shelf) -> Found:
    return replace(original, id=f"{shelf.object}/{original.id}", identity=identity, state="posted", due=None)


def _read_reversals(kind: str, ids: Sequence[str], fetch: Fetch) -> list[Found | None]:
    """What stands under `object/RECORDNO` now: an original that is gone, or the credit memo that took its place."""
    shelves = {SHELVES[REVERSED[kind]].object: REVERSED[kind], "ARADJUSTMENT": "adjustment"}
    split = [one.partition("/") for one in ids]
    objects = list(dict.fromkeys(name for name, _, _ in split))
    queries = [SHELVES[shelves[name]].query("RECORDNO", [n for o, _, n in split if o == name]) for name in objects]
    found_rows = {
        f"{name}/{row.get('RECORDNO', '')}": row
        for name, rows in zip(objects, fetch(queries), strict=True)
        for row in rows
    }
    return [_read_reversal(kind, shelves, one, found_rows.get(one)) for one in ids]


def _read_reversal(kind: str, shelves: Mapping[str, str], id: str, row: Row | None) -> Found | None:
    if row is None:
        return None
    name = id.partition("/")[0]
    one = found(shelves[name], row, multi=False)
    number = one.identity.key.removesuffix(VOID) if name == "ARADJUSTMENT" else one.identity.key
    identity = Identity(kind, number, one.identity.party, "", Decimal(0), None)
    if name == "ARADJUSTMENT":
        return replace(one, id=id, identity=identity, due=None)
    return replace(one, id=id, identity=identity, due=None, state="posted") if one.gone else None


# --- what stands in rows of its own ----------------------------------------------------------------------------------


def _entries(ids: Sequence[str]) -> Query:
    # BATCHNO of an entry is the RECORDNO of its journal entry
    return Query("GLENTRY", _ENTRIES, _ENTRIES_MORE, "BATCHNO", wanted(ids))


def _with_total(shelf: Shelf, rows: Rows, fetch: Fetch) -> Rows:
    """GLBATCH has no total of its own: the debits of its entries."""
    if shelf.object != "GLBATCH" or not rows:
        return rows
    (entries,) = fetch([_entries([row.get("RECORDNO", "") for row in rows])])
    return [_totalled(row, entries) for row in rows]


def _totalled(row: Row, entries: Rows) -> Row:
    own = [entry for entry in entries if entry.get("BATCHNO") == row.get("RECORDNO")]
    debits = [_amount(entry, "TRX_AMOUNT") or Decimal(0) for entry in own if entry.get("TR_TYPE") == "1"]
    currencies = wanted([entry.get("CURRENCY", "") for entry in own])
    return {**row, "TOTAL": str(sum(debits, Decimal(0))), "CURRENCY": "/".join(currencies), "LINES": str(len(own))}


def _lines_of(documents: Sequence[Document], invoices: Rows, fetch: Fetch) -> Mapping[str, Mapping[str, str]]:
    """Lines of the invoices whose negative lines a receipt uses: `LINES.<place>.RECORDNO` and `.AMOUNT` by invoice."""
    used = {d.to.key for d in documents if isinstance(d, Payment) and d.inline}
    ids = wanted([row.get("RECORDNO", "") for row in invoices if row.get("RECORDID") in used])
    if not ids:
        return {}
    (rows,) = fetch([Query("ARINVOICEITEM", _ITEMS, field="RECORDKEY", values=ids)])
    by_invoice: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_invoice[row.get("RECORDKEY", "")].append(row)
    return {record: dict(_places(sorted(own, key=_place))) for record, own in by_invoice.items()}


def _base_lines(shelf: Shelf, rows: Rows, fetch: Fetch) -> Mapping[str, tuple[Decimal, ...]]:
    """Of documents in another currency than that of the books, by RECORDNO: what each line came to, by the rate that
    Sage Intacct took. Documents whose lines may not be read are left out."""
    foreign = wanted([row.get("RECORDNO", "") for row in rows if row.get("CURRENCY") != row.get("BASECURR")])
    if not shelf.items or not foreign:
        return {}
    try:
        (items,) = fetch([Query(shelf.items, _ITEMS, field="RECORDKEY", values=foreign)])
    except Denied:  # the documents themselves were read just now: it is these rows alone
        return {}
    by_record: defaultdict[str, list[Row]] = defaultdict(list)
    for row in items:
        by_record[row.get("RECORDKEY", "")].append(row)
    found = {record: [_amount(row, "AMOUNT") for row in sorted(own, key=_place)] for record, own in by_record.items()}
    return {record: tuple(a for a in own if a is not None) for record, own in found.items() if None not in own}


def _place(line: Row) -> tuple[int, int]:
    return _whole(line.get("LINE_NO", "")), _whole(line.get("RECORDNO", ""))


def _whole(text: str) -> int:
    return int(text) if re.fullmatch(r"\d{1,18}", text) else 0


def _places(lines: Iterable[Row]) -> Iterable[tuple[str, str]]:
    # counted here: whether LINE_NO begins at 0 or 1 differs between objects
    for place, line in enumerate(lines, 1):
        yield f"LINES.{place}.RECORDNO", line.get("RECORDNO", "")
        yield f"LINES.{place}.AMOUNT", line.get("TRX_AMOUNT") or line.get("AMOUNT", "")


# --- values -----------------------------------------------------------------------------------------------------------


def us_date(text: str) -> date | None:
    """mm/dd/yyyy, with or without a time of day."""
    if not text:
        return None
    parts = re.match(r"(\d{1,2})/(\d{1,2})/(\d{4})(?!\d)", text)
    if not parts:
        raise Malformed("date", "is not mm/dd/yyyy", value=text[:40])
    month, day, year = map(int, parts.groups())
    try:
        return date(year, month, day)
    except ValueError as error:
        raise Malformed("date", str(error), value=text[:40]) from error


def _first(row: Row, names: Sequence[str]) -> Decimal | None:
    return next((amount for name in names if (amount := _amount(row, name)) is not None), None)


def _amount(row: Mapping[str, Any], name: str) -> Decimal | None:
    text = row.get(name, "")
    if not text:
        return None
    if not re.fullmatch(r"[+-]?(\d{1,30}(\.\d{0,20})?|\.\d{1,20})", text):
        raise Malformed(name, "is not a plain number", value=text[:40])
    return Decimal(text)
