"""Stripe customer → CUSTOMER. No ledger effect. docs/accounting.md 3.1"""

import re
from datetime import date

from connectors.base import Desk, Json, Skip
from connectors.errors import NotYet
from connectors.integrations.stripe_intacct import texts
from connectors.money import cut, docno
from connectors.sage_intacct.documents import Address, Customer
from connectors.stripe.reading import moment

ID_LENGTH = 20
COUNTRY = re.compile("[A-Z]{2}")


def translate(payload: Json, desk: Desk) -> Customer | Skip:
    customer, invoices = payload["customer"], payload["invoices"]
    if customer.get("deleted"):
        return _deleted(customer, invoices, desk)
    if not invoices and desk.option("customers") == "with_first_document":
        # Not a skip: when the first invoice comes, the source speaks of the customer again, and this goes on.
        raise NotYet(
            f"{customer['id']} has no finalized invoice yet.",
            code="dependency.document",
            flow="stripe_intacct.invoice",
            key=customer["id"],
        )
    return _document(customer, desk, desk.day(moment(customer["created"])))


def _deleted(stub: Json, invoices: list[Json], desk: Desk) -> Customer | Skip:
    """Nothing changes in the ledger; but invoices of one we never saw still need their customer."""
    if not invoices:
        return Skip("deleted in Stripe", code="customer.deleted")
    if _known(desk, stub["id"]):
        return Skip("deleted in Stripe; the ledger keeps its customer", code="customer.deleted")
    last = invoices[0]
    frozen = {name: last.get(f"customer_{name}") for name in ("name", "email", "phone", "address")}
    desk.because("name", f"customer deleted in Stripe; as frozen on {last['id']}")
    return _document({**frozen, "id": stub["id"]}, desk, desk.day(moment(last["created"])))


def _known(desk: Desk, key: str) -> bool:
    try:
        desk.posted("customer", key)
    except NotYet:
        return False
    return True


def _document(customer: Json, desk: Desk, on: date) -> Customer:
    name = _name(customer, desk)
    multi = bool(desk.target.facts.get("multi_currency"))
    row = desk.maybe("customer", customer["id"], on=on, at="id")
    known = desk.choice("customer", row.value) if row else None
    return Customer(
        control=desk.control,
        id=row.value if row else _own_id(customer["id"], desk),
        name=cut(name, texts.NAME),
        print_as=cut(name, texts.NAME),
        email=_whole(customer, "email", 100, desk),
        phone=_whole(customer, "phone", 30, desk),
        address=_address(customer.get("address") or {}),
        currency=str(customer.get("currency") or "").upper() if multi else "",
        comments=f"Stripe {customer['id']}",
        linked=row is not None,
        entity=str(known.facts.get("entity") or "") if known else "",
    )


def _own_id(key: str, desk: Desk) -> str:
    desk.because("id", f"Stripe {key}")
    return docno(key, ID_LENGTH)


def _name(customer: Json, desk: Desk) -> str:
    for field in ("business_name", "name", "individual_name", "id"):
        if found := _single(customer.get(field)):
            desk.because("name", f"Stripe {field}")
            return found
    raise AssertionError("a customer has an id")


def _single(value: object) -> str:
    return " ".join(str(value or "").split())


def _whole(customer: Json, field: str, length: int, desk: Desk) -> str:
    """All of it or nothing: half an address or number would lead to somebody else."""
    text = _single(customer.get(field))
    if len(text) <= length:
        return text
    desk.because(field, f"left out: {len(text)} characters, {length} fit")
    return ""


def _address(given: Json) -> Address:
    country = _single(given.get("country"))
    coded = bool(COUNTRY.fullmatch(country))  # older sources hold names
    return Address(
        line1=cut(_single(given.get("line1")), 80),
        line2=cut(_single(given.get("line2")), 80),
        city=cut(_single(given.get("city")), 80),
        state=cut(_single(given.get("state")), 40),
        zip=cut(_single(given.get("postal_code")), 30),
        country="" if coded else cut(country, 60),
        country_code=country if coded else "",
    )
