"""Credit or debt that someone gave a customer by hand in Stripe → AR memo; the account must be named, for someone must
say why. docs/accounting.md 3.8
"""

from dataclasses import replace

from connectors.base import Desk, Json
from connectors.integrations.stripe_intacct import amount, texts
from connectors.integrations.stripe_intacct.coding import coded, entity_of, place_of, session_of
from connectors.money import docno
from connectors.sage_intacct.documents import Adjustment, Customer
from connectors.stripe.reading import moment


def translate(payload: Json, desk: Desk) -> Adjustment:
    row, key = payload["row"], payload["customer"]
    customer = desk.posted("customer", key).document
    assert isinstance(customer, Customer)
    about = {"id": row["id"], "metadata": row.get("metadata") or {}, "customer": payload.get("owner") or key}
    opening = desk.day(moment(int(row["created"])))
    entity = entity_of(desk, about, opening)
    currency = amount.held(desk, row["currency"], entity)
    day = desk.day(moment(int(row["created"])), entity)
    desk.because("day", f"created of {row['id']}")
    asked = desk.map("balance_adjustment", row["type"], "*", on=day, at="lines[1].account")
    line = coded(desk, asked, place_of(desk, about, day, entity), "lines[1]")
    block = amount.block(desk, currency, entity)
    return Adjustment(
        control=desk.control,
        number=docno(row["id"]),
        customer=customer.id,
        day=day,
        # Stripe: below zero is credit of the customer; so are the lines of a credit memo
        lines=(replace(line, amount=currency.amount(int(row["amount"])), memo=texts.described(row["type"])),),
        description=texts.described(row["type"], row["id"], str(row.get("description") or "")),
        external=row["id"],
        currency=block.currency,
        base_currency=block.base_currency,
        rate_type=block.rate_type,
        summary=str(desk.option("ar_summary") or ""),
        draft=desk.option("post_as") == "draft",
        entity=session_of(desk, customer.id, [line]),
    )
