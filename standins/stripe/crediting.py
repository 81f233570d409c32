"""Credit notes: before payment they lower what is due; after it they are refund, customer credit, or paid elsewhere."""

from collections.abc import Sequence
from typing import Any

from standins.stripe import blanks
from standins.stripe.core import Json, operation
from standins.stripe.errors import ApiError, bad_state, missing
from standins.stripe.money import shared
from standins.stripe.refunding import Refunding
from standins.stripe.totals import merged_discounts, merged_taxes, tax_sum


class Crediting(Refunding):
    @operation
    def credit_note(
        self,
        invoice_id: str,
        amount: int | None = None,
        *,
        lines: Sequence[Json] = (),
        refund_amount: int = 0,
        refunds: Sequence[Json] = (),
        credit_amount: int | None = None,
        out_of_band_amount: int = 0,
        **more: Any,
    ) -> Json:
        """`lines`: {"type": "invoice_line_item", "invoice_line_item", "amount"} or {"type": "custom_line_item",
        "unit_amount", "quantity"?}. `refunds`: [{"refund", "amount_refunded"?}], that exist.
        `credit_amount` None: the rest."""
        invoice = self.get("invoice", invoice_id)
        if invoice["status"] not in ("open", "paid", "uncollectible"):
            raise bad_state("You can only create credit notes for open or paid invoices.")
        made = self._credit_lines(invoice, amount, lines)
        total = sum(x["amount"] - x["discount_amount"] + tax_sum(x["taxes"], "exclusive") for x in made)
        self._may_credit(invoice, total)
        before_payment = min(total, invoice["amount_remaining"])
        linked = [self._linked(r) for r in refunds]
        after = total - before_payment
        rest = after - refund_amount - out_of_band_amount - sum(r["amount_refunded"] for r in linked)
        credit = rest if credit_amount is None else credit_amount
        if rest != credit or credit < 0:
            message = (
                "The sum of credit amount, refund amount and out of band amount must equal the post payment amount"
            )
            raise ApiError(f"{message} ({after}).", param="amount")
        if refund_amount:
            refund = self.refund(invoice_id, refund_amount)
            linked.append(self._linked({"refund": refund["id"], "amount_refunded": refund_amount}))
        note = self._new_note(invoice, made, total, before_payment)
        note.update(more)
        note["refunds"] = linked
        note["out_of_band_amount"] = out_of_band_amount or None
        if credit:
            row = self._customer_row(invoice, -credit, "credit_note")
            row["credit_note"] = note["id"]
            note["customer_balance_transaction"] = row["id"]
        self.emit("credit_note.created", note)
        self._lower_invoice(invoice, before_payment, after)
        return note

    @operation
    def void_credit_note(self, note_id: str) -> Json:
        """Only notes from before payment can be voided; the invoice is due again."""
        note = self.get("credit_note", note_id)
        if note["status"] == "void" or note["post_payment_amount"]:
            raise bad_state("You cannot void this credit note.")
        note.update(status="void", voided_at=self.clock.now())
        self._lower_invoice(self.get("invoice", note["invoice"]), -note["pre_payment_amount"], 0)
        self.emit("credit_note.voided", note)
        return note

    def _may_credit(self, invoice: Json, total: int) -> None:
        earlier = sum(
            n["total"] for n in self.all("credit_note") if n["invoice"] == invoice["id"] and n["status"] == "issued"
        )
        if total <= 0 or earlier + total > invoice["total"]:
            raise ApiError("The credit note amount exceeds what is left of the invoice.", param="amount")

    def _credit_lines(self, invoice: Json, amount: int | None, specs: Sequence[Json]) -> list[Json]:
        if specs:
            return [self._credit_line(invoice, s) for s in specs]
        if amount is None:
            raise ApiError("You must pass either `amount` or `lines`.", code="parameter_missing", param="amount")
        return [self._custom_line({"unit_amount": amount, "description": "Credit"})]

    def _credit_line(self, invoice: Json, spec: Json) -> Json:
        if spec["type"] == "custom_line_item":
            return self._custom_line(spec)
        if spec.get("invoice_line_item") not in self.secret(invoice["id"])["lines"]:
            raise missing("invoice line item", str(spec.get("invoice_line_item")))
        line = self.get("line_item", spec["invoice_line_item"])
        amount = line["amount"] if spec.get("amount") is None else int(spec["amount"])
        cut = [amount, line["amount"] - amount]
        taken = [{**d, "amount": shared(d["amount"], cut)[0]} for d in line["discount_amounts"]]
        taxes = [
            {**t, "amount": shared(t["amount"], cut)[0], "taxable_amount": shared(t["taxable_amount"] or 0, cut)[0]}
            for t in line["taxes"]
        ]
        return self._line_blank(
            amount=amount,
            description=line["description"],
            discount_amounts=taken,
            taxes=taxes,
            type="invoice_line_item",
            discount_amount=sum(d["amount"] for d in taken),
            invoice_line_item=line["id"],
            quantity=line["quantity"],
        )

    def _custom_line(self, spec: Json) -> Json:
        unit, quantity = (
            int(str(spec.get("unit_amount") or spec.get("unit_amount_decimal") or 0)),
            int(spec.get("quantity") or 1),
        )
        return self._line_blank(
            amount=unit * quantity,
            description=spec.get("description"),
            unit_amount=unit,
            unit_amount_decimal=str(unit),
            quantity=quantity,
            type="custom_line_item",
        )

    def _line_blank(self, **more: Any) -> Json:
        stamp = {"id": self.ids.new("cnli"), "livemode": self.knobs.livemode}
        return {**blanks.credit_line(), **stamp, **more}

    def _linked(self, spec: Json) -> Json:
        refund = self.get("refund", spec["refund"])
        amount = int(spec.get("amount_refunded") or refund["amount"])
        return {"amount_refunded": amount, "payment_record_refund": None, "refund": refund["id"], "type": "refund"}

    def _new_note(self, invoice: Json, lines: list[Json], total: int, before_payment: int) -> Json:
        taxes = [t for x in lines for t in x["taxes"]]
        off = sum(x["discount_amount"] for x in lines)
        stamp = self.stamp("cn")
        after = total - before_payment
        count = sum(n["invoice"] == invoice["id"] for n in self.all("credit_note"))
        subtotal = sum(x["amount"] for x in lines)
        note = {
            **blanks.credit_note(),
            **stamp,
            "customer": invoice["customer"],
            "invoice": invoice["id"],
            "amount": total,
            "currency": invoice["currency"],
            "total": total,
            "subtotal": subtotal,
            "discount_amount": off,
            "subtotal_excluding_tax": subtotal - tax_sum(taxes, "inclusive"),
            "total_taxes": merged_taxes(taxes),
            "total_excluding_tax": total - tax_sum(taxes),
            "effective_at": self.clock.now(),
            "discount_amounts": merged_discounts([d for x in lines for d in x["discount_amounts"]]),
            "number": f"{invoice['number']}-CN-{count + 1:02d}",
            "pdf": f"{self.base_url}/credit_notes/{stamp['id']}/pdf",
            "pre_payment_amount": before_payment,
            "post_payment_amount": after,
            "type": "pre_payment" if not after else "mixed" if before_payment else "post_payment",
        }
        self.keep(note, lines=[self.keep(x)["id"] for x in lines])
        return note

    def _lower_invoice(self, invoice: Json, before_payment: int, after: int) -> None:
        before = dict(invoice)
        invoice["pre_payment_credit_notes_amount"] += before_payment
        invoice["post_payment_credit_notes_amount"] += after
        invoice["amount_due"] -= before_payment
        invoice["amount_remaining"] -= before_payment
        if before_payment > 0 and invoice["amount_remaining"] == 0 and invoice["status"] != "paid":
            self.close_paid(invoice)
        elif before_payment:
            self.follow_remaining(invoice)
        self.changed("invoice.updated", invoice, before)
