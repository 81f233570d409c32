"""How one customer's folders are to be treated. What nobody has set is as most customers need it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, get_type_hints

from connectors.base import ask
from connectors.errors import Malformed
from connectors.sftp import Waits

MODES: Final = (
    ("move", "Move it into the archive folder, or the error folder"),
    ("delete", "Delete it"),
    ("leave", "Leave it where it is"),
)
_RANGES: Final[Mapping[str, tuple[int, int]]] = {
    "settle_seconds": (0, 86_400),
    "poll_seconds": (60, 86_400),
    "max_entries": (1, 100_000),
    "max_file_bytes": (1, 2_000_000_000),
    "connect_seconds": (1, 120),
    "channel_seconds": (1, 600),
    "file_seconds": (1, 7_200),
}


@dataclass(frozen=True)
class Settings:
    include: str = ask("Which files", default="*.csv *.txt *.xml", help="Patterns, separated by blanks; * is any text.")
    ignore: str = ask("Which of them not", default="", help="Patterns of names that are never read, of samples say.")
    unfinished: str = ask(
        "Endings of files that are still being written",
        default=".tmp .part .partial .filepart .crdownload .uploading .inprogress .lock .swp ~",
    )
    done_marker: str = ask(
        "Ending of the file that says another is whole", default="", help=".done for instance; empty: there is none."
    )
    settle_seconds: int = ask("Seconds that a file must stand still before it is read", default=30)
    poll_seconds: int = ask("Seconds between two looks into the folder", default=900)
    archive_mode: str = ask("What becomes of a file that is done", default="move", choices=MODES)
    create_folders: bool = ask("Make the archive and error folders where they are missing", default=False)
    probe_by_writing: bool = ask(
        "The ping may write a small file into the archive folder, rename it and remove it", default=False
    )
    max_entries: int = ask("Most names that are looked at in the folder", default=5_000)
    max_file_bytes: int = ask("Most bytes of one file", default=200_000_000)
    connect_seconds: int = ask("Seconds for connecting and signing in, each", default=15)
    channel_seconds: int = ask("Longest silence of the server, in seconds", default=60)
    file_seconds: int = ask("Longest time for reading one file, in seconds", default=900)

    def __post_init__(self) -> None:
        for name, (least, most) in _RANGES.items():
            if not least <= getattr(self, name) <= most:
                raise Malformed(name, f"must be between {least} and {most}", value=str(getattr(self, name)))
        if self.archive_mode not in dict(MODES):
            raise Malformed("archive_mode", "is none of move, delete, leave", value=self.archive_mode)
        if not self.include.split():
            raise Malformed("include", "names no pattern, so that nothing would ever be read")
        if "/" in self.done_marker or " " in self.done_marker:
            raise Malformed("done_marker", "is an ending, such as .done", value=self.done_marker)

    @property
    def waits(self) -> Waits:
        return Waits(connect=self.connect_seconds, channel=self.channel_seconds, file=self.file_seconds)


def settings_of(given: Mapping[str, Any]) -> Settings:
    """From what is kept with the connection, where other things stand too. Raises Malformed."""
    hints = get_type_hints(Settings)
    known = {one.name: given[one.name] for one in fields(Settings) if given.get(one.name) not in (None, "")}
    return Settings(**{name: _typed(name, value, hints[name]) for name, value in known.items()})


def _typed(name: str, value: Any, of: type) -> Any:
    if of is bool and isinstance(value, str):
        return value.lower() in ("true", "yes", "on", "1")
    try:
        return of(value)
    except (TypeError, ValueError):
        raise Malformed(name, "is not a whole number", value=str(value)) from None
