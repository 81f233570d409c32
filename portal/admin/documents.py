"""A frozen document as a bookkeeper reads it: a head, lines with accounts, sums; journals with debit and credit."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from audit.models import Record
from connectors.base import Entry
from connectors.errors import ConnectorError
from mappings.models import Choice
from portal.admin import words
from portal.engine import documents as frozen

AMOUNTS = ("amount", "applied", "excess", "settled", "due", "total")
HIDDEN = ("control", "kind", "lines", "coding")
ACCOUNTS, BANKS = "gl_account", "bank_account"
Names = dict[tuple[int, str], str]
"""Connection of the books and account → what they call it."""
FIRST = ("account", "label", "location", "department", "class_", "entity", "memo")


@dataclass(frozen=True)
class Line:
    account: str
    name: str
    cells: list[tuple[str, str]]
    """Column and value."""
    amount: str = ""
    debit: str = ""
    credit: str = ""


@dataclass
class Page:
    kind: str
    head: list[tuple[str, str]] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    journal: bool = False
    total: str = ""
    debits: str = ""
    credits: str = ""


def page(record: Record) -> Page | None:
    return pages([record])[0]


def pages(records: Sequence[Record]) -> list[Page | None]:
    """In their order. One query for the names of accounts, however many there are."""
    bodies = [None if one.document is None else json.loads(bytes(one.document)) for one in records]
    sides = [_entries(one) if body else () for one, body in zip(records, bodies, strict=True)]
    names = _account_names(records, bodies, sides)
    return [
        _page(record, body, entries, names) if body else None
        for record, body, entries in zip(records, bodies, sides, strict=True)
    ]


def _page(record: Record, body: dict[str, Any], entries: Sequence[Entry], names: Names) -> Page:
    lines = [one for one in body.get("lines") or [] if isinstance(one, dict)]
    made = Page(words.field(record.kind), _head(body, words.currency(record)), journal=bool(entries))
    if lines or entries:
        _fill(made, lines, entries, record, names)
    return made


def _entries(record: Record) -> tuple[Entry, ...]:
    """Debits and credits, by the kind of the document; empty also for one that was frozen in an older shape."""
    try:
        return frozen.of(record).entries()
    except (TypeError, ValueError, KeyError, ArithmeticError, ConnectorError):
        return ()


def _head(body: dict[str, Any], currency: str) -> list[tuple[str, str]]:
    return [
        (words.field(name), shown)
        for name, value in body.items()
        if name not in HIDDEN and (shown := _shown(name, value, currency))
    ]


def _shown(name: str, value: Any, currency: str) -> str:
    if value in (None, "", [], {}, False):
        return ""
    if value is True:
        return "yes"
    if isinstance(value, dict):
        return ", ".join(part for key, one in value.items() if (part := _shown(key, one, currency)))
    if isinstance(value, list):
        return "; ".join(part for one in value if (part := _shown(name, one, currency)))
    if name in AMOUNTS and (amount := _decimal(value)) is not None:
        return words.money(amount, currency)
    return str(value)


def _fill(made: Page, lines: list[dict[str, Any]], entries: Sequence[Entry], record: Record, names: Names) -> None:
    used = {name for line in lines for name, value in line.items() if value not in (None, "", [], {})}
    rest = [name for name in (lines[0] if lines else ()) if name in used and name not in (*FIRST, "amount")]
    columns = [name for name in FIRST[2:] if name in used or (name == "memo" and entries)] + rest
    currency = words.currency(record)
    made.columns = [words.field(name) for name in columns]
    for entry in entries or _plain_entries(lines):
        line = lines[entry.line] if entry.line is not None and entry.line < len(lines) else {"memo": entry.memo}
        cells = [(words.field(name), _shown(name, line.get(name), currency)) for name in columns]
        name = names.get((record.link.target_id, entry.account), "")
        made.lines.append(_line(made, entry.account, name, cells, entry.amount, currency))
    amounts = [entry.amount for entry in entries or _plain_entries(lines)]
    made.total = words.money(sum(amounts, Decimal(0)), currency)
    made.debits = words.money(sum((one for one in amounts if one > 0), Decimal(0)), currency)
    made.credits = words.money(-sum((one for one in amounts if one < 0), Decimal(0)), currency)


def _plain_entries(lines: list[dict[str, Any]]) -> list[Entry]:
    """Of a document that does not say its two sides: its lines with their amounts."""
    return [
        Entry(str(line.get("account") or line.get("label") or ""), _decimal(line.get("amount")) or Decimal(0), "", at)
        for at, line in enumerate(lines)
    ]


def _line(made: Page, account: str, name: str, cells: list[tuple[str, str]], amount: Decimal, currency: str) -> Line:
    if not made.journal:
        return Line(account, name, cells, amount=words.money(amount, currency))
    debit = words.money(amount, currency) if amount >= 0 else ""
    return Line(account, name, cells, debit=debit, credit="" if debit else words.money(-amount, currency))


def _account_names(
    records: Sequence[Record], bodies: Sequence[dict[str, Any] | None], sides: Sequence[Sequence[Entry]]
) -> Names:
    accounts = {entry.account for entries in sides for entry in entries}
    accounts |= {str(line.get("account")) for body in bodies if body for line in body.get("lines") or ()}
    targets = {record.link.target_id for record in records}
    rows = Choice.objects.filter(connection__in=targets, table__in=(ACCOUNTS, BANKS), value__in=accounts - {""})
    return {(one.connection_id, one.value): one.label.removeprefix(one.value).strip() or one.label for one in rows}


def _decimal(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None
