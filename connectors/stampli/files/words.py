"""Words of the file that decide what becomes of a document: its kind, and its status."""

from functools import lru_cache
from typing import Final, Literal

from connectors.names import fold
from connectors.stampli.files.columns import Kind, tight
from connectors.stampli.files.rules import Rules

Status = Literal["go", "void", "skip"]

BILLS: Final = (
    "",
    "invoice",
    "bill",
    "vendor invoice",
    "vendor bill",
    "supplier invoice",
    "supplier bill",
    "ap invoice",
    "ap bill",
    "standard",
    "standard invoice",
    "po invoice",
    "non po invoice",
    "purchase invoice",
    "expense invoice",
)
CREDITS: Final = ("credit memo", "credit", "credit note", "refund", "vendor credit", "debit memo")
GO: Final[dict[Kind, tuple[str, ...]]] = {
    "invoice": ("approved", "posted", "exported", "synced", "ready for export"),
    "payment": ("processed", "paid", "completed", "cleared", "sent", "issued"),
}
VOID: Final = ("void", "voided", "cancelled", "canceled", "stopped", "returned")


def classes(rules: Rules) -> dict[str, str]:
    """Each word, as compared, with `bill` or `credit`."""
    found = {tight(word): "bill" for word in (*BILLS, *rules.bill_words.split(","))}
    more = [word for word in rules.credit_words.split(",") if word.strip()]
    return found | {tight(word): "credit" for word in (*CREDITS, *more)}


@lru_cache(maxsize=512)
def status(text: str, kind: Kind) -> Status:
    word = tight(fold(text))
    if word in {tight(one) for one in VOID}:
        return "void"
    return "go" if word in {tight(one) for one in GO[kind]} else "skip"
