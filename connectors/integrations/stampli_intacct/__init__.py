"""Stampli → Sage Intacct: approved invoices and payments from files, as bills and payments. docs/accounting.md 4"""

from typing import Final

from connectors.base import Flow, Integration
from connectors.integrations.stampli_intacct import bill, payment
from connectors.integrations.stampli_intacct.options import Options
from connectors.integrations.stampli_intacct.tables import DIMENSIONS, TABLES

CODING: Final = ("vendor", "gl_account", "entity", *DIMENSIONS, "tax_account")

VOID: Final = "held.void_requested"
FLOWS: Final = (
    Flow("bill", "Stampli invoice → AP bill", "bill", "bill", bill.bill, tables=(*CODING, "term")),
    Flow("credit", "Stampli credit → AP adjustment", "credit", "vendor_credit", bill.credit, tables=CODING),
    Flow(
        "payment",
        "Stampli payment → AP payment",
        "payment",
        "bill_payment",
        payment.payment,
        tables=("vendor", "bank_account"),
        after=("bill",),
    ),
    Flow(
        "payment_void",
        "Stampli voided payment → void",
        "payment_void",
        "bill_payment_void",
        payment.void,
        after=("payment",),
        approval=VOID,
    ),
    Flow("bill_void", "Stampli voided invoice → reversal", "bill_void", "bill_reversal", bill.void, approval=VOID),
    Flow(
        "credit_void",
        "Stampli voided credit → opposite adjustment",
        "credit_void",
        "vendor_credit_reversal",
        bill.credit_void,
        approval=VOID,
    ),
)

INTEGRATION: Final = Integration(
    key="stampli_intacct",
    label="Stampli → Sage Intacct",
    source="stampli",
    target="sage_intacct",
    flows=FLOWS,
    tables=TABLES,
    options=Options,
)
