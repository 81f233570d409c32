"""A frozen document as a bookkeeper reads it: a head, lines with accounts, sums; journals with debit and credit."""

import json
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from audit.models import Record
from mappings.models import Choice
from portal.admin import words

AMOUNTS = ("amount", "applied", "excess", "settled", "due", "total")
HIDDEN = ("control", "kind", "lines")
ACCOUNTS = "gl_account"
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
    if record.document is None:
        return None
    body = json.loads(bytes(record.document))
    lines = [one for one in body.get("lines") or [] if isinstance(one, dict)]
    made = Page(words.field(record.kind), _head(body, words.currency(record)), journal=record.kind == "journal")
    if lines:
        _fill(made, lines, record)
    return made


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


def _fill(made: Page, lines: list[dict[str, Any]], record: Record) -> None:
    used = {name for line in lines for name, value in line.items() if value not in (None, "", [], {})}
    rest = [name for name in lines[0] if name in used and name not in (*FIRST, "amount")]
    names = [name for name in FIRST[2:] if name in used] + rest
    currency = words.currency(record)
    known = _account_names(record, {str(line.get("account", "")) for line in lines})
    amounts = [_decimal(line.get("amount")) or Decimal(0) for line in lines]
    made.columns = [words.field(name) for name in names]
    for line, amount in zip(lines, amounts, strict=True):
        account = str(line.get("account") or line.get("label") or "")
        cells = [(words.field(name), _shown(name, line.get(name), currency)) for name in names]
        made.lines.append(_line(made, account, known.get(account, ""), cells, amount, currency))
    made.total = words.money(sum(amounts, Decimal(0)), currency)
    made.debits = words.money(sum((one for one in amounts if one > 0), Decimal(0)), currency)
    made.credits = words.money(-sum((one for one in amounts if one < 0), Decimal(0)), currency)


def _line(made: Page, account: str, name: str, cells: list[tuple[str, str]], amount: Decimal, currency: str) -> Line:
    if not made.journal:
        return Line(account, name, cells, amount=words.money(amount, currency))
    debit = words.money(amount, currency) if amount >= 0 else ""
    return Line(account, name, cells, debit=debit, credit="" if debit else words.money(-amount, currency))


def _account_names(record: Record, accounts: set[str]) -> dict[str, str]:
    rows = Choice.objects.filter(connection_id=record.link.target_id, table=ACCOUNTS, value__in=accounts)
    return dict(rows.values_list("value", "label"))


def _decimal(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None
