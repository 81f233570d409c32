"""The other pages of the back office: overview, customers, payments, balance, events, webhooks."""

import json
from html import escape

from standins.stripe.core import Json
from standins.stripe.html import (
    Html,
    button,
    card,
    code,
    field,
    head,
    link,
    money,
    over,
    small,
    table,
    tag,
    text,
    tile,
    when,
)
from standins.stripe.invoice_pages import Page, listed, next_step_form
from standins.stripe.shop import Shop

_NEW_CUSTOMER = (
    f"<form method=post action=/customers><div class=grid>{field('Name', 'name', required='')}"
    f"{field('E-mail', 'email', type='email')}</div><p class=under><button>Add customer</button></p></form>"
)


def overview(shop: Shop) -> Page:
    new = '<a class="button main" href="/invoices/new">New invoice</a>'
    lead = (
        "A practice shop. Invoices made here, and their payments, behave as they would at Stripe; no real money moves."
    )
    body = head(shop.knobs.name, lead, new) + f"<div class=tiles>{''.join(_tiles(shop))}</div>"
    body += card("Invoices", listed(shop, most=12)) + card("Customers", _customer_list(shop, 8))
    return "Overview", "/", body


def _tiles(shop: Shop) -> list[str]:
    held = shop.balance()
    open_now = [i for i in shop.all("invoice") if i["status"] == "open"]
    tiles = [tile("Open invoices", str(len(open_now)), "/invoices")]
    tiles += [tile("Available balance", money(b["amount"], b["currency"]), "/balance") for b in held["available"]]
    tiles += [tile("On its way", money(b["amount"], b["currency"]), "/balance") for b in held["pending"]]
    return tiles


def customers(shop: Shop) -> Page:
    body = (
        head("Customers", "Who the shop sells to.")
        + card("", _customer_list(shop))
        + card("New customer", _NEW_CUSTOMER)
    )
    return "Customers", "/customers", body


def _customer_list(shop: Shop, most: int = 500) -> str:
    people = [c for c in shop.newest("customer") if not c.get("deleted")][:most]
    rows = [
        (
            link(f"/customers/{c['id']}", c["name"] or c["id"]),
            c["email"],
            _credit(c),
            link(f"/invoices/new/{c['id']}", "Invoice"),
        )
        for c in people
    ]
    return table(("Name", "E-mail", "#Credit", ""), rows, "No customers yet.")


def _credit(c: Json) -> str:
    return money(-c["balance"], c["currency"]) if c["balance"] else "–"


def customer(shop: Shop, id: str) -> Page:
    c = shop.get("customer", id)
    if c.get("deleted"):
        return "Deleted customer", "/customers", head("Deleted customer", code(id)) + card("Invoices", listed(shop, id))
    new = f'<a class="button main" href="/invoices/new/{id}">New invoice</a>'
    address = ", ".join(str(v) for v in (c["address"] or {}).values() if v)
    lead = Html(" · ".join(text(v) for v in (c["email"], c["phone"], address, code(id)) if v))
    rows = [r for r in shop.newest("customer_balance_transaction") if r["customer"] == id]
    history = [
        (
            r["type"].replace("_", " "),
            money(r["amount"], r["currency"]),
            money(r["ending_balance"], r["currency"]),
            when(r["created"]),
        )
        for r in rows
    ]
    body = head(c["name"] or id, lead, new) + card("Invoices", listed(shop, id))
    return (
        c["name"] or id,
        "/customers",
        body + card("Credit balance", table(("Why", "#Amount", "#After", "When"), history, "Never used.")),
    )


def payments(shop: Shop) -> Page:
    rows = [
        (
            over(c["billing_details"]["name"] or "–", c["id"]),
            tag(c["status"]),
            money(c["amount"], c["currency"]),
            money(c["amount_refunded"], c["currency"]) if c["amount_refunded"] else "–",
            over(when(c["created"]), c["balance_transaction"] or "no balance row yet"),
            next_step_form(c, "/payments"),
        )
        for c in shop.newest("charge")[:200]
    ]
    columns = ("Charge", "State", "#Amount", "#Refunded", "When", "Next")
    refunds = [
        (over(r["id"], r["charge"]), tag(r["status"]), money(r["amount"], r["currency"]), when(r["created"]))
        for r in shop.newest("refund")[:100]
    ]
    body = head("Payments", "Every charge, and what went back.") + card(
        "Charges", table(columns, rows, "No payments yet.")
    )
    return (
        "Payments",
        "/payments",
        body + card("Refunds", table(("Refund", "State", "#Amount", "When"), refunds, "None.")),
    )


def balance(shop: Shop) -> Page:
    held = shop.balance()
    waiting = any(c["captured"] and c["paid"] and not c["balance_transaction"] for c in shop.all("charge"))
    actions = button("Write waiting rows", "/balance/release") if waiting else ""
    actions += "".join(
        button(f"Pay out {b['currency'].upper()}", "/payout", main=True, currency=b["currency"])
        for b in held["available"]
    )
    rows = [
        (
            over(r["reporting_category"].replace("_", " ").capitalize(), r["source"]),
            tag(r["status"]),
            money(r["amount"], r["currency"]),
            money(r["fee"], r["currency"]) if r["fee"] else "–",
            money(r["net"], r["currency"]),
            over(when(r["created"]), r["id"]),
        )
        for r in shop.newest("balance_transaction")[:300]
    ]
    columns = ("What", "State", "#Gross", "#Fee", "#Net", "When")
    payouts = [
        (
            code(p["id"]),
            tag(p["status"]),
            money(p["amount"], p["currency"]),
            "automatic" if p["automatic"] else "by hand",
            when(p["arrival_date"]),
        )
        for p in shop.newest("payout")
    ]
    body = (
        head("Balance", "One row for every cent that moves.", actions)
        + f"<div class=tiles>{''.join(_tiles(shop)[1:])}</div>"
    )
    body += card("Rows", table(columns, rows)) + card(
        "Payouts", table(("Payout", "State", "#Amount", "How", "Arrives"), payouts)
    )
    return "Balance", "/balance", body


def events(shop: Shop) -> Page:
    rows = [
        (
            link(f"/events/{e['id']}", e["type"]),
            small(shop.secret(e["id"]).get("about")),
            when(e["created"]),
            e["pending_webhooks"] or "–",
        )
        for e in shop.newest("event")[:300]
    ]
    body = head("Events", "What happened, newest first.")
    return "Events", "/events", body + card("", table(("Event", "About", "When", "#Waiting"), rows))


def event(shop: Shop, id: str) -> Page:
    e = shop.get("event", id)
    sent = [d for d in shop.deliveries() if d["event"] == id]
    body = head(e["type"], code(id)) + card("Deliveries", _deliveries(sent))
    return e["type"], "/events", body + card("Body", f"<pre>{escape(json.dumps(shop.event_body(e), indent=2))}</pre>")


def webhooks(shop: Shop) -> Page:
    rows = [
        (
            e["url"],
            tag(e["status"]),
            e["api_version"] or small("account's version"),
            code(shop.secret(e["id"])["secrets"][0]),
        )
        for e in shop.newest("webhook_endpoint")
    ]
    add = f"<form method=post action=/webhooks><div class=grid>{field('Address', 'url', type='url', required='')}</div>"
    body = head("Webhooks", "Who is told, and what they answered.")
    body += card("Endpoints", table(("Address", "State", "Version", "Signing secret"), rows, "No one listens yet."))
    body += card("New endpoint", f"{add}<p class=under><button>Add endpoint</button></p></form>")
    return "Webhooks", "/webhooks", body + card("Deliveries", _deliveries(list(reversed(shop.deliveries()))[:200]))


def _deliveries(deliveries: list[Json]) -> str:
    rows = [
        (
            link(f"/events/{d['event']}", d["type"]),
            tag(d["state"]),
            len(d["attempts"]),
            _answer(d),
            when(d["created"]),
            button("Send again", "/webhooks/send", delivery=d["id"]),
        )
        for d in deliveries
    ]
    return table(("Event", "State", "#Tries", "Last answer", "When", ""), rows, "Nothing was sent yet.")


def _answer(delivery: Json) -> Html | str:
    if not delivery["attempts"]:
        return "–"
    last = delivery["attempts"][-1]
    return Html(f"{last['status'] or 'no answer'} {small(last['answer'][:80])}")
