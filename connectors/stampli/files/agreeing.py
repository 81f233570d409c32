"""What rows of one document must say alike, and what each of them says as it is compared."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from connectors.base import Json
from connectors.files import FileRow
from connectors.names import fold
from connectors.stampli.files import columns
from connectors.stampli.files.codes import Note, note
from connectors.stampli.files.keys import digest
from connectors.stampli.files.opening import Opening
from connectors.stampli.files.repeats import Entry
from connectors.stampli.files.wrong import Wrong


def said(row: FileRow, name: str) -> str:
    """A cell as it is compared: by its value where it has one, else folded."""
    value = row.body["values"].get(name)
    return str(value) if value is not None else fold(row.body["cells"].get(name, ""))


def cell(row: FileRow, name: str) -> str:
    """A cell as the file has it, without blanks around it."""
    return str(row.body["cells"].get(name, "")).strip()


def value(row: FileRow, name: str) -> str:
    return str(row.body["values"].get(name, ""))


def vendor(row: FileRow) -> dict[str, str]:
    """As written. Of a column that may hold either, both are the same."""
    bare = cell(row, columns.BARE_VENDOR)
    return {"id": cell(row, "vendor_id") or bare, "name": cell(row, "vendor_name") or bare}


def agree(rows: Sequence[FileRow], names: Iterable[str]) -> None:
    """Raises Wrong with all names in which they differ."""
    differ = _differ(rows, names)
    if differ:
        raise Wrong("header_conflict", f"They differ in {', '.join(differ)}.", column=",".join(differ))


def _differ(rows: Sequence[FileRow], names: Iterable[str]) -> list[str]:
    differ = []
    for name in names:
        written = {row.body["cells"].get(name) for row in rows}
        if len(written) > 1 and len({said(row, name) for row in rows}) > 1:
            differ.append(name)
    return differ


def told_apart(rows: Sequence[FileRow], names: Iterable[str]) -> list[Note]:
    """Texts in which they may differ; the first is used."""
    differ = _differ(rows, names)
    return [note(f"header_differs:{name}") for name in differ]


def entries(rows: Sequence[FileRow], amount: str, number: Callable[[FileRow], str], opening: Opening) -> list[Entry]:
    """The rows as they are looked at for repeats. What a row says in all columns that are used is only compared with
    rows of the same line number, or of the same amount."""
    names = sorted(set(filter(None, opening.names)))
    numbers, amounts = Counter(map(number, rows)), Counter(value(row, amount) for row in rows)
    found = []
    for row in rows:
        alone = numbers[number(row)] == 1 if number(row) else amounts[value(row, amount)] == 1
        mark = f"row {row.number}" if alone else digest([said(row, name) for name in names])
        found.append(Entry(row.number, Decimal(value(row, amount)), number(row), mark))
    return found


def dimensions(row: FileRow) -> Json:
    names = [name for name in row.body["cells"] if name in columns.DIMENSIONS or name.startswith(columns.DIMENSION)]
    return {name.removeprefix(columns.DIMENSION): cell(row, name) for name in names}
