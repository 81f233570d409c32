"""The account that holds what Stripe holds, and the balance rows that move it. docs/accounting.md 2"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from connectors.base import Desk, Json
from connectors.errors import Refused, Unmapped
from connectors.integrations.stripe_intacct.amount import Currency
from connectors.stripe.reading import moment


@dataclass(frozen=True)
class Clearing:
    bank: str
    """Id of the checking account."""
    gl_account: str


def clearing_of(desk: Desk, currency: Currency, entity: str, on: date, at: str) -> Clearing:
    values = [f"{currency.upper}/{entity}" if entity else "", currency.upper]
    row = desk.map("clearing", *values, on=on, at=at)
    bank = desk.choice("bank_account", row.value)
    account = row.facts.get("gl_account") or (str(bank.facts.get("gl_account") or "") if bank else "")
    return Clearing(row.value, account)


def gl_account(clearing: Clearing, at: str) -> str:
    if not clearing.gl_account:
        raise Unmapped("clearing", [f"gl_account of {clearing.bank}"], field=at)
    return clearing.gl_account


def day_of(desk: Desk, row: Json, entity: str) -> date:
    """The only date with which the account equals Stripe's balance at every cut-off."""
    desk.because("day", f"created of {row['id']}")
    return desk.day(moment(row["created"]), entity)


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
        raise Refused(
            f"The balance rows move {moved}, the document says {minor} (minor units).",
            code="source.inconsistent",
            field="amount",
            value=str(moved),
            cure="Send the record to support with both figures.",
        )
