"""Amounts of Stripe as the ledger can hold them, and the currencies that it has. docs/accounting.md 1"""

from dataclasses import dataclass
from decimal import Decimal

from connectors.base import Desk
from connectors.errors import Refused
from connectors.money import exact
from connectors.sage_intacct import bookable
from connectors.stripe import amounts

SMALLEST = Decimal("0.01")  # Sage Intacct keeps two decimals


@dataclass(frozen=True)
class Currency:
    """Of one document. `code` is lower case, as Stripe has it."""

    code: str
    unit: Decimal

    @property
    def upper(self) -> str:
        return self.code.upper()

    def amount(self, minor: int) -> Decimal:
        """Raises Refused with code `amount.precision` for a third decimal that is not 0."""
        return exact(amounts.decimal(minor, self.code), self.unit)


@dataclass(frozen=True)
class Block:
    """The currency fields of a document; both empty where the company has one currency only."""

    currency: str
    base_currency: str
    rate_type: str


def currency_of(code: str) -> Currency:
    smallest = Decimal(1).scaleb(-amounts.exponent(code))
    return Currency(code.lower(), max(smallest, SMALLEST))


def held(desk: Desk, code: str, entity: str, field: str = "currency") -> Currency:
    """The currency, if the ledger has it. Raises Refused with code `currency.not_enabled`."""
    base = bookable.in_the_books(desk, code, entity, field)
    desk.because(field, f"Stripe {code}, base currency of {entity or 'the company'}: {base}")
    return currency_of(code)


def in_base(desk: Desk, code: str, entity: str, field: str = "currency") -> Currency:
    """The currency, if it is the entity's own: for money that no document of another currency stands behind."""
    base = bookable.base_currency(desk, entity)
    if code.upper() != base:
        raise Refused(
            f"{code.upper()} is not the base currency of {entity or 'the company'} ({base}).",
            cause="settings",
            code="currency.third",
            field=field,
            value=code.upper(),
            cure=f"Book this document by hand; amounts in {code.upper()} are not carried to a ledger in {base}.",
        )
    desk.because(field, f"Stripe {code}, base currency of {entity or 'the company'}")
    return currency_of(code)


def block(desk: Desk, currency: Currency, entity: str) -> Block:
    if not desk.target.facts.get("multi_currency"):
        return Block("", "", "")
    return Block(currency.upper, bookable.base_currency(desk, entity), str(desk.option("rate_type") or ""))
