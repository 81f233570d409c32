"""Payouts: automatic ones close a set of rows and can be proved; manual ones only take an amount. Some come back."""

from standins.stripe import blanks
from standins.stripe.core import Json, operation
from standins.stripe.disputing import Disputing
from standins.stripe.errors import ApiError, bad_state


class PayingOut(Disputing):
    @operation
    def payout(
        self, currency: str | None = None, *, everything: bool = False, days: int = 2, complete: bool = True
    ) -> Json | None:
        """An automatic payout of all available rows not paid out yet, or of `everything`, pending ones too. None if
        nothing is there. Negative when Stripe is owed. `complete` False: reconciliation is in progress until told."""
        currency = currency or self.knobs.currency
        self.ripen()
        rows = [r for r in self.all("balance_transaction") if self._goes_out(r, currency, everything)]
        if not rows:
            return None
        amount = sum(r["net"] for r in rows)
        payout = self._new_payout(amount, currency, days)
        for row in rows:
            self.secret(row["id"])["payout"] = payout["id"]
        own = self.get("balance_transaction", payout["balance_transaction"])
        self.secret(own["id"])["payout"] = payout["id"]
        self.emit("payout.created", payout)
        if complete:
            self.complete_payout(payout["id"])
        return payout

    @operation
    def manual_payout(
        self, amount: int, currency: str | None = None, *, fee: int = 0, method: str = "standard", days: int = 2
    ) -> Json:
        currency = currency or self.knobs.currency
        held = sum(b["amount"] for b in self.balance()["available"] if b["currency"] == currency)
        if amount + fee > held:
            raise ApiError("You have insufficient funds in your Stripe account.", code="balance_insufficient")
        payout = self._new_payout(amount, currency, days, fee)
        payout.update(automatic=False, reconciliation_status="not_applicable", method=method)
        self.secret(payout["balance_transaction"])["payout"] = ""  # no later automatic payout takes this row
        self.emit("payout.created", payout)
        return payout

    @operation
    def complete_payout(self, payout_id: str) -> Json:
        payout = self.get("payout", payout_id)
        payout["reconciliation_status"] = "completed"
        self.emit("payout.reconciliation_completed", payout)
        return payout

    @operation
    def pay_payout(self, payout_id: str) -> Json:
        """The bank has it."""
        payout = self.get("payout", payout_id)
        if payout["status"] not in ("pending", "in_transit"):
            raise bad_state(f"This payout is {payout['status']}.")
        before = dict(payout)
        payout.update(status="paid", trace_id={"status": "supported", "value": self.ids.text(15).upper()})
        self.changed("payout.updated", payout, before)
        self.emit("payout.paid", payout)
        return payout

    @operation
    def fail_payout(self, payout_id: str, code: str = "account_closed") -> Json:
        """Also after it was paid: the bank sends it back."""
        payout = self._undo(payout_id, "payout_failure")
        payout.update(status="failed", failure_code=code, failure_message="The bank returned the payout.")
        self.emit("payout.failed", payout)
        return payout

    @operation
    def cancel_payout(self, payout_id: str) -> Json:
        payout = self._undo(payout_id, "payout_cancel")
        payout["status"] = "canceled"
        self.emit("payout.canceled", payout)
        return payout

    def _goes_out(self, row: Json, currency: str, everything: bool) -> bool:
        ready = everything or row["status"] == "available"
        mine = row["currency"] == currency and row["balance_type"] == "payments"
        return ready and mine and "payout" not in self.secret(row["id"])

    def _new_payout(self, amount: int, currency: str, days: int, fee: int = 0) -> Json:
        stamp = self.stamp("po")
        payout = {
            **blanks.payout(),
            **stamp,
            "amount": amount,
            "currency": currency,
            "status": "in_transit",
            "arrival_date": (stamp["created"] // 86400 + days) * 86400,
            "description": "STRIPE PAYOUT",
        }
        self.keep(payout)
        row = self.row(
            "payout",
            "payout",
            -amount,
            currency,
            fee=fee,
            source=payout["id"],
            available_after=0,
            description="STRIPE PAYOUT",
        )
        payout["balance_transaction"] = row["id"]
        return payout

    def _undo(self, payout_id: str, type: str) -> Json:
        payout = self.get("payout", payout_id)
        if payout["status"] in ("failed", "canceled"):
            raise bad_state(f"This payout is {payout['status']}.")
        row = self.row(
            type,
            "payout_reversal",
            payout["amount"],
            payout["currency"],
            source=payout_id,
            available_after=0,
            description="STRIPE PAYOUT FAILURE",
        )
        payout["failure_balance_transaction"] = row["id"]
        return payout
