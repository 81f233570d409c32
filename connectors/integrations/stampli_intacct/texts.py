"""Texts of documents: what a person searches first."""

from connectors.base import Json
from connectors.money import cut

DESCRIPTION = 1000


def described(told: Json, number: str, *more: str) -> str:
    """`Stampli INV-2001 Acme Office Supply`, then the description of the file, and its number where ours differs."""
    written = str(told.get("number") or "")
    vendor = told["vendor"]
    parts = ["Stampli", *more, number, str(vendor.get("name") or vendor.get("id") or "")]
    if written and written != number:
        parts.append(f"({written})")
    parts.append(str(told.get("description") or ""))
    return cut(" ".join(part for part in parts if part), DESCRIPTION)
