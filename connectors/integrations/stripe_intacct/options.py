"""What a link from Stripe to Sage Intacct may decide for itself. Section 3 of docs/accounting.md gives the reasons."""

from dataclasses import dataclass

from connectors.base import ask


@dataclass(frozen=True)
class Options:
    journal: str = ask(
        "Journal",
        help="Symbol of the journal for entries of this link; one of its own is advised. Needed for refunds.",
        default="",
    )
    post_as: str = ask(
        "Post as", default="submit", choices=(("submit", "posted"), ("draft", "draft, released in Sage Intacct"))
    )
    customers: str = ask(
        "Customers to create",
        default="all",
        choices=(("all", "all of Stripe's"), ("with_first_document", "those with a finalized invoice")),
    )
    discount: str = ask(
        "Discounts",
        default="net",
        choices=(("net", "inside revenue"), ("gross", "on a line of their own, account by discount_account")),
    )
    negative_lines: str = ask(
        "Negative lines that stay",
        help="Prorations are first netted into lines of the same coding.",
        default="inline",
        choices=(("inline", "on the invoice"), ("split_credit_memo", "as a credit memo of their own")),
    )
    zero_total: str = ask(
        "Invoices of zero",
        help="Whose accounts do not cancel out; those that do post nothing.",
        default="invoice",
        choices=(("invoice", "posted as they are"), ("journal", "a journal of their accounts")),
    )
    adopt: str = ask(
        "Documents that stand there already",
        help="Same number and party, not sent by us. Exact: taken over where amount, currency and date are equal too.",
        default="ask",
        choices=(("ask", "a person decides"), ("exact", "taken over where everything is equal")),
    )
    ledger_invoice_key: str = ask(
        "Metadata key of the ledger's invoice",
        help="Where Stripe only collects: its value is the number of the invoice in Sage Intacct that the money pays. "
        "Such an invoice is taken over there and never made; adopt decides who says so. Empty: none.",
        default="",
    )
    out_of_band: str = ask(
        "Payments outside Stripe",
        default="skip",
        choices=(
            ("skip", "not carried: the bank book shows that money"),
            ("bank_account", "to the bank account mapped by bank_account"),
        ),
    )
    refund_route: str = ask(
        "Refunds",
        default="gl",
        help="Rows of refund_route decide for one refund, or for those of a reason.",
        choices=(
            ("gl", "take back revenue and tax by journal; receivables stay as they are"),
            ("reopen", "the customer owes again: a debit memo"),
        ),
    )
    invoiceless: str = ask(
        "Charges without invoice",
        help="Revenue and a deposit are different things; such charges wait until it is decided.",
        default="",
        choices=(("", "not decided"), ("sale", "a sale: revenue at once"), ("advance", "an advance of the customer")),
    )
    sale_tax_key: str = ask(
        "Metadata key of the tax in a sale",
        help="Of charges without invoice. Its value is the tax in the charge's currency, as 6.10. Empty: no tax.",
        default="",
    )
    void: str = ask(
        "Voided invoices",
        help="The reversal must be allowed in the set-up of Accounts Receivable.",
        default="reverse",
        choices=(("reverse", "reversed in Sage Intacct"), ("credit_memo", "a credit memo of all lines")),
    )
    void_paid: str = ask(
        "Voided invoices with money applied in Sage Intacct",
        default="credit_memo",
        choices=(
            ("credit_memo", "a credit memo of all lines; what was paid stays as credit"),
            ("hold", "a person decides"),
        ),
    )
    uncollectible: str = ask(
        "Uncollectible invoices",
        default="write_off",
        choices=(("write_off", "written off to the account of bad debt"), ("leave_open", "stay open")),
    )
    application_account: str = ask(
        "Account on applications of credit",
        help="No cash moves; some companies want a bank account named all the same.",
        default="none",
        choices=(("none", "none"), ("clearing", "the clearing account")),
    )
    number_prefix: str = ask("Prefix of invoice numbers", default="")
    entity_key: str = ask(
        "Metadata key of the entity",
        help="Looked for on the invoice, its subscription, its customer. Empty: one entity, or rows of the customer.",
        default="",
    )
    category_key: str = ask("Metadata key of a product's category", default="category")
    segment_key: str = ask("Metadata key of a customer's segment", default="segment")
    dimension_keys: str = ask(
        "Metadata keys of dimensions",
        help="Names, divided by commas: their values are looked up as key=value among the dimensions by metadata.",
        default="",
    )
    entity_time_zones: str = ask(
        "Time zones of entities",
        help="Where they differ from the workspace's: E100 America/Los_Angeles, E200 Europe/London.",
        default="",
    )
    rate_type: str = ask(
        "Exchange rate type", help="Multi-currency companies only. Empty: Intacct Daily Rate.", default=""
    )
    ar_summary: str = ask("Invoice summary", help="Only where summaries are user-specified: its RECORDNO.", default="")
