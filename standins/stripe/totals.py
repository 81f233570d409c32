"""What an invoice comes to: discounts, then taxes, rounded line by line, as the invoice shows them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from standins.stripe.money import inside, part, shared

Json = dict[str, Any]


@dataclass
class Off:
    """One discount: its id and what its coupon takes."""

    id: str
    percent: Decimal | None = None
    amount: int = 0

    def of(self, amount: int, currency: str) -> int:
        return part(amount, self.percent, currency) if self.percent is not None else min(self.amount, amount)


@dataclass
class Rate:
    id: str
    percent: Decimal
    inclusive: bool


@dataclass
class Line:
    """What a line needs to be reckoned. `left` is what remains after discounts: the base of its taxes."""

    amount: int
    currency: str
    discountable: bool = True
    offs: Sequence[Off] = ()
    rates: Sequence[Rate] = ()
    fixed_taxes: Sequence[Json] = ()
    taken: list[Json] = field(default_factory=list)
    taxes: list[Json] = field(default_factory=list)
    left: int = 0
    own_off: int = 0


def tax_of(rate: Rate, base: int, currency: str) -> Json:
    amount = (inside if rate.inclusive else part)(base, rate.percent, currency)
    return tax_row(rate.id, amount, base - amount if rate.inclusive else base, rate.inclusive)


def tax_row(rate: str, amount: int, taxable: int, inclusive: bool, reason: str = "standard_rated") -> Json:
    return {
        "amount": amount,
        "tax_behavior": "inclusive" if inclusive else "exclusive",
        "tax_rate_details": {"tax_rate": rate},
        "taxability_reason": reason,
        "taxable_amount": taxable,
        "type": "tax_rate_details",
    }


def reckon(lines: Sequence[Line], offs: Sequence[Off]) -> None:
    for line in lines:
        line.taken, line.taxes, line.left = [], [], line.amount
        for off in line.offs:
            _take(line, off, off.of(line.left, line.currency))
        line.own_off = line.amount - line.left
    for off in offs:
        _take_from_all([x for x in lines if x.discountable and x.left > 0], off)
    for line in lines:
        line.taxes = list(line.fixed_taxes) or [tax_of(r, line.left, line.currency) for r in line.rates]


def _take_from_all(lines: Sequence[Line], off: Off) -> None:
    if off.percent is not None:
        parts = [off.of(x.left, x.currency) for x in lines]
    else:
        parts = shared(min(off.amount, sum(x.left for x in lines)), [x.left for x in lines])
    for line, amount in zip(lines, parts, strict=True):
        _take(line, off, amount)


def _take(line: Line, off: Off, amount: int) -> None:
    line.left -= amount
    line.taken.append({"amount": amount, "discount": off.id})


def merged_taxes(rows: Sequence[Json]) -> list[Json]:
    """The invoice's taxes: its lines', summed by rate and behaviour."""
    sums: dict[tuple[str, str], Json] = {}
    for row in rows:
        key = ((row["tax_rate_details"] or {}).get("tax_rate", ""), row["tax_behavior"])
        if key in sums:
            sums[key]["amount"] += row["amount"]
            sums[key]["taxable_amount"] = (sums[key]["taxable_amount"] or 0) + (row["taxable_amount"] or 0)
        else:
            sums[key] = dict(row)
    return list(sums.values())


def merged_discounts(rows: Sequence[Json]) -> list[Json]:
    sums: dict[str, int] = {}
    for row in rows:
        sums[row["discount"]] = sums.get(row["discount"], 0) + row["amount"]
    return [{"amount": amount, "discount": id} for id, amount in sums.items()]


def tax_sum(rows: Sequence[Json], behavior: str = "") -> int:
    return sum(t["amount"] for t in rows if behavior in ("", t["tax_behavior"]))
