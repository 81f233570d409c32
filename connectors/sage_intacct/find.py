"""How what Sage Intacct holds is found again, by the key that we gave it, and read as ours."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from connectors.base import Document, Found, Identity, Look, Ref
from connectors.errors import Denied, Malformed
from connectors.sage_intacct.answers import Row
from connectors.sage_intacct.documents import AMBIGUOUS, BillPayment, BillReversal, InvoiceReversal, Payment
from connectors.sage_intacct.documents.bill_payment import told
from connectors.sage_intacct.documents.payable import as_they_count
from connectors.sage_intacct.documents.reversal import VOID
from connectors.sage_intacct.query import Query, wanted
from connectors.sage_intacct.shelves import REVERSED, SHELVES, STATES, Shelf, Undoing

Rows = Sequence[Row]
Fetch = Callable[[Sequence[Query]], Sequence[Rows]]
"""Runs queries in one request and returns the rows of each."""

_ENTRIES: Final = ("RECORDNO", "BATCHNO", "ACCOUNTNO", "TR_TYPE", "TRX_AMOUNT")
_ENTRIES_MORE: Final = ("CURRENCY", "LOCATION", "DEPARTMENT")
_ITEMS: Final = ("RECORDNO", "RECORDKEY", "LINE_NO", "TRX_AMOUNT", "AMOUNT")
_ITEMS_CODING: Final = ("ACCOUNTNO", "LOCATIONID", "DEPARTMENTID")


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
    queries = [shelf.query(shelf.id, ids)]
    if shelf.object == "GLBATCH":
        queries.append(_entries(ids))
    rows, *entries = fetch(queries)
    if entries:
        rows = [_totalled(row, entries[0]) for row in rows]
    if kind == BillPayment.kind:
        rows = _with_bills(rows, fetch)
    lines = _read_lines(shelf, rows, fetch, multi=bool(multi))
    by_id = {row.get(shelf.id, ""): found(kind, row, multi=bool(multi)) for row in rows}
    there = [by_id.get(record) for record in ids]
    return [one and _with_lines(one, shelf, lines.get(one.id)) for one in there]


def found(kind: str, row: Row, *, multi: bool) -> Found:
    """A row as ours. `multi` False: the company has one currency, and ours name none."""
    shelf = SHELVES[kind]
    state = "" if shelf.master else row.get("STATE", "").lower()
    identity = Identity(
        kind=kind,
        key=row.get(shelf.key, ""),
        party=row.get(shelf.party, "") if shelf.party else "",
        currency=row.get("CURRENCY", "") if multi and not shelf.master else "",
        amount=_counted(shelf, _first(row, shelf.amounts)) or Decimal(0),
        day=us_date(row.get(shelf.day, "")) if shelf.day else None,
    )
    return Found(
        id=row.get(shelf.id, ""),
        identity=identity,
        number=(row.get(shelf.number) if shelf.number else "") or row.get(shelf.key, ""),
        state=shelf.states.get(state) or STATES.get(state, state),
        due=_counted(shelf, _first(row, shelf.due)),
        url=row.get("RECORD_URL", ""),
        raw=row,
        base=_amount(row, "TOTALENTERED") if multi and not shelf.master else None,
    )


def _counted(shelf: Shelf, amount: Decimal | None) -> Decimal | None:
    """Of an AP adjustment: with the sign with which it counts here."""
    return as_they_count(amount) if shelf.object == "APADJUSTMENT" and amount is not None else amount


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
    """One request: what is reversed, the credits that may stand for it, and what both refer to."""
    kind = documents[0].kind
    refs = list(dict.fromkeys(ref for document in documents for ref in document.refs()))
    credits = [ref for document in documents if (ref := _credit(document))]
    wanted_refs = [*refs, *credits]
    kinds = list(dict.fromkeys(ref.kind for ref in wanted_refs))
    rows = fetch([SHELVES[k].query(SHELVES[k].key, [r.key for r in wanted_refs if r.kind == k]) for k in kinds])
    there = dict(zip(kinds, rows, strict=True))
    looks = []
    for document in documents:
        hits = _reversed(REVERSED[kind], document.identity(), there)
        credit = _credit(document)
        hits += _credit_hits(credit, document.identity(), there) if credit else []
        found_refs = {ref: _ref(ref, there.get(ref.kind, ()), {}, multi=bool(multi)) for ref in document.refs()}
        looks.append(Look(tuple(hits), found_refs))
    return looks


def _credit(document: Document) -> Ref | None:
    """The credit that may stand for a reversal."""
    credit = document.otherwise if isinstance(document, InvoiceReversal | BillReversal) else None
    return Ref(credit.kind, credit.number, credit.identity().party) if credit else None


def _reversed(undoing: Undoing, identity: Identity, there: Mapping[str, Rows]) -> list[Found]:
    shelf = SHELVES[undoing.of]
    rows = [row for row in there.get(undoing.of, ()) if _is(row, shelf, identity.key, identity.party)]
    standing = [found(undoing.of, row, multi=False) for row in rows]
    # A document of the same number may have been made anew; that one is not what was reversed.
    return [_undone(one, identity, shelf) for one in standing if one.state in undoing.done]


def _credit_hits(credit: Ref, identity: Identity, there: Mapping[str, Rows]) -> list[Found]:
    shelf = SHELVES[credit.kind]
    rows = [row for row in there.get(credit.kind, ()) if _is(row, shelf, credit.key, credit.party)]
    made = [found(credit.kind, row, multi=False) for row in rows]
    return [replace(_undone(one, identity, shelf), state=one.state) for one in made if not one.gone]


def _undone(original: Found, identity: Identity, shelf: Shelf) -> Found:
    return replace(original, id=f"{shelf.object}/{original.id}", identity=identity, state="posted", due=None)


def _read_reversals(kind: str, ids: Sequence[str], fetch: Fetch) -> list[Found | None]:
    """What stands under `object/id` now: an original that is gone, or the credit that took its place."""
    undoing = REVERSED[kind]
    shelves = {SHELVES[name].object: name for name in (undoing.of, undoing.credit) if name}
    split = [one.partition("/") for one in ids]
    objects = list(dict.fromkeys(name for name, _, _ in split))
    on = [SHELVES[shelves[name]] for name in objects]
    queries = [shelf.query(shelf.id, [n for o, _, n in split if o == shelf.object]) for shelf in on]
    found_rows = {
        f"{shelf.object}/{row.get(shelf.id, '')}": row
        for shelf, rows in zip(on, fetch(queries), strict=True)
        for row in rows
    }
    return [_read_reversal(kind, shelves, one, found_rows.get(one)) for one in ids]


def _read_reversal(kind: str, shelves: Mapping[str, str], id: str, row: Row | None) -> Found | None:
    if row is None:
        return None
    undoing, name = REVERSED[kind], shelves[id.partition("/")[0]]
    one = found(name, row, multi=False)
    instead = name == undoing.credit
    number = one.identity.key.removesuffix(VOID) if instead else one.identity.key
    identity = Identity(kind, number, one.identity.party, "", Decimal(0), None)
    if instead:
        return replace(one, id=id, identity=identity, due=None)
    done = one.state in undoing.done
    return replace(one, id=id, identity=identity, due=None, state="posted") if done else None


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


def _read_lines(shelf: Shelf, rows: Rows, fetch: Fetch, *, multi: bool) -> Mapping[str, Rows]:
    """Lines by RECORDNO, in their order: of all that are compared to the line, else of those in another currency than
    that of the books. Documents whose lines may not be read are left out."""
    asked = [row for row in rows if shelf.to_the_line or (multi and _foreign(row))]
    ids = wanted([row.get("RECORDNO", "") for row in asked])
    if not shelf.items or not ids:
        return {}
    more = _ITEMS_CODING if shelf.to_the_line else ()
    try:
        (items,) = fetch([Query(shelf.items, _ITEMS, more, "RECORDKEY", ids)])
    except Denied:  # the documents themselves were read just now: it is these rows alone
        return {}
    by_record: defaultdict[str, list[Row]] = defaultdict(list)
    for row in items:
        by_record[row.get("RECORDKEY", "")].append(row)
    return {record: sorted(own, key=_place) for record, own in by_record.items()}


def _with_bills(rows: Rows, fetch: Fetch) -> Rows:
    """Vendor payments with what each paid of which bill: `PAID.<number>`. As they are, where that may not be read."""
    ids = wanted([row.get("RECORDNO", "") for row in rows])
    fields = ("RECORDNO", "PAYMENTKEY", "RECORDKEY", "TRX_PAYMENTAMOUNT")
    try:
        (details,) = fetch([Query("APPYMTDETAIL", fields, field="PAYMENTKEY", values=ids)])
        keys = wanted([detail.get("RECORDKEY", "") for detail in details])
        (bills,) = fetch([Query("APBILL", ("RECORDNO", "RECORDID"), field="RECORDNO", values=keys)])
    except Denied:
        return rows
    numbers = {bill.get("RECORDNO", ""): bill.get("RECORDID", "") for bill in bills}
    paid: defaultdict[str, defaultdict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for detail in details:
        number = numbers.get(detail.get("RECORDKEY", ""), "")
        paid[detail.get("PAYMENTKEY", "")][number] += _amount(detail, "TRX_PAYMENTAMOUNT") or Decimal(0)
    return [{**row, **told(paid[row.get("RECORDNO", "")])} if row.get("RECORDNO") in paid else row for row in rows]


def _foreign(row: Row) -> bool:
    return row.get("CURRENCY") != row.get("BASECURR")


def _with_lines(one: Found, shelf: Shelf, lines: Rows | None) -> Found:
    if not lines:
        return one
    amounts = [_amount(row, "AMOUNT") for row in lines] if _foreign(one.raw) else []
    base = tuple(amount for amount in amounts if amount is not None)
    raw = {f"LINES.{n}.{name}": text for n, row in enumerate(lines, 1) for name, text in row.items()}
    told = {**one.raw, "LINES": str(len(lines)), **raw} if shelf.to_the_line else one.raw
    return replace(one, raw=told, base_lines=base if None not in amounts else ())


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
