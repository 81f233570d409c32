"""Purchase orders: commitments that move no account."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar, Final

from connectors.base import Document, Found, Identity, Look, Ref
from connectors.errors import NotYet, Refused
from connectors.sage_intacct.documents.parts import Fit, Pairs, custom_fields, legacy_currency, usable_vendor
from connectors.sage_intacct.documents.reversal import Undo
from connectors.sage_intacct.markup import Node, day_node, given, money, single

POSTING: Final = Ref("posting", "")
"""What a look showed of the definition: state `first` (no order of it was seen, this one may go), `not proved` or
`posts`."""


@dataclass(frozen=True, kw_only=True)
class OrderLine:
    """An item that was ordered; `unit` letter for letter as the item has it there."""

    item: str
    quantity: Decimal
    price: Decimal
    """Of one unit."""
    unit: str = ""
    memo: str = ""
    location: str = ""
    department: str = ""
    project: str = ""
    class_: str = ""
    customer: str = ""
    employee: str = ""
    warehouse: str = ""
    dimensions: Pairs = ()

    @property
    def amount(self) -> Decimal:
        return self.quantity * self.price


@dataclass(frozen=True, kw_only=True)
class PurchaseOrder(Document):
    """`create_potransaction` of a definition that posts nothing.
    https://developer.intacct.com/api/purchasing/purchasing-transactions/

    Found by its definition and `number`, which is the reference number there; a definition may number by itself.
    """

    kind: ClassVar[str] = "purchase_order"
    modules: ClassVar[tuple[str, ...]] = ()
    unique: ClassVar[bool] = False

    definition: str
    number: str
    vendor: str
    day: date
    lines: tuple[OrderLine, ...]
    document_number: bool = True
    """The number is the document number as well; False where the definition numbers by itself."""
    posted: date | None = None
    due: date | None = None
    term: str = ""
    vendor_reference: str = ""
    message: str = ""
    external: str = ""
    currency: str = ""
    base_currency: str = ""
    rate_type: str = ""
    custom: Pairs = ()
    entity: str = ""

    def __post_init__(self) -> None:
        if not self.lines:
            raise Refused("A purchase order without lines.", code="source.inconsistent", field="lines")
        for place, line in enumerate(self.lines, 1):
            money(line.price, f"lines[{place}].price")
            money(line.amount, f"lines[{place}].amount")
            if not line.item or line.quantity <= 0:
                raise Refused(
                    f"Line {place} of {self.number} orders {line.quantity} of {line.item or 'no item'}.",
                    cause="settings" if not line.item else "data",
                    code="unmapped.item" if not line.item else "source.inconsistent",
                    field=f"lines[{place}]",
                    value=line.memo[:80],
                    cure="Map the item; a line orders more than nothing.",
                )

    def identity(self) -> Identity:
        amount = sum((line.amount for line in self.lines), Decimal(0)).quantize(Decimal("0.01"))
        return Identity(self.kind, self.number, self.definition, self.currency, amount, self.day)

    def same(self, found: Found) -> bool:
        """Its party is the definition, within which its number is unique; the vendor is compared beside it. One that
        made a bill is not what was sent."""
        ours = found.raw.get("CUSTVENDID", "") == self.vendor and not found.raw.get("PRRECORDKEY", "")
        return super().same(found) and ours

    def refs(self) -> tuple[Ref, ...]:
        return (Ref("vendor", self.vendor),)

    @property
    def session(self) -> str:
        return self.entity

    def node(self, look: Look, before: Document | None, fit: Fit) -> Node:
        self._silent(look)
        usable_vendor(look, self.vendor)
        head: list[Node] = [("transactiontype", self.definition), day_node("datecreated", self.day)]
        if self.posted and self.posted != self.day:
            head.append(day_node("dateposted", self.posted))
        head.append(("vendorid", self.vendor))
        numbers = given(
            ("documentno", fit.key("PODOCUMENT.DOCNO", self.number) if self.document_number else ""),
            ("referenceno", fit.key("PODOCUMENT.PONUMBER", self.number)),
            ("vendordocno", single(self.vendor_reference)),
            ("termname", self.term),
        )
        due = [day_node("datedue", self.due)] if self.due else []
        message = given(("message", fit.text("PODOCUMENT.MESSAGE", self.message)))
        # both are required, and empty they are the vendor's own
        contacts: list[Node] = [("returnto", [("contactname", "")]), ("payto", [("contactname", "")])]
        external = given(("externalid", single(self.external)))
        money_block = legacy_currency(self.currency, self.base_currency, self.rate_type, self.day)
        body = [*head, *numbers, *due, *message, *contacts, *external, *money_block, *custom_fields(self.custom)]
        items: Node = ("potransitems", [_item(line, fit) for line in self.lines])
        return "create_potransaction", [*body, ("state", "Pending"), items]

    def _silent(self, look: Look) -> None:
        """Raises where orders of this definition were seen to post, or the first one has not been looked at."""
        shown = look.refs.get(POSTING)
        if shown and shown.state == "posts":
            raise Refused(
                f"Orders of the definition {self.definition} post to payables or the ledger.",
                cause="settings",
                code="po.posts",
                field="definition",
                value=self.definition,
                cure="Name a transaction definition that posts nothing, or change its posting in Sage Intacct; take"
                " back by hand what was posted.",
            )
        if shown and shown.state == "not proved":
            raise NotYet(
                f"The first order of the definition {self.definition} is on its way; the others follow once it was"
                " seen to post nothing.",
                code="dependency.first_order",
            )


def _item(line: OrderLine, fit: Fit) -> Node:
    head = given(("itemid", line.item), ("warehouseid", line.warehouse))
    what: list[Node] = [("quantity", _plain(line.quantity)), *given(("unit", line.unit)), ("price", money(line.price))]
    where = given(
        ("locationid", line.location),
        ("departmentid", line.department),
        ("memo", fit.text("PODOCUMENTENTRY.MEMO", line.memo)),
    )
    rest = given(
        ("projectid", line.project),
        ("customerid", line.customer),
        ("employeeid", line.employee),
        ("classid", line.class_),
    )
    return "potransitem", [*head, *what, *where, *custom_fields(line.dimensions), *rest]


def _plain(quantity: Decimal) -> str:
    text = format(quantity, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True, kw_only=True)
class PurchaseOrderClose(Undo):
    """Closes an order that was cancelled, or billed in full: it commits no more. What was billed of it stands."""

    kind: ClassVar[str] = "purchase_order_close"
    undoes: ClassVar[str] = "purchase_order"
    modules: ClassVar[tuple[str, ...]] = ()
    function: ClassVar[str] = "update_potransaction"

    definition: str

    @property
    def _party(self) -> str:
        return self.definition

    def _reverse(self, standing: Found, fit: Fit) -> Node:
        return self.function, [("@key", standing.id), ("state", "Closed")]
