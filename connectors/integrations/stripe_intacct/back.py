"""A payment that went back (a bank debit fails late) → the receipt is reversed, and its invoice is due again.
docs/accounting.md 3.3
"""

from connectors.base import Desk, Json, Skip
from connectors.errors import Refused
from connectors.integrations.stripe_intacct import texts
from connectors.integrations.stripe_intacct.clearing import day_of
from connectors.sage_intacct.documents import Payment, PaymentReversal


def translate(payload: Json, desk: Desk) -> PaymentReversal | Skip:
    row, charge = payload["balance_row"], payload["charge"]
    if desk.nothing("payment", payload["payment"]):
        return Skip("the money went back before it was booked", code="payment.went_back")
    receipt = desk.posted("payment", payload["payment"]).document
    if not isinstance(receipt, Payment):
        raise Refused(
            "The money of an advance went back after it was applied.",
            cause="decision",
            code="decision.needed",
            field="charge",
            value=charge["id"],
            cure="Reverse the application in Sage Intacct and book the return by hand, then leave this record.",
        )
    entity = desk.posted("invoice", payload["invoice"]).document.lines[0].entity
    share = f":{payload['payment']}" if payload["shared"] else ""
    desk.claim(row["id"] + share, "gross")
    return PaymentReversal(
        control=desk.control,
        number=receipt.number,
        customer=receipt.customer,
        day=max(receipt.day, day_of(desk, row, entity)),
        description=texts.described("failed", charge["id"], str(charge.get("failure_code") or "")),
        excess=receipt.excess,
        entity=receipt.entity,
    )
