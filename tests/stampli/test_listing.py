"""Listing: what is shown is judged name by name, and nothing but regular files in the folder is ever opened."""

import time

import pytest

from connectors.errors import Denied, Unavailable
from connectors.files import RemoteFile
from standins.stampli import StampliServer
from standins.stampli.awkward import crowd, hostile
from standins.stampli.outbox import KEPT_APART
from tests.stampli.using import Using

LIES = ["../../etc/cron.d/evil.csv", "/abs/path.csv", "sub/dir.csv", "..\\..\\win.csv", "nul\0x.csv", "", "y" * 5000]


def test_files_are_listed_oldest_first_and_then_by_name(server: StampliServer, using: Using) -> None:
    for name, mtime in (("b.csv", 1_700_000_000), ("a.csv", 1_700_000_000), ("c.csv", 1_600_000_000)):
        server.world.outbox.drop(name, "123", mtime)
    assert using.client().list_files().files == (
        RemoteFile("/outbound", "c.csv", 3, 1_600_000_000),
        RemoteFile("/outbound", "a.csv", 3, 1_700_000_000),
        RemoteFile("/outbound", "b.csv", 3, 1_700_000_000),
    )


def test_hostile_names_are_each_reported_and_the_others_go_on(server: StampliServer, using: Using) -> None:
    server.world.knobs.turn({"lies": LIES})
    hostile(server.world.outbox)
    server.world.outbox.drop("good.csv", "x")
    found = using.client().list_files()
    assert [file.name for file in found.files] == ["good.csv"]
    assert len(found.refused) == len(LIES) + 7
    names = {name for name, _ in found.refused}
    assert {"link.csv", "pipe.csv", "folder.csv", "broken\\xff.csv", "line\\nbreak.csv", "nul\\x00x.csv"} <= names
    assert all(name.isprintable() and len(name) <= 256 for name in names)
    asked = {one["path"] for one in server.world.asked}
    assert asked == {"/outbound"}


def test_the_folders_of_the_archive_and_other_folders_are_no_news(server: StampliServer, using: Using) -> None:
    server.world.outbox.make_folder("2025")
    found = using.client().list_files()
    assert (found.files, found.refused) == ((), ())


def test_what_a_link_leads_to_is_never_read_however_it_is_asked_for(server: StampliServer, using: Using) -> None:
    hostile(server.world.outbox)
    inside = (server.world.outbox.root / KEPT_APART).stat()
    file = RemoteFile("/outbound", "link.csv", inside.st_size, int(inside.st_mtime))
    got = bytearray()
    with pytest.raises(Exception, match="looked at anew"):
        using.client().fetch(file, got.extend)
    assert got == b""
    assert "open" not in {one["op"] for one in server.world.asked}


def test_where_the_list_tells_neither_kind_nor_size_each_is_asked_for(server: StampliServer, using: Using) -> None:
    hostile(server.world.outbox)
    server.world.outbox.drop("good.csv", "12345")
    server.world.knobs.turn({"stats": "none"})
    found = using.client().list_files()
    assert [(file.name, file.size) for file in found.files] == [("good.csv", 5)]
    assert {"link.csv", "pipe.csv", "folder.csv"} <= {name for name, _ in found.refused}


def test_four_thousand_names_are_looked_through(server: StampliServer, using: Using) -> None:
    crowd(server.world.outbox)
    server.world.outbox.drop("good.csv", "x")
    client, began = using.client(), time.monotonic()
    found = client.list_files()
    assert [file.name for file in found.files] == ["good.csv"]
    assert (found.left_out, found.more) == (4000, False)
    assert time.monotonic() - began < 20


def test_a_folder_of_more_names_than_allowed_is_looked_at_in_part(server: StampliServer, using: Using) -> None:
    crowd(server.world.outbox, 300)
    found = using.client(max_entries=100).list_files()
    assert found.more
    assert found.left_out + len(found.files) <= 100


def test_a_file_that_waits_for_its_marker_is_not_listed(server: StampliServer, using: Using) -> None:
    server.world.outbox.drop("a.csv", "x")
    server.world.outbox.drop("b.csv", "x")
    server.world.outbox.drop("b.csv.done", "")
    assert [file.name for file in using.client(done_marker=".done").list_files().files] == ["b.csv"]


def test_a_folder_that_is_missing_or_closed_is_the_connections_fault(server: StampliServer, using: Using) -> None:
    with pytest.raises(Denied) as caught:
        using.client({"outbound_folder": "/Outbound"}).list_files()
    assert caught.value.code == "folder.missing"
    for code, kind, expected in ((3, Denied, "folder.not_allowed"), (4, Unavailable, "folder.failed")):
        server.world.faults.add("refuse", "list", code=code)
        with pytest.raises(kind) as other:
            using.client().list_files()
        assert other.value.code == expected


def test_a_name_that_may_not_be_looked_at_does_not_end_the_list(server: StampliServer, using: Using) -> None:
    server.world.outbox.drop("good.csv", "x")
    server.world.outbox.drop("shut.csv", "x")
    server.world.knobs.turn({"stats": "none"})
    server.world.faults.add("refuse", "stat", path="shut.csv", code=3)
    found = using.client().list_files()
    assert [file.name for file in found.files] == ["good.csv"]
    assert [name for name, _ in found.refused] == ["shut.csv"]


def test_bytes_of_a_name_go_back_to_the_server_as_they_came(server: StampliServer, using: Using) -> None:
    name = "Rechnungen Mu\u0308ller – März.csv"  # a letter and its dots apart, as one vendor's machines write it
    (server.world.outbox.out / name).write_bytes(b"12")
    file = using.file(name)
    assert using.read(file) == b"12"
    assert {one["path"] for one in server.world.asked} == {"/outbound", f"/outbound/{name}"}
