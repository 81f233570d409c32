"""Answers that no honest server gives: none is believed, none brings anything down."""

import struct
from collections.abc import Callable

import pytest

from connectors.errors import Malformed
from connectors.sftp import StatusError, shown
from connectors.sftp.packets import FOR_READING, Packets

STATUS, HANDLE, DATA, NAME, ATTRS, VERSION = 101, 102, 103, 104, 105, 2


def text(raw: bytes) -> bytes:
    return struct.pack(">I", len(raw)) + raw


def packet(kind: int, body: bytes) -> bytes:
    return struct.pack(">IB", len(body) + 1, kind) + body


def to(number: int, kind: int, body: bytes) -> bytes:
    return packet(kind, struct.pack(">I", number) + body)


class Line:
    """A channel whose other end answers by a script: from the number and kind of a request to bytes."""

    def __init__(self, script: Callable[[int, int], bytes], most: int = 1 << 20) -> None:
        self.script, self.most = script, most
        self.coming = bytearray()

    def sendall(self, raw: bytes) -> None:
        kind, number = raw[4], int.from_bytes(raw[5:9])
        self.coming += self.script(number, kind)

    def recv(self, size: int) -> bytes:
        part = bytes(self.coming[: min(size, self.most)])
        del self.coming[: len(part)]
        return part


def answering(script: Callable[[int, int], bytes], most: int = 1 << 20) -> Packets:
    return Packets(Line(script, most))


def test_a_packet_that_comes_in_single_bytes_is_put_together() -> None:
    files = answering(lambda number, kind: to(number, HANDLE, text(b"h")), most=1)
    assert files.open(b"/a", FOR_READING) == b"h"


@pytest.mark.parametrize(
    "answer",
    [
        lambda n: packet(ATTRS, b""),  # no number
        lambda n: to(n, ATTRS, b""),  # no flags
        lambda n: to(n, ATTRS, struct.pack(">II", 1, 5)),  # half a size
        lambda n: to(n, ATTRS, struct.pack(">II", 0x80000000, 0xFFFFFFFF)),  # four billion extensions
        lambda n: to(n + 7, ATTRS, struct.pack(">I", 0)),  # to nothing that was asked
        lambda n: to(n, HANDLE, text(b"h")),  # of another kind
        lambda n: to(n, STATUS, struct.pack(">I", 0) + text(b"fine") + text(b"")),  # well, and nothing else
        lambda n: struct.pack(">IB", 0, ATTRS),  # of no length
        lambda n: struct.pack(">IB", 0xFFFFFFFF, ATTRS),  # of four gigabytes
        lambda n: b"HTTP/1.1 200 OK\r\n",
    ],
)
def test_an_answer_that_cannot_be_is_malformed(answer: Callable[[int], bytes]) -> None:
    with pytest.raises(Malformed) as caught:
        answering(lambda number, kind: answer(number)).lstat(b"/a")
    assert "SFTP server" in caught.value.said


def test_an_answer_that_breaks_off_is_the_end_of_the_session() -> None:
    with pytest.raises(EOFError):
        answering(lambda number, kind: to(number, ATTRS, struct.pack(">I", 0))[:-2]).lstat(b"/a")


def test_what_a_server_says_is_shown_safely() -> None:
    words = b"\x1b[31mno\xff\n" + "\u202e".encode() + b"x" * 400
    files = answering(lambda number, kind: to(number, STATUS, struct.pack(">I", 3) + text(words) + text(b"")))
    with pytest.raises(StatusError) as caught:
        files.remove(b"/a")
    assert caught.value.code == 3
    assert caught.value.text.isprintable()
    assert len(caught.value.text) < 300
    assert shown(b"plain") == "plain"


def test_a_status_without_words_is_a_status() -> None:
    with pytest.raises(StatusError) as caught:
        answering(lambda number, kind: to(number, STATUS, struct.pack(">I", 4))).remove(b"/a")
    assert caught.value.code == 4


def test_a_session_that_does_not_begin_with_a_version_is_none() -> None:
    with pytest.raises(Malformed):
        answering(lambda number, kind: packet(STATUS, bytes(4))).begin()
    assert answering(lambda number, kind: packet(VERSION, struct.pack(">I", 3) + text(b"x") + text(b"1"))).begin() == 3


def reading(part: Callable[[int, int, int], bytes], most: int = 1 << 20) -> Packets:
    """Answers reads with what `part` makes of number, offset and length."""

    class Reads(Line):
        def sendall(self, raw: bytes) -> None:
            number = int.from_bytes(raw[5:9])
            offset, length = struct.unpack(">QI", raw[-12:])
            self.coming += part(number, offset, length)

    return Packets(Reads(lambda number, kind: b"", most))


def test_answers_out_of_order_are_put_in_order() -> None:
    content = bytes(range(256)) * 1000
    held: list[bytes] = []

    def part(number: int, offset: int, length: int) -> bytes:
        held.append(to(number, DATA, text(content[offset : offset + length])))
        if len(held) < 3 and offset + length < len(content):
            return b""
        late = b"".join(reversed(held))
        held.clear()
        return late

    assert b"".join(reading(part).read(b"h", len(content))) == content


def test_a_server_that_answers_less_than_asked_is_asked_again() -> None:
    content = bytes(range(256)) * 500
    files = reading(lambda n, offset, length: to(n, DATA, text(content[offset : offset + min(length, 999)])))
    assert b"".join(files.read(b"h", len(content))) == content


def test_a_server_that_answers_more_than_asked_is_not_believed() -> None:
    with pytest.raises(Malformed):
        list(reading(lambda n, offset, length: to(n, DATA, text(b"x" * (length + 1)))).read(b"h", 10))


def test_a_file_that_ends_early_ends_early() -> None:
    def part(number: int, offset: int, length: int) -> bytes:
        here = b"x" * max(0, min(length, 40_000 - offset))
        end = struct.pack(">I", 1) + text(b"") + text(b"")
        return to(number, DATA, text(here)) if here else to(number, STATUS, end)

    assert len(b"".join(reading(part).read(b"h", 3_000_000))) == 40_000


def test_a_read_that_is_refused_in_the_middle_is_refused() -> None:
    def part(number: int, offset: int, length: int) -> bytes:
        no = to(number, STATUS, struct.pack(">I", 4) + text(b"disk") + text(b""))
        return to(number, DATA, text(b"x" * length)) if offset == 0 else no

    with pytest.raises(StatusError):
        list(reading(part).read(b"h", 100_000))


def listing(names: list[bytes]) -> Packets:
    """One name an answer, then the end."""
    left = list(names)

    def script(number: int, kind: int) -> bytes:
        if kind == 11:
            return to(number, HANDLE, text(b"h"))
        if kind == 12 and left:
            return to(number, NAME, struct.pack(">I", 1) + text(left.pop(0)) + text(b"-") + struct.pack(">I", 0))
        return to(number, STATUS, struct.pack(">I", 1 if kind == 12 else 0) + text(b"") + text(b""))

    return Packets(Line(script))


def test_all_names_come_raw_and_the_two_dots_are_left_out() -> None:
    names = [b".", b"..", b"", b"a\xff", b"../x"]
    entries, more = listing(names).entries(b"/out", 10)
    assert ([entry.name for entry in entries], more) == ([b"", b"a\xff", b"../x"], False)


def test_a_list_without_end_ends_at_what_is_allowed() -> None:
    class Endless(Line):
        def sendall(self, raw: bytes) -> None:
            kind, number = raw[4], int.from_bytes(raw[5:9])
            if kind == 12:
                one = text(b"x") + text(b"-") + struct.pack(">I", 0)
                self.coming += to(number, NAME, struct.pack(">I", 3) + one * 3)
            else:
                self.coming += to(number, HANDLE, text(b"h")) if kind == 11 else to(number, STATUS, bytes(4))

    entries, more = Packets(Endless(lambda number, kind: b"")).entries(b"/out", 100)
    assert (len(entries), more) == (100, True)


def test_a_list_that_promises_more_names_than_it_has_is_malformed() -> None:
    def script(number: int, kind: int) -> bytes:
        return to(number, *((HANDLE, text(b"h")) if kind == 11 else (NAME, struct.pack(">I", 0x7FFFFFFF))))

    with pytest.raises(Malformed):
        answering(script).entries(b"/out", 100)
