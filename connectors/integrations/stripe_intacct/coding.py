"""Where an amount is booked: an account and its dimensions, asked of the mappings once, when an invoice is posted.

What follows an invoice (payments, refunds) takes the coding of the posted document, never today's mapping.

A dimension comes from the first of these that says it: the metadata of the line (of its product), the row of its
account, the row of its price or product, the metadata of invoice, subscription or customer, the row of the customer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from connectors.base import Choice, Desk, Json, Mapped
from connectors.errors import Refused, Unmapped
from connectors.sage_intacct.bookable import entities, entity_above
from connectors.sage_intacct.documents import Line

DIMENSIONS = ("location", "department", "class", "item", "project")
USER_DEFINED = "GLDIM"
"""Dimensions that a company made for itself begin so."""
ZERO = Decimal(0)


@dataclass(frozen=True)
class Place:
    """What all lines of one invoice share: its day, its entity, its customer, and the dimensions that he brings; of one
    line also those that are its own."""

    day: date
    entity: str
    dimensions: Mapping[str, str]
    customer: str = ""
    """Key of the Stripe customer, for accounts that require one on the line."""
    own: Mapping[str, str] = field(default_factory=dict)


def place_of(desk: Desk, invoice: Json, day: date, entity: str) -> Place:
    row = desk.maybe("customer_dimensions", *_customer_values(desk, invoice), on=day, at="lines.dimensions")
    by_metadata = _by_metadata(desk, [_metadata(one) for one in _holders(invoice)], day, "lines.dimensions")
    return Place(day, entity, {**_given(row), **by_metadata}, customer_id(invoice))


def place_of_line(desk: Desk, place: Place, line: Json, product: Json, values: Iterable[str], at: str) -> Place:
    """The place with what this line says for itself. `values`: its price, product and category."""
    row = desk.maybe("product_dimensions", *values, on=place.day, at=f"{at}.dimensions")
    own = _by_metadata(desk, [_metadata(line), _metadata(product)], place.day, f"{at}.dimensions")
    return replace(place, dimensions={**place.dimensions, **_given(row)}, own=own)


def _given(row: Mapped | None) -> dict[str, str]:
    return {name: value for name, value in row.facts.items() if value and _is_dimension(name)} if row else {}


def _is_dimension(name: str) -> bool:
    return name in DIMENSIONS or name.startswith(USER_DEFINED)


# --- rules ------------------------------------------------------------------------------------------------------------


def _by_metadata(desk: Desk, metadata: list[Mapping[str, str]], day: date, at: str) -> dict[str, str]:
    """By the keys of the option, in their order; a value without a row blocks. Of several holders the first counts."""
    found: dict[str, str] = {}
    for key in _words(desk.option("dimension_keys")):
        value = next((str(one[key]) for one in metadata if one.get(key)), "")
        if value:
            row = desk.map("metadata_dimensions", f"{key}={value}", on=day, at=at)
            found = {**_given(row), **found}
    return found


def _words(text: object) -> list[str]:
    return [word for part in str(text or "").split(",") if (word := part.strip())]


def _metadata(holder: Json) -> Mapping[str, str]:
    return holder.get("metadata") or {}


def _holders(invoice: Json) -> list[Json]:
    """Who may carry metadata for the whole invoice, the closest first."""
    customer = invoice.get("customer")
    subscription = (invoice.get("parent") or {}).get("subscription_details") or {}
    return [invoice, subscription, customer if isinstance(customer, dict) else {}]


def _customer_values(desk: Desk, invoice: Json) -> list[str]:
    address = invoice.get("customer_address") or {}
    country, state = address.get("country") or "", address.get("state") or ""
    segment = _first(_holders(invoice)[2:], str(desk.option("segment_key")))
    return [customer_id(invoice), segment, f"{country}/{state}" if state else "", country]


def _first(holders: Iterable[Json], key: str) -> str:
    return next((str(value) for one in holders if (value := _metadata(one).get(key))), "")


def customer_id(invoice: Json) -> str:
    customer = invoice.get("customer")
    return str((customer.get("id") if isinstance(customer, dict) else customer) or "")


# --- entities ---------------------------------------------------------------------------------------------------------


def entity_of(desk: Desk, invoice: Json, day: date) -> str:
    """Empty for a company with one entity. A value without a row blocks; no entity is ever assumed."""
    key = str(desk.option("entity_key") or "")
    entity = _keyed_entity(desk, invoice, day, key) if key else _sole_entity(desk, invoice, day)
    for one in entities(desk):
        if one.get("id") == entity and not one.get("active", True):
            raise Refused(
                f"The entity {entity} is not active in Sage Intacct.",
                cause="settings",
                code="entity.inactive",
                field="entity",
                value=entity,
                cure="Activate the entity in Sage Intacct and press Ping, or map another one.",
            )
    return entity


def _keyed_entity(desk: Desk, invoice: Json, day: date, key: str) -> str:
    value = _first(_holders(invoice), key)
    if not value:
        raise Unmapped("entity", [f"{key} of {invoice['id']}"], field="entity")
    return desk.map("entity", value, on=day, at="entity").value


def _sole_entity(desk: Desk, invoice: Json, day: date) -> str:
    # A row for `*` is the single-entity constant.
    row = desk.maybe("entity", customer_id(invoice), on=day, at="entity")
    if row is None and desk.target.facts.get("multi_entity"):
        raise Unmapped("entity", [customer_id(invoice)], field="entity")
    return row.value if row else ""


def within(desk: Desk, location: str, entity: str, what: str, at: str) -> None:
    """Money of one entity is not booked in another. Raises Refused."""
    above = entity_above(desk, location) if entity else ""
    if above and above != entity:
        raise Refused(
            f"{what} lies in {above}, the document in {entity}.",
            cause="settings",
            code="dimension.entity",
            field=at,
            value=location,
            cure=f"Map one of {entity}, or the document to {above}.",
        )


def session_of(desk: Desk, customer: str, lines: Iterable[Line]) -> str:
    """What belongs to one entity alone cannot be used from the top of the company: its documents travel in a session of
    that entity. Empty: the top."""
    for line in lines:
        for table, value in (("customer", customer), *_dimensions(line)):
            owner = _owner(desk.choice(table, value))
            if not owner:
                continue
            if line.entity and owner != line.entity:
                raise Refused(
                    f"The {table} {value} belongs to the entity {owner} alone, the document to {line.entity}.",
                    cause="settings",
                    code="party.entity" if table == "customer" else "dimension.entity",
                    field=table,
                    value=value,
                    cure=f"Map a {table} of {line.entity} or of the whole company, or the document to {owner}.",
                )
            return owner
    return ""


def _owner(choice: Choice | None) -> str:
    return str(choice.facts.get("entity") or "") if choice else ""


# --- lines ------------------------------------------------------------------------------------------------------------


def coded(desk: Desk, row: Mapped, place: Place, at: str) -> Line:
    """A line without amount and text. The row's own dimensions go before those of the customer."""
    of = {**place.dimensions, **_given(row), **place.own}
    line = Line(
        amount=ZERO,
        account=row.value,
        location=of.get("location") or place.entity,
        department=of.get("department", ""),
        class_=of.get("class", ""),
        item=of.get("item", ""),
        project=of.get("project", ""),
        dimensions=tuple(sorted((name, value) for name, value in of.items() if name.startswith(USER_DEFINED))),
        entity=place.entity,
    )
    return _usable(desk, line, place, at)


def bare(line: Line) -> Line:
    """The coding of a line: equal for two lines that may be netted."""
    return replace(line, amount=ZERO, memo="", document="")


def _dimensions(line: Line) -> list[tuple[str, str]]:
    standard = [(name, getattr(line, "class_" if name == "class" else name)) for name in (*DIMENSIONS, "customer")]
    return [(name, value) for name, value in (*standard, *line.dimensions) if value]


def _usable(desk: Desk, line: Line, place: Place, at: str) -> Line:
    """What the ledger would refuse is said before anything is sent. What the target did not tell is not known here."""
    for name, value in _dimensions(line):
        _open(name, desk.choice(name, value), value, at)
    within(desk, line.location, line.entity, f"The location {line.location}", f"{at}.location")
    account = desk.choice("gl_account", line.account)
    if account is None:
        return line
    if not account.active:
        raise _closed(line, at, "is not active", "Activate the account in Sage Intacct, or map another.")
    if account.facts.get("bank"):
        raise _closed(line, at, "belongs to a bank account", "Map an account that is not linked to a bank account.")
    if account.facts.get("requires_customer"):
        line = replace(line, customer=_customer(desk, place, line, at))
    _complete(line, account, at)
    return line


def _customer(desk: Desk, place: Place, line: Line, at: str) -> str:
    if not place.customer:
        raise Unmapped("customer", [f"customer of account {line.account}"], field=f"{at}.customer")
    return str(desk.posted("customer", place.customer).document.id)


def _complete(line: Line, account: Choice, at: str) -> None:
    """Every dimension that the account requires is there."""
    there = {name for name, _ in _dimensions(line)}
    needed = [name.removeprefix("requires_") for name, on in account.facts.items() if on and "requires_" in name]
    for name in sorted(set(needed) - there):
        if not _is_dimension(name):
            raise Refused(
                f"The account {line.account} requires the dimension {name}, which invoices of Stripe do not have.",
                cause="settings",
                code="dimension.unknown",
                field=f"{at}.{name}",
                value=line.account,
                cure=f"Map an account that does not require {name}, or lift the requirement in Sage Intacct.",
            )
        raise Unmapped("customer_dimensions", [f"{name} of account {line.account}"], field=f"{at}.{name}")


def _open(name: str, choice: Choice | None, value: str, at: str) -> None:
    if choice is not None and not choice.active:
        raise Refused(
            f"The {name} {value} is not active in Sage Intacct.",
            cause="settings",
            code="dimension.inactive",
            field=f"{at}.{name}",
            value=value,
            cure=f"Activate the {name} in Sage Intacct, or map another.",
        )


def _closed(line: Line, at: str, why: str, cure: str) -> Refused:
    return Refused(
        f"The account {line.account} {why}.",
        cause="settings",
        code="account.control",
        field=f"{at}.account",
        value=line.account,
        cure=cure,
    )
