"""The guard lets nobody reach into our own network by typing an address."""

import socket
import time
from typing import Any

import pytest

from connectors import addresses
from connectors.addresses import dial, resolve
from connectors.errors import Denied, Unavailable
from connectors.http import HttpWire, location

INSIDE = [
    "127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "100.100.100.200",
    "169.254.169.254", "168.63.129.16", "192.0.0.192", "192.0.2.1", "198.18.0.1", "203.0.113.5", "224.0.0.1",
    "240.0.0.1", "255.255.255.255", "192.88.99.1",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::7f00:1", "fe80::1", "fe80::1%1", "fec0::1", "fc00::1",
    "fd00:ec2::254", "ff02::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "5f00::1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1",
]  # fmt: skip
OLD_NOTATIONS = ["2130706433", "0x7f000001", "017700000001", "127.1", "0x7f.1", "0177.0.0.1", "127.0.0.0x1", "8.8.2056"]


def names(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """The resolver gives these answers in turn, the last one for ever. Returns the names it was asked for."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        ips = answers[min(len(asked), len(answers)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in ips]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize("ip", INSIDE)
def test_no_address_inside_is_let_through_typed_or_behind_a_name(ip: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Denied) as refusal:
        resolve(ip, 443)
    assert refusal.value.code == "address.refused"
    names(monkeypatch, [ip])
    with pytest.raises(Denied):
        resolve("erp.example.com", 443)


@pytest.mark.parametrize("host", OLD_NOTATIONS)
def test_old_notations_of_ipv4_are_refused_without_asking_the_resolver(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = names(monkeypatch, ["93.184.216.34"])
    for form in (host, host + ".", host.upper()):
        with pytest.raises(Denied):
            resolve(form, 443)
    assert asked == []


@pytest.mark.parametrize("ip", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "64:ff9b::808:808"])
def test_public_addresses_pass(ip: str) -> None:
    assert resolve(ip, 22).ips == (ip,)


def test_one_inside_address_among_public_ones_condemns_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, ["8.8.8.8", "10.0.0.1"])
    with pytest.raises(Denied):
        resolve("erp.example.com", 443)


def test_the_allow_list_opens_one_port_of_one_host_as_typed() -> None:
    allow = frozenset({"127.0.0.1:8401", "[::1]:8401"})
    assert resolve("127.0.0.1", 8401, allow).ips == ("127.0.0.1",)
    assert resolve("::1", 8401, allow).ips == ("::1",)
    for host, port in (("127.0.0.1", 8402), ("127.0.0.2", 8401), ("localhost", 8401)):
        with pytest.raises(Denied):
            resolve(host, port, allow)


def test_a_name_is_resolved_once_and_the_connection_goes_where_it_led(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = names(monkeypatch, ["93.184.216.34"], ["127.0.0.1"])
    dialled: list[str] = []

    def connected(ip: str, port: int, seconds: float) -> socket.socket:
        dialled.append(ip)
        raise ConnectionRefusedError("not in a test")

    monkeypatch.setattr(addresses, "_connected", connected)
    with pytest.raises(Unavailable) as end:
        HttpWire(None).request("GET", "https://rebinding.example.com/", headers={})
    assert not end.value.sent
    assert asked == ["rebinding.example.com"]
    assert dialled == ["93.184.216.34"]


def test_a_resolver_that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:

    def hang(*_: object, **__: object) -> list[object]:
        time.sleep(2)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    started = time.monotonic()
    with pytest.raises(Unavailable) as end:
        HttpWire(None).request("GET", "https://slow.example.com/", headers={}, seconds=0.2)
    assert (end.value.sent, end.value.code) == (False, "network.name")
    assert time.monotonic() - started < 1


def test_an_unknown_name_is_unavailable_and_nothing_was_sent() -> None:
    with pytest.raises(Unavailable) as end:
        resolve("no-such-host.invalid", 443)
    assert (end.value.sent, end.value.code) == (False, "network.name")


def test_the_next_address_is_tried_when_one_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        names(monkeypatch, ["127.0.0.2", "127.0.0.1"])
        dial(resolve("two.test", port, frozenset({f"two.test:{port}"})), 2).close()


@pytest.mark.parametrize(
    "url",
    [
        "ftp://erp.example.com/", "file:///etc/passwd", "gopher://erp.example.com/", "erp.example.com", "https://", "",
        "https:///path", "http://erp.example.com/", "https://user:hunter2@erp.example.com/",
        "https://user@erp.example.com/", "https://erp.example.com:99999/", "https://erp.example.com:0/",
        "https://[::1", "https://exa mple.com/",
        "https://erp.example.com\r\nX: y/", "javascript:alert(1)", "//erp.example.com/",
    ],
)  # fmt: skip
def test_what_is_no_plain_https_address_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(Denied) as refusal:
        location(url)
    assert refusal.value.code == "address.refused"
    assert "hunter2" not in str(refusal.value)


def test_names_in_other_scripts_are_read_as_the_network_has_them() -> None:
    at = location("https://Bücher.Example:8443/a%20b?x[y]=1%2C2&z=%C3%A9#part")
    assert (at.host, at.port, at.netloc) == ("xn--bcher-kva.example", 8443, b"xn--bcher-kva.example:8443")
    assert at.target == b"/a%20b?x[y]=1%2C2&z=%C3%A9"
