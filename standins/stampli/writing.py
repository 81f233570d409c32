"""How an export is written down: the layouts that customers choose, as text or XML. One row a line of a bill, or a bill
that a payment pays."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final
from xml.sax.saxutils import escape

from standins.stampli.story import Bill, Line, Payment

Row = dict[str, str]


@dataclass(frozen=True)
class Layout:
    """`names`: our word for a column → the one in the header, in order; a column that is not named is left out."""

    label: str
    bills: dict[str, str]
    payments: dict[str, str]
    delimiter: str = ","
    quoting: int = csv.QUOTE_MINIMAL
    end: str = "\n"
    encoding: str = "utf-8"
    day: Callable[[date], str] = date.isoformat
    amount: Callable[[Decimal], str] = str
    extension: str = "csv"


_PLAIN_BILLS: Final = {
    "id": "Stampli Invoice ID", "type": "Record Type", "vendor": "Vendor ID", "name": "Vendor Name",
    "number": "Invoice Number", "day": "Invoice Date", "due": "Due Date", "posted": "GL Posting Date",
    "currency": "Currency", "total": "Invoice Total", "po": "PO Number", "line": "Line Number",
    "account": "GL Account", "amount": "Line Amount", "text": "Line Description", "department": "Department",
    "location": "Location",
}  # fmt: skip
_PLAIN_PAYMENTS: Final = {
    "id": "Payment ID", "day": "Payment Date", "method": "Payment Method", "reference": "Check Number",
    "bank": "Bank Account", "vendor": "Vendor ID", "name": "Vendor Name", "number": "Invoice Number",
    "amount": "Amount Paid", "total": "Payment Total", "currency": "Currency", "status": "Status",
}  # fmt: skip
_OTHER_BILLS: Final = {
    "number": "Bill No.", "day": "Bill Date", "due": "Date Due", "vendor": "Supplier No", "name": "Supplier",
    "account": "GL Code", "amount": "Distribution Amount", "total": "Bill Amount", "text": "Line Memo",
    "type": "Document Type", "department": "Dept", "location": "Site", "po": "PO",
}  # fmt: skip
_OTHER_PAYMENTS: Final = {
    "id": "Transaction ID", "day": "Paid Date", "vendor": "Supplier No", "name": "Supplier", "number": "Bill No.",
    "amount": "Applied Amount", "total": "Total Paid", "method": "Pay Type", "reference": "Trace Number",
    "bank": "Funding Account", "status": "Payment Status",
}  # fmt: skip


def _grouped(amount: Decimal) -> str:
    return f"{amount:,.2f}"


def _comma(amount: Decimal) -> str:
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


LAYOUTS: Final = {
    "plain": Layout("Plain CSV", _PLAIN_BILLS, _PLAIN_PAYMENTS),
    "renamed": Layout("Other names, other order", _OTHER_BILLS, _OTHER_PAYMENTS),
    "excel": Layout(
        "As a spreadsheet saves it",
        _PLAIN_BILLS,
        _PLAIN_PAYMENTS,
        quoting=csv.QUOTE_ALL,
        end="\r\n",
        encoding="utf-8-sig",
        day=lambda day: f"{day:%m/%d/%Y}",
        amount=_grouped,
    ),
    "european": Layout(
        "Semicolons, decimal commas",
        _PLAIN_BILLS,
        _PLAIN_PAYMENTS,
        delimiter=";",
        day=lambda day: f"{day:%d.%m.%Y}",
        amount=_comma,
    ),
    "xml": Layout("XML", _PLAIN_BILLS, _PLAIN_PAYMENTS, extension="xml"),
}


def bills_file(bills: Sequence[Bill], layout: str = "plain") -> bytes:
    how = LAYOUTS[layout]
    if how.extension == "xml":
        return _xml("Invoices", len(bills), (_bill_xml(bill, how) for bill in bills))
    return _text([row for bill in bills for row in _bill_rows(bill, how)], how.bills, how)


def payments_file(payments: Sequence[Payment], layout: str = "plain") -> bytes:
    how = LAYOUTS[layout]
    if how.extension == "xml":
        return _xml("Payments", len(payments), (_payment_xml(payment, how) for payment in payments))
    return _text([row for payment in payments for row in _payment_rows(payment, how)], how.payments, how)


def _bill_rows(bill: Bill, how: Layout) -> list[Row]:
    return [_bill_head(bill, how) | _line(n, line, how) for n, line in enumerate(bill.lines, 1)]


def _bill_head(bill: Bill, how: Layout) -> Row:
    return {
        "id": bill.id,
        "type": "Credit Memo" if bill.credit else "Invoice",
        "vendor": bill.vendor,
        "name": bill.name,
        "number": bill.number,
        "day": how.day(bill.day),
        "due": how.day(bill.due),
        "posted": how.day(bill.day),
        "currency": bill.currency,
        "total": how.amount(bill.total),
        "po": bill.po,
    }


def _line(number: int, line: Line, how: Layout) -> Row:
    return {
        "line": str(number),
        "account": line.account,
        "amount": how.amount(line.amount),
        "text": line.text,
        "department": line.department,
        "location": line.location,
    }


def _payment_head(payment: Payment, how: Layout) -> Row:
    return {
        "id": payment.id,
        "day": how.day(payment.day),
        "method": payment.method,
        "reference": payment.reference,
        "bank": payment.bank,
        "vendor": payment.vendor,
        "name": payment.name,
        "total": how.amount(payment.total),
        "currency": payment.currency,
        "status": payment.status,
    }


def _payment_rows(payment: Payment, how: Layout) -> list[Row]:
    head = _payment_head(payment, how)
    return [head | {"number": number, "amount": how.amount(amount)} for number, amount in payment.applied]


def _text(rows: Iterable[Row], names: dict[str, str], how: Layout) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=how.delimiter, quoting=how.quoting, lineterminator=how.end)  # type: ignore[arg-type]
    writer.writerow(names.values())
    writer.writerows([row[name] for name in names] for row in rows)
    return out.getvalue().encode(how.encoding)


# --- XML --------------------------------------------------------------------------------------------------------------


def _xml(root: str, count: int, inside: Iterable[str]) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} count="{count}">\n{"".join(inside)}</{root}>\n'.encode()


def _bill_xml(bill: Bill, how: Layout) -> str:
    lines = "".join(f"<Line>{_tags(_line(n, line, how), how.bills)}</Line>" for n, line in enumerate(bill.lines, 1))
    return f"  <Invoice>{_tags(_bill_head(bill, how), how.bills)}<Lines>{lines}</Lines></Invoice>\n"


def _payment_xml(payment: Payment, how: Layout) -> str:
    applied = "".join(
        f"<Applied>{_tags({'number': number, 'amount': how.amount(amount)}, how.payments)}</Applied>"
        for number, amount in payment.applied
    )
    return f"  <Payment>{_tags(_payment_head(payment, how), how.payments)}{applied}</Payment>\n"


def _tags(row: Row, names: dict[str, str]) -> str:
    return "".join(f"<{names[k].replace(' ', '')}>{escape(v)}</{names[k].replace(' ', '')}>" for k, v in row.items())
