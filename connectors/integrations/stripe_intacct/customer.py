"""Stripe customer → CUSTOMER. No ledger effect. docs/accounting.md 3.1"""

from collections.abc import Iterable
from datetime import date

from connectors.base import Desk, Json, Skip
from connectors.errors import NotYet
from connectors.integrations.stripe_intacct import texts
from connectors.money import cut, docno
from connectors.sage_intacct.documents import Address, Customer
from connectors.stripe.reading import moment

ID_LENGTH = 20
EMAIL_LENGTH = 100


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
    return Customer(
        control=desk.control,
        id=_id(customer["id"], desk, on),
        name=cut(name, texts.NAME),
        print_as=cut(name, texts.NAME),
        email=_email(customer, desk),
        phone=cut(str(customer.get("phone") or ""), 30),
        address=_address(customer.get("address") or {}),
        currency=str(customer.get("currency") or "").upper() if multi else "",
        comments=f"Stripe {customer['id']}",
    )


def _id(key: str, desk: Desk, on: date) -> str:
    row = desk.maybe("customer", key, on=on, at="id")
    if row:
        return row.value
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


def _email(customer: Json, desk: Desk) -> str:
    email = _single(customer.get("email"))
    if len(email) <= EMAIL_LENGTH:
        return email
    # Half an address would lead to somebody else.
    desk.because("email", f"left out: {len(email)} characters, {EMAIL_LENGTH} fit")
    return ""


def _address(given: Json) -> Address:
    line1, line2, city, state, zip_, country = _cut(
        given, (("line1", 80), ("line2", 80), ("city", 80), ("state", 40), ("postal_code", 30), ("country", 2))
    )
    return Address(line1=line1, line2=line2, city=city, state=state, zip=zip_, country_code=country)


def _cut(given: Json, fields: Iterable[tuple[str, int]]) -> list[str]:
    return [cut(_single(given.get(name)), length) for name, length in fields]
