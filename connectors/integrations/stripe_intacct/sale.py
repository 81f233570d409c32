"""A charge that pays no invoice → other receipt, or advance of its customer. docs/accounting.md 3.4

Which of the two is asked before go-live: revenue and deposit are different things.
"""

from dataclasses import replace
from datetime import date

from connectors.base import Desk, Json, Skip
from connectors.errors import Refused, Unmapped
from connectors.integrations.stripe_intacct import amount, texts
from connectors.integrations.stripe_intacct.clearing import clearing_of, day_of, gl_account, same_money
from connectors.integrations.stripe_intacct.coding import coded, entity_of, place_of
from connectors.integrations.stripe_intacct.refund import journal_symbol
from connectors.money import cut, docno
from connectors.sage_intacct.documents import Advance, Customer, Journal, Line, OtherReceipt
from connectors.stripe.client import id_of
from connectors.stripe.reading import moment


def translate(payload: Json, desk: Desk) -> OtherReceipt | Advance | Skip:
    charge, rows = payload["charge"], payload["balance_rows"]
    if payload["went_back"]:
        return Skip("the money went back before it was booked", code="payment.went_back")
    if payload["payments"]:
        return Skip("it pays an invoice", code="sale.invoice")
    route = desk.option("invoiceless")
    if not route:
        raise _unchosen(charge["id"])
    about = _about(payload)
    opening = desk.day(moment(int(rows[0]["created"])))
    entity = entity_of(desk, about, opening)
    currency = amount.in_base(desk, rows[0]["currency"], entity)
    moved = sum(int(row["amount"]) for row in rows)
    same_money(rows, currency, moved)
    day = day_of(desk, rows[0], entity)
    for row in rows:
        desk.claim(row["id"], "gross")
    line = replace(_coded(desk, about, charge, day, entity, str(route)), amount=currency.amount(moved))
    return (
        _sale(desk, payload, day, currency, line) if route == "sale" else _advance(desk, payload, day, currency, line)
    )


def returned(payload: Json, desk: Desk) -> Journal:
    """The money of a sale went back: the same accounts the other way round, on the day of its own row."""
    charge, row = payload["charge"], payload["balance_row"]
    first = desk.posted("sale", charge["id"]).document
    if not isinstance(first, OtherReceipt):
        raise Refused(
            "The money of an advance went back.",
            cause="decision",
            code="decision.needed",
            field="charge",
            value=charge["id"],
            cure="Reverse the advance in Sage Intacct on the day of this row.",
        )
    entity = first.lines[0].entity
    currency = amount.in_base(desk, row["currency"], entity)
    same_money([row], currency, int(row["amount"]))
    desk.claim(row["id"], "gross")
    day = day_of(desk, row, entity)
    clearing = clearing_of(desk, currency, entity, day, "lines.clearing")
    back = currency.amount(-int(row["amount"]))
    held = Line(
        account=gl_account(clearing, "lines.clearing"), amount=-back, location=entity, entity=entity, memo="Stripe"
    )
    return Journal(
        control=desk.control,
        number=docno(f"{charge['id']}-fail"),
        journal=journal_symbol(desk),
        day=day,
        title=texts.titled("sale failed", charge["id"]),
        lines=(replace(first.lines[0], amount=back), held),
        draft=desk.option("post_as") == "draft",
    )


def _unchosen(charge: str) -> Refused:
    return Refused(
        "A charge pays no invoice, and it is not decided what such money is.",
        cause="settings",
        code="settings.invoiceless",
        field="invoiceless",
        value=charge,
        cure="Decide in the options of the link: a sale is revenue at once, an advance is owed to the customer.",
    )


def _about(payload: Json) -> Json:
    """The charge in the shape in which coding looks for metadata, customer and address."""
    charge = payload["charge"]
    billing = charge.get("billing_details") or {}
    return {
        "id": charge["id"],
        "metadata": charge.get("metadata") or {},
        "customer": payload["customer"] or id_of(charge.get("customer")),
        "customer_address": billing.get("address"),
    }


def _coded(desk: Desk, about: Json, charge: Json, day: date, entity: str, route: str) -> Line:
    category = str((charge.get("metadata") or {}).get(str(desk.option("category_key"))) or "")
    table = "sale_account" if route == "sale" else "customer_deposits"
    row = desk.map(table, category, "*", on=day, at="lines[1].account")
    line = coded(desk, row, place_of(desk, about, day, entity), "lines[1]")
    return replace(line, memo=cut(str(charge.get("description") or "Stripe sale"), texts.DESCRIPTION))


def _sale(desk: Desk, payload: Json, day: date, currency: amount.Currency, line: Line) -> OtherReceipt:
    charge = payload["charge"]
    block = amount.block(desk, currency, line.entity)
    return OtherReceipt(
        control=desk.control,
        number=docno(charge["id"]),
        payer=cut(_payer(payload), 80),
        day=day,
        account=clearing_of(desk, currency, line.entity, day, "account").bank,
        lines=(line,),
        description=texts.described("sale", charge["id"]),
        currency=block.currency,
        base_currency=block.base_currency,
    )


def _payer(payload: Json) -> str:
    customer = payload["customer"] or {}
    return " ".join(str(customer.get("business_name") or customer.get("name") or "Stripe customer").split())


def _advance(desk: Desk, payload: Json, day: date, currency: amount.Currency, line: Line) -> Advance:
    charge = payload["charge"]
    key = id_of(charge.get("customer"))
    if not key:
        raise Unmapped("customer", [f"charge {charge['id']} without customer"], field="customer")
    customer = desk.posted("customer", key).document
    assert isinstance(customer, Customer)
    block = amount.block(desk, currency, line.entity)
    return Advance(
        control=desk.control,
        number=docno(charge["id"]),
        customer=customer.id,
        day=day,
        account=clearing_of(desk, currency, line.entity, day, "account").bank,
        lines=(line,),
        description=texts.described(charge["id"], texts.party({"customer_name": _payer(payload)})),
        currency=block.currency,
        base_currency=block.base_currency,
        draft=desk.option("post_as") == "draft",
    )
