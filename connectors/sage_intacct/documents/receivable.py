"""What a customer owes, and is owed: AR invoices and adjustments."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from connectors.base import Document, Entry, Found, Identity, Look, Ref
from connectors.sage_intacct.documents.parts import (
    Coded,
    Fit,
    Line,
    Pairs,
    check_lines,
    credited,
    custom_fields,
    entities,
    legacy_currency,
    line_item,
    one_sign,
    total,
    usable_customer,
)
from connectors.sage_intacct.markup import Node, day_node, given, single


@dataclass(frozen=True, kw_only=True)
class Invoice(Document):
    """AR invoice: `create_invoice`; there is no supported generic create.
    https://developer.intacct.com/api/accounts-receivable/invoices/"""

    kind: ClassVar[str] = "invoice"
    modules: ClassVar[tuple[str, ...]] = ("AR", "GL")

    number: str
    customer: str
    day: date
    due: date
    lines: tuple[Line, ...]
    posted: date | None = None
    """Only where the posting date differs: companies may forbid it."""
    description: str = ""
    external: str = ""
    reference: str = ""
    """The customer's own order number."""
    term: str = ""
    currency: str = ""
    """Empty: the company is not multi-currency."""
    base_currency: str = ""
    rate_type: str = ""
    summary: str = ""
    """RECORDNO of the AR summary, where summaries are user-specified."""
    draft: bool = False
    custom: Pairs = ()
    entity: str = ""
    coding: tuple[Coded, ...] = ()
    standing: bool = False
    """Made by people in the ledger: its day, lines and total are theirs; enough of it must be due."""

    def __post_init__(self) -> None:
        check_lines(self.lines)

    def entries(self) -> tuple[Entry, ...]:
        if self.standing:  # it is booked already
            return ()
        return credited(self.lines, "", f"Accounts receivable, {self.customer}")

    def same(self, found: Found) -> bool:
        if not self.standing:
            return super().same(found)
        return self.agrees(found) and found.due is not None and found.due >= total(self.lines)

    def agrees(self, found: Found) -> bool:
        if not self.standing:
            return super().agrees(found)
        own, there = self.identity(), found.identity
        return (own.key, own.party, own.currency) == (there.key, there.party, there.currency)

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
        head: list[Node] = [("customerid", self.customer), day_node("datecreated", self.day)]
        if self.posted and self.posted != self.day:
            head.append(day_node("dateposted", self.posted))
        head.append(day_node("datedue", self.due))
        texts = given(
            ("termname", self.term),
            ("batchkey", self.summary),
            ("action", "Draft" if self.draft else ""),
            ("invoiceno", fit.key("ARINVOICE.RECORDID", self.number)),
            ("ponumber", fit.text("ARINVOICE.DOCNUMBER", self.reference)),
            ("description", fit.text("ARINVOICE.DESCRIPTION", self.description)),
            ("externalid", single(self.external)),
        )
        money_block = legacy_currency(self.currency, self.base_currency, self.rate_type, self.day)
        items: Node = ("invoiceitems", [line_item(line, fit) for line in self.lines])
        return "create_invoice", [*head, *texts, *money_block, *custom_fields(self.custom), items]


@dataclass(frozen=True, kw_only=True)
class Adjustment(Document):
    """AR adjustment: lines above zero make a debit memo, below zero a credit memo.
    https://developer.intacct.com/api/accounts-receivable/ar-adjustments/"""

    kind: ClassVar[str] = "adjustment"
    modules: ClassVar[tuple[str, ...]] = ("AR", "GL")

    number: str
    customer: str
    day: date
    lines: tuple[Line, ...]
    posted: date | None = None
    invoice: str = ""
    """Number of the invoice that it is about: a reference, not an application."""
    description: str = ""
    external: str = ""
    currency: str = ""
    base_currency: str = ""
    rate_type: str = ""
    summary: str = ""
    draft: bool = False
    entity: str = ""
    coding: tuple[Coded, ...] = ()

    def __post_init__(self) -> None:
        check_lines(self.lines)
        one_sign(self.lines)

    def entries(self) -> tuple[Entry, ...]:
        return credited(self.lines, "", f"Accounts receivable, {self.customer}")

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
        head: list[Node] = [("customerid", self.customer), day_node("datecreated", self.day)]
        if self.posted and self.posted != self.day:
            head.append(day_node("dateposted", self.posted))
        texts = given(
            ("batchkey", self.summary),
            ("adjustmentno", fit.key("ARADJUSTMENT.RECORDID", self.number)),
            ("action", "Draft" if self.draft else ""),
            ("invoiceno", fit.text("ARADJUSTMENT.DOCNUMBER", self.invoice)),
            ("description", fit.text("ARADJUSTMENT.DESCRIPTION", self.description)),
            ("externalid", single(self.external)),
        )
        money_block = legacy_currency(self.currency, self.base_currency, self.rate_type, self.day)
        items: Node = ("aradjustmentitems", [line_item(line, fit) for line in self.lines])
        return "create_aradjustment", [*head, *texts, *money_block, items]
