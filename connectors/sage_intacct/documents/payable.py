"""What is owed to vendors, and owed back: bills, vendor credits, and what takes a credit back."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import ClassVar, Final

from connectors.base import Document, Entry, Found, Identity, Look, Ref
from connectors.errors import NotYet, Refused
from connectors.sage_intacct.documents.parts import (
    Coded,
    Fit,
    Line,
    Pairs,
    bill_item,
    check_lines,
    custom_fields,
    debited,
    entities,
    legacy_currency,
    line_item,
    lines_stand,
    one_sign,
    own_fields,
    there,
    total,
    usable_vendor,
)
from connectors.sage_intacct.markup import Node, day_node, flag, given, single, us_day

LOWERS: Final = -1
"""The sign of the lines of an AP adjustment that lowers what is owed. Inferred from the pages about paying with
adjustments; stands in this one place, and is proved by the first credit of a company (`proofs.credit_lowers`)."""

PROOF: Final = Ref("credit_sign", "")
"""What a look showed of that: state `first` (nothing was proved, this one may go), `not proved` or `raises`."""

RAISES: Final = "RAISES"
"""Set on a credit that was read, where the balance of its vendor shows that it raised what is owed."""

FORBIDDEN: Final = frozenset("&<>#?\"'")
"""Characters that numbers of bills may not hold."""


def bill_key(fit: Fit, at: str, number: str) -> str:
    if FORBIDDEN & set(number):
        raise Refused(
            f"{at}: {number[:80]!r} holds a character that Sage Intacct does not take in numbers of bills.",
            code="number.characters",
            field=at,
            value=number[:80],
            cure="Use letters, digits and . _ / - in numbers.",
        )
    return fit.key(at, number)


@dataclass(frozen=True, kw_only=True)
class Bill(Document):
    """APBILL. https://developer.intacct.com/api/accounts-payable/bills/

    Lines above zero are owed; those below zero lower the bill, where the company takes them. A company may allow one
    number twice per vendor, so that only our own look keeps a bill from being doubled.
    """

    kind: ClassVar[str] = "bill"
    modules: ClassVar[tuple[str, ...]] = ("AP", "GL")
    unique: ClassVar[bool] = False

    number: str
    vendor: str
    day: date
    due: date
    lines: tuple[Line, ...]
    posted: date | None = None
    """Only where the posting date differs: companies may forbid it."""
    description: str = ""
    reference: str = ""
    """The number of the purchase order that it is for."""
    term: str = ""
    currency: str = ""
    """Empty: the company is not multi-currency."""
    base_currency: str = ""
    rate_type: str = ""
    """Empty: the daily rate of Sage Intacct."""
    summary: str = ""
    """Name of the bill summary, where summaries are user-specified."""
    on_hold: bool = False
    """Posted, but kept out of payment runs."""
    draft: bool = False
    custom: Pairs = ()
    entity: str = ""
    coding: tuple[Coded, ...] = ()

    def __post_init__(self) -> None:
        check_lines(self.lines)

    def entries(self) -> tuple[Entry, ...]:
        return debited(self.lines, "", f"Accounts payable, {self.vendor}")

    def identity(self) -> Identity:
        return Identity(self.kind, self.number, self.vendor, self.currency, total(self.lines), self.day)

    def same(self, found: Found) -> bool:
        return super().same(found) and lines_stand(self.lines, found)

    def refs(self) -> tuple[Ref, ...]:
        return (Ref("vendor", self.vendor),)

    def entities(self) -> tuple[str, ...]:
        return entities(self.lines)

    @property
    def session(self) -> str:
        return self.entity

    def node(self, look: Look, before: Document | None, fit: Fit) -> Node:
        usable_vendor(look, self.vendor)
        head: list[Node] = [
            ("WHENCREATED", us_day(self.day)),
            *([("WHENPOSTED", us_day(self.posted))] if self.posted and self.posted != self.day else []),
            ("VENDORID", self.vendor),
            ("RECORDID", bill_key(fit, "APBILL.RECORDID", self.number)),
            ("WHENDUE", us_day(self.due)),
        ]
        texts = given(
            ("DOCNUMBER", fit.text("APBILL.DOCNUMBER", self.reference)),
            ("DESCRIPTION", fit.text("APBILL.DESCRIPTION", self.description)),
            ("TERMNAME", self.term),
            ("PRBATCH", self.summary),
            ("ONHOLD", flag(value=True) if self.on_hold else ""),
        )
        action: Node = ("ACTION", "Draft" if self.draft else "Submit")
        items: Node = ("APBILLITEMS", [bill_item(line, fit) for line in self.lines])
        body = [*head, *texts, *self._currency(), action, *own_fields(self.custom), items]
        return "create", [("APBILL", body)]

    def _currency(self) -> list[Node]:
        """Never a rate of ours: an empty type is the daily rate of Sage Intacct on the day of the bill."""
        if not self.currency:
            return []
        rate: list[Node] = [("EXCH_RATE_DATE", us_day(self.day)), ("EXCH_RATE_TYPE_ID", self.rate_type)]
        return [("CURRENCY", self.currency), *given(("BASECURR", self.base_currency)), *rate]


@dataclass(frozen=True, kw_only=True)
class VendorAdjustment(Document):
    """`create_apadjustment`. https://developer.intacct.com/api/accounts-payable/ap-adjustments/

    Amounts of lines are told as they count here: above zero raises what is owed, below zero lowers it.
    """

    modules: ClassVar[tuple[str, ...]] = ("AP", "GL")
    unique: ClassVar[bool] = False

    number: str
    vendor: str
    day: date
    lines: tuple[Line, ...]
    posted: date | None = None
    bill: str = ""
    """Number of the bill that it is about: a reference, not an application."""
    description: str = ""
    external: str = ""
    currency: str = ""
    base_currency: str = ""
    rate_type: str = ""
    summary: str = ""
    draft: bool = False
    custom: Pairs = ()
    entity: str = ""
    coding: tuple[Coded, ...] = ()

    def __post_init__(self) -> None:
        check_lines(self.lines)
        one_sign(self.lines)

    def entries(self) -> tuple[Entry, ...]:
        return debited(self.lines, "", f"Accounts payable, {self.vendor}")

    def identity(self) -> Identity:
        return Identity(self.kind, self.number, self.vendor, self.currency, total(self.lines), self.day)

    def same(self, found: Found) -> bool:
        return super().same(found) and lines_stand(self.lines, found, sign=-LOWERS)

    def refs(self) -> tuple[Ref, ...]:
        return (Ref("vendor", self.vendor),)

    def entities(self) -> tuple[str, ...]:
        return entities(self.lines)

    @property
    def session(self) -> str:
        return self.entity

    def node(self, look: Look, before: Document | None, fit: Fit) -> Node:
        usable_vendor(look, self.vendor)
        head: list[Node] = [("vendorid", self.vendor), day_node("datecreated", self.day)]
        if self.posted and self.posted != self.day:
            head.append(day_node("dateposted", self.posted))
        texts = given(
            ("batchkey", self.summary),
            ("adjustmentno", bill_key(fit, "APADJUSTMENT.RECORDID", self.number)),
            ("action", "Draft" if self.draft else ""),
            ("billno", fit.text("APADJUSTMENT.DOCNUMBER", self.bill)),
            ("description", fit.text("APADJUSTMENT.DESCRIPTION", self.description)),
            ("externalid", single(self.external)),
        )
        money_block = legacy_currency(self.currency, self.base_currency, self.rate_type, self.day)
        items: Node = (
            "apadjustmentitems",
            [
                line_item(replace(line, amount=as_they_count(line.amount)), fit, "APBILLITEM.ENTRYDESCRIPTION")
                for line in self.lines
            ],
        )
        return "create_apadjustment", [*head, *texts, *money_block, *custom_fields(self.custom), items]


@dataclass(frozen=True, kw_only=True)
class VendorCredit(VendorAdjustment):
    """A credit that a vendor gave: lowers what is owed to it. It stays open until a payment run uses it."""

    kind: ClassVar[str] = "vendor_credit"

    def same(self, found: Found) -> bool:
        return super().same(found) and RAISES not in found.raw

    def node(self, look: Look, before: Document | None, fit: Fit) -> Node:
        proof = look.refs.get(PROOF)
        if proof and proof.state == "raises":
            raise Refused(
                "In this company an adjustment below zero raises what is owed to a vendor: its balance shows it.",
                cause="settings",
                code="credit.raises",
                field="lines.amount",
                value=self.number,
                cure="Send this to support: no credit goes out until its sign is put right.",
            )
        if proof and proof.state == "not proved":
            raise NotYet(
                "The first vendor credit of this company is on its way; the others follow once the balance of its"
                " vendor shows that it lowered what is owed.",
                code="dependency.first_credit",
            )
        return super().node(look, before, fit)

    def __post_init__(self) -> None:
        super().__post_init__()
        if any(line.amount > 0 for line in self.lines):
            raise Refused(
                f"The vendor credit {self.number} has a line above zero, which would raise what is owed.",
                code="negative.refused",
                field="lines.amount",
                cure="Send what is owed as a bill, and what is owed back as a credit.",
            )


@dataclass(frozen=True, kw_only=True)
class VendorCreditReversal(VendorAdjustment):
    """Takes a vendor credit back by the opposite adjustment: adjustments have no reversal of their own there."""

    kind: ClassVar[str] = "vendor_credit_reversal"

    of: str
    """Number of the credit."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if any(line.amount < 0 for line in self.lines):
            raise Refused(
                f"{self.number} takes the credit {self.of} back and has a line below zero.",
                code="source.inconsistent",
                field="lines.amount",
            )

    @property
    def _credit(self) -> Ref:
        return Ref(VendorCredit.kind, self.of, self.vendor)

    def refs(self) -> tuple[Ref, ...]:
        return (*super().refs(), self._credit)

    def node(self, look: Look, before: Document | None, fit: Fit) -> Node:
        standing = there(look, self._credit)
        if standing.identity.amount != -total(self.lines) or standing.identity.currency != self.currency:
            raise Refused(
                f"The credit {self.of} is {standing.identity.amount} {standing.identity.currency} in Sage Intacct,"
                f" {total(self.lines)} {self.currency} is to take it back.",
                cause="decision",
                code="reversal.differs",
                field="lines",
                value=self.of,
                cure="Somebody changed the credit: look at it in Sage Intacct, and book the correction by hand.",
            )
        return super().node(look, before, fit)


def as_they_count(amount: Decimal) -> Decimal:
    """An amount of an AP adjustment, ours as theirs, theirs as ours."""
    return amount if LOWERS < 0 else -amount
