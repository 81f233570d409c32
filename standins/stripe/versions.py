"""One object in the shape of a version: the pinned one (endive), or the last before the invoice change (acacia)."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from standins.stripe.core import Core

Json = dict[str, Any]
OLD = "2025-02-24.acacia"


def family_of(version: str) -> str:
    """The invoice change came with 2025-03-31; what lies before it is rendered as acacia, the rest as endive."""
    return "acacia" if version < "2025-03-31" else "endive"


def knows(version: str, event_type: str) -> bool:
    """Event types that came with or after the invoice change are not sent to older endpoints."""
    return family_of(version) == "endive" or not event_type.startswith(("invoice_payment.", "invoice.overpaid"))


def present(shop: "Core", obj: Json, version: str) -> Json:
    """A copy that may be changed, as the API answers it without any expansion."""
    whole: Json = json.loads(json.dumps(obj))
    if whole.get("object") in ("invoice", "credit_note") and not whole.get("deleted"):
        whole["lines"] = _first_lines(shop, whole)
    return _to_acacia(shop, whole) if family_of(version) == "acacia" else whole


def _first_lines(shop: "Core", obj: Json) -> Json:
    ids = shop.secret(obj["id"]).get("lines", [])
    kind = "line_item" if obj["object"] == "invoice" else "credit_note_line_item"
    first = [json.loads(json.dumps(shop.objects[kind][i])) for i in ids[: shop.knobs.lines_in_invoice]]
    url = f"/v1/{obj['object']}s/{obj['id']}/lines"
    return {"object": "list", "data": first, "has_more": len(ids) > len(first), "total_count": len(ids), "url": url}


def _without(obj: Json, names: str) -> Json:
    return {k: v for k, v in obj.items() if k not in names.split()}


def _to_acacia(shop: "Core", obj: Json) -> Json:
    change = _CHANGES.get(obj.get("object", ""))
    return change(shop, obj) if change and not obj.get("deleted") else obj


def _tax_amounts(taxes: list[Json] | None) -> list[Json]:
    return [
        {
            "amount": t["amount"],
            "inclusive": t["tax_behavior"] == "inclusive",
            "tax_rate": (t["tax_rate_details"] or {}).get("tax_rate", ""),
            "taxability_reason": t["taxability_reason"],
            "taxable_amount": t["taxable_amount"],
        }
        for t in taxes or []
    ]


def _inside(taxes: list[Json] | None) -> int:
    return sum(t["amount"] for t in taxes or [] if t["tax_behavior"] == "inclusive")


def _invoice_of_intent(shop: "Core", intent: str | None) -> str | None:
    rows = shop.secret(intent).get("invoice_payments", []) if intent else []
    return str(shop.objects["invoice_payment"][rows[0]]["invoice"]) if rows else None


def _charge(shop: "Core", c: Json) -> Json:
    return {**_without(c, "presentment_details"), "invoice": _invoice_of_intent(shop, c["payment_intent"])}


def _intent(shop: "Core", p: Json) -> Json:
    new = "allowed_payment_method_types customer_account excluded_payment_method_types hooks managed_payments "
    old = _without(p, new + "payment_details payment_record presentment_details")
    return {**old, "invoice": _invoice_of_intent(shop, p["id"])}


def _invoice(shop: "Core", i: Json) -> Json:
    hidden = shop.secret(i["id"])
    rows = [shop.objects["invoice_payment"][r] for r in hidden.get("payments", [])]
    intents = [r["payment"].get("payment_intent") for r in rows]
    charges = [shop.objects["payment_intent"][p]["latest_charge"] for p in intents if p]
    subscription = ((i["parent"] or {}).get("subscription_details") or {}).get("subscription")
    taxes = i["total_taxes"]
    new = "amount_overpaid amount_paid_off_stripe confirmation_secret customer_account parent payments status_details"
    return {
        **_without(i, new + " total_taxes"),
        "lines": {**i["lines"], "data": [_line(shop, x) for x in i["lines"]["data"]]},
        "application_fee_amount": None,
        "charge": next((c for c in reversed(charges) if c), None),
        "discount": None,
        "paid": i["status"] == "paid",
        "paid_out_of_band": bool(hidden.get("out_of_band")),
        "payment_intent": next((p for p in intents if p), None),
        "quote": None,
        "subscription": subscription,
        "subscription_details": {"metadata": None},
        "tax": sum(t["amount"] for t in taxes) if taxes else None,
        "total_tax_amounts": _tax_amounts(taxes),
        "transfer_data": None,
    }


def _line(shop: "Core", x: Json) -> Json:
    parent = x["parent"] or {}
    details = parent.get("invoice_item_details") or parent.get("subscription_item_details") or {}
    from_subscription = parent.get("type") == "subscription_item_details"
    old = {
        **_without(x, "parent pricing quantity_decimal subtotal taxes"),
        "amount_excluding_tax": x["amount"] - _inside(x["taxes"]),
        "plan": None,
        "price": None,
        "proration": bool(details.get("proration")),
        "proration_details": {"credited_items": None},
        "tax_amounts": _tax_amounts(x["taxes"]),
        "tax_rates": [],
        "type": "subscription" if from_subscription else "invoiceitem",
        "unit_amount_excluding_tax": (x["pricing"] or {}).get("unit_amount_decimal"),
    }
    if not from_subscription:
        old["invoice_item"] = details.get("invoice_item")
    return old


def _credit_note(shop: "Core", n: Json) -> Json:
    old = _without(n, "customer_account post_payment_amount pre_payment_amount refunds total_taxes")
    old["lines"] = {**n["lines"], "data": [_credit_line(shop, x) for x in n["lines"]["data"]]}
    old["type"] = "pre_payment" if n["type"] == "pre_payment" else "post_payment"
    return {
        **old,
        "refund": next((r["refund"] for r in n["refunds"]), None),
        "tax_amounts": _tax_amounts(n["total_taxes"]),
    }


def _credit_line(shop: "Core", x: Json) -> Json:
    return {
        **_without(x, "metadata taxes"),
        "amount_excluding_tax": x["amount"] - _inside(x["taxes"]),
        "tax_amounts": _tax_amounts(x["taxes"]),
        "unit_amount_excluding_tax": x["unit_amount_decimal"],
    }


def _item(shop: "Core", x: Json) -> Json:
    unit = (x["pricing"] or {}).get("unit_amount_decimal")
    new = "customer_account frozen_fields invoicing_rules net_amount parent pricing proration_details quantity_decimal"
    whole = int(unit) if unit and "." not in unit else None
    return {
        **_without(x, new),
        "plan": None,
        "price": None,
        "subscription": None,
        "unit_amount": whole,
        "unit_amount_decimal": unit,
    }


def _discount(shop: "Core", d: Json) -> Json:
    return {**_without(d, "customer_account source"), "coupon": shop.objects["coupon"][d["source"]["coupon"]]}


def _dropping(names: str) -> Callable[["Core", Json], Json]:
    return lambda shop, obj: _without(obj, names)


_CHANGES: dict[str, Callable[["Core", Json], Json]] = {
    "charge": _charge,
    "payment_intent": _intent,
    "invoice": _invoice,
    "line_item": _line,
    "credit_note": _credit_note,
    "credit_note_line_item": _credit_line,
    "invoiceitem": _item,
    "discount": _discount,
    "balance": _dropping("refund_and_dispute_prefunding"),
    "balance_transaction": _dropping("balance_type"),
    "customer": _dropping("business_name customer_account individual_name"),
    "customer_balance_transaction": _dropping("checkout_session customer_account"),
    "dispute": _dropping("intended_submission_method"),
    "payout": _dropping("payout_method"),
    "product": _dropping("tax_details"),
    "refund": _dropping("customer customer_account payment_method pending_reason presentment_details"),
    "tax_id": _dropping("customer_account"),
}
