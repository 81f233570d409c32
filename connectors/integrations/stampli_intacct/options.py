"""What a link from Stampli to Sage Intacct may decide for itself. Section 4 of docs/accounting.md gives the reasons."""

from dataclasses import dataclass

from connectors.base import ask


@dataclass(frozen=True)
class Options:
    post_as: str = ask(
        "Post bills and credits as",
        default="submit",
        choices=(("submit", "submitted: the company may still want its own approval"), ("draft", "draft")),
    )
    adopt: str = ask(
        "Documents that stand there already",
        help="Same number and vendor, not sent by us. Exact: taken over where amount, currency and date are equal too.",
        default="exact",
        choices=(("ask", "a person decides"), ("exact", "taken over where everything is equal")),
    )
    tax: str = ask(
        "Tax that is not part of the lines",
        default="own_line",
        choices=(("own_line", "on lines of its own, account by tax_account"), ("in_cost", "spread over its lines")),
    )
    rate_type: str = ask(
        "Exchange rate type", help="Multi-currency companies only. Empty: Intacct Daily Rate.", default=""
    )
    ap_summary: str = ask("Bill summary", help="Only where summaries are user-specified: its name.", default="")
