"""What an object of Stripe's must hold before anything here reads it. What else it holds is none of our business."""

import json

from connectors.base import Json, Response
from connectors.errors import Malformed, Unavailable

# By the word in its `object`. A list is judged by its rows.
NEEDED: dict[str, tuple[str, ...]] = {
    "account": ("id",),
    "balance_transaction": ("id", "amount", "currency", "created", "reporting_category"),
    "charge": ("id", "status", "captured", "amount_captured", "created"),
    "credit_note": ("id", "status", "invoice", "total", "created"),
    "customer": ("id", "created"),
    "customer_balance_transaction": ("id", "amount", "type", "currency", "created"),
    "event": ("id", "type", "created", "data"),
    "invoice": ("id", "status", "currency", "total", "created"),
    "invoice_payment": ("id", "status", "invoice", "payment", "currency", "created"),
    "line_item": ("id", "amount"),
    "list": ("data",),
    "refund": ("id", "amount", "currency", "created"),
    "webhook_endpoint": ("id", "url", "enabled_events", "status"),
}
SAYS_NOTHING_SURE = "Stripe's answer cannot be read; something between us may have answered."


def legible(answer: Response, *, write: bool = False) -> Response:
    """The answer, if it is a JSON object. A refusal that is none says nothing sure: a proxy may have sent it."""
    try:
        made = json.loads(answer.body)
    except (ValueError, RecursionError):
        made = None
    refused = answer.status >= 300
    if isinstance(made, dict) and (not refused or isinstance(made.get("error"), dict)):
        return answer
    if refused:
        raise Unavailable(f"{SAYS_NOTHING_SURE} (status {answer.status})", sent=write)
    raise Malformed("body", "Stripe's answer is not a JSON object")


def shaped(made: Json) -> Json:
    """The object, if it holds what its kind must; of a list each row. Raises Malformed."""
    kind = made.get("object")
    if not isinstance(kind, str):
        raise Malformed("object", "is missing in Stripe's answer")
    needed = ("id",) if made.get("deleted") else NEEDED.get(kind, ("id",))
    for name in needed:
        if made.get(name) is None:
            raise Malformed(f"{kind}.{name}", "is missing in Stripe's answer")
    if "id" in needed and not isinstance(made["id"], str):
        raise Malformed(f"{kind}.id", "is not a text in Stripe's answer")
    return _rows(made) if kind == "list" else made


def _rows(listed: Json) -> Json:
    rows = listed["data"]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Malformed("list.data", "is not a list of objects in Stripe's answer")
    for row in rows:
        shaped(row)
    return listed
