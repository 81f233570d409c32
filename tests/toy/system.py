"""Registers the toy: a source, books, and the integration between them (`ML_PLUGINS=tests.toy.system`)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from connectors.base import Desk, Document, Flow, Integration, Json, Limits, Skip, System, Table, ask
from connectors.registry import register, register_integration
from tests.toy.client import Books, BooksCredentials, FileCredentials, FileSource
from tests.toy.documents import KINDS, Entry, Keyed, Party, Plain, Stepped

STREAMS = ("party", "keyed", "plain", "stepped")


@dataclass(frozen=True)
class Options:
    adopt: str = ask("Adopt what stands there", default="ask", choices=(("ask", "ask"), ("exact", "exact")))


def party(payload: Json, desk: Desk) -> Document | Skip:
    return Party(control=desk.control, number=payload["number"], name=payload["name"])


def _entry(kind: type[Entry], payload: Json, desk: Desk) -> Document | Skip:
    """An entry to the account that the mapping says; after its party where it names one as a record."""
    day = date.fromisoformat(payload["day"])
    if payload.get("after"):
        desk.posted("party", payload["after"])
    return kind(
        control=desk.control,
        number=payload["number"],
        party=payload["party"],
        account=desk.map("account", payload["account"], on=day, at="account").value,
        currency="USD",
        amount=Decimal(payload["amount"]),
        day=day,
    )


def keyed(payload: Json, desk: Desk) -> Document | Skip:
    return _entry(Keyed, payload, desk)


def plain(payload: Json, desk: Desk) -> Document | Skip:
    return _entry(Plain, payload, desk)


def stepped(payload: Json, desk: Desk) -> Document | Skip:
    return _entry(Stepped, payload, desk)


SOURCE = System(
    key="toysource",
    label="Toy source",
    credentials=FileCredentials,
    connect=FileSource,
    limits=Limits(in_flight=2),
    streams=STREAMS,
    feeds={"facts": 3600.0},
    surveyed=STREAMS,
)
BOOKS = System(
    key="toybooks",
    label="Toy books",
    credentials=BooksCredentials,
    connect=Books,
    limits=Limits(in_flight=2, batch_start=10, batch_max=100, pause_start=0.05),
    kinds=KINDS,
    choices=("account",),
)
TOY = Integration(
    key="toy",
    label="Toy",
    source="toysource",
    target="toybooks",
    flows=(
        Flow("party", "Parties", "party", "party", party),
        Flow("keyed", "Keyed", "keyed", "keyed", keyed, tables=("account",), after=("party",)),
        Flow("plain", "Plain", "plain", "plain", plain, tables=("account",)),
        Flow("stepped", "Stepped", "stepped", "stepped", stepped, tables=("account",)),
    ),
    tables=(Table("account", "Accounts", choices="account", required=True),),
    options=Options,
)

register(SOURCE)
register(BOOKS)
register_integration(TOY)
