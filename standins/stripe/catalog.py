"""Customers and their credit balance, products, tax rates, coupons."""

from collections.abc import Mapping
from typing import Any

from standins.stripe import blanks
from standins.stripe.core import Core, Json, operation
from standins.stripe.errors import ApiError

_ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")


class Catalog(Core):
    @operation
    def create_customer(self, name: str | None = None, email: str | None = None, **more: Any) -> Json:
        balance = more.pop("balance", 0)
        more = _whole_addresses(more)
        customer = {**blanks.customer(), **self.stamp("cus"), "name": name, "email": email, **more}
        customer.setdefault("invoice_prefix", self.ids.text(8).upper())
        self.keep(customer)
        self.emit("customer.created", customer)
        if balance:
            self.credit_customer(customer["id"], balance, "adjustment")
        return customer

    @operation
    def update_customer(self, id: str, **changes: Any) -> Json:
        customer = self.get("customer", id)
        before = dict(customer)
        changes = _whole_addresses(changes)
        if settings := changes.get("invoice_settings"):
            changes["invoice_settings"] = {**customer["invoice_settings"], **settings}
        customer.update({**changes, "metadata": merged(customer["metadata"], changes.get("metadata"))})
        self.changed("customer.updated", customer, before)
        return customer

    @operation
    def delete_customer(self, id: str) -> Json:
        """Drafts go with the customer; finalized invoices keep the id and the frozen name."""
        customer = self.get("customer", id)
        for item in [i for i in self.all("invoiceitem") if i["customer"] == id and i["invoice"] is None]:
            self.drop(item)
        self.emit("customer.deleted", customer)
        stub = {"id": id, "object": "customer", "deleted": True}
        self.secret(id)["created"] = customer["created"]
        self.objects["customer"][id] = stub
        return stub

    @operation
    def credit_customer(
        self, id: str, amount: int, type: str = "adjustment", currency: str | None = None, **more: Any
    ) -> Json:
        """Negative amounts are credit to the customer, as at Stripe."""
        customer = self.get("customer", id)
        before = dict(customer)
        customer["currency"] = customer["currency"] or currency or self.knobs.currency
        customer["balance"] += amount
        row = {
            **blanks.customer_row(),
            **self.stamp("cbtxn"),
            "customer": id,
            "amount": amount,
            "type": type,
            "currency": currency or customer["currency"],
            "ending_balance": customer["balance"],
            **more,
        }
        self.keep(row)
        self.changed("customer.updated", customer, before)
        return row

    @operation
    def create_product(self, name: str, id: str | None = None, **more: Any) -> Json:
        product = {**blanks.product(), **self.stamp("prod"), "name": name, "updated": self.clock.now(), **more}
        return self.keep({**product, "id": id or product["id"]})

    @operation
    def create_tax_rate(self, display_name: str, percentage: float, inclusive: bool = False, **more: Any) -> Json:
        rate = {
            **blanks.tax_rate(),
            **self.stamp("txr"),
            "display_name": display_name,
            "percentage": percentage,
            "effective_percentage": percentage,
            "inclusive": inclusive,
            **more,
        }
        return self.keep(rate)

    @operation
    def create_coupon(self, percent_off: float | None = None, amount_off: int | None = None, **more: Any) -> Json:
        coupon = {
            **blanks.coupon(),
            **self.stamp("coupon"),
            "percent_off": percent_off,
            "amount_off": amount_off,
            **more,
        }
        if amount_off is not None and not coupon["currency"]:
            coupon["currency"] = self.knobs.currency
        return self.keep({**coupon, "id": more.get("id") or self.ids.text(8)})


def _whole_addresses(given: Json) -> Json:
    """Addresses are answered with all their parts, those that were not sent as null."""
    whole = dict(given)
    if whole.get("address"):
        whole["address"] = {**dict.fromkeys(_ADDRESS), **whole["address"]}
    if whole.get("shipping"):
        shipping = {"name": None, "phone": None, **whole["shipping"]}
        whole["shipping"] = {**shipping, "address": {**dict.fromkeys(_ADDRESS), **(shipping.get("address") or {})}}
    return whole


def merged(metadata: Mapping[str, str] | None, changes: Mapping[str, Any] | str | None) -> dict[str, str]:
    """An empty value takes a key away; an empty string in place of the map takes all away."""
    if isinstance(changes, str):
        return {}
    both = {**(metadata or {}), **{k: str(v) for k, v in dict(changes or {}).items()}}
    kept = {k: v for k, v in both.items() if v != ""}
    for key, value in kept.items():
        if len(key) > 40 or "[" in key or "]" in key:
            raise ApiError(f"Invalid metadata key: {key[:60]}", param="metadata")
        if len(value) > 500:
            raise ApiError("Metadata values can have up to 500 characters.", param=f"metadata[{key}]")
    if len(kept) > 50:
        raise ApiError("Metadata can have up to 50 keys.", param="metadata")
    return kept
