"""What only the ledger can tell about payables: whether credits lower what is owed, and whether an order posted."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

from connectors.base import Found, Identity
from connectors.sage_intacct.answers import Result, Row
from connectors.sage_intacct.documents.payable import as_they_count
from connectors.sage_intacct.markup import Node
from connectors.sage_intacct.query import Query, wanted

Rows = Callable[[Sequence[Query]], Sequence[Sequence[Row]]]
Call = Callable[[Sequence[Node]], Sequence[Result]]

MOST: Final = 5
"""Vendors whose balance is reckoned."""
_MADE_BY_HAND_OR_US: Final = ("2.GL", "3.AP", "4.AR", "11.CM")
"""Modules whose entries no purchasing document makes."""


# --- credits ----------------------------------------------------------------------------------------------------------


def credit_lowers(call: Call, rows: Rows) -> bool | None:
    """Whether an AP adjustment with the sign of our credits lowers what is owed: the balance that Sage Intacct shows of
    a vendor with such an open adjustment agrees with its open documents in one way only. None: no vendor tells it yet.
    """
    # the only query here that is not by key: adjustments that are open and have that sign
    (found,) = call([_open_credits()])
    vendors = wanted([row.get("VENDORID", "") for row in found.rows])[:MOST]
    if found.status != "success" or not vendors:
        return None
    totals = ("RECORDNO", "VENDORID", "STATE", "TOTALDUE")
    balances, bills, adjustments = rows(
        [
            Query("VENDOR", ("RECORDNO", "VENDORID", "TOTALDUE"), field="VENDORID", values=vendors),
            Query("APBILL", totals, field="VENDORID", values=vendors),
            Query("APADJUSTMENT", totals, field="VENDORID", values=vendors),
        ]
    )
    owed, adjusted = _sums(bills), _sums(adjustments)
    told = {row.get("VENDORID", ""): _number(row.get("TOTALDUE", "")) for row in balances}
    votes = {_says(told[one], owed[one], adjusted[one]) for one in vendors if one in told} - {None}
    return votes.pop() if len(votes) == 1 else None


def _open_credits() -> Node:
    sign = "lessthan" if as_they_count(Decimal(-1)) < 0 else "greaterthan"
    return "query", [
        ("object", "APADJUSTMENT"),
        ("select", [("field", "RECORDNO"), ("field", "VENDORID")]),
        ("filter", [(sign, [("field", "TOTALDUE"), ("value", "0")])]),
        ("orderby", [("order", [("field", "RECORDNO"), ("ascending", "")])]),
        ("options", [("showprivate", "true")]),
        ("pagesize", "50"),
    ]


def _sums(rows: Sequence[Row]) -> defaultdict[str, Decimal]:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        if row.get("STATE", "").lower() not in ("draft", "submitted", "partially approved", "approved", "declined"):
            sums[row.get("VENDORID", "")] += _number(row.get("TOTALDUE", ""))
    return sums


def _says(told: Decimal, owed: Decimal, adjusted: Decimal) -> bool | None:
    counted = as_they_count(adjusted)
    if counted == 0:
        return None
    return {owed + counted: True, owed - counted: False}.get(told)


def _number(text: str) -> Decimal:
    return Decimal(text or "0")


# --- orders -----------------------------------------------------------------------------------------------------------


def order_postings(order: Found, rows: Rows) -> list[str]:
    """What stands in payables or in the ledger because of a purchase order, in words; of a definition that posts
    nothing: nothing. `order` as it was found or read. Bills and entries that name its number and were made by hand, or
    by us, are not its postings; nor is what it was converted into, which names its number too."""
    untouched = order.raw.get("STATE", "").lower() in ("pending", "o", "approved", "a")
    numbers = wanted([order.number, order.identity.key, order.id]) if untouched else ()
    bill = ("RECORDNO", "RECORDID", "MODULEKEY", "TOTALENTERED")
    entry = ("RECORDNO", "MODULEKEY", "ACCOUNTNO", "AMOUNT")
    keys = wanted([order.raw.get("PRRECORDKEY", "")])
    found = rows(
        [
            Query("APBILL", bill, field="RECORDNO", values=keys),
            Query("APBILL", bill, field="RECORDID", values=numbers),
            Query("APBILL", bill, field="DOCNUMBER", values=numbers),
            Query("GLDETAIL", entry, field="DOCUMENT", values=numbers),
            Query("GLDETAIL", entry, field="REFERENCENO", values=numbers),
        ]
    )
    bills = {row["RECORDNO"]: row for part in found[:3] for row in part if _foreign(row)}
    entries = {row["RECORDNO"]: row for part in found[3:] for row in part if _foreign(row)}
    said = [f"the bill {row.get('RECORDID')} of {row.get('TOTALENTERED')}" for row in bills.values()]
    return said + [f"{row.get('AMOUNT')} on the account {row.get('ACCOUNTNO')}" for row in entries.values()]


def definition_posts(definition: str, call: Call, rows: Rows) -> bool | None:
    """Whether orders of this definition were seen to post. None: no order of it stands there to be looked at."""
    # the oldest that nobody has gone on with
    (found,) = call([_pending(definition)])
    if found.status != "success" or not found.rows:
        return None
    return any(order_postings(_order(row), rows) for row in found.rows)


def _pending(definition: str) -> Node:
    both: list[Node] = [
        ("equalto", [("field", "DOCPARID"), ("value", definition)]),
        ("equalto", [("field", "STATE"), ("value", "Pending")]),
    ]
    fields = ("RECORDNO", "DOCID", "DOCNO", "PONUMBER", "STATE", "PRRECORDKEY")
    return "query", [
        ("object", "PODOCUMENT"),
        ("select", [("field", name) for name in fields]),
        ("filter", [("and", both)]),
        ("orderby", [("order", [("field", "RECORDNO"), ("ascending", "")])]),
        ("options", [("showprivate", "true")]),
        ("pagesize", "3"),
    ]


def _order(row: Row) -> Found:
    identity = Identity("purchase_order", row.get("PONUMBER", ""), "", "", Decimal(0), None)
    return Found(row.get("DOCID", ""), identity, row.get("DOCNO", ""), raw=row)


def _foreign(row: Row) -> bool:
    return row.get("MODULEKEY", "") not in _MADE_BY_HAND_OR_US
