"""What is done at an SFTP server: list, read, take away. One session at a time, in one of the slots of the company."""

import hashlib
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TypeVar

from connectors.addresses import resolve
from connectors.base import Gate
from connectors.errors import Unavailable
from connectors.sftp.connecting import About, Line, Login, Waits, about, learn, open_channel, open_line, sign_in
from connectors.sftp.keys import HostKey
from connectors.sftp.packets import (
    FOR_READING,
    NEW_FOR_WRITING,
    NO_SUCH_FILE,
    ClearError,
    Entry,
    Packets,
    Stat,
    StatusError,
)

T = TypeVar("T")


class NotAFileError(ClearError):
    """A folder, a symbolic link (which would lead elsewhere), a pipe, or something whose kind the server hides."""


class ChangingError(ClearError):
    """It was not the same before and after it was read, or not what was looked at before."""


class TooLargeError(ClearError):
    """It has more bytes than may be read."""


def is_file(what: Stat) -> bool:
    return what.mode is not None and stat.S_ISREG(what.mode)


def is_folder(what: Stat) -> bool:
    return what.mode is not None and stat.S_ISDIR(what.mode)


def same(one: Stat, other: Stat) -> bool:
    """As far as a server tells: size and whole seconds."""
    return (one.size, one.mtime) == (other.size, other.mtime)


@dataclass(frozen=True)
class Read:
    size: int
    sha256: str


class Session:
    """Signed in at the first thing that is asked of it; after a broken connection, signed in anew at the next.

    Paths are text as typed, or as listed; `/` between their parts. All methods raise Unavailable where no clear answer
    came, Denied by the sign-in, Malformed for an answer that no server may give, and StatusError for a clear no, which
    leaves the session open.
    """

    def __init__(self, login: Login, waits: Waits, allow: frozenset[str], until: float) -> None:
        """`until`: seconds on the monotonic clock, after which nothing is done any more."""
        self._login = login
        self._waits = waits
        self._allow = allow
        self._until = until
        self._open: tuple[Line, Packets] | None = None

    def about(self) -> About:
        line, _ = self._ready()
        return about(line)

    def close(self) -> None:
        if self._open:
            self._open[0].leave()
        self._open = None

    # --- looking

    def entries(self, folder: str, most: int) -> tuple[list[Entry], bool]:
        """The raw names of a folder, at most so many, and whether there are more."""
        return self._do(lambda files: files.entries(_raw(folder), most))

    def lstat(self, path: str) -> Stat | None:
        """What stands at this very name, a link itself and not what it leads to. None: nothing does."""
        return self._do(lambda files: _or_none(lambda: _lstat(files, _raw(path))))

    def stat(self, path: str) -> Stat | None:
        return self._do(lambda files: _or_none(lambda: files.stat(_raw(path))))

    def realpath(self, path: str) -> bytes:
        return self._do(lambda files: files.realpath(_raw(path)))

    # --- reading

    def read(self, path: str, into: Callable[[bytes], None], limit: int, expected: Stat | None = None) -> Read:
        """Streams a file, once, and proves that it stood still meanwhile. What `into` was given counts only if this
        returns. Raises NotAFileError, ChangingError, TooLargeError, and what `into` raises."""
        kept: list[Exception] = []

        def hand_over(part: bytes) -> None:
            try:
                into(part)
            except Exception as error:
                kept.append(error)
                raise _IntoError from error

        try:
            return self._do(lambda files: _read(files, _raw(path), hand_over, limit, expected), self._waits.file)
        except _IntoError:
            raise kept[0] from None

    def head(self, path: str, most: int) -> bytes:
        """The first bytes of a regular file: whether it may be read at all."""

        def first(files: Packets) -> bytes:
            what = _lstat(files, _raw(path))
            if not is_file(what):
                raise NotAFileError
            handle = files.open(_raw(path), FOR_READING)
            part = b"".join(files.read(handle, min(most, what.size or 0)))
            files.close(handle)
            return part

        return self._do(first)

    # --- changing

    def rename(self, old: str, new: str) -> None:
        """Never over something that is there. Unavailable with `sent=True`: look whether it was carried out."""
        self._do(lambda files: files.rename(_raw(old), _raw(new)), sent=True)

    def remove(self, path: str) -> None:
        self._do(lambda files: files.remove(_raw(path)), sent=True)

    def mkdir(self, path: str) -> None:
        self._do(lambda files: files.mkdir(_raw(path)), sent=True)

    def create(self, path: str, content: bytes) -> None:
        """A new small file. Raises StatusError where the name is taken."""

        def write(files: Packets) -> None:
            handle = files.open(_raw(path), NEW_FOR_WRITING)
            files.write(handle, content)
            files.close(handle)

        self._do(write, sent=True)

    # --- the connection

    def _do(self, what: Callable[[Packets], T], seconds: float | None = None, *, sent: bool = False) -> T:
        line, files = self._ready()
        try:
            with line.within(min(seconds or self._waits.operation, self._left()), sent=sent):
                return what(files)
        except ClearError:
            raise
        except BaseException:
            self.close()
            raise

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            said = f"The time for one session with {self._login.host} is over."
            raise Unavailable(said, sent=False, code="network.deadline")
        return left

    def _ready(self) -> tuple[Line, Packets]:
        self._left()
        if self._open is None:
            line = open_line(self._login, self._waits, self._allow)
            try:
                sign_in(line, self._login, self._waits)
                files = Packets(open_channel(line, self._waits))
                with line.within(self._waits.connect):
                    files.begin()
            except BaseException:
                line.close()
                raise
            self._open = (line, files)
        return self._open


class _IntoError(Exception):
    """What the reader of the bytes raised is none of the network's."""


def _raw(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")


def _or_none(look: Callable[[], Stat]) -> Stat | None:
    try:
        return look()
    except StatusError as status:
        if status.code == NO_SUCH_FILE:
            return None
        raise


def _lstat(files: Packets, path: bytes) -> Stat:
    """Some servers (ProFTPD) answer for what a link leads to; asked where it leads, they say that it is one."""
    what = files.lstat(path)
    return Stat(what.size, what.mtime, stat.S_IFLNK) if is_file(what) and files.is_link(path) else what


def _read(files: Packets, path: bytes, into: Callable[[bytes], None], limit: int, expected: Stat | None) -> Read:
    before = _lstat(files, path)
    if not is_file(before):
        raise NotAFileError
    if expected and not same(before, expected):
        raise ChangingError
    handle = files.open(path, FOR_READING)
    opened = files.fstat(handle)
    if not same(before, opened) or opened.size is None:
        files.close(handle)
        raise ChangingError
    if opened.size > limit:
        files.close(handle)
        raise TooLargeError
    digest, count = hashlib.sha256(), 0
    for part in files.read(handle, opened.size):
        digest.update(part)
        count += len(part)
        into(part)
    read, after = files.fstat(handle), _or_none(lambda: _lstat(files, path))
    files.close(handle)
    if count != opened.size or after is None or not (same(opened, read) and same(opened, after) and is_file(after)):
        raise ChangingError
    return Read(count, digest.hexdigest())


# --- the wire ---------------------------------------------------------------------------------------------------------


class SftpWire:
    """The SFTP twin of the HTTP wire, for one company. `allow` holds `host:port` of stand-ins."""

    def __init__(self, gate: Gate | None, allow: frozenset[str] = frozenset(), waits: Waits | None = None) -> None:
        self._gate = gate
        self._allow = allow
        self.waits = waits or Waits()

    @contextmanager
    def session(self, login: Login, seconds: float) -> Iterator[Session]:
        """One session in one slot, for so long at most."""
        with self._slot(seconds):
            session = Session(login, self.waits, self._allow, time.monotonic() + seconds)
            try:
                yield session
            finally:
                session.close()

    def host_key(self, host: str, port: int) -> tuple[HostKey, About]:
        """How the server is known and what it says of itself, learned without any credentials. Raises Unavailable,
        and Denied by the guard of addresses or where the server offers only what is weak."""
        with self._slot(self.waits.connect * 2):
            return learn(resolve(host, port, self._allow, self.waits.connect), self.waits)

    def _slot(self, seconds: float) -> AbstractContextManager[None]:
        return self._gate.slot(seconds) if self._gate else nullcontext()
