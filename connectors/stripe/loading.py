"""Everything that translating a fact needs, all pages, as JSON. Stripe's own field names; amounts in minor units."""

from collections.abc import Callable, Iterable

from connectors.base import Json
from connectors.errors import NotYet, Refused
from connectors.stripe.client import Client, id_of
from connectors.stripe.reading import (
    FAILED,
    MEMO,
    RECOVERED,
    SPLIT,
    charges_with_money,
    claims_of,
    paid,
    paid_after_write_off,
    payment_keys,
    payments_of_charge,
    went_back,
)

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


def invoice_part(client: Client, key: str) -> Json:
    """As `invoice`."""
    return invoice(client, key.partition(":")[0])


def payment(client: Client, key: str) -> Json:
    """`payment`, its `invoice`, and the paid InvoicePayments of that invoice (`payments`) and of the same charge
    (`siblings`), in order; the `charge` and the `balance_rows` of its receipt. Out of band there is no charge.
    `went_back`: the money came and went again before this was read.
    """
    row, _, named = key.partition(":")
    found = _there(client.invoice_payment(row), "InvoicePayment", row)
    rows = client.payments_of_invoice(id_of(found["invoice"]))
    charge = _charge_of(client, found, named)
    invoice = _there(client.invoice(id_of(found["invoice"])), "invoice", id_of(found["invoice"]))
    return {
        "key": key,
        "payment": found,
        "invoice": _without_lines(invoice),
        "payments": paid(rows),
        "after_write_off": paid_after_write_off(invoice, rows),
        "siblings": paid(payments_of_charge(client, charge)) if charge else [],
        "charge": charge,
        "went_back": charge is not None and went_back(charge),
        "balance_rows": _receipt_rows(client, charge) if charge else [],
    }


def payment_failure(client: Client, key: str) -> Json:
    """`payment` (the key of what went back), its `invoice` id, the `charge`, the `balance_row` of its return, and
    whether that is `shared` by several payments."""
    first = key.removesuffix(FAILED)
    id, _, named = first.partition(":")
    found = _there(client.invoice_payment(id), "InvoicePayment", id)
    charge = _charge_of(client, found, named)
    assert charge
    return {
        "payment": first,
        "invoice": id_of(found["invoice"]),
        "charge": charge,
        "balance_row": _return_row(client, charge),
        "shared": len(payments_of_charge(client, charge)) > 1,
    }


def sale(client: Client, key: str) -> Json:
    """A `charge` that pays no invoice, with its `balance_rows` and its `customer`, if it names one."""
    charge = _there(client.charge(key), "charge", key)
    customer = id_of(charge.get("customer"))
    return {
        "charge": charge,
        "balance_rows": _receipt_rows(client, charge),
        "customer": client.customer(customer) if customer else None,
        "went_back": went_back(charge),
        "payments": payments_of_charge(client, charge),
    }


def sale_failure(client: Client, key: str) -> Json:
    """The `charge` of a sale whose money went back, and the `balance_row` of its return."""
    charge = _there(client.charge(key.removesuffix(FAILED)), "charge", key)
    return {"charge": charge, "balance_row": _return_row(client, charge)}


def refund(client: Client, key: str) -> Json:
    """`refund`, `failure` (true for its return), the `balance_row` of that cash, the `charge` and the InvoicePayments
    it paid (`payments`, each with the `key` of its fact); of their invoices: `invoices` by id, all `refunds` that moved
    or will move cash, each with the `payments` of its own charge, and all `credit_notes`.
    """
    failure = key.endswith(FAILED)
    found = _there(client.refund(key.removesuffix(FAILED)), "refund", key)
    charge = client.charge(id_of(found.get("charge"))) if found.get("charge") else None
    payments = paid(payments_of_charge(client, charge)) if charge else []
    invoices = list(dict.fromkeys(id_of(row["invoice"]) for row in payments))
    return {
        "refund": found,
        "failure": failure,
        "balance_row": _refund_row(client, found, failure=failure),
        "charge": charge,
        "payments": _keyed(client, charge, payments) if charge else [],
        "invoices": {one: _without_lines(_there(client.invoice(one), "invoice", one)) for one in invoices},
        "refunds": _refunds_of(client, invoices),
        "credit_notes": [note for one in invoices for note in client.credit_notes_of_invoice(one)],
    }


def credit_note(client: Client, key: str) -> Json:
    """`credit_note`, all its `lines`, its `invoice`, the `tax_rates` by id; where it was to be paid out elsewhere the
    `refunds` of that invoice."""
    note = _there(client.credit_note(key.partition(":")[0]), "credit note", key)
    invoice = _there(client.invoice(id_of(note["invoice"])), "invoice", id_of(note["invoice"]))
    lines = client.credit_note_lines(note)
    return {
        "credit_note": {name: value for name, value in note.items() if name != "lines"},
        "lines": lines,
        "invoice": _without_lines(invoice),
        "tax_rates": _by_id(client.tax_rate, (_rate_of(tax) for tax in _taxes_of(note, lines))),
        "refunds": _refunds_of(client, [invoice["id"]]) if note.get("out_of_band_amount") else [],
    }


def refund_memo(client: Client, key: str) -> Json:
    """The `refund`, the `credit_note` that claims it, its `place` among those that do, and the note's `invoice`."""
    id, _, named = key.partition(MEMO)
    claims = claims_of(client, id)
    place = next((at for at, note in enumerate(claims) if note["id"] == named.lstrip(":")), 0)
    if not claims:
        raise NotYet("No credit note claims this refund any more.", code="dependency.credit_note")
    note = claims[place]
    return {
        "refund": _there(client.refund(id), "refund", id),
        "credit_note": note,
        "place": place,
        "invoice": _without_lines(_there(client.invoice(id_of(note["invoice"])), "invoice", id_of(note["invoice"]))),
    }


def refund_memo_failure(client: Client, key: str) -> Json:
    """The `refund` that came back, the `balance_row` of its return, and the keys of the `memos` that met it."""
    id = key.removesuffix(FAILED)
    found = _there(client.refund(id), "refund", id)
    claims = [note["id"] for note in claims_of(client, id) if note["status"] != "void"]
    return {
        "refund": found,
        "balance_row": _refund_row(client, found, failure=True),
        "memos": [id + MEMO if place == 0 else f"{id}{MEMO}:{note}" for place, note in enumerate(claims)],
    }


def fate(client: Client, key: str) -> Json:
    """What became of an `invoice`: with its paid `payments` in order, those that came `after_write_off`, and its
    `credit_notes`; `place` of the one that the key is about, where it is about one."""
    id, _, end = key.partition(":")
    invoice = _there(client.invoice(id), "invoice", id)
    rows = client.payments_of_invoice(id)
    number = end.removeprefix(RECOVERED.lstrip(":"))
    return {
        "invoice": _without_lines(invoice),
        "payments": paid(rows),
        "after_write_off": paid_after_write_off(invoice, rows),
        "credit_notes": client.credit_notes_of_invoice(id),
        "place": int(number) - 1 if number.isdigit() else 0,
    }


def application(client: Client, key: str) -> Json:
    """By what the key names: a row of the customer's `balance` with all `rows` of it; a `credit_note` and its
    `invoice` or the `memo` of a refund; an `invoice` and what became of it (`end`), for its negative lines with all
    that `invoice` loads."""
    first, _, second = key.partition(":")
    if first.startswith("in_"):
        split = invoice(client, first) if key.endswith(SPLIT) else {}
        return {"kind": "fate", "end": second, **split, **fate(client, first)}
    if first.startswith("cn_"):
        return {"kind": "note", "target": second, **_note_target(client, first, second)}
    return {"kind": "balance", **balance(client, key)}


def unapplication(client: Client, key: str) -> Json:
    """By what the key names, as `application`: a row of the customer's balance, or a credit note that was voided and
    its invoice."""
    if not key.startswith("cn_"):
        return {"kind": "balance", **balance(client, key)}
    note, _, invoice = key.partition(":")
    return {"kind": "note", "key": key, **_note_target(client, note, invoice)}


def _note_target(client: Client, key: str, target: str) -> Json:
    note = _there(client.credit_note(key), "credit note", key)
    invoice = _there(client.invoice(id_of(note["invoice"])), "invoice", id_of(note["invoice"]))
    found: Json = {"credit_note": note, "invoice": _without_lines(invoice), "memo": ""}
    if target.startswith("re_"):
        claims = [one["id"] for one in claims_of(client, target)]
        found["memo"] = target + MEMO if claims[:1] == [key] else f"{target}{MEMO}:{key}"
    return found


def balance(client: Client, key: str) -> Json:
    """The `row` of a customer's balance with this id, all `rows` of his in its currency, oldest first, and for each
    overpaid invoice among them the `receipts` that made the credit, each as `payment` loads it."""
    customer, row = _balance_row(client, key)
    rows = [one for one in client.customer_balance_rows(customer) if one["currency"] == row["currency"]]
    overpaid = dict.fromkeys(id_of(one.get("invoice")) for one in rows if one["type"] == "invoice_overpaid")
    receipts = {
        invoice: [payment(client, one["id"]) for one in paid(client.payments_of_invoice(invoice))]
        for invoice in overpaid
        if invoice
    }
    invoice = id_of(row.get("invoice"))
    return {
        "row": row,
        "rows": rows,
        "receipts": receipts,
        "customer": customer,
        "invoice": _without_lines(_there(client.invoice(invoice), "invoice", invoice)) if invoice else None,
    }


def _balance_row(client: Client, key: str) -> tuple[str, Json]:
    customer, _, id = key.partition("/")
    row = next((one for one in client.customer_balance_rows(customer) if one["id"] == id), None)
    return customer, _there(row, "balance row of a customer", id)


LOADERS: dict[str, Callable[[Client, str], Json]] = {
    "customer": customer,
    "invoice": invoice,
    "split": invoice_part,
    "payment": payment,
    "payment_failure": payment_failure,
    "sale": sale,
    "sale_failure": sale_failure,
    "refund": refund,
    "credit_note": credit_note,
    "credit_note_void": credit_note,
    "refund_memo": refund_memo,
    "refund_memo_failure": refund_memo_failure,
    "void": fate,
    "write_off": fate,
    "recovery": fate,
    "application": application,
    "unapplication": unapplication,
    "balance": balance,
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


def _charge_of(client: Client, payment: Json, named: str = "") -> Json | None:
    """The charge that brought the money: the `named` one, else of the tries of an intent the first that ever did."""
    paid_by = payment["payment"]
    if named or paid_by["type"] == "charge":
        id = named or id_of(paid_by["charge"])
        return _there(client.charge(id), "charge", id)
    if paid_by["type"] != "payment_intent":
        return None
    good = charges_with_money(client, id_of(paid_by["payment_intent"]))
    if not good:
        raise NotYet("No charge of this payment has been captured yet.", code="dependency.charge")
    return good[0]


def _receipt_rows(client: Client, charge: Json) -> list[Json]:
    """A capture for less than was authorized has two rows. https://docs.stripe.com/reports/reporting-categories"""
    first = id_of(charge.get("balance_transaction"))
    if not first:
        raise _no_row(charge["id"])
    rows = [row for row in client.balance_rows_of(charge["id"]) if row["reporting_category"] in RECEIPT_ROWS]
    if first not in [row["id"] for row in rows]:
        raise _no_row(charge["id"])
    return sorted(rows, key=lambda row: (row["created"], row["id"] != first, row["id"]))


def _keyed(client: Client, charge: Json, rows: list[Json]) -> list[Json]:
    return [{**row, "key": key} for row, key in zip(rows, payment_keys(client, charge, rows), strict=True)]


def _refund_row(client: Client, refund: Json, *, failure: bool) -> Json | None:
    """None where no cash will ever move: failed before it left, or the release of an authorization."""
    named = id_of(refund.get("failure_balance_transaction" if failure else "balance_transaction"))
    if named:
        return _there(client.balance_row(named), "balance row", named)
    if refund.get("status") in NO_CASH or refund.get("reason") == "expired_uncaptured_charge":
        return None
    raise _no_row(refund["id"])


def _return_row(client: Client, charge: Json) -> Json:
    id = id_of(charge.get("failure_balance_transaction"))
    return _there(client.balance_row(id), "balance row", id)


def _no_row(id: str) -> NotYet:
    return NotYet(f"Stripe has no balance row for {id} yet.", code="dependency.balance_row")


def _refunds_of(client: Client, invoices: list[str]) -> list[Json]:
    """Over all charges that paid these invoices, oldest first."""
    charges: dict[str, Json] = {}
    for invoice in invoices:
        for payment in paid(client.payments_of_invoice(invoice)):
            if charge := _charge_of(client, payment):
                charges[charge["id"]] = charge
    rows = [row for charge in charges.values() for row in _refunds_of_charge(client, charge)]
    return sorted(rows, key=lambda row: (row["created"], row["id"]))


def _refunds_of_charge(client: Client, charge: Json) -> list[Json]:
    rows = [row for row in client.refunds_of_charge(charge["id"]) if row.get("status") not in NO_CASH]
    payments = paid(payments_of_charge(client, charge)) if rows else []
    return [{**row, "payments": payments} for row in rows]
