"""What waits in the outbound folder. Pure, but for the one look at names whose kind the server did not tell."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from connectors.files import Listing, RemoteFile
from connectors.sftp import Entry, Stat, is_file, is_folder, shown
from connectors.stampli.names import is_marked, is_wanted, why_hostile
from connectors.stampli.settings import Settings


@dataclass(frozen=True)
class Look(Listing):
    """The files: oldest first, then by name."""

    left_out: int = 0
    """How many are there that nobody asked for, or that are still being written."""
    more: bool = False
    """There are more names than are looked at; what is put away makes room for them."""


def path_of(file: RemoteFile) -> str:
    return path_in(file.folder, file.name)


def path_in(folder: str, name: str) -> str:
    return f"{folder.rstrip('/')}/{name}"


def as_listed(file: RemoteFile) -> Stat:
    return Stat(file.size, file.mtime)


def listing(
    folder: str, entries: Iterable[Entry], *, more: bool, settings: Settings, look: Callable[[str], Stat | None]
) -> Look:
    """`look` asks for one name again, whose kind or size the server did not tell with the list."""
    files: list[RemoteFile] = []
    refused: list[tuple[str, str]] = []
    left_out = 0
    kept = list(entries)
    there = {entry.name.decode("utf-8", "surrogateescape") for entry in kept}
    for entry in kept:
        name = entry.name.decode("utf-8", "surrogateescape")
        if why := why_hostile(entry.name):
            refused.append((shown(entry.name), f"The name {why}"))
            continue
        told = entry.stat.mode is not None and entry.stat.size is not None
        what = entry.stat if told else look(name)
        if what is None or (is_folder(what) and not is_wanted(name, settings)):
            continue  # it has gone meanwhile, or is a folder like any other: the archive, say
        if not is_file(what) or what.size is None:
            refused.append((shown(entry.name), _what_it_is(what)))
        elif is_wanted(name, settings) and is_marked(name, there, settings):
            files.append(RemoteFile(folder, name, what.size, what.mtime))
        else:
            left_out += 1
    files.sort(key=lambda file: (file.mtime, file.name))
    return Look(tuple(files), tuple(sorted(refused)), left_out, more)


def _what_it_is(what: Stat) -> str:
    if is_folder(what):
        return "It is a folder with the name of a file"
    if is_file(what):
        return "The server does not tell its size"
    return "It is no regular file but a link, a pipe or a device, or the server does not tell"
