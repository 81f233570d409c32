"""Invoices from draft to their end: lines, discounts, taxes, finalizing, voiding. How they are paid is paying.py's."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from standins.stripe import blanks
from standins.stripe.catalog import merged
from standins.stripe.charging import Charging
from standins.stripe.core import Json, operation
from standins.stripe.errors import ApiError, bad_state, missing
from standins.stripe.money import least_charge, rounded
from standins.stripe.totals import Line, Off, Rate, merged_discounts, merged_taxes, reckon, tax_row, tax_sum


class Invoicing(Charging):
    @operation
    def create_invoice(
        self,
        customer: str,
        lines: Sequence[Json] = (),
        *,
        currency: str | None = None,
        discounts: Sequence[Any] = (),
        tax: Sequence[str] = (),
        due_days: int | None = None,
        shipping: Json | None = None,
        subscription: str | None = None,
        finalize: bool = False,
        **more: Any,
    ) -> Json:
        """`lines`: see add_line. `discounts`: coupon ids, or {"percent_off"/"amount_off": n}. `tax`: rate ids for lines
        that have none of their own. `shipping`: {"amount", "tax"?: rate id}."""
        buyer = self.get("customer", customer)
        if buyer.get("deleted"):
            raise missing("customer", customer)
        now = self.clock.now()
        stamp = self.stamp("in")
        invoice = {
            **blanks.invoice(),
            **stamp,
            "customer": customer,
            "period_start": now,
            "period_end": now,
            "currency": currency or buyer["currency"] or self.knobs.currency,
            "account_country": self.knobs.country,
            "account_name": self.knobs.name,
            **more,
        }
        if due_days is not None:
            invoice.update(collection_method="send_invoice", due_date=now + due_days * 86400)
        if subscription:
            invoice["parent"] = _subscription_parent(subscription)
            invoice["billing_reason"] = "subscription_cycle"
        invoice["default_tax_rates"] = [self.get("tax_rate", t) for t in tax]
        for discount in discounts:
            self._coupon_of(discount)  # refused before anything is kept
        self.keep(invoice, lines=[], payments=[], shipping=shipping)
        self._freeze_party(invoice, buyer)
        offs = [self.new_discount(d, customer=customer, invoice=invoice["id"]) for d in discounts]
        invoice["discounts"] = [o["id"] for o in offs]
        for spec in lines:
            self._add(invoice, {"subscription": subscription, **spec})
        self.reckon(invoice)
        self.emit("invoice.created", invoice)
        return self.finalize(invoice["id"]) if finalize else invoice

    @operation
    def add_line(self, invoice_id: str, **spec: Any) -> Json:
        """amount, or quantity and unit_amount(_decimal); description, product, price, tax (rate ids) or taxes
        ([{amount, taxable_amount?, rate, inclusive?}]), discounts, discountable, proration, subscription, period,
        metadata."""
        invoice = self.draft(invoice_id)
        before = dict(invoice)
        line = self._add(invoice, spec)
        self.reckon(invoice)
        self.changed("invoice.updated", invoice, before)
        return line

    @operation
    def remove_line(self, invoice_id: str, line_id: str) -> Json:
        invoice = self.draft(invoice_id)
        lines = self.secret(invoice_id)["lines"]
        if line_id not in lines:
            raise missing("invoice line item", line_id)
        before = dict(invoice)
        lines.remove(line_id)
        self.drop(self.get("line_item", line_id))
        self.reckon(invoice)
        self.changed("invoice.updated", invoice, before)
        return invoice

    @operation
    def create_item(self, customer: str, invoice: str | None = None, **spec: Any) -> Json:
        """An invoice item: on a draft at once, or pending until an invoice is made that takes pending items."""
        if invoice:
            line = self.add_line(invoice, **spec)
            return self.get("invoiceitem", line["parent"]["invoice_item_details"]["invoice_item"])
        item = self._new_item({**spec}, customer, spec.get("currency") or self.knobs.currency)
        self.secret(item["id"])["spec"] = spec
        self.emit("invoiceitem.created", item)
        return item

    @operation
    def take_pending_items(self, invoice_id: str) -> None:
        invoice = self.draft(invoice_id)
        mine = [i for i in self.all("invoiceitem") if i["invoice"] is None and i["customer"] == invoice["customer"]]
        for item in [i for i in mine if i["currency"] == invoice["currency"]]:
            self._add(invoice, {**self.secret(item["id"])["spec"], "item": item["id"]})
        self.reckon(invoice)

    @operation
    def update_invoice(self, invoice_id: str, **changes: Any) -> Json:
        invoice = self.get("invoice", invoice_id)
        if invoice["status"] != "draft" and set(changes) - {"metadata", "description", "footer", "auto_advance"}:
            raise bad_state("Finalized invoices can't be updated in this way.", "invoice_not_editable")
        before = dict(invoice)
        invoice.update({**changes, "metadata": merged(invoice["metadata"], changes.get("metadata"))})
        self.reckon(invoice)
        self.changed("invoice.updated", invoice, before)
        return invoice

    @operation
    def delete_draft(self, invoice_id: str) -> Json:
        invoice = self.draft(invoice_id)
        self.emit("invoice.deleted", invoice)
        self.drop(invoice)
        return {"id": invoice_id, "object": "invoice", "deleted": True}

    @operation
    def finalize(self, invoice_id: str) -> Json:
        invoice = self.draft(invoice_id)
        before = {**invoice, "status_transitions": dict(invoice["status_transitions"])}
        buyer = self.get("customer", invoice["customer"])
        self.reckon(invoice)
        self.may_charge(max(invoice["total"], least_charge(invoice["currency"])), invoice["currency"])
        self._number(invoice, buyer)
        self._freeze_party(invoice, buyer)
        now = self.clock.now()
        invoice["status_transitions"]["finalized_at"] = now
        invoice.update(
            status="open",
            effective_at=invoice["effective_at"] or now,
            hosted_invoice_url=f"{self.base_url}/pay/{invoice_id}",
            invoice_pdf=f"{self.base_url}/invoices/{invoice_id}/pdf",
        )
        self._use_credit(invoice)
        self._set_due(invoice)
        if invoice["amount_due"]:
            self.open_payment(invoice, invoice["amount_due"], default=True)
        self.emit("invoice.finalized", invoice)
        self.changed("invoice.updated", invoice, before)
        if not invoice["amount_due"]:
            self.close_paid(invoice)
        self._replace_revised(invoice)
        return invoice

    @operation
    def void(self, invoice_id: str, force: bool = False) -> Json:
        """`force` voids a paid one too: Stripe's own API would refuse it."""
        invoice = self.get("invoice", invoice_id)
        if invoice["status"] not in ("open", "uncollectible") and not (force and invoice["status"] == "paid"):
            raise bad_state(f"You can only pass in open or uncollectible invoices; this one is {invoice['status']}.")
        before = {**invoice, "status_transitions": dict(invoice["status_transitions"])}
        invoice["status_transitions"]["voided_at"] = self.clock.now()
        invoice["status"] = "void"
        self.cancel_open_payments(invoice)
        if used := self.secret(invoice_id).get("credit_used"):
            self.credit_customer(
                invoice["customer"], -used, "unapplied_from_invoice", invoice["currency"], invoice=invoice_id
            )
        self.emit("invoice.voided", invoice)
        self.changed("invoice.updated", invoice, before)
        return invoice

    @operation
    def mark_uncollectible(self, invoice_id: str) -> Json:
        invoice = self.get("invoice", invoice_id)
        if invoice["status"] != "open":
            raise bad_state(f"Only open invoices can be marked uncollectible; this one is {invoice['status']}.")
        before = {**invoice, "status_transitions": dict(invoice["status_transitions"])}
        invoice["status_transitions"]["marked_uncollectible_at"] = self.clock.now()
        invoice["status"] = "uncollectible"
        self.emit("invoice.marked_uncollectible", invoice)
        self.changed("invoice.updated", invoice, before)
        return invoice

    # what paying.py fills in

    def open_payment(self, invoice: Json, amount: int, default: bool = False) -> Json:
        raise NotImplementedError

    def close_paid(self, invoice: Json) -> None:
        raise NotImplementedError

    def cancel_open_payments(self, invoice: Json) -> None:
        raise NotImplementedError

    # inside

    def draft(self, invoice_id: str) -> Json:
        invoice = self.get("invoice", invoice_id)
        if invoice["status"] != "draft":
            raise bad_state("This invoice is no longer editable: it is finalized.", "invoice_not_editable")
        return invoice

    def new_discount(self, spec: Any, **where: Any) -> Json:
        coupon = self._coupon_of(spec) or self.create_coupon(**spec)
        source = {"coupon": coupon["id"], "type": "coupon"}
        start = self.clock.now()
        return self.keep({**blanks.discount(), "id": self.ids.new("di"), "start": start, "source": source, **where})

    def _coupon_of(self, spec: Any) -> Json | None:
        if isinstance(spec, dict) and "coupon" not in spec:
            return None
        return self.get("coupon", spec["coupon"] if isinstance(spec, dict) else spec)

    def _add(self, invoice: Json, spec: Json) -> Json:
        hidden = self.secret(invoice["id"])
        if len(hidden["lines"]) >= 250:
            raise ApiError("An invoice can have at most 250 items.", code="invoice_too_many_items", param="lines")
        if spec.get("item"):
            item = self.get("invoiceitem", spec["item"])
        else:
            item = self._new_item(spec, invoice["customer"], invoice["currency"])
        item["invoice"] = invoice["id"]
        proration, subscription = bool(spec.get("proration")), spec.get("subscription")
        line = {
            **blanks.line(),
            "id": self.ids.new("il"),
            "livemode": self.knobs.livemode,
            "invoice": invoice["id"],
            "amount": item["amount"],
            "subtotal": item["amount"],
            "currency": item["currency"],
            "description": item["description"],
            "discountable": item["discountable"],
            "metadata": dict(item["metadata"]),
            "period": item["period"],
            "pricing": item["pricing"],
            "quantity": item["quantity"],
            "quantity_decimal": item["quantity_decimal"],
            "subscription": subscription,
            "parent": _line_parent(item["id"], proration, subscription, self.ids.new("si") if subscription else None),
        }
        offs = [
            self.new_discount(d, invoice=invoice["id"], invoice_item=item["id"]) for d in spec.get("discounts") or ()
        ]
        fixed = [self._fixed_tax(t, item["amount"]) for t in spec.get("taxes") or ()]
        self.keep(line, offs=[o["id"] for o in offs], rates=list(spec.get("tax") or ()), fixed=fixed)
        hidden["lines"].append(line["id"])
        return line

    def _new_item(self, spec: Json, customer: str, currency: str) -> Json:
        quantity = Decimal(str(spec.get("quantity_decimal") or spec.get("quantity") or 1))
        unit = spec.get("unit_amount_decimal", spec.get("unit_amount"))
        amount = rounded(Decimal(str(unit)) * quantity, currency) if unit is not None else int(spec["amount"])
        now, proration = self.clock.now(), bool(spec.get("proration"))
        item = {
            **blanks.invoice_item(),
            "id": self.ids.new("ii"),
            "date": now,
            "livemode": self.knobs.livemode,
            "amount": amount,
            "net_amount": amount,
            "currency": currency,
            "customer": customer,
            "proration": proration,
            "description": spec.get("description"),
            "metadata": dict(spec.get("metadata") or {}),
            "discountable": spec.get("discountable", not proration and amount >= 0),
            "period": spec.get("period") or {"start": now, "end": now},
            "quantity": int(quantity),
            "quantity_decimal": _plain(quantity),
            "pricing": self._pricing(spec, unit if unit is not None else amount),
        }
        return self.keep(item)

    def _pricing(self, spec: Json, unit: Any) -> Json:
        product = spec.get("product") or self._product_named(spec.get("description") or "Item")
        price = spec.get("price") or self._price_of(product)
        details = {"price": price, "product": product}
        return {"type": "price_details", "unit_amount_decimal": str(unit), "price_details": details}

    def _product_named(self, name: str) -> str:
        found = next((p for p in self.all("product") if p["name"] == name), None)
        return str((found or self.create_product(name))["id"])

    def _price_of(self, product: str) -> str:
        hidden = self.secret(product)
        if "price" not in hidden:
            hidden["price"] = self.ids.new("price")
        return str(hidden["price"])

    def _fixed_tax(self, tax: Json, amount: int) -> Json:
        taxable = tax.get("taxable_amount", amount)
        reason = tax.get("taxability_reason") or "standard_rated"
        return tax_row(tax["rate"], int(tax["amount"]), int(taxable), bool(tax.get("inclusive")), reason)

    def reckon(self, invoice: Json) -> None:
        """Brings all sums of a draft up to date."""
        if invoice["status"] != "draft":
            return
        lines = [self.get("line_item", i) for i in self.secret(invoice["id"])["lines"]]
        work = [self._work(invoice, x) for x in lines]
        reckon(work, [self._off(d) for d in invoice["discounts"]])
        for line, done in zip(lines, work, strict=True):
            line.update(taxes=done.taxes, discount_amounts=done.taken, discounts=list(self.secret(line["id"])["offs"]))
        self._sum_up(invoice, work)

    def _work(self, invoice: Json, line: Json) -> Line:
        hidden = self.secret(line["id"])
        rates = [self.get("tax_rate", r) for r in hidden["rates"]] or invoice["default_tax_rates"]
        return Line(
            line["amount"],
            line["currency"],
            line["discountable"],
            [self._off(d) for d in hidden["offs"]],
            [Rate(r["id"], Decimal(str(r["percentage"])), r["inclusive"]) for r in rates],
            hidden["fixed"],
        )

    def _off(self, discount_id: str) -> Off:
        coupon = self.get("coupon", self.get("discount", discount_id)["source"]["coupon"])
        percent = coupon["percent_off"]
        return Off(discount_id, None if percent is None else Decimal(str(percent)), coupon["amount_off"] or 0)

    def _sum_up(self, invoice: Json, work: Sequence[Line]) -> None:
        taxes = [t for w in work for t in w.taxes]
        subtotal = sum(w.amount - w.own_off for w in work)
        inclusive = tax_sum(taxes, "inclusive")
        shipping, shipping_taxes = self._shipping(invoice)
        total = sum(w.left for w in work) + tax_sum(taxes, "exclusive") + shipping["amount_total"]
        taxes += shipping_taxes
        invoice.update(
            subtotal=subtotal,
            subtotal_excluding_tax=subtotal - inclusive,
            total=total,
            total_excluding_tax=total - tax_sum(taxes),
            total_taxes=merged_taxes(taxes),
            total_discount_amounts=merged_discounts([t for w in work for t in w.taken]),
            amount_shipping=shipping["amount_total"],
            shipping_cost=shipping if shipping["amount_total"] else None,
            amount_due=max(0, total),
            amount_remaining=max(0, total),
        )

    def _shipping(self, invoice: Json) -> tuple[Json, list[Json]]:
        spec = self.secret(invoice["id"]).get("shipping") or {"amount": 0}
        taxes = []
        if spec.get("tax"):
            rate = self.get("tax_rate", spec["tax"])
            work = Line(
                int(spec["amount"]),
                invoice["currency"],
                rates=[Rate(rate["id"], Decimal(str(rate["percentage"])), False)],
            )
            reckon([work], [])
            taxes = work.taxes
        tax = tax_sum(taxes)
        cost = {"amount_subtotal": int(spec["amount"]), "amount_tax": tax, "amount_total": int(spec["amount"]) + tax}
        return {**cost, "shipping_rate": None}, taxes

    def _number(self, invoice: Json, buyer: Json) -> None:
        if not invoice["number"]:
            invoice["number"] = f"{buyer['invoice_prefix']}-{buyer['next_invoice_sequence']:04d}"
            buyer["next_invoice_sequence"] += 1
        elif any(i["number"] == invoice["number"] and i is not invoice for i in self.all("invoice")):
            raise ApiError("An invoice with this number already exists.", code="invoice_number_taken", param="number")

    def _freeze_party(self, invoice: Json, buyer: Json) -> None:
        for name in ("name", "email", "address", "phone", "shipping", "tax_exempt"):
            invoice[f"customer_{name}"] = buyer.get(name)

    def _use_credit(self, invoice: Json) -> None:
        """The customer's balance: credit lowers what is due, an old small debt raises it."""
        buyer = self.get("customer", invoice["customer"])
        buyer["currency"] = buyer["currency"] or invoice["currency"]
        start = buyer["balance"] if buyer["currency"] == invoice["currency"] else 0
        due = invoice["total"]
        used = min(-start, max(due, 0)) if start < 0 else -start if due > 0 else 0
        invoice["starting_balance"] = start
        if used:
            self._customer_row(invoice, used, "applied_to_invoice")
            self.secret(invoice["id"])["credit_used"] = used
        self.secret(invoice["id"])["due"] = due - used

    def _set_due(self, invoice: Json) -> None:
        due = self.secret(invoice["id"])["due"]
        if due < 0:
            self._customer_row(invoice, due, self.knobs.negative_total_type)
        elif 0 < due < least_charge(invoice["currency"]):
            self._customer_row(invoice, due, "invoice_too_small")
            due = 0
        invoice["amount_due"] = invoice["amount_remaining"] = max(0, due)
        invoice["ending_balance"] = self.get("customer", invoice["customer"])["balance"]

    def _customer_row(self, invoice: Json, amount: int, type: str) -> Json:
        return self.credit_customer(invoice["customer"], amount, type, invoice["currency"], invoice=invoice["id"])

    def _replace_revised(self, invoice: Json) -> None:
        if not invoice["from_invoice"]:
            return
        old = self.get("invoice", invoice["from_invoice"]["invoice"])
        old["latest_revision"] = invoice["id"]
        if old["status"] in ("open", "uncollectible"):
            self.void(old["id"])


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _subscription_parent(subscription: str) -> Json:
    details = {"metadata": {}, "subscription": subscription}
    return {"type": "subscription_details", "subscription_details": details, "quote_details": None}


def _line_parent(item: str, proration: bool, subscription: str | None, subscription_item: str | None) -> Json:
    common = {"proration": proration, "proration_details": {"credited_items": None}, "subscription": subscription}
    if subscription_item and not proration:
        details = {**common, "invoice_item": item, "subscription_item": subscription_item}
        return {"type": "subscription_item_details", "subscription_item_details": details, "invoice_item_details": None}
    details = {**common, "invoice_item": item}
    return {"type": "invoice_item_details", "invoice_item_details": details, "subscription_item_details": None}
