"""Taking back: Sage Intacct's own reversal of what stands there. Nothing is deleted; both stay in the books.

https://developer.intacct.com/api/accounts-receivable/invoices/#reverse-invoice
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar, Final

from connectors.base import Document, Found, Identity, Look, Ref
from connectors.errors import Refused
from connectors.sage_intacct.documents.parts import Fit, there
from connectors.sage_intacct.documents.payable import VendorCredit
from connectors.sage_intacct.documents.receivable import Adjustment
from connectors.sage_intacct.markup import Node, day_node, given

VOID: Final = "-V"
"""End of the number of a credit memo that stands for a reversal."""


@dataclass(frozen=True, kw_only=True)
class Undo(Document):
    """Takes back the document of kind `undoes` with this number. What is reversed already is found, never reversed
    again. Its identity has no day and no amount: the ledger shows the original's."""

    unique: ClassVar[bool] = True
    function: ClassVar[str]

    number: str
    day: date
    description: str = ""
    entity: str = ""

    def identity(self) -> Identity:
        return Identity(self.kind, self.number, self._party, "", Decimal(0), None)

    def accounting_date(self) -> date:
        return self.day

    @property
    def _party(self) -> str:
        raise NotImplementedError

    @property
    def of(self) -> Ref:
        return Ref(self.undoes, self.number, self._party)

    def refs(self) -> tuple[Ref, ...]:
        return (self.of,)

    @property
    def session(self) -> str:
        return self.entity

    def node(self, look: Look, before: Document | None, fit: Fit) -> Node:
        standing = there(look, self.of)
        self._reversible(standing)
        return self._reverse(standing, fit)

    def _reversible(self, standing: Found) -> None:
        """Raises Refused where the ledger would."""

    def _reverse(self, standing: Found, fit: Fit) -> Node:
        said = given(("description", fit.text("ARINVOICE.DESCRIPTION", self.description)))
        return self.function, [("@key", standing.id), day_node("datereversed", self.day), *said]


@dataclass(frozen=True, kw_only=True)
class Reversal(Undo):
    """Of something of a customer."""

    customer: str

    @property
    def _party(self) -> str:
        return self.customer


@dataclass(frozen=True, kw_only=True)
class InvoiceReversal(Reversal):
    """`reverse_invoice`; where money was applied in the ledger, which the reversal would refuse, the credit memo."""

    kind: ClassVar[str] = "invoice_reversal"
    undoes: ClassVar[str] = "invoice"
    modules: ClassVar[tuple[str, ...]] = ("AR", "GL")
    function: ClassVar[str] = "reverse_invoice"

    otherwise: Adjustment | None = None
    """A credit memo of all lines. None: then a person decides."""

    def refs(self) -> tuple[Ref, ...]:
        return (self.of, *(self.otherwise.refs() if self.otherwise else ()))

    def node(self, look: Look, before: Document | None, fit: Fit) -> Node:
        standing = there(look, self.of)
        if self.otherwise and standing.due != standing.identity.amount:
            return self.otherwise.node(look, before, fit)
        return super().node(look, before, fit)

    def _reversible(self, standing: Found) -> None:
        if standing.due != standing.identity.amount:
            raise _applied(self.number, f"of {standing.identity.amount} only {standing.due} is due")


@dataclass(frozen=True, kw_only=True)
class PaymentReversal(Reversal):
    """`reverse_arpayment` of a receipt: what it was applied to is due again."""

    kind: ClassVar[str] = "payment_reversal"
    undoes: ClassVar[str] = "payment"
    modules: ClassVar[tuple[str, ...]] = ("AR", "cash", "GL")
    function: ClassVar[str] = "reverse_arpayment"

    excess: Decimal = Decimal(0)
    """What it left as open credit; it must be open still."""

    def _reversible(self, standing: Found) -> None:
        if standing.due is not None and standing.due < self.excess:
            raise _applied(self.number, f"of its overpayment of {self.excess} only {standing.due} is still open")


@dataclass(frozen=True, kw_only=True)
class ApplicationReversal(Reversal):
    """`reverse_arpayment` of a credit that was applied without cash."""

    kind: ClassVar[str] = "application_reversal"
    undoes: ClassVar[str] = "application"
    modules: ClassVar[tuple[str, ...]] = ("AR", "GL")
    function: ClassVar[str] = "reverse_arpayment"


# --- of vendors -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class VendorReversal(Undo):
    """Of something of a vendor."""

    vendor: str

    @property
    def _party(self) -> str:
        return self.vendor


@dataclass(frozen=True, kw_only=True)
class BillReversal(VendorReversal):
    """`reverse_bill`; where money was applied in the ledger, which the reversal would refuse, the vendor credit.
    https://developer.intacct.com/api/accounts-payable/bills/#reverse-bill-legacy"""

    kind: ClassVar[str] = "bill_reversal"
    undoes: ClassVar[str] = "bill"
    modules: ClassVar[tuple[str, ...]] = ("AP", "GL")
    function: ClassVar[str] = "reverse_bill"

    otherwise: VendorCredit | None = None
    """A credit of all lines, its number that of the bill with `-V`. None: then a person decides."""

    def __post_init__(self) -> None:
        if self.otherwise and self.otherwise.number != self.number + VOID:
            raise ValueError(f"{self.otherwise.number} cannot be told to stand for the reversal of {self.number}")

    def refs(self) -> tuple[Ref, ...]:
        return (self.of, *(self.otherwise.refs() if self.otherwise else ()))

    def node(self, look: Look, before: Document | None, fit: Fit) -> Node:
        standing = there(look, self.of)
        if self.otherwise and standing.due != standing.identity.amount:
            return self.otherwise.node(look, before, fit)
        return super().node(look, before, fit)

    def _reversible(self, standing: Found) -> None:
        if standing.due != standing.identity.amount:
            raise _applied(self.number, f"of {standing.identity.amount} only {standing.due} is due")
        selected = standing.raw.get("STATE", "").lower() == "selected" or standing.raw.get("TRX_TOTALSELECTED", "")
        if selected not in (False, "", "0", "0.00"):
            raise Refused(
                f"The bill {self.number} is selected for payment.",
                cause="settings",
                code="void.selected",
                field="number",
                value=self.number,
                cure="Take the bill out of the payment run in Sage Intacct; it then goes on by itself.",
            )


@dataclass(frozen=True, kw_only=True)
class BillPaymentVoid(VendorReversal):
    """`void_appaymentrequest` of a vendor payment: its bills are due again and stand, credits that it used are free.
    https://developer.intacct.com/api/accounts-payable/ap-payments/#void-ap-payment-request-legacy

    The function takes no day: Sage Intacct dates the void; `day` is the one on which its books must be open.
    """

    kind: ClassVar[str] = "bill_payment_void"
    undoes: ClassVar[str] = "bill_payment"
    modules: ClassVar[tuple[str, ...]] = ("AP", "cash", "GL")
    function: ClassVar[str] = "void_appaymentrequest"

    def _reversible(self, standing: Found) -> None:
        if standing.raw.get("CLEARED", "").lower() in ("t", "true", "cleared", "reconciled"):
            raise Refused(
                f"The payment {self.number} was reconciled with the bank.",
                cause="decision",
                code="void.reconciled",
                field="number",
                value=self.number,
                cure="Look at the bank reconciliation in Sage Intacct, and void the payment there by hand.",
            )

    def _reverse(self, standing: Found, fit: Fit) -> Node:
        return self.function, [("appaymentkeys", [("appaymentkey", standing.id)])]


def _applied(number: str, why: str) -> Refused:
    return Refused(
        f"{number} cannot be reversed: {why}.",
        cause="decision",
        code="void.after_payment",
        field="number",
        value=number,
        cure="Look at what was applied in Sage Intacct: take it back there and retry, or book the correction by hand.",
    )
