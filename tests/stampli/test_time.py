"""Time: no server keeps us longer than it may, however it goes silent or dawdles."""

import socket
import time
from collections.abc import Callable

import pytest

from connectors.errors import Unavailable
from connectors.files import RemoteFile
from standins.stampli import StampliServer
from tests.connectors.peers import Peer
from tests.stampli.proxy import Proxy
from tests.stampli.test_who_is_there import at
from tests.stampli.using import Using, connect

SLACK = 2.5  # seconds, on a machine that is shared


def test_a_port_that_accepts_and_says_nothing_is_left_in_time() -> None:
    with Peer(lambda peer, connection: time.sleep(5)) as peer:
        began = time.monotonic()
        with pytest.raises(Unavailable) as caught:
            connect(at(peer.port), {"connect_seconds": 1}, peer.at).host_key()
        assert time.monotonic() - began < 1 + SLACK
        assert not caught.value.sent


def test_a_greeting_that_drips_is_left_in_time() -> None:
    def drip(peer: Peer, connection: socket.socket) -> None:
        for _ in range(100):
            connection.sendall(b"hello\r\n")
            time.sleep(0.1)

    with Peer(drip) as peer:
        began = time.monotonic()
        with pytest.raises(Unavailable):
            connect(at(peer.port), {"connect_seconds": 1}, peer.at).host_key()
        assert time.monotonic() - began < 1 + SLACK


def test_a_server_that_freezes_at_the_sign_in_is_left_in_time(server: StampliServer, using: Using) -> None:
    server.world.faults.add("stall", "sign-in", seconds=20)
    began = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        using.client(connect_seconds=1).list_files()
    assert caught.value.code in ("network.stalled", "network.deadline")
    assert time.monotonic() - began < 1 + SLACK


@pytest.mark.parametrize("op", ["list", "open", "read", "rename"])
def test_a_server_that_falls_silent_is_left_after_the_silence_that_is_allowed(
    server: StampliServer, using: Using, op: str
) -> None:
    server.world.outbox.drop("a.csv", "x" * 5000)
    client = using.client(channel_seconds=1)
    file = using.file("a.csv")
    server.world.faults.add("stall", op, seconds=20)
    began = time.monotonic()
    acts: dict[str, Callable[[], object]] = {
        "list": client.list_files,
        "rename": lambda: using.away(file, channel_seconds=1),
    }
    with pytest.raises(Unavailable) as caught:
        acts.get(op, lambda: client.fetch(file, lambda part: None))()
    assert caught.value.code == "network.stalled"
    assert caught.value.sent is (op == "rename")
    assert time.monotonic() - began < 1 + SLACK


def test_a_server_that_dawdles_for_ever_is_left_at_the_deadline_of_the_file(
    server: StampliServer, using: Using
) -> None:
    server.world.outbox.drop("a.csv", "x" * 8_000_000)
    server.world.faults.add("slow", "read", seconds=0.3, times=-1)
    file = using.file("a.csv")
    began = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        using.client(file_seconds=1).fetch(file, lambda part: None)
    assert caught.value.code == "network.deadline"
    assert time.monotonic() - began < 1 + SLACK


def test_a_peer_that_freezes_in_the_middle_of_a_file_is_left_in_time(server: StampliServer, using: Using) -> None:
    server.world.outbox.drop("a.csv", "x" * 8_000_000)
    file = using.file("a.csv")
    with Proxy(server.sftp.port, stall=2_000_000) as proxy:
        began, got = time.monotonic(), bytearray()
        with pytest.raises(Unavailable) as caught:
            using.client({"port": proxy.port}, channel_seconds=1).fetch(file, got.extend)
        assert caught.value.code == "network.stalled"
        assert time.monotonic() - began < 1 + SLACK  # once, not twice: nothing more is asked of a peer that is gone
        assert len(got) < 8_000_000


def test_a_handshake_that_freezes_anywhere_is_left_in_time(server: StampliServer, using: Using) -> None:
    """The service request and the opening of the channel wait for ever in the library."""
    ended = []
    for stall in (30, 900, 1500, 1700, 1900, 2100, 2300, 2500):
        with Proxy(server.sftp.port, stall=stall) as proxy:
            began = time.monotonic()
            try:
                using.client({"port": proxy.port}, connect_seconds=1, channel_seconds=1).list_files()
            except Unavailable as error:
                ended.append(error.code)
            assert time.monotonic() - began < 3 + SLACK
    assert len(ended) > 3


def test_a_visit_ends_at_its_own_deadline(server: StampliServer, using: Using) -> None:
    client = using.client()
    with client.visit(0.6):
        client.list_files()
        time.sleep(0.7)
        with pytest.raises(Unavailable) as caught:
            client.list_files()
    assert caught.value.code == "network.deadline"


def test_every_call_holds_one_slot_for_the_whole_of_its_session(server: StampliServer, using: Using) -> None:
    server.world.outbox.drop("a.csv", "x")
    client = using.client()
    held = []
    client.fetch(
        RemoteFile("/outbound", "a.csv", 1, using.file("a.csv").mtime), lambda part: held.append(using.gate.held)
    )
    client.host_key()
    list(client.examine())
    assert held == [1]
    assert (using.gate.held, using.gate.most) == (0, 1)
    with using.gate.slot(1), using.gate.slot(1), pytest.raises(Unavailable) as caught:
        using.client(connect_seconds=1, channel_seconds=1, file_seconds=1).host_key()
    assert caught.value.code == "network.slot"
