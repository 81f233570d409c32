"""What the books must hold, reckoned a second time: from Stripe's own objects and docs/accounting.md alone.

It shares nothing with the product: no translate function, no money arithmetic, no table of ours. It knows the accounts
of the demo's mappings and a company with one entity in dollars. What two documents do to each other is compared by its
effect: how much of a document is covered without cash, not by which of several credits.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from standins.sage_intacct.control import books_of

Json = dict[str, Any]
Lines = tuple[tuple[str, Decimal], ...]
ZONE = ZoneInfo("America/Los_Angeles")
RECEIVABLE, CLEARING, OVERPAID, TAX, SHIPPING, CLAIMED = "12100", "10210", "24200", "22010", "41000", "24100"
REVENUE, SETUP, SALES, BAD_DEBT, BY_HAND = "40100", "40200", "40300", "63000", "24400"


@dataclass
class Books:
    """Documents as sorted lists, so that a second one of a kind is seen; balances by account, debit positive.

    Lines of memos have the sign of the document: below zero they lower what the customer owes.
    """

    customers: list[str] = field(default_factory=list)
    invoices: list[tuple[str, str, date, Decimal, Decimal]] = field(default_factory=list)
    receipts: list[tuple[str, str, date, Decimal, Decimal, str]] = field(default_factory=list)
    sales: list[tuple[str, date, Lines]] = field(default_factory=list)
    memos: list[tuple[str, str, date, Lines]] = field(default_factory=list)
    covered: list[tuple[str, str, Decimal]] = field(default_factory=list)
    """Customer, number of an invoice or a debit memo, how much of it was covered without cash."""
    journals: list[tuple[str, date, Lines]] = field(default_factory=list)
    balances: dict[str, Decimal] = field(default_factory=dict)
    """Overpayments count with receivables: which credit an application used up is not demanded."""

    def sorted(self) -> "Books":
        lists = {one.name: sorted(getattr(self, one.name)) for one in fields(self) if one.name != "balances"}
        sums = defaultdict(Decimal, self.balances)
        sums[RECEIVABLE] += sums.pop(OVERPAID, Decimal(0))
        balances = {account: amount for account, amount in sorted(sums.items()) if amount}
        return Books(**lists, balances=balances)


def compare(shop: Any, company: Any) -> None:
    """The books hold what Stripe's objects demand: nothing more, nothing less, nothing twice, to the cent."""
    demanded, held = demand(shop.dump()), holding(company)
    for kind in fields(Books):
        assert getattr(held, kind.name) == getattr(demanded, kind.name), kind.name
    assert sum(held.balances.values(), Decimal(0)) == 0


# --- what the stand-in's books hold -----------------------------------------------------------------------------------


def holding(company: Any) -> Books:
    dump = books_of(company)
    books = Books([party["id"] for party in dump["customers"]])
    covered: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for one in dump["documents"]:
        lines = _lines((line["account"], line["amount"]) for line in one["lines"])
        if one["object"] == "ARINVOICE":
            books.invoices.append((one["number"], one["party"], one["date"], one["amount"], one["due"]))
        elif one["object"] == "ARADJUSTMENT":
            books.memos.append((one["number"], one["party"], one["date"], lines))
        elif one["object"] == "OTHERRECEIPTS":
            books.sales.append((one["number"], one["date"], lines))
        elif one["object"] == "GLBATCH":
            books.journals.append((one["number"], one["date"], lines))
        elif one["object"] == "ARPYMT":
            _settled(one, books, covered)
        else:
            raise AssertionError(f"nobody asked for {one}")
    books.covered = [(*key, amount) for key, amount in covered.items() if amount]
    books.balances = dict(dump["balances"])
    return books.sorted()


def _settled(one: Json, books: Books, covered: dict[tuple[str, str], Decimal]) -> None:
    """A receipt, or an application of credit. What was reversed has no effect left."""
    if one["reversed"]:
        return
    if one["amount"]:
        applied = sum((part["amount"] for part in one["applications"]), Decimal(0))
        to = {part["number"] for part in one["applications"]}
        books.receipts.append((one["number"], one["party"], one["date"], one["amount"], applied, " ".join(sorted(to))))
        return
    for part in one["applications"]:
        if not part["credit"]:
            covered[one["party"], part["number"]] += part["amount"]


def _lines(parts: Iterable[tuple[str, Decimal]]) -> Lines:
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
        self.covered: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.also: dict[str, list[tuple[str, int]]] = {}
        """By payment of an invoice: earlier debts that it pays too, by the number of their document."""

    def all(self, kind: str) -> list[Json]:
        return list(self.of.get(kind, {}).values())

    def books(self) -> Books:
        self.result.customers = [one["id"] for one in self.all("customer")]
        for key, debts in self._carried().items():
            self._pays_also(self.of["invoice"][key], debts)
        for invoice in self.all("invoice"):
            if invoice["status"] != "draft":
                self._invoice(invoice)
        for note in self.all("credit_note"):
            self._note(note)
        for charge in self.all("charge"):
            self._sale(charge)
        for refund in self.all("refund"):
            self._refund(refund)
        for row in self.all("customer_balance_transaction"):
            self._by_hand(row)
        self.result.covered = [(*key, _money(cents)) for key, cents in self.covered.items() if cents]
        self.result.balances = {account: _money(cents) for account, cents in self.sums.items()}
        return self.result.sorted()

    def _post(self, cents: Mapping[str, int]) -> None:
        assert sum(cents.values()) == 0, "the oracle itself does not balance"
        for account, amount in cents.items():
            self.sums[account] += amount

    def _memo(self, number: str, customer: str, day: date, bears: Mapping[str, int]) -> None:
        """`bears`: what each line adds to what the customer owes."""
        self._post({RECEIVABLE: sum(bears.values()), **{account: -cents for account, cents in bears.items()}})
        lines = _lines((account, _money(cents)) for account, cents in bears.items())
        self.result.memos.append((numbered(number), customer, day, lines))

    # invoices and what pays them

    def _invoice(self, invoice: Json) -> None:
        bears = self._bears(invoice)
        assert sum(bears.values()) == invoice["total"]
        day = _day(invoice["effective_at"] or invoice["status_transitions"]["finalized_at"])
        if invoice["total"] < 0:
            self._memo(invoice["number"], invoice["customer"], day, bears)
            return
        if not any(bears.values()):
            return
        self._post({RECEIVABLE: invoice["total"], **{account: -cents for account, cents in bears.items()}})
        rows = self._applied(invoice)
        late = [row for row, put in rows if put and self._late(invoice, row)]
        for row, put in rows:
            to = self._recovered(invoice, late.index(row) + 1) if row in late else invoice["number"]
            self._receipt(invoice, row, put, to)
        paid = sum(put for row, put in rows if not self._late(invoice, row))
        due = invoice["total"] - paid - self._cover(invoice) - self._paid_later(invoice["number"])
        due -= self._fate(invoice, bears, paid, due)
        self._recovery(invoice, [(row, put) for row, put in rows if put and self._late(invoice, row)])
        total = _money(invoice["total"])
        self.result.invoices.append((invoice["number"], invoice["customer"], day, total, _money(due)))

    def _cover(self, invoice: Json) -> int:
        """By notes from before payment and by the customer's credit."""
        late = sum(note["pre_payment_amount"] for note in self._late_notes(invoice))
        notes = (invoice["pre_payment_credit_notes_amount"] or 0) - late
        covered = int(notes + max(0, self._credit(invoice)))
        self.covered[invoice["customer"], invoice["number"]] += covered
        return covered

    def _credit(self, invoice: Json) -> int:
        rows = [r for r in self.all("customer_balance_transaction") if r["invoice"] == invoice["id"]]
        kinds = ("applied_to_invoice", "unapplied_from_invoice")
        return int(sum(row["amount"] for row in rows if row["type"] in kinds))

    def _fate(self, invoice: Json, bears: Mapping[str, int], paid: int, due: int) -> int:
        """What voiding or giving up takes off what is due."""
        ends, customer, number = invoice["status_transitions"], invoice["customer"], invoice["number"]
        if invoice["status"] == "void":
            notes = [n for n in self.all("credit_note") if n["invoice"] == invoice["id"] and n["status"] != "void"]
            if paid or notes:
                rest = defaultdict(int, bears)
                for account, cents in (part for note in notes for part in self._noted(note).items()):
                    rest[account] -= cents
                back = {account: -cents for account, cents in rest.items() if cents}
                self._memo(f"{number}-V", customer, _day(ends["voided_at"]), back)
                self.covered[customer, number] += due
            else:
                self._post({RECEIVABLE: -invoice["total"], **bears})
            return due
        if not ends["marked_uncollectible_at"]:
            return 0
        elsewhere = sum(row["amount_paid"] for row in self._paid(invoice["id"]) if "payment_record" in row["payment"])
        again = self._voided_after(invoice)
        off = due - elsewhere - sum(note["pre_payment_amount"] for note in again)
        self._memo(f"{number}-WO", customer, _day(ends["marked_uncollectible_at"]), {BAD_DEBT: -off})
        self.covered[customer, number] += off
        for note in again:
            cents = note["pre_payment_amount"]
            self._memo(f"{numbered(note['number'])}-WO", customer, _day(note["voided_at"]), {BAD_DEBT: -cents})
            self.covered[customer, number] += cents
            off += cents
        for note in self._late_notes(invoice):
            memo, cents = f"{numbered(note['number'])}-WR", note["pre_payment_amount"]
            self._memo(memo, customer, _day(note["effective_at"] or note["created"]), {BAD_DEBT: cents})
            self.covered[customer, numbered(memo)] += cents
        return off

    def _voided_after(self, invoice: Json) -> list[Json]:
        """Notes that stood when the invoice was given up: what each had lowered is written off when it is voided."""
        gone = invoice["status_transitions"]["marked_uncollectible_at"]
        notes = [n for n in self.all("credit_note") if n["invoice"] == invoice["id"] and n["status"] == "void"]
        return [n for n in notes if n["created"] < gone <= n["voided_at"] and n["pre_payment_amount"]]

    def _late_notes(self, invoice: Json) -> list[Json]:
        """After the invoice had been given up: each takes back so much of the write-off, and is put against that."""
        gone = invoice["status_transitions"]["marked_uncollectible_at"]
        if not gone or invoice["status"] == "void":
            return []
        notes = [n for n in self.all("credit_note") if n["invoice"] == invoice["id"] and n["status"] != "void"]
        return [n for n in notes if n["created"] >= gone and n["pre_payment_amount"]]

    def _late(self, invoice: Json, row: Json) -> bool:
        """After the invoice had been given up: what it pays is the recovery."""
        gone = invoice["status_transitions"]["marked_uncollectible_at"]
        return gone is not None and bool(row["status_transitions"]["paid_at"] >= gone)

    def _recovery(self, invoice: Json, late: list[tuple[Json, int]]) -> None:
        for place, (row, put) in enumerate(late, 1):
            day = _day(row["status_transitions"]["paid_at"])
            self._memo(self._recovered(invoice, place), invoice["customer"], day, {BAD_DEBT: put})

    def _recovered(self, invoice: Json, place: int) -> str:
        """Each payment after the write-off has a memo of its own to pay."""
        return f"{invoice['number']}-WR{place if place > 1 else ''}"

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
        return SETUP if product["metadata"].get("category") == "setup" else REVENUE

    def _paid(self, invoice: str) -> list[Json]:
        rows = [r for r in self.all("invoice_payment") if r["invoice"] == invoice and r["status"] == "paid"]
        return sorted(rows, key=lambda row: (row["status_transitions"]["paid_at"], row["id"]))

    def _applied(self, invoice: Json) -> list[tuple[Json, int]]:
        return [(row, put) for row, put in self._put(invoice) if row["payment"]["type"] == "payment_intent"]

    def _put(self, invoice: Json) -> list[tuple[Json, int]]:
        credit = max(0, self._credit(invoice))
        room = invoice["total"] - (invoice["pre_payment_credit_notes_amount"] or 0) - credit
        found = []
        for row in self._paid(invoice["id"]):
            put = max(0, min(row["amount_paid"], room))
            room -= put
            found.append((row, put))
        return found

    def _carried(self) -> dict[str, list[tuple[str, int]]]:
        """What each invoice carries of debts from before it, each unit by itself: the oldest first."""
        units: defaultdict[str, list[str]] = defaultdict(list)
        credit: defaultdict[str, int] = defaultdict(int)
        found: dict[str, list[str]] = {}
        for row in self.all("customer_balance_transaction"):
            owner, cents, invoice = row["customer"], row["amount"], row["invoice"]
            if row["type"] == "unapplied_from_invoice" and cents > 0:
                units[owner] = found.pop(invoice, []) + units[owner]
            elif row["type"] == "invoice_too_small":
                again = found.pop(invoice, [])
                own = [self.of["invoice"][invoice]["number"]] * (cents - len(again))
                units[owner] += again + own
            elif cents > 0:
                used = min(credit[owner], cents)
                credit[owner] -= used
                units[owner] += [numbered(row["id"])] * (cents - used)
            else:
                taken, units[owner] = units[owner][:-cents], units[owner][-cents:]
                if row["type"] == "applied_to_invoice":
                    found[invoice] = taken
                else:
                    credit[owner] += -cents - len(taken)
        return {invoice: list(Counter(numbers).items()) for invoice, numbers in found.items() if numbers}

    def _pays_also(self, invoice: Json, debts: list[tuple[str, int]]) -> None:
        left = [number for number, cents in debts for _ in range(cents)]
        for row, put in self._put(invoice):
            through_stripe = row["payment"]["type"] == "payment_intent"
            above = row["amount_paid"] - put
            own = above + (self._rest(self._charge(row), row) if through_stripe else 0)
            if through_stripe:
                self.also[row["id"]] = list(Counter(left[:own]).items())
            left = left[above:]

    def _paid_later(self, number: str) -> int:
        return sum(cents for pairs in self.also.values() for to, cents in pairs if to == number)

    def _receipt(self, invoice: Json, row: Json, put: int, to: str) -> None:
        charge = self._charge(row)
        balance = self._row(charge, "charge")
        amount = row["amount_paid"] + self._rest(charge, row)
        also = self.also.get(row["id"], [])
        settled = put + sum(cents for _, cents in also)
        self._post({CLEARING: amount, RECEIVABLE: -settled, OVERPAID: settled - amount})
        money = _money(amount), _money(settled)
        targets = " ".join(sorted({*([to] if put else []), *(number for number, _ in also)}))
        self.result.receipts.append((row["id"], invoice["customer"], _day(balance["created"]), *money, targets))

    def _rest(self, charge: Json, row: Json) -> int:
        """Of a charge more than its rows: the last row's."""
        intent = row["payment"]["payment_intent"]
        rows = [r for r in self.all("invoice_payment") if r["payment"].get("payment_intent") == intent]
        rows = sorted(
            (r for r in rows if r["status"] == "paid"), key=lambda r: (r["status_transitions"]["paid_at"], r["id"])
        )
        return int(charge["amount_captured"] - sum(r["amount_paid"] for r in rows)) if rows[-1] is row else 0

    def _charge(self, row: Json) -> Json:
        intent = self.of["payment_intent"][row["payment"]["payment_intent"]]
        charge: Json = self.of["charge"][intent["latest_charge"]]
        return charge

    def _row(self, source: Json, category: str) -> Json:
        rows = [r for r in self.all("balance_transaction") if r["source"] == source["id"]]
        (row,) = [r for r in rows if r["reporting_category"] == category]
        return row

    def _sale(self, charge: Json) -> None:
        if charge["status"] == "succeeded" and charge["captured"] and not self._rows_of(charge):
            row = self._row(charge, "charge")
            self._post({CLEARING: row["amount"], SALES: -row["amount"]})
            lines = _lines([(SALES, _money(row["amount"]))])
            self.result.sales.append((charge["id"], _day(row["created"]), lines))

    def _rows_of(self, charge: Json) -> list[Json]:
        """The InvoicePayments that a charge was for, paid or not."""
        intent = charge["payment_intent"]
        return [row for row in self.all("invoice_payment") if row["payment"].get("payment_intent") == intent]

    # credit notes, and credit by hand

    def _note(self, note: Json) -> None:
        invoice = self.of["invoice"][note["invoice"]]
        if note["status"] == "void":
            lines = {account: -cents for account, cents in self._noted(note).items()}
            self._memo(note["number"], note["customer"], _day(note["effective_at"] or note["created"]), lines)
            back = {account: -cents for account, cents in lines.items()}
            self._memo(f"{note['number']}-V", note["customer"], _day(note["voided_at"]), back)
            self.covered[note["customer"], f"{note['number']}-V"] += note["total"]
            return
        assert invoice["customer"] == note["customer"]
        lines = {account: -cents for account, cents in self._noted(note).items()}
        self._memo(note["number"], note["customer"], _day(note["effective_at"] or note["created"]), lines)

    def _noted(self, note: Json) -> dict[str, int]:
        """What a note takes back of each account. The dump has no lines by note: they are in the order of notes."""
        bears: defaultdict[str, int] = defaultdict(int)
        for line in self._note_lines(note):
            inside = sum(tax["amount"] for tax in line["taxes"] if tax["tax_behavior"] == "inclusive")
            of = self.of["line_item"].get(line.get("invoice_line_item", ""))
            bears[self._account(of) if of else REVENUE] += line["amount"] - line["discount_amount"] - inside
            bears[TAX] += sum(tax["amount"] for tax in line["taxes"])
        assert sum(bears.values()) == note["total"]
        return dict(bears)

    def _note_lines(self, note: Json) -> Iterator[Json]:
        """Notes and their lines are kept in the order in which they were made."""
        lines = iter(self.all("credit_note_line_item"))
        for one in self.all("credit_note"):
            left = one["subtotal"]
            while left:
                line = next(lines)
                left -= line["amount"]
                if one is note:
                    yield line

    def _by_hand(self, row: Json) -> None:
        if row["type"] == "adjustment":
            self._memo(row["id"], row["customer"], _day(row["created"]), {BY_HAND: row["amount"]})

    # refunds

    def _refund(self, refund: Json) -> None:
        if not refund["balance_transaction"]:
            return
        row = self.of["balance_transaction"][refund["balance_transaction"]]
        claimed = self._claimed(refund)
        entry = {**self._takes_back(refund), CLEARING: -refund["amount"], **({CLAIMED: claimed} if claimed else {})}
        self._journal(refund["id"], row, entry)
        if claimed:
            self._claims(refund, _day(row["created"]))
        if back := refund.get("failure_balance_transaction"):
            mirrored = {account: -cents for account, cents in entry.items()}
            returned = self.of["balance_transaction"][back]
            self._journal(f"{refund['id']}-fail", returned, mirrored)
            if claimed:
                self._memo(f"{refund['id']}-fail", refund["customer"], _day(returned["created"]), {CLAIMED: -claimed})

    def _claims(self, refund: Json, day: date) -> None:
        """Each note that claims the refund has a memo of its own: no document holds money of two facts."""
        notes = sorted(self.all("credit_note"), key=lambda note: (note["created"], note["id"]))
        notes = [n for n in notes if any(part["refund"] == refund["id"] for part in n["refunds"])]
        for place, note in enumerate(notes, 1):
            if note["status"] != "void":
                cents = sum(p["amount_refunded"] for p in note["refunds"] if p["refund"] == refund["id"])
                number = f"{refund['id']}-{place}" if place > 1 else refund["id"]
                self._memo(number, refund["customer"], day, {CLAIMED: cents})
                self.covered[refund["customer"], numbered(number)] += cents

    def _journal(self, number: str, row: Json, cents: Mapping[str, int]) -> None:
        self._post(cents)
        lines = _lines((account, _money(amount)) for account, amount in cents.items())
        self.result.journals.append((numbered(number), _day(row["created"]), lines))

    def _takes_back(self, refund: Json) -> dict[str, int]:
        """What each account bears of the part that no note claims: over the invoices that its charge paid."""
        charge = self.of["charge"][refund["charge"]]
        if not self._rows_of(charge):
            return {SALES: refund["amount"]}
        bears: defaultdict[str, int] = defaultdict(int)
        for invoice, part in self._parts(refund).items():
            for account, cents in self._of_invoice(refund, invoice, part).items():
                bears[account] += cents
        return dict(bears)

    def _of_invoice(self, refund: Json, invoice: str, part: int) -> dict[str, int]:
        """All that reduced the invoice before is gone through in order: a note takes from the accounts of its own
        lines, a refund from all, by what the earlier ones left."""
        first = self._bears(self.of["invoice"][invoice])
        taken = dict.fromkeys(first, 0)
        for one in self._reductions(invoice):
            if (one["created"], one["id"]) >= (refund["created"], refund["id"]):
                break
            note = one["object"] == "credit_note"
            takes = self._noted(one) if note else _split(self._parts(one)[invoice], _left(first, taken))
            for account in first:
                taken[account] += takes.get(account, 0)
        return _split(part, _left(first, taken))

    def _parts(self, refund: Json) -> dict[str, int]:
        """How much of the unclaimed part falls to each invoice that the charge paid."""
        paid = {row["invoice"]: int(row["amount_paid"]) for row in self._rows_of(self.of["charge"][refund["charge"]])}
        for one in sorted(self.all("refund"), key=lambda one: (one["created"], one["id"])):
            unclaimed = one["amount"] - self._claimed(one)
            if one["id"] == refund["id"]:
                return _split(unclaimed, paid)
            if one["charge"] == refund["charge"] and one["status"] not in ("failed", "canceled"):
                paid = {invoice: rest - _split(unclaimed, paid)[invoice] for invoice, rest in paid.items()}
        raise AssertionError(f"{refund['id']} is not there")

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


def _left(first: Mapping[str, int], taken: Mapping[str, int]) -> dict[str, int]:
    """Of each account that the invoice bears; nothing of one off which a note took more than it had."""
    left = {}
    for account, cents in first.items():
        rest = cents - taken[account]
        if cents >= 0:
            left[account] = min(max(rest, 0), cents)
        else:
            left[account] = max(min(rest, 0), cents)
    return left


def _split(cents: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Whole cents by weight; those that are left over go to the largest remainders, then to the larger weights."""
    whole = sum(weights.values())
    if not cents:
        return dict.fromkeys(weights, 0)
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
