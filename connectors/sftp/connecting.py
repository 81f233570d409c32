"""Opening SSH: to a checked address, with what is strong only, and to the server that was confirmed.

https://docs.paramiko.org/en/stable/api/transport.html
"""

import logging
import socket
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Timer
from typing import Any, Final

import paramiko
from paramiko.auth_handler import AuthOnlyHandler
from paramiko.common import cMSG_SERVICE_REQUEST, cMSG_USERAUTH_REQUEST

from connectors.addresses import Address, dial, resolve
from connectors.errors import Denied, Unavailable
from connectors.sftp.keys import LEAST_RSA, HostKey, private_key
from connectors.sftp.packets import ClearError, shown

# What goes wrong is raised and told by us; at DEBUG the library logs names of files.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)

WEAK: Final = {
    "ciphers": ["3des-cbc", "aes128-cbc", "aes192-cbc", "aes256-cbc"],
    "macs": ["hmac-md5", "hmac-md5-96", "hmac-sha1", "hmac-sha1-96"],
    # these are gone from the library's newer versions
    "keys": ["ssh-rsa", "ssh-dss"],
    "pubkeys": ["ssh-rsa", "ssh-dss"],
    "kex": [
        "diffie-hellman-group1-sha1",
        "diffie-hellman-group14-sha1",
        "diffie-hellman-group-exchange-sha1",
    ],
}
_SIGNATURES: Final = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}
"""A key of this type signs with these."""


@dataclass(frozen=True)
class Waits:
    """Seconds. `channel`: the longest silence; `operation` and `file`: the whole of it, however lively the server."""

    connect: float = 15.0
    channel: float = 60.0
    operation: float = 120.0
    file: float = 900.0


@dataclass(frozen=True)
class Login:
    """Where to and as whom. Without a confirmed host key no credentials are sent."""

    host: str
    port: int
    username: str
    password: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)
    passphrase: str = field(default="", repr=False)
    pins: tuple[HostKey, ...] = ()


@dataclass(frozen=True)
class About:
    """What a server showed of itself before anybody signed in."""

    software: str
    key: HostKey
    cipher: str
    strict: bool
    """Both sides agreed on the key exchange whose order nobody can change."""

    @property
    def weakness(self) -> str:
        bits = self.key.bits
        if bits is not None and bits < LEAST_RSA:
            return f"Its host key has only {bits} bits."
        return ""


class _AuthHandler(AuthOnlyHandler):  # type: ignore[misc]
    def send_auth_request(self, username: str, method: str, finish_message: Callable[[Any], None]) -> Any:
        """As in the library, where an answer that comes at once is missed: it begins to listen after it has asked."""
        self.auth_method, self.username = method, username
        message = paramiko.Message()
        message.add_byte(cMSG_USERAUTH_REQUEST)
        for text in (username, "ssh-connection", method):
            message.add_string(text)
        finish_message(message)
        self.auth_event = event = Event()
        with self.transport.lock:
            self.transport._send_message(message)
        return self.wait_for_response(event)


class _Transport(paramiko.ServiceRequestingTransport):  # type: ignore[misc]
    def get_auth_handler(self) -> _AuthHandler:
        return _AuthHandler(self)

    def ensure_session(self) -> None:
        """As in the library, where it waits for ever for a server that has died."""
        if self.is_active() and self.initial_kex_done and not self._service_userauth_accepted:
            message = paramiko.Message()
            message.add_byte(cMSG_SERVICE_REQUEST)
            message.add_string("ssh-userauth")
            self._send_message(message)
            until = time.monotonic() + self.auth_timeout
            while self.is_active() and not self._service_userauth_accepted:
                if time.monotonic() > until:
                    raise TimeoutError
                time.sleep(0.01)
            self.auth_handler = self.get_auth_handler()
        if not self.is_active():
            raise self.get_exception() or EOFError("the server has ended the session")


@dataclass
class Line:
    """An open SSH connection. Each thing done over it has a total deadline, after which the connection is reset."""

    host: str
    sock: socket.socket
    transport: Any
    late: bool = False

    @contextmanager
    def within(self, seconds: float, *, sent: bool = False) -> Iterator[None]:
        """Ends the connection when the time is over: whoever waits for it then is woken. Raises ConnectorError for
        every end without a clear answer (`sent`: it may have been carried out all the same); the connection is closed
        then. A clear answer (ClearError, Denied) passes through and leaves it open."""
        timer = Timer(max(0.0, seconds), self._expire)
        timer.daemon = True
        timer.start()
        try:
            yield
        except (ClearError, Denied):
            raise
        except (paramiko.SSHException, EOFError, OSError) as error:
            self.close()
            raise self._explained(error, sent=sent) from error
        except BaseException:
            self.close()
            raise
        finally:
            timer.cancel()

    def _expire(self) -> None:
        self.late = True
        self.close()

    def close(self) -> None:
        """Resets it: what the kernel still holds is thrown away."""
        self.transport.close()
        self.sock.close()

    def leave(self) -> None:
        """Ends it as usual, where nothing is under way: servers count resets, and may shut out who makes many."""
        with suppress(OSError):  # it may have ended from the other side
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 0, 0))
        self.close()

    def _explained(self, error: Exception, *, sent: bool) -> Unavailable:
        if self.late:
            said = f"{self.host} had not answered in full at the deadline."
            return Unavailable(said, sent=sent, code="network.deadline")
        if isinstance(error, TimeoutError):
            return Unavailable(f"{self.host} has fallen silent.", sent=sent, code="network.stalled")
        said = f"The connection to {self.host} ended without a whole answer: {_words(error)}"
        return Unavailable(said, sent=sent, code="network.broken")


def _words(error: Exception) -> str:
    return shown(str(error).encode("utf-8", "surrogateescape")) or type(error).__name__


# --- who the server is ------------------------------------------------------------------------------------------------


def open_line(login: Login, waits: Waits, allow: frozenset[str]) -> Line:
    """To a server that shows a confirmed key. Nothing of the credentials is sent before that. Raises Denied with code
    `host_key.unconfirmed` or `host_key.changed`, `sftp.too_old` or `address.refused`; Unavailable."""
    if not login.pins:
        said = f"No host key of {login.host} has been confirmed."
        cure = "Examine the connection, compare the fingerprint with the one that the other side publishes, confirm it."
        raise Denied(said, code="host_key.unconfirmed", cure=cure)
    address = resolve(login.host, login.port, allow, waits.connect)
    seen: list[HostKey] = []
    for type in dict.fromkeys(pin.type for pin in login.pins):
        try:
            line = _shake_hands(address, waits, type)
        except _NoSuchKeyError:
            continue
        key = about(line).key
        if any(pin.same(key) for pin in login.pins):
            return line
        line.leave()
        seen.append(key)
    raise HostKeyChanged(login, seen[0] if seen else learn(address, waits)[0])


class HostKeyChanged(Denied):
    """Another server than the confirmed one, or the same with another key. `seen`: what it showed."""

    code = "host_key.changed"

    def __init__(self, login: Login, seen: HostKey) -> None:
        confirmed = ", ".join(f"{pin.type} {pin.fingerprint}" for pin in login.pins)
        super().__init__(
            f"{login.host} shows another host key than was confirmed: {seen.type} {seen.fingerprint}. Confirmed:"
            f" {confirmed}. No credentials were sent.",
            cure="Ask the other side whether it has changed its key, by another way than this connection. If so, an"
            " administrator confirms the new fingerprint; if not, somebody may stand between.",
        )
        self.value = seen.fingerprint
        self.seen = seen


def learn(address: Address, waits: Waits) -> tuple[HostKey, About]:
    """The key that the server shows, and what else it says. Signs in nobody."""
    line = _shake_hands(address, waits, "")
    try:
        told = about(line)
        return told.key, told
    finally:
        line.leave()


def about(line: Line) -> About:
    key = line.transport.get_remote_server_key()
    return About(
        software=shown(str(line.transport.remote_version).encode(), 80),
        key=HostKey(key.get_name(), key.get_base64()),
        cipher=str(line.transport.remote_cipher),
        strict=bool(line.transport.agreed_on_strict_kex),
    )


class _NoSuchKeyError(Exception):
    """The server has no key of the type that was asked for."""


def _shake_hands(address: Address, waits: Waits, type: str) -> Line:
    """Up to the point at which the server is known by its key. `type`: the only one to ask for; empty: any strong."""
    sock = dial(address, waits.connect)
    try:
        transport = _Transport(sock, disabled_algorithms=WEAK)
    except BaseException:
        sock.close()
        raise
    transport.banner_timeout = transport.auth_timeout = transport.channel_timeout = waits.connect
    transport.daemon = True
    if type:
        wanted = _SIGNATURES.get(type, (type,))
        options = transport.get_security_options()
        options.key_types = tuple(key for key in options.key_types if key in wanted)
    line = Line(address.host, sock, transport)
    try:
        with line.within(waits.connect):
            _start(transport, address.host, waits.connect, one_type=bool(type))
    except BaseException:
        line.close()
        raise
    return line


def _start(transport: Any, host: str, seconds: float, *, one_type: bool) -> None:
    try:
        transport.start_client(timeout=seconds)
        transport.get_remote_server_key()
    except paramiko.IncompatiblePeer as error:
        if one_type and "host key" in str(error):
            raise _NoSuchKeyError from None
        said = f"{host} offers only methods that are no longer safe: {_words(error)}"
        cure = "Ask the other side to bring its SFTP server up to date. No weaker method is offered from here."
        raise Denied(said, code="sftp.too_old", cure=cure) from None
    except paramiko.SSHException as error:
        if "banner" in str(error) or "protocol version" in str(error):
            said = f"What answers at {host} does not speak SSH: {_words(error)}"
            cure = "Check host and port of the connection; SFTP is usually at port 22, and is not FTP."
            raise Unavailable(said, sent=False, code="sftp.not_ssh", cure=cure) from None
        raise


# --- who we are -------------------------------------------------------------------------------------------------------


def sign_in(line: Line, login: Login, waits: Waits) -> None:
    """By key or password, or by both where the server wants two steps. Raises Denied for what it does not take."""
    key = private_key(login.private_key, login.passphrase) if login.private_key.strip() else None
    if key is None and not login.password:
        raise Denied(
            "Neither a password nor a private key is there.", code="credentials.missing", cure="Enter one of them."
        )
    with line.within(waits.connect):
        _authenticate(line.transport, login, key)


def _authenticate(transport: Any, login: Login, key: paramiko.PKey | None) -> None:
    tried: set[str] = set()
    method = "publickey" if key else "password"
    while method:
        tried.add(method)
        wanted = _try(transport, login, key, method)
        if not wanted:
            return
        method = _next(wanted, tried, key, login)
    names = ", ".join(shown(name.encode()) for name in wanted)
    said = f"{login.host} asks for another way to sign in: {names}."
    raise Denied(said, code="credentials.method", cure="Enter what it asks for: a password, a private key, or both.")


def _next(wanted: Sequence[str], tried: set[str], key: paramiko.PKey | None, login: Login) -> str:
    if key and "publickey" in wanted and "publickey" not in tried:
        return "publickey"
    by_password = {"password", "keyboard-interactive"} & set(wanted)
    return "password" if login.password and by_password and "password" not in tried else ""


def _try(transport: Any, login: Login, key: paramiko.PKey | None, method: str) -> list[str]:
    """What the server wants besides; empty: we are in. Raises Denied where it said no."""
    try:
        if method == "publickey":
            return list(transport.auth_publickey(login.username, key))
        return list(transport.auth_password(login.username, login.password))
    except paramiko.BadAuthenticationType as error:
        if method == "password" and "keyboard-interactive" in error.allowed_types:
            raise _wrong(login, method) from None  # it was asked in that way too
        return list(error.allowed_types)
    except paramiko.AuthenticationException as error:
        if "timeout" in str(error):
            raise TimeoutError from None
        if not transport.is_active():
            raise EOFError("it hung up while we signed in") from None
        raise _wrong(login, method) from None


def _wrong(login: Login, method: str) -> Denied:
    what = "private key" if method == "publickey" else "password"
    return Denied(
        f"{login.host} does not take this user name and {what}.",
        code="credentials.wrong",
        cure=f"Check user name and {what}. Servers shut out addresses that try too often, so it is not tried again"
        " until the connection is examined.",
    )


def open_channel(line: Line, waits: Waits) -> Any:
    """Raises Denied where the server has no SFTP for this user."""
    with line.within(waits.connect):
        channel = line.transport.open_session(timeout=waits.connect)
        channel.settimeout(waits.channel)
        try:
            channel.invoke_subsystem("sftp")
        except paramiko.SSHException:
            if not line.transport.is_active():
                raise
            cure = "Ask the other side to open SFTP for this user."
            said = f"{line.host} signs the user in but offers no SFTP."
            raise Denied(said, code="sftp.none", cure=cure) from None
        return channel
