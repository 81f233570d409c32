"""Money that pays no invoice: sales without one, and advances of customers."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from connectors.base import Document, Entry, Identity, Look, Ref
from connectors.sage_intacct.documents.parts import (
    Fit,
    Line,
    check_lines,
    credited,
    entities,
    legacy_currency,
    line_item,
    total,
    usable_customer,
)
from connectors.sage_intacct.markup import Node, day_node, given, money, us_day


@dataclass(frozen=True, kw_only=True)
class OtherReceipt(Document):
    """`record_otherreceipt`: bank against the accounts of its lines; no customer's ledger is touched.
    https://developer.intacct.com/api/cash-management/other-receipts/

    Its reference is not unique there.
    """

    kind: ClassVar[str] = "other_receipt"
    modules: ClassVar[tuple[str, ...]] = ("cash", "GL")
    unique: ClassVar[bool] = False

    number: str
    payer: str
    day: date
    account: str
    """Id of the checking account."""
    lines: tuple[Line, ...]
    method: str = "EFT"
    description: str = ""
    currency: str = ""
    base_currency: str = ""
    rate_type: str = ""
    """Only in another currency than the base. Empty: the daily rate of Sage Intacct."""
    entity: str = ""

    def __post_init__(self) -> None:
        check_lines(self.lines)

    def entries(self) -> tuple[Entry, ...]:
        return credited(self.lines, self.account, self.payer)

    def identity(self) -> Identity:
        return Identity(self.kind, self.number, "", self.currency, total(self.lines), self.day)

    def entities(self) -> tuple[str, ...]:
        return entities(self.lines)

    @property
    def session(self) -> str:
        return self.entity

    def node(self, look: Look, before: Document | None, fit: Fit) -> Node:
        head: list[Node] = [
            day_node("paymentdate", self.day),
            ("payee", fit.text("OTHERRECEIPTS.PAYEE", self.payer)),
            day_node("receiveddate", self.day),
            ("paymentmethod", self.method),
            ("bankaccountid", self.account),
            day_node("depositdate", self.day),
            ("refid", fit.key("OTHERRECEIPTS.REFID", self.number)),
            ("description", fit.text("OTHERRECEIPTS.DESCRIPTION", self.description)),
        ]
        # `currency` names what the bank account holds; in the base currency the rate is 1 by itself
        same = given(("basecurr", self.base_currency), ("currency", self.currency))
        other = legacy_currency(self.currency, self.base_currency, self.rate_type, self.day)
        money_block = same if self.currency == self.base_currency else other
        items: Node = ("receiptitems", [line_item(line, fit) for line in self.lines])
        return "record_otherreceipt", [*head, *money_block, items]


@dataclass(frozen=True, kw_only=True)
class Advance(Document):
    """ARADVANCE: a customer's money before any invoice, against the accounts of its lines.
    https://developer.intacct.com/api/accounts-receivable/ar-advances/

    Its DOCNUMBER is not unique there.
    """

    kind: ClassVar[str] = "advance"
    modules: ClassVar[tuple[str, ...]] = ("AR", "cash", "GL")
    unique: ClassVar[bool] = False

    number: str
    customer: str
    day: date
    account: str
    lines: tuple[Line, ...]
    method: str = "EFT"
    description: str = ""
    currency: str = ""
    base_currency: str = ""
    rate_type: str = ""
    draft: bool = False
    entity: str = ""

    def __post_init__(self) -> None:
        check_lines(self.lines)

    def entries(self) -> tuple[Entry, ...]:
        return credited(self.lines, self.account, f"Advance of {self.customer}")

    def identity(self) -> Identity:
        return Identity(self.kind, self.number, self.customer, self.currency, total(self.lines), self.day)

    def refs(self) -> tuple[Ref, ...]:
        return (Ref("customer", self.customer),)

    def entities(self) -> tuple[str, ...]:
        return entities(self.lines)

    @property
    def session(self) -> str:
        return self.entity

    def node(self, look: Look, before: Document | None, fit: Fit) -> Node:
        usable_customer(look, self.customer)
        head = given(
            ("FINANCIALENTITY", self.account),
            ("PAYMENTMETHOD", self.method),
            ("CUSTOMERID", self.customer),
            ("DOCNUMBER", fit.key("ARPYMT.DOCNUMBER", self.number)),
            ("DESCRIPTION", fit.text("ARPYMT.DESCRIPTION", self.description)),
            ("RECEIPTDATE", us_day(self.day)),
            ("PAYMENTDATE", us_day(self.day)),
            ("CURRENCY", self.currency),
            ("BASECURR", self.base_currency),
            ("EXCH_RATE_TYPE_ID", self.rate_type),
            ("ACTION", "Draft" if self.draft else ""),
        )
        items: Node = ("ARADVANCEITEMS", [_item(line, fit) for line in self.lines])
        return "create", [("ARADVANCE", [*head, items])]


def _item(line: Line, fit: Fit) -> Node:
    where = given(
        ("ENTRYDESCRIPTION", fit.text("ARINVOICEITEM.ENTRYDESCRIPTION", line.memo)),
        ("LOCATIONID", line.location),
        ("DEPARTMENTID", line.department),
        ("PROJECTID", line.project),
        ("ITEMID", line.item),
        ("CLASSID", line.class_),
    )
    return "ARADVANCEITEM", [("ACCOUNTNO", line.account), ("TRX_AMOUNT", money(line.amount)), *where]
