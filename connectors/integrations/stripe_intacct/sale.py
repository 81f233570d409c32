"""A charge that pays no invoice → other receipt, or advance of its customer. docs/accounting.md 3.4

Which of the two is asked before go-live: revenue and deposit are different things.
"""

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

from connectors.base import Desk, Json, Skip
from connectors.errors import Refused, Unmapped
from connectors.integrations.stripe_intacct import amount, texts
from connectors.integrations.stripe_intacct.clearing import clearing_of, day_of, same_money
from connectors.integrations.stripe_intacct.coding import Place, coded, entity_of, place_of, session_of
from connectors.money import allocate, cut, docno, exact
from connectors.sage_intacct.documents import Advance, Customer, Line, OtherReceipt
from connectors.stripe.client import id_of
from connectors.stripe.reading import moment

PLAIN = re.compile(r"\d{1,15}(\.\d{1,3})?")


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
    currency = amount.held(desk, rows[0]["currency"], entity)
    moved = sum(int(row["amount"]) for row in rows)
    same_money(rows, currency, moved)
    day = day_of(desk, rows[0], entity)
    for row in rows:
        desk.claim(row["id"], "gross")
    place = place_of(desk, about, day, entity)
    line = replace(_coded(desk, charge, place, str(route)), amount=currency.amount(moved))
    if route == "sale":
        return _sale(desk, payload, day, currency, _taxed(desk, charge, line, place, currency))
    return _advance(desk, payload, day, currency, line)


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


def _coded(desk: Desk, charge: Json, place: Place, route: str) -> Line:
    category = str((charge.get("metadata") or {}).get(str(desk.option("category_key"))) or "")
    table = "sale_account" if route == "sale" else "customer_deposits"
    row = desk.map(table, category, "*", on=place.day, at="lines[1].account")
    line = coded(desk, row, place, "lines[1]")
    return replace(line, memo=cut(str(charge.get("description") or "Stripe sale"), texts.DESCRIPTION))


# --- sale -------------------------------------------------------------------------------------------------------------


def _taxed(desk: Desk, charge: Json, line: Line, place: Place, currency: amount.Currency) -> tuple[Line, ...]:
    """The tax on a line of its own, only where the charge says how much of it is tax."""
    key = str(desk.option("sale_tax_key") or "")
    text = str((charge.get("metadata") or {}).get(key) or "") if key else ""
    if not text:
        return (line,)
    tax = _share(_tax(text, charge), charge, line.amount, currency)
    if not tax:
        return (line,)
    address = (charge.get("billing_details") or {}).get("address") or {}
    area = "/".join(str(address.get(name) or "") for name in ("country", "state")) + "/"
    row = desk.map("tax_account", area if area != "//" else "", "*", on=place.day, at="lines[2].account")
    desk.because("lines[2].amount", f"metadata {key} of {charge['id']}: {text}")
    own = replace(coded(desk, row, place, "lines[2]"), amount=tax, memo="Tax")
    return tuple(one for one in (replace(line, amount=line.amount - tax), own) if one.amount)


def _tax(text: str, charge: Json) -> Decimal:
    """In the charge's currency. Raises Refused for what is no amount, and for more than the charge."""
    of = amount.currency_of(charge["currency"])
    whole = of.amount(int(charge["amount_captured"]))
    if PLAIN.fullmatch(text) and (tax := exact(Decimal(text), of.unit)) <= whole:
        return tax
    raise Refused(
        f"{text[:40]!r} is no tax of a charge of {whole} {of.upper}.",
        code="source.inconsistent",
        field="metadata",
        value=text[:40],
        cure="Write the tax into the charge's metadata as 6.10, not above the charge; then retry.",
    )


def _share(tax: Decimal, charge: Json, settled: Decimal, currency: amount.Currency) -> Decimal:
    """Of what was settled, where that is in another currency."""
    whole = amount.currency_of(charge["currency"]).amount(int(charge["amount_captured"]))
    return allocate(settled, [tax, whole - tax], currency.unit)[0]


def _sale(desk: Desk, payload: Json, day: date, currency: amount.Currency, lines: tuple[Line, ...]) -> OtherReceipt:
    charge, entity = payload["charge"], lines[0].entity
    block = amount.block(desk, currency, entity)
    return OtherReceipt(
        control=desk.control,
        number=docno(charge["id"]),
        payer=cut(_payer(payload), 80),
        day=day,
        account=clearing_of(desk, currency, entity, day, "account").bank,
        lines=lines,
        description=texts.described("sale", charge["id"]),
        currency=block.currency,
        base_currency=block.base_currency,
        rate_type=block.rate_type if block.currency != block.base_currency else "",
        entity=session_of(desk, "", lines),
    )


def _payer(payload: Json) -> str:
    customer = payload["customer"] or {}
    return " ".join(str(customer.get("business_name") or customer.get("name") or "Stripe customer").split())


# --- advance ----------------------------------------------------------------------------------------------------------


def _advance(desk: Desk, payload: Json, day: date, currency: amount.Currency, line: Line) -> Advance:
    charge = payload["charge"]
    key = id_of(charge.get("customer"))
    if not key:
        raise Unmapped("customer", [f"charge {charge['id']} without customer"], field="customer")
    if charge["currency"] != currency.code:
        raise _exchanged(charge, currency)
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
        rate_type=block.rate_type if block.currency != block.base_currency else "",
        draft=desk.option("post_as") == "draft",
        entity=session_of(desk, customer.id, [line]),
    )


def _exchanged(charge: Json, currency: amount.Currency) -> Refused:
    """The customer is owed what he paid, in the currency in which he paid it; the books would hold another."""
    return Refused(
        f"Stripe settles the advance {charge['id']} of {charge['currency'].upper()} in {currency.upper}.",
        cause="settings",
        code="currency.third",
        field="currency",
        value=currency.upper,
        cure=f"Let Stripe settle {charge['currency'].upper()} in itself, or book this advance by hand.",
    )
