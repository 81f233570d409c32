"""Where we may connect to: hosts that people type never lead into our own network. For HTTP and SFTP alike.

A name is resolved once and the connection goes to what it resolved to, so a name that answers differently the second
time gains nothing. An allow-list of `host:port`, as typed, opens the stand-ins.
"""

import ipaddress
import queue
import re
import socket
import struct
import threading
import time
from dataclasses import dataclass
from typing import Final

from connectors.errors import Denied, Unavailable

_Ip = ipaddress.IPv4Address | ipaddress.IPv6Address

# What `is_global` of Python 3.11 lets through although no customer's system can be there.
_REFUSED: Final = tuple(
    ipaddress.ip_network(n)
    for n in (
        "168.63.129.16/32",  # Azure: the host below a virtual machine
        "192.0.0.0/24",  # protocol assignments; Oracle Cloud keeps its metadata here
        "192.88.99.0/24",  # relays for 6to4
        "2001::/23",  # protocol assignments, Teredo among them: an IPv4 address inside
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address inside
        "3fff::/20",  # documentation
    )
)
_UNICAST6: Final = ipaddress.ip_network("2000::/3")
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")

# Old notations of IPv4 (decimal, octal, hexadecimal, fewer than four parts) end in a part that is a number.
_NUMBER: Final = re.compile(r"0x[0-9a-f]*|[0-9]+", re.IGNORECASE)

_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Address:
    """A host as it was resolved, once. `ips` in the order to try them; never empty."""

    host: str
    port: int
    ips: tuple[str, ...]


def refused(said: str) -> Denied:
    """The error of an address that may not be used."""
    return Denied(said, code="address.refused", cure="Correct the address in the connection; it must be public.")


def typed(host: str, port: int) -> str:
    """As the allow-list has it: `host:port`, IPv6 in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_public(ip: _Ip) -> bool:
    """Whether a customer's system can be at this address. Private, shared, loopback, link-local (metadata of clouds),
    multicast, reserved and embedding addresses are not public."""
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in _NAT64:  # the way out of IPv6-only networks: what counts is where it leads
            return is_public(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
        if ip.scope_id or ip not in _UNICAST6:
            return False
    return ip.is_global and not ip.is_multicast and not any(ip in n for n in _REFUSED if n.version == ip.version)


def _literal(host: str) -> _Ip | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _look_up(host: str, port: int, seconds: float) -> list[str]:
    """All addresses of a name. The system's resolver has no deadline, so it is left behind in its thread."""
    answer: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answer.put([str(row[4][0]) for row in found] or OSError("no address"))
        except (OSError, UnicodeError) as error:
            answer.put(error if isinstance(error, OSError) else OSError("not a host name"))

    threading.Thread(target=ask, name="look-up", daemon=True).start()
    try:
        got = answer.get(timeout=max(0.001, seconds))
    except queue.Empty:
        raise Unavailable(f"Looking up {host} took too long.", sent=False, code="network.name") from None
    if isinstance(got, OSError):
        cure = "Check the host name in the connection."
        raise Unavailable(f"{host} cannot be looked up: {got}", sent=False, code="network.name", cure=cure) from got
    return got


def resolve(host: str, port: int, allow: frozenset[str] = frozenset(), seconds: float = 10.0) -> Address:
    """The addresses to connect to, each of them judged. `allow` holds `host:port` as typed.

    Raises Denied with code `address.refused` if any address of the host is not public, and Unavailable with code
    `network.name` if it cannot be looked up within `seconds`.
    """
    host = host.lower()
    literal = _literal(host)
    if literal is None and _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        raise refused(f"{host} is not a host name; an IPv4 address is written as four plain numbers.")
    found = [str(literal)] if literal else _look_up(host, port, seconds)
    ips = [ipaddress.ip_address(text) for text in dict.fromkeys(found)]
    # One bad address condemns the name: which of them is used must not be left to chance.
    if typed(host, port) not in allow and not all(is_public(ip) for ip in ips):
        raise refused(f"{host} leads to an address inside a private or reserved network.")
    # IPv4 first: many containers have no way out by IPv6.
    return Address(host, port, tuple(str(ip) for ip in sorted(ips, key=lambda ip: ip.version)))


def dial(address: Address, seconds: float = 15.0) -> socket.socket:
    """A connected TCP socket to one of the addresses, tried in turn. Raises Unavailable with code `network.connect`.

    Closing it resets the connection: what is still buffered in the kernel is thrown away instead of delivered later.
    """
    deadline = time.monotonic() + seconds
    failure: OSError = TimeoutError("timed out")
    for position, ip in enumerate(address.ips):
        share = (deadline - time.monotonic()) / (len(address.ips) - position)
        if share <= 0:
            break
        try:
            return _connected(ip, address.port, share)
        except OSError as error:
            failure = error
    raise Unavailable(
        f"{address.host}:{address.port} cannot be reached: {failure}", sent=False, code="network.connect"
    ) from failure


def _connected(ip: str, port: int, seconds: float) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(seconds)
        sock.connect((ip, port))
    except BaseException:
        sock.close()
        raise
    return sock
