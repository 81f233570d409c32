"""Disputes: the bank takes the money, with a fee, and gives it back or not."""

from standins.stripe import blanks
from standins.stripe.core import Json, operation
from standins.stripe.crediting import Crediting
from standins.stripe.errors import bad_state


class Disputing(Crediting):
    @operation
    def dispute(
        self,
        charge_id: str,
        amount: int | None = None,
        reason: str = "fraudulent",
        *,
        fee: int | None = None,
        status: str = "needs_response",
    ) -> Json:
        """A `status` that begins with warning, or prevented, moves no money."""
        charge = self.get("charge", charge_id)
        amount = charge["amount_captured"] - charge["amount_refunded"] if amount is None else amount
        now = self.clock.now()
        dispute = {
            **blanks.dispute(),
            **self.stamp("dp"),
            "amount": amount,
            "charge": charge_id,
            "currency": charge["currency"],
            "payment_intent": charge["payment_intent"],
            "reason": reason,
            "status": status,
            "evidence_details": {
                "due_by": now + 9 * 86400,
                "enhanced_eligibility": {},
                "has_evidence": False,
                "past_due": False,
                "submission_count": 0,
                "submission_method": "manual",
            },
        }
        self.keep(dispute)
        takes = not status.startswith("warning") and status != "prevented"
        charge["disputed"] = takes
        if takes:
            self._dispute_row(dispute, -amount, "dispute", self.knobs.dispute_fee if fee is None else fee)
        self.emit("charge.dispute.created", dispute)
        if takes:
            self.emit("charge.dispute.funds_withdrawn", dispute)
        return dispute

    @operation
    def close_dispute(self, dispute_id: str, won: bool = False) -> Json:
        dispute = self.get("dispute", dispute_id)
        if dispute["status"] in ("won", "lost", "warning_closed", "prevented"):
            raise bad_state(f"This dispute is {dispute['status']}.")
        warning = dispute["status"].startswith("warning")
        dispute["status"] = "warning_closed" if warning else "won" if won else "lost"
        if won and not warning:
            self._dispute_row(dispute, dispute["amount"], "dispute_reversal", 0)
            self.emit("charge.dispute.funds_reinstated", dispute)
        self.emit("charge.dispute.closed", dispute)
        return dispute

    def _dispute_row(self, dispute: Json, amount: int, category: str, fee: int) -> None:
        settle = self.secret(dispute["charge"]).get("settle")
        settled, currency, rate = self.settled(amount, dispute["currency"], settle)
        details = [{"amount": fee, "description": "Dispute fee"}] if fee else None
        row = self.row(
            "adjustment",
            category,
            settled,
            currency,
            fee=fee,
            fee_details=details,
            source=dispute["id"],
            rate=rate,
            available_after=0,
            description=f"Chargeback {category.replace('_', ' ')} for {dispute['charge']}",
        )
        dispute["balance_transactions"].append(dict(row))
