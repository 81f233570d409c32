"""Minor units as Stripe counts them, its own currency table, rounding, sharing, and the smallest charge."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

_NONE = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split())
_THREE = frozenset("bhd jod kwd omr tnd".split())
_WHOLE = frozenset("isk ugx".split())  # sent with two decimals that are always 00
_LEAST = {
    "gbp": 30,
    "jpy": 50,
    "huf": 17500,
    "czk": 1500,
    "dkk": 250,
    "nok": 300,
    "sek": 300,
    "pln": 200,
    "ron": 200,
    "aed": 200,
    "hkd": 400,
    "mxn": 1000,
    "thb": 1000,
}


def decimals(currency: str) -> int:
    return 0 if currency in _NONE else 3 if currency in _THREE else 2


def step(currency: str) -> int:
    """The smallest amount that may be charged or taxed: KWD 1/1000 exists, but its last digit must be 0."""
    return 10 if currency in _THREE else 100 if currency in _WHOLE else 1


def least_charge(currency: str) -> int:
    return _LEAST.get(currency, 0 if currency in _NONE | _THREE else 50)


def rounded(value: Decimal, currency: str) -> int:
    unit = step(currency)
    return int((value / unit).quantize(Decimal(1), ROUND_HALF_UP)) * unit


def part(amount: int, percent: Decimal, currency: str) -> int:
    return rounded(Decimal(amount) * percent / 100, currency)


def inside(amount: int, percent: Decimal, currency: str) -> int:
    """The tax that lies within an amount that includes it."""
    return rounded(Decimal(amount) * percent / (100 + percent), currency)


def converted(amount: int, rate: Decimal, source: str, target: str) -> int:
    return rounded(Decimal(amount) * rate * Decimal(10) ** (decimals(target) - decimals(source)), target)


def shared(amount: int, weights: Sequence[int]) -> list[int]:
    """Largest remainder: the parts sum to the amount exactly."""
    total = sum(weights)
    if not total:
        return [0] * len(weights)
    exact = [Decimal(amount) * w / total for w in weights]
    parts = [int(e) for e in exact]
    rest = amount - sum(parts)
    order = sorted(range(len(exact)), key=lambda i: -abs(exact[i] - parts[i]))
    for i in order[: abs(rest)]:
        parts[i] += 1 if rest > 0 else -1
    return parts


def shown(amount: int, currency: str) -> str:
    places = decimals(currency)
    return f"{Decimal(amount).scaleb(-places):,.{places}f} {currency.upper()}"


def minor(text: str, currency: str) -> int:
    """From what a person typed ("150.00") to minor units."""
    return int(Decimal(text.replace(",", "").strip()).scaleb(decimals(currency)).quantize(Decimal(1), ROUND_HALF_UP))
