"""What finance decides for Stripe → Sage Intacct. docs/accounting.md 8"""

from connectors.base import Table
from connectors.integrations.stripe_intacct.coding import DIMENSIONS, USER_DEFINED

FACTS = (*DIMENSIONS, f"{USER_DEFINED}*")

TABLES = (
    Table(
        "customer",
        "Customers",
        "cus_… → an existing customer. Without a row it is created under its Stripe id.",
        choices="customer",
    ),
    Table(
        "entity",
        "Entities",
        "Value of the metadata key, or cus_… → entity. * for a company with one entity.",
        choices="entity",
    ),
    Table(
        "customer_dimensions",
        "Dimensions of customers",
        "cus_…, segment, country/state, country or * → dimensions of all lines of the invoice.",
        facts=FACTS,
    ),
    Table(
        "product_dimensions",
        "Dimensions of products",
        "Price, product, category of the product, or * → dimensions of its lines. Before those of the customer, after "
        "those of the account's row.",
        facts=FACTS,
    ),
    Table(
        "metadata_dimensions",
        "Dimensions by metadata",
        "key=value, for the metadata keys named in the options → dimensions. Found on the line or its product they go "
        "before all others; on invoice, subscription or customer before those of the customer.",
        facts=FACTS,
    ),
    Table(
        "revenue_account",
        "Revenue accounts",
        "Price, product, category of the product, or * → account.",
        choices="gl_account",
        required=True,
        facts=FACTS,
    ),
    Table(
        "tax_account",
        "Tax accounts",
        "Tax rate (txr_…), country/state/type, or * → account.",
        choices="gl_account",
        facts=FACTS,
    ),
    Table(
        "discount_account",
        "Discount account",
        "* → account; only where discounts have lines of their own.",
        choices="gl_account",
        facts=FACTS,
    ),
    Table(
        "billing_credit_account",
        "Billing credit account",
        "* → account of Stripe's billing credits.",
        choices="gl_account",
        facts=FACTS,
    ),
    Table("shipping_account", "Shipping account", "* → account.", choices="gl_account", facts=FACTS),
    Table(
        "bank_account",
        "Banks of payments outside Stripe",
        "payment_record, or * → checking account; only where such payments are carried.",
        choices="bank_account",
    ),
    Table(
        "sale_account",
        "Sale accounts",
        "Category in the charge's metadata, or * → revenue account of charges without invoice.",
        choices="gl_account",
        facts=FACTS,
    ),
    Table(
        "customer_deposits",
        "Customer deposits",
        "Category in the charge's metadata, or * → account of customers' advances.",
        choices="gl_account",
        facts=FACTS,
    ),
    Table("bad_debt", "Bad debt", "* → expense or allowance.", choices="gl_account", facts=FACTS),
    Table(
        "balance_adjustment",
        "Balance adjustments",
        "Type of the row (adjustment, …), or * → account of credit that was given by hand in Stripe.",
        choices="gl_account",
        facts=FACTS,
    ),
    Table(
        "clearing",
        "Clearing accounts",
        "Settlement currency (USD, or USD/E100 for one entity) → checking account that mirrors Stripe's balance; "
        "gl_account: its GL account.",
        choices="bank_account",
        required=True,
        facts=("gl_account",),
    ),
    Table(
        "refunds_clearing",
        "Refunds clearing",
        "Currency (USD or USD/E100) → account between refund and memo.",
        choices="gl_account",
    ),
    Table(
        "refund_route",
        "Ways of refunds",
        "re_…, or its reason at Stripe (duplicate, fraudulent, requested_by_customer) → gl or reopen. Without a row: "
        "the option.",
    ),
    Table(
        "fx_gain_loss",
        "Exchange gains and losses",
        "Currency of Stripe's balance (USD or USD/E100) → account of what the exchange rate made of a refund.",
        choices="gl_account",
        facts=FACTS,
    ),
    Table(
        "payment_method",
        "Payment methods",
        "Stripe's method type (card, us_bank_account…) → EFT or Credit Card. Without a row: EFT.",
    ),
    Table("term", "Terms", "Days until due → term. Without a row the due date goes as it is.", choices="term"),
)
