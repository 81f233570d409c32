"""Stripe → Sage Intacct: customers, invoices, payments, refunds. docs/accounting.md 1-3"""

from connectors.base import Flow, Integration
from connectors.integrations.stripe_intacct import customer, invoice, payment, refund
from connectors.integrations.stripe_intacct.options import Options
from connectors.integrations.stripe_intacct.tables import TABLES

FLOWS = (
    Flow(
        key="customer",
        label="Stripe customer → customer",
        stream="customer",
        kind="customer",
        translate=customer.translate,
        events=("customer.created", "customer.updated", "customer.deleted"),
        tables=("customer",),
    ),
    Flow(
        key="invoice",
        label="Stripe invoice → AR invoice",
        stream="invoice",
        kind="invoice",
        translate=invoice.translate,
        events=(
            "invoice.finalized",
            "invoice.updated",
            "invoice.paid",
            "invoice.voided",
            "invoice.marked_uncollectible",
        ),
        tables=(
            "entity",
            "customer_dimensions",
            "revenue_account",
            "tax_account",
            "discount_account",
            "billing_credit_account",
            "shipping_account",
            "term",
        ),
        after=("customer",),
    ),
    Flow(
        key="payment",
        label="Stripe payment → AR payment",
        stream="payment",
        kind="payment",
        translate=payment.translate,
        events=(
            "invoice_payment.paid",
            "invoice.paid",
            "payment_intent.succeeded",
            "charge.succeeded",
            "charge.captured",
            "charge.updated",
        ),
        tables=("clearing", "payment_method"),
        after=("invoice",),
    ),
    Flow(
        key="refund",
        label="Stripe refund → journal",
        stream="refund",
        kind="journal",
        translate=refund.translate,
        events=(
            "refund.created",
            "refund.updated",
            "refund.failed",
            "charge.refunded",
            "charge.refund.updated",
        ),
        tables=("clearing", "refunds_clearing", "fx_gain_loss"),
        after=("payment",),
    ),
)

INTEGRATION = Integration(
    key="stripe_intacct",
    label="Stripe → Sage Intacct",
    source="stripe",
    target="sage_intacct",
    flows=FLOWS,
    tables=TABLES,
    options=Options,
)
