"""The Stripe balance: one row for every cent that moves, with its fee, its settlement currency and its day."""

from decimal import Decimal
from typing import Any

from standins.stripe import blanks
from standins.stripe.catalog import Catalog
from standins.stripe.core import Json, operation
from standins.stripe.money import converted, part


class Ledger(Catalog):
    def row(
        self,
        type: str,
        category: str,
        amount: int,
        currency: str,
        *,
        fee: int = 0,
        fee_details: list[Json] | None = None,
        source: str | None = None,
        description: str | None = None,
        rate: Decimal | None = None,
        available_after: int | None = None,
        **more: Any,
    ) -> Json:
        """Writes one row. `amount` is signed and in settlement currency; `fee` is positive when charged."""
        now = self.clock.now()
        wait = self.knobs.available_after if available_after is None else available_after
        stamp = self.stamp("txn")
        del stamp["livemode"]  # rows carry none
        row = {
            **blanks.balance_row(),
            **stamp,
            "type": type,
            "reporting_category": category,
            "amount": amount,
            "fee": fee,
            "net": amount - fee,
            "currency": currency,
            "source": source,
            "description": description,
            "fee_details": _fee_details(fee, currency, fee_details),
            "exchange_rate": None if rate is None else float(rate),
            "available_on": now + wait,
            "status": "pending" if wait > 0 else "available",
            **more,
        }
        return self.keep(row)

    def settled(self, amount: int, currency: str, settle: Any = None) -> tuple[int, str, Decimal | None]:
        """The amount, currency and rate it settles in. `settle`: (currency, rate) or (currency, rate, exact amount)."""
        to = settle or self.knobs.settle.get(currency)
        if not to or to[0] == currency:
            return amount, currency, None
        rate = Decimal(str(to[1]))
        exact = converted(abs(amount), rate, currency, to[0]) if len(to) < 3 else abs(int(to[2]))
        return (exact if amount >= 0 else -exact), to[0], rate

    def usual_fee(self, amount: int, currency: str) -> int:
        fixed = self.knobs.fee_fixed_in.get(currency, self.knobs.fee_fixed)
        return part(amount, Decimal(self.knobs.fee_percent), currency) + fixed

    @operation
    def stripe_fee(self, amount: int, currency: str | None = None, description: str = "Billing - Usage Fee") -> Json:
        """A standalone fee: the money is in `amount`, the fee column is 0."""
        return self.row(
            "stripe_fee", "fee", -amount, currency or self.knobs.currency, description=description, available_after=0
        )

    @operation
    def adjustment(self, amount: int, category: str, currency: str | None = None, **more: Any) -> Json:
        return self.row(more.pop("type", "adjustment"), category, amount, currency or self.knobs.currency, **more)

    def ripen(self) -> None:
        """Rows whose day has come are available."""
        now = self.clock.now()
        for row in self.all("balance_transaction"):
            if row["status"] == "pending" and row["available_on"] <= now:
                row["status"] = "available"

    def balance(self) -> Json:
        self.ripen()
        sums: dict[str, dict[str, int]] = {"available": {}, "pending": {}}
        for row in self.all("balance_transaction"):
            if row["balance_type"] == "payments":
                for by in sums.values():
                    by.setdefault(row["currency"], 0)
                sums[row["status"]][row["currency"]] += row["net"]
        shown = {
            status: [_held(*x) for x in by.items()] or [_held(self.knobs.currency, 0)] for status, by in sums.items()
        }
        prefunding: Json = {"available": [], "pending": []}
        return {
            "object": "balance",
            "livemode": self.knobs.livemode,
            **shown,
            "refund_and_dispute_prefunding": prefunding,
        }


def _held(currency: str, amount: int) -> Json:
    return {"amount": amount, "currency": currency, "source_types": {"card": amount}}


def _fee_details(fee: int, currency: str, given: list[Json] | None) -> list[Json]:
    if given is None:
        given = [{"amount": fee}] if fee else []
    usual = {"application": None, "currency": currency, "description": "Stripe processing fees", "type": "stripe_fee"}
    return [{**usual, **one} for one in given]
