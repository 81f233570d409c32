"""What rows of one document must say alike, and what each of them says as it is compared."""

from collections.abc import Iterable, Sequence

from connectors.base import Json
from connectors.files import FileRow
from connectors.names import fold
from connectors.stampli.files import columns
from connectors.stampli.files.codes import Note, note
from connectors.stampli.files.keys import digest
from connectors.stampli.files.opening import Opening
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
    differ = [name for name in names if len({said(row, name) for row in rows}) > 1]
    if differ:
        raise Wrong("header_conflict", f"They differ in {', '.join(differ)}.", column=",".join(differ))


def told_apart(rows: Sequence[FileRow], names: Iterable[str]) -> list[Note]:
    """Texts in which they may differ; the first is used."""
    differ = [name for name in names if len({said(row, name) for row in rows}) > 1]
    return [note(f"header_differs:{name}") for name in differ]


def row_hash(row: FileRow, opening: Opening) -> str:
    """Equal for two rows that say the same in every column that is used."""
    return digest([said(row, name) for name in sorted(set(filter(None, opening.names)))])


def dimensions(row: FileRow) -> Json:
    names = [name for name in row.body["cells"] if name in columns.DIMENSIONS or name.startswith(columns.DIMENSION)]
    return {name.removeprefix(columns.DIMENSION): cell(row, name) for name in names}
