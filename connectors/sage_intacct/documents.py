"""What Sage Intacct can hold, and how each is written.

Two dialects (sheet 5.1): upper-case objects in `create` and `update`, whose children may stand in any order, and
lower-case functions, whose children may not. Amounts carry a sign only where Sage Intacct wants one.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import ClassVar, Final

from connectors.base import Document, Found, Identity, Look, Ref
from connectors.errors import NotYet, Refused
from connectors.sage_intacct.markup import Node, day_node, given, money, single, us_day

Pairs = tuple[tuple[str, str], ...]
"""Names and values of fields that a company made for itself."""

LENGTHS: Final[Mapping[str, int]] = {
    # Sage publishes none; these are known to fit (sheet 5.1). `inspect` tells the company's own.
    "CUSTOMER.CUSTOMERID": 20,
    "CUSTOMER.NAME": 99,
    "CUSTOMER.COMMENTS": 1000,
    "CONTACT.PRINTAS": 99,
    "CONTACT.EMAIL1": 100,
    "CONTACT.PHONE1": 30,
    "CONTACT.ADDRESS1": 80,
    "CONTACT.ADDRESS2": 80,
    "CONTACT.CITY": 80,
    "CONTACT.STATE": 40,
    "CONTACT.ZIP": 30,
    "CONTACT.COUNTRY": 60,
    "ARINVOICE.RECORDID": 30,
    "ARINVOICE.DOCNUMBER": 30,
    "ARINVOICE.DESCRIPTION": 1000,
    "ARINVOICEITEM.ENTRYDESCRIPTION": 1000,
    "ARADJUSTMENT.RECORDID": 30,
    "ARADJUSTMENT.DOCNUMBER": 30,
    "ARADJUSTMENT.DESCRIPTION": 1000,
    "ARPYMT.DOCNUMBER": 30,
    "ARPYMT.DESCRIPTION": 1000,
    "GLBATCH.REFERENCENO": 30,
    "GLBATCH.BATCH_TITLE": 80,
    "GLENTRY.DESCRIPTION": 1000,
    "GLENTRY.DOCUMENT": 30,
}


@dataclass(frozen=True)
class Fit:
    """Checks that a text fits its field; never cuts it."""

    lengths: Mapping[str, int] = field(default_factory=dict)

    def key(self, at: str, text: str) -> str:
        """What the document will be searched by: it must arrive as it is."""
        if not text or single(text) != text:
            raise Refused(
                f"{at}: {text[:80]!r} is empty, or holds characters or blanks that would not survive.",
                code="number.characters",
                field=at,
                value=text[:80],
                cure="Use letters, digits and . _ / - in numbers.",
            )
        return self.text(at, text)

    def text(self, at: str, text: str) -> str:
        text = single(text)
        longest = int(self.lengths.get(at) or LENGTHS[at])
        if len(text) > longest:
            raise Refused(
                f"{at}: {len(text)} characters, {longest} fit.",
                code="text.too_long",
                field=at,
                value=text[:80] + "…",
                cure="Shorten the text at the source, or let the flow cut it.",
            )
        return text


# --- lines ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line. `amount` in a journal: debit above zero, credit below; elsewhere: as the document's kind says.

    `entity` is not sent: it says for which entity a journal line counts when the journal must balance.
    """

    amount: Decimal
    account: str = ""
    label: str = ""
    """An AR account label instead of the account, for companies that work with labels."""
    memo: str = ""
    document: str = ""
    """Journals: the DOCUMENT of the entry."""
    location: str = ""
    department: str = ""
    class_: str = ""
    item: str = ""
    project: str = ""
    customer: str = ""
    vendor: str = ""
    dimensions: Pairs = ()
    """User-defined dimensions: (GLDIM name, record id)."""
    entity: str = ""


def _line_item(line: Line, fit: Fit) -> Node:
    """`lineitem` of invoices and adjustments; order of its children: schema 3.0."""
    account: Node = ("accountlabel", line.label) if line.label else ("glaccountno", line.account)
    head = [account, ("amount", money(line.amount))]
    memo = fit.text("ARINVOICEITEM.ENTRYDESCRIPTION", line.memo)
    where = given(("memo", memo), ("locationid", line.location), ("departmentid", line.department))
    rest = given(
        ("projectid", line.project),
        ("customerid", line.customer),
        ("vendorid", line.vendor),
        ("itemid", line.item),
        ("classid", line.class_),
    )
    return "lineitem", head + where + _custom_fields(line.dimensions) + rest


def _custom_fields(pairs: Pairs) -> list[Node]:
    """Lower-case functions name them in elements of their own."""
    if not pairs:
        return []
    return [
        (
            "customfields",
            [
                ("customfield", [("customfieldname", name), ("customfieldvalue", single(value))])
                for name, value in pairs
            ],
        )
    ]


def _own_fields(pairs: Pairs) -> list[Node]:
    """Upper-case objects take them as plain elements."""
    return [(name, single(value)) for name, value in pairs]


def _check_lines(lines: Sequence[Line], *, journal: bool = False) -> None:
    """Each line has an exact amount and one account, or one label; journals know no labels."""
    if not lines:
        raise Refused("A document without lines.", code="source.inconsistent", field="lines")
    for number, line in enumerate(lines, 1):
        money(line.amount, f"lines[{number}].amount")
        if bool(line.account) == bool(line.label) or (journal and line.label):
            raise Refused(
                f"Line {number} needs one account{'' if journal else ' or label'}: {line.account!r} {line.label!r}.",
                cause="settings",
                code="unmapped.account",
                field=f"lines[{number}].account",
                cure="Map an account for the line.",
            )


def _total(lines: Sequence[Line]) -> Decimal:
    return sum((line.amount for line in lines), Decimal(0))


def _legacy_currency(currency: str, base: str, rate_type: str, day: date) -> list[Node]:
    """The currency block. `exchratetype` empty: the daily rate of Sage Intacct; never a rate of ours."""
    if not currency:
        return []
    rate: list[Node] = [day_node("exchratedate", day), ("exchratetype", rate_type)]
    return [*given(("basecurr", base)), ("currency", currency), *rate]


# --- customer ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Address:
    line1: str = ""
    line2: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    country: str = ""
    """Its name, as Sage Intacct lists it."""
    country_code: str = ""


@dataclass(frozen=True, kw_only=True)
class Customer(Document):
    """CUSTOMER. https://developer.intacct.com/api/accounts-receivable/customers/

    The source owns name, contact and address; everything else is written once and then belongs to Sage Intacct.
    """

    kind: ClassVar[str] = "customer"
    master: ClassVar[bool] = True

    id: str
    name: str
    print_as: str = ""
    """Empty: the name."""
    email: str = ""
    phone: str = ""
    address: Address = Address()
    currency: str = ""
    term: str = ""
    comments: str = ""
    custom: Pairs = ()
    entity: str = ""

    def identity(self) -> Identity:
        return Identity(self.kind, self.id, "", "", Decimal(0), None)

    @property
    def session(self) -> str:
        return self.entity

    def node(self, look: Look, before: Document | None, fit: Fit) -> Node:
        if any(not hit.gone for hit in look.hits):
            return self._update(before if isinstance(before, Customer) else None, fit)
        mail = given(*self._mail(fit).items())
        display = given(*self._contact(fit).items()) + ([("MAILADDRESS", mail)] if mail else [])
        once = given(
            ("TERMNAME", self.term),
            ("CURRENCY", self.currency),
            ("COMMENTS", fit.text("CUSTOMER.COMMENTS", self.comments)),
        )
        head: list[Node] = [("CUSTOMERID", fit.key("CUSTOMER.CUSTOMERID", self.id)), ("NAME", self._name(fit))]
        body = [*head, ("DISPLAYCONTACT", display), *once, ("STATUS", "active"), *_own_fields(self.custom)]
        return "create", [("CUSTOMER", body)]

    def _update(self, before: "Customer | None", fit: Fit) -> Node:
        """Only what the source changed since we last wrote; an empty element clears a field."""
        contact = _changed(self._contact(fit), before._contact(fit) if before else None)
        mail = _changed(self._mail(fit), before._mail(fit) if before else None)
        display = contact + ([("MAILADDRESS", mail)] if mail else [])
        body: list[Node] = [("CUSTOMERID", fit.key("CUSTOMER.CUSTOMERID", self.id)), ("NAME", self._name(fit))]
        if display:
            body.append(("DISPLAYCONTACT", display))
        return "update", [("CUSTOMER", body)]

    def _name(self, fit: Fit) -> str:
        name = fit.text("CUSTOMER.NAME", self.name)
        if not name:
            raise Refused("The customer has no name.", code="party.nameless", field="name", value=self.id)
        return name

    def _contact(self, fit: Fit) -> dict[str, str]:
        # CONTACTNAME is left out: Sage Intacct derives one that collides with nobody's
        return {
            "PRINTAS": fit.text("CONTACT.PRINTAS", self.print_as or self.name),
            "EMAIL1": fit.text("CONTACT.EMAIL1", self.email),
            "PHONE1": fit.text("CONTACT.PHONE1", self.phone),
        }

    def _mail(self, fit: Fit) -> dict[str, str]:
        address = self.address
        return {
            "ADDRESS1": fit.text("CONTACT.ADDRESS1", address.line1),
            "ADDRESS2": fit.text("CONTACT.ADDRESS2", address.line2),
            "CITY": fit.text("CONTACT.CITY", address.city),
            "STATE": fit.text("CONTACT.STATE", address.state),
            "ZIP": fit.text("CONTACT.ZIP", address.zip),
            "COUNTRY": fit.text("CONTACT.COUNTRY", address.country),
            "COUNTRYCODE": single(address.country_code),
        }


def _changed(now: Mapping[str, str], before: Mapping[str, str] | None) -> list[Node]:
    return [(name, text) for name, text in now.items() if (text != before[name] if before is not None else text)]


# --- invoice and adjustment -------------------------------------------------------------------------------------------


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

    def __post_init__(self) -> None:
        _check_lines(self.lines)

    def identity(self) -> Identity:
        return Identity(self.kind, self.number, self.customer, self.currency, _total(self.lines), self.day)

    def refs(self) -> tuple[Ref, ...]:
        return (Ref("customer", self.customer),)

    @property
    def session(self) -> str:
        return self.entity

    def node(self, look: Look, before: Document | None, fit: Fit) -> Node:
        _usable_customer(look, self.customer)
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
        money_block = _legacy_currency(self.currency, self.base_currency, self.rate_type, self.day)
        items: Node = ("invoiceitems", [_line_item(line, fit) for line in self.lines])
        return "create_invoice", [*head, *texts, *money_block, *_custom_fields(self.custom), items]


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

    def __post_init__(self) -> None:
        _check_lines(self.lines)
        if len({line.amount > 0 for line in self.lines if line.amount}) > 1:
            raise Refused(
                "An adjustment mixes lines above and below zero.", code="source.inconsistent", field="lines.amount"
            )

    def identity(self) -> Identity:
        return Identity(self.kind, self.number, self.customer, self.currency, _total(self.lines), self.day)

    def refs(self) -> tuple[Ref, ...]:
        return (Ref("customer", self.customer),)

    @property
    def session(self) -> str:
        return self.entity

    def node(self, look: Look, before: Document | None, fit: Fit) -> Node:
        _usable_customer(look, self.customer)
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
        money_block = _legacy_currency(self.currency, self.base_currency, self.rate_type, self.day)
        items: Node = ("aradjustmentitems", [_line_item(line, fit) for line in self.lines])
        return "create_aradjustment", [*head, *texts, *money_block, items]


# --- payment ----------------------------------------------------------------------------------------------------------


METHODS: Final = ("EFT", "Credit Card", "Cash")
"""Methods that only record what has happened."""


@dataclass(frozen=True, kw_only=True)
class Inline:
    """A negative line of the invoice that this receipt uses up: its place (1 is the first) and how much of it, above
    zero."""

    line: int
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class Payment(Document):
    """Customer payment: ARPYMT. https://developer.intacct.com/api/accounts-receivable/ar-payments/

    Its DOCNUMBER is not unique there. `applied` goes to the document in `to`, `excess` becomes open credit.
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
    settled: Decimal | None = None
    """What arrived on the account, in its currency, where that differs from `currency`."""
    draft: bool = False
    custom: Pairs = ()
    entity: str = ""

    def __post_init__(self) -> None:
        for name in ("applied", "excess", "settled"):
            amount = getattr(self, name)
            if amount is not None and (money(amount, name), amount)[1] < 0:
                raise Refused(f"{name} is below zero.", code="source.inconsistent", field=name, value=str(amount))
        for part in self.inline:
            money(part.amount, "inline.amount")
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

    def identity(self) -> Identity:
        return Identity(self.kind, self.number, self.customer, self.currency, self.applied + self.excess, self.day)

    def refs(self) -> tuple[Ref, ...]:
        return (self.to,)

    @property
    def session(self) -> str:
        return self.entity

    def node(self, look: Look, before: Document | None, fit: Fit) -> Node:
        owed = self._owed(look)
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
            ("ACTION", "Draft" if self.draft else ""),
        )
        body = [*head, *self._settled(), *self._excess(), *_own_fields(self.custom), *self._details(owed)]
        return "create", [("ARPYMT", body)]

    def _owed(self, look: Look) -> Found:
        """What is paid, as the look showed it; refuses what the money does not fit."""
        owed = _there(look, self.to)
        if self.currency and owed.identity.currency and owed.identity.currency != self.currency:
            raise Refused(
                f"{self.to.key} is in {owed.identity.currency}, the payment in {self.currency}.",
                cause="decision",
                code="currency.mismatch",
                field="currency",
                value=self.currency,
                cure="Look at the invoice in Sage Intacct and decide how this money is applied.",
            )
        if owed.due is None or self.applied > owed.due:
            raise Refused(
                f"{self.applied} is to be applied to {self.to.key}, of which {owed.due} is due.",
                cause="decision",
                code="amount.over_due",
                field="applied",
                value=str(self.applied),
                cure="Something else was applied first: look at the invoice and decide how this money is applied.",
            )
        return owed

    def _settled(self) -> list[Node]:
        if self.settled is None:
            return []
        return [("AMOUNTTOPAY", money(self.settled)), ("TRX_AMOUNTTOPAY", money(self.applied + self.excess))]

    def _excess(self) -> list[Node]:
        if not self.excess:
            return []
        where = given(
            ("OVERPAYMENTLOCATIONID", self.excess_location), ("OVERPAYMENTDEPARTMENTID", self.excess_department)
        )
        return [("OVERPAYMENTAMOUNT", money(self.excess)), *where]

    def _details(self, owed: Found) -> list[Node]:
        """One detail holds the cash and at most one credit."""
        key = "RECORDKEY" if self.to.kind == Invoice.kind else "POSADJKEY"
        cash: list[Node] = [("TRX_PAYMENTAMOUNT", money(self.applied))] if self.applied else []
        inline = [_inline_nodes(part, owed) for part in self.inline]
        parts = [cash + (inline[0] if inline else []), *inline[1:]]
        details: list[Node] = [("ARPYMTDETAIL", [(key, owed.id), *part]) for part in parts if part]
        return [("ARPYMTDETAILS", details)] if details else []


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


# --- journal ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Journal(Document):
    """Journal entry: GLBATCH with GLENTRY, in one currency, balanced in each entity.
    https://developer.intacct.com/api/general-ledger/journal-entries/

    Its REFERENCENO is not unique there.
    """

    kind: ClassVar[str] = "journal"
    modules: ClassVar[tuple[str, ...]] = ("GL",)
    unique: ClassVar[bool] = False

    number: str
    journal: str
    """Symbol of the journal."""
    day: date
    title: str
    lines: tuple[Line, ...]
    currency: str = ""
    rate_type: str = ""
    base_location: str = ""
    """Source entity, only where Sage Intacct itself may add inter-entity lines."""
    draft: bool = False
    custom: Pairs = ()
    entity: str = ""

    def __post_init__(self) -> None:
        _check_lines(self.lines, journal=True)
        open_by_entity: defaultdict[str, Decimal] = defaultdict(Decimal)
        for line in self.lines:
            open_by_entity["" if self.base_location else line.entity] += line.amount
        open_ = {entity: amount for entity, amount in open_by_entity.items() if amount}
        if open_ or len(self.lines) < 2:
            listed = ", ".join(f"{entity or 'all'} {amount}" for entity, amount in sorted(open_.items()))
            raise Refused(
                f"The journal {self.number} does not balance: {listed or 'one line only'}.",
                code="source.inconsistent",
                field="lines",
                value=listed,
                cure="Send the figures to support: nothing is posted that does not balance.",
            )

    def identity(self) -> Identity:
        debits = _total([line for line in self.lines if line.amount > 0])
        return Identity(self.kind, self.number, self.journal, self.currency, debits, self.day)

    @property
    def session(self) -> str:
        return self.entity

    def node(self, look: Look, before: Document | None, fit: Fit) -> Node:
        head: list[Node] = [
            ("JOURNAL", self.journal),
            ("BATCH_DATE", us_day(self.day)),
            ("BATCH_TITLE", fit.text("GLBATCH.BATCH_TITLE", self.title)),
            ("REFERENCENO", fit.key("GLBATCH.REFERENCENO", self.number)),
        ]
        texts = given(("BASELOCATION_NO", self.base_location), ("STATE", "Draft" if self.draft else "Posted"))
        entries: Node = ("ENTRIES", [self._entry(line, fit) for line in self.lines])
        return "create", [("GLBATCH", [*head, *texts, *_own_fields(self.custom), entries])]

    def _entry(self, line: Line, fit: Fit) -> Node:
        """Amount without sign, TR_TYPE 1 debit, -1 credit; here the dimensions are LOCATION and DEPARTMENT."""
        head: list[Node] = [
            ("ACCOUNTNO", line.account),
            ("TR_TYPE", "1" if line.amount >= 0 else "-1"),
            ("TRX_AMOUNT", money(abs(line.amount))),
        ]
        rate: list[Node] = [
            ("CURRENCY", self.currency),
            ("EXCH_RATE_DATE", us_day(self.day)),
            ("EXCH_RATE_TYPE_ID", self.rate_type),
        ]
        rest = given(
            ("DOCUMENT", fit.text("GLENTRY.DOCUMENT", line.document)),
            ("LOCATION", line.location),
            ("DEPARTMENT", line.department),
            ("DESCRIPTION", fit.text("GLENTRY.DESCRIPTION", line.memo)),
            ("PROJECTID", line.project),
            ("CUSTOMERID", line.customer),
            ("VENDORID", line.vendor),
            ("ITEMID", line.item),
            ("CLASSID", line.class_),
        )
        return "GLENTRY", [*head, *(rate if self.currency else []), *rest, *_own_fields(line.dimensions)]


AnyDocument = Customer | Invoice | Adjustment | Payment | Journal

KINDS: Final[Mapping[str, type[Document]]] = {
    cls.kind: cls for cls in (Customer, Invoice, Payment, Adjustment, Journal)
}


# --- what a document refers to ----------------------------------------------------------------------------------------


def _there(look: Look, ref: Ref) -> Found:
    found = look.refs.get(ref)
    if found is None:
        raise NotYet(f"The {ref.kind} {ref.key} is not in Sage Intacct.", code=f"dependency.{ref.kind}", key=ref.key)
    if found.state in ("draft", "submitted", "partially approved", "declined"):
        raise NotYet(
            f"The {ref.kind} {ref.key} is {found.state}, not posted.", code=f"dependency.{ref.kind}", key=ref.key
        )
    if found.gone or found.state == AMBIGUOUS:
        raise Refused(
            f"The {ref.kind} {ref.key} is {found.state} in Sage Intacct.",
            cause="decision",
            code="reference.ambiguous" if found.state == AMBIGUOUS else "reference.gone",
            field=ref.kind,
            value=ref.key,
            cure="Look at it in Sage Intacct and decide what this document is about.",
        )
    return found


AMBIGUOUS: Final = "there more than once"
"""State of a reference that several documents fit."""


def _usable_customer(look: Look, id: str) -> None:
    customer = _there(look, Ref("customer", id))
    status, hold = customer.raw.get("STATUS", ""), customer.raw.get("ONHOLD", "")
    if status.lower() in ("inactive", "f") or hold.lower() in ("true", "t"):
        raise Refused(
            f"The customer {id} is {'on hold' if hold.lower() in ('true', 't') else 'inactive'} in Sage Intacct.",
            cause="settings",
            code="party.blocked",
            field="customer",
            value=id,
            cure="Activate the customer or lift its hold in Sage Intacct; the record then goes on by itself.",
        )
