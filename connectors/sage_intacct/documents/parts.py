"""What documents are made of: texts that fit, lines, currency, what they refer to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from connectors.base import Entry, Found, Look, Ref
from connectors.errors import NotYet, Refused
from connectors.sage_intacct.markup import Node, day_node, given, money, single

Pairs = tuple[tuple[str, str], ...]
"""Names and values of fields that a company made for itself."""

LENGTHS: Final[Mapping[str, int]] = {
    # Sage publishes none; these are known to fit. `inspect` tells the company's own.
    "CUSTOMER.CUSTOMERID": 20,
    "CUSTOMER.NAME": 99,
    "CUSTOMER.COMMENTS": 1000,
    "VENDOR.VENDORID": 20,
    "VENDOR.NAME": 99,
    "VENDOR.COMMENTS": 1000,
    "CONTACT.PRINTAS": 99,
    "CONTACT.FIRSTNAME": 40,
    "CONTACT.LASTNAME": 40,
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
    "APBILL.RECORDID": 30,
    "APBILL.DOCNUMBER": 30,
    "APBILL.DESCRIPTION": 1000,
    "APBILLITEM.ENTRYDESCRIPTION": 1000,
    "APADJUSTMENT.RECORDID": 30,
    "APADJUSTMENT.DOCNUMBER": 30,
    "APADJUSTMENT.DESCRIPTION": 1000,
    "APPYMT.DOCNUMBER": 30,
    "APPYMT.DESCRIPTION": 1000,
    "PODOCUMENT.DOCNO": 30,
    "PODOCUMENT.PONUMBER": 30,
    "PODOCUMENT.MESSAGE": 1000,
    "PODOCUMENTENTRY.MEMO": 1000,
    "OTHERRECEIPTS.PAYEE": 80,
    "OTHERRECEIPTS.REFID": 30,
    "OTHERRECEIPTS.DESCRIPTION": 1000,
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
    """An account label instead of the account, for companies that work with labels."""
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
    employee: str = ""
    dimensions: Pairs = ()
    """User-defined dimensions: (GLDIM name, record id)."""
    entity: str = ""


@dataclass(frozen=True, kw_only=True)
class Coded:
    """What a part of the source (a line, a tax rate, the shipping) was coded as. Not sent: what follows the document
    takes its coding from here."""

    source: str
    line: Line


def line_item(line: Line, fit: Fit, at: str = "ARINVOICEITEM.ENTRYDESCRIPTION") -> Node:
    """`lineitem` of invoices and adjustments; order of its children: schema 3.0."""
    account: Node = ("accountlabel", line.label) if line.label else ("glaccountno", line.account)
    head = [account, ("amount", money(line.amount))]
    memo = fit.text(at, line.memo)
    where = given(("memo", memo), ("locationid", line.location), ("departmentid", line.department))
    rest = given(
        ("projectid", line.project),
        ("customerid", line.customer),
        ("vendorid", line.vendor),
        ("employeeid", line.employee),
        ("itemid", line.item),
        ("classid", line.class_),
    )
    return "lineitem", head + where + custom_fields(line.dimensions) + rest


def custom_fields(pairs: Pairs) -> list[Node]:
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


def own_fields(pairs: Pairs) -> list[Node]:
    """Upper-case objects take them as plain elements."""
    return [(name, single(value)) for name, value in pairs]


def bill_item(line: Line, fit: Fit) -> Node:
    """`APBILLITEM`: dimensions as upper-case elements, those that a company made for itself under their own names."""
    account: Node = ("ACCOUNTLABEL", line.label) if line.label else ("ACCOUNTNO", line.account)
    rest = given(
        ("ENTRYDESCRIPTION", fit.text("APBILLITEM.ENTRYDESCRIPTION", line.memo)),
        ("LOCATIONID", line.location),
        ("DEPARTMENTID", line.department),
        ("PROJECTID", line.project),
        ("CUSTOMERID", line.customer),
        ("VENDORID", line.vendor),
        ("EMPLOYEEID", line.employee),
        ("ITEMID", line.item),
        ("CLASSID", line.class_),
    )
    return "APBILLITEM", [account, ("TRX_AMOUNT", money(line.amount)), *rest, *own_fields(line.dimensions)]


def lines_stand(lines: Sequence[Line], found: Found, sign: int = 1) -> bool:
    """Whether the lines that were read with it (`LINES.<n>.…`) are these: accounts and amounts in their order, and the
    places that ours name. Lines that were not read say nothing. `sign` of the amounts as they were sent."""
    if "LINES" not in found.raw:
        return True
    if found.raw["LINES"] != str(len(lines)):
        return False
    return all(_line_stands(line, found.raw, f"LINES.{place}", sign) for place, line in enumerate(lines, 1))


def _line_stands(line: Line, raw: Mapping[str, str], at: str, sign: int) -> bool:
    try:
        amount = Decimal(raw.get(f"{at}.TRX_AMOUNT") or "0")
    except InvalidOperation:
        return False
    coded = {"ACCOUNTNO": line.account, "LOCATIONID": line.location, "DEPARTMENTID": line.department}
    # a label hides its account, and a place that ours does not name is filled in there
    told = {name: text for name, text in coded.items() if text and f"{at}.{name}" in raw}
    return amount == sign * line.amount and all(raw[f"{at}.{name}"] == text for name, text in told.items())


def check_lines(lines: Sequence[Line], *, journal: bool = False) -> None:
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


def entities(lines: Sequence[Line]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.entity for line in lines if line.entity))


def debited(lines: Sequence[Line], against: str, memo: str = "") -> tuple[Entry, ...]:
    """Lines above zero on the debit side, all of them against one account on the other."""
    each = [Entry(line.account or line.label, line.amount, line.memo, at) for at, line in enumerate(lines)]
    return (*each, Entry(against, -total(lines), memo))


def credited(lines: Sequence[Line], against: str, memo: str = "") -> tuple[Entry, ...]:
    """Lines above zero on the credit side, against a debit."""
    *each, other = debited(lines, against, memo)
    turned = [Entry(one.account, -one.amount, one.memo, one.line) for one in (other, *each)]
    return tuple(turned)


def total(lines: Sequence[Line]) -> Decimal:
    return sum((line.amount for line in lines), Decimal(0))


def one_sign(lines: Sequence[Line]) -> None:
    if len({line.amount > 0 for line in lines if line.amount}) > 1:
        raise Refused(
            "An adjustment mixes lines above and below zero.", code="source.inconsistent", field="lines.amount"
        )


def legacy_currency(currency: str, base: str, rate_type: str, day: date) -> list[Node]:
    """The currency block. `exchratetype` empty: the daily rate of Sage Intacct; never a rate of ours."""
    if not currency:
        return []
    rate: list[Node] = [day_node("exchratedate", day), ("exchratetype", rate_type)]
    return [*given(("basecurr", base)), ("currency", currency), *rate]


# --- what a document refers to ----------------------------------------------------------------------------------------


def there(look: Look, ref: Ref) -> Found:
    found = look.refs.get(ref)
    if found is None:
        raise NotYet(f"The {ref.kind} {ref.key} is not in Sage Intacct.", code=f"dependency.{ref.kind}", key=ref.key)
    if found.state in ("draft", "submitted", "partially approved", "approved", "declined"):
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


def usable_customer(look: Look, id: str) -> None:
    usable_party(look, Ref("customer", id))


def usable_vendor(look: Look, id: str) -> None:
    usable_party(look, Ref("vendor", id))


def usable_party(look: Look, ref: Ref) -> None:
    party = there(look, ref)
    status, hold = party.raw.get("STATUS", ""), party.raw.get("ONHOLD", "")
    if status.lower() in ("inactive", "f") or hold.lower() in ("true", "t"):
        what = "on hold" if hold.lower() in ("true", "t") else "inactive"
        raise Refused(
            f"The {ref.kind} {ref.key} is {what} in Sage Intacct.",
            cause="settings",
            code="party.blocked",
            field=ref.kind,
            value=ref.key,
            cure=f"Activate the {ref.kind} or lift its hold in Sage Intacct; the record then goes on by itself.",
        )
