"""What waits in the outbound folder, and when a file has stood still. Pure, but for the one look at names whose kind
the server did not tell."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.sftp import Entry, Stat, is_file, is_folder, shown
from connectors.stampli.names import is_marked, is_wanted, why_hostile
from connectors.stampli.settings import Settings


@dataclass(frozen=True)
class RemoteFile:
    """A regular file with a name that can be trusted. `mtime`: whole seconds of the server's clock, or None where it
    tells none; to be compared with its own earlier values only."""

    folder: str
    name: str
    size: int
    mtime: int | None

    @property
    def path(self) -> str:
        return f"{self.folder.rstrip('/')}/{self.name}"

    @property
    def stat(self) -> Stat:
        return Stat(self.size, self.mtime, None)


@dataclass(frozen=True)
class Listing:
    """One look. `files`: oldest first, then by name. `refused`: the name, safe to show, and why it is not read.
    `left_out`: how many are there that nobody asked for, or that are still being written. `more`: there are more names
    than are looked at; what is taken away makes room for them."""

    files: tuple[RemoteFile, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    left_out: int = 0
    more: bool = False


def listing(
    folder: str, entries: Iterable[Entry], *, more: bool, settings: Settings, look: Callable[[str], Stat | None]
) -> Listing:
    """`look` asks for one name again, whose kind or size the server did not tell with the list."""
    files: list[RemoteFile] = []
    refused: list[tuple[str, str]] = []
    left_out = 0
    kept = list(entries)
    there = {entry.name.decode("utf-8", "surrogateescape") for entry in kept}
    for entry in kept:
        name = entry.name.decode("utf-8", "surrogateescape")
        if why := why_hostile(entry.name):
            refused.append((shown(entry.name), f"The name {why}."))
            continue
        what = entry.stat if None not in (entry.stat.mode, entry.stat.size) else look(name)
        if what is None or (is_folder(what) and not is_wanted(name, settings)):
            continue  # it has gone meanwhile, or is a folder like any other: the archive, say
        if not is_file(what) or what.size is None:
            refused.append((shown(entry.name), _what_it_is(what)))
        elif is_wanted(name, settings) and is_marked(name, there, settings):
            files.append(RemoteFile(folder, name, what.size, what.mtime))
        else:
            left_out += 1
    files.sort(key=lambda file: (file.mtime or 0, file.name))
    return Listing(tuple(files), tuple(sorted(refused)), left_out, more)


def _what_it_is(what: Stat) -> str:
    if is_folder(what):
        return "It is a folder with the name of a file."
    if is_file(what):
        return "The server does not tell its size."
    return "It is no regular file but a link, a pipe or a device, or the server does not tell."


# --- standing still ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seen:
    """A file as it was first seen like this: since then every look found it unchanged. `at` by our own clock."""

    size: int
    mtime: int | None
    at: datetime


def observe(before: Seen | None, file: RemoteFile, now: datetime) -> Seen:
    """What to remember of a file after a look."""
    if before and (before.size, before.mtime) == (file.size, file.mtime) and before.at <= now:
        return before
    return Seen(file.size, file.mtime, now)


def is_stable(seen: Seen, now: datetime, settings: Settings) -> bool:
    """Whether it may be read: two looks at least as far apart as it must settle saw it unchanged. An empty file may be
    one that has just been opened to be written: it waits for a whole poll. Never true at the first look."""
    wait = max(settings.settle_seconds, settings.poll_seconds if seen.size == 0 else 0)
    return now > seen.at and now - seen.at >= timedelta(seconds=wait)
