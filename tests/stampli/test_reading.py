"""Reading a file: whole, unchanged, within its limits; or not at all."""

import hashlib
import os
import threading

import pytest

from connectors.errors import ConnectorError, Refused, Unavailable
from connectors.files import Changed, FileRejected
from connectors.stampli import Stampli
from standins.stampli import StampliServer
from tests.stampli.using import Using

BIG = 3_000_017  # bytes; more than what is asked for at once


@pytest.mark.parametrize("size", [0, 1, 32_767, 32_768, 32_769, BIG])
@pytest.mark.parametrize("chunk", [0, 1000])
def test_a_file_arrives_byte_for_byte_with_its_hash(server: StampliServer, using: Using, size: int, chunk: int) -> None:
    if chunk and size == BIG:
        size = 400_003
    content = os.urandom(size)
    server.world.outbox.drop("a.csv", content)
    server.world.knobs.turn({"chunk": chunk})
    got = bytearray()
    fetched = using.client().fetch(using.file("a.csv"), got.extend)
    assert bytes(got) == content
    assert (fetched.size, fetched.sha256) == (size, hashlib.sha256(content).hexdigest())


def during(client: Stampli, using: Using, act: threading.Event, done: threading.Event) -> list[ConnectorError]:
    """Fetches in the middle of which `act` is set and `done` is waited for; returns what was raised."""
    raised: list[ConnectorError] = []
    first = True

    def into(part: bytes) -> None:
        nonlocal first
        if first:
            first = False
            act.set()
            assert done.wait(10)

    try:
        client.fetch(using.file("a.csv"), into)
    except ConnectorError as error:
        raised.append(error)
    return raised


@pytest.mark.parametrize("change", ["append", "truncate", "rewrite", "replace", "unlink", "link"])
def test_a_file_that_changes_while_it_is_read_is_not_taken(server: StampliServer, using: Using, change: str) -> None:
    out = server.world.outbox
    path = out.drop("a.csv", os.urandom(BIG), 1_700_000_000)
    act, done = threading.Event(), threading.Event()

    def changing() -> None:
        assert act.wait(10)
        if change == "append":
            out.go_on("a.csv", "more")
        elif change == "truncate":
            os.truncate(path, 1000)
        elif change == "rewrite":
            path.write_bytes(os.urandom(BIG))
        elif change == "replace":
            out.drop("a.csv", os.urandom(BIG))
        else:
            path.unlink()
            if change == "link":
                path.symlink_to(out.root / "private" / "other-customer.csv")
        done.set()

    thread = threading.Thread(target=changing)
    thread.start()
    raised = during(using.client(), using, act, done)
    thread.join()
    assert [type(error) for error in raised] == [Changed]


def test_a_file_that_is_not_what_was_listed_is_not_even_opened(server: StampliServer, using: Using) -> None:
    server.world.outbox.drop("a.csv", "one")
    file = using.file("a.csv")
    server.world.outbox.go_on("a.csv", "more")
    with pytest.raises(Changed):
        using.read(file)
    server.world.outbox.remove("a.csv")
    with pytest.raises(Changed):
        using.read(file)
    assert "open" not in {one["op"] for one in server.world.asked}


def test_a_file_over_the_limit_is_rejected_before_a_byte_is_read(server: StampliServer, using: Using) -> None:
    server.world.outbox.drop("a.csv", "x" * 1001)
    got = bytearray()
    file = using.file("a.csv")
    with pytest.raises(FileRejected) as caught:
        using.client(max_file_bytes=1000).fetch(file, got.extend)
    assert caught.value.code == "too_large"
    assert got == b""
    assert using.client(max_file_bytes=1001).fetch(file, got.extend).size == 1001


def test_a_file_that_may_not_be_read_is_named_and_others_go_on(server: StampliServer, using: Using) -> None:
    for name in ("a.csv", "b.csv"):
        server.world.outbox.drop(name, name)
    server.world.faults.add("refuse", "open", path="a.csv", code=3)
    client, a, b = using.client(), using.file("a.csv"), using.file("b.csv")
    got = bytearray()
    with client.visit():
        with pytest.raises(Refused) as caught:
            client.fetch(a, got.extend)
        client.fetch(b, got.extend)
    assert (caught.value.code, caught.value.cause, caught.value.value) == (
        "file.not_allowed",
        "settings",
        "/outbound/a.csv",
    )
    assert got == b"b.csv"


def test_a_cut_in_the_middle_is_unavailable_at_once_and_the_next_try_has_it_whole(
    server: StampliServer, using: Using
) -> None:
    content = os.urandom(BIG)
    server.world.outbox.drop("a.csv", content)
    server.world.faults.add("cut", "read", after=BIG // 2)
    file = using.file("a.csv")
    got = bytearray()
    with pytest.raises(Unavailable) as caught:
        using.client().fetch(file, got.extend)
    assert caught.value.code == "network.broken"
    assert not caught.value.sent
    assert len(got) < BIG
    assert using.read(file) == content


def test_within_a_visit_a_cut_costs_one_file_and_not_the_others(server: StampliServer, using: Using) -> None:
    for name in ("a.csv", "b.csv"):
        server.world.outbox.drop(name, name * 1000)
    server.world.faults.add("cut", "read", path="a.csv")
    client = using.client()
    got = bytearray()
    with client.visit():
        a, b = client.list_files().files
        with pytest.raises(Unavailable):
            client.fetch(a, got.extend)
        got.clear()
        client.fetch(b, got.extend)
    assert got == b"b.csv" * 1000
    assert server.world.connections == 2
    assert using.gate.taken == 1


def test_what_the_reader_of_the_bytes_raises_is_its_own(server: StampliServer, using: Using) -> None:
    server.world.outbox.drop("a.csv", os.urandom(BIG))

    def full(part: bytes) -> None:
        raise OSError("no space left")

    client = using.client()
    with pytest.raises(OSError, match="no space left"):
        client.fetch(using.file("a.csv"), full)
    assert client.list_files().files


def test_memory_stays_flat_however_large_a_file_is(server: StampliServer, using: Using) -> None:
    import tracemalloc

    server.world.outbox.drop("a.csv", os.urandom(24 << 20))
    file, client = using.file("a.csv"), using.client()
    tracemalloc.start()
    client.fetch(file, lambda part: None)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 16 << 20  # both ends run here
