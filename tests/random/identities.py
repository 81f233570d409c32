"""What must be true of the two stand-ins' books whatever happened: docs/accounting.md, tie-outs and identities.

From the dump of the shop and the dump of the ledger alone. A finding names the customer whose story is to be told.
Money of the shop is in cents, money of the ledger is brought to cents first; a fraction of a cent is never right.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from tests.random.plans import HAS, NOTES
from tests.stories.oracle import CLAIMED, CLEARING, OVERPAID, RECEIVABLE, TAX, ZONE, numbered

Json = dict[str, Any]
RECEIPTS = ("charge", "partial_capture_reversal", "charge_failure")
NOT_BUILT = {
    "fee": ("fee", "network_cost", "tax"),
    "dispute": ("dispute", "dispute_reversal"),
    "payout": ("payout", "payout_reversal"),
}


@dataclass(frozen=True)
class Finding:
    """`customer` is empty for what concerns all."""

    customer: str
    what: str


def findings(shop: Json, books: Json) -> list[Finding]:
    both = Both(shop, books)
    found = [one for party in both.customers for one in _of_customer(both, party)]
    return [*found, *_of_all(both)]


class Both:
    """The two dumps, with the few ways of looking into them that the rules need."""

    def __init__(self, shop: Json, books: Json) -> None:
        self.shop, self.books = shop, books
        self.customers = [one["id"] for one in self.all("customer")]
        self.documents: defaultdict[str, list[Json]] = defaultdict(list)
        self.numbered: defaultdict[tuple[str, str], list[Json]] = defaultdict(list)
        for one in books["documents"]:
            self.documents[one["party"]].append(one)
            self.numbered[one["object"], one["number"]].append(one)
        self.rows: defaultdict[str, list[Json]] = defaultdict(list)
        for row in self.all("balance_transaction"):
            self.rows[row["source"] or ""].append(row)
        self.paid_rows: defaultdict[str, list[Json]] = defaultdict(list)
        for row in self.all("invoice_payment"):
            if row["payment"]["type"] == "payment_intent":
                self.paid_rows[row["payment"]["payment_intent"]].append(row)

    def all(self, kind: str) -> list[Json]:
        return list(self.shop.get(kind, {}).values())

    def of(self, kind: str, party: str) -> list[Json]:
        return [row for row in self.all(kind) if row.get("customer") == party]

    def ledger(self, party: str, name: str) -> list[Json]:
        return [one for one in self.documents[party] if one["object"] == name]

    def journals(self, number: str) -> list[Json]:
        return self.numbered["GLBATCH", numbered(number)]

    def receipt_numbers(self, charge: Json) -> list[str]:
        """Of its InvoicePayments; where an earlier charge of the same intent came and went, with its own id behind."""
        ids = [row["id"] for row in self.paid_rows[charge["payment_intent"]]]
        tries = [one for one in self.all("charge") if one["payment_intent"] == charge["payment_intent"]]
        first = next((one["id"] for one in tries if one["captured"]), charge["id"])
        return [numbered(id if first == charge["id"] else f"{id}:{charge['id']}") for id in ids]

    def elsewhere(self, invoice: Json) -> int:
        """Money that never touched Stripe: the ledger waits for finance to book it."""
        rows = [r for r in self.all("invoice_payment") if r["invoice"] == invoice["id"] and r["status"] == "paid"]
        return sum(row["amount_paid"] for row in rows if row["payment"]["type"] == "payment_record")


def _of_customer(both: Both, party: str) -> Iterator[Finding]:
    yield from _each_invoice(both, party)
    yield from _balance(both, party)
    yield from _months(both, party)
    yield from _receipts(both, party)
    yield from _charges(both, party)
    yield from _refunds(both, party)


def _differ(party: str, rule: str, what: str, stripe: int, ledger: int) -> Iterator[Finding]:
    if stripe != ledger:
        yield Finding(party, f"{rule} {what}: Stripe {_shown(stripe)}, ledger {_shown(ledger)}")


def _shown(amount: int) -> str:
    return f"{Decimal(amount) / 100:.2f}"


def _counted(party: str, rule: str, what: str, wanted: int, there: int) -> Iterator[Finding]:
    if wanted != there:
        yield Finding(party, f"{rule} {what}: {there} documents, not {wanted}")


# --- T4: each invoice -------------------------------------------------------------------------------------------------


def _each_invoice(both: Both, party: str) -> Iterator[Finding]:
    held: defaultdict[str, list[Json]] = defaultdict(list)
    for one in both.ledger(party, "ARINVOICE"):
        held[one["number"]].append(one)
    for invoice in both.of("invoice", party):
        number = invoice["number"]
        mine = held.pop(number, [])
        if invoice["status"] == "draft" or invoice["total"] < 0 or (invoice["total"] == 0 and not mine):
            continue
        yield from _counted(party, "T4", number, 1, len(mine))
        if len(mine) != 1 or _too_small(both, invoice):
            continue
        due = cents(mine[0]["due"])
        yield from _differ(party, "T4", f"{number} ({invoice['status']}) is due", _due(both, invoice), due)
    for number, strange in held.items():
        yield from _counted(party, "T4", number, 0, len(strange))


def _too_small(both: Both, invoice: Json) -> bool:
    """Stripe has made it debt of the customer; the ledger still has it due. The customer's balance tells."""
    rows = [r for r in both.all("customer_balance_transaction") if r["invoice"] == invoice["id"]]
    return any(row["type"] == "invoice_too_small" for row in rows)


def _due(both: Both, invoice: Json) -> int:
    if invoice["status"] == "void":
        return 0
    elsewhere = both.elsewhere(invoice)
    if invoice["status"] == "uncollectible":
        return elsewhere
    return max(0, int(invoice["amount_remaining"]) + elsewhere - _taken_in(both, invoice))


def _taken_in(both: Both, invoice: Json) -> int:
    """Old debt of the customer that Stripe collects with this invoice; the ledger has it elsewhere. Where credit is not
    applied by a flow yet, it is debt of this invoice that Stripe no longer shows."""
    rows = [r for r in both.all("customer_balance_transaction") if r["invoice"] == invoice["id"]]
    kinds = ("applied_to_invoice", "unapplied_from_invoice")
    applied = int(sum(row["amount"] for row in rows if row["type"] in kinds))
    return -applied if applied < 0 or not NOTES else 0


# --- T6: each customer ------------------------------------------------------------------------------------------------


def _balance(both: Both, party: str) -> Iterator[Finding]:
    """Exceptions: paid elsewhere (still due in the ledger), notes settled elsewhere and refunds that came back (still
    the customer's credit there), money on an invoice that was voided (credit there, nothing at Stripe)."""
    held = next((one for one in both.books["customers"] if one["id"] == party), None)
    ledger = cents(held["balance"]) if held else 0
    customer = both.shop["customer"][party]
    invoices = both.of("invoice", party)
    stripe = sum(one["amount_remaining"] for one in invoices if one["status"] == "open") + customer.get("balance", 0)
    stripe += sum(both.elsewhere(one) for one in invoices if one["status"] != "void")
    stripe -= sum(_paid_here(one, both) for one in invoices if one["status"] == "void")
    notes = [note for note in both.of("credit_note", party) if note["status"] != "void"]
    stripe -= sum(note["out_of_band_amount"] or 0 for note in notes)
    parts = [part for note in notes for part in note["refunds"]]
    stripe -= sum(part["amount_refunded"] for part in parts if not _gone(both.shop["refund"][part["refund"]]))
    yield from _differ(party, "T6", "the customer's balance", stripe, ledger)


def _paid_here(invoice: Json, both: Both) -> int:
    return int(invoice["amount_paid"] - both.elsewhere(invoice))


def _gone(refund: Json) -> bool:
    """Its money left and did not come back."""
    return bool(refund["balance_transaction"] and not refund.get("failure_balance_transaction"))


# --- T7: each month ---------------------------------------------------------------------------------------------------


def _months(both: Both, party: str) -> Iterator[Finding]:
    numbers = {one["number"] for one in both.of("invoice", party)}
    stripe: Counter[tuple[str, str]] = Counter()
    for one in both.of("invoice", party):
        if one["status"] != "draft":
            month = f"{_day(one['status_transitions']['finalized_at']):%Y-%m}"
            tax = sum(row["amount"] for row in one["total_taxes"] or ())
            stripe[month, "tax"] += tax
            stripe[month, "net"] += one["total"] - tax
    ledger: Counter[tuple[str, str]] = Counter()
    for one in [*both.ledger(party, "ARINVOICE"), *both.ledger(party, "ARADJUSTMENT")]:
        if one["number"] in numbers:
            for line in one["lines"]:
                ledger[f"{one['date']:%Y-%m}", "tax" if line["account"] == TAX else "net"] += cents(line["amount"])
    for key in sorted({*stripe, *ledger}):
        yield from _differ(party, "T7", f"{key[1]} invoiced in {key[0]}", stripe[key], ledger[key])


# --- S10 and T1: what came in -----------------------------------------------------------------------------------------


def _receipts(both: Both, party: str) -> Iterator[Finding]:
    charges = [one for one in both.of("charge", party) if "sale" in HAS or both.paid_rows[one["payment_intent"]]]
    rows = [row for one in charges for row in both.rows[one["id"]] if row["reporting_category"] in RECEIPTS]
    documents = [*both.ledger(party, "ARPYMT"), *both.ledger(party, "ARADVANCE")]
    documents += [one for charge in charges for one in both.numbered["OTHERRECEIPTS", numbered(charge["id"])]]
    held = sum(cents(one["amount"]) for one in documents if not one.get("reversed"))
    yield from _differ(party, "S10", "receipts", sum(row["amount"] for row in rows), held)
    known = {number for one in charges for number in both.receipt_numbers(one)}
    for one in both.ledger(party, "ARPYMT"):
        if one["number"] not in known and one["amount"]:
            yield from _counted(party, "T1", f"receipt {one['number']}", 0, 1)


def _charges(both: Both, party: str) -> Iterator[Finding]:
    """The gross of each charge is claimed by its InvoicePayments, or by its sale, once."""
    for charge in both.of("charge", party):
        payments = both.paid_rows[charge["payment_intent"]]
        if not payments and "sale" not in HAS:
            continue
        rows = [row for row in both.rows[charge["id"]] if row["reporting_category"] in RECEIPTS]
        if not charge["captured"]:
            continue
        claims = [one for number in both.receipt_numbers(charge) for one in both.numbered["ARPYMT", number]]
        claims += both.numbered["OTHERRECEIPTS", numbered(charge["id"])]
        claims += both.numbered["ARADVANCE", numbered(charge["id"])]
        claims = [one for one in claims if not one.get("reversed")]
        sums = sum(row["amount"] for row in rows), sum(cents(one["amount"]) for one in claims)
        yield from _differ(party, "T1", f"the gross of {charge['id']}", *sums)
        wanted = 0 if charge["status"] == "failed" else len(payments) or 1
        yield from _counted(party, "T1", charge["id"], wanted, len(claims))


# --- S9 and T1: what went back ----------------------------------------------------------------------------------------


def _refunds(both: Both, party: str) -> Iterator[Finding]:
    between = sum(_lines(both.ledger(party, "ARADJUSTMENT"), CLAIMED))
    for refund in both.of("refund", party):
        charge = both.shop["charge"][refund["charge"]]
        if "sale" not in HAS and not both.paid_rows[charge["payment_intent"]]:
            continue
        for suffix, name in (("", "balance_transaction"), ("-fail", "failure_balance_transaction")):
            made = both.journals(refund["id"] + suffix)
            row = both.shop["balance_transaction"][refund[name]] if refund.get(name) else None
            what = f"{refund['id']}{suffix} at the clearing account"
            yield from _differ(party, "T1", what, row["amount"] if row else 0, sum(_lines(made, CLEARING)))
            yield from _counted(party, "T1", f"{refund['id']}{suffix}", int(bool(row)), len(made))
            between -= sum(_lines(made, CLAIMED))
    yield from _differ(party, "S9", "refunds clearing", 0, -between)


def _lines(documents: Iterable[Json], account: str) -> list[int]:
    return [cents(line["amount"]) for one in documents for line in one["lines"] if line["account"] == account]


# --- all together -----------------------------------------------------------------------------------------------------


def _of_all(both: Both) -> Iterator[Finding]:
    rows = both.all("balance_transaction")
    for row in rows:
        yield from _differ("", "S1", f"net of {row['id']}", row["net"], row["amount"] - row["fee"])
        yield from _differ("", "S1", f"fee of {row['id']}", row["fee"], sum(d["amount"] for d in row["fee_details"]))
    claimed = sum(row["amount"] for row in rows if _is_claimed(both, row))
    balances = {account: cents(amount) for account, amount in both.books["balances"].items()}
    yield from _differ("", "T1", "clearing, of what has a flow", claimed, balances.get(CLEARING, 0))
    yield from _differ("", "S9", "refunds clearing of all", 0, balances.get(CLAIMED, 0))
    parties = both.books["customers"]
    due, money = (sum(cents(one[name]) for one in parties) for name in ("due", "open_money"))
    yield from _differ(
        "", "the ledger alone", "receivables are what documents have due", due, balances.get(RECEIVABLE, 0)
    )
    yield from _differ("", "the ledger alone", "overpayments are open money", money, -balances.get(OVERPAID, 0))
    yield from _differ("", "the ledger alone", "debits less credits", 0, cents(both.books["debits_less_credits"]))


def _is_claimed(both: Both, row: Json) -> bool:
    waits = {category for flow, categories in NOT_BUILT.items() if flow not in HAS for category in categories}
    if row["reporting_category"] in waits:
        return False
    charges = both.shop.get("charge", {})
    source = both.shop.get("refund", {}).get(row["source"]) or charges.get(row["source"]) or {}
    charge = charges.get(source.get("charge"), source)
    return "sale" in HAS or bool(both.paid_rows[charge.get("payment_intent", "")])


def cents(amount: Decimal) -> int:
    whole = amount * 100
    assert whole == int(whole), f"{amount} is no multiple of a cent"
    return int(whole)


def _day(seconds: int) -> date:
    return datetime.fromtimestamp(seconds, UTC).astimezone(ZONE).date()
