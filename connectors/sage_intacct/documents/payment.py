"""What customers paid."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar, Final

from connectors.base import Document, Entry, Found, Identity, Look, Ref
from connectors.errors import Refused
from connectors.sage_intacct.documents.parts import Fit, Pairs, own_fields, there
from connectors.sage_intacct.documents.receivable import Invoice
from connectors.sage_intacct.markup import Node, given, money, us_day

METHODS: Final = ("EFT", "Credit Card", "Cash")
"""Methods that only record what has happened."""


@dataclass(frozen=True, kw_only=True)
class Inline:
    """A negative line of the invoice that this receipt uses up: its place (1 is the first) and how much of it, above
    zero."""

    line: int
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class Also:
    """An earlier debt that the same money pays: an invoice, or an adjustment that is a debit memo."""

    to: Ref
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class Payment(Document):
    """Customer payment: ARPYMT. https://developer.intacct.com/api/accounts-receivable/ar-payments/

    Its DOCNUMBER is not unique there. `applied` goes to the document in `to`, the amounts of `also` to theirs, `excess`
    becomes open credit.
    """

    kind: ClassVar[str] = "payment"
    modules: ClassVar[tuple[str, ...]] = ("AR", "cash", "GL")
    unique: ClassVar[bool] = False

    number: str
    customer: str
    day: date
    to: Ref
    """An invoice, or an adjustment that is a debit memo."""
    applied: Decimal
    also: tuple[Also, ...] = ()
    excess: Decimal = Decimal(0)
    excess_location: str = ""
    excess_department: str = ""
    inline: tuple[Inline, ...] = ()
    account: str = ""
    """Id of the checking account. Exactly one of account, undeposited, summary."""
    undeposited: str = ""
    """GL account of undeposited funds."""
    summary: str = ""
    """Name of the payment summary, where summaries are user-specified."""
    method: str = "EFT"
    description: str = ""
    currency: str = ""
    """That of the invoice. Empty: the company is not multi-currency."""
    base_currency: str = ""
    rate_type: str = ""
    """Only where it arrived in `currency`. Empty: the daily rate of Sage Intacct."""
    settled: Decimal | None = None
    """What arrived on the account in base currency, where that differs from `currency`; no rate is sent then."""
    draft: bool = False
    custom: Pairs = ()
    books: str = ""
    """The entity whose books it moves; not sent."""
    entity: str = ""

    def __post_init__(self) -> None:
        for name in ("applied", "excess", "settled"):
            amount = getattr(self, name)
            if amount is not None and (money(amount, name), amount)[1] < 0:
                raise Refused(f"{name} is below zero.", code="source.inconsistent", field=name, value=str(amount))
        for amount in (*(part.amount for part in self.inline), *(one.amount for one in self.also)):
            money(amount, "amount")
        if self.method not in METHODS:
            raise Refused(
                f"{self.method} would print, charge or transfer: the money has moved already.",
                cause="settings",
                code="payment_method.forbidden",
                field="method",
                value=self.method,
                cure=f"Map the payment method to one of: {', '.join(METHODS)}.",
            )
        if sum(map(bool, (self.account, self.undeposited, self.summary))) != 1:
            raise Refused(
                "A receipt goes to exactly one of: checking account, undeposited funds, summary.",
                cause="settings",
                code="unmapped.clearing",
                field="account",
                cure="Map the account that receipts go to.",
            )

    def entries(self) -> tuple[Entry, ...]:
        cash = Entry(self.account or self.undeposited or self.summary, self.total, self.description)
        return (cash, Entry("", -self.total, f"Accounts receivable, {self.customer}"))

    def identity(self) -> Identity:
        return Identity(self.kind, self.number, self.customer, self.currency, self.total, self.day)

    @property
    def total(self) -> Decimal:
        return self.applied + self.excess + sum((one.amount for one in self.also), Decimal(0))

    def same(self, found: Found) -> bool:
        """Both amounts of a payment that was exchanged: the invoice's, and what arrived."""
        return super().same(found) and self.settled in (None, found.base)

    def refs(self) -> tuple[Ref, ...]:
        return (self.to, *(one.to for one in self.also))

    def entities(self) -> tuple[str, ...]:
        return (self.books,) if self.books else ()

    @property
    def session(self) -> str:
        return self.entity

    def node(self, look: Look, before: Document | None, fit: Fit) -> Node:
        owed = self._owed(look, self.to, self.applied)
        head = given(
            ("FINANCIALENTITY", self.account),
            ("UNDEPOSITEDACCOUNTNO", self.undeposited),
            ("PRBATCH", self.summary),
            ("PAYMENTMETHOD", self.method),
            ("CUSTOMERID", self.customer),
            ("DOCNUMBER", fit.key("ARPYMT.DOCNUMBER", self.number)),
            ("DESCRIPTION", fit.text("ARPYMT.DESCRIPTION", self.description)),
            # both days always: left out, PAYMENTDATE is the day of sending and a second send would differ
            ("RECEIPTDATE", us_day(self.day)),
            ("PAYMENTDATE", us_day(self.day)),
            ("CURRENCY", self.currency),
            ("BASECURR", self.base_currency),
            ("EXCH_RATE_TYPE_ID", self.rate_type),
            ("ACTION", "Draft" if self.draft else ""),
        )
        body = [*head, *self._settled(), *self._excess(), *own_fields(self.custom), *self._details(owed, look)]
        return "create", [("ARPYMT", body)]

    def _owed(self, look: Look, to: Ref, amount: Decimal) -> Found:
        """What is paid, as the look showed it; refuses what the money does not fit."""
        owed = there(look, to)
        if self.currency and owed.identity.currency and owed.identity.currency != self.currency:
            raise Refused(
                f"{to.key} is in {owed.identity.currency}, the payment in {self.currency}.",
                cause="decision",
                code="currency.mismatch",
                field="currency",
                value=self.currency,
                cure="Look at the invoice in Sage Intacct and decide how this money is applied.",
            )
        if owed.due is None or amount > owed.due:
            raise Refused(
                f"{amount} is to be applied to {to.key}, of which {owed.due} is due.",
                cause="decision",
                code="amount.over_due",
                field="applied",
                value=str(amount),
                cure="Something else was applied first: look at the invoice and decide how this money is applied.",
            )
        return owed

    def _settled(self) -> list[Node]:
        if self.settled is None:
            return []
        return [("AMOUNTTOPAY", money(self.settled)), ("TRX_AMOUNTTOPAY", money(self.total))]

    def _excess(self) -> list[Node]:
        if not self.excess:
            return []
        where = given(
            ("OVERPAYMENTLOCATIONID", self.excess_location), ("OVERPAYMENTDEPARTMENTID", self.excess_department)
        )
        return [("OVERPAYMENTAMOUNT", money(self.excess)), *where]

    def _details(self, owed: Found, look: Look) -> list[Node]:
        """One detail holds the cash and at most one credit."""
        cash: list[Node] = [("TRX_PAYMENTAMOUNT", money(self.applied))] if self.applied else []
        inline = [_inline_nodes(part, owed) for part in self.inline]
        parts = [cash + (inline[0] if inline else []), *inline[1:]]
        details: list[Node] = [("ARPYMTDETAIL", [(_key(self.to), owed.id), *part]) for part in parts if part]
        for one in self.also:
            debt = self._owed(look, one.to, one.amount)
            paid: Node = ("TRX_PAYMENTAMOUNT", money(one.amount))
            details.append(("ARPYMTDETAIL", [(_key(one.to), debt.id), paid]))
        return [("ARPYMTDETAILS", details)] if details else []


def _key(to: Ref) -> str:
    return "RECORDKEY" if to.kind == Invoice.kind else "POSADJKEY"


def _inline_nodes(part: Inline, invoice: Found) -> list[Node]:
    entry = invoice.raw.get(f"LINES.{part.line}.RECORDNO", "")
    there = invoice.raw.get(f"LINES.{part.line}.AMOUNT", "")
    if not entry or -Decimal(there or "0") < part.amount:
        raise Refused(
            f"Line {part.line} of {invoice.number} does not hold a credit of {part.amount}: {there or 'not there'}.",
            cause="decision",
            code="inline.missing",
            field="inline",
            value=str(part.amount),
            cure="Look at the lines of the invoice in Sage Intacct and decide how its negative line is used.",
        )
    amount = money(part.amount)
    return [("INLINEKEY", invoice.id), ("INLINEENTRYKEY", entry), ("TRX_INLINEAMOUNT", amount)]


# --- credits put against debts ----------------------------------------------------------------------------------------


CREDITS: Final = {
    "adjustment": ("ADJUSTMENTKEY", "TRX_ADJUSTMENTAMOUNT"),
    "payment": ("OVERPAYMENTKEY", "TRX_POSTEDOVERPAYMENTAMOUNT"),
    "advance": ("ADVANCEKEY", "TRX_POSTEDADVANCEAMOUNT"),
}
"""By the kind of the document that the credit stands on."""


@dataclass(frozen=True, kw_only=True)
class Credit:
    """A credit memo, the overpaid part of a receipt, or an advance; how much of it is used."""

    of: Ref
    amount: Decimal | None
    """None: as much as is open of both."""


@dataclass(frozen=True, kw_only=True)
class Application(Document):
    """Open credit put against a debt: an ARPYMT without cash. It moves no account beside the receivable.
    https://developer.intacct.com/api/accounts-receivable/ar-payments/

    Its identity has no amount: the ledger shows the cash, of which there is none.
    """

    kind: ClassVar[str] = "application"
    modules: ClassVar[tuple[str, ...]] = ("AR", "GL")
    unique: ClassVar[bool] = False

    number: str
    customer: str
    day: date
    to: Ref
    """An invoice, or an adjustment that is a debit memo."""
    credits: tuple[Credit, ...]
    account: str = ""
    """A checking account, only where the company wants one named although no cash moves."""
    description: str = ""
    currency: str = ""
    base_currency: str = ""
    draft: bool = False
    entity: str = ""

    def identity(self) -> Identity:
        return Identity(self.kind, self.number, self.customer, self.currency, Decimal(0), self.day)

    def refs(self) -> tuple[Ref, ...]:
        return (self.to, *(credit.of for credit in self.credits))

    @property
    def session(self) -> str:
        return self.entity

    def node(self, look: Look, before: Document | None, fit: Fit) -> Node:
        head = given(
            ("FINANCIALENTITY", self.account),
            ("PAYMENTMETHOD", "EFT"),
            ("CUSTOMERID", self.customer),
            ("DOCNUMBER", fit.key("ARPYMT.DOCNUMBER", self.number)),
            ("DESCRIPTION", fit.text("ARPYMT.DESCRIPTION", self.description)),
            ("RECEIPTDATE", us_day(self.day)),
            ("PAYMENTDATE", us_day(self.day)),
            ("CURRENCY", self.currency),
            ("BASECURR", self.base_currency),
            ("ACTION", "Draft" if self.draft else ""),
        )
        return "create", [("ARPYMT", [*head, ("ARPYMTDETAILS", self._details(look))])]

    def _details(self, look: Look) -> list[Node]:
        """A detail for each credit; none may use more than is open, of itself or of the debt."""
        owed = there(look, self.to)
        due = owed.due or Decimal(0)
        details: list[Node] = []
        for credit in self.credits:
            source = there(look, credit.of)
            available = abs(source.due or Decimal(0))
            used = min(due, available) if credit.amount is None else credit.amount
            if not 0 < used <= min(due, available):
                raise _not_open(self.to, credit.of, due, available, used)
            due -= used
            of, amount = CREDITS[credit.of.kind]
            details.append(("ARPYMTDETAIL", [(_key(self.to), owed.id), (of, source.id), (amount, money(used))]))
        return details


def _not_open(to: Ref, of: Ref, due: Decimal, available: Decimal, used: Decimal) -> Refused:
    return Refused(
        f"{used} of {of.key} is to be applied to {to.key}: {available} of the one is open, {due} of the other is due.",
        cause="decision",
        code="amount.over_due",
        field="credits",
        value=str(used),
        cure="Something else was applied first: look at both in Sage Intacct and decide how this credit is used.",
    )
