"""Everything that translating a fact needs, all pages, as JSON. Stripe's own field names; amounts in minor units."""

from collections.abc import Callable, Iterable

from connectors.base import Json
from connectors.errors import NotYet, Refused
from connectors.stripe.client import Client, id_of, when
from connectors.stripe.reading import FAILED, paid_at, payments_of_charge

RECEIPT_ROWS = ("charge", "partial_capture_reversal")
RECENT = 10
NO_CASH = ("failed", "canceled")


def load(client: Client, stream: str, key: str) -> Json:
    """See the loader of each stream. Raises NotYet while a balance row is missing."""
    return LOADERS[stream](client, key)


def customer(client: Client, key: str) -> Json:
    """`customer`; `invoices`: his recent finalized ones, newest first. They keep the name of a deleted customer."""
    found = _there(client.customer(key), "customer", key)
    recent = client.invoices_of_customer(key, RECENT)
    return {"customer": found, "invoices": [row for row in recent if row["status"] != "draft"]}


def invoice(client: Client, key: str) -> Json:
    """`invoice` (its `customer` whole), all `lines`, and the `products` and `tax_rates` they name, by id."""
    found = _there(client.invoice(key), "invoice", key)
    lines = client.invoice_lines(found)
    return {
        "invoice": {name: value for name, value in found.items() if name != "lines"},
        "lines": lines,
        "products": _by_id(client.product, (_product_of(line) for line in lines)),
        "tax_rates": _by_id(client.tax_rate, (_rate_of(tax) for tax in _taxes_of(found, lines))),
    }


def payment(client: Client, key: str) -> Json:
    """`payment`, its `invoice`, and the paid InvoicePayments of that invoice (`payments`) and of the same charge
    (`siblings`), in order; the `charge` and the `balance_rows` of its receipt. Out of band there is no charge.
    """
    found = _there(client.invoice_payment(key), "InvoicePayment", key)
    rows = client.payments_of_invoice(id_of(found["invoice"]))
    charge = _charge_of(client, found)
    return {
        "payment": found,
        "invoice": _without_lines(_there(client.invoice(id_of(found["invoice"])), "invoice", id_of(found["invoice"]))),
        "payments": _paid(rows),
        "siblings": _paid(payments_of_charge(client, charge)) if charge else [],
        "charge": charge,
        "balance_rows": _receipt_rows(client, charge) if charge else [],
    }


def refund(client: Client, key: str) -> Json:
    """`refund`, `failure` (true for its return), the `balance_row` of that cash, the `charge` and the InvoicePayments
    it paid (`payments`); of their invoices: `invoices` by id, all `refunds` that moved or will move cash, each with the
    `payments` of its own charge, and all `credit_notes`.
    """
    failure = key.endswith(FAILED)
    found = _there(client.refund(key.removesuffix(FAILED)), "refund", key)
    charge = client.charge(id_of(found.get("charge"))) if found.get("charge") else None
    payments = _paid(payments_of_charge(client, charge)) if charge else []
    invoices = list(dict.fromkeys(id_of(row["invoice"]) for row in payments))
    return {
        "refund": found,
        "failure": failure,
        "balance_row": _refund_row(client, found, failure=failure),
        "charge": charge,
        "payments": payments,
        "invoices": {one: _without_lines(_there(client.invoice(one), "invoice", one)) for one in invoices},
        "refunds": _refunds_of(client, invoices),
        "credit_notes": [note for one in invoices for note in client.credit_notes_of_invoice(one)],
    }


LOADERS: dict[str, Callable[[Client, str], Json]] = {
    "customer": customer,
    "invoice": invoice,
    "payment": payment,
    "refund": refund,
}


# --- parts ------------------------------------------------------------------------------------------------------------


def _there(found: Json | None, what: str, key: str) -> Json:
    if found is None:
        raise Refused(
            f"Stripe does not hold the {what} {key} any more.",
            code="source.gone",
            field="id",
            value=key,
            cure="Check in Stripe whether it was deleted, or whether the key is of the other mode; then replay.",
        )
    return found


def _without_lines(invoice: Json) -> Json:
    return {name: value for name, value in invoice.items() if name != "lines"}


def _by_id(read: Callable[[str], Json | None], ids: Iterable[str]) -> Json:
    return {one: read(one) for one in dict.fromkeys(ids) if one}


def _product_of(line: Json) -> str:
    details = (line.get("pricing") or {}).get("price_details") or {}
    return id_of(details.get("product"))


def _taxes_of(invoice: Json, lines: list[Json]) -> Iterable[Json]:
    for line in lines:
        yield from line.get("taxes") or ()
    yield from invoice.get("total_taxes") or ()


def _rate_of(tax: Json) -> str:
    return id_of((tax.get("tax_rate_details") or {}).get("tax_rate"))


def _paid(rows: list[Json]) -> list[Json]:
    return sorted((row for row in rows if row["status"] == "paid"), key=lambda row: (paid_at(row), row["id"]))


def _charge_of(client: Client, payment: Json) -> Json | None:
    """The charge that brought the money: of the tries of an intent the one that succeeded and was captured."""
    paid_by = payment["payment"]
    if paid_by["type"] == "charge":
        return _there(client.charge(id_of(paid_by["charge"])), "charge", id_of(paid_by["charge"]))
    if paid_by["type"] != "payment_intent":
        return None
    charges = client.charges_of_intent(id_of(paid_by["payment_intent"]))
    good = [row for row in charges if row["status"] == "succeeded" and row["captured"]]
    if not good:
        raise NotYet("No charge of this payment has been captured yet.", code="dependency.charge")
    return max(good, key=lambda row: (when(row["created"]), row["id"]))


def _receipt_rows(client: Client, charge: Json) -> list[Json]:
    """A capture for less than was authorized has two rows. https://docs.stripe.com/reports/reporting-categories"""
    first = id_of(charge.get("balance_transaction"))
    if not first:
        raise _no_row(charge["id"])
    rows = [row for row in client.balance_rows_of(charge["id"]) if row["reporting_category"] in RECEIPT_ROWS]
    if first not in [row["id"] for row in rows]:
        raise _no_row(charge["id"])
    return sorted(rows, key=lambda row: (row["created"], row["id"] != first, row["id"]))


def _refund_row(client: Client, refund: Json, *, failure: bool) -> Json | None:
    """None where no cash will ever move: failed before it left, or the release of an authorization."""
    named = id_of(refund.get("failure_balance_transaction" if failure else "balance_transaction"))
    if named:
        return _there(client.balance_row(named), "balance row", named)
    if refund.get("status") in NO_CASH or refund.get("reason") == "expired_uncaptured_charge":
        return None
    raise _no_row(refund["id"])


def _no_row(id: str) -> NotYet:
    return NotYet(f"Stripe has no balance row for {id} yet.", code="dependency.balance_row")


def _refunds_of(client: Client, invoices: list[str]) -> list[Json]:
    """Over all charges that paid these invoices, oldest first."""
    charges: dict[str, Json] = {}
    for invoice in invoices:
        for payment in _paid(client.payments_of_invoice(invoice)):
            if charge := _charge_of(client, payment):
                charges[charge["id"]] = charge
    rows = [row for charge in charges.values() for row in _refunds_of_charge(client, charge)]
    return sorted(rows, key=lambda row: (row["created"], row["id"]))


def _refunds_of_charge(client: Client, charge: Json) -> list[Json]:
    rows = [row for row in client.refunds_of_charge(charge["id"]) if row.get("status") not in NO_CASH]
    payments = _paid(payments_of_charge(client, charge)) if rows else []
    return [{**row, "payments": payments} for row in rows]
