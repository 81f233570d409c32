"""The rows of one payment as a payload."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from connectors.base import Json
from connectors.files import FileRow
from connectors.names import fold
from connectors.stampli.files import amounts
from connectors.stampli.files.agreeing import agree, cell, entries, told_apart, value, vendor
from connectors.stampli.files.currencies import DECIMALS
from connectors.stampli.files.invoices import Made
from connectors.stampli.files.keys import document_key, payment_key, signature
from connectors.stampli.files.opening import Opening
from connectors.stampli.files.repeats import kept, total_of
from connectors.stampli.files.rules import Rules
from connectors.stampli.files.wrong import Wrong

_ALIKE: Final = (
    "payment_date",
    "payment_method",
    "payment_reference",
    "bank_account",
    "payment_total",
    "currency",
    "status",
)


def payload(rows: Sequence[FileRow], opening: Opening, rules: Rules) -> Made:
    """Raises Wrong."""
    paid = {row.number: Decimal(value(row, "paid_amount")) for row in rows}
    if negative := [number for number, amount in paid.items() if amount < 0]:
        raise Wrong("negative_payment", f"Row {negative[0]}.", column="paid_amount")
    agree(rows, _ALIKE)
    if len({_who(row) for row in rows}) > 1:
        raise Wrong("header_conflict", "They differ in vendor.", column="vendor")
    told = value(rows[0], "payment_total")
    total = Decimal(told) if told else None

    def fits(numbers: Sequence[int]) -> bool:
        return total_of([paid[number] for number in numbers]) == total

    counted = kept(entries(rows, "paid_amount", lambda row: "", opening), fits if total is not None else None)
    if counted.unproved:
        raise Wrong("total_mismatch", "A row is there twice, and without a total nothing shows whether it is meant.")
    if counted.code:
        said = f"The rows come to {total_of(list(paid.values())):f}, the total says {total or 0:f}."
        raise Wrong(counted.code, said, column="payment_total")
    chosen = [row for row in rows if row.number in counted.rows]
    amount = total_of([paid[row.number] for row in chosen])
    if not amount:
        raise Wrong("zero_total")
    made = _payload(chosen, amount, rules)
    for repeat, first in counted.twice:
        next(line for line in made["lines"] if first in line["rows"])["rows"].append(repeat)
    made["rows"] = [row.number for row in rows]
    notes = told_apart(rows, ("vendor_name", "description", "link"))
    made["warnings"] = [{"code": one.code, "said": one.said} for one in notes]
    return Made(made, counted.twice)


def _who(row: FileRow) -> str:
    who = vendor(row)
    return fold(who["id"] or who["name"])


def _payload(rows: Sequence[FileRow], amount: Decimal, rules: Rules) -> Json:
    first = rows[0]
    currency = value(first, "currency")
    total = amounts.text(amount, DECIMALS[currency])
    lines = [_line(row) for row in rows]
    day = value(first, "payment_date")
    return {
        "class": "payment",
        "key": payment_key(cell(first, "payment_id")),
        "payment_id": cell(first, "payment_id"),
        "payment_date": day,
        "method": cell(first, "payment_method"),
        "reference": cell(first, "payment_reference"),
        "bank_account": cell(first, "bank_account"),
        "vendor": vendor(first),
        "currency": currency,
        "currency_from": "file" if cell(first, "currency") else "default",
        "total": total,
        "total_from": "file" if value(first, "payment_total") else "lines",
        "entity": cell(first, "entity") or rules.default_entity,
        "description": str(first.body["cells"].get("description", "")),
        "status": cell(first, "status"),
        "link": cell(first, "link"),
        "lines": lines,
        "signature": signature(day, currency, total, ((line["invoice_number"], line["amount"]) for line in lines)),
    }


def _line(row: FileRow) -> Json:
    """`bill`: the key that the bill has if its file writes the vendor as this one does."""
    who, number = vendor(row), cell(row, "invoice_number")
    return {
        "rows": [row.number],
        "invoice_number": number,
        "bill": document_key("bill", who["id"] or who["name"], number),
        "amount": value(row, "paid_amount"),
        "stampli_id": cell(row, "stampli_invoice_id"),
    }
