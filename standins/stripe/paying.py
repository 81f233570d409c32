"""Invoices and money together: one InvoicePayment for each payment on each invoice, in full, in part, too much."""

from collections.abc import Mapping
from typing import Any

from standins.stripe import blanks
from standins.stripe.core import Json, operation
from standins.stripe.errors import bad_state
from standins.stripe.invoicing import Invoicing


class Paying(Invoicing):
    @operation
    def pay(self, invoice_id: str, amount: int | None = None, **how: Any) -> Json:
        """Pays what is open, or `amount` of it, or more. `how` as in confirm. Gives back the charge."""
        invoice = self._payable(invoice_id)
        invoice.update(attempted=True, attempt_count=invoice["attempt_count"] + 1)
        row = self._row_to_pay(invoice, invoice["amount_remaining"] if amount is None else amount)
        return self.confirm(row["payment"]["payment_intent"], **how)

    @operation
    def pay_several(self, amounts: Mapping[str, int], **how: Any) -> Json:
        """One payment over several invoices: {invoice id: amount}."""
        invoices = [self._payable(i) for i in amounts]
        first = invoices[0]
        intent = self.create_intent(sum(amounts.values()), first["currency"], first["customer"])
        for invoice in invoices:
            self._attach(invoice, amounts[invoice["id"]], {"type": "payment_intent", "payment_intent": intent["id"]})
        return self.confirm(intent["id"], **how)

    @operation
    def pay_out_of_band(self, invoice_id: str, amount: int | None = None) -> Json:
        """Money that never touched Stripe: no charge, no fee, no balance row."""
        invoice = self._payable(invoice_id)
        amount = invoice["amount_remaining"] if amount is None else amount
        record = self.report_payment(amount, invoice["currency"])
        self.secret(invoice_id)["out_of_band"] = True
        return self.attach(invoice_id, payment_record=record["id"])

    @operation
    def report_payment(self, amount: int, currency: str, **more: Any) -> Json:
        money = {"currency": currency, "value": amount}
        paid = {"amount": money, "amount_requested": money, "amount_guaranteed": money, "amount_authorized": money}
        return self.keep({**blanks.payment_record(currency), **self.stamp("pr"), **paid, **more})

    @operation
    def attach(self, invoice_id: str, payment_intent: str | None = None, payment_record: str | None = None) -> Json:
        """Ties a payment that exists to an invoice; if it has succeeded, the invoice has it at once."""
        invoice = self._payable(invoice_id)
        if payment_record:
            amount = self.get("payment_record", payment_record)["amount"]["value"]
            row = self._attach(invoice, amount, {"type": "payment_record", "payment_record": payment_record})
            self._row_paid(row, amount)
        else:
            intent = self.get("payment_intent", payment_intent or "")
            row = self._attach(invoice, intent["amount"], {"type": "payment_intent", "payment_intent": intent["id"]})
            if intent["status"] == "succeeded":
                self._row_paid(row, intent["amount_received"])
        return invoice

    @operation
    def fail_late(self, charge_id: str, code: str = "insufficient_funds") -> Json:
        """A bank debit that comes back after it had counted as paid: the invoice is due again."""
        charge = self.get("charge", charge_id)
        if charge["status"] != "succeeded" or not charge["balance_transaction"]:
            raise bad_state("Only a paid charge with its balance row can fail late.")
        first = self.get("balance_transaction", charge["balance_transaction"])
        row = self.row(
            "payment_failure_refund",
            "charge_failure",
            -first["amount"],
            first["currency"],
            source=charge_id,
            rate=first["exchange_rate"],
            available_after=0,
        )
        self.secret(charge_id)["rows"].append(row["id"])
        charge.update(status="failed", paid=False, failure_code=code, failure_balance_transaction=row["id"])
        intent = self.get("payment_intent", charge["payment_intent"])
        intent.update(status="requires_payment_method", amount_received=0)
        self.emit("charge.failed", charge)
        self.emit("payment_intent.payment_failed", intent)
        for row_id in self.secret(intent["id"])["invoice_payments"]:
            self._row_undone(self.get("invoice_payment", row_id))
        return charge

    # what the other parts call

    def money_arrived(self, intent: Json, charge: Json) -> None:
        rows = [self.get("invoice_payment", i) for i in self.secret(intent["id"])["invoice_payments"]]
        rows = [r for r in rows if r["status"] == "open"]
        left = charge["amount_captured"]
        for row in rows:
            amount = left if row is rows[-1] else min(left, row["amount_requested"])
            left -= amount
            self._row_paid(row, amount)

    def money_failed(self, intent: Json, charge: Json) -> None:
        for row_id in self.secret(intent["id"])["invoice_payments"]:
            self.emit("invoice.payment_failed", self.get("invoice", self.get("invoice_payment", row_id)["invoice"]))

    def open_payment(self, invoice: Json, amount: int, default: bool = False) -> Json:
        intent = self.create_intent(
            amount, invoice["currency"], invoice["customer"], description=f"Payment for Invoice {invoice['number']}"
        )
        return self._attach(invoice, amount, {"type": "payment_intent", "payment_intent": intent["id"]}, default)

    def close_paid(self, invoice: Json) -> None:
        before = {**invoice, "status_transitions": dict(invoice["status_transitions"])}
        invoice["status_transitions"]["paid_at"] = self.clock.now()
        invoice["status"] = "paid"
        self.cancel_open_payments(invoice)
        self.changed("invoice.updated", invoice, before)
        self.emit("invoice.paid", invoice)
        if not self.secret(invoice["id"]).get("out_of_band"):
            self.emit("invoice.payment_succeeded", invoice)

    def cancel_open_payments(self, invoice: Json) -> None:
        """A bank debit under way is not called back: its money still comes in for this invoice."""
        for row in self._open_rows(invoice):
            intent = self.get("payment_intent", row["payment"]["payment_intent"])
            if intent["status"] in ("requires_payment_method", "requires_confirmation"):
                row["status"] = "canceled"
                row["status_transitions"]["canceled_at"] = self.clock.now()
                intent.update(status="canceled", canceled_at=self.clock.now(), cancellation_reason="void_invoice")
                self.emit("payment_intent.canceled", intent)

    # inside

    def _payable(self, invoice_id: str) -> Json:
        invoice = self.get("invoice", invoice_id)
        if invoice["status"] not in ("open", "uncollectible"):
            word = "already paid" if invoice["status"] == "paid" else invoice["status"]
            raise bad_state(f"Invoice is {word}", "invoice_not_editable" if invoice["status"] != "paid" else None)
        return invoice

    def _open_rows(self, invoice: Json) -> list[Json]:
        rows = [self.get("invoice_payment", i) for i in self.secret(invoice["id"])["payments"]]
        return [r for r in rows if r["status"] == "open" and r["payment"]["type"] == "payment_intent"]

    def _row_to_pay(self, invoice: Json, amount: int) -> Json:
        """The payment made at finalization if it is for all that is open, else one of its own."""
        if amount == invoice["amount_remaining"]:
            for row in self._open_rows(invoice):
                if row["is_default"] and self._intent(row)["status"] == "requires_payment_method":
                    return row
        return self.open_payment(invoice, amount)

    def _intent(self, row: Json) -> Json:
        return self.get("payment_intent", row["payment"]["payment_intent"])

    def _attach(self, invoice: Json, amount: int, payment: Json, default: bool = False) -> Json:
        row = {
            **blanks.invoice_payment(),
            **self.stamp("inpay"),
            "invoice": invoice["id"],
            "amount_requested": amount,
            "currency": invoice["currency"],
            "is_default": default,
            "payment": payment,
        }
        self.keep(row)
        self.secret(invoice["id"])["payments"].append(row["id"])
        if intent := payment.get("payment_intent"):
            self.secret(intent)["invoice_payments"].append(row["id"])
        return row

    def _row_paid(self, row: Json, amount: int) -> None:
        invoice = self.get("invoice", row["invoice"])
        before = dict(invoice)
        applied = min(amount, invoice["amount_remaining"])
        over = amount - applied
        row.update(status="paid", amount_paid=applied if self.knobs.overpaid_rows == "capped" else amount)
        row["status_transitions"]["paid_at"] = self.clock.now()
        invoice["amount_paid"] += applied
        invoice["amount_overpaid"] += over
        invoice["amount_remaining"] -= applied
        if row["payment"]["type"] == "payment_record":
            invoice["amount_paid_off_stripe"] = invoice.get("amount_paid_off_stripe", 0) + applied
        self.secret(row["id"]).update(applied=applied, over=over)
        self.emit("invoice_payment.paid", row)
        if over:
            self._customer_row(invoice, -over, "invoice_overpaid")
            self.emit("invoice.overpaid", invoice)
        if invoice["amount_remaining"] == 0 and invoice["status"] != "paid":
            self.close_paid(invoice)
        else:
            self.follow_remaining(invoice)
            self.changed("invoice.updated", invoice, before)

    def follow_remaining(self, invoice: Json) -> None:
        """The payment made at finalization asks for what is still open."""
        for row in self._open_rows(invoice):
            intent = self._intent(row)
            if row["is_default"] and intent["status"] == "requires_payment_method":
                row["amount_requested"] = intent["amount"] = invoice["amount_remaining"]

    def _row_undone(self, row: Json) -> None:
        invoice = self.get("invoice", row["invoice"])
        if row["status"] != "paid":
            return
        before = {**invoice, "status_transitions": dict(invoice["status_transitions"])}
        applied = self.secret(row["id"]).get("applied", row["amount_paid"])
        row.update(status="open", amount_paid=None)
        row["status_transitions"]["paid_at"] = None
        invoice["amount_paid"] -= applied
        invoice["amount_remaining"] += applied
        invoice["status_transitions"]["paid_at"] = None
        if invoice["status"] == "paid":
            invoice["status"] = "open"
        self.emit("invoice.payment_failed", invoice)
        self.changed("invoice.updated", invoice, before)
