"""Where Sage Intacct keeps documents of each kind, by which fields they are found, and what its states mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from connectors.sage_intacct.documents import customer, vendor
from connectors.sage_intacct.query import Query, wanted


@dataclass(frozen=True)
class Shelf:
    """Where documents of one kind stand: the object, its fields, and which field says what."""

    object: str
    key: str
    party: str = ""
    day: str = ""
    fields: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    amounts: tuple[str, ...] = ()
    """The total: the first of these that has a value."""
    due: tuple[str, ...] = ()
    items: str = ""
    """The object of its lines, each with its amount in base currency."""
    to_the_line: bool = False
    """Its lines are read back with it, and compared."""
    id: str = "RECORDNO"
    """What functions address it by."""
    number: str = ""
    """The field of the number that it has there, where that is not the key."""
    master: bool = False
    states: Mapping[str, str] = field(default_factory=dict)
    """Its own reading of states that mean something else elsewhere."""

    def query(self, field: str, values: Sequence[str]) -> Query:
        names = wanted(("RECORDNO", self.id, self.key, self.party, self.day, *self.fields))
        return Query(self.object, names, self.optional, field, wanted(values))


_TOTALS: Final = ("STATE", "TOTALENTERED", "TOTALDUE", "CURRENCY", "DESCRIPTION")
_TOTALS_MORE: Final = ("TRX_TOTALENTERED", "TRX_TOTALDUE", "BASECURR", "RECORD_URL")
_TOTAL: Final = ("TRX_TOTALENTERED", "TOTALENTERED")
_DUE: Final = ("TRX_TOTALDUE", "TOTALDUE")

# Approved means that it may be received and billed; what was converted is closed by what it became. Sheet 5.12.
_ORDER_STATES: Final = {
    **dict.fromkeys(("pending", "o", "approved", "a", "in progress", "g", "partially converted", "p"), "open"),
    **dict.fromkeys(("closed", "converted", "c"), "closed"),
    **dict.fromkeys(("draft", "i"), "draft"),
    **dict.fromkeys(("partially approved", "x"), "partially approved"),
    **dict.fromkeys(("declined", "r"), "declined"),
    "d": "closed",
}

# Field names: sheet 5.2 to 5.12. A field that a company does not have fails the whole query, hence `optional`.
SHELVES: Final[dict[str, Shelf]] = {
    "customer": Shelf(
        "CUSTOMER",
        "CUSTOMERID",
        fields=("NAME", "STATUS", "ONHOLD"),
        optional=("CURRENCY", "RECORD_URL", *customer.CONTACT),
        master=True,
    ),
    "vendor": Shelf(
        "VENDOR",
        "VENDORID",
        fields=("NAME", "STATUS"),
        optional=("ONHOLD", "DONOTCUTCHECK", "CURRENCY", "TERMNAME", "RECORD_URL", *vendor.CONTACT),
        master=True,
    ),
    "bill": Shelf(
        "APBILL",
        "RECORDID",
        "VENDORID",
        "WHENCREATED",
        _TOTALS,
        ("RAWSTATE", "WHENPOSTED", "WHENDUE", "DOCNUMBER", "TRX_TOTALSELECTED", *_TOTALS_MORE),
        _TOTAL,
        _DUE,
        "APBILLITEM",
        to_the_line=True,
    ),
    "vendor_credit": Shelf(
        "APADJUSTMENT",
        "RECORDID",
        "VENDORID",
        "WHENCREATED",
        _TOTALS,
        ("RAWSTATE", "WHENPOSTED", "DOCNUMBER", *_TOTALS_MORE),
        _TOTAL,
        _DUE,
        "APADJUSTMENTITEM",
        to_the_line=True,
    ),
    "bill_payment": Shelf(
        "APPYMT",
        "DOCNUMBER",
        "VENDORID",
        "WHENCREATED",  # the payment date
        ("STATE", "TOTALENTERED", "CURRENCY", "DESCRIPTION"),
        ("RAWSTATE", "FINANCIALENTITY", "PAYMENTMETHOD", "CLEARED", *_TOTALS_MORE),
        _TOTAL,
        # here an approved one is not posted yet
        states={"a": "approved"},
    ),
    "purchase_order": Shelf(
        "PODOCUMENT",
        "PONUMBER",
        "DOCPARID",
        "WHENCREATED",
        ("DOCID", "DOCNO", "STATE", "TOTAL", "CUSTVENDID"),
        ("CURRENCY", "TRX_TOTAL", "BASECURR", "MESSAGE", "PRRECORDKEY", "RECORD_URL"),
        ("TRX_TOTAL", "TOTAL"),
        id="DOCID",
        number="DOCNO",
        states=_ORDER_STATES,
    ),
    "invoice": Shelf(
        "ARINVOICE",
        "RECORDID",
        "CUSTOMERID",
        "WHENCREATED",
        _TOTALS,
        ("RAWSTATE", "WHENPOSTED", "WHENDUE", *_TOTALS_MORE),
        _TOTAL,
        _DUE,
        "ARINVOICEITEM",
    ),
    "adjustment": Shelf(
        "ARADJUSTMENT",
        "RECORDID",
        "CUSTOMERID",
        "WHENCREATED",
        _TOTALS,
        ("RAWSTATE", "WHENPOSTED", *_TOTALS_MORE),
        _TOTAL,
        _DUE,
        "ARADJUSTMENTITEM",
    ),
    "payment": Shelf(
        "ARPYMT",
        "DOCNUMBER",
        "CUSTOMERID",
        "RECEIPTDATE",
        _TOTALS,
        ("RECORDID", "FINANCIALENTITY", *_TOTALS_MORE),
        _TOTAL,
        _DUE,
    ),
    "advance": Shelf(
        "ARADVANCE",
        "DOCNUMBER",
        "CUSTOMERID",
        "RECEIPTDATE",
        _TOTALS,
        ("RECORDID", "FINANCIALENTITY", *_TOTALS_MORE),
        _TOTAL,
        _DUE,
    ),
    "other_receipt": Shelf(
        "OTHERRECEIPTS",
        "DOCNUMBER",
        day="RECEIPTDATE",
        fields=("STATE", "TOTALENTERED", "CURRENCY", "DESCRIPTION"),
        optional=("RECORDID", "TRX_TOTALENTERED", "BASECURR", "RECORD_URL"),
        amounts=_TOTAL,
    ),
    "journal": Shelf(
        "GLBATCH",
        "REFERENCENO",
        "JOURNAL",
        "BATCH_DATE",
        ("BATCH_TITLE", "STATE"),
        ("BATCHNO", "RECORD_URL"),
        ("TOTAL",),
        number="BATCHNO",
    ),
}

OTHER_RECEIPT_KEY: Final = "other_receipt_key"
"""The setting that names the field of OTHERRECEIPTS which holds the reference, where it is not DOCNUMBER."""


def names(settings: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Of each object the fields that this company calls otherwise: our name → its own."""
    own = str(settings.get(OTHER_RECEIPT_KEY) or "")
    shelf = SHELVES["other_receipt"]
    return {shelf.object: {shelf.key: own}} if own not in ("", shelf.key) else {}


SHELVES["application"] = replace(SHELVES["payment"], amounts=())
"""Credit that was applied shows the cash, of which there is none."""
SHELVES["vendor_credit_reversal"] = SHELVES["vendor_credit"]


@dataclass(frozen=True)
class Undoing:
    """What a document of a kind takes back, and when it stands there: once what it takes back is gone, or closed. Its
    id says on which shelf: a credit may stand for it."""

    of: str
    credit: str = ""
    """The kind of the document that may stand for it."""
    function: str = ""
    """What asks for it; without it, or where this was not asked, the credit was made."""
    done: tuple[str, ...] = ("reversed", "voided", "deleted")


REVERSED: Final[Mapping[str, Undoing]] = {
    "invoice_reversal": Undoing("invoice", "adjustment", "reverse_invoice"),
    "payment_reversal": Undoing("payment", "", "reverse_arpayment"),
    "application_reversal": Undoing("application", "", "reverse_arpayment"),
    "bill_reversal": Undoing("bill", "vendor_credit", "reverse_bill"),
    "bill_payment_void": Undoing("bill_payment", "", "void_appaymentrequest"),
    "purchase_order_close": Undoing("purchase_order", "", "update_potransaction", ("closed", "deleted")),
}

# Labels of `query`, letters of older reads; what stands in no line is itself in lower case. Sheet 5.15.
STATES: Final[Mapping[str, str]] = {
    "": "posted",
    "posted": "posted",
    "paid": "posted",
    "partially paid": "posted",
    "selected": "posted",
    "complete": "posted",
    "completed": "posted",
    "reconciled": "posted",
    "confirmed": "posted",
    "a": "posted",
    "c": "posted",
    "draft": "draft",
    "d": "draft",
    "submitted": "submitted",
    "s": "submitted",
    "partially approved": "partially approved",
    "pa": "partially approved",
    "approved": "approved",
    "declined": "declined",
    "reversed": "reversed",
    "reversal pending": "reversed",
    "voided": "voided",
    "v": "voided",
}
