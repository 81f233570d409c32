"""What Sage Intacct can hold, and how each is written.

Two dialects: upper-case objects in `create` and `update`, whose children may stand in any order, and lower-case
functions, whose children may not. Amounts carry a sign only where Sage Intacct wants one.
"""

from collections.abc import Mapping
from typing import Final

from connectors.base import Document
from connectors.sage_intacct.documents.bill_payment import BillPayment, Paid
from connectors.sage_intacct.documents.cash import Advance, OtherReceipt
from connectors.sage_intacct.documents.customer import Address, Customer
from connectors.sage_intacct.documents.journal import Journal
from connectors.sage_intacct.documents.parts import AMBIGUOUS, LENGTHS, Coded, Fit, Line, Pairs
from connectors.sage_intacct.documents.payable import Bill, VendorCredit, VendorCreditReversal
from connectors.sage_intacct.documents.payment import METHODS, Also, Application, Credit, Inline, Payment
from connectors.sage_intacct.documents.purchase import OrderLine, PurchaseOrder, PurchaseOrderClose
from connectors.sage_intacct.documents.receivable import Adjustment, Invoice
from connectors.sage_intacct.documents.reversal import (
    ApplicationReversal,
    BillPaymentVoid,
    BillReversal,
    InvoiceReversal,
    PaymentReversal,
    Reversal,
    Undo,
)
from connectors.sage_intacct.documents.vendor import Vendor

__all__ = [
    "AMBIGUOUS",
    "KINDS",
    "LENGTHS",
    "METHODS",
    "Address",
    "Adjustment",
    "Advance",
    "Also",
    "AnyDocument",
    "Application",
    "ApplicationReversal",
    "Bill",
    "BillPayment",
    "BillPaymentVoid",
    "BillReversal",
    "Coded",
    "Credit",
    "Customer",
    "Fit",
    "Inline",
    "Invoice",
    "InvoiceReversal",
    "Journal",
    "Line",
    "OrderLine",
    "OtherReceipt",
    "Paid",
    "Pairs",
    "Payment",
    "PaymentReversal",
    "PurchaseOrder",
    "PurchaseOrderClose",
    "Reversal",
    "Vendor",
    "VendorCredit",
    "VendorCreditReversal",
]

AnyDocument = (
    Customer
    | Invoice
    | Adjustment
    | Payment
    | Application
    | OtherReceipt
    | Advance
    | Journal
    | Vendor
    | Bill
    | VendorCredit
    | VendorCreditReversal
    | BillPayment
    | PurchaseOrder
    | Undo
)

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
        Vendor,
        Bill,
        VendorCredit,
        VendorCreditReversal,
        BillPayment,
        BillReversal,
        BillPaymentVoid,
        PurchaseOrder,
        PurchaseOrderClose,
    )
}
