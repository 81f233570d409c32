"""What the payments of one invoice mean for the ledger: how much of each is applied, how much is open credit.

It comes from Stripe's facts only, hence is the same in every order of arrival. docs/accounting.md 3.3
"""

from dataclasses import dataclass

from connectors.base import Json
from connectors.errors import Refused


@dataclass(frozen=True)
class Receipt:
    """Minor units. `place` is the place among the receipts that come through Stripe, 0 is the first."""

    applied: int
    excess: int
    place: int
    before: int = 0
    """What earlier payments of the invoice brought above it."""


def receipt_of(payload: Json) -> Receipt:
    """Raises Refused with code `source.inconsistent` where the rows exceed their charge."""
    key = payload["payment"]["id"]
    room, through_stripe, above = room_of(payload["invoice"]), 0, 0
    for row in payload["payments"]:
        applied = max(0, min(row["amount_paid"], room))
        if row["id"] == key:
            return Receipt(applied, row["amount_paid"] - applied + _rest(payload), through_stripe, above)
        room -= applied
        above += row["amount_paid"] - applied
        through_stripe += row["payment"]["type"] != "payment_record"
    raise Refused(
        f"The payment {key} is not among the paid ones of its invoice.",
        code="source.inconsistent",
        field="payment",
        value=key,
        cure="Replay the record; if it comes back, send it to support.",
    )


def room_of(invoice: Json) -> int:
    """What payments can settle: the total, less credit notes from before payment, less the customer's credit."""
    return int(invoice["total"] - (invoice.get("pre_payment_credit_notes_amount") or 0) - credit_applied(invoice))


def credit_applied(invoice: Json) -> int:
    """The customer's balance is below zero while he has credit; what finalization used of it.
    https://docs.stripe.com/billing/customer/balance
    """
    start, end = invoice.get("starting_balance") or 0, invoice.get("ending_balance")
    return max(0, int(end) - int(start)) if start < 0 and end is not None else 0


def captured(payload: Json) -> int:
    return int(payload["charge"]["amount_captured"])


def brought(payload: Json) -> list[int]:
    """What each payment of the charge brought, in minor units; all of them together are the charge."""
    own = [int(row["amount_paid"]) for row in payload["siblings"]]
    return [*own[:-1], own[-1] + _above(payload)]


def _rest(payload: Json) -> int:
    """What the charge brought above all its rows belongs to the last of them."""
    rest = _above(payload)
    return rest if payload["siblings"][-1]["id"] == payload["payment"]["id"] else 0


def _above(payload: Json) -> int:
    rest = captured(payload) - sum(int(row["amount_paid"]) for row in payload["siblings"])
    if rest < 0:
        raise Refused(
            f"The charge {payload['charge']['id']} brought less than the payments it is said to make.",
            code="source.inconsistent",
            field="charge.amount_captured",
            value=str(captured(payload)),
            cure="Send the charge to support with both sums.",
        )
    return rest
