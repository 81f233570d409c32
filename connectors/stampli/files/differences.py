"""In which a document differs from what was said of it before, in words for the person who decides."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from connectors.base import Json
from connectors.names import fold

_PLAIN: Final = {
    "number": "number",
    "payment_id": "payment id",
    "invoice_date": "invoice date",
    "payment_date": "payment date",
    "due_date": "due date",
    "posting_date": "posting date",
    "currency": "currency",
    "total": "total",
    "entity": "entity",
    "po_number": "purchase order",
    "terms": "terms",
    "description": "description",
    "method": "payment method",
    "reference": "payment reference",
    "bank_account": "bank account",
    "stampli_id": "Stampli id",
}
_LINE: Final = ("gl_account", "invoice_number", "amount", "description", "entity", "tax_amount", "tax_code")
_WORDS: Final = {"gl_account": "account", "invoice_number": "invoice", "tax_amount": "tax", "tax_code": "tax code"}


def differences(old: Json, new: Json) -> list[str]:
    """Empty where they say the same. Rows, files and links do not count, nor the order of lines."""
    found = [f"class: {old['class']} → {new['class']}"] if old.get("class") != new.get("class") else []
    found += list(_vendor(old, new))
    for name, word in _PLAIN.items():
        before, after = str(old.get(name, "")), str(new.get(name, ""))
        if fold(before) != fold(after):
            found.append(f"{word}: {_shown(before)} → {_shown(after)}")
    return found + list(_lines(old, new))


def _vendor(old: Json, new: Json) -> Iterator[str]:
    for part in ("id", "name"):
        before, after = old.get("vendor", {}).get(part, ""), new.get("vendor", {}).get(part, "")
        if fold(before) != fold(after):
            yield f"vendor {part}: {_shown(before)} → {_shown(after)}"


def _lines(old: Json, new: Json) -> Iterator[str]:
    before, after = Counter(map(_line, old.get("lines", ()))), Counter(map(_line, new.get("lines", ())))
    for line in (before - after).elements():
        yield f"line gone: {line}"
    for line in (after - before).elements():
        yield f"line new: {line}"


def _line(line: dict[str, Any]) -> str:
    parts = [f"{_WORDS.get(name, name)} {line[name]}" for name in _LINE if str(line.get(name, "")).strip()]
    parts += [f"{name} {value}" for name, value in sorted(line.get("dimensions", {}).items()) if value]
    return ", ".join(parts)


def _shown(text: str) -> str:
    return text if text.strip() else "nothing"
