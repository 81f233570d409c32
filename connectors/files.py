"""The contract with systems whose facts arrive as files in a folder.

The engine lists a folder, waits until a file stands still, fetches its bytes into the database, reads them row by row,
keeps every row with its outcome, and puts the file away once each row has one. A system says how its folder is reached
(`Folder`) and how its bytes are read (`Reader`); both are parts of its client.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO, Literal, Protocol

from connectors.base import Fact, Json
from connectors.errors import ConnectorError

Where = Literal["archive", "error"]
FEED = "files"
"""The feed of a system whose facts arrive as files: its cursor says when the folder is looked at next."""


@dataclass(frozen=True)
class RemoteFile:
    """A file as a listing shows it. `mtime`: whole seconds on the server's own clock, compared with nothing else."""

    folder: str
    name: str
    size: int
    mtime: int


@dataclass(frozen=True)
class Listing:
    files: Sequence[RemoteFile]
    refused: Sequence[tuple[str, str]] = ()
    """What is never touched: its name, made safe to show, and why."""


@dataclass(frozen=True)
class Fetched:
    size: int
    sha256: str


class Changed(ConnectorError):
    """The file is not what the listing showed any more: it grew, was replaced, or is gone. It is looked at anew."""

    code = "file.changed"


class FileRejected(ConnectorError):
    """Nothing of the file can be trusted. `code` is one of the file's codes; the file goes to the folder of errors."""

    code = "file.rejected"


class Unconfirmed(ConnectorError):
    """Nobody has said yet that files like this one are understood rightly. The file waits."""

    code = "layout.unconfirmed"


@dataclass(frozen=True)
class Fault:
    """What is wrong with one row. `column` in the words of the contract, `value` as the file has it."""

    code: str
    said: str
    column: str = ""
    value: str = ""


@dataclass(frozen=True)
class FileRow:
    """One row of a file. Rows of one `group` make one document; without a group the row is of none."""

    number: int
    group: str
    body: Json
    """All that assembling needs, as JSON."""
    faults: tuple[Fault, ...] = ()
    amount: str = ""
    """As a decimal text; empty where the row has none that can be read."""


@dataclass(frozen=True)
class Told:
    """What a file tells of one fact: the fact, and all that translating it needs."""

    fact: Fact
    payload: Json


@dataclass(frozen=True)
class Assembled:
    """What the rows of one group came to: a fact, or faults. A group with faults tells no fact at all."""

    told: Told | None
    faults: Mapping[int, Sequence[Fault]] = field(default_factory=dict)
    """Row → what is wrong with it."""
    notes: Mapping[int, str] = field(default_factory=dict)
    """Row → the code of what became of it by itself: a repeated row, a status that is not carried."""
    amount: str = ""
    """What the document comes to, as a decimal text; empty where it tells none."""


@dataclass(frozen=True)
class Column:
    """One column of a file, and what it is taken for."""

    header: str
    name: str = ""
    """In the words of the contract; empty: it is not used."""
    samples: Sequence[str] = ()
    suggestions: Sequence[str] = ()


@dataclass(frozen=True)
class Shown:
    """How a file is understood, for a person who confirms it."""

    facts: Mapping[str, str]
    """What was found out, and by which proof: kind, encoding, delimiter, how amounts and dates are written."""
    columns: Sequence[Column]
    names: Sequence[str]
    """All that a column can be."""
    rows: Sequence[FileRow] = ()
    """The first ones, as they are understood."""
    problem: str = ""
    """Why nothing of it could be carried as it is."""


class Folder(Protocol):
    """How a folder is reached. Each call is one session, in one slot."""

    def list_files(self) -> Listing: ...

    def fetch(self, file: RemoteFile, into: Callable[[bytes], None]) -> Fetched:
        """Raises `Changed` where it did not stand still, `FileRejected` (too_large) where it is over the limit."""
        ...

    def put_away(self, file: RemoteFile, sha256: str, where: Where, at: datetime) -> str:
        """Moves the file and returns where it lies now, or left it; safe to call again: what was moved is found there.
        Raises `Changed` where another file lies in its place, `Refused` where it may not be moved."""
        ...


class Reader(Protocol):
    """How the bytes of a file are read. Pure: no network. `stream` is seekable; memory stays flat."""

    def survey(self, stream: BinaryIO, name: str) -> Any:
        """All that is decided once per file. Raises `FileRejected` or `Unconfirmed`."""
        ...

    def told_of(self, survey: Any) -> Json:
        """What the survey found, for people: kind, encoding, columns, warnings, number of rows."""
        ...

    def shown(self, stream: BinaryIO, name: str) -> Shown:
        """For the page where a person confirms it. Never raises for what is wrong with the file."""
        ...

    def confirmed(self, stream: BinaryIO, name: str, names: Sequence[str]) -> Json:
        """The layout, as it is kept in the connection's settings, that a person confirms: a name, or nothing, for each
        of the columns that were shown. Raises `Malformed`."""
        ...

    def rows(self, stream: BinaryIO, survey: Any) -> Iterator[FileRow]: ...

    def assemble(self, rows: Sequence[FileRow], survey: Any) -> Assembled:
        """The rows of one group, in their order."""
        ...


class Kept(Protocol):
    """What the host keeps of files, for a client that loads facts."""

    def load(self, stream: str, key: str) -> Json:
        """What the newest file that told of this fact said. Raises `NotYet` if none did."""
        ...
