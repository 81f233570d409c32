"""Documents of the two subledgers: invoices, bills and adjustments, with lines.

One shape serves four objects (sheet 5.5, 5.7, 5.9, 5.11): on the receivable side a positive line debits the control
account and credits the line's account, on the payable side the other way round. Negative lines of an adjustment make
a credit memo or vendor credit; negative lines of an invoice are inline credits.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

from .books import Company
from .ledger import ZERO, Entry, Source, cents, check_line, check_open, post, rate, undo
from .refusal import Refusal, duplicate_number, format_wrong, invalid, wrong_state
from .store import Row


@dataclass(frozen=True)
class Kind:
    object: str
    items: str
    word: str  # in refusals
    party: str
    party_id: str
    role: str
    module: str
    sign: int  # of the control account for a positive line
    modulekey: str
    symbol: str
    terms: str


ARINVOICE = Kind(
    "ARINVOICE", "ARINVOICEITEM", "invoice", "CUSTOMER", "CUSTOMERID", "ar", "AR", 1, "4.AR", "ARJ", "ARTERM"
)
ARADJUSTMENT = Kind(
    "ARADJUSTMENT", "ARADJUSTMENTITEM", "adjustment", "CUSTOMER", "CUSTOMERID", "ar", "AR", 1, "4.AR", "ARAJ", "ARTERM"
)
APBILL = Kind("APBILL", "APBILLITEM", "bill", "VENDOR", "VENDORID", "ap", "AP", -1, "3.AP", "APJ", "APTERM")
APADJUSTMENT = Kind(
    "APADJUSTMENT", "APADJUSTMENTITEM", "adjustment", "VENDOR", "VENDORID", "ap", "AP", -1, "3.AP", "APAJ", "APTERM"
)
KINDS = {kind.object: kind for kind in (ARINVOICE, ARADJUSTMENT, APBILL, APADJUSTMENT)}


@dataclass(frozen=True)
class Line:
    amount: Decimal
    account: str = ""
    label: str = ""
    memo: str = ""
    offset: str = ""
    dims: dict[str, str] = field(default_factory=dict)
    custom: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class NewDocument:
    party: str
    day: date
    lines: Sequence[Line]
    posted: date | None = None
    due: date | None = None
    term: str = ""
    number: str = ""
    reference: str = ""
    description: str = ""
    external: str = ""
    currency: str = ""
    rate: Decimal | None = None
    draft: bool = False
    fields: Row = field(default_factory=dict)  # custom fields and what is only kept


def create(company: Company, kind: Kind, new: NewDocument) -> Row:
    party = check_party(company, kind, new.party)
    lines = [_coded(company, kind, line) for line in new.lines]
    number = _number(company, kind, new)
    currency = new.currency or company.currency
    at = rate(company, currency, new.rate)
    _check_lines(company, kind, lines, draft=new.draft)
    _check_amounts(company, kind, lines)
    if not company.knobs.override_posting_date:
        new = replace(new, posted=None)
    if not new.draft:
        check_open(company, new.posted or new.day, (kind.module, "GL"), _locations(lines))
    header = company.add(kind.object, _header(company, kind, new, party, number, currency, at))
    made = [_item(company, kind, header, at, n, line) for n, line in enumerate(lines)]
    header = _totalled(company, kind, header, made)
    if new.draft:
        return header
    if kind.object in company.knobs.submitted:
        return company.change(kind.object, header, STATE="Submitted", RAWSTATE="S")
    return release(company, kind, header)


def release(company: Company, kind: Kind, header: Row) -> Row:
    """Draft or submitted becomes posted: from here on it is in the ledger."""
    items = items_of(company, kind, header["RECORDNO"])
    check_open(company, header["WHENPOSTED"], (kind.module, "GL"), {i.get("LOCATIONID", "") for i in items})
    post(company, header["WHENPOSTED"], source_of(kind, header), _entries(company, kind, header, items))
    return company.change(kind.object, header, STATE=open_state(header), RAWSTATE="A")


def reverse(company: Company, kind: Kind, key: int, day: date, description: str) -> int:
    header = company.get(kind.object, key)
    if header is None:
        raise invalid(f"Could not find {kind.word} {key}.")
    if not (company.knobs.reverse_unpaid_bills if kind is APBILL else company.knobs.reverse_unpaid):
        raise wrong_state(f"Reversal of an unpaid {kind.word} is not enabled for this company.")
    if header["RAWSTATE"] not in ("A", "PA") or any(i["TRX_TOTALPAID"] for i in items_of(company, kind, key)):
        raise wrong_state(f"The {kind.word} {header['RECORDID']} is {header['STATE']} and cannot be reversed.")
    if header["TRX_TOTALSELECTED"]:
        raise wrong_state(f"The {kind.word} {header['RECORDID']} is selected for payment and cannot be reversed.")
    if day < header["WHENPOSTED"]:
        raise wrong_state("The reversal date must not be before the posting date of the original.")
    check_open(company, day, (kind.module, "GL"), {i.get("LOCATIONID", "") for i in items_of(company, kind, key)})
    number = company.number()
    of = source_of(kind, header)
    title = f"Reversed - {of.title}"
    undo(company, day, Source("REVERSAL", number, of.module, of.symbol, title, of.reference), of)
    nothing = {"TRX_TOTALDUE": ZERO, "TOTALDUE": ZERO}
    text = f"{header['DESCRIPTION']} / {description}" if description else header["DESCRIPTION"]
    company.change(kind.object, header, STATE="Reversed", RAWSTATE="V", DESCRIPTION=text, _REVERSED=day, **nothing)
    return number


def delete(company: Company, kind: Kind, key: int) -> None:
    header = company.get(kind.object, key)
    if header is None:
        raise invalid(f"Could not find {kind.word} {key}.")
    if header["RAWSTATE"] != "D":
        raise wrong_state(f"The {kind.word} {header['RECORDID']} is {header['STATE']} and cannot be deleted.")
    for item in items_of(company, kind, key):
        company.drop(kind.items, item["RECORDNO"])
    company.drop(kind.object, key)


def sign_of(company: Company, kind: Kind) -> int:
    """Of the control account for a positive line. Which sign of an AP adjustment lowers the debt is inferred."""
    flipped = kind is APADJUSTMENT and company.knobs.credit_sign == "positive"
    return -kind.sign if flipped else kind.sign


def owed(company: Company, party: str, key: str) -> Decimal:
    """What a customer owes us, or what we owe a vendor: open documents, in base currency."""
    kinds = [kind for kind in KINDS.values() if kind.party == party]
    return sum(
        (
            row["TOTALDUE"] * sign_of(company, kind) * kind.sign
            for kind in kinds
            for row in company.find(kind.object, kind.party_id, key)
            if row["RAWSTATE"] == "A"
        ),
        ZERO,
    )


def items_of(company: Company, kind: Kind, key: int) -> list[Row]:
    return company.find(kind.items, "RECORDKEY", key)


def source_of(kind: Kind, header: Row) -> Source:
    title = f"{kind.word.capitalize()} {header['RECORDID']}"
    return Source(kind.object, header["RECORDNO"], kind.modulekey, kind.symbol, title, header["DOCNUMBER"])


def open_state(header: Row) -> str:
    if header["TRX_TOTALDUE"] == header["TRX_TOTALENTERED"]:
        return "Posted"
    return "Partially Paid" if header["TRX_TOTALDUE"] else "Paid"


def control(kind: Kind, header: Row, item: Row, company: Company) -> str:
    """The AR or AP account of a line; a line may name its own."""
    return str(item.get("OFFSETGLACCOUNTNO") or company.role(kind.role))


def check_party(company: Company, kind: Kind, party: str) -> Row:
    row = company.master(kind.party, kind.party_id, party)
    word = kind.party.lower()
    if row is None:
        raise invalid(f"Could not create {kind.word}: {word} {party} is not valid.", f"Select a valid {word}.")
    private = row.get("MEGAENTITYID") or ""
    if private and private != company.entity:
        raise invalid(f"{word.capitalize()} {party} is not valid at this level.")
    if row["STATUS"] != "active":
        raise invalid(f"{word.capitalize()} {party} is inactive.", f"Select an active {word}.")
    if row.get("ONHOLD"):
        raise invalid(f"{word.capitalize()} {party} is on hold.", f"Take the {word} off hold.")
    if kind is APBILL and row.get("DONOTCUTCHECK") and company.knobs.do_not_pay == "bills":
        raise invalid(f"Vendor {party} is marked as not to be paid.", "Review the vendor.")
    return row


def _coded(company: Company, kind: Kind, line: Line) -> Line:
    account = line.account
    if line.label:
        name = f"{kind.module}ACCOUNTLABEL"
        row = company.master(name, "ACCOUNTLABEL", line.label)
        if row is None:
            raise invalid(f"The account label '{line.label}' is not valid.", "Select a valid account label.")
        account = row["GLACCOUNTNO"]
    dims = dict(line.dims)
    if company.entity and not dims.get("LOCATIONID"):
        dims["LOCATIONID"] = company.entity
    return Line(cents(line.amount), account, line.label, line.memo, line.offset, dims, line.custom)


def _number(company: Company, kind: Kind, new: NewDocument) -> str:
    if not new.number:
        if not company.knobs.auto_number:
            raise invalid(f"Required field {kind.word} number is missing.")
        return f"{kind.symbol}-{company.running(kind.object):06d}"
    if company.knobs.duplicate_invoice == "refuse" and any(
        row[kind.party_id] == new.party for row in company.find(kind.object, "RECORDID", new.number)
    ):
        raise duplicate_number()
    return new.number


def _check_lines(company: Company, kind: Kind, lines: Sequence[Line], *, draft: bool) -> None:
    if not lines:
        raise invalid(f"A {kind.word} must have at least one line.")
    for line in lines:
        check_line(company, line.account, line.dims, bank_allowed=False)
        if kind.module == "AR" and line.account in company.knobs.deferred:
            raise invalid(f"A revenue recognition template is required for the account {line.account}.")


def _check_amounts(company: Company, kind: Kind, lines: Sequence[Line]) -> None:
    total = sum((line.amount for line in lines), ZERO)
    invoice = kind in (ARINVOICE, APBILL)
    if invoice and total < 0 and company.knobs.negative_invoice == "refuse":
        raise invalid(f"The total of the {kind.word} must not be negative.", "Create an adjustment.")
    if invoice and not total and company.knobs.zero_invoice == "refuse":
        raise invalid(f"The total of the {kind.word} must not be zero.")
    if invoice and company.knobs.negative_line == "refuse" and any(line.amount < 0 for line in lines):
        raise Refusal("BL03002073", f"Negative amounts are not allowed on the lines of the {kind.word}.")
    if not invoice and len({line.amount > 0 for line in lines if line.amount}) > 1:
        raise format_wrong("The lines of an adjustment must be all positive or all negative.")


def _header(company: Company, kind: Kind, new: NewDocument, party: Row, number: str, currency: str, at: Decimal) -> Row:
    return {
        "RECORDTYPE": {"ARINVOICE": "ri", "ARADJUSTMENT": "ra", "APBILL": "pi", "APADJUSTMENT": "pa"}[kind.object],
        "RECORDID": number,
        "DOCNUMBER": new.reference,
        kind.party_id: new.party,
        f"{kind.party}NAME": party["NAME"],
        "STATE": "Draft",
        "RAWSTATE": "D",
        "WHENCREATED": new.day,
        "WHENPOSTED": new.posted or new.day,
        "WHENDUE": new.due or _due(company, kind, new),
        "WHENPAID": None,
        "TERMNAME": new.term,
        "DESCRIPTION": new.description,
        "EXTERNALID": new.external,
        "CURRENCY": currency,
        "BASECURR": company.currency,
        "EXCHANGE_RATE": at,
        "MODULEKEY": kind.modulekey,
        "SYSTEMGENERATED": "F",
        **new.fields,
    }


def _due(company: Company, kind: Kind, new: NewDocument) -> date:
    if not new.term:
        return new.day
    term = company.master(kind.terms, "NAME", new.term)
    if term is None:
        raise invalid(f"The term '{new.term}' is not valid.", "Select a valid term.")
    return new.day + timedelta(days=int(term.get("DUEDATE") or 0))


def _item(company: Company, kind: Kind, header: Row, at: Decimal, number: int, line: Line) -> Row:
    return company.add(
        kind.items,
        {
            "RECORDKEY": header["RECORDNO"],
            "RECORDTYPE": header["RECORDTYPE"],
            "LINE_NO": number + 1,
            "ACCOUNTNO": line.account,
            "ACCOUNTLABEL": line.label,
            "OFFSETGLACCOUNTNO": line.offset,
            "ENTRYDESCRIPTION": line.memo,
            "ENTRY_DATE": header["WHENPOSTED"],
            "CURRENCY": header["CURRENCY"],
            "BASECURR": header["BASECURR"],
            "EXCHANGE_RATE": at,
            "TRX_AMOUNT": line.amount,
            "AMOUNT": cents(line.amount * at),
            "TRX_TOTALPAID": ZERO,
            "TOTALPAID": ZERO,
            **line.dims,
            **line.custom,
        },
    )


def _totalled(company: Company, kind: Kind, header: Row, items: Sequence[Row]) -> Row:
    trx = sum((item["TRX_AMOUNT"] for item in items), ZERO)
    base = sum((item["AMOUNT"] for item in items), ZERO)
    return company.change(
        kind.object,
        header,
        TRX_TOTALENTERED=trx,
        TRX_TOTALPAID=ZERO,
        TRX_TOTALSELECTED=ZERO,
        TRX_TOTALDUE=trx,
        TOTALENTERED=base,
        TOTALPAID=ZERO,
        TOTALSELECTED=ZERO,
        TOTALDUE=base,
    )


def _entries(company: Company, kind: Kind, header: Row, items: Sequence[Row]) -> list[Entry]:
    """The line and its control account stand in the same location, so that every location balances by itself."""
    entries = []
    for item in items:
        dims = {name: item[name] for name in item if (name in _DIMS or name.startswith("GLDIM")) and item[name]}
        dims.setdefault(kind.party_id, header[kind.party_id])
        sign = sign_of(company, kind)
        amount, trx = sign * item["AMOUNT"], sign * item["TRX_AMOUNT"]
        memo, number = item["ENTRYDESCRIPTION"], header["RECORDID"]
        account = control(kind, header, item, company)
        entries.append(Entry(account, amount, trx, header["CURRENCY"], dims, memo, number))
        entries.append(Entry(item["ACCOUNTNO"], -amount, -trx, header["CURRENCY"], dims, memo, number))
    return entries


_DIMS = frozenset("LOCATIONID DEPARTMENTID CLASSID PROJECTID ITEMID CUSTOMERID VENDORID".split())


def _locations(lines: Sequence[Line]) -> set[str]:
    return {line.dims.get("LOCATIONID", "") for line in lines}
