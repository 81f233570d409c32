"""Money against documents: receipts and vendor payments, credits applied, overpayments, advances, and their reversal.

Sheet 5.6 and 5.10. A payment relieves its documents line by line (top down unless a line is named), at the rate at
which each was booked; what the exchange rate made of it meanwhile is a gain or loss. Every relief is kept as one
application.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from . import subledger
from .books import Company
from .ledger import ZERO, Entry, Source, cents, check_line, check_open, post, rate, undo
from .refusal import format_wrong, invalid, no_record, overpaid, wrong_state
from .store import Row
from .subledger import Kind, Line


@dataclass(frozen=True)
class Way:
    """Receipts and vendor payments, told apart."""

    object: str
    document: Kind
    adjustment: Kind
    methods: frozenset[str]
    modulekey: str
    symbol: str
    word: str

    @property
    def detail(self) -> str:
        return f"{self.object}DETAIL"


_AR_METHODS = frozenset({"Printed Check", "Check", "Cash", "EFT", "Credit Card"})
_AP_METHODS = frozenset({"Printed Check", "Joint Check", "Cash", "EFT", "Credit Card", "ACH"})
RECEIPT = Way("ARPYMT", subledger.ARINVOICE, subledger.ARADJUSTMENT, _AR_METHODS, "4.AR", "CRJ", "arpymt")
PAYMENT = Way("APPYMT", subledger.APBILL, subledger.APADJUSTMENT, _AP_METHODS, "3.AP", "CDJ", "appymt")
WAYS = {way.object: way for way in (RECEIPT, PAYMENT)}

ADVANCE = "ARADVANCE"
APPLICATION = "_APPLICATION"


@dataclass(frozen=True)
class Credit:
    """Open credit put against a document: ADJUSTMENT, INLINE, ADVANCE, OVERPAYMENT or NEGATIVEINVOICE."""

    kind: str
    key: int
    amount: Decimal
    entry: int | None = None


@dataclass(frozen=True)
class Detail:
    key: int
    adjustment: bool = False  # the key is a debit memo's (AP: of a positive adjustment)
    entry: int | None = None
    cash: Decimal = ZERO
    credits: Sequence[Credit] = ()
    discount_day: date | None = None

    @property
    def total(self) -> Decimal:
        return self.cash + sum((c.amount for c in self.credits), ZERO)


@dataclass(frozen=True)
class NewPayment:
    party: str
    day: date
    method: str
    details: Sequence[Detail]
    bank: str = ""
    undeposited: str = ""
    paid: date | None = None
    number: str = ""
    description: str = ""
    currency: str = ""
    over: Decimal = ZERO
    over_dims: dict[str, str] = field(default_factory=dict)
    settled: Decimal | None = None  # AMOUNTTOPAY, in the bank's currency
    settled_trx: Decimal | None = None  # TRX_AMOUNTTOPAY
    rate: Decimal | None = None
    draft: bool = False
    summary: str = ""
    fields: Row = field(default_factory=dict)


@dataclass(frozen=True)
class Relief:
    """A part of one line of one document (or of one open credit) that is used up."""

    object: str
    key: int
    item: int | None
    account: str
    dims: dict[str, str]
    trx: Decimal
    base: Decimal
    document: str
    from_credit: bool


def pay(company: Company, way: Way, new: NewPayment) -> Row:
    _check(company, way, new)
    currency = new.currency or company.currency
    cash = sum((d.cash for d in new.details), ZERO) + new.over
    if not new.details and not new.over:
        raise invalid("At least one detail line is required.")
    if cash or (company.knobs.cashless == "account" and way is RECEIPT):
        check_cash_account(company, new.bank, new.undeposited, new.summary)
    elif company.knobs.cashless == "refuse" and way is RECEIPT:
        raise invalid("The payment amount must be greater than zero.")
    if new.settled_trx is not None and new.settled_trx != cash:
        raise invalid("The transaction amount to pay does not equal the sum of the details.")
    base = _base(company, new, currency, cash)
    row = company.add(way.object, _row(company, way, new, currency, cash, base))
    if new.draft or way.object in company.knobs.submitted:
        word, code = ("Draft", "D") if new.draft else ("Submitted", "S")
        _select(company, way, new)
        _keep_details(company, way, row, new)
        return company.change(way.object, row, STATE=word, DISPLAYSTATE=word, RAWSTATE=code)
    return _post(company, way, row, new, currency)


def release(company: Company, way: Way, row: Row) -> Row:
    """A draft, or one that was submitted, is approved and posts."""
    new = _again(company, way, row)
    unselect(company, way, row)
    row = company.change(way.object, row, STATE="Complete", DISPLAYSTATE="Complete", RAWSTATE="C")
    return _post(company, way, row, new, row["CURRENCY"])


def _post(company: Company, way: Way, row: Row, new: NewPayment, currency: str) -> Row:
    cash, base = row["TRX_TOTALENTERED"], row["TOTALENTERED"]
    discounts = [discount(company, way, detail) for detail in new.details]
    reliefs = [
        relief
        for detail, less in zip(new.details, discounts, strict=True)
        for relief in _relieve(company, way, new, currency, detail, less)
    ]
    _keep(company, way, row, new, reliefs)
    _keep_details(company, way, row, new)
    entries = _entries(company, way, new, currency, cash, base, reliefs, sum(discounts, ZERO))
    locations = {e.dims.get("LOCATIONID", "") for e in entries}
    check_open(company, new.day, (way.document.module, "GL", "CM") if cash else (way.document.module, "GL"), locations)
    post(company, new.day, source_of(way, row), entries)
    return row


def reverse(company: Company, way: Way, key: int, day: date, description: str) -> int:
    row = company.get(way.object, key)
    if row is None:
        raise invalid(f"Could not find {way.word} {key}.")
    if row["RAWSTATE"] != "C":
        raise wrong_state(f"The payment {key} is {row['STATE']} and cannot be reversed.")
    if row["TRX_TOTALDUE"] != row["_OVER"]:
        raise wrong_state("The overpayment of this payment has been applied and must be unapplied first.")
    if day < row["RECEIPTDATE"]:
        raise wrong_state("The reversal date must not be before the date of the payment.")
    for application in company.find(APPLICATION, "PAYMENTKEY", key):
        _take_back(company, application)
    number = company.number()
    of = source_of(way, row)
    entries = [r for r in company.find("GLDETAIL", "BATCHKEY", key) if r["_OBJECT"] == way.object]
    modules = (way.document.module, "GL", "CM") if row["TRX_TOTALENTERED"] else (way.document.module, "GL")
    check_open(company, day, modules, {e.get("LOCATIONID", "") for e in entries})
    undo(company, day, Source("REVERSAL", number, of.module, of.symbol, f"Reversed - {of.title}", of.reference), of)
    text = f"{row['DESCRIPTION']} / {description}" if description else row["DESCRIPTION"]
    gone = {"TRX_TOTALDUE": ZERO, "TOTALDUE": ZERO}
    words = {"STATE": "Reversed", "DISPLAYSTATE": "Reversed", "RAWSTATE": "V"}
    company.change(way.object, row, DESCRIPTION=text, _REVERSED=day, **words, **gone)
    return number


def void(company: Company, key: int) -> int:
    """`void_appaymentrequest`: it takes no day. Whether it voids every method, and what becomes of the bills, is
    inferred."""
    row = company.get(PAYMENT.object, key)
    if row is None:
        raise no_record(key)
    if company.knobs.void == "refuse":
        raise wrong_state(f"The payment request {key} cannot be voided with the payment method {row['PAYMENTMETHOD']}.")
    if row["CLEARED"] == "T":
        raise wrong_state(f"The payment {key} is reconciled and cannot be voided.")
    day = company.today() if company.knobs.void_day == "today" else row["RECEIPTDATE"]
    paid = {a["TARGETKEY"] for a in company.find(APPLICATION, "PAYMENTKEY", key) if a["TARGET"] == "APBILL"}
    reverse(company, PAYMENT, key, day, "")
    company.change(PAYMENT.object, company.rows(PAYMENT.object)[key], STATE="Voided", DISPLAYSTATE="Voided")
    if company.knobs.void == "bills_reversed":
        for bill in sorted(paid):
            subledger.reverse(company, subledger.APBILL, bill, max(day, company.rows("APBILL")[bill]["WHENPOSTED"]), "")
    return key


def apply(company: Company, way: Way, key: int, day: date, details: Sequence[tuple[int, Decimal]], number: str) -> Row:
    """Open money of a receipt or an advance put against invoices, as legacy `apply_arpayment` does."""
    kind = "OVERPAYMENT" if company.get(way.object, key) else "ADVANCE"
    source = company.get(way.object, key) or company.get(ADVANCE, key)
    if source is None:
        raise no_record(key)
    parts = [Detail(target, credits=[Credit(kind, key, amount)]) for target, amount in details]
    party = source[way.document.party_id]
    new = NewPayment(party, day, "EFT", parts, number=number, currency=source["CURRENCY"])
    return pay(company, way, new)


def advance(company: Company, new: NewPayment, lines: Sequence[Line]) -> Row:
    """Money before any invoice: bank against the account of its lines (sheet 5.6, ARADVANCE)."""
    way = RECEIPT
    if not company.knobs.advance:
        raise invalid("Object definition ARADVANCE not found.")
    _check(company, way, new)
    check_cash_account(company, new.bank, new.undeposited, new.summary)
    currency = new.currency or company.currency
    cash = sum((cents(line.amount) for line in lines), ZERO)
    if not lines or cash <= 0:
        raise invalid("An advance must have lines with a positive amount.")
    for line in lines:
        check_line(company, line.account, line.dims, bank_allowed=False)
    base = _base(company, new, currency, cash)
    row = {**_row(company, way, new, currency, cash, base), "RECORDTYPE": "rr"}
    row |= {"TRX_TOTALDUE": cash, "TOTALDUE": base, "_ACCOUNT": lines[0].account, "_DIMS": dict(lines[0].dims)}
    made = company.add(ADVANCE, row)
    at = base / cash
    parts = [Entry(li.account, -cents(li.amount * at), -cents(li.amount), currency, li.dims, li.memo) for li in lines]
    parts.append(_cash_entry(company, new, currency, cash, -sum((p.amount for p in parts), ZERO), lines[0].dims))
    check_open(company, new.day, ("AR", "GL", "CM"), {p.dims.get("LOCATIONID", "") for p in parts})
    title = f"Advance {new.number or made['RECORDNO']}"
    post(company, new.day, Source(ADVANCE, made["RECORDNO"], "4.AR", "CRJ", title, new.number), parts)
    return made


def source_of(way: Way, row: Row) -> Source:
    title = f"{'Receipt' if way is RECEIPT else 'Payment'} {row['DOCNUMBER'] or row['RECORDNO']}"
    return Source(way.object, row["RECORDNO"], way.modulekey, way.symbol, title, row["DOCNUMBER"])


def check_cash_account(company: Company, bank: str, undeposited: str, summary: str = "") -> Row:
    if undeposited:
        row = company.master("GLACCOUNT", "ACCOUNTNO", undeposited)
        if row is None or row["STATUS"] != "active":
            raise invalid(f"The undeposited funds account {undeposited} is not valid.")
        if company.find("CHECKINGACCOUNT", "GLACCOUNTNO", undeposited):
            raise invalid(f"The account {undeposited} is associated to the Bank account and is no undeposited account.")
        return row
    found = company.master("CHECKINGACCOUNT", "BANKACCOUNTID", bank) or company.master(
        "SAVINGSACCOUNT", "BANKACCOUNTID", bank
    )
    if found is None:
        raise invalid(f"The bank account '{bank or summary}' is not valid.", "Select a valid bank account.")
    if found["STATUS"] != "active":
        raise invalid(f"The bank account {bank} is inactive.", "Select an active bank account.")
    return found


def _check(company: Company, way: Way, new: NewPayment) -> None:
    party = subledger.check_party(company, way.document, new.party)
    if way is PAYMENT and party.get("DONOTCUTCHECK") and company.knobs.do_not_pay == "payments":
        raise invalid(f"Vendor {new.party} is marked as not to be paid.", "Review the vendor.")
    if new.method.startswith("Online"):
        raise invalid("Online payments are not set up for this company.")
    if new.method not in way.methods:
        raise invalid(f"Payment method '{new.method}' is not valid.", "Select a valid payment method.")
    if new.currency:
        rate(company, new.currency, new.rate)
    if min([new.over, *(d.cash for d in new.details), *(c.amount for d in new.details for c in d.credits)]) < 0:
        raise format_wrong("A payment amount must not be negative.")


def _base(company: Company, new: NewPayment, currency: str, cash: Decimal) -> Decimal:
    """Cash in base currency: as settled if the caller says so, else by rate."""
    if new.settled is not None:
        return cents(new.settled)
    if not cash:
        return ZERO
    bank = company.master("CHECKINGACCOUNT", "BANKACCOUNTID", new.bank) or {}
    if bank.get("CURRENCY", currency) != currency:
        raise invalid(f"The currency of the bank account {new.bank} is not {currency}; give the amount to pay.")
    return cents(cash * rate(company, currency, new.rate))


def _row(company: Company, way: Way, new: NewPayment, currency: str, cash: Decimal, base: Decimal) -> Row:
    party = company.master(way.document.party, way.document.party_id, new.party) or {}
    over = cents(new.over * base / cash) if cash else ZERO
    return {
        "RECORDTYPE": "rp" if way is RECEIPT else "pp",
        "RECORDID": new.number,
        "FINANCIALENTITY": new.bank,
        "UNDEPOSITEDACCOUNTNO": new.undeposited,
        "PRBATCH": new.summary,
        "STATE": "Complete",
        "DISPLAYSTATE": "Complete",
        "RAWSTATE": "C",
        "PAYMENTMETHOD": new.method,
        way.document.party_id: new.party,
        f"{way.document.party}NAME": party.get("NAME", ""),
        "DOCNUMBER": new.number,
        "DESCRIPTION": new.description,
        "WHENCREATED": new.day,
        "RECEIPTDATE": new.day,
        "PAYMENTDATE": new.paid or new.day,
        "WHENPAID": new.paid or new.day,
        "CURRENCY": currency,
        "BASECURR": company.currency,
        "TRX_TOTALENTERED": cash,
        "TRX_TOTALPAID": cash - new.over,
        "TRX_TOTALDUE": new.over,
        "TOTALENTERED": base,
        "TOTALPAID": base - over,
        "TOTALDUE": over,
        "CLEARED": "F",
        "_OVER": new.over,
        "_OVERDIMS": new.over_dims,
        **new.fields,
    }


# what a detail relieves


def discount(company: Company, way: Way, detail: Detail) -> Decimal:
    """What the term of a bill grants on that day, if the payment is all that is due less it; else nothing."""
    header = company.get(way.document.object, detail.key)
    if detail.discount_day is None or detail.adjustment or detail.entry or header is None:
        return ZERO
    term = company.master(way.document.terms, "NAME", header["TERMNAME"]) or {}
    days, granted = term.get("DISCDATE"), Decimal(str(term.get("DISCAMOUNT") or 0))
    if days is None or not granted or detail.discount_day > header["WHENCREATED"] + timedelta(days=int(days)):
        return ZERO
    due = header["TRX_TOTALDUE"]
    less = cents(due * granted / 100) if term.get("DISCPERCAMN") == "%" else cents(granted)
    return less if detail.total == due - less else ZERO


def _relieve(
    company: Company, way: Way, new: NewPayment, currency: str, detail: Detail, less: Decimal
) -> Iterator[Relief]:
    kind = way.adjustment if detail.adjustment else way.document
    header = _target(company, way, kind, new, currency, detail)
    yield from _from_document(company, kind, header, detail.entry, detail.total + less, credit=False)
    for credit in detail.credits:
        yield from _from_credit(company, way, new, currency, credit)


def _target(company: Company, way: Way, kind: Kind, new: NewPayment, currency: str, detail: Detail) -> Row:
    header = company.get(kind.object, detail.key)
    if header is None:
        raise no_record(detail.key)
    if header["RAWSTATE"] != "A":
        raise wrong_state(f"The {kind.word} {header['RECORDID']} is {header['STATE']} and cannot be paid.")
    if header[kind.party_id] != new.party:
        raise invalid(f"The {kind.word} {header['RECORDID']} belongs to another {kind.party.lower()}.")
    if header["CURRENCY"] != currency:
        raise invalid(f"The currency of the payment is not that of the {kind.word} {header['RECORDID']}.")
    inline = sum((c.amount for c in detail.credits if c.kind == "INLINE"), ZERO)
    if detail.total <= 0:
        raise format_wrong("A detail of a payment needs an amount.")
    if way is PAYMENT and header.get("ONHOLD"):
        raise wrong_state(f"The bill {header['RECORDID']} is on hold and cannot be paid.")
    free = header["TRX_TOTALDUE"] - (header["TRX_TOTALSELECTED"] if way is PAYMENT else ZERO)
    if detail.total - inline > free:
        raise overpaid()
    return header


def _from_document(
    company: Company, kind: Kind, header: Row, entry: int | None, amount: Decimal, *, credit: bool
) -> Iterator[Relief]:
    """Use up `amount` of the document's open lines, and write that down on lines and header."""
    sign = -1 if credit else 1
    left = amount
    base = ZERO
    items = subledger.items_of(company, kind, header["RECORDNO"])
    for item in items:
        open_ = sign * (item["TRX_AMOUNT"] - item["TRX_TOTALPAID"])
        if open_ <= 0 or left <= 0 or entry not in (None, item["RECORDNO"]):
            continue
        part = min(open_, left)
        relief = _part(company, kind, header, item, sign * part, credit=credit)
        paid, paid_base = item["TRX_TOTALPAID"] + relief.trx, item["TOTALPAID"] + relief.base
        company.change(kind.items, item, TRX_TOTALPAID=paid, TOTALPAID=paid_base)
        left -= part
        base += relief.base
        yield relief
    if left > 0:
        raise overpaid()
    _settle(company, kind, header["RECORDNO"])


def _part(company: Company, kind: Kind, header: Row, item: Row, trx: Decimal, *, credit: bool) -> Relief:
    """The last part of a line takes what is left of its base amount, so that nothing stays behind in the ledger."""
    last = item["TRX_TOTALPAID"] + trx == item["TRX_AMOUNT"]
    rest = item["AMOUNT"] - item["TOTALPAID"]
    base = rest if last else cents(item["AMOUNT"] * trx / item["TRX_AMOUNT"])
    dims = {name: item[name] for name in subledger._DIMS if item.get(name)}
    dims.setdefault(kind.party_id, header[kind.party_id])
    account = subledger.control(kind, header, item, company)
    return Relief(
        kind.object, header["RECORDNO"], item["RECORDNO"], account, dims, trx, base, header["RECORDID"], credit
    )


def _from_credit(company: Company, way: Way, new: NewPayment, currency: str, credit: Credit) -> Iterator[Relief]:
    if credit.kind == "INLINE" and company.knobs.negative_line != "inline":
        raise invalid("The inline credit is not available to this payment.")
    if credit.kind in ("OVERPAYMENT", "ADVANCE"):
        yield _from_money(company, way, new, currency, credit)
        return
    kind = way.adjustment if credit.kind == "ADJUSTMENT" else way.document
    header = company.get(kind.object, credit.key)
    if header is None:
        raise no_record(credit.key)
    if header["RAWSTATE"] != "A" or header[kind.party_id] != new.party or header["CURRENCY"] != currency:
        raise invalid(f"The credit {header['RECORDID']} is not available to this payment.")
    try:
        yield from _from_document(company, kind, header, credit.entry, credit.amount, credit=True)
    except type(overpaid()) as refusal:
        raise invalid("The amount exceeds the credit available.") from refusal


def _from_money(company: Company, way: Way, new: NewPayment, currency: str, credit: Credit) -> Relief:
    name = way.object if credit.kind == "OVERPAYMENT" else ADVANCE
    row = company.get(name, credit.key)
    if row is None:
        raise no_record(credit.key)
    if row["RAWSTATE"] != "C" or row[way.document.party_id] != new.party or row["CURRENCY"] != currency:
        raise invalid(f"The credit {row['DOCNUMBER']} is not available to this payment.")
    if credit.amount > row["TRX_TOTALDUE"]:
        raise invalid("The amount exceeds the credit available.")
    rest = row["TRX_TOTALDUE"] - credit.amount
    base = row["TOTALDUE"] - (cents(row["TOTALDUE"] * rest / row["TRX_TOTALDUE"]) if rest else ZERO)
    company.change(name, row, TRX_TOTALDUE=rest, TOTALDUE=row["TOTALDUE"] - base)
    account = row.get("_ACCOUNT") or company.role("overpayments")
    dims = row.get("_DIMS") or row.get("_OVERDIMS") or {}
    dims = {**dims, way.document.party_id: new.party}
    return Relief(name, row["RECORDNO"], None, account, dims, -credit.amount, -base, row["DOCNUMBER"], True)


def _settle(company: Company, kind: Kind, key: int) -> None:
    """Header totals after its lines have moved."""
    items = subledger.items_of(company, kind, key)
    trx = sum((i["TRX_TOTALPAID"] for i in items), ZERO)
    base = sum((i["TOTALPAID"] for i in items), ZERO)
    row = company.get(kind.object, key)
    assert row is not None
    due = row["TRX_TOTALENTERED"] - trx
    new = {
        "TRX_TOTALPAID": trx,
        "TOTALPAID": base,
        "TRX_TOTALDUE": due,
        "TOTALDUE": row["TOTALENTERED"] - base,
        "WHENPAID": None if due else company.today(),
    }
    company.change(kind.object, row, **new, STATE=subledger.open_state({**row, **new}))


def _take_back(company: Company, application: Row) -> None:
    name, key, trx, base = (application[f] for f in ("TARGET", "TARGETKEY", "TRX_AMOUNT", "AMOUNT"))
    row = company.get(name, key)
    assert row is not None
    if application["ITEMKEY"] is None:
        company.change(name, row, TRX_TOTALDUE=row["TRX_TOTALDUE"] - trx, TOTALDUE=row["TOTALDUE"] - base)
        return
    kind = subledger.KINDS[name]
    item = company.get(kind.items, application["ITEMKEY"])
    assert item is not None
    paid, paid_base = item["TRX_TOTALPAID"] - trx, item["TOTALPAID"] - base
    company.change(kind.items, item, TRX_TOTALPAID=paid, TOTALPAID=paid_base)
    _settle(company, kind, key)


def _keep(company: Company, way: Way, row: Row, new: NewPayment, reliefs: Sequence[Relief]) -> None:
    for relief in reliefs:
        company.add(
            APPLICATION,
            {
                "PAYMENT": way.object,
                "PAYMENTKEY": row["RECORDNO"],
                "TARGET": relief.object,
                "TARGETKEY": relief.key,
                "ITEMKEY": relief.item,
                "TRX_AMOUNT": relief.trx,
                "AMOUNT": relief.base,
                "CREDIT": relief.from_credit,
                "DOCUMENT": relief.document,
            },
        )


def _keep_details(company: Company, way: Way, row: Row, new: NewPayment) -> None:
    for old in company.find(way.detail, "PAYMENTKEY", row["RECORDNO"]):
        company.drop(way.detail, old["RECORDNO"])
    for detail in new.details:
        company.add(way.detail, _detail_row(row, detail))


def _detail_row(row: Row, detail: Detail) -> Row:
    made: Row = {"PAYMENTKEY": row["RECORDNO"], "CURRENCY": row["CURRENCY"], "DISCOUNTDATE": detail.discount_day}
    made["POSADJKEY" if detail.adjustment else "RECORDKEY"] = detail.key
    made["POSADJENTRYKEY" if detail.adjustment else "ENTRYKEY"] = detail.entry
    made["TRX_PAYMENTAMOUNT"] = detail.cash
    for credit in detail.credits:
        made[f"{credit.kind}KEY"] = credit.key
        made[f"{credit.kind}ENTRYKEY"] = credit.entry
        made[f"TRX_{POSTED.get(credit.kind, credit.kind)}AMOUNT"] = credit.amount
    return made


POSTED = {"ADVANCE": "POSTEDADVANCE", "OVERPAYMENT": "POSTEDOVERPAYMENT"}


def _select(company: Company, way: Way, new: NewPayment) -> None:
    for detail in new.details:
        kind = way.adjustment if detail.adjustment else way.document
        header = _target(company, way, kind, new, new.currency or company.currency, detail)
        selected = header["TRX_TOTALSELECTED"] + detail.cash
        company.change(kind.object, header, STATE="Selected", TRX_TOTALSELECTED=selected, TOTALSELECTED=selected)


def unselect(company: Company, way: Way, row: Row) -> None:
    for detail in company.find(way.detail, "PAYMENTKEY", row["RECORDNO"]):
        kind = way.adjustment if detail.get("POSADJKEY") else way.document
        header = company.get(kind.object, detail.get("POSADJKEY") or detail["RECORDKEY"])
        if header is None:
            continue
        left = max(ZERO, header["TRX_TOTALSELECTED"] - detail["TRX_PAYMENTAMOUNT"])
        state = "Selected" if left else subledger.open_state(header)
        company.change(kind.object, header, STATE=state, TRX_TOTALSELECTED=left, TOTALSELECTED=left)


def _again(company: Company, way: Way, row: Row) -> NewPayment:
    """What was sent, from what was kept of it. Of credits, none are kept: such a payment is not released here."""
    details = [
        Detail(
            d.get("POSADJKEY") or d["RECORDKEY"],
            bool(d.get("POSADJKEY")),
            d.get("POSADJENTRYKEY") or d.get("ENTRYKEY"),
            d["TRX_PAYMENTAMOUNT"],
            discount_day=d.get("DISCOUNTDATE"),
        )
        for d in company.find(way.detail, "PAYMENTKEY", row["RECORDNO"])
    ]
    return NewPayment(
        party=row[way.document.party_id],
        day=row["RECEIPTDATE"],
        method=row["PAYMENTMETHOD"],
        details=details,
        bank=row["FINANCIALENTITY"],
        undeposited=row["UNDEPOSITEDACCOUNTNO"],
        number=row["DOCNUMBER"],
        description=row["DESCRIPTION"],
        currency=row["CURRENCY"],
        over=row["_OVER"],
        over_dims=row["_OVERDIMS"],
        summary=row["PRBATCH"],
    )


def _entries(
    company: Company,
    way: Way,
    new: NewPayment,
    currency: str,
    cash: Decimal,
    base: Decimal,
    reliefs: Sequence[Relief],
    less: Decimal,
) -> list[Entry]:
    sign = way.document.sign
    entries = [
        Entry(r.account, -sign * r.base, -sign * r.trx, currency, r.dims, new.description, r.document) for r in reliefs
    ]
    first = reliefs[0].dims if reliefs else new.over_dims
    if cash:
        entries.append(_cash_entry(company, new, currency, sign * cash, sign * base, first))
    if new.over:
        dims = {**new.over_dims, way.document.party_id: new.party}
        over = cents(new.over * base / cash)
        account = company.role("overpayments")
        check_line(company, account, dims, bank_allowed=False)
        entries.append(Entry(account, -sign * over, -sign * new.over, currency, dims, "overpayment", new.number))
    if less:
        at = cents(less * rate(company, currency, new.rate))
        dims = {**first, way.document.party_id: new.party}
        entries.append(Entry(company.role("discounts"), sign * at, sign * less, currency, dims, "discount taken"))
    gap = sum((e.amount for e in entries), ZERO)
    if gap:
        entries.append(Entry(company.role("fx"), -gap, ZERO, company.currency, first, "exchange gain or loss"))
    return entries


def _cash_entry(
    company: Company, new: NewPayment, currency: str, trx: Decimal, base: Decimal, near: dict[str, str]
) -> Entry:
    """Bank accounts may lie in an entity; else the cash stands where the documents stand."""
    account = check_cash_account(company, new.bank, new.undeposited, new.summary)
    place = account.get("LOCATIONID") or near.get("LOCATIONID", "")
    dims = {"LOCATIONID": place} if place else {}
    bank_currency = account.get("CURRENCY") or currency
    in_bank = trx if bank_currency == currency else base
    return Entry(account.get("GLACCOUNTNO") or account["ACCOUNTNO"], base, in_bank, bank_currency, dims,
                 new.description, new.number)  # fmt: skip
