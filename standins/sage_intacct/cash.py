"""Other receipts: money that belongs to no customer account (sheet 5.13)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from .books import Company
from .ledger import ZERO, Entry, Source, cents, check_line, check_open, post, rate
from .refusal import invalid
from .settlement import check_cash_account
from .store import Row
from .subledger import Line

METHODS = frozenset({"Printed Check", "Check", "Cash", "EFT", "Credit Card"})


@dataclass(frozen=True)
class NewReceipt:
    payer: str
    day: date
    received: date
    method: str
    lines: Sequence[Line]
    bank: str = ""
    undeposited: str = ""
    deposited: date | None = None
    number: str = ""
    description: str = ""
    currency: str = ""
    rate: Decimal | None = None
    fields: Row = field(default_factory=dict)


def receive(company: Company, new: NewReceipt) -> Row:
    if new.method not in METHODS:
        raise invalid(f"Payment method '{new.method}' is not valid.", "Select a valid payment method.")
    account = check_cash_account(company, new.bank, new.undeposited)
    for line in new.lines:
        check_line(company, line.account, line.dims, bank_allowed=False)
    currency = new.currency or company.currency
    at = rate(company, currency, new.rate)
    total = sum((cents(line.amount) for line in new.lines), ZERO)
    if total <= 0:
        raise invalid("The total of an other receipt must be positive.")
    day = new.deposited or new.received
    check_open(company, day, ("CM", "GL"), {line.dims.get("LOCATIONID", "") for line in new.lines})
    row = company.add("OTHERRECEIPTS", _row(company, new, currency, total, at))
    for number, line in enumerate(new.lines, 1):
        company.add("OTHERRECEIPTSENTRY", _item(row, number, line, at))
    title = f"Other receipt {new.number or row['RECORDNO']}"
    source = Source("OTHERRECEIPTS", row["RECORDNO"], "11.CM", "ORJ", title, new.number)
    post(company, day, source, _entries(new, account, currency, at))
    return row


def _entries(new: NewReceipt, account: Row, currency: str, at: Decimal) -> list[Entry]:
    sides = [
        Entry(li.account, -cents(cents(li.amount) * at), -cents(li.amount), currency, li.dims, li.memo, new.number)
        for li in new.lines
    ]
    place = account.get("LOCATIONID") or new.lines[0].dims.get("LOCATIONID", "")
    dims = {"LOCATIONID": place} if place else {}
    base, trx = -sum((e.amount for e in sides), ZERO), -sum((e.trx for e in sides), ZERO)
    cash = account.get("GLACCOUNTNO") or account["ACCOUNTNO"]
    return [Entry(cash, base, trx, currency, dims, new.description, new.number), *sides]


def _row(company: Company, new: NewReceipt, currency: str, total: Decimal, at: Decimal) -> Row:
    return {
        "RECORDTYPE": "cr",
        "RECORDID": new.number,
        "REFID": new.number,
        "DOCNUMBER": new.number,
        "PAYER": new.payer,
        "PAYMENTDATE": new.day,
        "RECEIPTDATE": new.received,
        "WHENCREATED": new.received,
        "DEPOSITDATE": new.deposited,
        "PAYMENTMETHOD": new.method,
        "BANKACCOUNTID": new.bank,
        "FINANCIALENTITY": new.bank,
        "UNDEPGLACCOUNTNO": new.undeposited,
        "DESCRIPTION": new.description,
        "CURRENCY": currency,
        "BASECURR": company.currency,
        "TRX_TOTALENTERED": total,
        "TOTALENTERED": cents(total * at),
        "STATE": "Posted",
        "RAWSTATE": "A",
        **new.fields,
    }


def _item(row: Row, number: int, line: Line, at: Decimal) -> Row:
    return {
        "RECORDKEY": row["RECORDNO"],
        "LINE_NO": number,
        "ACCOUNTNO": line.account,
        "ACCOUNTLABEL": line.label,
        "TRX_AMOUNT": cents(line.amount),
        "AMOUNT": cents(cents(line.amount) * at),
        "ENTRYDESCRIPTION": line.memo,
        **line.dims,
    }
