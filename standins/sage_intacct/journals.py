"""Journal entries: GLBATCH with GLENTRY (sheet 5.8)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from .books import Company
from .ledger import ZERO, Entry, Source, cents, check_line, check_open, post, rate, sums_by_entity, undo
from .refusal import format_wrong, invalid, wrong_state
from .store import Row


@dataclass(frozen=True)
class NewEntry:
    account: str
    amount: Decimal
    debit: bool
    currency: str = ""
    rate: Decimal | None = None
    memo: str = ""
    document: str = ""
    dims: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class NewBatch:
    journal: str
    day: date
    title: str
    entries: Sequence[NewEntry]
    reference: str = ""
    base_location: str = ""
    reverse_on: date | None = None
    draft: bool = False
    fields: Row = field(default_factory=dict)


def create(company: Company, new: NewBatch) -> Row:
    _check_journal(company, new)
    entries = [_entry(company, entry) for entry in new.entries]
    _check_balance(company, new, entries)
    if not new.draft:
        _check_open(company, new.day, entries)
    row = company.add("GLBATCH", _row(company, new))
    for line, entry in enumerate(entries, 1):
        company.add("GLENTRY", _line(row, line, entry))
    if new.draft:
        return company.change("GLBATCH", row, STATE="Draft", RAWSTATE="D")
    if "GLBATCH" in company.knobs.submitted:
        return company.change("GLBATCH", row, STATE="Submitted", RAWSTATE="S")
    return release(company, row)


def release(company: Company, row: Row) -> Row:
    lines = company.find("GLENTRY", "BATCHNO", row["RECORDNO"])
    entries = [_again(line) for line in lines]
    _check_open(company, row["BATCH_DATE"], entries)
    source = _source(row)
    post(company, row["BATCH_DATE"], source, entries)
    if row["REVERSEDATE"]:
        title = f"Reversed - {source.title}"
        undo(company, row["REVERSEDATE"], Source("REVERSAL", company.number(), "2.GL", source.symbol, title), source)
    return company.change("GLBATCH", row, STATE="Posted", RAWSTATE="P")


def delete(company: Company, key: int) -> None:
    row = company.get("GLBATCH", key)
    if row is None:
        raise invalid(f"Could not find GLBatch {key}.")
    if row["RAWSTATE"] != "D":
        raise wrong_state(f"The journal entry {key} is {row['STATE']} and cannot be deleted.")
    for line in company.find("GLENTRY", "BATCHNO", key):
        company.drop("GLENTRY", line["RECORDNO"])
    company.drop("GLBATCH", key)


def _source(row: Row) -> Source:
    return Source("GLBATCH", row["RECORDNO"], "2.GL", row["JOURNAL"], row["BATCH_TITLE"], row["REFERENCENO"])


def _check_journal(company: Company, new: NewBatch) -> None:
    journal = company.master("JOURNAL", "SYMBOL", new.journal)
    if journal is None:
        raise invalid(f"Journal '{new.journal}' is not valid.", "Select a valid journal.")
    if journal.get("DISALLOWDIRECTPOSTING"):
        raise invalid(f"Journal {new.journal} does not allow direct posting.")
    if len(new.entries) < 2:
        raise invalid("A journal entry must have at least two lines.")
    if new.reverse_on and new.reverse_on <= new.day:
        raise invalid("The reversal date must be after the posting date.")


def _entry(company: Company, new: NewEntry) -> Entry:
    if new.amount < 0:
        raise format_wrong("The amount of a journal line must not be negative.", "Use TR_TYPE to give the side.")
    dims = dict(new.dims)
    if company.entity:
        dims.setdefault("LOCATIONID", company.entity)
    check_line(company, new.account, dims, bank_allowed=True)
    currency = new.currency or company.currency
    trx = cents(new.amount) * (1 if new.debit else -1)
    base = cents(trx * rate(company, currency, new.rate))
    return Entry(new.account, base, trx, currency, dims, new.memo, new.document)


def _check_balance(company: Company, new: NewBatch, entries: Sequence[Entry]) -> None:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for entry in entries:
        sums[entry.currency] += entry.trx
    if any(sums.values()) or sum((e.amount for e in entries), ZERO):
        raise invalid("The total debits and total credits of the transaction do not balance.")
    if new.base_location:
        if not company.master("LOCATIONENTITY", "LOCATIONID", new.base_location):
            raise invalid(f"The source entity '{new.base_location}' is not valid.")
    elif any(sums_by_entity(company, entries).values()):
        raise invalid("The transaction does not balance by entity; a source entity must be specified.")


def _check_open(company: Company, day: date, entries: Sequence[Entry]) -> None:
    banks = {row["GLACCOUNTNO"] for row in company.rows("CHECKINGACCOUNT").values()}
    cash = company.knobs.journal_cash and any(entry.account in banks for entry in entries)
    modules = ("GL", "CM") if cash else ("GL",)
    check_open(company, day, modules, {entry.dims.get("LOCATIONID", "") for entry in entries})


def _row(company: Company, new: NewBatch) -> Row:
    return {
        "BATCHNO": company.running(f"JOURNAL {new.journal}"),
        "BATCH_TITLE": new.title,
        "BATCH_DATE": new.day,
        "JOURNAL": new.journal,
        "REFERENCENO": new.reference,
        "BASELOCATION_NO": new.base_location,
        "REVERSEDATE": new.reverse_on,
        "STATE": "Posted",
        "RAWSTATE": "P",
        "MODULE": "2.GL",
        **new.fields,
    }


def _line(row: Row, number: int, entry: Entry) -> Row:
    """In journal lines the two first dimensions go by shorter names."""
    dims = {_SHORT.get(name, name): value for name, value in entry.dims.items()}
    return {
        "BATCHNO": row["RECORDNO"],
        "LINE_NO": number,
        "ENTRY_DATE": row["BATCH_DATE"],
        "TR_TYPE": 1 if entry.trx >= 0 else -1,
        "ACCOUNTNO": entry.account,
        "AMOUNT": abs(entry.amount),
        "TRX_AMOUNT": abs(entry.trx),
        "CURRENCY": entry.currency,
        "DESCRIPTION": entry.memo,
        "DOCUMENT": entry.document,
        **dims,
    }


_SHORT = {"LOCATIONID": "LOCATION", "DEPARTMENTID": "DEPARTMENT"}
_LONG = {short: long for long, short in _SHORT.items()}
_DIMS = ("LOCATION", "DEPARTMENT", "CLASSID", "PROJECTID", "ITEMID", "CUSTOMERID", "VENDORID")


def _again(line: Row) -> Entry:
    dims = {_LONG.get(name, name): line[name] for name in line if name in _DIMS or name.startswith("GLDIM")}
    dims = {name: value for name, value in dims.items() if value}
    side = line["TR_TYPE"]
    amount, trx = side * line["AMOUNT"], side * line["TRX_AMOUNT"]
    return Entry(line["ACCOUNTNO"], amount, trx, line["CURRENCY"], dims, line["DESCRIPTION"], line["DOCUMENT"])
