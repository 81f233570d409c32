"""Payment intents and charges: taken, held, captured in part, declined, slow bank debits; and their balance rows."""

from typing import Any

from standins.stripe import blanks
from standins.stripe.core import Json, operation
from standins.stripe.errors import ApiError, bad_state
from standins.stripe.ledger import Ledger
from standins.stripe.money import least_charge, step


class Charging(Ledger):
    @operation
    def create_intent(self, amount: int, currency: str, customer: str | None = None, **more: Any) -> Json:
        self.may_charge(amount, currency)
        stamp = self.stamp("pi")
        intent = {
            **blanks.intent(),
            **stamp,
            "amount": amount,
            "currency": currency,
            "customer": customer,
            "client_secret": f"{stamp['id']}_secret_{self.ids.text(24)}",
            **more,
        }
        self.keep(intent, invoice_payments=[], charges=[])
        self.emit("payment_intent.created", intent)
        return intent

    def may_charge(self, amount: int, currency: str) -> None:
        if amount < least_charge(currency):
            raise ApiError("Amount is below the minimum charge amount.", code="amount_too_small", param="amount")
        if amount > self.knobs.most_charge:
            raise ApiError("Amount is above the maximum charge amount.", code="amount_too_large", param="amount")
        if amount % step(currency):
            raise ApiError("Invalid amount for this currency.", code="parameter_invalid_integer", param="amount")

    @operation
    def confirm(
        self,
        intent_id: str,
        *,
        method: str = "card",
        capture: bool = True,
        decline: str | None = None,
        settle: Any = None,
        fee: int | None = None,
        fee_details: list[Json] | None = None,
    ) -> Json:
        """Tries to take the money and gives back the charge. `method` "bank" stays pending until told its end."""
        intent = self.get("payment_intent", intent_id)
        if intent["status"] in ("succeeded", "canceled", "processing", "requires_capture"):
            raise bad_state(f"This PaymentIntent is {intent['status']}.", "payment_intent_unexpected_state")
        charge = self._new_charge(intent, method)
        self.keep(charge, rows=[], refunds=[], settle=settle, fee=fee, fee_details=fee_details)
        self.secret(intent_id)["charges"].append(charge["id"])
        intent["latest_charge"] = charge["id"]
        if decline:
            self._declined(intent, charge, decline)
        elif method == "bank":
            intent["status"] = "processing"
            self.emit("charge.pending", charge)
            self.emit("payment_intent.processing", intent)
        elif not capture:
            self._held(intent, charge)
        else:
            self._taken(intent, charge, charge["amount"])
        return charge

    @operation
    def sell(self, amount: int, currency: str | None = None, customer: str | None = None, **how: Any) -> Json:
        """A sale without an invoice. Gives back the charge; `how` as in confirm, and description, metadata."""
        about = {k: how.pop(k) for k in ("description", "metadata") if k in how}
        intent = self.create_intent(amount, currency or self.knobs.currency, customer, **about)
        return self.confirm(intent["id"], **how)

    @operation
    def capture(self, charge_id: str, amount: int | None = None) -> Json:
        charge = self.get("charge", charge_id)
        if charge["captured"] or charge["status"] != "succeeded" or charge["refunded"]:
            raise bad_state("This charge cannot be captured.", "charge_already_captured")
        intent = self.get("payment_intent", charge["payment_intent"])
        self._taken(intent, charge, charge["amount"] if amount is None else amount, "charge.captured")
        return charge

    @operation
    def expire(self, charge_id: str) -> Json:
        """An authorization that nobody captured: shown as a refund without any cash."""
        charge = self.get("charge", charge_id)
        if charge["captured"]:
            raise bad_state("This charge was captured.", "charge_already_captured")
        charge.update(refunded=True, amount_refunded=charge["amount"])
        refund = {
            **blanks.refund(),
            **self._refund_stamp(charge),
            "amount": charge["amount"],
            "reason": "expired_uncaptured_charge",
            "status": "succeeded",
        }
        self.keep(refund)
        self.secret(charge_id)["refunds"].append(refund["id"])
        intent = self.get("payment_intent", charge["payment_intent"])
        intent.update(
            status="canceled", canceled_at=self.clock.now(), cancellation_reason="automatic", amount_capturable=0
        )
        self.emit("charge.expired", charge)
        self.emit("payment_intent.canceled", intent)
        self.emit("refund.created", refund)
        return charge

    @operation
    def finish_debit(self, charge_id: str, ok: bool = True, code: str = "debit_not_authorized") -> Json:
        """The end of a pending bank debit."""
        charge = self.get("charge", charge_id)
        if charge["status"] != "pending":
            raise bad_state("This charge is not pending.")
        intent = self.get("payment_intent", charge["payment_intent"])
        if ok:
            self._taken(intent, charge, charge["amount"])
        else:
            self._declined(intent, charge, code)
        return charge

    @operation
    def release_balance_rows(self, charge_id: str | None = None) -> list[Json]:
        """Writes the balance rows that charges wait for."""
        waiting = [c for c in self.all("charge") if c["captured"] and c["paid"] and c["balance_transaction"] is None]
        chosen = [c for c in waiting if charge_id in (None, c["id"])]
        self.timers = [t for t in self.timers if t[1] != "write_charge_row" or t[2] not in {c["id"] for c in chosen}]
        return [self.write_charge_row(c["id"]) for c in chosen]

    def write_charge_row(self, charge_id: str) -> Json:
        charge, hidden = self.get("charge", charge_id), self.secret(charge_id)
        before = dict(charge)
        category = ("payment" if charge_id.startswith("py") else "charge", "charge")
        amount, currency, rate = self.settled(charge["amount"], charge["currency"], hidden["settle"])
        fee = self.usual_fee(amount, currency) if hidden["fee"] is None else hidden["fee"]
        row = self.row(
            *category,
            amount,
            currency,
            fee=fee,
            fee_details=hidden["fee_details"],
            rate=rate,
            source=charge_id,
            description=charge["description"],
        )
        hidden["rows"].append(row["id"])
        charge["balance_transaction"] = row["id"]
        if charge["amount_captured"] < charge["amount"]:
            self._partial_capture_row(charge, row, rate)
        self.changed("charge.updated", charge, before)
        return row

    def _partial_capture_row(self, charge: Json, row: Json, rate: Any) -> None:
        """Full charge, then what was not captured goes back, with its share of the fee."""
        hidden, settle = self.secret(charge["id"]), [row["currency"], rate] if rate is not None else None
        back, currency, _ = self.settled(charge["amount"] - charge["amount_captured"], charge["currency"], settle)
        fee = self.usual_fee(row["amount"] - back, currency) - row["fee"] if hidden["fee"] is None else 0
        reversal = self.row(
            "adjustment", "partial_capture_reversal", -back, currency, fee=fee, rate=rate, source=charge["id"]
        )
        hidden["rows"].append(reversal["id"])

    def _new_charge(self, intent: Json, method: str) -> Json:
        stamp = self.stamp("py" if method == "bank" else "ch")
        details = blanks.bank_details() if method == "bank" else blanks.card_details()
        charge = {
            **blanks.charge(),
            **stamp,
            "amount": intent["amount"],
            "currency": intent["currency"],
            "customer": intent["customer"],
            "payment_intent": intent["id"],
            "description": intent["description"],
            "metadata": dict(intent["metadata"]),
            "payment_method": self.ids.new("pm"),
            "payment_method_details": details,
            "receipt_url": f"{self.base_url}/receipts/{stamp['id']}",
        }
        customer = self.objects.get("customer", {}).get(intent["customer"] or "") or {}
        charge["billing_details"].update(name=customer.get("name"), email=customer.get("email"))
        return charge

    def _refund_stamp(self, charge: Json) -> Json:
        stamp = self.stamp("pyr" if charge["id"].startswith("py") else "re")
        del stamp["livemode"]  # refunds carry none
        same = ("currency", "customer", "payment_intent", "payment_method")
        return {**stamp, "charge": charge["id"], **{k: charge[k] for k in same}}

    def _taken(self, intent: Json, charge: Json, amount: int, event: str = "charge.succeeded") -> None:
        charge.update(status="succeeded", paid=True, captured=True, amount_captured=amount, outcome=_approved())
        intent.update(status="succeeded", amount_received=amount, amount_capturable=0, last_payment_error=None)
        intent["payment_method"] = charge["payment_method"]
        self.emit(event, charge)
        self.emit("payment_intent.succeeded", intent)
        self.money_arrived(intent, charge)
        if self.knobs.balance_rows != "manual":
            self.timers.append((self.clock.exact() + float(self.knobs.balance_rows), "write_charge_row", charge["id"]))

    def _held(self, intent: Json, charge: Json) -> None:
        charge.update(status="succeeded", paid=True, outcome=_approved())
        intent.update(status="requires_capture", amount_capturable=charge["amount"], capture_method="manual")
        self.emit("charge.succeeded", charge)
        self.emit("payment_intent.amount_capturable_updated", intent)

    def _declined(self, intent: Json, charge: Json, code: str) -> None:
        charge.update(status="failed", paid=False, failure_code=code, failure_message="The payment was declined.")
        charge["outcome"] = {
            **_approved(),
            "network_status": "declined_by_network",
            "reason": code,
            "type": "issuer_declined",
        }
        error = {"type": "card_error", "code": code, "message": charge["failure_message"], "charge": charge["id"]}
        intent.update(status="requires_payment_method", last_payment_error=error)
        self.emit("charge.failed", charge)
        self.emit("payment_intent.payment_failed", intent)
        self.money_failed(intent, charge)

    def money_arrived(self, intent: Json, charge: Json) -> None:
        """What the intent was for; invoices take it from here."""

    def money_failed(self, intent: Json, charge: Json) -> None:
        """The same for a try that failed."""


def _approved() -> Json:
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "approved_by_network",
        "reason": None,
        "risk_level": "normal",
        "risk_score": 12,
        "seller_message": "Payment complete.",
        "type": "authorized",
    }
