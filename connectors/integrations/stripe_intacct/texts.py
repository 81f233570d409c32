"""Texts of documents: what a person searches first, then the ids of the source. Never an e-mail address."""

from connectors.base import Json
from connectors.money import cut

DESCRIPTION = 1000
TITLE = 80
NAME = 99


def party(invoice: Json) -> str:
    """The customer's name as it was frozen on the invoice."""
    return str(invoice.get("customer_name") or "")


def number(invoice: Json) -> str:
    """Stripe gives one at finalization."""
    return str(invoice.get("number") or invoice["id"])


def described(*parts: str) -> str:
    return cut(" ".join(part for part in ("Stripe", *parts) if part), DESCRIPTION)


def titled(*parts: str) -> str:
    return cut(" ".join(part for part in ("Stripe", *parts) if part), TITLE)
