"""Invoices for people: the list, the form, one invoice with its fate, and the page where a customer pays."""

from collections.abc import Iterable
from html import escape

from standins.stripe.core import Json
from standins.stripe.html import (
    Html,
    button,
    card,
    choice,
    code,
    field,
    head,
    link,
    money,
    small,
    sums,
    table,
    tag,
    when,
)
from standins.stripe.money import decimals, shown
from standins.stripe.shop import Shop

Page = tuple[str, str, str]  # title, place in the navigation, body


def invoices(shop: Shop) -> Page:
    new = '<a class="button main" href="/invoices/new">New invoice</a>'
    return (
        "Invoices",
        "/invoices",
        head("Invoices", "Everything that was asked for, newest first.", new) + card("", listed(shop)),
    )


def listed(shop: Shop, customer: str = "", most: int = 200) -> str:
    rows = [i for i in shop.newest("invoice") if customer in ("", i["customer"])][:most]
    columns = ("Invoice", "Customer", "State", "#Total", "#Paid", "#Open", "Created")
    return table(columns, [_row(i) for i in rows], "No invoices yet.")


def _row(i: Json) -> tuple[object, ...]:
    left = i["amount_remaining"] if i["status"] in ("open", "uncollectible", "paid") else None
    return (
        link(f"/invoices/{i['id']}", i["number"] or "Draft"),
        link(f"/customers/{i['customer']}", i["customer_name"] or i["customer"]),
        tag(i["status"]),
        money(i["total"], i["currency"]),
        money(i["amount_paid"], i["currency"]),
        money(left, i["currency"]),
        when(i["created"]),
    )


def new_invoice(shop: Shop, customer: str | None = None) -> Page:
    people = [(c["id"], c["name"] or c["id"]) for c in shop.newest("customer") if not c.get("deleted")]
    currencies = [(c, c.upper()) for c in ("usd", "eur", "gbp", "jpy", "kwd")]
    whom = (
        choice("Customer", "customer", people, customer or ""),
        choice("Currency", "currency", currencies, shop.knobs.currency),
        field("Due in days", "due", 30, inputmode="numeric"),
    )
    rates = (
        field("Discount %", "discount", "", inputmode="decimal", placeholder="none"),
        field("Sales tax %", "tax", "8.25", inputmode="decimal"),
    )
    ends = (
        "<div class=acts><button class=main name=then value=finalize>Finalize and send</button>"
        "<button name=then value=draft>Save as draft</button></div>"
    )
    cards = card("For", _grid(whom)) + card("Lines", _blank_lines(4)) + card("On all lines", _grid(rates))
    form = f"<form method=post action=/invoices>{cards}{ends}</form>"
    return "New invoice", "/invoices", head("New invoice", "Finalizing fixes the number and the amounts.") + form


def _grid(parts: Iterable[str]) -> str:
    return f"<div class=grid>{''.join(parts)}</div>"


def _blank_lines(count: int) -> str:
    line = (
        "<tr><td><input name=what aria-label=Description placeholder=Description></td>"
        "<td><input name=count inputmode=numeric aria-label=Quantity placeholder=1></td>"
        "<td><input name=price inputmode=decimal aria-label='Unit price' placeholder='0.00'></td></tr>"
    )
    names = "<tr><th>Description</th><th class=few>Quantity</th><th class=few>Unit price</th></tr>"
    table = f"<table class=lines><thead>{names}</thead><tbody>{line * count}</tbody></table>"
    return f"{table}<p class=s>Empty lines are left out.</p>"


def invoice(shop: Shop, id: str) -> Page:
    i = shop.get("invoice", id)
    title = i["number"] or "Draft invoice"
    who = link(f"/customers/{i['customer']}", i["customer_name"] or i["customer"])
    lead = Html(f"{tag(i['status'])} &nbsp;{who} · {code(id)}")
    body = (
        head(title, lead, _steps(i))
        + card("Lines", _lines(shop, i))
        + card("Payments", _payments(shop, i))
        + card("Credit notes", _notes(shop, i))
        + card("What happened", _told(shop, i))
    )
    return title, "/invoices", body


def _steps(i: Json) -> str:
    place = f"/invoices/{i['id']}"
    if i["status"] == "draft":
        return button("Finalize and send", f"{place}/finalize", main=True)
    if i["status"] == "open":
        pay = f'<a class="button main" href="/pay/{i["id"]}">Payment page</a>'
        return pay + button("Void", f"{place}/void") + button("Mark uncollectible", f"{place}/mark_uncollectible")
    if i["status"] == "uncollectible":
        return f'<a class="button main" href="/pay/{i["id"]}">Payment page</a>' + button("Void", f"{place}/void")
    return ""


def _lines(shop: Shop, i: Json) -> str:
    lines = [shop.get("line_item", x) for x in shop.secret(i["id"])["lines"]]
    rows = [
        (
            x["description"],
            x["quantity_decimal"],
            money(x["amount"], i["currency"]),
            money(-sum(d["amount"] for d in x["discount_amounts"]), i["currency"]) if x["discount_amounts"] else "–",
            money(sum(t["amount"] for t in x["taxes"]), i["currency"]) if x["taxes"] else "–",
        )
        for x in lines
    ]
    return table(("Description", "#Quantity", "#Amount", "#Discount", "#Tax"), rows, "No lines.") + totals(shop, i)


def _simple_lines(shop: Shop, i: Json) -> str:
    lines = [shop.get("line_item", x) for x in shop.secret(i["id"])["lines"]]
    rows = [(x["description"], money(x["amount"], i["currency"])) for x in lines]
    return table(("Description", "#Amount"), rows, "No lines.") + totals(shop, i)


def totals(shop: Shop, i: Json) -> str:
    c = i["currency"]
    rows = [("Subtotal", shown(i["subtotal"], c))]
    for d in i["total_discount_amounts"]:
        coupon = shop.get("coupon", shop.get("discount", d["discount"])["source"]["coupon"])
        rows.append((coupon["name"] or "Discount", shown(-d["amount"], c)))
    if i["amount_shipping"]:
        rows.append(("Shipping", shown(i["shipping_cost"]["amount_subtotal"], c)))
    for t in i["total_taxes"]:
        rate = shop.get("tax_rate", t["tax_rate_details"]["tax_rate"])
        words = f"{rate['display_name']} {rate['percentage']:g}%{' (included)' if rate['inclusive'] else ''}"
        rows.append((words, shown(t["amount"], c)))
    rows.append(("Total", shown(i["total"], c)))
    if i["amount_paid"] or i["pre_payment_credit_notes_amount"] or i["amount_due"] != i["total"]:
        rows += _after_total(i)
    return sums(rows)


def _after_total(i: Json) -> list[tuple[str, str]]:
    c = i["currency"]
    parts = (
        ("Credit notes", -i["pre_payment_credit_notes_amount"]),
        ("Customer credit", i["amount_due"] + i["pre_payment_credit_notes_amount"] - max(0, i["total"])),
        ("Paid", -i["amount_paid"]),
    )
    return [*((w, shown(n, c)) for w, n in parts if n), ("Open", shown(i["amount_remaining"], c))]


def _payments(shop: Shop, i: Json) -> str:
    rows = []
    for row in (shop.get("invoice_payment", x) for x in shop.secret(i["id"])["payments"]):
        intent = row["payment"].get("payment_intent")
        charge = (
            shop.objects.get("charge", {}).get(shop.get("payment_intent", intent)["latest_charge"]) if intent else None
        )
        if row["status"] == "canceled" or (charge is None and intent):
            continue
        rows.append(
            (
                code(charge["id"] if charge else "outside Stripe"),
                tag(charge["status"] if charge else row["status"]),
                money(row["amount_paid"], i["currency"]),
                money(charge["amount_refunded"] if charge else 0, i["currency"]),
                when(row["status_transitions"]["paid_at"]),
                next_step_form(charge, f"/invoices/{i['id']}") if charge else "",
            )
        )
    return table(("Charge", "State", "#Paid", "#Refunded", "When", "Next"), rows, "No payments yet.")


def next_step_form(charge: Json, back: str) -> Html | str:
    """What can still be done about a charge: a pending debit ends, a paid one is given back."""
    if charge["status"] == "pending":
        ends = (("Money arrived", "yes"), ("Bank refused", "no"))
        return Html(
            "<div class=row>"
            + "".join(button(w, "/debit", charge=charge["id"], ok=v, back=back) for w, v in ends)
            + "</div>"
        )
    left = charge["amount_captured"] - charge["amount_refunded"]
    if charge["status"] != "succeeded" or left <= 0 or charge["disputed"]:
        return small("fully refunded") if charge["refunded"] else ""
    amount = f"{left / 10 ** decimals(charge['currency']):.{decimals(charge['currency'])}f}"
    return Html(
        f'<form method=post action=/refund class=row><input type=hidden name=charge value="{charge["id"]}">'
        f'<input type=hidden name=back value="{escape(back)}">'
        f'<input name=amount value="{amount}" inputmode=decimal aria-label="Amount to refund">'
        "<button>Refund</button></form>"
    )


def _notes(shop: Shop, i: Json) -> str:
    notes = [n for n in shop.newest("credit_note") if n["invoice"] == i["id"]]
    rows = [
        (
            n["number"],
            tag(n["status"]),
            n["type"].replace("_", " "),
            money(n["total"], n["currency"]),
            when(n["created"]),
        )
        for n in notes
    ]
    return table(("Number", "State", "Kind", "#Total", "Created"), rows, "None.")


def _told(shop: Shop, i: Json) -> str:
    mine = {i["id"], *shop.secret(i["id"])["payments"]}
    for row in shop.secret(i["id"])["payments"]:
        intent = shop.get("invoice_payment", row)["payment"].get("payment_intent")
        if intent:
            mine |= {intent, *shop.secret(intent)["charges"]}
            mine |= {r for c in shop.secret(intent)["charges"] for r in shop.secret(c)["refunds"]}
    events = [e for e in shop.newest("event") if shop.secret(e["id"]).get("about") in mine]
    rows = [(link(f"/events/{e['id']}", e["type"]), when(e["created"]), small(e["id"])) for e in events]
    return table(("Event", "When", "Id"), rows, "Nothing yet.")


def hosted(shop: Shop, id: str) -> Page:
    """What the customer of the shop sees."""
    i = shop.get("invoice", id)
    left, c = i["amount_remaining"], i["currency"]
    due = f" · due {when(i['due_date'])}" if i["due_date"] else ""
    top = f"<p class='lead close'>Invoice {escape(i['number'] or '')} from {escape(shop.knobs.name)}</p>"
    amount = f"<div class=big>{shown(left if i['status'] != 'void' else 0, c)}</div>"
    state = f"<p>{tag(i['status'])} <span class=s>for {escape(i['customer_name'] or '')}{due}</span></p>"
    payable = i["status"] in ("open", "uncollectible") and left > 0
    back = f'<p class="s mid"><a href="/invoices/{id}">Back office view</a></p>'
    body = (
        card("", top + amount + state + (_pay_form(i) if payable else ""))
        + card("Details", _simple_lines(shop, i))
        + back
    )
    return f"Pay {i['number'] or 'invoice'}", "pay", f"<div class=narrow>{body}</div>"


def _pay_form(i: Json) -> str:
    places = decimals(i["currency"])
    full = f"{i['amount_remaining'] / 10**places:.{places}f}"
    ways = (
        ("card", "Card ending 4242"),
        ("declined", "Card that will be declined"),
        ("bank", "Bank debit: stays pending"),
    )
    picks = "".join(
        f"<label class=pick><input type=radio name=method value={v}{' checked' if v == 'card' else ''}>{w}</label>"
        for v, w in ways
    )
    amount = field("Amount (change it to pay a part)", "amount", full, inputmode="decimal")
    pay = f"{amount}<div class=picks>{picks}</div><button class='main wide'>Pay</button>"
    return f'<form method=post action="/pay/{i["id"]}">{pay}</form>'
