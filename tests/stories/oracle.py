"""What the books must hold, reckoned a second time: from Stripe's own objects and docs/accounting.md alone.

It shares nothing with the product: no translate function, no money arithmetic, no table of ours. It knows the accounts
of the demo's mappings, a company with one entity in dollars, and flows for customers, invoices, payments and refunds.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from standins.sage_intacct.control import books_of

Json = dict[str, Any]
ZONE = ZoneInfo("America/Los_Angeles")
RECEIVABLE, CLEARING, OVERPAID, TAX, SHIPPING, CLAIMED = "12100", "10210", "24200", "22010", "41000", "24100"


@dataclass
class Books:
    """Documents as sorted lists, so that a second one of a kind is seen; balances by account, debit positive."""

    customers: list[str] = field(default_factory=list)
    invoices: list[tuple[str, str, date, Decimal, Decimal]] = field(default_factory=list)
    receipts: list[tuple[str, str, date, Decimal, Decimal, str]] = field(default_factory=list)
    journals: list[tuple[str, date, tuple[tuple[str, Decimal], ...]]] = field(default_factory=list)
    balances: dict[str, Decimal] = field(default_factory=dict)

    def sorted(self) -> "Books":
        balances = {account: amount for account, amount in sorted(self.balances.items()) if amount}
        return Books(
            sorted(self.customers), sorted(self.invoices), sorted(self.receipts), sorted(self.journals), balances
        )


def compare(shop: Any, company: Any) -> None:
    """The books hold what Stripe's objects demand: nothing more, nothing less, nothing twice, to the cent."""
    demanded, held = demand(shop.dump()), holding(company)
    assert held.customers == demanded.customers
    assert held.invoices == demanded.invoices
    assert held.receipts == demanded.receipts
    assert held.journals == demanded.journals
    assert held.balances == demanded.balances
    assert sum(held.balances.values(), Decimal(0)) == 0


# --- what the stand-in's books hold -----------------------------------------------------------------------------------


def holding(company: Any) -> Books:
    dump = books_of(company)
    books = Books([party["id"] for party in dump["customers"]])
    for one in dump["documents"]:
        if one["object"] == "ARINVOICE":
            books.invoices.append((one["number"], one["party"], one["date"], one["amount"], one["due"]))
        elif one["object"] == "ARPYMT":
            applied = sum((part["amount"] for part in one["applications"]), Decimal(0))
            (to,) = {part["number"] for part in one["applications"]} or {""}
            books.receipts.append((one["number"], one["party"], one["date"], one["amount"], applied, to))
        elif one["object"] == "GLBATCH":
            lines = _lines((line["account"], line["amount"]) for line in one["lines"])
            books.journals.append((one["number"], one["date"], lines))
        else:
            raise AssertionError(f"nobody asked for {one}")
    books.balances = dict(dump["balances"])
    return books.sorted()


def _lines(parts: Iterable[tuple[str, Decimal]]) -> tuple[tuple[str, Decimal], ...]:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for account, amount in parts:
        sums[account] += amount
    return tuple(sorted((account, amount) for account, amount in sums.items() if amount))


# --- what Stripe's objects demand -------------------------------------------------------------------------------------


def demand(shop: Json) -> Books:
    """`shop`: the dump of the stand-in, objects by kind and id."""
    return _Reckoning(shop).books()


class _Reckoning:
    def __init__(self, shop: Json) -> None:
        self.of = {kind: rows for kind, rows in shop.items() if isinstance(rows, dict)}
        self.result = Books()
        self.sums: defaultdict[str, int] = defaultdict(int)

    def all(self, kind: str) -> list[Json]:
        return list(self.of.get(kind, {}).values())

    def books(self) -> Books:
        self.result.customers = [one["id"] for one in self.all("customer")]
        for invoice in self.all("invoice"):
            if invoice["status"] != "draft":
                self._invoice(invoice)
        for refund in self.all("refund"):
            self._refund(refund)
        self.result.balances = {account: _money(cents) for account, cents in self.sums.items()}
        return self.result.sorted()

    def _post(self, cents: Mapping[str, int]) -> None:
        assert sum(cents.values()) == 0, "the oracle itself does not balance"
        for account, amount in cents.items():
            self.sums[account] += amount

    # invoices and what pays them

    def _invoice(self, invoice: Json) -> None:
        bears = self._bears(invoice)
        assert sum(bears.values()) == invoice["total"]
        self._post({RECEIVABLE: invoice["total"], **{account: -cents for account, cents in bears.items()}})
        applied = sum(self._receipt(invoice, row, put) for row, put in self._applied(invoice))
        day = _day(invoice["effective_at"] or invoice["status_transitions"]["finalized_at"])
        total, due = _money(invoice["total"]), _money(invoice["total"] - applied)
        self.result.invoices.append((invoice["number"], invoice["customer"], day, total, due))

    def _bears(self, invoice: Json) -> dict[str, int]:
        """What each account bears, in the order of the lines, taxes last."""
        bears: defaultdict[str, int] = defaultdict(int)
        lines = [line for line in self.all("line_item") if line["invoice"] == invoice["id"]]
        for line in lines:
            inside = sum(tax["amount"] for tax in line["taxes"] if tax["tax_behavior"] == "inclusive")
            off = sum(part["amount"] for part in line["discount_amounts"])
            bears[self._account(line)] += line["amount"] - off - inside
        if shipping := invoice.get("shipping_cost"):
            bears[SHIPPING] += shipping["amount_total"] - shipping["amount_tax"]
            bears[TAX] += shipping["amount_tax"]
        if tax := sum(tax["amount"] for line in lines for tax in line["taxes"]):
            bears[TAX] += tax
        return dict(bears)

    def _account(self, line: Json) -> str:
        product = self.of["product"][line["pricing"]["price_details"]["product"]]
        return "40200" if product["metadata"].get("category") == "setup" else "40100"

    def _paid(self, invoice: str) -> list[Json]:
        rows = [r for r in self.all("invoice_payment") if r["invoice"] == invoice and r["status"] == "paid"]
        return sorted(rows, key=lambda row: (row["status_transitions"]["paid_at"], row["id"]))

    def _applied(self, invoice: Json) -> list[tuple[Json, int]]:
        credit = max(0, (invoice["ending_balance"] or 0) - invoice["starting_balance"]) if _has_credit(invoice) else 0
        room = invoice["total"] - (invoice["pre_payment_credit_notes_amount"] or 0) - credit
        found = []
        for row in self._paid(invoice["id"]):
            put = max(0, min(row["amount_paid"], room))
            room -= put
            found.append((row, put))
        return [(row, put) for row, put in found if row["payment"]["type"] == "payment_intent"]

    def _receipt(self, invoice: Json, row: Json, put: int) -> int:
        balance = self._row(self._charge(row), "charge")
        over = row["amount_paid"] - put
        self._post({CLEARING: row["amount_paid"], RECEIVABLE: -put, OVERPAID: -over})
        money = _money(row["amount_paid"]), _money(put)
        self.result.receipts.append(
            (row["id"], invoice["customer"], _day(balance["created"]), *money, invoice["number"])
        )
        return put

    def _charge(self, row: Json) -> Json:
        intent = self.of["payment_intent"][row["payment"]["payment_intent"]]
        charge: Json = self.of["charge"][intent["latest_charge"]]
        return charge

    def _row(self, source: Json, category: str) -> Json:
        rows = [r for r in self.all("balance_transaction") if r["source"] == source["id"]]
        (row,) = [r for r in rows if r["reporting_category"] == category]
        return row

    # refunds

    def _refund(self, refund: Json) -> None:
        if not refund["balance_transaction"]:
            return
        debits = self._takes_back(refund)
        if not debits:
            return
        entry = {**debits, CLEARING: -refund["amount"]}
        self._journal(refund["id"], self.of["balance_transaction"][refund["balance_transaction"]], entry)
        if back := refund.get("failure_balance_transaction"):
            mirrored = {account: -cents for account, cents in entry.items()}
            self._journal(f"{refund['id']}-fail", self.of["balance_transaction"][back], mirrored)

    def _journal(self, number: str, row: Json, cents: Mapping[str, int]) -> None:
        self._post(cents)
        lines = _lines((account, _money(amount)) for account, amount in cents.items())
        self.result.journals.append((numbered(number), _day(row["created"]), lines))

    def _takes_back(self, refund: Json) -> dict[str, int]:
        """The accounts that bear this refund: all that reduced its invoice is gone through in order, each takes from
        what the earlier ones left. Empty: its charge paid no invoice, which no flow carries yet."""
        invoices = {r["invoice"] for r in self.all("invoice_payment") if self._pays(r, refund["charge"])}
        if not invoices:
            return {}
        (invoice,) = invoices
        left = self._bears(self.of["invoice"][invoice])
        for one in self._reductions(invoice):
            claimed = self._claimed(one)
            taken = _split(one["total" if one["object"] == "credit_note" else "amount"] - claimed, left)
            if one["id"] == refund["id"]:
                return {**taken, **({CLAIMED: claimed} if claimed else {})}
            left = {account: rest - taken.get(account, 0) for account, rest in left.items()}
        raise AssertionError(f"{refund['id']} is not among what reduced its invoice")

    def _pays(self, row: Json, charge: str) -> bool:
        return row["status"] == "paid" and "payment_intent" in row["payment"] and self._charge(row)["id"] == charge

    def _reductions(self, invoice: str) -> list[Json]:
        charges = {self._charge(r)["id"] for r in self._paid(invoice) if r["payment"]["type"] == "payment_intent"}
        refunds = [
            r for r in self.all("refund") if r["charge"] in charges and r["status"] not in ("failed", "canceled")
        ]
        notes = [n for n in self.all("credit_note") if n["invoice"] == invoice and n["status"] != "void"]
        return sorted([*refunds, *notes], key=lambda one: (one["created"], one["id"]))

    def _claimed(self, one: Json) -> int:
        notes = [n for n in self.all("credit_note") if n["status"] != "void"]
        parts = [part for note in notes for part in note["refunds"] if part["refund"] == one["id"]]
        return int(sum(part["amount_refunded"] for part in parts))


def _has_credit(invoice: Json) -> bool:
    return bool((invoice["starting_balance"] or 0) < 0)


def _split(cents: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Whole cents by weight; those that are left over go to the largest remainders, then to the larger weights."""
    whole = sum(weights.values())
    given = {account: cents * weight // whole for account, weight in weights.items()}
    rank = sorted(weights, key=lambda a: (-(cents * weights[a] % whole), -weights[a], list(weights).index(a)))
    for account in rank[: cents - sum(given.values())]:
        given[account] += 1
    return given


def _money(cents: int) -> Decimal:
    return Decimal(cents) / 100


def _day(seconds: int) -> date:
    return datetime.fromtimestamp(seconds, UTC).astimezone(ZONE).date()


def numbered(text: str) -> str:
    """30 characters fit; a longer one is told by its beginning and its digest."""
    return text if len(text) <= 30 else f"{text[:21]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
