"""What Sage Intacct offers to a mapping: accounts, dimensions, customers, banks, terms. Sheet 5.14."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from connectors.base import Choice
from connectors.sage_intacct.answers import Row
from connectors.sage_intacct.query import Query


class Reader(Protocol):
    def rows(self, queries: Sequence[Query], entity: str = "") -> list[list[Row]]: ...


@dataclass(frozen=True)
class Offer:
    """`facts` maps names of ours to fields of the object."""

    object: str
    value: str
    label: str
    facts: Mapping[str, str]
    optional: frozenset[str] = frozenset()
    """Facts that not every company has."""
    status: bool = True

    def query(self) -> Query:
        fields = ["RECORDNO", self.value, self.label, *(["STATUS"] if self.status else [])]
        fields += [field for name, field in self.facts.items() if name not in self.optional]
        optional = tuple(field for name, field in self.facts.items() if name in self.optional)
        return Query(self.object, tuple(dict.fromkeys(fields)), optional)


# A journal or document line is refused that lacks a dimension which its account requires.
REQUIRED: Final = {
    "department": "REQUIREDEPT",
    "location": "REQUIRELOC",
    "project": "REQUIREPROJECT",
    "customer": "REQUIRECUSTOMER",
    "vendor": "REQUIREVENDOR",
    "employee": "REQUIREEMPLOYEE",
    "item": "REQUIREITEM",
    "class": "REQUIRECLASS",
    "task": "REQUIRETASK",
    "contract": "REQUIRECONTRACT",
    "warehouse": "REQUIREWAREHOUSE",
}

OFFERS: Final[Mapping[str, Offer]] = {
    "gl_account": Offer(
        "GLACCOUNT",
        "ACCOUNTNO",
        "TITLE",
        {"type": "ACCOUNTTYPE", "normal": "NORMALBALANCE"} | {f"requires_{n}": f for n, f in REQUIRED.items()},
        frozenset(f"requires_{name}" for name in REQUIRED),
    ),
    "department": Offer("DEPARTMENT", "DEPARTMENTID", "TITLE", {"parent": "PARENTID"}),
    "location": Offer(
        "LOCATION", "LOCATIONID", "NAME", {"parent": "PARENTID", "currency": "CURRENCY"}, frozenset(("currency",))
    ),
    "entity": Offer(
        "LOCATIONENTITY",
        "LOCATIONID",
        "NAME",
        {"currency": "CURRENCY", "starts": "STARTDATE", "ends": "ENDDATE"},
        frozenset(("currency", "starts", "ends")),
    ),
    "class": Offer("CLASS", "CLASSID", "NAME", {"parent": "PARENTID"}),
    "project": Offer("PROJECT", "PROJECTID", "NAME", {"customer": "CUSTOMERID"}),
    "customer": Offer(
        "CUSTOMER", "CUSTOMERID", "NAME", {"hold": "ONHOLD", "currency": "CURRENCY"}, frozenset(("currency",))
    ),
    "item": Offer("ITEM", "ITEMID", "NAME", {"type": "ITEMTYPE"}),
    "bank_account": Offer(
        "CHECKINGACCOUNT",
        "BANKACCOUNTID",
        "BANKNAME",
        {"gl_account": "GLACCOUNTNO", "location": "LOCATIONID", "currency": "CURRENCY"},
        frozenset(("currency",)),
    ),
    "term": Offer("ARTERM", "NAME", "NAME", {}),
}


def offered(reader: Reader, table: str) -> Iterator[Choice]:
    offer = OFFERS[table]
    if table == "gl_account":
        yield from _accounts(reader, offer)
        return
    (rows,) = reader.rows([offer.query()])
    yield from (_choice(offer, row) for row in rows)


def _accounts(reader: Reader, offer: Offer) -> Iterator[Choice]:
    """Accounts know whether they belong to a bank account: such an account is refused on lines of invoices."""
    banks = OFFERS["bank_account"]
    rows, bank_rows = reader.rows([offer.query(), banks.query()])
    bank_of = {row.get("GLACCOUNTNO", ""): row.get("BANKACCOUNTID", "") for row in bank_rows}
    for row in rows:
        choice = _choice(offer, row)
        yield Choice(choice.value, choice.label, choice.active, {**choice.facts, "bank": bank_of.get(choice.value, "")})


def _choice(offer: Offer, row: Row) -> Choice:
    value, label = row.get(offer.value, ""), row.get(offer.label, "")
    facts: dict[str, Any] = {name: _fact(row.get(field, "")) for name, field in offer.facts.items()}
    return Choice(value, f"{value} {label}" if label and label != value else value, _active(row), facts)


def _active(row: Row) -> bool:
    # labels in `query`, letters where the company's release shows codes
    return row.get("STATUS", "").lower() not in ("inactive", "f")


def _fact(text: str) -> str | bool:
    return {"true": True, "false": False}.get(text.lower(), text)
