"""Where an amount is booked: an account and its dimensions, asked of the mappings once, when an invoice is posted.

What follows an invoice (payments, refunds) takes the coding of the posted document, never today's mapping.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from connectors.base import Desk, Json, Mapped
from connectors.errors import Refused, Unmapped
from connectors.sage_intacct.documents import Line

DIMENSIONS = ("location", "department", "class", "item", "project")
ZERO = Decimal(0)


@dataclass(frozen=True)
class Place:
    """What all lines of one invoice share: its day, its entity, and the dimensions of its customer."""

    day: date
    entity: str
    dimensions: Mapping[str, str]


def place_of(desk: Desk, invoice: Json, day: date, entity: str) -> Place:
    row = desk.maybe("customer_dimensions", *_customer_values(desk, invoice), on=day, at="lines.dimensions")
    return Place(day, entity, row.facts if row else {})


def entity_of(desk: Desk, invoice: Json, day: date) -> str:
    """Empty for a company with one entity. A value without a row blocks; no entity is ever assumed."""
    key = str(desk.option("entity_key") or "")
    if not key:
        return _sole_entity(desk, invoice, day)
    value = _from_metadata(invoice, key)
    if not value:
        raise Unmapped("entity", [f"{key} of {invoice['id']}"], field="entity")
    return desk.map("entity", value, on=day, at="entity").value


def _sole_entity(desk: Desk, invoice: Json, day: date) -> str:
    # A row for `*` is the single-entity constant.
    row = desk.maybe("entity", customer_id(invoice), on=day, at="entity")
    if row is None and desk.target.facts.get("multi_entity"):
        raise Unmapped("entity", [customer_id(invoice)], field="entity")
    return row.value if row else ""


def _from_metadata(invoice: Json, key: str) -> str:
    customer = invoice.get("customer")
    subscription = (invoice.get("parent") or {}).get("subscription_details") or {}
    holders = (invoice, subscription, customer if isinstance(customer, dict) else {})
    return next((str(value) for one in holders if (value := (one.get("metadata") or {}).get(key))), "")


def _customer_values(desk: Desk, invoice: Json) -> list[str]:
    address = invoice.get("customer_address") or {}
    country, state = address.get("country") or "", address.get("state") or ""
    segment = _from_metadata({**invoice, "metadata": {}, "parent": {}}, str(desk.option("segment_key")))
    return [customer_id(invoice), segment, f"{country}/{state}" if state else "", country]


def customer_id(invoice: Json) -> str:
    customer = invoice.get("customer")
    return str((customer.get("id") if isinstance(customer, dict) else customer) or "")


# --- lines ------------------------------------------------------------------------------------------------------------


def coded(desk: Desk, row: Mapped, place: Place, at: str) -> Line:
    """A line without amount and text. The row's own dimensions go before those of the customer."""
    of = {name: row.facts.get(name) or place.dimensions.get(name, "") for name in DIMENSIONS}
    line = Line(
        amount=ZERO,
        account=row.value,
        location=of["location"] or place.entity,
        department=of["department"],
        class_=of["class"],
        item=of["item"],
        project=of["project"],
        entity=place.entity,
    )
    _usable(desk, line, at)
    return line


def bare(line: Line) -> Line:
    """The coding of a line: equal for two lines that may be netted."""
    return replace(line, amount=ZERO, memo="", document="")


def _usable(desk: Desk, line: Line, at: str) -> None:
    """What the ledger would refuse is said before anything is sent."""
    account = desk.choice("gl_account", line.account)
    if account is None:
        return
    if not account.active:
        raise _closed(line, at, "is not active", "Activate the account in Sage Intacct, or map another.")
    if account.facts.get("bank"):
        raise _closed(line, at, "belongs to a bank account", "Map an account that is not linked to a bank account.")
    for name in DIMENSIONS:
        if account.facts.get(f"requires_{name}") and not getattr(line, "class_" if name == "class" else name):
            raise Unmapped("customer_dimensions", [f"{name} of account {line.account}"], field=f"{at}.{name}")


def _closed(line: Line, at: str, why: str, cure: str) -> Refused:
    return Refused(
        f"The account {line.account} {why}.",
        cause="settings",
        code="account.control",
        field=f"{at}.account",
        value=line.account,
        cure=cure,
    )
