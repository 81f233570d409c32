"""Which names of a folder are read, which are not yet, and which can mean no good. Pure."""

import posixpath
import re
import unicodedata
from collections.abc import Collection
from fnmatch import fnmatchcase
from typing import Final

from connectors.stampli.settings import Settings

MOST_BYTES: Final = 255
_CONTROLS: Final = frozenset(("Cc", "Cs", "Zl", "Zp"))
_TURNS: Final = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # change the direction of writing


def why_hostile(raw: bytes) -> str:
    """What is wrong with a name; empty: nothing. No path of it may lead elsewhere, and no page may be misled by it."""
    if not raw or len(raw) > MOST_BYTES:
        return "is empty" if not raw else f"is longer than {MOST_BYTES} bytes"
    if b"/" in raw or b"\\" in raw or raw in (b".", b".."):
        return "holds a path, which could lead outside of the folder"
    try:
        name = raw.decode()
    except UnicodeDecodeError:
        return "is not UTF-8"
    if any(unicodedata.category(c) in _CONTROLS for c in name):
        return "holds control characters"
    return "turns the direction of writing, so that it is not what it looks like" if _TURNS.search(name) else ""


def folder_fault(path: str) -> str:
    """What is wrong with a folder as typed; empty: nothing."""
    if not path.strip() or path != path.strip():
        return "is empty, or begins or ends with a blank"
    if ".." in path.split("/"):
        return "holds .., which could lead anywhere"
    if "\\" in path or any(unicodedata.category(c) in _CONTROLS for c in path):
        return "holds characters that no folder has; its parts are separated by /"
    return ""


def below(outbound: str, folder: str) -> str:
    """A folder of the archive: below the outbound folder unless it is typed from the root."""
    return posixpath.normpath(posixpath.join(outbound, folder))


def is_wanted(name: str, settings: Settings) -> bool:
    """By its name alone: included, not left out, not in the middle of being written, not hidden."""
    lower = name.lower()
    if lower.startswith(".") or any(lower.endswith(end.lower()) for end in settings.unfinished.split()):
        return False
    if any(fnmatchcase(lower, pattern.lower()) for pattern in settings.ignore.split()):
        return False
    return any(fnmatchcase(lower, pattern.lower()) for pattern in settings.include.split())


def markers(name: str, settings: Settings) -> tuple[str, ...]:
    """The names of which one says that this file is whole; empty where none is needed."""
    end = settings.done_marker
    return (name + end, posixpath.splitext(name)[0] + end) if end else ()


def is_marked(name: str, there: Collection[str], settings: Settings) -> bool:
    wanted = markers(name, settings)
    return not wanted or any(one in there for one in wanted)
