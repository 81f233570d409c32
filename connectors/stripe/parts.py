"""What several loaders read: balance rows, the charge behind a payment, the refunds of an invoice."""

from collections.abc import Callable, Iterable

from connectors.base import Json
from connectors.errors import NotYet, Refused
from connectors.stripe.client import Client, id_of
from connectors.stripe.reading import FAILED, charges_with_money, paid, payment_keys, payments_of_charge, went_back

RECEIPT_ROWS = ("charge", "partial_capture_reversal")
NO_CASH = ("failed", "canceled")


def there(found: Json | None, what: str, key: str) -> Json:
    if found is None:
        raise Refused(
            f"Stripe does not hold the {what} {key} any more.",
            code="source.gone",
            field="id",
            value=key,
            cure="Check in Stripe whether it was deleted, or whether the key is of the other mode; then replay.",
        )
    return found


def without_lines(invoice: Json) -> Json:
    return {name: value for name, value in invoice.items() if name != "lines"}


def by_id(read: Callable[[str], Json | None], ids: Iterable[str]) -> Json:
    return {one: read(one) for one in dict.fromkeys(ids) if one}


def product_of(line: Json) -> str:
    details = (line.get("pricing") or {}).get("price_details") or {}
    return id_of(details.get("product"))


def taxes_of(invoice: Json, lines: list[Json]) -> Iterable[Json]:
    for line in lines:
        yield from line.get("taxes") or ()
    yield from invoice.get("total_taxes") or ()


def rate_of(tax: Json) -> str:
    return id_of((tax.get("tax_rate_details") or {}).get("tax_rate"))


def charge_of(client: Client, payment: Json, named: str = "") -> Json | None:
    """The charge that brought the money: the `named` one, else of the tries of an intent the first that ever did."""
    paid_by = payment["payment"]
    if named or paid_by["type"] == "charge":
        id = named or id_of(paid_by["charge"])
        return there(client.charge(id), "charge", id)
    if paid_by["type"] != "payment_intent":
        return None
    good = charges_with_money(client, id_of(paid_by["payment_intent"]))
    if not good:
        raise NotYet("No charge of this payment has been captured yet.", code="dependency.charge")
    return good[0]


def receipt_rows(client: Client, charge: Json) -> list[Json]:
    """A capture for less than was authorized has two rows. https://docs.stripe.com/reports/reporting-categories"""
    first = id_of(charge.get("balance_transaction"))
    if not first:
        raise _no_row(charge["id"])
    rows = [row for row in client.balance_rows_of(charge["id"]) if row["reporting_category"] in RECEIPT_ROWS]
    if first not in [row["id"] for row in rows]:
        raise _no_row(charge["id"])
    return sorted(rows, key=lambda row: (row["created"], row["id"] != first, row["id"]))


def keyed(client: Client, charge: Json, rows: list[Json]) -> list[Json]:
    return [{**row, "key": key} for row, key in zip(rows, payment_keys(client, charge, rows), strict=True)]


def refund_row(client: Client, refund: Json, *, failure: bool) -> Json | None:
    """None where no cash will ever move: failed before it left, or the release of an authorization."""
    named = id_of(refund.get("failure_balance_transaction" if failure else "balance_transaction"))
    if named:
        return there(client.balance_row(named), "balance row", named)
    if refund.get("status") in NO_CASH or refund.get("reason") == "expired_uncaptured_charge":
        return None
    raise _no_row(refund["id"])


def return_row(client: Client, charge: Json) -> Json:
    id = id_of(charge.get("failure_balance_transaction"))
    return there(client.balance_row(id), "balance row", id)


def settled_before(client: Client, invoice: Json, rows: list[Json], notes: list[Json]) -> dict[str, list[str]]:
    """Keys of the facts by which money and credit came to an invoice, or left it: whoever voids it comes after them."""
    id = invoice["id"]
    found: dict[str, list[str]] = {"payment": [], "payment_failure": [], "unapplication": []}
    for row in rows:
        intent = id_of(row["payment"].get("payment_intent"))
        for charge in charges_with_money(client, intent) if intent else []:
            gone = went_back(charge)
            (key,) = payment_keys(client, charge, [row])
            found["payment_failure" if gone else "payment"] += [key + FAILED if gone else key] * (
                gone or row["status"] == "paid"
            )
        if not intent and row["status"] == "paid":
            found["payment"].append(row["id"])
    if (invoice.get("starting_balance") or 0) < 0:
        customer = id_of(invoice.get("customer"))
        back = [r for r in client.customer_balance_rows(customer) if r["type"] == "unapplied_from_invoice"]
        found["unapplication"] += [f"{customer}/{r['id']}" for r in back if id_of(r.get("invoice")) == id]
    found["unapplication"] += [
        f"{note['id']}:{id}" for note in notes if note["status"] == "void" and note.get("pre_payment_amount")
    ]
    return found


def _no_row(id: str) -> NotYet:
    return NotYet(f"Stripe has no balance row for {id} yet.", code="dependency.balance_row")


def refunds_of(client: Client, invoices: list[str]) -> list[Json]:
    """Over all charges that paid these invoices, oldest first."""
    charges: dict[str, Json] = {}
    for invoice in invoices:
        for payment in paid(client.payments_of_invoice(invoice)):
            if charge := charge_of(client, payment):
                charges[charge["id"]] = charge
    rows = [row for charge in charges.values() for row in refunds_of_charge(client, charge)]
    return sorted(rows, key=lambda row: (row["created"], row["id"]))


def refunds_of_charge(client: Client, charge: Json) -> list[Json]:
    rows = [row for row in client.refunds_of_charge(charge["id"]) if row.get("status") not in NO_CASH]
    payments = paid(payments_of_charge(client, charge)) if rows else []
    return [{**row, "payments": payments} for row in rows]
