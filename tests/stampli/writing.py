"""Small files for tests, written by hand or by chance."""

import io
from collections.abc import Sequence
from typing import Any

from connectors.stampli.files import Layout, Rules
from tests.stampli.samples import RULES, Read, read

HEADER = "Vendor ID,Invoice Number,Invoice Date,Currency,GL Account,Line Amount"
ROW = "V-1,A-1,2026-06-01,USD,6000,10.00"


def of(*lines: str, rules: Rules = RULES, layout: Layout | None = None, end: str = "\n", **more: Any) -> Read:
    """A file of these lines; see `header` for the usual first one."""
    return read(io.BytesIO(end.join(lines).encode(more.pop("encoding", "utf-8"))), rules, layout, **more)


def amounts(*texts: str, rules: Rules = RULES, currency: str = "USD") -> Read:
    """One invoice for each amount; cells are quoted."""
    rows = [f'V-1,A-{n},2026-06-01,{currency},6000,"{text}"' for n, text in enumerate(texts, 1)]
    return of(HEADER, *rows, rules=rules)


def dates(*texts: str, rules: Rules = RULES) -> Read:
    return of(HEADER, *(f'V-1,A-{n},"{text}",USD,6000,10.00' for n, text in enumerate(texts, 1)), rules=rules)


def totals(result: Read) -> list[str]:
    return [one["total"] for one in result.payloads]


def codes(result: Read) -> dict[int, list[str]]:
    return result.codes


def file(header: str, *rows: Sequence[str]) -> Read:
    return of(header, *(",".join(f'"{cell}"' for cell in row) for row in rows))
