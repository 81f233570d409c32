"""Refunds: at once, pending, failed later. Each moves the balance by a row of its own; the fee stays."""

from typing import Any

from standins.stripe import blanks
from standins.stripe.core import Json, operation
from standins.stripe.errors import ApiError, bad_state
from standins.stripe.paying import Paying


class Refunding(Paying):
    @operation
    def refund(
        self,
        payment: str,
        amount: int | None = None,
        reason: str | None = None,
        *,
        status: str | None = None,
        settle: Any = None,
        **more: Any,
    ) -> Json:
        """`payment`: a charge, a payment intent, or an invoice (its newest charge). `status`: succeeded or pending."""
        charge = self._charge_of(payment)
        left = charge["amount_captured"] - charge["amount_refunded"]
        amount = left if amount is None else amount
        self._may_refund(charge, amount, left)
        status = status or self.knobs.refund_status
        refund = {
            **blanks.refund(),
            **self._refund_stamp(charge),
            "amount": amount,
            "reason": reason,
            "status": status,
            "destination_details": {"card": {"type": "pending"}, "type": "card"},
            **more,
        }
        if status == "pending":
            refund["pending_reason"] = "processing"
        self.keep(refund, settle=settle)
        self.secret(charge["id"])["refunds"].append(refund["id"])
        self._count_refunded(charge, amount)
        if status == "succeeded":
            self._refund_row(refund)
        self.emit("refund.created", refund)
        self.emit("charge.refunded", charge)
        if status == "succeeded":
            self._told_again(refund)
        return refund

    @operation
    def finish_refund(
        self, refund_id: str, status: str = "succeeded", failure_reason: str = "lost_or_stolen_card"
    ) -> Json:
        """The end of a refund: succeeded, failed or canceled. A succeeded one may still fail: its money comes back."""
        refund = self.get("refund", refund_id)
        if refund["status"] in ("failed", "canceled"):
            raise bad_state(f"This refund is {refund['status']}.")
        refund["status"] = status
        refund.pop("pending_reason", None)
        if status == "succeeded":
            if refund["balance_transaction"] is None:
                self._refund_row(refund)
        else:
            self._refund_undone(refund, failure_reason)
        if status == "failed":
            self.emit("refund.failed", refund)
        self._told_again(refund)
        return refund

    def _charge_of(self, payment: str) -> Json:
        kind = self.kind_of.get(payment, "charge")
        if kind == "invoice":
            return self._newest_charge(payment)
        if kind == "payment_intent":
            payment = self.get("payment_intent", payment)["latest_charge"] or ""
        return self.get("charge", payment)

    def _newest_charge(self, invoice_id: str) -> Json:
        rows = [self.get("invoice_payment", i) for i in self.secret(invoice_id)["payments"]]
        intents = [
            r["payment"]["payment_intent"] for r in rows if r["status"] == "paid" and "payment_intent" in r["payment"]
        ]
        if not intents:
            raise bad_state("This invoice has no charge to refund.")
        return self.get("charge", self.get("payment_intent", intents[-1])["latest_charge"])

    def _may_refund(self, charge: Json, amount: int, left: int) -> None:
        if not charge["captured"] or charge["status"] != "succeeded":
            raise bad_state("This charge was not captured.", "charge_not_refundable")
        if charge["disputed"]:
            raise bad_state(f"Charge {charge['id']} has been charged back.", "charge_disputed")
        if left <= 0:
            raise bad_state(f"Charge {charge['id']} has already been refunded.", "charge_already_refunded")
        if not 0 < amount <= left:
            raise ApiError(
                f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})", param="amount"
            )

    def _count_refunded(self, charge: Json, amount: int) -> None:
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] >= charge["amount_captured"]

    def _refund_row(self, refund: Json) -> None:
        amount, currency, rate = self.settled(refund["amount"], refund["currency"], self._rate_for(refund))
        category = "payment_refund" if refund["id"].startswith("pyr") else "refund"
        row = self.row(
            category,
            "refund",
            -amount,
            currency,
            source=refund["id"],
            rate=rate,
            available_after=0,
            description="REFUND FOR PAYMENT",
        )
        refund["balance_transaction"] = row["id"]

    def _rate_for(self, refund: Json) -> Any:
        """The rate of the day if one was told, else the charge's."""
        return self.secret(refund["id"]).get("settle") or self.secret(refund["charge"]).get("settle")

    def _refund_undone(self, refund: Json, failure_reason: str) -> None:
        if refund["status"] == "failed":
            refund["failure_reason"] = failure_reason
        self._count_refunded(self.get("charge", refund["charge"]), -refund["amount"])
        if first := refund["balance_transaction"]:
            old = self.get("balance_transaction", first)
            row = self.row(
                "refund_failure",
                "refund_failure",
                -old["amount"],
                old["currency"],
                source=refund["id"],
                rate=old["exchange_rate"],
                available_after=0,
                description="REFUND FAILURE",
            )
            refund["failure_balance_transaction"] = row["id"]

    def _told_again(self, refund: Json) -> None:
        """The same change under its newer and its older name."""
        self.emit("refund.updated", refund)
        self.emit("charge.refund.updated", refund)
