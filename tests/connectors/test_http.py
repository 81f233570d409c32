"""The wire sends once, ends at its deadline and knows whether anything was sent."""

import contextlib
import gzip
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpcore
import pytest

from connectors import addresses, http
from connectors.base import Response, Window
from connectors.errors import ConnectorError, Denied, Malformed, Unavailable
from connectors.http import HttpWire, Slots, boottime
from standins.serve import Reply, Request, Server
from tests.connectors.peers import Peer, answer, certificate, cut, drip

Script = Callable[[Peer, socket.socket], None]
BIG = b"x" * 4_000_000


def window(send: float = 5.0, close: float = 5.0) -> Callable[[], Window]:
    return lambda: Window(boottime() + send, boottime() + close)


def wire(peer: Peer, **options: Any) -> HttpWire:
    return HttpWire(None, frozenset({peer.at}), **options)


def failure(call: Callable[[], object], kind: type[ConnectorError] = Unavailable) -> Any:
    with pytest.raises(kind) as end:
        call()
    assert type(end.value) is kind
    return end.value


def get(peer: Peer, seconds: float = 5.0, **options: Any) -> Response:
    return wire(peer).request("GET", peer.url, headers={}, seconds=seconds, **options)


def post(peer: Peer, content: bytes = b"<x/>", **options: Any) -> Response:
    return wire(peer).request("POST", peer.url, headers={}, content=content, **{"announce": window(), **options})


def says(*parts: bytes) -> Script:
    def script(peer: Peer, connection: socket.socket) -> None:
        peer.request(connection)
        for part in parts:
            connection.sendall(part)

    return script


def listen(peer: Peer, connection: socket.socket) -> None:
    peer.drain(connection)


@pytest.fixture
def silent() -> Iterator[Peer]:
    with Peer(listen) as peer:
        yield peer


# --- an answer --------------------------------------------------------------------------------------------------------


def test_an_answer_comes_back_with_status_body_and_headers_in_lower_case() -> None:
    head = "X-Request-ID: r1\r\nSet-Cookie: a=1; Expires=Mon, 1 Jan\r\nSet-Cookie: b=2\r\nVia: x\r\nVia: y\r\n"
    with Peer(says(answer(b"<ok/>", status="503 Busy", headers=head))) as peer:
        got = post(peer)
    assert (got.status, got.body) == (503, b"<ok/>")
    assert got.headers["x-request-id"] == "r1"
    assert got.headers["via"] == "x, y"
    assert got.headers["set-cookie"] == "a=1; Expires=Mon, 1 Jan\nb=2"
    assert bytes(peer.received).startswith(b"POST / HTTP/1.1\r\nHost: 127.0.0.1:")
    assert bytes(peer.received).endswith(b"\r\n\r\n<x/>")


def test_a_redirect_is_returned_and_not_followed() -> None:
    with Peer(says(answer(status="302 Found", headers="Location: http://169.254.169.254/\r\n"))) as peer:
        assert get(peer).status == 302
    assert peer.accepted == 1


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with Peer(says(answer())) as peer:
        assert get(peer).body == b"ok"


@pytest.mark.parametrize("value", ["s3cret\n", "s3cret\r\nX: y", " s3cret", "s3cret\x00", "s3cret€"])
def test_a_header_that_http_cannot_carry_is_denied_without_repeating_it(value: str, silent: Peer) -> None:
    end = failure(lambda: wire(silent).request("GET", silent.url, headers={"Authorization": value}), Denied)
    assert end.code == "credentials.characters"
    assert "s3cret" not in str(end) + end.cure + end.value + repr(end.__cause__)
    assert silent.accepted == 0


# --- announcing -------------------------------------------------------------------------------------------------------


def test_announcing_happens_once_with_the_connection_up_and_no_byte_sent() -> None:
    seen: list[tuple[int, bytes]] = []

    def announce() -> Window:
        time.sleep(0.1)
        seen.append((peer.accepted, bytes(peer.received)))
        return window()()

    with Peer(says(answer())) as peer:
        assert post(peer, announce=announce).status == 200
    assert seen == [(1, b"")]


@pytest.mark.parametrize("error", [RuntimeError("lost the lane"), KeyboardInterrupt(), Unavailable("no", sent=False)])
def test_what_announcing_raises_comes_out_unchanged_and_nothing_arrives(error: BaseException, silent: Peer) -> None:
    cause = ValueError("why")

    def announce() -> Window:
        raise error from cause

    with pytest.raises(type(error)) as end:
        post(silent, announce=announce)
    assert end.value is error
    assert end.value.__cause__ is cause
    silent.wait()
    assert silent.received == b""


@pytest.mark.parametrize(("send", "close"), [(-0.001, 5.0), (5.0, -0.001)])
def test_after_send_by_nothing_is_sent_and_that_is_known(send: float, close: float, silent: Peer) -> None:
    end = failure(lambda: post(silent, announce=window(send, close)))
    assert not end.sent
    silent.wait()
    assert silent.received == b""


def test_send_by_is_looked_at_right_before_the_first_byte(silent: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    handle = httpcore.HTTP11Connection.handle_request

    def dawdling(self: Any, request: Any) -> Any:
        time.sleep(0.2)
        return handle(self, request)

    monkeypatch.setattr(httpcore.HTTP11Connection, "handle_request", dawdling)
    end = failure(lambda: post(silent, announce=window(send=0.1)))
    assert (end.sent, end.code) == (False, "network.late")
    silent.wait()
    assert silent.received == b""


def test_without_a_connection_nothing_is_announced() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        at = f"127.0.0.1:{server.getsockname()[1]}"
    announced: list[int] = []

    def announce() -> Window:
        announced.append(1)
        return window()()

    end = failure(
        lambda: HttpWire(None, frozenset({at})).request("POST", f"http://{at}", headers={}, announce=announce)
    )
    assert (end.sent, end.code, announced) == (False, "network.connect", [])


# --- ends without an answer -------------------------------------------------------------------------------------------


def silence(peer: Peer, connection: socket.socket) -> None:
    peer.request(connection)
    peer.drain(connection)


def header_drip(peer: Peer, connection: socket.socket) -> None:
    peer.request(connection)
    drip(connection, b"HTTP/1.1 200 OK\r\nX-Long: " + b"y" * 200)


def body_drip(peer: Peer, connection: socket.socket) -> None:
    peer.request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n")
    drip(connection, b"y" * 200)


def endless_continue(peer: Peer, connection: socket.socket) -> None:
    peer.request(connection)
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        time.sleep(0.05)


@pytest.mark.parametrize("script", [silence, header_drip, body_drip, endless_continue])
@pytest.mark.parametrize("kind", ["read", "write", "write bounded by its slot"])
def test_the_deadline_ends_every_way_of_not_answering(script: Script, kind: str) -> None:
    options: dict[str, dict[str, Any]] = {
        "read": {"seconds": 0.4, "announce": None},
        "write": {"announce": window(close=0.4)},
        "write bounded by its slot": {"seconds": 0.4, "announce": window(close=60)},
    }
    with Peer(script) as peer:
        started = time.monotonic()
        end = failure(lambda: post(peer, **options[kind]))
        took = time.monotonic() - started
    assert (end.sent, end.code) == (True, "network.deadline")
    assert 0.3 < took < 0.9


def hoard(peer: Peer, connection: socket.socket) -> None:
    """Reads nothing until long after the deadline, then all there is."""
    time.sleep(1.0)
    peer.drain(connection)


def test_what_is_buffered_at_the_deadline_is_thrown_away_and_the_server_sees_a_reset() -> None:
    with Peer(hoard, receive_buffer=4096) as peer:
        started = time.monotonic()
        end = failure(lambda: post(peer, BIG, announce=window(close=0.4)))
        assert time.monotonic() - started < 0.9
        assert (end.sent, end.code) == (True, "network.deadline")
        peer.wait()
    assert peer.ends == ["reset"]
    assert len(peer.received) < 100_000


def test_without_the_reset_the_kernel_would_deliver_after_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof that the test above can fail: a plain close, and a kernel that was given no bound."""
    monkeypatch.setattr(http._Stream, "_bound_kernel", lambda self: None)
    monkeypatch.setattr(addresses, "_RESET_ON_CLOSE", struct.pack("ii", 0, 0))
    with Peer(hoard, receive_buffer=4096) as peer:
        failure(lambda: post(peer, BIG, announce=window(close=0.4)))
        peer.wait()
    assert len(peer.received) > 100_000


def test_time_that_the_machine_slept_counts(silent: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    started = time.monotonic()
    monkeypatch.setattr(http, "boottime", lambda: boottime() + (1000 if time.monotonic() > started + 0.3 else 0))
    assert failure(lambda: get(silent, seconds=60)).code == "network.deadline"
    assert time.monotonic() - started < 2.5


def test_the_kernel_itself_gives_up_at_the_deadline(silent: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    set_to: list[int] = []
    bound = http._Stream._bound_kernel

    def watched(self: http._Stream) -> None:
        bound(self)
        set_to.append(self._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT))

    monkeypatch.setattr(http._Stream, "_bound_kernel", watched)
    failure(lambda: post(silent, announce=window(close=0.4)))
    assert set_to
    assert all(0 < milliseconds <= 400 for milliseconds in set_to)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-",
        answer(b"half of it")[:-5],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"this is not HTTP\r\n\r\n",
    ],
)
@pytest.mark.parametrize("by", [cut, socket.socket.close])
def test_less_than_a_whole_answer_is_an_unclear_end_and_is_never_sent_again(
    said: bytes, by: Callable[[socket.socket], None]
) -> None:
    def script(peer: Peer, connection: socket.socket) -> None:
        peer.request(connection)
        connection.sendall(said)
        time.sleep(0.05)
        by(connection)

    with Peer(script) as peer:
        end = failure(lambda: post(peer))
        assert (end.sent, end.code) == (True, "network.broken")
        assert peer.accepted == 1
        assert bytes(peer.received).count(b"POST /") == 1


def test_a_cut_in_the_middle_of_the_request_is_unclear() -> None:
    def script(peer: Peer, connection: socket.socket) -> None:
        peer.take(connection)
        cut(connection)

    with Peer(script) as peer:
        assert failure(lambda: post(peer, BIG)).sent


def test_a_connection_that_was_reset_while_announcing_is_known_to_have_carried_nothing() -> None:
    def announce() -> Window:
        peer.wait()
        return window()()

    with Peer(lambda _, connection: cut(connection)) as peer:
        end = failure(lambda: post(peer, announce=announce))
    assert not end.sent


def test_an_answer_before_the_whole_request_is_an_answer() -> None:
    def script(peer: Peer, connection: socket.socket) -> None:
        peer.take(connection)
        connection.sendall(answer(b"too big", status="413 Content Too Large"))
        peer.drain(connection)

    with Peer(script) as peer:
        assert post(peer, BIG).status == 413


# --- size and encoding ------------------------------------------------------------------------------------------------


def zipped(body: bytes, encoding: str = "gzip") -> bytes:
    return answer(body, headers=f"Content-Encoding: {encoding}\r\n")


def test_gzip_is_asked_for_and_unpacked() -> None:
    with Peer(says(zipped(gzip.compress(b"a" * 1000) + gzip.compress(b"b")))) as peer:
        assert get(peer).body == b"a" * 1000 + b"b"
    assert b"Accept-Encoding: gzip\r\n" in peer.received


def test_an_empty_body_may_call_itself_gzip() -> None:
    with Peer(says(zipped(b""))) as peer:
        assert get(peer).body == b""


@pytest.mark.parametrize(
    "said",
    [zipped(b"not gzip"), zipped(gzip.compress(b"abc" * 99)[:-9]), zipped(b"x", "br"), zipped(b"x", "gzip, gzip")],
)
def test_an_unreadable_encoding_is_malformed(said: bytes) -> None:
    with Peer(says(said)) as peer:
        assert failure(lambda: post(peer), Malformed).code == "answer.encoding"


def test_a_body_of_exactly_the_limit_is_returned() -> None:
    with Peer(says(answer(b"x" * 1000))) as peer:
        assert len(get(peer, limit=1000).body) == 1000


def endless(peer: Peer, connection: socket.socket) -> None:
    peer.request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"400\r\n" + b"x" * 1024 + b"\r\n")


@pytest.mark.parametrize(
    "script",
    [says(answer(b"x" * 1001)), says(zipped(gzip.compress(b"x" * 1001))), endless,
     says(zipped(gzip.compress(b"") * 200))],
)  # fmt: skip
def test_above_the_limit_the_answer_is_malformed_however_it_is_packed(script: Script) -> None:
    with Peer(script) as peer:
        assert failure(lambda: post(peer, limit=1000), Malformed).code == "answer.too_large"


def test_a_bomb_is_unpacked_no_further_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    unpacked: list[int] = []
    unzip = http._unzipped

    def counted(parts: Any) -> Iterator[bytes]:
        for piece in unzip(parts):
            unpacked.append(len(piece))
            yield piece

    monkeypatch.setattr(http, "_unzipped", counted)
    with Peer(says(zipped(gzip.compress(b"\0" * 50_000_000)))) as peer:
        assert failure(lambda: get(peer, limit=1_000_000), Malformed).code == "answer.too_large"
    assert sum(unpacked) <= 1_000_000 + 65_536


# --- connections ------------------------------------------------------------------------------------------------------


def many(peer: Peer, connection: socket.socket) -> None:
    while peer.request(connection):
        connection.sendall(answer())


def test_reads_share_a_connection_and_writes_never_do() -> None:
    with Peer(many) as peer:
        one = wire(peer)
        for _ in range(3):
            one.request("GET", peer.url, headers={})
        assert peer.accepted == 1
        for _ in range(3):
            one.request("POST", peer.url, headers={}, announce=window())
        assert peer.accepted == 4
        one.request("GET", peer.url, headers={})
        assert peer.accepted == 4
        one.close()


def test_a_kept_connection_that_has_ended_is_not_used_again() -> None:
    with Peer(says(answer())) as peer:
        one = wire(peer)
        for number in range(3):
            assert one.request("GET", peer.url, headers={}).status == 200
            time.sleep(0.05)
            assert peer.accepted == number + 1


def test_a_kept_connection_takes_the_deadline_of_its_new_request() -> None:
    def script(peer: Peer, connection: socket.socket) -> None:
        peer.request(connection)
        connection.sendall(answer())
        peer.drain(connection)

    with Peer(script) as peer:
        one = wire(peer)
        one.request("GET", peer.url, headers={}, seconds=60)
        started = time.monotonic()
        end = failure(lambda: one.request("GET", peer.url, headers={}, seconds=0.3))
        assert (end.sent, peer.accepted) == (True, 1)
        assert time.monotonic() - started < 0.8


# --- TLS --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name leads to this machine."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: found)


def secure(peer: Peer, trust: ssl.SSLContext | None, name: str = "erp.test", **options: Any) -> Response:
    one = HttpWire(None, frozenset({f"{name}:{peer.port}"}), trust=trust)
    return one.request("POST", f"https://{name}:{peer.port}/", headers={}, **{"announce": window(), **options})


@pytest.mark.usefixtures("by_name")
def test_tls_names_the_host_as_typed_and_verifies_it(tmp_path: Path) -> None:
    server, trust = certificate(tmp_path, "erp.test")
    asked: list[str | None] = []
    server.sni_callback = lambda sock, name, context: asked.append(name)
    with Peer(says(answer()), tls=server) as peer:
        assert secure(peer, trust).status == 200
    assert asked == ["erp.test"]
    assert f"Host: erp.test:{peer.port}".encode() in peer.received


@pytest.mark.usefixtures("by_name")
@pytest.mark.parametrize("fault", ["another name", "an unknown authority", "no TLS at all", "silence"])
def test_a_connection_that_is_not_secure_carries_nothing_and_announces_nothing(tmp_path: Path, fault: str) -> None:
    server, trust = certificate(tmp_path, "other.test" if fault == "another name" else "erp.test")
    announced: list[int] = []

    def announce() -> Window:
        announced.append(1)
        return window()()

    plain: dict[str, Script] = {
        "no TLS at all": lambda _, c: c.sendall(answer()),
        "silence": lambda _, c: time.sleep(2),
    }
    with Peer(plain.get(fault, listen), tls=None if fault in plain else server) as peer:
        given = None if fault == "an unknown authority" else trust
        end = failure(lambda: secure(peer, given, announce=announce, seconds=0.5))
    assert (end.sent, end.code, announced) == (False, "network.tls", [])
    assert peer.received == b""


@pytest.mark.usefixtures("by_name")
@pytest.mark.parametrize("script", [silence, header_drip, body_drip, hoard])
def test_the_deadline_holds_within_tls(script: Script, tmp_path: Path) -> None:
    server, trust = certificate(tmp_path, "erp.test")
    with Peer(script, tls=server, receive_buffer=4096) as peer:
        started = time.monotonic()
        content = BIG if script is hoard else b"x"
        end = failure(lambda: secure(peer, trust, content=content, announce=window(close=0.5)))
        assert (end.sent, end.code) == (True, "network.deadline")
        assert time.monotonic() - started < 1.0
        peer.wait()
    assert len(peer.received) < 100_000


@pytest.mark.usefixtures("by_name")
def test_within_tls_too_nothing_arrives_when_it_is_too_late(tmp_path: Path) -> None:
    server, trust = certificate(tmp_path, "erp.test")
    with Peer(listen, tls=server) as peer:
        assert not failure(lambda: secure(peer, trust, announce=window(send=-1))).sent
        peer.wait()
        assert peer.received == b""


# --- slots ------------------------------------------------------------------------------------------------------------


def test_never_more_requests_are_in_flight_than_there_are_slots() -> None:
    def app(request: Request) -> Reply:
        time.sleep(0.03)
        return Reply(200, b"ok")

    server = Server(app).start()
    one = HttpWire(Slots(2), frozenset({server.url.removeprefix("http://")}))

    def both() -> None:
        one.request("GET", server.url, headers={})
        one.request("POST", server.url, headers={}, announce=window())

    threads = [threading.Thread(target=both) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    server.stop()
    assert server.requests == 16
    assert server.most_at_once == 2
    one.close()


def test_without_a_slot_nothing_is_opened_or_announced(silent: Peer) -> None:
    gate = Slots(1)
    one = HttpWire(gate, frozenset({silent.at}))
    with gate.slot(1):
        end = failure(lambda: one.request("POST", silent.url, headers={}, seconds=0.1, announce=pytest.fail))
    assert (end.sent, silent.accepted) == (False, 0)


def test_a_slot_is_given_back_however_the_request_ends(silent: Peer) -> None:
    one = HttpWire(Slots(1), frozenset({silent.at}))

    def fails() -> Window:
        raise RuntimeError

    for _ in range(3):
        failure(lambda: one.request("GET", silent.url, headers={}, seconds=0.1))
        with contextlib.suppress(RuntimeError):
            one.request("POST", silent.url, headers={}, seconds=1, announce=fails)
