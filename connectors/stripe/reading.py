"""From what was heard to what is so: an event names an object, the object is read again, and facts are made of it.

One money fact has one key. Of an invoice: itself at its finalization, `in_…:C` its negative lines, `in_…:void`,
`in_…:wo` written off, `in_…:wr` (`:wr2`, …) paid after that. Of a payment: the InvoicePayment (with the charge where a
first one of it went back), `…:fail` when it went back; `ch_…` where no invoice is paid. Of a refund: `re_…`,
`re_…:fail`, `re_…:memo` for the credit note that claims it, and `re_…:rest` for what none claims. Of a credit note:
`cn_…`, `cn_…:void`. A credit that is put against a debt is a fact of its own, named by both, or by its row in the
customer's balance. Charge, intent and invoice events of one payment all lead to the same InvoicePayments.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from connectors.base import Fact, Hint, Json
from connectors.stripe.client import Client, id_of, when

FAILED = ":fail"
VOID = ":void"
WRITTEN_OFF = ":wo"
RECOVERED = ":wr"
SPLIT = ":C"
OUT_OF_BAND = ":out"
MEMO = ":memo"
REST = ":rest"
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
    """The invoice from its finalization on, behind its customer, who may have been deleted before we saw him; and what
    became of it."""
    if invoice.get("status") == "draft" or invoice.get("deleted"):
        return []
    at = finalized_at(invoice)
    customer = invoice.get("customer")
    first = [of_customer(customer, at)] if isinstance(customer, dict) else []
    return [*first, Fact("invoice", invoice["id"], moment(at)), *_fate(invoice)]


def _fate(invoice: Json) -> list[Fact]:
    made = []
    key, became = invoice["id"], invoice.get("status_transitions") or {}
    lines = invoice.get("lines") or {}
    if lines.get("has_more") or any(line["amount"] < 0 for line in lines.get("data") or ()):
        at = moment(finalized_at(invoice))
        made += [Fact("split", key + SPLIT, at), Fact("application", key + SPLIT, at)]
    if invoice.get("status") == "void":
        at = moment(when(became.get("voided_at")) or finalized_at(invoice))
        made += [Fact("void", key + VOID, at), Fact("application", key + VOID, at)]
    if became.get("marked_uncollectible_at"):
        at = moment(when(became["marked_uncollectible_at"]))
        made += [Fact("write_off", key + WRITTEN_OFF, at), Fact("application", key + WRITTEN_OFF, at)]
    return made


def facts_of_invoice(client: Client, invoice: Json) -> list[Fact]:
    """The same with what costs further requests: credit of the customer that was used, payments and notes after a
    write-off."""
    made = of_invoice(invoice)
    if not made:
        return []
    if (invoice.get("starting_balance") or 0) < 0:
        customer = id_of(invoice.get("customer"))
        rows = client.customer_balance_rows(customer)
        made += of_balance(customer, (row for row in rows if id_of(row.get("invoice")) == invoice["id"]))
    if (invoice.get("status_transitions") or {}).get("marked_uncollectible_at"):
        made += _recovered(client, invoice)
    return made


def _recovered(client: Client, invoice: Json) -> list[Fact]:
    rows = paid_after_write_off(invoice, client.payments_of_invoice(invoice["id"]))
    made = [
        Fact("recovery", recovery_key(invoice["id"], place), moment(paid_at(row))) for place, row in enumerate(rows)
    ]
    notes = [note for note in client.credit_notes_of_invoice(invoice["id"]) if note.get("pre_payment_amount")]
    return [*made, *(fact for note in notes for fact in _of_late_note(invoice, note))]


def _of_late_note(invoice: Json, note: Json) -> list[Fact]:
    """A note on what was written off takes back so much of the write-off; one that is voided then is written off."""
    made = []
    if after_write_off(invoice, when(note["created"])):
        made.append(Fact("recovery", recovery_of_note(invoice, note), moment(when(note["created"]))))
    if note["status"] == "void" and after_write_off(invoice, voided_at(note)):
        key, voided = f"{invoice['id']}{WRITTEN_OFF}:{note['id']}", moment(voided_at(note))
        made += [Fact("write_off", key, voided), Fact("application", key, voided)]
    return made


def recovery_of_note(invoice: Json, note: Json) -> str:
    return f"{invoice['id']}{RECOVERED}:{note['id']}"


def after_write_off(invoice: Json, second: int) -> bool:
    """Whether it was given up by then. Of what came in the same second nobody knows the order: it counts as later."""
    marked = when((invoice.get("status_transitions") or {}).get("marked_uncollectible_at"))
    return bool(marked) and second >= marked


def voided_at(note: Json) -> int:
    return when(note.get("voided_at")) or when(note["created"])


def recovery_key(invoice: str, place: int) -> str:
    """Of the payment at this place, 0 is the first, among those that came after the write-off."""
    return f"{invoice}{RECOVERED}{place + 1 if place else ''}"


def paid_after_write_off(invoice: Json, rows: Iterable[Json]) -> list[Json]:
    """The paid rows that came when the invoice had been written off, in order."""
    return [row for row in paid(rows) if after_write_off(invoice, paid_at(row))]


def of_payments(rows: Iterable[Json]) -> list[Fact]:
    return [Fact("payment", row["id"], moment(paid_at(row))) for row in rows if row["status"] == "paid"]


def paid(rows: Iterable[Json]) -> list[Json]:
    return sorted((row for row in rows if row["status"] == "paid"), key=lambda row: (paid_at(row), row["id"]))


def of_balance(customer: str, rows: Iterable[Json]) -> list[Fact]:
    """Of a customer's balance: credit that was used, given back, or changed by hand. What else moves it is known from
    its invoice, payment or credit note. The key names the customer too: a row cannot be read without him."""
    streams = {"applied_to_invoice": "application", "unapplied_from_invoice": "unapplication"}
    known = {"credit_note", "invoice_overpaid", "invoice_too_large", "invoice_too_small"}
    return [
        Fact(streams.get(row["type"], "balance"), f"{customer}/{row['id']}", moment(when(row["created"])))
        for row in rows
        if row["type"] not in known
    ]


def of_credit_note(client: Client, note: Json) -> list[Fact]:
    """The note, where it is put to, and for each refund that it claims the memo that meets it."""
    key, at = note["id"], moment(when(note.get("effective_at")) or when(note["created"]))
    made = [Fact("credit_note", key, at)]
    if note.get("pre_payment_amount"):
        made.append(Fact("application", f"{key}:{id_of(note['invoice'])}", at))
        invoice = client.invoice(id_of(note["invoice"]))
        made += _of_late_note(invoice, note) if invoice else []
    if note.get("out_of_band_amount"):
        made.append(Fact("application", key + OUT_OF_BAND, at))
    for part in note.get("refunds") or ():
        if refund := id_of(part.get("refund")):
            made += [Fact("refund_memo", memo_key(client, refund, key), at), Fact("application", f"{key}:{refund}", at)]
    if note["status"] == "void":
        voided = moment(voided_at(note))
        made += [Fact("credit_note_void", key + VOID, voided), Fact("application", key + VOID, voided)]
        if note.get("pre_payment_amount"):
            made.append(Fact("unapplication", f"{key}:{id_of(note['invoice'])}", voided))
    return made


def memo_key(client: Client, refund: str, note: str) -> str:
    """`re_…:memo` for the first note that claims the refund, with the note's id for a further one."""
    return memo_of(refund, note, [one["id"] for one in claims_of(client, refund)])


def memo_of(refund: str, note: str, claims: Sequence[str]) -> str:
    return refund + MEMO if not claims or claims[0] == note else f"{refund}{MEMO}:{note}"


def claims_of(client: Client, refund: str) -> list[Json]:
    """The notes that claim a refund, voided ones too, oldest first."""
    found = client.refund(refund)
    charge = client.charge(id_of(found.get("charge"))) if found and found.get("charge") else None
    rows = payments_of_charge(client, charge) if charge else []
    invoices = dict.fromkeys(id_of(row["invoice"]) for row in rows)
    notes = [note for invoice in invoices for note in client.credit_notes_of_invoice(invoice)]
    return sorted((n for n in notes if claims(n, refund)), key=lambda note: (note["created"], note["id"]))


def claims(note: Json, refund: str) -> int:
    """Minor units of the refund that the note claims."""
    parts = [part for part in note.get("refunds") or () if id_of(part.get("refund")) == refund]
    return sum(int(part["amount_refunded"]) for part in parts)


def of_refund(client: Client, refund: Json) -> list[Fact]:
    """The refund, and the memo of what no credit note claims of it; of money that paid no invoice also where that memo
    is put to. A failure after the money had moved is a fact of its own. One that failed before moved nothing."""
    key, at = refund["id"], moment(refund["created"])
    made = [Fact("refund", key, at), Fact("refund_memo", key + REST, at)]
    if refund.get("charge") and not _paid_by(client, refund):
        made.append(Fact("application", key + REST, at))
    if refund.get("failure_balance_transaction"):
        made += [Fact(stream, key + FAILED, at) for stream in ("refund", "refund_memo_failure")]
    return made


def _paid_by(client: Client, refund: Json) -> list[Json]:
    """The InvoicePayments that the refunded money was for."""
    if intent := id_of(refund.get("payment_intent")):
        return client.payments_of_intent(intent)
    charge = client.charge(id_of(refund["charge"]))
    return payments_of_charge(client, charge) if charge else []


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
    """With the rows of his balance: no event tells of those, but a change of it changes the customer."""
    customer = client.customer(id)
    return [of_customer(customer, seen), *of_balance(id, client.customer_balance_rows(id))] if customer else []


def read_invoice(client: Client, id: str, seen: int) -> list[Fact]:
    invoice = client.invoice(id)
    return facts_of_invoice(client, invoice) if invoice else []


def read_invoice_and_payments(client: Client, id: str, seen: int) -> list[Fact]:
    found = read_invoice(client, id, seen)
    return [*found, *of_payments(client.payments_of_invoice(id))] if found else []


def read_payment(client: Client, id: str, seen: int) -> list[Fact]:
    payment = client.invoice_payment(id)
    return of_payments([payment]) if payment else []


def read_intent(client: Client, id: str, seen: int) -> list[Fact]:
    charges = client.charges_of_intent(id)
    return [fact for charge in charges for fact in facts_of_charge(client, charge)]


def read_charge(client: Client, id: str, seen: int) -> list[Fact]:
    charge = client.charge(id)
    return facts_of_charge(client, charge) if charge else []


def facts_of_charge(client: Client, charge: Json) -> list[Fact]:
    """The payments that a charge made, and their end where it went back; a sale where it pays no invoice."""
    if not brought_money(charge):
        return []
    at = moment(when(charge["created"]))
    rows = payments_of_charge(client, charge)
    if not rows:
        streams = ("sale_failure", "refund_memo", "application") if went_back(charge) else ()
        back = [Fact(stream, charge["id"] + FAILED, at) for stream in streams]
        return [Fact("sale", charge["id"], at), *back]
    keys = payment_keys(client, charge, [row for row in rows if row["status"] == "paid" or went_back(charge)])
    back = [Fact("payment_failure", key + FAILED, at) for key in keys] if went_back(charge) else []
    return [*(Fact("payment", key, at) for key in keys), *back]


def brought_money(charge: Json) -> bool:
    """Whether it ever did: a bank debit may go back after it counted as paid."""
    return bool(charge.get("captured")) and (charge["status"] == "succeeded" or went_back(charge))


def went_back(charge: Json) -> bool:
    return bool(charge.get("failure_balance_transaction"))


def payment_keys(client: Client, charge: Json, rows: Iterable[Json]) -> list[str]:
    """The keys under which what this charge paid is booked."""
    suffix = "" if _is_first(client, charge) else f":{charge['id']}"
    return [row["id"] + suffix for row in rows]


def _is_first(client: Client, charge: Json) -> bool:
    """Whether no earlier charge of the same intent brought money and lost it again."""
    intent = id_of(charge.get("payment_intent"))
    return not intent or all(one["id"] == charge["id"] for one in charges_with_money(client, intent)[:1])


def charges_with_money(client: Client, intent: str) -> list[Json]:
    """Those of the tries of an intent that ever brought money, oldest first."""
    rows = sorted(client.charges_of_intent(intent), key=lambda row: (row["created"], row["id"]))
    return [row for row in rows if brought_money(row)]


def read_credit_note(client: Client, id: str, seen: int) -> list[Fact]:
    note = client.credit_note(id)
    return of_credit_note(client, note) if note else []


def read_charge_refunds(client: Client, id: str, seen: int) -> list[Fact]:
    return [fact for refund in client.refunds_of_charge(id) for fact in of_refund(client, refund)]


def read_refund(client: Client, id: str, seen: int) -> list[Fact]:
    refund = client.refund(id)
    return of_refund(client, refund) if refund else []


Reader = Callable[[Client, str, int], Sequence[Fact]]
"""Client, id of the object, and the second of the event; the last dates what has no date of its own."""

_INVOICE = ("customer", "invoice", "split", "application", "unapplication", "void", "write_off", "recovery")
_CHARGE = ("payment", "payment_failure", "sale", "sale_failure", "refund_memo", "application")
_REFUND = ("refund", "refund_memo", "refund_memo_failure", "application")
TELLS: dict[Reader, tuple[str, ...]] = {
    read_customer: ("customer", "application", "unapplication", "balance"),
    read_invoice: _INVOICE,
    read_invoice_and_payments: (*_INVOICE, "payment"),
    read_payment: ("payment",),
    read_intent: _CHARGE,
    read_charge: _CHARGE,
    read_charge_refunds: _REFUND,
    read_refund: _REFUND,
    read_credit_note: (
        "credit_note",
        "application",
        "refund_memo",
        "credit_note_void",
        "unapplication",
        "recovery",
        "write_off",
    ),
}
"""The streams of the facts that a reader may find, whatever order the events come in."""

# Event type -> how its object is read again. https://docs.stripe.com/api/events/types
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
    "charge.failed": read_charge,
    "charge.refunded": read_charge_refunds,
    "charge.refund.updated": read_refund,
    "refund.created": read_refund,
    "refund.updated": read_refund,
    "refund.failed": read_refund,
    "credit_note.created": read_credit_note,
    "credit_note.updated": read_credit_note,
    "credit_note.voided": read_credit_note,
}


def events_of(stream: str) -> tuple[str, ...]:
    """The events by which a fact of this stream can become known."""
    return tuple(type for type, read in READERS.items() if stream in TELLS[read])
