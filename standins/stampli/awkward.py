"""Files that make trouble, each as it is met in real folders. What each must lead to stands beside it."""

import os
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from standins.stampli.outbox import KEPT_APART, Outbox
from standins.stampli.story import Bill, Line, Story
from standins.stampli.writing import bills_file

Act = Callable[[Outbox], None]


def some_bills(count: int = 3, seed: int = 77, prefix: str = "AW") -> list[Bill]:
    """Bills of a story of their own, with numbers that no other has."""
    bills = [bill for bill in Story(seed=seed).next_week().bills if not bill.credit][:count]
    return [replace(bill, id=f"{prefix}-{n}", number=f"{prefix}-{bill.number}") for n, bill in enumerate(bills, 1)]


def growing(outbox: Outbox) -> None:
    """The first half, cut inside a row. `Finish what is being written` writes the rest."""
    content = bills_file(some_bills(prefix="GR"))
    outbox.begin("growing.csv", content[: len(content) // 2])


def finish(outbox: Outbox) -> None:
    content = bills_file(some_bills(prefix="GR"))
    path = outbox.out / "growing.csv"
    if path.exists() and path.stat().st_size < len(content):
        outbox.go_on("growing.csv", content[path.stat().st_size :])
    for part in sorted(outbox.out.glob("*.filepart")):
        outbox.rename(part.name, part.name.removesuffix(".filepart"))


def filepart(outbox: Outbox) -> None:
    outbox.drop("uploading.csv.filepart", bills_file(some_bills(prefix="FP")))


def european(outbox: Outbox) -> None:
    outbox.drop("european.csv", bills_file(some_bills(prefix="EU"), "european"))


def same_again(outbox: Outbox) -> None:
    """Once under a name, once more under another."""
    content = bills_file(some_bills(prefix="SA"))
    outbox.drop("once.csv", content)
    outbox.drop("once more.csv", content)


def twins(outbox: Outbox) -> None:
    """Two bills with one vendor and one number, which differ."""
    one = some_bills(1, prefix="TW")[0]
    other = replace(one, id="TW-2", lines=(replace(one.lines[0], amount=one.lines[0].amount + 1), *one.lines[1:]))
    outbox.drop("twins.csv", bills_file([one, other]))


def changed_row(outbox: Outbox) -> None:
    """The same file twice; the second has one cent more on the first bill, and the last bill is not in it."""
    bills = some_bills(4, prefix="CH")
    first = bills[0]
    cent = Line(first.lines[0].account, Decimal("0.01"), "Rounding", first.lines[0].department, "US-100")
    outbox.drop("changed.csv", bills_file(bills))
    outbox.drop("changed later.csv", bills_file([replace(first, lines=(*first.lines, cent)), *bills[1:-1]]))


def wrong_total(outbox: Outbox) -> None:
    outbox.drop("wrong total.csv", bills_file(some_bills(prefix="WT")) + b"Total,,,,,,,,,,,,,1.00,,,\n")


def broken_quote(outbox: Outbox) -> None:
    lines = bills_file(some_bills(prefix="BQ")).decode().splitlines()
    outbox.drop("broken quote.csv", "\n".join([lines[0], lines[1].replace(",", ',"', 1), *lines[2:]]) + "\n")


def formulas(outbox: Outbox) -> None:
    bills = some_bills(2, prefix="FO")
    told = replace(bills[0].lines[0], text='=HYPERLINK("http://example.com","open")')
    outbox.drop("formulas.csv", bills_file([replace(bills[0], lines=(told, *bills[0].lines[1:])), bills[1]]))


def empty(outbox: Outbox) -> None:
    outbox.drop("empty.csv", b"")
    outbox.drop("header only.csv", bills_file([]))


def hostile(outbox: Outbox) -> None:
    """Names and kinds that nobody may open: a link to what is another's, a folder, a pipe, and names that mislead."""
    out = os.fsencode(outbox.out)
    for name in (b"broken\xff.csv", b"line\nbreak.csv", "turned\u202evsc.exe.csv".encode(), b"back\\slash.csv"):
        Path(os.fsdecode(out + b"/" + name)).write_bytes(b"never read\n")
    (outbox.out / "folder.csv").mkdir(exist_ok=True)
    if not (outbox.out / "link.csv").is_symlink():
        (outbox.out / "link.csv").symlink_to(outbox.root / KEPT_APART)
        os.mkfifo(outbox.out / "pipe.csv")


def crowd(outbox: Outbox, count: int = 4000) -> None:
    """A folder that nobody has cleaned."""
    for number in range(count):
        (outbox.out / f"old export {number:05d}.log").write_bytes(b"x")


ACTS: dict[str, tuple[str, Act]] = {
    "growing": ("A file that is still growing", growing),
    "filepart": ("A file under a name for the time of its upload", filepart),
    "finish": ("Finish what is being written", finish),
    "european": ("Semicolons and decimal commas", european),
    "same_again": ("The same bytes under two names", same_again),
    "twins": ("Two bills with one number", twins),
    "changed_row": ("A bill that was changed in a later file", changed_row),
    "wrong_total": ("A total that does not agree", wrong_total),
    "broken_quote": ("A quote that never closes", broken_quote),
    "formulas": ("Cells that are formulas to a spreadsheet", formulas),
    "empty": ("An empty file, and one with a header only", empty),
    "hostile": ("Hostile names, a link, a folder, a pipe", hostile),
    "crowd": ("4,000 old files", crowd),
}
