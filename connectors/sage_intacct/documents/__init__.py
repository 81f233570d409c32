"""What Sage Intacct can hold, and how each is written.

Two dialects: upper-case objects in `create` and `update`, whose children may stand in any order, and lower-case
functions, whose children may not. Amounts carry a sign only where Sage Intacct wants one.
"""

from collections.abc import Mapping
from typing import Final

from connectors.base import Document
from connectors.sage_intacct.documents.cash import Advance, OtherReceipt
from connectors.sage_intacct.documents.customer import Address, Customer
from connectors.sage_intacct.documents.journal import Journal
from connectors.sage_intacct.documents.parts import AMBIGUOUS, LENGTHS, Fit, Line, Pairs
from connectors.sage_intacct.documents.payment import METHODS, Application, Credit, Inline, Payment
from connectors.sage_intacct.documents.receivable import Adjustment, Coded, Invoice
from connectors.sage_intacct.documents.reversal import ApplicationReversal, InvoiceReversal, PaymentReversal, Reversal

__all__ = [
    "AMBIGUOUS",
    "KINDS",
    "LENGTHS",
    "METHODS",
    "Address",
    "Adjustment",
    "Advance",
    "AnyDocument",
    "Application",
    "ApplicationReversal",
    "Coded",
    "Credit",
    "Customer",
    "Fit",
    "Inline",
    "Invoice",
    "InvoiceReversal",
    "Journal",
    "Line",
    "OtherReceipt",
    "Pairs",
    "Payment",
    "PaymentReversal",
    "Reversal",
]

AnyDocument = Customer | Invoice | Adjustment | Payment | Application | Reversal | OtherReceipt | Advance | Journal

KINDS: Final[Mapping[str, type[Document]]] = {
    cls.kind: cls
    for cls in (
        Customer,
        Invoice,
        Payment,
        Adjustment,
        Application,
        InvoiceReversal,
        PaymentReversal,
        ApplicationReversal,
        OtherReceipt,
        Advance,
        Journal,
    )
}
