"""Which column of a file is which: headers compared with the names of the contract, exactly or not at all."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final, Literal

Kind = Literal["invoice", "payment"]

BARE_VENDOR: Final = "vendor"
"""A column that may hold the vendor's id or the vendor's name: tried as the id first."""

_SHARED: Final[dict[str, str]] = {
    "entity": "entity, entity id, company, company code, company id, subsidiary, legal entity, business unit",
    "vendor_id": "vendor id, vendor number, vendor no, vendor code, supplier id, supplier number, supplier no, "
    "supplier code, payee id",
    "vendor_name": "vendor name, supplier name, supplier, payee, payee name, company name",
    BARE_VENDOR: "vendor",
    "invoice_number": "invoice number, invoice no, invoice num, invoice, invoice ref, bill number, bill no, bill, "
    "supplier invoice number, vendor invoice number, document number, document no, recordid, reference number",
    "currency": "currency, currency code, txn currency, invoice currency",
    "stampli_invoice_id": "stampli invoice id, stampli id, stampli document id, stampli unique id",
    "status": "status, approval status, invoice status, payment status",
    "link": "stampli link, invoice link, invoice url, image url, attachment url",
    "description": "invoice description, header description, bill description, header memo",
}
_INVOICE: Final[dict[str, str]] = {
    "record_type": "record type, document type, transaction type, invoice type, doc type",
    "invoice_date": "invoice date, bill date, document date, created date, whencreated, inv date, date",
    "due_date": "due date, payment due date, whendue, date due",
    "posting_date": "gl posting date, posting date, gl date, accounting date, whenposted, post date",
    "invoice_total": "invoice total, total amount, invoice amount, total due, amount due, gross amount, total, "
    "bill amount, totalentered",
    "terms": "terms, payment terms, term name",
    "po_number": "po number, po no, purchase order, purchase order number, po, docnumber",
    "line_number": "line number, line no, line, line num, line seq",
    "gl_account": "gl account, gl account number, gl account no, account number, account no, account, acct no, "
    "accountno, gl code, expense account, gl",
    "line_amount": "line amount, line total, distribution amount, net amount, trx amount",
    "line_description": "line description, line memo, item description, line item description, entrydescription",
    "department": "department, dept, dept id",
    "location": "location, location id, site",
    "project": "project",
    "class": "class",
    "item": "item",
    "customer": "customer",
    "employee": "employee",
    "tax_amount": "tax amount, tax, vat amount",
    "tax_code": "tax code, vat code",
}
_PAYMENT: Final[dict[str, str]] = {
    "payment_id": "payment id, stampli payment id, payment number, transaction id, payment ref id",
    "payment_date": "payment date, paid date, date paid, check date",
    "payment_method": "payment method, method, payment type, pay type",
    "payment_reference": "check number, check no, payment reference, reference, trace id, trace number, "
    "confirmation number",
    "bank_account": "bank account, bank account id, funding account, financialentity, paid from",
    "paid_amount": "amount paid, payment amount, paid amount, applied amount, amount applied, amount",
    "payment_total": "payment total, total paid, total payment, total",
}
_AMBIGUOUS: Final[dict[Kind, dict[str, tuple[str, str]]]] = {
    "invoice": {
        "?amount": ("line_amount", "invoice_total"),
        "?memo": ("line_description", "description"),
        "?description": ("line_description", "description"),
    },
    "payment": {"?memo": ("description", ""), "?description": ("description", "")},
}
"""Words that mean the second where another column is the first already."""

_OWN: Final[dict[Kind, dict[str, str]]] = {"invoice": _INVOICE, "payment": _PAYMENT}
ALIASES: Final[dict[Kind, dict[str, tuple[str, ...]]]] = {
    kind: {name: tuple(re.split(r",\s*", words)) for name, words in {**_SHARED, **own}.items()}
    for kind, own in _OWN.items()
}
REQUIRED: Final[dict[Kind, tuple[str, ...]]] = {
    "invoice": ("invoice_number", "invoice_date", "gl_account", "line_amount", "vendor"),
    "payment": ("payment_id", "payment_date", "invoice_number", "paid_amount", "vendor"),
}
"""`vendor` stands for the id, the name, or the bare column."""
VENDORS: Final = ("vendor_id", "vendor_name", BARE_VENDOR)
DIMENSIONS: Final = ("department", "location", "project", "class", "item", "customer", "employee")
DIMENSION: Final = "dimension:"
"""Before the name of a dimension that the company has made itself; only by a confirmed layout."""
AMOUNTS: Final[dict[Kind, tuple[str, ...]]] = {
    "invoice": ("line_amount", "invoice_total", "tax_amount"),
    "payment": ("paid_amount", "payment_total"),
}
DATES: Final[dict[Kind, tuple[str, ...]]] = {
    "invoice": ("invoice_date", "due_date", "posting_date"),
    "payment": ("payment_date",),
}
AMOUNT: Final[dict[Kind, str]] = {"invoice": "line_amount", "payment": "paid_amount"}
TOTAL: Final[dict[Kind, str]] = {"invoice": "invoice_total", "payment": "payment_total"}

_UNSEEN: Final = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OTHER: Final = re.compile(r"[^\w]+|_+")
_LONGEST: Final = 200


@lru_cache(maxsize=4096)
def plain(header: str) -> str:
    """A header as it is compared: BILL_NO, "Bill No.", "Bill #" (as number) and billNo have the same words."""
    if len(header) > _LONGEST:
        return ""
    text = _UNSEEN.sub("", unicodedata.normalize("NFKC", header)).replace("#", " number ")
    return _OTHER.sub(" ", _CAMEL.sub(" ", text).casefold()).strip()


def tight(header: str) -> str:
    return plain(header).replace(" ", "")


_BY_WORD: Final[dict[Kind, dict[str, str]]] = {
    kind: {word.replace(" ", ""): name for name, words in names.items() for word in words}
    for kind, names in ALIASES.items()
}


def meaning(header: str, kind: Kind) -> str:
    """The name in the contract; for the ambiguous words `?` and the word; empty where there is none."""
    word = tight(header)
    if f"?{word}" in _AMBIGUOUS[kind]:
        return f"?{word}"
    return _BY_WORD[kind].get(word, "")


def understood(headers: Sequence[str], kind: Kind) -> tuple[str, ...]:
    """The name of each column, empty for those of no meaning. Two columns may get the same name; see `doubled`."""
    first = [meaning(header, kind) for header in headers]
    taken = {name for name in first if name and name not in _AMBIGUOUS[kind]}
    names = []
    for name in first:
        names.append(_settled(name, kind, taken))
        taken.add(names[-1])
    return _vendor_settled(names)


def _settled(name: str, kind: Kind, taken: set[str]) -> str:
    if name not in _AMBIGUOUS[kind]:
        return name
    usual, otherwise = _AMBIGUOUS[kind][name]
    if usual not in taken:
        return usual
    # A second column of money is never passed over; a further text may be.
    return otherwise if name == "?amount" or otherwise not in taken else ""


def _vendor_settled(names: list[str]) -> tuple[str, ...]:
    if BARE_VENDOR in names:
        by_id, by_name = "vendor_id" in names, "vendor_name" in names
        instead = {(False, False): BARE_VENDOR, (True, False): "vendor_name", (False, True): "vendor_id"}
        settled = instead.get((by_id, by_name), "")
        return tuple(settled if name == BARE_VENDOR else name for name in names)
    return tuple(names)


def missing(names: Iterable[str], kind: Kind) -> list[str]:
    """Which required columns are not among the names."""
    there = set(names)
    if there.intersection(VENDORS):
        there.add("vendor")
    return [name for name in REQUIRED[kind] if name not in there]


def doubled(names: Sequence[str]) -> list[str]:
    return sorted({name for name in names if name and names.count(name) > 1})


def kind_of(headers: Sequence[str]) -> Kind:
    """Payments if all that payments need is there."""
    return "invoice" if missing(understood(headers, "payment"), "payment") else "payment"


def known_names(kind: Kind) -> Mapping[str, tuple[str, ...]]:
    return ALIASES[kind]
