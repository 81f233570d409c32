"""What vendors were paid."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar, Final

from connectors.base import Document, Entry, Found, Identity, Look, Ref
from connectors.errors import Refused
from connectors.sage_intacct.documents.parts import Fit, Pairs, own_fields, there, usable_vendor
from connectors.sage_intacct.documents.payable import Bill
from connectors.sage_intacct.markup import Node, given, money, us_day

METHOD: Final = "EFT"
"""Only records what has happened: a printed check, an ACH or a bank file would start a payment run."""


PAID: Final = "PAID"


def told(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    """How a payment that was read says what it paid of which bill."""
    return {PAID: str(len(amounts))} | {f"{PAID}.{bill}": money(amount) for bill, amount in amounts.items()}


@dataclass(frozen=True, kw_only=True)
class Paid:
    """How much of one bill was paid. With a discount, the bill is paid in full: what is due less the discount."""

    bill: str
    """Its number."""
    amount: Decimal
    discount: Decimal = Decimal(0)
    """What was kept for paying early. Sage Intacct reckons it again by the term of the bill."""
    discount_day: date | None = None
    """The day by which the discount was earned. None: that of the payment."""


@dataclass(frozen=True, kw_only=True)
class BillPayment(Document):
    """APPYMT. https://developer.intacct.com/api/accounts-payable/ap-payments/

    One payment of bills of one vendor in one currency. Its DOCNUMBER is not unique there.
    """

    kind: ClassVar[str] = "bill_payment"
    modules: ClassVar[tuple[str, ...]] = ("AP", "cash", "GL")
    unique: ClassVar[bool] = False

    number: str
    """What the bank shows."""
    vendor: str
    day: date
    account: str
    """Id of the checking account that paid."""
    paid: tuple[Paid, ...]
    description: str = ""
    currency: str = ""
    """That of the bills. Empty: the company is not multi-currency."""
    base_currency: str = ""
    rate_type: str = ""
    """Empty: the daily rate of Sage Intacct."""
    draft: bool = False
    custom: Pairs = ()
    books: str = ""
    """The entity whose books it moves; not sent."""
    entity: str = ""

    def __post_init__(self) -> None:
        if not self.paid:
            raise Refused("A payment that pays nothing.", code="source.inconsistent", field="paid")
        for place, part in enumerate(self.paid, 1):
            at = f"paid[{place}].amount"
            if (money(part.amount, at), money(part.discount, at), part.amount)[2] <= 0 or part.discount < 0:
                raise Refused(
                    f"{part.bill}: {part.amount} paid, {part.discount} kept as discount.",
                    code="source.inconsistent",
                    field=at,
                    value=str(part.amount),
                    cure="A payment pays more than nothing; a credit of the vendor is a document of its own.",
                )
        if not self.account:
            raise Refused(
                "It is not said from which account the vendor was paid.",
                cause="settings",
                code="unmapped.bank_account",
                field="account",
                cure="Map the bank account that vendors are paid from.",
            )

    def entries(self) -> tuple[Entry, ...]:
        paid = sum((part.amount for part in self.paid), Decimal(0))
        kept = sum((part.discount for part in self.paid), Decimal(0))
        owed = Entry("", paid + kept, f"Accounts payable, {self.vendor}")
        return (owed, Entry(self.account, -paid), *([Entry("", -kept, "Discount for paying early")] if kept else []))

    def identity(self) -> Identity:
        amount = sum((part.amount for part in self.paid), Decimal(0))
        return Identity(self.kind, self.number, self.vendor, self.currency, amount, self.day)

    def same(self, found: Found) -> bool:
        """To the bill, where it was read what was paid of each."""
        if not super().same(found) or PAID not in found.raw:
            return super().same(found)
        ours: defaultdict[str, Decimal] = defaultdict(Decimal)
        for part in self.paid:
            ours[part.bill] += part.amount
        return told(ours).items() == {name: text for name, text in found.raw.items() if name.startswith(PAID)}.items()

    def refs(self) -> tuple[Ref, ...]:
        return (Ref("vendor", self.vendor), *dict.fromkeys(self._ref(part) for part in self.paid))

    def entities(self) -> tuple[str, ...]:
        return (self.books,) if self.books else ()

    @property
    def session(self) -> str:
        return self.entity

    def node(self, look: Look, before: Document | None, fit: Fit) -> Node:
        usable_vendor(look, self.vendor)
        bills = {ref: there(look, ref) for ref in self.refs()[1:]}
        self._check(bills)
        head: list[Node] = [
            ("FINANCIALENTITY", self.account),
            ("PAYMENTMETHOD", METHOD),
            ("VENDORID", self.vendor),
            ("DOCNUMBER", fit.key("APPYMT.DOCNUMBER", self.number)),
            *given(("DESCRIPTION", fit.text("APPYMT.DESCRIPTION", self.description))),
            ("PAYMENTDATE", us_day(self.day)),
            *self._currency(),
            ("ACTION", "Draft" if self.draft else "Submit"),
            *own_fields(self.custom),
        ]
        details: list[Node] = [_detail(part, bills[self._ref(part)], self.day) for part in self.paid]
        return "create", [("APPYMT", [*head, ("APPYMTDETAILS", details)])]

    def _ref(self, part: Paid) -> Ref:
        return Ref(Bill.kind, part.bill, self.vendor)

    def _currency(self) -> list[Node]:
        if not self.currency:
            return []
        rate: list[Node] = [("EXCH_RATE_DATE", us_day(self.day)), ("EXCH_RATE_TYPE_ID", self.rate_type)]
        foreign = self.base_currency and self.currency != self.base_currency
        return [("CURRENCY", self.currency), *given(("BASECURR", self.base_currency)), *(rate if foreign else [])]

    def _check(self, bills: dict[Ref, Found]) -> None:
        """Refuses what the bills, as the look showed them, do not take."""
        for ref, bill in bills.items():
            if bill.identity.currency != self.currency:
                raise Refused(
                    f"The bill {ref.key} is in {bill.identity.currency or 'base currency'}, the payment in"
                    f" {self.currency or 'base currency'}.",
                    cause="decision",
                    code="currency.mismatch",
                    field="currency",
                    value=self.currency,
                    cure="A payment has one currency, that of its bills: look at the bill in Sage Intacct and decide.",
                )
        asked: defaultdict[Ref, Decimal] = defaultdict(Decimal)
        for part in self.paid:
            asked[self._ref(part)] += part.amount + part.discount
        for ref, amount in asked.items():
            due = bills[ref].due or Decimal(0)
            if amount > due:
                raise Refused(
                    f"{amount} is to be paid of the bill {ref.key}, of which {due} is due.",
                    cause="decision",
                    code="over_payment",
                    field="paid",
                    value=str(amount),
                    cure="Something else was paid or credited first: look at the bill and decide what this one pays.",
                )
        for part in self.paid:
            whole = bills[self._ref(part)].due
            if part.discount and part.amount + part.discount != whole:
                raise Refused(
                    f"The bill {part.bill}: {part.amount} paid and {part.discount} discount, {whole} due.",
                    cause="decision",
                    code="discount.partial",
                    field="paid",
                    value=str(part.discount),
                    cure="Sage Intacct grants a discount only on all that is due: enter this payment there by hand.",
                )


def _detail(part: Paid, bill: Found, day: date) -> Node:
    earned = [("DISCOUNTDATE", us_day(part.discount_day or day))] if part.discount else []
    return "APPYMTDETAIL", [("RECORDKEY", bill.id), ("TRX_PAYMENTAMOUNT", money(part.amount)), *earned]
