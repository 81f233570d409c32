"""The wire: one HTTP/1.1 request, sent at most once, ended at its deadline.

Three things that HTTP libraries do not promise are done here, under httpcore's protocol engine (the one of httpx):

- The connection is opened by us before anything is announced, and the announcement is made before the first byte.
- A read time-out bounds each read; a server that drips is alive for ever. Our stream asks, at each step, how much is
  left until one absolute deadline.
- Closing a socket does not stop bytes that the kernel holds: they would be delivered after the deadline. Our sockets
  reset when they are closed.
"""

import math
import re
import select
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import httpcore
import httpx

from connectors.addresses import Address, dial, refused, resolve, typed
from connectors.base import Announce, Gate, Response
from connectors.errors import Denied, Malformed, Unavailable

__all__ = ["Address", "HttpWire", "Location", "Slots", "boottime", "dial", "location", "resolve"]

CONNECT_SECONDS: Final = 15.0
"""Longest time for looking up, connecting and TLS together."""

# Many servers close idle connections after 5 s. A read on a connection that is just being closed would fail.
_IDLE_SECONDS: Final = 3.0
_IDLE_MAX: Final = 4

# Waiting is cut into slices: `poll` does not count the time a machine was asleep, `boottime` does.
_SLICE: Final = 1.0
# The largest TLS record: what one send is given goes out as one record, which is readable whole or not at all.
_RECORD: Final = 16_384

_GZIP: Final = zlib.MAX_WBITS | 16
_PIECE: Final = 65_536

_HOST: Final = re.compile(r"[a-z0-9_.-]+|[0-9a-f:.]+")  # a name or IPv4; IPv6
_OURS: Final = frozenset(("host", "content-length", "transfer-encoding", "connection", "expect", "upgrade"))
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r"(?:[\x21-\x7e\x80-\xff](?:[\x20-\x7e\x80-\xff\t]*[\x21-\x7e\x80-\xff])?)?")


# It goes on while the machine sleeps, as the other side's clock does. Where it is missing (macOS), the next best.
_CLOCK: Final[int] = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def boottime() -> float:
    """Seconds on `CLOCK_BOOTTIME`; the same for all processes of a machine."""
    return time.clock_gettime(_CLOCK)


# --- what a person typed ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Location:
    """A URL, read. `host` in ASCII and lower case, without brackets."""

    scheme: str
    host: str
    port: int
    netloc: bytes  # for the Host header
    target: bytes  # path and query, as typed


def location(url: str, allow: frozenset[str] = frozenset()) -> Location:
    """Reads a URL and refuses, without any network, what cannot be right: https only, no user or password in it;
    plain http to allow-listed addresses only. Raises Denied with code `address.refused`.
    """
    try:
        parsed = httpx.URL(url)
        host = parsed.raw_host.decode("ascii").lower()
    except (httpx.InvalidURL, ValueError):  # the text may hold a password: it is not repeated
        raise refused("This is not a web address.") from None
    if parsed.scheme not in ("https", "http") or not host:
        raise refused("A web address starts with https:// and a host.")
    if not _HOST.fullmatch(host):
        raise refused("The host of this web address cannot exist.")
    if parsed.userinfo:
        raise refused("A web address may not hold a user name or password.")
    port = (443 if parsed.scheme == "https" else 80) if parsed.port is None else parsed.port
    if not 0 < port < 65_536:
        raise refused(f"{host} has no port {port}.")
    if parsed.scheme == "http" and typed(host, port) not in allow:
        raise refused(f"The address of {host} must start with https://.")
    return Location(parsed.scheme, host, port, parsed.netloc, parsed.raw_path)


# --- time and truth of one request ------------------------------------------------------------------------------------


class _LateError(Exception):
    """`send_by` had passed before the first byte."""


class _DeadlineError(Exception):
    """`close_by` has passed."""


@dataclass
class _Leg:
    """One request on a connection. Seconds on `boottime`. `sent`: the server may have read something of it."""

    close_by: float
    send_by: float = math.inf
    sent: bool = False

    def slice(self) -> float:
        """How long to wait now before looking at the clock again."""
        left = self.close_by - boottime()
        if left <= 0:
            raise _DeadlineError
        return min(left, _SLICE)

    def check_start(self) -> None:
        if boottime() >= min(self.send_by, self.close_by):
            raise _LateError


class _Stream(httpcore.NetworkStream):
    """A connected socket whose every step ends at the deadline of the request that it carries now.

    The time-outs that httpcore hands in are not used. Our two errors above pass through httpcore unchanged.
    """

    def __init__(self, sock: socket.socket, leg: _Leg) -> None:
        self._sock = sock
        self.leg = leg

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        while True:
            self._sock.settimeout(self.leg.slice())
            try:
                return self._sock.recv(max_bytes)
            except TimeoutError:
                continue
            except OSError as error:
                raise httpcore.ReadError(str(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        view = memoryview(buffer)
        while view:
            view = view[self._send(view[:_RECORD]) :]

    def _send(self, part: memoryview) -> int:
        """Hands one part to the kernel. While this is the first and fails, nothing of it can be read by the server:
        the kernel took no byte, or less than the one TLS record."""
        first = not self.leg.sent
        while True:
            self._sock.settimeout(self.leg.slice())
            self._bound_kernel()
            if first:
                self.leg.check_start()
            self.leg.sent = True
            try:
                return self._sock.send(part)
            except OSError as error:
                self.leg.sent = not first
                if not isinstance(error, TimeoutError):
                    raise httpcore.WriteError(str(error)) from error

    def _bound_kernel(self) -> None:
        """The kernel gives up by itself if this process no longer runs at the deadline (stopped, swapped out)."""
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            left = max(1, int((self.leg.close_by - boottime()) * 1000))
            with suppress(OSError):  # of a dead connection the send itself will tell
                self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, left)

    def close(self) -> None:
        self._sock.close()

    def get_extra_info(self, info: str) -> Any:
        """httpcore asks an idle connection for `is_readable`: what there is to read can only be its end."""
        return self._has_ended() if info == "is_readable" else None

    def _has_ended(self) -> bool:
        if self._sock.fileno() < 0:
            return True
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        return bool(poll.poll(0))


# --- a connection -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Line:
    """An open connection: TCP and TLS are up."""

    stream: _Stream
    http: httpcore.HTTP11Connection

    def close(self) -> None:
        self.stream.close()


@cache
def _trust() -> ssl.SSLContext:
    """The public authorities; certificate and host name are verified. Nothing is taken from the environment."""
    return httpx.create_ssl_context(trust_env=False)


def _secured(sock: socket.socket, host: str, trust: ssl.SSLContext, until: float) -> ssl.SSLSocket:
    """The handshake, ended at `until`. Raises Unavailable."""
    try:
        sock.settimeout(max(0.001, until - boottime()))
        return trust.wrap_socket(sock, server_hostname=host)
    except (OSError, ValueError) as error:  # ssl's errors are OSErrors; a host that TLS cannot name is a ValueError
        sock.close()
        raise Unavailable(f"No secure connection to {host}: {error}", sent=False, code="network.tls") from error


def _url(at: Location) -> httpcore.URL:
    return httpcore.URL(scheme=at.scheme.encode(), host=at.host.encode(), port=at.port, target=at.target)


# --- what goes out and what comes in ----------------------------------------------------------------------------------


def _header(name: str, value: str) -> tuple[bytes, bytes]:
    """Judges a header before anything is opened. What it holds may be a secret, so it is never repeated."""
    if name.lower() in _OURS:
        raise ValueError(f"The wire itself writes the header {name}.")
    if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
        raise Denied(
            f"The header {name!r} has characters that HTTP cannot carry.",
            code="credentials.characters",
            cure="Enter the credentials again, without line breaks and blanks around them.",
        )
    return name.encode("ascii"), value.encode("latin-1")


def _head(method: str, at: Location, given: Mapping[str, str], size: int, *, last: bool) -> list[tuple[bytes, bytes]]:
    head = [(b"Host", at.netloc), *(_header(name, value) for name, value in given.items())]
    names = {name.lower() for name in given}
    if "accept-encoding" not in names:
        head.append((b"Accept-Encoding", b"gzip"))
    if "user-agent" not in names:
        head.append((b"User-Agent", b"ml-connector"))
    if size or method not in ("GET", "HEAD", "DELETE", "OPTIONS"):
        head.append((b"Content-Length", str(size).encode()))
    if last:
        head.append((b"Connection", b"close"))
    return head


def _unreadable(code: str, said: str) -> Malformed:
    error = Malformed("", said)
    error.code = code
    return error


def _at_most(parts: Iterable[bytes], limit: int) -> Iterator[bytes]:
    size = 0
    for part in parts:
        size += len(part)
        if size > limit:
            raise _unreadable("answer.too_large", f"The answer is larger than {limit} bytes.")
        yield part


def _unzipped(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The content of one or more gzip members, in pieces, so that a small answer cannot fill the memory."""
    member = None
    for part in parts:
        rest = part
        while rest:
            member = member or zlib.decompressobj(_GZIP)
            yield member.decompress(rest, _PIECE)
            rest = member.unconsumed_tail or member.unused_data
            member = None if member.eof else member
    if member:
        yield member.flush()
        if not member.eof:
            raise zlib.error("incomplete")


def _body(parts: Iterable[bytes], encoding: str, limit: int) -> bytes:
    if encoding in ("", "identity"):
        return b"".join(_at_most(parts, limit))
    if encoding not in ("gzip", "x-gzip"):
        raise _unreadable("answer.encoding", f"The answer is encoded as {encoding!r}; we asked for gzip at most.")
    try:
        return b"".join(_at_most(_unzipped(_at_most(parts, limit)), limit))
    except zlib.error:
        raise _unreadable("answer.encoding", "The answer says that it is gzip and is not.") from None


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Names in lower case. Several of one name are joined by a comma; cookies, which hold commas, by a line break."""
    joined: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        comma = "\n" if key == "set-cookie" else ", "
        joined[key] = joined[key] + comma + text if key in joined else text
    return joined


@contextmanager
def _explained(host: str, leg: _Leg) -> Iterator[None]:
    """Turns every end without an answer into Unavailable that knows whether anything was sent."""
    try:
        yield
    except _LateError:
        said, code = f"The time to start sending to {host} had passed.", "network.late"
        raise Unavailable(said, sent=leg.sent, code=code) from None
    except _DeadlineError:
        said, code = f"{host} had not answered in full at the deadline.", "network.deadline"
        raise Unavailable(said, sent=leg.sent, code=code) from None
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        said = f"The connection to {host} ended without a whole answer: {error}"
        raise Unavailable(said, sent=leg.sent, code="network.broken") from error


# --- the wire ---------------------------------------------------------------------------------------------------------


class HttpWire:
    """`Wire` for one company. May be used by many threads; make one per process (its open connections do not fork).

    `allow` holds `host:port` of stand-ins, `trust` replaces the public authorities (tests).

    `seconds` counts from the call, waiting for the slot included, and bounds the whole request: of a write too, where
    the earlier of it and of the window's `close_by` ends it, because the slot is ours no longer than `seconds`.
    Besides what `Wire` says it raises Denied where the address or a header may not be sent; nothing was sent then.
    """

    def __init__(
        self, gate: Gate | None, allow: frozenset[str] = frozenset(), *, trust: ssl.SSLContext | None = None
    ) -> None:
        self._gate = gate
        self._allow = allow
        self._trust = trust
        self._idle: list[_Line] = []
        self._lock = threading.Lock()

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        content: bytes = b"",
        seconds: float = 25.0,
        announce: Announce | None = None,
        limit: int = 20_000_000,
    ) -> Response:
        leg = _Leg(close_by=boottime() + seconds)
        at = location(url, self._allow)
        head = _head(method, at, headers, len(content), last=announce is not None)
        request = httpcore.Request(method.encode(), _url(at), headers=head, content=content)
        with self._slot(seconds):
            if announce is None:
                return self._read(at, request, leg, limit)
            return self._write(at, request, leg, limit, announce)

    def close(self) -> None:
        with self._lock:
            lines, self._idle = self._idle, []
        for line in lines:
            line.close()

    def __del__(self) -> None:
        self.close()  # a wire that is dropped takes its idle connections along, at once and without a warning

    def _slot(self, seconds: float) -> AbstractContextManager[None]:
        return self._gate.slot(seconds) if self._gate else nullcontext()

    def _read(self, at: Location, request: httpcore.Request, leg: _Leg, limit: int) -> Response:
        line = self._take(request.url.origin, leg) or self._open(at, request, leg)
        try:
            answer = self._exchange(at, request, line, limit)
        except BaseException:
            line.close()
            raise
        self._give_back(line)
        return answer

    def _write(self, at: Location, request: httpcore.Request, leg: _Leg, limit: int, announce: Announce) -> Response:
        """Always on a connection of its own: on a kept one, its silent end would look like a lost answer."""
        line = self._open(at, request, leg)
        try:
            window = announce()
            leg.send_by = window.send_by
            leg.close_by = min(leg.close_by, window.close_by)
            return self._exchange(at, request, line, limit)
        finally:
            line.close()

    def _exchange(self, at: Location, request: httpcore.Request, line: _Line, limit: int) -> Response:
        with _explained(at.host, line.stream.leg):
            answer = line.http.handle_request(request)
            headers = _headers(answer.headers)
            encoding = headers.get("content-encoding", "").strip().lower()
            body = _body(answer.iter_stream(), encoding, limit)
            answer.close()
            return Response(answer.status, headers, body)

    def _open(self, at: Location, request: httpcore.Request, leg: _Leg) -> _Line:
        """Looks up, connects and shakes hands. Raises Unavailable with `sent=False`, or Denied by the guard."""
        until = min(leg.close_by, boottime() + CONNECT_SECONDS)
        address = resolve(at.host, at.port, self._allow, until - boottime())
        sock = dial(address, until - boottime())
        if at.scheme == "https":
            sock = _secured(sock, at.host, self._trust or _trust(), until)
        stream = _Stream(sock, leg)
        return _Line(stream, httpcore.HTTP11Connection(request.url.origin, stream, keepalive_expiry=_IDLE_SECONDS))

    def _take(self, origin: httpcore.Origin, leg: _Leg) -> _Line | None:
        """An idle connection for a read, if there is one that still lives."""
        with self._lock:
            dead = [line for line in self._idle if line.http.has_expired()]
            self._idle = [line for line in self._idle if line not in dead]
            fitting = [line for line in self._idle if line.http.can_handle_request(origin)]
            if fitting:
                self._idle.remove(fitting[-1])
        for line in dead:
            line.close()
        if not fitting:
            return None
        fitting[-1].stream.leg = leg
        return fitting[-1]

    def _give_back(self, line: _Line) -> None:
        with self._lock:
            if line.http.is_idle() and len(self._idle) < _IDLE_MAX:
                self._idle.append(line)
                return
        line.close()


class Slots:
    """A `Gate` within one process, for tests of a system alone."""

    def __init__(self, count: int) -> None:
        self._free = threading.BoundedSemaphore(count)

    @contextmanager
    def slot(self, seconds: float) -> Iterator[None]:
        if not self._free.acquire(timeout=seconds):
            raise Unavailable(f"No slot came free within {seconds} s.", sent=False, code="network.slot")
        try:
            yield
        finally:
            self._free.release()
