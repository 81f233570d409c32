"""Debts that were too small to be charged by themselves: a later invoice carries them, and its payment pays them too.

Which debts an invoice carries is decided by Stripe's own history of the customer's balance, first in, first out.
docs/accounting.md 3.8
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from connectors.base import Desk, Json, Ref
from connectors.errors import Refused
from connectors.integrations.stripe_intacct import amount
from connectors.integrations.stripe_intacct.receipt import Receipt
from connectors.sage_intacct.documents import Adjustment, Also, Invoice
from connectors.stripe.client import id_of


@dataclass(frozen=True)
class Debt:
    """Minor units, and the document that they stand on."""

    flow: str
    key: str
    minor: int


def also_paid(payload: Json, receipt: Receipt, owed: Invoice, desk: Desk) -> tuple[tuple[Also, ...], int]:
    """The earlier debts that this payment pays with what it brings above its invoice, and what is left of that."""
    invoice = payload["invoice"]
    if (invoice.get("starting_balance") or 0) <= 0 or not receipt.excess:
        return (), receipt.excess
    carried = by_invoice(payload["customer_rows"], str(id_of(invoice["customer"]))).get(invoice["id"], [])
    currency = amount.currency_of(invoice["currency"])
    _, later = _cut(carried, receipt.before)
    paid, _ = _cut(later, receipt.excess)
    for debt in paid:
        desk.because(f"also.{debt.key}", f"{invoice['id']} carries {debt.minor} of it")
    also = [Also(to=_ref(debt, owed, desk), amount=currency.amount(debt.minor)) for debt in paid]
    return tuple(also), receipt.excess - sum(debt.minor for debt in paid)


def by_invoice(rows: Iterable[Json], customer: str) -> dict[str, list[Debt]]:
    """What each invoice carries."""
    debts: deque[Debt] = deque()
    carried: dict[str, list[Debt]] = {}
    credit = 0
    for row in rows:
        minor, invoice = int(row["amount"]), id_of(row.get("invoice"))
        if row["type"] == "applied_to_invoice" and minor < 0:
            carried[invoice], rest = _cut(list(debts), -minor)
            debts = deque(rest)
        elif row["type"] == "unapplied_from_invoice" and minor > 0:
            debts.extendleft(reversed(carried.pop(invoice, [])))
        elif minor < 0:
            settled, rest = _cut(list(debts), -minor)
            debts = deque(rest)
            credit += -minor - sum(debt.minor for debt in settled)
        elif row["type"] == "invoice_too_small":
            again = carried.pop(invoice, [])  # it was too small with what it carried itself
            debts.extend([*again, Debt("invoice", invoice, minor - sum(debt.minor for debt in again))])
        else:
            used = min(credit, minor)
            credit -= used
            if minor > used:
                debts.append(Debt("balance", f"{customer}/{row['id']}", minor - used))
    return carried


def _cut(debts: Sequence[Debt], minor: int) -> tuple[list[Debt], list[Debt]]:
    """The first `minor` of them, and the others."""
    first, rest = [], []
    for debt in debts:
        part = min(debt.minor, minor)
        minor -= part
        if part:
            first.append(replace(debt, minor=part))
        if debt.minor > part:
            rest.append(replace(debt, minor=debt.minor - part))
    return first, rest


def _ref(debt: Debt, owed: Invoice, desk: Desk) -> Ref:
    document = desk.posted(debt.flow, debt.key).document
    assert isinstance(document, Invoice | Adjustment), "no debt"
    same = (document.customer, document.currency, document.lines[0].entity)
    if same != (owed.customer, owed.currency, owed.lines[0].entity):
        raise Refused(
            f"{document.number}, which this payment pays too, is of another customer, currency or entity than "
            f"{owed.number}.",
            cause="decision",
            code="party.mismatch",
            field="also",
            value=document.number,
            cure="Decide how this money is applied and book it by hand.",
        )
    return Ref(document.kind, document.number, document.customer)
