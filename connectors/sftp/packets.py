"""SFTP, version 3, over one channel: requests in flight, answers in order, names as bytes.

https://datatracker.ietf.org/doc/html/draft-ietf-secsh-filexfer-02

Written here because the client that comes with the SSH library decodes names before anybody can judge them (one that is
not UTF-8 ends the whole listing), and reads ahead in threads that race with the reader. Nothing here believes a server:
each length is checked against what is there, each answer against what was asked.
"""

import struct
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from connectors.errors import Malformed

INIT, VERSION, OPEN, CLOSE, READ, WRITE, LSTAT, FSTAT = 1, 2, 3, 4, 5, 6, 7, 8
OPENDIR, READDIR, REMOVE, MKDIR, REALPATH, STAT, RENAME, READLINK = 11, 12, 13, 14, 16, 17, 18, 19
STATUS, HANDLE, DATA, NAME, ATTRS = 101, 102, 103, 104, 105

OK, EOF, NO_SUCH_FILE, PERMISSION_DENIED, FAILURE, UNSUPPORTED, EXISTS = 0, 1, 2, 3, 4, 8, 11
"""Codes of a status. The last is of later versions; some servers say it in this one too."""

FOR_READING: Final = 0x01
NEW_FOR_WRITING: Final = 0x02 | 0x08 | 0x20  # write, create, and fail if it is there

_LARGEST: Final = 1 << 20
"""Bytes of one answer. Servers keep to 256 KiB and less."""
_CHUNK: Final = 32_768  # what every server must be able to answer to one read
_READS: Final = 64  # in flight; together they fill the window of the channel
_LISTS: Final = 8  # in flight; each answers with some hundred names


class _Long(int):
    """Goes out in eight bytes."""


class ClearError(Exception):
    """The server has answered, though not as was hoped; the session goes on."""


class StatusError(ClearError):
    """What it said. `text` is in its words, made safe to show."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{text} ({code})")
        self.code = code
        self.text = text


@dataclass(frozen=True)
class Stat:
    """What a server says about a file; it may keep any of it to itself. `mtime`: whole seconds of its own clock, to be
    compared with nothing else; 0 where it tells none."""

    size: int | None
    mtime: int = 0
    mode: int | None = None


@dataclass(frozen=True)
class Entry:
    """One name of a folder, raw."""

    name: bytes
    stat: Stat


class Body:
    """The inside of one answer, read from front to back. Raises Malformed where it is shorter than it says."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._at = 0

    def _take(self, size: int) -> bytes:
        part = self._raw[self._at : self._at + size]
        if len(part) < size:
            raise Malformed("answer", "of the SFTP server is shorter than it says")
        self._at += size
        return part

    def number(self) -> int:
        return int.from_bytes(self._take(4))

    def long(self) -> int:
        return int.from_bytes(self._take(8))

    def text(self) -> bytes:
        return self._take(self.number())

    def stat(self) -> Stat:
        flags = self.number()
        size = self.long() if flags & 0x01 else None
        if flags & 0x02:
            self._take(8)  # owner and group
        mode = self.number() if flags & 0x04 else None
        mtime = 0
        if flags & 0x08:
            self._take(4)  # when it was last read
            mtime = self.number()
        if flags & 0x80000000:
            for _ in range(self.number()):
                self.text()
                self.text()
        return Stat(size, mtime, mode)


class Packets:
    """`channel` is an open one of the SSH library, with the subsystem started and a time-out set."""

    def __init__(self, channel: Any) -> None:
        self._channel = channel
        self._buffer = bytearray()
        self._last = 0
        self._asked: set[int] = set()
        self._early: dict[int, tuple[int, Body]] = {}

    def begin(self) -> int:
        """The version that the server speaks, which is 3 or one that it agrees to speak as 3."""
        self._send(INIT, struct.pack(">I", 3))
        kind, raw = self._receive()
        if kind != VERSION:
            raise Malformed("answer", "of the SFTP server does not begin with its version")
        return Body(raw).number()

    # one question, one answer

    def lstat(self, path: bytes) -> Stat:
        return self._expect(ATTRS, self._post(LSTAT, path)).stat()

    def is_link(self, path: bytes) -> bool:
        try:
            self._expect(NAME, self._post(READLINK, path))
        except StatusError:
            return False
        return True

    def stat(self, path: bytes) -> Stat:
        return self._expect(ATTRS, self._post(STAT, path)).stat()

    def fstat(self, handle: bytes) -> Stat:
        return self._expect(ATTRS, self._post(FSTAT, handle)).stat()

    def open(self, path: bytes, flags: int) -> bytes:
        return self._expect(HANDLE, self._post(OPEN, path, flags, 0)).text()

    def write(self, handle: bytes, data: bytes) -> None:
        self._done(self._post(WRITE, handle, _Long(0), data))

    def close(self, handle: bytes) -> None:
        self._done(self._post(CLOSE, handle))

    def rename(self, old: bytes, new: bytes) -> None:
        """The plain one, which fails where the new name is taken; never the one that overwrites."""
        self._done(self._post(RENAME, old, new))

    def remove(self, path: bytes) -> None:
        self._done(self._post(REMOVE, path))

    def mkdir(self, path: bytes) -> None:
        self._done(self._post(MKDIR, path, 0))

    def realpath(self, path: bytes) -> bytes:
        body = self._expect(NAME, self._post(REALPATH, path))
        if body.number() != 1:
            raise Malformed("answer", "of the SFTP server names no single path")
        return body.text()

    # many questions under way

    def entries(self, folder: bytes, most: int) -> tuple[list[Entry], bool]:
        """All names of a folder but . and ..; and whether there are more than `most`, of which the rest is left."""
        handle = self._expect(HANDLE, self._post(OPENDIR, folder)).text()
        found: list[Entry] = []
        waiting: deque[int] = deque()
        more = True
        while waiting or (more and len(found) <= most):
            while more and len(waiting) < _LISTS and len(found) <= most:
                waiting.append(self._post(READDIR, handle))
            got = self._names(waiting.popleft())
            more = more and got is not None
            found += got or ()
        self.close(handle)
        return found[:most], len(found) > most

    def _names(self, number: int) -> list[Entry] | None:
        try:
            body = self._expect(NAME, number)
        except StatusError as status:
            if status.code == EOF:
                return None
            raise
        names = []
        for _ in range(body.number()):
            name = body.text()
            body.text()  # the line of a listing for people; no two servers write it alike
            stat = body.stat()
            if name not in (b".", b".."):
                names.append(Entry(name, stat))
        return names

    def read(self, handle: bytes, size: int) -> Iterator[bytes]:
        """The first `size` bytes in order; fewer where the file has become shorter."""
        waiting: deque[tuple[int, int, int]] = deque()  # number of the request, offset, length
        ahead, chunk = 0, _CHUNK
        while waiting or ahead < size:
            while len(waiting) < _READS and ahead < size:
                length = min(chunk, size - ahead)
                waiting.append((self._read(handle, ahead, length), ahead, length))
                ahead += length
            number, offset, length = waiting.popleft()
            part = self._part(number, length)
            if not part:
                size = ahead = 0  # what is still under way is waited for, and is empty too
                continue
            yield part
            if len(part) < length:  # a server may answer less than it was asked: it will do so again
                offset, length = offset + len(part), length - len(part)
                waiting.appendleft((self._read(handle, offset, length), offset, length))
                chunk = len(part)

    def _read(self, handle: bytes, offset: int, length: int) -> int:
        return self._post(READ, handle, _Long(offset), length)

    def _part(self, number: int, length: int) -> bytes:
        try:
            part = self._expect(DATA, number).text()
        except StatusError as status:
            if status.code == EOF:
                return b""
            raise
        if len(part) > length:
            raise Malformed("answer", "of the SFTP server is longer than was asked for")
        return part

    # numbers and bytes

    def _post(self, kind: int, *parts: "bytes | int | _Long") -> int:
        """Sends a request and returns its number."""
        self._last = (self._last + 1) & 0xFFFFFFFF
        body = struct.pack(">I", self._last)
        for part in parts:
            if isinstance(part, bytes):
                body += struct.pack(">I", len(part)) + part
            else:
                body += struct.pack(">Q" if isinstance(part, _Long) else ">I", part)
        self._asked.add(self._last)
        self._send(kind, body)
        return self._last

    def _expect(self, kind: int, number: int) -> Body:
        got, body = self._answer(number)
        if got == kind:
            return body
        if got != STATUS:
            raise Malformed("answer", "of the SFTP server is of another kind than was asked for")
        self._raise(body)
        raise Malformed("answer", "of the SFTP server says that it went well, and nothing else")

    def _done(self, number: int) -> None:
        got, body = self._answer(number)
        if got != STATUS:
            raise Malformed("answer", "of the SFTP server is of another kind than was asked for")
        self._raise(body)

    @staticmethod
    def _raise(body: Body) -> None:
        code = body.number()
        if code == OK:
            return
        try:
            text = shown(body.text())
        except Malformed:
            text = ""  # the oldest servers send the code alone
        raise StatusError(code, text or "no reason given")

    def _answer(self, number: int) -> tuple[int, Body]:
        while number not in self._early:
            kind, raw = self._receive()
            body = Body(raw)
            one = body.number()
            if one not in self._asked:
                raise Malformed("answer", "of the SFTP server is to nothing that was asked")
            self._asked.remove(one)
            self._early[one] = (kind, body)
        return self._early.pop(number)

    def _send(self, kind: int, body: bytes) -> None:
        self._channel.sendall(struct.pack(">IB", len(body) + 1, kind) + body)

    def _receive(self) -> tuple[int, bytes]:
        (size,) = struct.unpack(">I", self._bytes(4))
        if not 0 < size <= _LARGEST:
            raise Malformed("answer", "of the SFTP server has an impossible length")
        packet = self._bytes(size)
        return packet[0], packet[1:]

    def _bytes(self, size: int) -> bytes:
        while len(self._buffer) < size:
            part = self._channel.recv(65_536)
            if not part:
                raise EOFError("the server has ended the session")
            self._buffer += part
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken


def shown(raw: bytes, most: int = 255) -> str:
    """Bytes of the other side as a person may see them: what cannot be printed, and what turns the direction of
    writing, is written out."""
    text = raw[:most].decode("utf-8", "backslashreplace")
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return safe + "…" if len(raw) > most else safe
