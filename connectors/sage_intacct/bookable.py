"""What a company of Sage Intacct lets be booked: its currencies, its entities, and what its accounts ask of a line.

For translate functions of any integration: asked of the desk, said before anything is sent. What the company did not
tell is not known here; then the ledger itself refuses.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from connectors.base import Choice, Desk
from connectors.errors import Refused
from connectors.sage_intacct.documents import Line

SMALLEST: Final = Decimal("0.01")
STANDARD: Final = ("location", "department", "class", "item", "project", "customer", "vendor", "employee")
"""Dimensions of a line by the names of their tables of choices."""


# --- currency ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Money:
    """The currency fields of a document; all empty where the company has one currency only."""

    currency: str = ""
    base_currency: str = ""
    rate_type: str = ""


def base_currency(desk: Desk, entity: str) -> str:
    """Of the entity where it has one of its own, else of the company."""
    own = next((str(one.get("currency") or "") for one in entities(desk) if entity and one.get("id") == entity), "")
    base = own or str(desk.target.facts.get("base_currency") or "")
    if not base:
        raise Refused(
            "The base currency of the Sage Intacct company is not known yet.",
            cause="settings",
            code="currency.base_unknown",
            field="currency",
            cure="Press Ping on the connection to Sage Intacct; it reads the company's set-up.",
        )
    return base.upper()


def in_the_books(desk: Desk, code: str, entity: str, field: str = "currency") -> str:
    """The base currency, if the books have this one too. Raises Refused with code `currency.not_enabled`."""
    base, upper = base_currency(desk, entity), code.upper()
    known = desk.target.facts.get("currencies") or ()  # empty: not told, then the ledger itself refuses what it lacks
    if upper != base and (not desk.target.facts.get("multi_currency") or (known and upper not in known)):
        raise Refused(
            f"The Sage Intacct company does not have the currency {upper}; its books are in {base}.",
            cause="settings",
            code="currency.not_enabled",
            field=field,
            value=upper,
            cure=f"Enable {upper} in Sage Intacct and press Ping, or book this document by hand; nothing is converted.",
        )
    return base


def money(desk: Desk, code: str, entity: str, rate_type: str = "") -> Money:
    """Raises Refused with code `currency.not_enabled`."""
    base = in_the_books(desk, code, entity)
    return Money(code.upper(), base, rate_type) if desk.target.facts.get("multi_currency") else Money()


# --- entities ---------------------------------------------------------------------------------------------------------


def entities(desk: Desk) -> list[Mapping[str, Any]]:
    return list(desk.target.facts.get("entities") or ())


def is_entity(desk: Desk, name: str) -> bool:
    return any(one.get("id") == name for one in entities(desk))


def several_entities(desk: Desk) -> bool:
    return bool(desk.target.facts.get("multi_entity"))


def entity_above(desk: Desk, location: str) -> str:
    """The entity that a location lies in; empty where the company did not say."""
    known, seen = {one.get("id") for one in entities(desk)}, set[str]()
    while location and location not in seen and location not in known:
        seen.add(location)
        above = desk.choice("location", location)
        location = str(above.facts.get("parent") or "") if above else ""
    return location if location in known else ""


def session_of(desk: Desk, party: tuple[str, str], lines: Iterable[Line]) -> str:
    """The entity to which something of the document belongs alone: such a thing cannot be used from the top of the
    company. Empty: the top. `party`: table and id of the customer or vendor."""
    for line in lines:
        for table, value in (party, *dimensions(line)):
            choice = desk.choice(table, value)
            owner = str(choice.facts.get("entity") or "") if choice else ""
            if owner:
                return owner
    return ""


# --- lines ------------------------------------------------------------------------------------------------------------


def dimensions(line: Line) -> Iterator[tuple[str, str]]:
    """Table of choices and value of each dimension that the line has."""
    for name in STANDARD:
        value = getattr(line, "class_" if name == "class" else name)
        if value:
            yield name, value
    yield from line.dimensions


@dataclass(frozen=True)
class Lack:
    """Why the ledger would not take a line. `code` as in docs/accounting.md 10."""

    code: str
    dimension: str
    value: str
    said: str
    cure: str


def lacks(desk: Desk, line: Line) -> Iterator[Lack]:
    """All that stands against the line."""
    account = desk.choice("gl_account", line.account)
    if account is not None:
        yield from _of_account(line, account)
    for name, value in dimensions(line):
        choice = desk.choice(name, value)
        if choice is not None and not choice.active:
            said = f"The {name} {value} is not active in Sage Intacct."
            yield Lack("dimension.inactive", name, value, said, f"Activate the {name} there, or map another.")
    above = entity_above(desk, line.location) if line.entity and line.location else ""
    if above and above != line.entity:
        said = f"The location {line.location} lies in {above}, the line in {line.entity}."
        yield Lack("dimension.entity", "location", line.location, said, f"Use one of {line.entity}.")


def _of_account(line: Line, account: Choice) -> Iterator[Lack]:
    if not account.active:
        said = f"The account {line.account} is not active in Sage Intacct."
        yield Lack("account.control", "gl_account", line.account, said, "Activate it there, or map another.")
    if account.facts.get("bank"):
        said = f"The account {line.account} belongs to a bank account."
        yield Lack("account.control", "gl_account", line.account, said, "Use an account that no bank account has.")
    there = {name for name, _ in dimensions(line)}
    for name, on in account.facts.items():
        needed = name.removeprefix("requires_")
        if on and needed != name and needed not in there:
            said = f"The account {line.account} requires the dimension {needed}."
            yield Lack("dimension.required", needed, line.account, said, f"Give the {needed}, or map one.")


# --- terms ------------------------------------------------------------------------------------------------------------

FROM_THE_BILL: Final = ("from invoice/bill date", "from invoice date", "from bill date")
"""How Sage Intacct says that days are counted from the document."""


def due_day(desk: Desk, term: str, day: date) -> date:
    """When a bill of that day is due by an AP term: a bill is sent with its due date. Terms that count otherwise than
    in days from the bill, and terms that do not tell how they count, are not reckoned here."""
    choice = desk.choice("ap_term", term)
    facts = choice.facts if choice else {}
    days, counted = str(facts.get("due_days") or "0"), str(facts.get("due_from") or "").strip().lower()
    if choice and days.isdigit() and counted in FROM_THE_BILL:
        desk.because("due", f"{days} days {counted}, by the term {term}")
        return day + timedelta(days=int(days))
    raise Refused(
        f"The term {term} does not tell when a bill of {day} is due.",
        cause="settings",
        code="term.due_day",
        field="due",
        value=term,
        cure="Give the due date at the source, or map a term that counts days from the date of the bill.",
    )
