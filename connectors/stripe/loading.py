"""Everything that translating a fact needs, all pages, as JSON. Stripe's own field names; amounts in minor units."""

from collections.abc import Callable

from connectors.base import Json
from connectors.errors import NotYet
from connectors.stripe.client import Client, id_of
from connectors.stripe.parts import (
    by_id,
    charge_of,
    keyed,
    product_of,
    rate_of,
    receipt_rows,
    refund_row,
    refunds_of,
    refunds_of_charge,
    return_row,
    settled_before,
    taxes_of,
    there,
    without_lines,
)
from connectors.stripe.reading import (
    FAILED,
    MEMO,
    RECOVERED,
    REST,
    SPLIT,
    claims_of,
    memo_of,
    paid,
    paid_after_write_off,
    payments_of_charge,
    went_back,
)

RECENT = 10
PAID_BACK = ("re_", "pyr_", "ch_", "py_")
"""Beginnings of ids of money that went back: refunds (those of bank debits too), and charges."""


def load(client: Client, stream: str, key: str) -> Json:
    """See the loader of each stream. Raises NotYet while a balance row is missing."""
    return LOADERS[stream](client, key)


def customer(client: Client, key: str) -> Json:
    """`customer`; `invoices`: his recent finalized ones, newest first. They keep the name of a deleted customer."""
    found = there(client.customer(key), "customer", key)
    recent = client.invoices_of_customer(key, RECENT)
    return {"customer": found, "invoices": [row for row in recent if row["status"] != "draft"]}


def invoice(client: Client, key: str) -> Json:
    """`invoice` (its `customer` whole), all `lines`, and the `products` and `tax_rates` they name, by id."""
    found = there(client.invoice(key), "invoice", key)
    lines = client.invoice_lines(found)
    return {
        "invoice": {name: value for name, value in found.items() if name != "lines"},
        "lines": lines,
        "products": by_id(client.product, (product_of(line) for line in lines)),
        "tax_rates": by_id(client.tax_rate, (rate_of(tax) for tax in taxes_of(found, lines))),
    }


def invoice_part(client: Client, key: str) -> Json:
    """As `invoice`."""
    return invoice(client, key.partition(":")[0])


def payment(client: Client, key: str) -> Json:
    """`payment`, its `invoice`, and the paid InvoicePayments of that invoice (`payments`) and of the same charge
    (`siblings`), in order; the `charge` and the `balance_rows` of its receipt. Out of band there is no charge.
    `went_back`: the money came and went again before this was read. `customer_rows`: of the customer's balance in this
    currency, oldest first, where the invoice carries an earlier debt.
    """
    row, _, named = key.partition(":")
    found = there(client.invoice_payment(row), "InvoicePayment", row)
    rows = client.payments_of_invoice(id_of(found["invoice"]))
    charge = charge_of(client, found, named)
    invoice = there(client.invoice(id_of(found["invoice"])), "invoice", id_of(found["invoice"]))
    return {
        "key": key,
        "payment": found,
        "invoice": without_lines(invoice),
        "payments": paid(rows),
        "after_write_off": paid_after_write_off(invoice, rows),
        "siblings": paid(payments_of_charge(client, charge)) if charge else [],
        "charge": charge,
        "went_back": charge is not None and went_back(charge),
        "balance_rows": receipt_rows(client, charge) if charge else [],
        "customer_rows": _debts(client, invoice) if (invoice.get("starting_balance") or 0) > 0 else [],
    }


def _debts(client: Client, invoice: Json) -> list[Json]:
    rows = client.customer_balance_rows(id_of(invoice["customer"]))
    return [row for row in rows if row["currency"] == invoice["currency"]]


def payment_failure(client: Client, key: str) -> Json:
    """`payment` (the key of what went back), its `invoice` id, the `charge`, the `balance_row` of its return, and
    whether that is `shared` by several payments."""
    first = key.removesuffix(FAILED)
    id, _, named = first.partition(":")
    found = there(client.invoice_payment(id), "InvoicePayment", id)
    charge = charge_of(client, found, named)
    assert charge
    return {
        "payment": first,
        "invoice": id_of(found["invoice"]),
        "charge": charge,
        "balance_row": return_row(client, charge),
        "shared": len(payments_of_charge(client, charge)) > 1,
    }


def sale(client: Client, key: str) -> Json:
    """A `charge` that pays no invoice, with its `balance_rows` and its `customer`, if it names one."""
    charge = there(client.charge(key), "charge", key)
    customer = id_of(charge.get("customer"))
    return {
        "charge": charge,
        "balance_rows": receipt_rows(client, charge),
        "customer": client.customer(customer) if customer else None,
        "went_back": went_back(charge),
        "payments": payments_of_charge(client, charge),
    }


def sale_failure(client: Client, key: str) -> Json:
    """The `charge` of a sale whose money went back, and the `balance_row` of its return."""
    charge = there(client.charge(key.removesuffix(FAILED)), "charge", key)
    return {"charge": charge, "balance_row": return_row(client, charge)}


def refund(client: Client, key: str) -> Json:
    """`refund`, `failure` (true for its return), the `balance_row` of that cash, the `charge` and the InvoicePayments
    it paid (`payments`, each with the `key` of its fact); of their invoices: `invoices` by id, all `refunds` that moved
    or will move cash, each with the `payments` of its own charge, and all `credit_notes`, whole, with the
    `tax_rates` they name, by id. Where no invoice was paid: the `refunds` of the charge.
    """
    failure = key.endswith(FAILED)
    found = there(client.refund(key.removesuffix(FAILED)), "refund", key)
    charge = client.charge(id_of(found.get("charge"))) if found.get("charge") else None
    payments = paid(payments_of_charge(client, charge)) if charge else []
    invoices = list(dict.fromkeys(id_of(row["invoice"]) for row in payments))
    notes = [note for one in invoices for note in client.credit_notes_of_invoice(one)]
    notes = [{**note, "lines": client.credit_note_lines(note)} for note in notes]
    return {
        "refund": found,
        "failure": failure,
        "balance_row": refund_row(client, found, failure=failure),
        "charge": charge,
        "payments": keyed(client, charge, payments) if charge else [],
        "invoices": {one: without_lines(there(client.invoice(one), "invoice", one)) for one in invoices},
        "refunds": refunds_of(client, invoices) if payments or not charge else refunds_of_charge(client, charge),
        "credit_notes": notes,
        "tax_rates": by_id(client.tax_rate, (rate_of(tax) for note in notes for tax in taxes_of(note, note["lines"]))),
    }


def credit_note(client: Client, key: str) -> Json:
    """`credit_note`, all its `lines`, its `invoice`, the `tax_rates` by id; where it was to be paid out elsewhere the
    `refunds` and all `credit_notes` of that invoice."""
    note = there(client.credit_note(key.partition(":")[0]), "credit note", key)
    invoice = there(client.invoice(id_of(note["invoice"])), "invoice", id_of(note["invoice"]))
    lines = client.credit_note_lines(note)
    return {
        "credit_note": {name: value for name, value in note.items() if name != "lines"},
        "lines": lines,
        "invoice": without_lines(invoice),
        "tax_rates": by_id(client.tax_rate, (rate_of(tax) for tax in taxes_of(note, lines))),
        **(_twins(client, invoice["id"]) if note.get("out_of_band_amount") else {"refunds": [], "credit_notes": []}),
    }


def _twins(client: Client, invoice: str) -> Json:
    return {"refunds": refunds_of(client, [invoice]), "credit_notes": client.credit_notes_of_invoice(invoice)}


def refund_memo(client: Client, key: str) -> Json:
    """The `refund` with its `balance_row`, the `credit_note` that claims it, its `place` among those that do, and the
    note's `invoice`. Of a key that no note has (`rest`): as `refund`, or a charge whose money went back."""
    if key.endswith(REST):
        return {"rest": key, **refund(client, key.removesuffix(REST))}
    if key.endswith(FAILED):
        return {"rest": key, "refund": None, "payments": [], **sale_failure(client, key)}
    id, _, named = key.partition(MEMO)
    claims = claims_of(client, id)
    place = next((at for at, note in enumerate(claims) if note["id"] == named.lstrip(":")), 0)
    if not claims:
        raise NotYet("No credit note claims this refund any more.", code="dependency.credit_note")
    note, found = claims[place], there(client.refund(id), "refund", id)
    return {
        "refund": found,
        "balance_row": refund_row(client, found, failure=False),
        "credit_note": note,
        "place": place,
        "invoice": without_lines(there(client.invoice(id_of(note["invoice"])), "invoice", id_of(note["invoice"]))),
    }


def refund_memo_failure(client: Client, key: str) -> Json:
    """The `refund` that came back, the `balance_row` of its return, and the keys of the `memos` that may
    have met it."""
    id = key.removesuffix(FAILED)
    found = there(client.refund(id), "refund", id)
    claims = claims_of(client, id)
    keys = [note["id"] for note in claims]
    return {
        "refund": found,
        "balance_row": refund_row(client, found, failure=True),
        "memos": [*(memo_of(id, note["id"], keys) for note in claims if note["status"] != "void"), id + REST],
    }


def fate(client: Client, key: str) -> Json:
    """What became of an `invoice`: with its paid `payments` in order, those that came `after_write_off`, and its
    `credit_notes`; what the key is about, where it is about one: the `place` of a payment, or a `note`."""
    id, _, end = key.partition(":")
    invoice = there(client.invoice(id), "invoice", id)
    rows = client.payments_of_invoice(id)
    notes = client.credit_notes_of_invoice(id)
    kind, _, named = end.partition(":")
    number = kind.removeprefix(RECOVERED.lstrip(":"))
    return {
        "invoice": without_lines(invoice),
        "payments": paid(rows),
        "after_write_off": paid_after_write_off(invoice, rows),
        "credit_notes": notes,
        "place": int(number) - 1 if number.isdigit() else 0,
        "note": next((note for note in notes if note["id"] == named), None),
    }


def void(client: Client, key: str) -> Json:
    """As `fate`, and what must be `settled` before: keys by flow, of all that came to the invoice or left it again."""
    found = fate(client, key)
    rows = client.payments_of_invoice(found["invoice"]["id"])
    return {**found, "settled": settled_before(client, found["invoice"], rows, found["credit_notes"])}


def application(client: Client, key: str) -> Json:
    """By what the key names: a row of the customer's `balance` with all `rows` of it; a `credit_note` and its
    `invoice` or the `memo` of a refund; an `invoice` and what became of it (`end`), for its negative lines with all
    that `invoice` loads; the `charge` of an advance and the `memo` that its return met."""
    first, _, second = key.partition(":")
    if first.startswith("in_"):
        split = invoice(client, first) if key.endswith(SPLIT) else {}
        return {"kind": "fate", "end": second, **split, **fate(client, key)}
    if first.startswith("cn_"):
        return {"kind": "note", "target": second, **_note_target(client, first, second)}
    if first.startswith(PAID_BACK):
        return {"kind": "advance", "memo": key, "charge": _charge_behind(client, first)}
    return {"kind": "balance", **balance(client, key)}


def unapplication(client: Client, key: str) -> Json:
    """By what the key names, as `application`: a row of the customer's balance, or a credit note that was voided and
    its invoice."""
    if not key.startswith("cn_"):
        return {"kind": "balance", **balance(client, key)}
    note, _, invoice = key.partition(":")
    return {"kind": "note", "key": key, **_note_target(client, note, invoice)}


def _charge_behind(client: Client, id: str) -> Json:
    """Of a refund, or the charge itself."""
    if id.startswith(("re_", "pyr_")):
        id = id_of(there(client.refund(id), "refund", id)["charge"])
    return there(client.charge(id), "charge", id)


def _note_target(client: Client, key: str, target: str) -> Json:
    note = there(client.credit_note(key), "credit note", key)
    invoice = there(client.invoice(id_of(note["invoice"])), "invoice", id_of(note["invoice"]))
    found: Json = {"credit_note": note, "invoice": without_lines(invoice), "memo": ""}
    if target.startswith(("re_", "pyr_")):
        found["memo"] = memo_of(target, key, [one["id"] for one in claims_of(client, target)])
    return found


def balance(client: Client, key: str) -> Json:
    """The `row` of a customer's balance with this id, all `rows` of his in its currency, oldest first, and for each
    overpaid invoice among them the `receipts` that made the credit, each as `payment` loads it; his id (`customer`) and
    himself (`owner`)."""
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
        "owner": client.customer(customer),
        "invoice": without_lines(there(client.invoice(invoice), "invoice", invoice)) if invoice else None,
    }


def _balance_row(client: Client, key: str) -> tuple[str, Json]:
    customer, _, id = key.partition("/")
    row = next((one for one in client.customer_balance_rows(customer) if one["id"] == id), None)
    return customer, there(row, "balance row of a customer", id)


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
    "void": void,
    "write_off": fate,
    "recovery": fate,
    "application": application,
    "unapplication": unapplication,
    "balance": balance,
}
