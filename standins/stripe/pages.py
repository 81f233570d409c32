"""The pages for people: which address shows or does what. What they look like is not its business."""

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from urllib.parse import quote

from standins.serve import Reply, Request, as_page, go
from standins.stripe import invoice_pages, office
from standins.stripe.errors import ApiError
from standins.stripe.html import frame, head
from standins.stripe.money import minor
from standins.stripe.shop import Shop

Form = dict[str, list[str]]


class Pages:
    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.shown: list[tuple[str, Callable[..., tuple[str, str, str]]]] = [
            (r"/", office.overview),
            (r"/invoices", invoice_pages.invoices),
            (r"/invoices/new(?:/(cus_\w+))?", invoice_pages.new_invoice),
            (r"/invoices/(in_\w+)(?:/pdf)?", invoice_pages.invoice),
            (r"/pay/(in_\w+)", invoice_pages.hosted),
            (r"/customers", office.customers),
            (r"/customers/(cus_\w+)", office.customer),
            (r"/payments", office.payments),
            (r"/balance", office.balance),
            (r"/events", office.events),
            (r"/events/(evt_\w+)", office.event),
            (r"/webhooks", office.webhooks),
        ]
        self.done: list[tuple[str, Callable[..., str]]] = [
            (r"/customers", self._create_customer),
            (r"/invoices", self._create_invoice),
            (r"/invoices/(in_\w+)/(finalize|void|mark_uncollectible)", self._invoice_step),
            (r"/pay/(in_\w+)", self._pay),
            (r"/refund", self._refund),
            (r"/debit", self._finish_debit),
            (r"/payout", self._payout),
            (r"/balance/release", self._release),
            (r"/webhooks", self._add_endpoint),
            (r"/webhooks/send", self._send),
        ]

    def __call__(self, request: Request) -> Reply:
        return self._show(request) if request.method in ("GET", "HEAD") else self._act(request)

    def _show(self, request: Request) -> Reply:
        for pattern, page in self.shown:
            if found := re.fullmatch(pattern, request.path):
                try:
                    with self.shop.lock:
                        title, here, body = page(self.shop, *found.groups())
                except ApiError as error:
                    return self._framed(
                        "Not found", "", f"<h1>Not found</h1><p class=lead>{error.message}</p>", request, 404
                    )
                return self._framed(title, here, body, request)
        return self._framed("Not found", "", head("Not found"), request, 404)

    def _framed(self, title: str, here: str, body: str, request: Request, status: int = 200) -> Reply:
        notes = {"note": request.query.get("done", ""), "bad": request.query.get("trouble", "")}
        return as_page(frame(self.shop.knobs.name, title, body, here, office=here != "pay", **notes), status)

    def _act(self, request: Request) -> Reply:
        form: Form = {}
        for name, value in request.form():
            form.setdefault(name, []).append(value.strip())
        back = request.headers.get("referer", "/").split("?")[0] or "/"
        for pattern, act in self.done:
            if found := re.fullmatch(pattern, request.path):
                try:
                    return go(act(form, *found.groups()))
                except ApiError as error:
                    return go(f"{back}?trouble={quote(error.message)}")
                except (InvalidOperation, ValueError, KeyError):
                    return go(f"{back}?trouble={quote('Please check the amounts: plain numbers, such as 150.00.')}")
        return go(f"/?trouble={quote('There is no such action.')}")

    # what the forms do; each gives back where to go

    def _create_customer(self, form: Form) -> str:
        customer = self.shop.create_customer(one(form, "name"), one(form, "email") or None)
        return f"/customers/{customer['id']}?done=Customer+created"

    def _create_invoice(self, form: Form) -> str:
        currency = one(form, "currency") or self.shop.knobs.currency
        lines = [
            {"description": what, "unit_amount": minor(price, currency), "quantity": int(count or 1)}
            for what, count, price in zip(form["what"], form["count"], form["price"], strict=True)
            if what and price
        ]
        if not lines:
            raise ApiError("An invoice needs at least one line with a description and a price.")
        off, tax = one(form, "discount"), one(form, "tax")
        invoice = self.shop.create_invoice(
            one(form, "customer"),
            lines,
            currency=currency,
            due_days=int(one(form, "due") or 30),
            discounts=[{"percent_off": float(off), "name": f"{off}% off"}] if off and Decimal(off) else (),
            tax=[self._tax_rate(tax)] if tax and Decimal(tax) else (),
            finalize=one(form, "then") == "finalize",
        )
        return f"/invoices/{invoice['id']}?done=Invoice+{'finalized' if invoice['number'] else 'saved+as+a+draft'}"

    def _tax_rate(self, percent: str) -> str:
        rates = [r for r in self.shop.all("tax_rate") if r["percentage"] == float(percent) and not r["inclusive"]]
        return str((rates or [self.shop.create_tax_rate("Sales tax", float(percent))])[0]["id"])

    def _invoice_step(self, form: Form, id: str, step: str) -> str:
        getattr(self.shop, step)(id)
        words = {"finalize": "finalized", "void": "voided", "mark_uncollectible": "marked uncollectible"}
        return f"/invoices/{id}?done={quote('Invoice ' + words[step])}"

    def _pay(self, form: Form, id: str) -> str:
        invoice = self.shop.get("invoice", id)
        amount = minor(one(form, "amount"), invoice["currency"])
        how = one(form, "method") or "card"
        if how == "declined":
            self.shop.pay(id, amount, decline="card_declined")
            return f"/pay/{id}?trouble=The+card+was+declined.+Nothing+was+paid."
        self.shop.pay(id, amount, method=how)
        thanks = "Your payment has arrived." if how == "card" else "Your bank is working on it."
        return f"/pay/{id}?done={quote('Thank you. ' + thanks)}"

    def _refund(self, form: Form) -> str:
        charge = self.shop.get("charge", one(form, "charge"))
        amount = one(form, "amount")
        self.shop.refund(charge["id"], minor(amount, charge["currency"]) if amount else None, "requested_by_customer")
        return (one(form, "back") or "/payments") + "?done=Refunded"

    def _finish_debit(self, form: Form) -> str:
        self.shop.finish_debit(one(form, "charge"), ok=one(form, "ok") == "yes")
        return (one(form, "back") or "/payments") + "?done=The+bank+debit+has+ended"

    def _payout(self, form: Form) -> str:
        payout = self.shop.payout(one(form, "currency"), everything=True)
        if payout:
            self.shop.pay_payout(payout["id"])
        return "/balance?done=Paid+out+to+the+bank"

    def _release(self, form: Form) -> str:
        self.shop.release_balance_rows()
        return "/balance?done=Balance+rows+written"

    def _add_endpoint(self, form: Form) -> str:
        self.shop.create_endpoint(one(form, "url"))
        return "/webhooks?done=Endpoint+added"

    def _send(self, form: Form) -> str:
        delivery = self.shop.send_now(one(form, "delivery"))
        return f"/webhooks?done=Sent:+{delivery['attempts'][-1]['status'] or 'no+answer'}"


def one(form: Form, name: str) -> str:
    return form.get(name, [""])[0]
