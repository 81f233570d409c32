"""By what a document is always known again, and what two documents must have in common to be the same."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from connectors.names import fold

_LONGEST: Final = 200


def document_key(kind: str, vendor: str, number: str) -> str:
    """Of a bill or a credit: the vendor as the file writes it (the id, else the name) and the number, both folded."""
    return joined(kind, fold(vendor), fold(number))


def payment_key(payment_id: str) -> str:
    return joined("payment", fold(payment_id))


def void_key(key: str) -> str:
    """Of the wish to void what has this key."""
    return f"void/{key}" if len(key) < _LONGEST - 5 else f"void/{digest(key)}"


def joined(*parts: str) -> str:
    """Unlike for unlike parts; readable, and at most 200 characters long."""
    text = "/".join(part.replace("~", "~0").replace("/", "~1") for part in parts)
    if len(text) <= _LONGEST:
        return text
    return f"{text[: _LONGEST - 34]}~~{digest(text)[:32]}"


def digest(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def signature(day: str, currency: str, total: str, lines: Iterable[Sequence[str]]) -> str:
    """Equal for two documents of equal content: date, currency, total, and the same accounts with the same amounts (of
    a payment: the same invoices)."""
    return digest([day, currency, total, sorted([fold(account), amount] for account, amount in lines)])
