"""One story through the whole API as the vendor's SDK speaks it, with a note of every call: by which method of the SDK,
with which set of parameters, what was sent, what came back.
"""

import inspect
import json
import re
import time
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from standins.stripe import Shop, StripeServer

NEW, OLD = "2026-10-28.endive", "2025-02-24.acacia"
CALLS_OF_LATER_VERSIONS = ("invoice_payments.", "payment_records.", "invoices.attach_payment")


@dataclass(frozen=True)
class Note:
    call: str
    answer: Any
    body: Any
    method: str
    path: str
    pairs: list[tuple[str, str]]
    params: str
    """The SDK's name for the set of parameters of this call."""
    returns: str
    """The SDK's name for what it answers."""


@dataclass
class Caller:
    """`do("customers.create", {...})` is `client.v1.customers.create({...})`."""

    client: Any
    server: StripeServer
    version: str = NEW
    notes: list[Note] = field(default_factory=list)

    def do(self, call: str, *given: Any) -> Any:
        if self.version == OLD and call.startswith(CALLS_OF_LATER_VERSIONS):
            return None
        method = attrgetter(call)(self.client.v1)
        answer = method(*given)
        asked = self.server.api.asked[-1]
        signature = inspect.signature(method)
        params = signature.parameters["params"].annotation
        name = re.findall(r"\w+Params", str(params))[0]
        body = json.loads(answer.last_response.body)
        returns = str(signature.return_annotation)
        self.notes.append(Note(call, answer, body, asked["method"], asked["path"], asked["params"], name, returns))
        return answer


def tell(caller: Caller, shop: Shop) -> None:
    """Calls everything that the stand-in offers, each for what it is there for."""
    do = caller.do
    acme = do("customers.create", {"name": "Acme Ltd", "email": "ap@acme.example", "metadata": {"erp": "C-1"}})
    masters(do, acme.id)
    product, rate, coupon = catalog(do, shop)
    invoice = draft(do, acme.id, product, rate)
    do("invoices.finalize_invoice", invoice, {"auto_advance": False})
    do("invoices.send_invoice", invoice)
    payments(do, shop, acme.id, invoice)
    credits(do, acme.id, shop, coupon)
    ends(do, acme.id)
    money(do, shop)
    watching(do)
    gone = do("customers.create", {"name": "Gone", "email": "gone@example.com"})
    do("customers.delete", gone.id)


def masters(do: Any, acme: str) -> None:
    do("customers.retrieve", acme)
    do("customers.update", acme, {"phone": "+1 415 555 0101", "metadata": {"erp": "C-2"}})
    do("customers.list", {"email": "ap@acme.example", "limit": 3})
    row = do("customers.balance_transactions.create", acme, {"amount": -500, "currency": "usd", "description": "gift"})
    do("customers.balance_transactions.retrieve", acme, row.id)
    do("customers.balance_transactions.list", acme, {"limit": 2})
    do("customers.balance_transactions.create", acme, {"amount": 500, "currency": "usd", "description": "taken back"})


def catalog(do: Any, shop: Shop) -> tuple[str, str, str]:
    product = do("products.create", {"name": "Pro plan"})
    do("products.retrieve", product.id)
    do("products.list", {"active": True})
    price = do("prices.create", {"currency": "usd", "product": product.id, "unit_amount": 10000})
    do("prices.retrieve", price.id)
    rate = do("tax_rates.create", {"display_name": "Sales tax", "percentage": 10, "inclusive": False})
    do("tax_rates.retrieve", rate.id)
    do("tax_rates.list", {"active": True, "inclusive": False})
    coupon = shop.create_coupon(percent_off=10.0)["id"]
    do("coupons.retrieve", coupon)
    return product.id, rate.id, coupon


def draft(do: Any, acme: str, product: str, rate: str) -> str:
    given = {"customer": acme, "currency": "usd", "collection_method": "send_invoice", "days_until_due": 30}
    invoice = do("invoices.create", {**given, "auto_advance": False, "description": "January"}).id
    item = {"customer": acme, "invoice": invoice, "amount": 20000, "currency": "usd", "description": "Seats"}
    made = do("invoice_items.create", {**item, "tax_rates": [rate]})
    do("invoice_items.retrieve", made.id)
    do("invoice_items.list", {"invoice": invoice})
    vat = {"display_name": "VAT", "inclusive": False, "percentage": 20}
    tax = {"amount": 1000, "taxable_amount": 5000, "tax_rate_data": vat}
    lines = [
        {"amount": 5000, "description": "Setup", "tax_amounts": [tax]},
        {"price_data": {"currency": "usd", "product": product, "unit_amount": 1250}, "quantity": 4},
        {"amount": -300, "description": "Goodwill"},
    ]
    do("invoices.add_lines", invoice, {"lines": lines, "invoice_metadata": {"source": "erp"}})
    listed = do("invoices.line_items.list", invoice, {"limit": 10})
    gone = next(line.id for line in listed.data if line.amount == -300)
    do("invoices.remove_lines", invoice, {"lines": [{"id": gone, "behavior": "delete"}]})
    do("invoices.update", invoice, {"description": "January 2026", "metadata": {"order": "7"}})
    do("invoices.retrieve", invoice)
    do("invoices.list", {"customer": acme, "status": "draft", "created": {"gte": 1, "lt": 9_000_000_000}})
    empty = do("invoices.create", {"customer": acme, "currency": "usd"})
    do("invoices.delete", empty.id)
    return str(invoice)


def payments(do: Any, shop: Shop, acme: str, invoice: str) -> None:
    """An invoice over 330.00 is paid in part by an intent, in part outside of Stripe, and the rest by card."""
    intent = do("payment_intents.create", {"amount": 10000, "currency": "usd", "customer": acme})
    do("invoices.attach_payment", invoice, {"payment_intent": intent.id})
    do("payment_intents.confirm", intent.id, {"payment_method": "pm_card_visa"})
    now = int(time.time())
    record = do(
        "payment_records.report_payment",
        {
            "amount_requested": {"value": 5000, "currency": "usd"},
            "initiated_at": now,
            "payment_method_details": {"type": "custom", "custom": {"display_name": "Wire"}},
            "outcome": "guaranteed",
            "guaranteed": {"guaranteed_at": now},
        },
    )
    if record is not None:
        do("payment_records.retrieve", record.id)
        do("invoices.attach_payment", invoice, {"payment_record": record.id})
    do("invoices.pay", invoice)
    rows = do("invoice_payments.list", {"invoice": invoice, "status": "paid"})
    if rows is not None:
        do("invoice_payments.retrieve", rows.data[0].id)
        by_intent = {"type": "payment_intent", "payment_intent": intent.id}
        do("invoice_payments.list", {"payment": by_intent})
    do("payment_intents.retrieve", intent.id)
    do("payment_intents.list", {"customer": acme})
    charges = do("charges.list", {"payment_intent": intent.id})
    charge = charges.data[0].id
    do("charges.retrieve", charge)
    do("charges.update", charge, {"description": "By hand", "metadata": {"seen": "yes"}})
    how = {"capture_method": "manual", "payment_method": "pm_card_visa", "confirm": True}
    held = do("payment_intents.create", {"amount": 9000, "currency": "usd", **how})
    do("payment_intents.capture", held.id, {"amount_to_capture": 7000})
    other = shop.sell(4000, capture=False)
    do("charges.capture", other["id"], {"amount": 4000})
    refund = do("refunds.create", {"charge": charge, "amount": 1000, "reason": "requested_by_customer"})
    do("refunds.retrieve", refund.id)
    do("refunds.update", refund.id, {"metadata": {"case": "1"}})
    do("refunds.list", {"charge": charge})
    with_refunds = do("charges.retrieve", charge, {"expand": ["refunds"]})
    assert [row.id for row in with_refunds.refunds.list(limit=1).data] == [refund.id]  # by the address of the list
    pending = shop.refund(charge, 100, status="pending")
    do("refunds.cancel", pending["id"])


def credits(do: Any, acme: str, shop: Shop, coupon: str) -> None:
    """A note before payment, which is voided, and one after it that refunds."""
    lines = [{"description": f"Line {n}", "amount": 1000} for n in range(12)]
    made = shop.create_invoice(acme, lines, discounts=[{"coupon": coupon}], finalize=True)
    note = do("credit_notes.create", {"invoice": made["id"], "amount": 500, "reason": "order_change", "memo": "Less"})
    do("credit_notes.retrieve", note.id)
    do("credit_notes.line_items.list", note.id, {"limit": 5})
    do("credit_notes.void_credit_note", note.id)
    shop.pay(made["id"])
    line = do("invoices.line_items.list", made["id"], {"limit": 1}).data[0].id
    parts = [{"type": "invoice_line_item", "invoice_line_item": line, "amount": 900}]
    after = do("credit_notes.create", {"invoice": made["id"], "lines": parts, "refund_amount": 810})
    do("credit_notes.list", {"invoice": made["id"], "limit": 3})
    do("credit_notes.line_items.list", after.id)
    balance = do("credit_notes.create", {"invoice": made["id"], "amount": 100, "credit_amount": 100})
    assert balance.customer_balance_transaction


def ends(do: Any, acme: str) -> None:
    for end in ("void_invoice", "mark_uncollectible"):
        made = do("invoices.create", {"customer": acme, "currency": "usd"})
        do("invoice_items.create", {"customer": acme, "invoice": made.id, "amount": 700, "currency": "usd"})
        do("invoices.finalize_invoice", made.id)
        do(f"invoices.{end}", made.id)
    do("invoices.pay", made.id, {"paid_out_of_band": True})


def money(do: Any, shop: Shop) -> None:
    dispute = shop.dispute(shop.sell(5000)["id"])
    do("disputes.retrieve", dispute["id"])
    do("disputes.list", {"charge": dispute["charge"]})
    payout = shop.payout(everything=True)
    assert payout
    do("payouts.retrieve", payout["id"])
    do("payouts.list", {"status": payout["status"], "limit": 1})
    rows = do("balance_transactions.list", {"payout": payout["id"], "limit": 100})
    do("balance_transactions.retrieve", rows.data[0].id)
    do("balance.retrieve")
    do("payment_records.list", {"limit": 1})


def watching(do: Any) -> None:
    made = do(
        "webhook_endpoints.create",
        {
            "url": "https://example.com/hooks/1",
            "enabled_events": ["invoice.paid", "charge.succeeded"],
            "api_version": NEW,
        },
    )
    do("webhook_endpoints.retrieve", made.id)
    do("webhook_endpoints.update", made.id, {"enabled_events": ["*"], "disabled": True})
    do("webhook_endpoints.list", {"limit": 5})
    do("webhook_endpoints.delete", made.id)
    events = do("events.list", {"types": ["invoice.finalized", "invoice.paid"], "created": {"gte": 1}, "limit": 5})
    do("events.retrieve", events.data[0].id)
    account = do("accounts.retrieve_current")
    do("accounts.retrieve", account.id)
