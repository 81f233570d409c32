"""What Sage Intacct offers to a mapping: accounts, dimensions, customers, vendors, banks, terms. Sheet 5.14."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from connectors.base import Choice
from connectors.errors import Denied, Refused
from connectors.sage_intacct import said
from connectors.sage_intacct.answers import Result, Row
from connectors.sage_intacct.markup import Node
from connectors.sage_intacct.query import Query


class Reader(Protocol):
    def rows(self, queries: Sequence[Query], entity: str = "") -> list[list[Row]]: ...
    def call(self, nodes: Sequence[Node], entity: str = "") -> list[Result]: ...


@dataclass(frozen=True)
class Offer:
    """`facts` maps names of ours to fields of the object."""

    object: str
    value: str
    label: str
    facts: Mapping[str, str]
    optional: frozenset[str] = frozenset()
    """Facts that not every company has, and the label where it is not a field of the object itself."""
    status: bool = True

    def query(self) -> Query:
        fields = ["RECORDNO", self.value, *(["STATUS"] if self.status else [])]
        fields += [self.label] if "label" not in self.optional else []
        fields += [field for name, field in self.facts.items() if name not in self.optional]
        optional = tuple(field for name, field in self.facts.items() if name in self.optional)
        optional += (self.label,) if "label" in self.optional else ()
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

USER_DEFINED: Final = "user_dimension"
"""The table of the dimensions that a company made for itself; each is a table of its own, under its name on a line."""
PREFIX: Final = "GLDIM"
MOST_VALUES: Final = 1000
"""Values of one user-defined dimension that are read; of one with more, any value is taken as it is typed."""

_OWNED: Final = {"entity": "MEGAENTITYID"}
"""The entity that something belongs to; what belongs to one cannot be used from the top of the company."""
_OWNED_FIELD: Final = frozenset(_OWNED)

OFFERS: Final[Mapping[str, Offer]] = {
    "gl_account": Offer(
        "GLACCOUNT",
        "ACCOUNTNO",
        "TITLE",
        {"type": "ACCOUNTTYPE", "normal": "NORMALBALANCE"} | {f"requires_{n}": f for n, f in REQUIRED.items()},
        frozenset(f"requires_{name}" for name in REQUIRED),
    ),
    "department": Offer("DEPARTMENT", "DEPARTMENTID", "TITLE", {"parent": "PARENTID"} | _OWNED, _OWNED_FIELD),
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
    "class": Offer("CLASS", "CLASSID", "NAME", {"parent": "PARENTID"} | _OWNED, _OWNED_FIELD),
    "project": Offer("PROJECT", "PROJECTID", "NAME", {"customer": "CUSTOMERID"} | _OWNED, _OWNED_FIELD),
    "customer": Offer(
        "CUSTOMER",
        "CUSTOMERID",
        "NAME",
        {"name": "NAME", "email": "DISPLAYCONTACT.EMAIL1", "hold": "ONHOLD", "currency": "CURRENCY"} | _OWNED,
        frozenset(("currency", "email")) | _OWNED_FIELD,
    ),
    "vendor": Offer(
        "VENDOR",
        "VENDORID",
        "NAME",
        {
            "name": "NAME",
            "email": "DISPLAYCONTACT.EMAIL1",
            "hold": "ONHOLD",
            "payment_blocked": "DONOTCUTCHECK",
            "currency": "CURRENCY",
            "term": "TERMNAME",
        }
        | _OWNED,
        frozenset(("email", "hold", "payment_blocked", "currency", "term")) | _OWNED_FIELD,
    ),
    "item": Offer(
        "ITEM",
        "ITEMID",
        "NAME",
        # its unit, or the group of its units
        {"type": "ITEMTYPE", "unit": "UOMGRP"} | _OWNED,
        frozenset(("unit",)) | _OWNED_FIELD,
    ),
    "employee": Offer("EMPLOYEE", "EMPLOYEEID", "PERSONALINFO.PRINTAS", _OWNED, frozenset(("label",)) | _OWNED_FIELD),
    "warehouse": Offer("WAREHOUSE", "WAREHOUSEID", "NAME", _OWNED, _OWNED_FIELD),
    "ap_label": Offer("APACCOUNTLABEL", "ACCOUNTLABEL", "DESCRIPTION", {"account": "GLACCOUNTNO"}),
    "po_definition": Offer(
        "PODOCUMENTPARAMS",
        "DOCID",
        "DOCID",
        {"class": "DOCCLASS", "posts": "UPDATES_GL", "posts_to_ledger": "POSTTOGL"},
        frozenset(("posts", "posts_to_ledger")),
    ),
    "bank_account": Offer(
        "CHECKINGACCOUNT",
        "BANKACCOUNTID",
        "BANKNAME",
        {"gl_account": "GLACCOUNTNO", "location": "LOCATIONID", "currency": "CURRENCY"},
        frozenset(("currency",)),
    ),
    "term": Offer("ARTERM", "NAME", "NAME", {}),
    "ap_term": Offer(
        "APTERM",
        "NAME",
        "NAME",
        {"due_days": "DUEDATE", "due_from": "DUEFROM", "discount_days": "DISCDATE", "discount": "DISCAMOUNT"},
        frozenset(("due_days", "due_from", "discount_days", "discount")),
    ),
}


def offered(reader: Reader, table: str) -> Iterator[Choice]:
    """Of a table of `OFFERS`, of the user-defined dimensions, or of one of these.

    A table that the user may not read, or that the company lacks, is refused alone: a company without purchasing has a
    good connection all the same.
    """
    try:
        yield from _offered(reader, table)
    except Denied as error:
        if error.code not in (said.RIGHTS.code, "intacct.fields"):
            raise
        raise Refused(error.said, cause="settings", code="choices.denied", field=table, cure=error.cure) from error


def _offered(reader: Reader, table: str) -> Iterator[Choice]:
    if table == USER_DEFINED:
        yield from _user_defined(reader)
    elif table.startswith(PREFIX):
        yield from _values(reader, table)
    elif table == "gl_account":
        yield from _accounts(reader)
    elif table == "po_definition":
        yield from _definitions(reader)
    else:
        (rows,) = reader.rows([OFFERS[table].query()])
        yield from (_choice(OFFERS[table], row) for row in rows)


def _accounts(reader: Reader) -> Iterator[Choice]:
    """Accounts know whether they belong to a bank account (such an account is refused on lines of invoices), and which
    dimensions they require, those that the company made for itself too."""
    required = {f"requires_{one.value}": f"REQUIRE{one.value}" for one in _user_defined(reader)}
    accounts = OFFERS["gl_account"]
    offer = replace(accounts, facts={**accounts.facts, **required}, optional=accounts.optional | frozenset(required))
    banks = OFFERS["bank_account"]
    rows, bank_rows = reader.rows([offer.query(), banks.query()])
    bank_of = {row.get("GLACCOUNTNO", ""): row.get("BANKACCOUNTID", "") for row in bank_rows}
    for row in rows:
        choice = _choice(offer, row)
        yield Choice(choice.value, choice.label, choice.active, {**choice.facts, "bank": bank_of.get(choice.value, "")})


def _definitions(reader: Reader) -> Iterator[Choice]:
    """Transaction definitions of purchasing. Their fact `posts`: no, not told, or where to."""
    offer = OFFERS["po_definition"]
    (rows,) = reader.rows([offer.query()])
    for row in rows:
        choice = _choice(offer, row)
        yield Choice(choice.value, choice.label, choice.active, {"class": row.get("DOCCLASS", ""), "posts": posts(row)})


def posts(row: Row) -> str:
    """What a transaction definition says about posting. Both fields are inferred from a sample that makes one."""
    told = [row[name].strip() for name in ("UPDATES_GL", "POSTTOGL") if name in row]
    posting = [text for text in told if text.lower() not in ("", "n", "no", "none", "false", "f", "0")]
    return ", ".join(posting) if posting else "no" if told else "not told"


# --- dimensions that a company made for itself ------------------------------------------------------------------------


def _user_defined(reader: Reader) -> list[Choice]:
    """None where the user may not ask. https://developer.intacct.com/api/company-console/dimensions/"""
    (result,) = reader.call([("getDimensions", "")])
    own = [row for row in result.rows if row.get("USERDEFINEDDIMENSION", "").lower() in ("true", "t", "y", "yes")]
    names = [(row.get("OBJECTNAME", ""), row.get("TERMLABEL") or row.get("OBJECTLABEL", "")) for row in own]
    return [
        Choice(PREFIX + name.upper().removeprefix(PREFIX), label or name, facts={"choices": True, "object": name})
        for name, label in names
        if name
    ]


def _values(reader: Reader, table: str) -> Iterator[Choice]:
    """Of one such dimension: its lines name a value by record id."""
    name = next((str(one.facts["object"]) for one in _user_defined(reader) if one.value == table), "")
    if not name:
        return
    asked: list[Node] = [("object", name), ("fields", "*"), ("query", ""), ("pagesize", str(MOST_VALUES))]
    (result,) = reader.call([("readByQuery", asked)])
    if result.status != "success":
        raise said.of_read(result.errors)
    if result.remaining:
        return
    for row in result.rows:
        value, label = row.get("ID") or row.get("RECORDNO", ""), row.get("NAME", "")
        if value:
            yield Choice(value, f"{value} {label}".strip(), _active(row))


def _choice(offer: Offer, row: Row) -> Choice:
    value, label = row.get(offer.value, ""), row.get(offer.label, "")
    facts: dict[str, Any] = {name: _fact(row.get(field, "")) for name, field in offer.facts.items()}
    return Choice(value, f"{value} {label}" if label and label != value else value, _active(row), facts)


def _active(row: Row) -> bool:
    # labels in `query`, letters where the company's release shows codes
    return row.get("STATUS", "").lower() not in ("inactive", "f")


def _fact(text: str) -> str | bool:
    return {"true": True, "false": False}.get(text.lower(), text)
