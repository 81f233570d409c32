"""The account that holds what Stripe holds, and the balance rows that move it. docs/accounting.md 2"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from connectors.base import Desk, Json
from connectors.errors import Refused, Unmapped
from connectors.integrations.stripe_intacct.amount import Currency, currency_of
from connectors.integrations.stripe_intacct.coding import Place, coded, within
from connectors.sage_intacct.bookable import base_currency
from connectors.sage_intacct.documents import Line
from connectors.stripe.reading import moment

CASH = "Stripe"
"""The text of the lines on clearing."""


@dataclass(frozen=True)
class Clearing:
    bank: str
    """Id of the checking account."""
    gl_account: str


def clearing_of(desk: Desk, currency: Currency, entity: str, on: date, at: str) -> Clearing:
    values = [f"{currency.upper}/{entity}" if entity else "", currency.upper]
    row = desk.map("clearing", *values, on=on, at=at)
    bank = desk.choice("bank_account", row.value)
    if bank:
        within(desk, str(bank.facts.get("location") or ""), entity, f"The bank account {row.value}", at)
    if bank and bank.facts.get("currency") not in (None, "", currency.upper):
        raise Refused(
            f"The account {row.value} is in {bank.facts['currency']}, Stripe's balance in {currency.upper}.",
            cause="settings",
            code="currency.clearing",
            field=at,
            value=row.value,
            cure=f"Map {values[0] or values[1]} to a checking account in {currency.upper}.",
        )
    account = row.facts.get("gl_account") or (str(bank.facts.get("gl_account") or "") if bank else "")
    return Clearing(row.value, account)


def gl_account(clearing: Clearing, at: str) -> str:
    if not clearing.gl_account:
        raise Unmapped("clearing", [f"gl_account of {clearing.bank}"], field=at)
    return clearing.gl_account


def cash(desk: Desk, currency: Currency, entity: str, amount: Decimal, day: date) -> Line:
    """The line of a journal on clearing; below zero the money leaves."""
    account = gl_account(clearing_of(desk, currency, entity, day, "lines.clearing"), "lines.clearing")
    return Line(account=account, amount=amount, location=entity, entity=entity, memo=CASH)


def refunds_clearing(desk: Desk, currency: Currency, entity: str, day: date, at: str) -> Line:
    """A line without amount on the account where money that left clearing meets its memo."""
    values = [f"{currency.upper}/{entity}" if entity else "", currency.upper]
    return coded(desk, desk.map("refunds_clearing", *values, on=day, at=at), Place(day, entity, {}), at)


def journal_symbol(desk: Desk) -> str:
    symbol = str(desk.option("journal") or "")
    if not symbol:
        raise Refused(
            "No journal is chosen for entries of this link.",
            cause="settings",
            code="settings.journal",
            field="journal",
            cure="Enter the symbol of a journal in the options of the link.",
        )
    return symbol


def day_of(desk: Desk, row: Json, entity: str) -> date:
    """The only date with which the account equals Stripe's balance at every cut-off."""
    desk.because("day", f"created of {row['id']}")
    return desk.day(moment(row["created"]), entity)


@dataclass(frozen=True)
class Settled:
    """What rows moved, in the currency of Stripe's balance; as stored, never reckoned with a rate."""

    currency: Currency
    minor: int
    exchanged: bool
    """In another currency than the document: it is then the base currency of the entity."""

    @property
    def amount(self) -> Decimal:
        return self.currency.amount(self.minor)


def settled(desk: Desk, rows: Sequence[Json], currency: Currency, minor: int, entity: str) -> Settled:
    """Of rows that move `minor` of the document's currency. Raises Refused with code `currency.third` where Stripe's
    balance is neither in that nor in the entity's own currency."""
    code = rows[0]["currency"]
    if code == currency.code or any(row["currency"] != code for row in rows):
        same_money(rows, currency, minor)
        return Settled(currency, minor, exchanged=False)
    base = base_currency(desk, entity)
    if code.upper() != base:
        raise Refused(
            f"Stripe settles {currency.upper} in {code.upper()} ({rows[0]['id']}); the books are in {base}.",
            cause="settings",
            code="currency.third",
            field="currency",
            value=code.upper(),
            cure=f"Book this document by hand, or let Stripe settle {currency.upper} in itself or in {base}.",
        )
    moved = sum(row["amount"] for row in rows)
    if (moved < 0) != (minor < 0):
        raise _inconsistent(moved, minor)
    desk.because("settled", f"{', '.join(row['id'] for row in rows)}: {moved} {code} for {minor} {currency.code}")
    return Settled(currency_of(code), moved, exchanged=True)


def same_money(rows: Sequence[Json], currency: Currency, minor: int) -> None:
    """The rows move exactly what the document says, in its currency. Raises Refused."""
    for row in rows:
        if row["currency"] != currency.code:
            raise Refused(
                f"Stripe settles {currency.upper} in {row['currency'].upper()} ({row['id']}).",
                cause="settings",
                code="currency.third",
                field="currency",
                value=row["currency"].upper(),
                cure="Book this document by hand; other settlement currencies are not carried yet.",
            )
    moved = sum(row["amount"] for row in rows)
    if moved != minor:
        raise _inconsistent(moved, minor)


def _inconsistent(moved: int, minor: int) -> Refused:
    return Refused(
        f"The balance rows move {moved}, the document says {minor} (minor units).",
        code="source.inconsistent",
        field="amount",
        value=str(moved),
        cure="Send the record to support with both figures.",
    )
