"""From what was heard to what is so: an event names an object, the object is read again, and facts are made of it.

One money fact has one key: the customer, the invoice at its finalization, the InvoicePayment once paid, the refund
(and its failure, `re_…:fail`). Charge, intent and invoice events of one payment all lead to the same InvoicePayments.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from connectors.base import Fact, Hint, Json
from connectors.stripe.client import Client, id_of, when

FAILED = ":fail"
# What the ledger's customer is made of; a change of anything else makes no new version.
CUSTOMER_FIELDS = ("business_name", "name", "individual_name", "email", "phone", "address", "deleted")


def facts(client: Client, hint: Hint) -> Sequence[Fact] | None:
    """None: no flow reads such events. Empty: nothing to book has happened yet, or the object is gone."""
    read = READERS.get(hint.type)
    return read(client, hint.object_id, int(hint.created.timestamp())) if read and hint.object_id else None


# --- objects to facts -------------------------------------------------------------------------------------------------


def of_customer(customer: Json, seen: int = 0) -> Fact:
    """A deleted customer is a stub without a date: `seen` is when we learned of it, in seconds."""
    return Fact("customer", customer["id"], moment(customer.get("created") or seen), digest(customer))


def of_invoice(invoice: Json) -> list[Fact]:
    """The invoice from its finalization on, behind its customer, who may have been deleted before we saw him."""
    if invoice.get("status") == "draft" or invoice.get("deleted"):
        return []
    at = finalized_at(invoice)
    customer = invoice.get("customer")
    first = [of_customer(customer, at)] if isinstance(customer, dict) else []
    return [*first, Fact("invoice", invoice["id"], moment(at))]


def of_payments(rows: Iterable[Json]) -> list[Fact]:
    return [Fact("payment", row["id"], moment(paid_at(row))) for row in rows if row["status"] == "paid"]


def of_refund(refund: Json) -> list[Fact]:
    """A failure after the money had moved is a fact of its own. A refund that failed before moved nothing."""
    made = [Fact("refund", refund["id"], moment(refund["created"]))]
    if refund.get("failure_balance_transaction"):
        made.append(Fact("refund", refund["id"] + FAILED, moment(refund["created"])))
    return made


def digest(customer: Json) -> str:
    matter = json.dumps([customer.get(name) for name in CUSTOMER_FIELDS], sort_keys=True)
    return hashlib.sha256(matter.encode()).hexdigest()[:32]


def finalized_at(invoice: Json) -> int:
    return when((invoice.get("status_transitions") or {}).get("finalized_at")) or when(invoice["created"])


def paid_at(payment: Json) -> int:
    return when((payment.get("status_transitions") or {}).get("paid_at")) or when(payment["created"])


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


# --- events to objects ------------------------------------------------------------------------------------------------


def payments_of_charge(client: Client, charge: Json) -> list[Json]:
    """The InvoicePayments, of any status, that a charge pays; none for a sale without invoice."""
    intent = id_of(charge.get("payment_intent"))
    if intent:
        return client.payments_of_intent(intent)
    # The list cannot be asked by charge: https://docs.stripe.com/api/invoice-payment/list
    invoice = client.invoice_of_charge(charge["id"])
    rows = client.payments_of_invoice(invoice) if invoice else []
    return [row for row in rows if id_of(row["payment"].get("charge")) == charge["id"]]


def read_customer(client: Client, id: str, seen: int) -> list[Fact]:
    customer = client.customer(id)
    return [of_customer(customer, seen)] if customer else []


def read_invoice(client: Client, id: str, seen: int) -> list[Fact]:
    invoice = client.invoice(id)
    return of_invoice(invoice) if invoice else []


def read_invoice_and_payments(client: Client, id: str, seen: int) -> list[Fact]:
    found = read_invoice(client, id, seen)
    return [*found, *of_payments(client.payments_of_invoice(id))] if found else []


def read_payment(client: Client, id: str, seen: int) -> list[Fact]:
    payment = client.invoice_payment(id)
    return of_payments([payment]) if payment else []


def read_intent(client: Client, id: str, seen: int) -> list[Fact] | None:
    rows = client.payments_of_intent(id)
    return of_payments(rows) if rows else None


def read_charge(client: Client, id: str, seen: int) -> list[Fact] | None:
    charge = client.charge(id)
    rows = payments_of_charge(client, charge) if charge else []
    return of_payments(rows) if rows else None


def read_charge_refunds(client: Client, id: str, seen: int) -> list[Fact]:
    return [fact for refund in client.refunds_of_charge(id) for fact in of_refund(refund)]


def read_refund(client: Client, id: str, seen: int) -> list[Fact]:
    refund = client.refund(id)
    return of_refund(refund) if refund else []


Reader = Callable[[Client, str, int], Sequence[Fact] | None]
"""Client, id of the object, and the second of the event; the last dates what has no date of its own."""

# Event type -> how its object is read again. At most 20: the events list takes no more types at once.
# https://docs.stripe.com/api/events/types
READERS: dict[str, Reader] = {
    "customer.created": read_customer,
    "customer.updated": read_customer,
    "customer.deleted": read_customer,
    "invoice.finalized": read_invoice,
    "invoice.updated": read_invoice,
    "invoice.voided": read_invoice,
    "invoice.marked_uncollectible": read_invoice,
    "invoice.paid": read_invoice_and_payments,
    "invoice_payment.paid": read_payment,
    "payment_intent.succeeded": read_intent,
    "charge.succeeded": read_charge,
    "charge.captured": read_charge,
    "charge.updated": read_charge,
    "charge.refunded": read_charge_refunds,
    "charge.refund.updated": read_refund,
    "refund.created": read_refund,
    "refund.updated": read_refund,
    "refund.failed": read_refund,
}
