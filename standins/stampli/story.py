"""A company's payables, week by week: bills of forty vendors, credits, payments, part payments, and what is taken back.

The same seed tells the same story. Nothing here knows how it is written down.
"""

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from standins.sage_intacct.seed import EXPENSES, VENDORS

CENT: Final = Decimal("0.01")
DEPARTMENTS: Final = ("SALES", "OPS", "FIN", "ENG")
LOCATIONS: Final = ("US-100", "US-200")
BANK: Final = "BOA-OPER"
WHAT: Final = {
    "60100": ("Paper and toner", "Desk chairs", "Kitchen supplies"),
    "60200": ("Licences", "Hosting", "Support plan"),
    "60300": ("Freight", "Courier", "Pallets"),
    "60400": ("Consulting", "Audit", "Legal advice"),
    "60500": ("Electricity", "Water", "Telephone"),
    "60600": ("Rent", "Storage"),
    "60700": ("Flights", "Hotel", "Car hire"),
    "60800": ("Fair stand", "Advertising", "Print"),
    "61000": ("Repair of a lift", "Cleaning", "Painting"),
}


@dataclass(frozen=True)
class Line:
    account: str
    amount: Decimal
    text: str
    department: str
    location: str


@dataclass(frozen=True)
class Bill:
    """A credit memo has a positive total too; `credit` tells."""

    id: str
    vendor: str
    name: str
    number: str
    day: date
    due: date
    lines: tuple[Line, ...]
    credit: bool = False
    po: str = ""
    currency: str = "USD"

    @property
    def total(self) -> Decimal:
        return sum((line.amount for line in self.lines), Decimal(0))


@dataclass(frozen=True)
class Payment:
    """`applied`: number of the bill, amount."""

    id: str
    day: date
    method: str
    reference: str
    vendor: str
    name: str
    applied: tuple[tuple[str, Decimal], ...]
    status: str = "Processed"
    bank: str = BANK
    currency: str = "USD"

    @property
    def total(self) -> Decimal:
        return sum((amount for _, amount in self.applied), Decimal(0))


@dataclass(frozen=True)
class Week:
    """What was approved and paid in the seven days from `first`."""

    number: int
    first: date
    bills: tuple[Bill, ...]
    payments: tuple[Payment, ...]


@dataclass
class Story:
    seed: int = 1
    start: date = date(2026, 6, 1)
    weeks: list[Week] = field(default_factory=list)
    bills_a_week: int = 24

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._open: dict[str, tuple[Bill, Decimal]] = {}
        self._last_payments: list[Payment] = []
        self._count = {"bill": 0, "payment": 0, "check": 10_000}

    def next_week(self) -> Week:
        number = len(self.weeks)
        first = self.start + timedelta(weeks=number)
        taken_back = self._take_back(first)
        paid = self._pay(first)
        bills = tuple(self._bill(first) for _ in range(self.bills_a_week + self._random.randint(-4, 4)))
        self._open |= {bill.number: (bill, bill.total) for bill in bills if not bill.credit}
        week = Week(number, first, bills, (*taken_back, *paid))
        self._last_payments = list(paid)
        self.weeks.append(week)
        return week

    def truth(self) -> dict[str, Any]:
        """What the ledger must hold once everything has arrived: all bills; all payments but those taken back."""
        bills = [bill for week in self.weeks for bill in week.bills]
        payments = [payment for week in self.weeks for payment in week.payments]
        back = {payment.id for payment in payments if payment.status == "Voided"}
        kept = [payment for payment in payments if payment.status == "Processed" and payment.id not in back]
        return {
            "bills": [{**asdict(bill), "total": bill.total} for bill in bills],
            "payments": [{**asdict(payment), "total": payment.total} for payment in kept],
            "taken_back": sorted(back),
            "open": {number: left for number, (_, left) in sorted(self._open.items()) if left},
        }

    def _number(self, what: str) -> int:
        self._count[what] += 1
        return self._count[what]

    # --- bills

    def _bill(self, first: date) -> Bill:
        rng, count = self._random, self._number("bill")
        vendor, name = rng.choice(VENDORS)
        credit = rng.random() < 0.1
        day = first + timedelta(days=rng.randrange(7))
        lines = tuple(self._line(credit) for _ in range(1 if credit else rng.choice((1, 1, 2, 2, 3, 4))))
        if len(lines) > 2 and rng.random() < 0.3:
            lines = (*lines, self._rebate(lines))
        due = day + timedelta(days=rng.choice((0, 15, 30)))
        number = f"{'CM' if credit else 'INV'}-{vendor[-2:]}{count:05d}"
        po = f"PO-{rng.randrange(400, 500)}" if rng.random() < 0.2 else ""
        return Bill(f"ST-{count:06d}", vendor, name, number, day, due, lines, credit, po)

    def _line(self, credit: bool) -> Line:
        rng = self._random
        account = rng.choice(EXPENSES)[0]
        amount = Decimal(rng.randrange(500, 40_000 if credit else 400_000)) * CENT
        return Line(account, amount, rng.choice(WHAT[account]), rng.choice(DEPARTMENTS), rng.choice(LOCATIONS))

    def _rebate(self, lines: Sequence[Line]) -> Line:
        whole = sum((line.amount for line in lines), Decimal(0))
        last = lines[-1]
        return Line(last.account, -(whole / 20).quantize(CENT), "Rebate of 5 %", last.department, last.location)

    # --- payments

    def _pay(self, first: date) -> tuple[Payment, ...]:
        """What is due by the end of the week, in one payment a vendor; some only in part, some later."""
        rng, last = self._random, first + timedelta(days=6)
        by_vendor: dict[str, list[tuple[str, Decimal]]] = {}
        for number, (bill, left) in sorted(self._open.items()):
            if left and bill.due <= last and rng.random() > 0.1:
                part = (left * rng.randrange(30, 70) / 100).quantize(CENT) if rng.random() < 0.15 else left
                by_vendor.setdefault(bill.vendor, []).append((number, part))
                self._open[number] = (bill, left - part)
        return tuple(self._payment(vendor, applied, first) for vendor, applied in sorted(by_vendor.items()))

    def _payment(self, vendor: str, applied: list[tuple[str, Decimal]], first: date) -> Payment:
        rng, count = self._random, self._number("payment")
        check = rng.random() < 0.4
        reference = str(self._number("check")) if check else f"TR{count:08d}"
        day = first + timedelta(days=rng.randrange(5))
        name = dict(VENDORS)[vendor]
        return Payment(f"PAY-{count:05d}", day, "Check" if check else "ACH", reference, vendor, name, tuple(applied))

    def _take_back(self, first: date) -> tuple[Payment, ...]:
        """Sometimes a payment of the week before did not go through: its bills are open again."""
        if not self._last_payments or self._random.random() < 0.5:
            return ()
        lost = self._random.choice(self._last_payments)
        for number, amount in lost.applied:
            bill, left = self._open[number]
            self._open[number] = (bill, left + amount)
        return (Payment(**{**vars(lost), "status": "Voided"}),)
