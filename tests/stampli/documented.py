"""The tables of docs/stampli-files.md, made of those that the code goes by.

`python -m tests.stampli.documented` writes them into the page.
"""

from collections.abc import Iterable, Sequence
from dataclasses import MISSING, fields
from pathlib import Path

from connectors.stampli.files import Rules, words
from connectors.stampli.files.codes import CODES, Level
from connectors.stampli.files.columns import ALIASES, REQUIRED, Kind

PAGE = Path(__file__).parent.parent.parent / "docs" / "stampli-files.md"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in lines)


def columns_of(kind: Kind, *, only: bool) -> str:
    other: Kind = "payment" if kind == "invoice" else "invoice"
    rows = []
    for name, aliases in ALIASES[kind].items():
        if only == (name in ALIASES[other]):
            continue
        rows.append((f"**`{name}`**" if name in REQUIRED[kind] else f"`{name}`", ", ".join(aliases)))
    return table(("Column", "Headers that mean it"), rows)


def shared() -> str:
    names = [name for name in ALIASES["invoice"] if name in ALIASES["payment"]]
    marks = {name: f"**`{name}`**" if name in REQUIRED["invoice"] else f"`{name}`" for name in names}
    return table(
        ("Column", "Headers that mean it"), [(marks[name], ", ".join(ALIASES["invoice"][name])) for name in names]
    )


def codes_of(level: Level) -> str:
    known = [(f"`{code}`", one.what, one.cure) for code, one in CODES.items() if one.level == level]
    if level in ("note", "warning"):
        return table(("Code", "What it means"), [row[:2] for row in known])
    return table(("Code", "What it means", "What to do"), known)


def settings() -> str:
    rows = []
    for one in fields(Rules):
        choices = dict(one.metadata["choices"])
        default = "" if one.default is MISSING else one.default
        shown = choices.get(default, str(default) or "nothing")
        rows.append((f"`{one.name}`", one.metadata["label"], shown, one.metadata["help"]))
    return table(("Setting", "What it decides", "Unless set", "More"), rows)


def statuses() -> str:
    rows = [
        ("invoices go on", ", ".join(words.GO["invoice"])),
        ("payments go on", ", ".join(words.GO["payment"])),
        ("a wish to void", ", ".join(words.VOID)),
        ("all others", "passed over, and told"),
    ]
    return table(("Status", "Words"), rows)


def kinds() -> str:
    rows = [("bill", ", ".join(filter(None, words.BILLS)) + ", or nothing"), ("credit", ", ".join(words.CREDITS))]
    return table(("Class", "Words in `record_type`"), rows)


BLOCKS = {
    "columns of both": shared,
    "columns of invoices": lambda: columns_of("invoice", only=True),
    "columns of payments": lambda: columns_of("payment", only=True),
    "kinds": kinds,
    "statuses": statuses,
    "settings": settings,
    "file codes": lambda: codes_of("file"),
    "row codes": lambda: codes_of("row"),
    "document codes": lambda: codes_of("document"),
    "notes": lambda: codes_of("note"),
    "warnings": lambda: codes_of("warning"),
}


def written(page: str) -> str:
    """The page with its tables as they are now, each between two marks."""
    for name, made in BLOCKS.items():
        before, mark, rest = page.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition("<!-- end -->")
        assert mark and end, name
        page = f"{before}{mark}{made()}\n{end}{after}"
    return page


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
