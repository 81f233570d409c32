"""Files of Stampli's, from bytes to rows and documents: rows a second and the most memory, in a process of its own.

Nothing is kept but one group of rows, as the engine keeps them in the database and not in memory.
"""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from itertools import groupby
from pathlib import Path

from connectors.stampli.files import Rules, assembled, rows, survey

HEADER = (
    "Stampli Invoice ID,Entity,Vendor ID,Vendor Name,Invoice Number,Invoice Date,Due Date,GL Posting Date,Currency,"
    "Invoice Total,PO Number,Line Number,GL Account,Line Amount,Line Description,Department,Location,Approved By,Note,"
    "Budget"
)
SIZES = 50_000, 500_000
LINES = 5


def run() -> None:
    with tempfile.TemporaryDirectory(prefix="ml-bench-") as directory:
        for shape, write in (("csv", _csv), ("xml", _xml)):
            for size in SIZES:
                path = Path(directory) / f"{size}.{shape}"
                with path.open("w", newline="") as file:
                    file.writelines(write(size))
                said = subprocess.run(
                    [sys.executable, "-m", "tests.bench.files", str(path)], check=True, capture_output=True, text=True
                ).stdout
                print(f"{shape} {size:8,} rows, {path.stat().st_size / 1e6:6.1f} MB: {said.strip()}", flush=True)
                path.unlink()


def _values(size: int) -> Iterator[tuple[int, int, str]]:
    for n in range(size):
        invoice, line = divmod(n, LINES)
        yield invoice, line + 1, f"{(invoice * 37 + line * 11) % 90_000 / 100 + 1:.2f}"


def _total(invoice: int) -> str:
    return f"{sum((invoice * 37 + line * 11) % 90_000 + 100 for line in range(LINES)) / 100:.2f}"


def _csv(size: int) -> Iterator[str]:
    yield f"{HEADER}\n"
    for invoice, line, amount in _values(size):
        who, day = invoice % 900, f"2026-06-{invoice % 28 + 1:02}"
        yield (
            f'ST-{invoice},E100,V-{who},"Vendor {who}, Inc.",INV-{invoice},{day},2026-07-01,2026-06-01,USD,'
            f'{_total(invoice)},PO-1,{line},6{line}00,{amount},"Paper\nand, freight",100,US-01,jane@example.com,,x\n'
        )


def _xml(size: int) -> Iterator[str]:
    yield "<Invoices>\n"
    for invoice, line, amount in _values(size):
        if line == 1:
            yield (
                f"<Invoice><VendorId>V-{invoice % 900}</VendorId><InvoiceNumber>INV-{invoice}</InvoiceNumber>"
                "<InvoiceDate>2026-06-01</InvoiceDate><Currency>USD</Currency>"
                f"<InvoiceTotal>{_total(invoice)}</InvoiceTotal><Lines>\n"
            )
        yield (
            f"<Line><LineNumber>{line}</LineNumber><GLAccount>6{line}00</GLAccount><LineAmount>{amount}</LineAmount>"
            "<LineDescription>Paper</LineDescription><Department>100</Department></Line>\n"
        )
        if line == LINES:
            yield "</Lines></Invoice>\n"
    yield "</Invoices>\n"


def _read(path: Path) -> str:
    rules, before = Rules(), _peak()
    with path.open("rb") as stream:
        began = time.monotonic()
        found = survey(stream, rules, date(2026, 6, 30))
        surveyed = time.monotonic()
        documents = 0
        for _, group in groupby(rows(stream, found, rules), key=lambda row: row.group):
            documents += assembled(list(group), found, rules).told is not None
        done = time.monotonic()
    assert documents == found.rows / LINES
    speeds = [found.rows / seconds for seconds in (surveyed - began, done - surveyed, done - began)]
    words = ("survey", "rows and documents", "both")
    said = ", ".join(f"{word} {speed:7,.0f} rows/s" for word, speed in zip(words, speeds, strict=True))
    return f"{said}; peak {_peak():.0f} MB, {_peak() - before:.0f} of it for this file"


def _peak() -> float:
    """The most memory since this program was started, in MB; what the process was before does not count."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found, "only Linux tells it"
    return int(found[1]) / 1024


if __name__ == "__main__":
    print(_read(Path(sys.argv[1])))
