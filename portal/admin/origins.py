"""Where each value of a document came from: the trace of the desk, as sentences."""

import json
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from audit.models import Record
from portal.admin import words


@dataclass(frozen=True)
class Origin:
    at: str
    """The field of the document, where the trace names one."""
    said: str
    url: str = ""


def of(record: Record) -> list[Origin]:
    """Each question once, in the order in which it was asked."""
    if not record.trace:
        return []
    found = [_origin(one, record) for one in json.loads(record.trace)]
    return list(dict.fromkeys(found))


def _origin(one: dict[str, Any], record: Record) -> Origin:
    at = words.field(str(one.get("at", "")))
    match one.get("asked"):
        case "map":
            return _mapped(one, record, at)
        case "posted":
            stands = " as ".join(part for part in (str(one.get("number", "")), str(one.get("id", ""))) if part)
            return Origin(at, f"earlier posting of {one.get('flow')} {one.get('key')}: {stands}")
        case "previewed":
            return Origin(
                at, f"{one.get('flow')} {one.get('key')} as it is prepared, not sent yet: {one.get('number')}"
            )
        case "option":
            return Origin(
                at, f"option of the link: {words.field(str(one.get('name', '')))} is {_plain(one.get('value'))}"
            )
        case "day":
            return Origin(at, f"calendar day of {one.get('instant')} in {one.get('zone')}")
        case "because":
            return Origin(at, str(one.get("why", "")))
    return Origin(at, ", ".join(f"{name} {value}" for name, value in one.items() if name != "at"))


def _mapped(one: dict[str, Any], record: Record, at: str) -> Origin:
    table = words.table(record.link.integration, str(one.get("table", "")))
    asked = ", ".join(str(value) for value in one.get("values", []) if value) or "*"
    row = str(one.get("row", ""))
    if not row:
        return Origin(at, f"{table}: no row for {asked}")
    number = row.split()[1] if row.startswith("mapping ") else ""
    url = reverse("admin:mappings_mapping_change", args=[number]) if number.isdigit() else ""
    return Origin(at, f"{table}: {asked} → {one.get('value')} ({row})", url)


def _plain(value: Any) -> str:
    return (
        {True: "yes", False: "no", None: "not set", "": "empty"}.get(value, str(value))
        if _hashable(value)
        else str(value)
    )


def _hashable(value: Any) -> bool:
    return value is None or isinstance(value, str | int | bool)
