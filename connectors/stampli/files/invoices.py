"""The rows of one bill or credit as a payload."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from connectors.base import Json
from connectors.files import FileRow
from connectors.stampli.files import amounts, totals
from connectors.stampli.files.agreeing import agree, cell, dimensions, entries, told_apart, value, vendor
from connectors.stampli.files.codes import note
from connectors.stampli.files.currencies import DECIMALS
from connectors.stampli.files.keys import document_key, signature
from connectors.stampli.files.opening import Opening
from connectors.stampli.files.repeats import kept, total_of
from connectors.stampli.files.rules import Rules
from connectors.stampli.files.totals import Money, Tax
from connectors.stampli.files.wrong import Wrong

_ALIKE: Final = (
    "record_type",
    "invoice_date",
    "due_date",
    "posting_date",
    "terms",
    "currency",
    "invoice_total",
    "entity",
    "stampli_invoice_id",
)
_MAY_DIFFER: Final = ("po_number", "description", "vendor_name", "link")


@dataclass(frozen=True)
class Made:
    """`twice`: the row that repeats another, and that other one."""

    payload: Json
    twice: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class _Sum:
    """What the rows that count come to, with the signs as they are meant."""

    lines: list[Money]
    total: Decimal | None
    tax: Tax | None

    @property
    def comes_to(self) -> Decimal:
        return total_of([line.amount for line in self.lines]) if self.total is None else self.total


def payload(rows: Sequence[FileRow], opening: Opening, rules: Rules) -> Made:
    """Raises Wrong."""
    alike = [name for name in _ALIKE if name != "entity" or rules.entity_of == "document"]
    agree(rows, alike)
    by_number = {row.number: row for row in rows}
    total = _decimal(rows[0], "invoice_total")

    def fits(numbers: Sequence[int]) -> bool:
        return _summed([by_number[number] for number in numbers], total).tax is not None

    counted = kept(entries(rows, "line_amount", _line_number, opening), fits if total is not None else None)
    if counted.code:
        raise Wrong(counted.code, counted.said or _differs(rows, total))
    chosen = [by_number[number] for number in counted.rows]
    result = _summed(chosen, total)
    if result.tax is None:
        raise Wrong("total_mismatch", "Without a total nothing shows whether the tax is part of the lines.")
    if not result.comes_to:
        raise Wrong("zero_total")
    notes = told_apart(rows, _MAY_DIFFER)
    if counted.unproved:
        notes.append(note("identical_rows_kept"))
    made = _payload(chosen, result, rules)
    for repeat, first in counted.twice:
        next(line for line in made["lines"] if first in line["rows"])["rows"].append(repeat)
    made["rows"] = [row.number for row in rows]
    made["warnings"] = [{"code": one.code, "said": one.said} for one in notes]
    return Made(made, counted.twice)


def _summed(rows: Sequence[FileRow], total: Decimal | None) -> _Sum:
    lines = [Money(_amount(row), _decimal(row, "tax_amount")) for row in rows]
    if rows[0].body["class"] == "credit":
        meant = totals.as_credit(lines, total)
        if meant is None:
            raise Wrong("credit_signs_mixed")
        lines, total = meant
    return _Sum(lines, total, totals.tax_of(lines, total))


def _differs(rows: Sequence[FileRow], total: Decimal | None) -> str:
    amount = total_of([_amount(row) for row in rows])
    tax = total_of([_decimal(row, "tax_amount") or Decimal(0) for row in rows])
    more = f" and tax of {tax:f}" if tax else ""
    return f"The rows come to {amount:f}{more}, the total says {total or 0:f}."


def _payload(rows: Sequence[FileRow], result: _Sum, rules: Rules) -> Json:
    first = rows[0]
    currency = value(first, "currency")
    total = amounts.text(result.comes_to, DECIMALS[currency])
    kind = "credit" if result.comes_to < 0 else "bill"
    who, number = vendor(first), cell(first, "invoice_number")
    lines = [_line(row, money, result.tax, rules) for row, money in zip(rows, result.lines, strict=True)]
    day = value(first, "invoice_date")
    return {
        "class": kind,
        "key": document_key(kind, who["id"] or who["name"], number),
        "vendor": who,
        "number": number,
        "invoice_date": day,
        **_due(first, rules),
        "posting_date": value(first, "posting_date"),
        "currency": currency,
        "currency_from": "file" if cell(first, "currency") else "default",
        "total": total,
        "total_from": "lines" if result.total is None else "file",
        **_entity(lines, rules),
        "po_number": cell(first, "po_number"),
        "terms": cell(first, "terms"),
        "description": str(first.body["cells"].get("description", "")),
        "record_type": cell(first, "record_type"),
        "stampli_id": cell(first, "stampli_invoice_id"),
        "status": cell(first, "status"),
        "link": cell(first, "link"),
        "tax": _tax(result, currency),
        "lines": lines,
        "signature": signature(day, currency, total, ((line["gl_account"], line["amount"]) for line in lines)),
    }


def _line(row: FileRow, money: Money, tax: Tax | None, rules: Rules) -> Json:
    decimals = DECIMALS[value(row, "currency")]
    own = money.tax if tax in ("line", "inside") else None
    return {
        "rows": [row.number],
        "number": cell(row, "line_number"),
        "gl_account": cell(row, "gl_account"),
        "amount": amounts.text(money.amount, decimals),
        "description": str(row.body["cells"].get("line_description", "")),
        "dimensions": dimensions(row),
        "entity": cell(row, "entity") or rules.default_entity,
        "tax_amount": "" if own is None else amounts.text(own, decimals),
        "tax_code": cell(row, "tax_code"),
    }


def _tax(result: _Sum, currency: str) -> Json:
    """`how`: none, inside (of the lines; only told), line (beside each line), document (once, beside all lines)."""
    taxes = [line.tax for line in result.lines if line.tax]
    amount = Decimal(0)
    if taxes:
        amount = taxes[0] if result.tax == "document" else total_of(taxes)
    return {"how": result.tax, "amount": amounts.text(amount, DECIMALS[currency]) if taxes else ""}


def _due(row: FileRow, rules: Rules) -> Json:
    """`due_from`: the file, the terms (which the books must know), the invoice date, or nothing."""
    if given := value(row, "due_date"):
        return {"due_date": given, "due_from": "file"}
    if cell(row, "terms"):
        return {"due_date": "", "due_from": "terms"}
    if rules.missing_due_date == "invoice_date":
        return {"due_date": value(row, "invoice_date"), "due_from": "invoice_date"}
    return {"due_date": "", "due_from": "nothing"}


def _entity(lines: Sequence[Json], rules: Rules) -> Json:
    """Of the document: the one that all lines have. Where they have several, the one that is set; or none."""
    entities = {line["entity"] for line in lines}
    return {"entity": entities.pop() if len(entities) == 1 else rules.default_entity}


def _amount(row: FileRow) -> Decimal:
    return Decimal(row.body["values"]["line_amount"])


def _decimal(row: FileRow, name: str) -> Decimal | None:
    text = value(row, name)
    return Decimal(text) if text else None


def _line_number(row: FileRow) -> str:
    text = cell(row, "line_number")
    return text.lstrip("0") or "0" if text.isdigit() else text
