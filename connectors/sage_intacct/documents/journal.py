"""Journal entries."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

from connectors.base import Document, Entry, Identity, Look
from connectors.errors import Refused
from connectors.sage_intacct.documents.parts import Fit, Line, Pairs, check_lines, debited, entities, own_fields, total
from connectors.sage_intacct.markup import Node, given, money, us_day


@dataclass(frozen=True, kw_only=True)
class Journal(Document):
    """Journal entry: GLBATCH with GLENTRY, in one currency, balanced in each entity.
    https://developer.intacct.com/api/general-ledger/journal-entries/

    Its REFERENCENO is not unique there.
    """

    kind: ClassVar[str] = "journal"
    # A line on the account of a bank needs cash management open; so far every entry has one on clearing.
    modules: ClassVar[tuple[str, ...]] = ("cash", "GL")
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
        check_lines(self.lines, journal=True)
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

    def entries(self) -> tuple[Entry, ...]:
        return debited(self.lines, "")[:-1]

    def identity(self) -> Identity:
        debits = total([line for line in self.lines if line.amount > 0])
        return Identity(self.kind, self.number, self.journal, self.currency, debits, self.day)

    def entities(self) -> tuple[str, ...]:
        return entities(self.lines)

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
        return "create", [("GLBATCH", [*head, *texts, *own_fields(self.custom), entries])]

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
        return "GLENTRY", [*head, *(rate if self.currency else []), *rest, *own_fields(line.dimensions)]
