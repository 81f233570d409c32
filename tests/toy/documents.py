"""What the toy books can hold: a kind for each way in which a target helps, or does not help, against doubles."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

from connectors.base import Document, Identity


@dataclass(frozen=True, kw_only=True)
class Entry(Document):
    """What the three kinds of money documents have in common."""

    modules: ClassVar[tuple[str, ...]] = ("GL",)

    number: str
    party: str
    account: str
    currency: str
    amount: Decimal
    day: date

    def identity(self) -> Identity:
        return Identity(self.kind, self.number, self.party, self.currency, self.amount, self.day)


@dataclass(frozen=True, kw_only=True)
class Keyed(Entry):
    """The books refuse a second one with the same number."""

    kind: ClassVar[str] = "keyed"


@dataclass(frozen=True, kw_only=True)
class Plain(Entry):
    """The books take as many with the same number as they are sent."""

    kind: ClassVar[str] = "plain"
    unique: ClassVar[bool] = False


@dataclass(frozen=True, kw_only=True)
class Stepped(Entry):
    """Created as `balanced`, posted by a release. No unique number either."""

    kind: ClassVar[str] = "stepped"
    unique: ClassVar[bool] = False


@dataclass(frozen=True, kw_only=True)
class Party(Document):
    """A master: created once, updated afterwards."""

    kind: ClassVar[str] = "party"
    master: ClassVar[bool] = True

    number: str
    name: str

    def identity(self) -> Identity:
        return Identity(self.kind, self.number, self.name, "", Decimal(0), None)


KINDS: dict[str, type[Document]] = {one.kind: one for one in (Keyed, Plain, Stepped, Party)}
