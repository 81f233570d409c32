"""A client of the stand-in as a test needs it, and what it does in one line."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from connectors.base import Access, SessionStore, Wire
from connectors.errors import ConnectorError
from connectors.files import RemoteFile, Where
from connectors.http import Slots
from connectors.stampli import SYSTEM, Credentials, Stampli
from standins.stampli import StampliServer

AT = datetime(2026, 6, 30, 12, 0, 5, tzinfo=UTC)
NOWHERE: Any = None
"""In place of the HTTP wire and of kept sign-ins, which SFTP has no use for."""


@dataclass
class Counted:
    """A gate that counts how many slots are held at once, and how many were taken."""

    inner: Slots = field(default_factory=lambda: Slots(2))
    held: int = 0
    most: int = 0
    taken: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def slot(self, seconds: float) -> Iterator[None]:
        with self.inner.slot(seconds):
            with self.lock:
                self.held, self.taken = self.held + 1, self.taken + 1
                self.most = max(self.most, self.held)
            try:
                yield
            finally:
                with self.lock:
                    self.held -= 1


def connect(
    credentials: Credentials, settings: Mapping[str, Any], reachable: str, gate: Counted | None = None
) -> Stampli:
    access = Access(
        credentials,
        cast(Wire, NOWHERE),
        cast(SessionStore, NOWHERE),
        {"connect_seconds": 5, "channel_seconds": 5, **settings},
        gate=gate,
        reachable=frozenset({reachable}),
    )
    made: Stampli = SYSTEM.connect(access)
    return made


@dataclass
class Using:
    server: StampliServer
    gate: Counted = field(default_factory=Counted)

    def credentials(self, **changes: Any) -> Credentials:
        given = {k: v for k, v in self.server.address().items() if k != "host_keys"}
        return Credentials(**{**given, **changes})

    def pins(self) -> list[dict[str, str]]:
        pins: list[dict[str, str]] = self.server.address()["host_keys"]
        return pins

    def client(self, changes: Mapping[str, Any] | None = None, **settings: Any) -> Stampli:
        """`changes` of the credentials; settings besides the confirmed host key."""
        credentials = self.credentials(**(changes or {}))
        given = {"host_keys": self.pins(), **settings}
        return connect(credentials, given, f"{credentials.host}:{credentials.port}", self.gate)

    def file(self, name: str, **settings: Any) -> RemoteFile:
        """As the listing shows it."""
        return next(one for one in self.client(**settings).list_files().files if one.name == name)

    def read(self, file: RemoteFile, **settings: Any) -> bytes:
        got = bytearray()
        fetched = self.client(**settings).fetch(file, got.extend)
        assert fetched.size == len(got)
        return bytes(got)

    def away(self, file: RemoteFile, sha256: str = "ab" * 32, where: Where = "archive", **settings: Any) -> str:
        return self.client(**settings).put_away(file, sha256, where, AT)


def said(error: ConnectorError) -> str:
    return f"{error.said} {error.code} {error.field} {error.value} {error.cure}"
