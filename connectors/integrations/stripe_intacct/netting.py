"""Parts of an invoice that share a coding, and what is left of the negative ones. docs/accounting.md 3.2"""

from collections import defaultdict
from dataclasses import dataclass, replace

from connectors.sage_intacct.documents import Line


@dataclass(frozen=True)
class Part:
    """An amount in minor units with its coding, and where it came from."""

    coding: Line
    minor: int
    memo: str
    why: str
    sources: tuple[str, ...] = ()
    """Ids of what it came from: the line, tax rates, `shipping`."""


def netted(parts: list[Part]) -> list[Part]:
    """Negative parts go into positive ones of the same coding, the largest first; what is left of them stays."""
    kept = list(parts)
    for place, part in enumerate(parts):
        if part.minor < 0:
            _net(kept, place)
    return [part for part in kept if part.minor]


def _net(kept: list[Part], place: int) -> None:
    credit = kept[place]
    fitting = [i for i, part in enumerate(kept) if part.minor > 0 and part.coding == credit.coding]
    for i in sorted(fitting, key=lambda i: (-kept[i].minor, i)):
        used = min(kept[i].minor, -credit.minor)
        kept[i] = replace(kept[i], minor=kept[i].minor - used, why=f"{kept[i].why}; {credit.why}")
        credit = replace(credit, minor=credit.minor + used)
    kept[place] = credit


def by_coding(parts: list[Part]) -> dict[Line, int]:
    sums: dict[Line, int] = defaultdict(int)
    for part in parts:
        sums[part.coding] += part.minor
    return sums


def summed(parts: list[Part]) -> list[Part]:
    first = {part.coding: part for part in reversed(parts)}
    why = {coding: "; ".join(p.why for p in parts if p.coding == coding) for coding in first}
    return [replace(first[coding], minor=minor, why=why[coding]) for coding, minor in by_coding(parts).items() if minor]
