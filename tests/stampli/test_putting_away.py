"""Putting away: never over another file, never one that was not read, and found again after a lost answer."""

import hashlib

import pytest

from connectors.errors import Refused, Unavailable
from connectors.files import Changed, RemoteFile
from standins.stampli import StampliServer
from tests.stampli.using import AT, Using

CONTENT = b"vendor,amount\nV-1001,1.00\n"
SHA = hashlib.sha256(CONTENT).hexdigest()
PLACE = f"/outbound/archive/20260630T120005Z_{SHA[:8]}_a.csv"
NAME = PLACE.rpartition("/")[2]


@pytest.fixture
def file(server: StampliServer, using: Using) -> RemoteFile:
    server.world.outbox.drop("a.csv", CONTENT, 1_700_000_000)
    return using.file("a.csv")


def names(server: StampliServer) -> tuple[list[str], list[str]]:
    return server.world.outbox.names(), server.world.outbox.names("archive")


def test_a_file_goes_into_the_archive_under_a_name_that_tells_when_and_what(
    server: StampliServer, using: Using, file: RemoteFile
) -> None:
    assert using.away(file, SHA) == PLACE
    assert names(server) == ([], [NAME])
    assert (server.world.outbox.out / "archive" / NAME).read_bytes() == CONTENT


def test_a_rejected_one_goes_into_the_folder_of_errors(server: StampliServer, using: Using, file: RemoteFile) -> None:
    assert using.away(file, SHA, "error") == PLACE.replace("/archive/", "/error/")
    assert server.world.outbox.names("error") == [NAME]


def test_put_away_twice_it_is_found_where_it_was_put(server: StampliServer, using: Using, file: RemoteFile) -> None:
    assert [using.away(file, SHA) for _ in range(3)] == [PLACE] * 3
    assert names(server) == ([], [NAME])


def test_when_the_answer_to_the_move_was_lost_the_next_try_finds_it_done(
    server: StampliServer, using: Using, file: RemoteFile
) -> None:
    server.world.faults.add("lost", "rename")
    with pytest.raises(Unavailable) as caught:
        using.away(file, SHA)
    assert caught.value.sent
    assert names(server) == ([], [NAME])
    assert using.away(file, SHA) == PLACE


def test_when_the_line_broke_before_the_move_the_next_try_does_it(
    server: StampliServer, using: Using, file: RemoteFile
) -> None:
    server.world.faults.add("cut", "rename")
    with pytest.raises(Unavailable):
        using.away(file, SHA)
    assert names(server) == (["a.csv"], [])
    assert using.away(file, SHA) == PLACE


def test_the_same_bytes_dropped_again_lie_beside_the_first(
    server: StampliServer, using: Using, file: RemoteFile
) -> None:
    using.away(file, SHA)
    server.world.outbox.drop("a.csv", CONTENT, 1_700_000_100)
    again = using.client().put_away(using.file("a.csv"), SHA, "archive", AT.replace(hour=13))
    assert again == PLACE.replace("T12", "T13")
    assert len(server.world.outbox.names("archive")) == 2


def test_what_stands_there_is_never_overwritten(server: StampliServer, using: Using, file: RemoteFile) -> None:
    (server.world.outbox.out / "archive" / NAME).write_text("somebody else's")
    with pytest.raises(Refused) as caught:
        using.away(file, SHA)
    assert caught.value.code == "archive.taken"
    assert (server.world.outbox.out / "archive" / NAME).read_text() == "somebody else's"
    assert server.world.outbox.names() == ["a.csv"]


def test_a_file_that_was_replaced_before_the_move_stays(server: StampliServer, using: Using, file: RemoteFile) -> None:
    server.world.outbox.drop("a.csv", b"other", 1_700_000_100)
    with pytest.raises(Changed):
        using.away(file, SHA)
    assert names(server) == (["a.csv"], [])
    assert "rename" not in {one["op"] for one in server.world.asked}


def test_a_file_that_is_replaced_at_the_very_moment_of_the_move_goes_back_unread(
    server: StampliServer, using: Using, file: RemoteFile
) -> None:
    server.world.faults.add("swap", "rename", content="nobody has read this")
    with pytest.raises(Changed):
        using.away(file, SHA)
    assert names(server) == (["a.csv"], [])
    assert (server.world.outbox.out / "a.csv").read_text() == "nobody has read this"


def test_where_it_cannot_go_back_a_person_is_told_where_it_lies(
    server: StampliServer, using: Using, file: RemoteFile
) -> None:
    server.world.faults.add("swap", "rename", content="nobody has read this")
    server.world.faults.add("refuse", "rename", path="archive", code=3)
    with pytest.raises(Refused) as caught:
        using.away(file, SHA)
    assert (caught.value.code, caught.value.cause, caught.value.value) == ("archive.unread", "decision", PLACE)


def test_a_server_that_gives_a_moved_file_a_new_time_is_believed_by_the_content(
    server: StampliServer, using: Using, file: RemoteFile
) -> None:
    server.world.knobs.turn({"new_time": True})
    assert using.away(file, SHA) == PLACE
    assert using.away(file, SHA) == PLACE
    assert names(server) == ([], [NAME])


def test_a_file_that_somebody_else_took_away_is_gone(server: StampliServer, using: Using, file: RemoteFile) -> None:
    server.world.outbox.remove("a.csv")
    with pytest.raises(Changed) as caught:
        using.away(file, SHA)
    assert caught.value.code == "file.gone"


@pytest.mark.parametrize(
    ("knobs", "code"),
    [
        ({"read_only": True}, "archive.not_allowed"),
        ({"archive_writable": False}, "archive.not_allowed"),
        ({"outbound_writable": False}, "archive.not_allowed"),
        ({"rename": "unsupported"}, "archive.unsupported"),
        ({"rename": "failure"}, "archive.failed"),
    ],
)
def test_where_it_may_not_be_moved_it_stays_and_the_cure_is_named(
    server: StampliServer, using: Using, file: RemoteFile, knobs: dict[str, bool | str], code: str
) -> None:
    server.world.knobs.turn(knobs)
    for _ in range(2):
        with pytest.raises(Refused) as caught:
            using.away(file, SHA)
        assert (caught.value.code, caught.value.cause, caught.value.value) == (code, "settings", "/outbound/a.csv")
        assert caught.value.cure
    assert names(server) == (["a.csv"], [])
    server.world.knobs.turn({"read_only": False, "archive_writable": True, "outbound_writable": True, "rename": "ok"})
    assert using.away(file, SHA) == PLACE


def test_a_missing_archive_is_named_and_made_only_where_that_is_allowed(
    server: StampliServer, using: Using, file: RemoteFile
) -> None:
    server.world.outbox.lose_folder("archive")
    with pytest.raises(Refused) as caught:
        using.away(file, SHA)
    assert caught.value.code == "archive.missing_folder"
    assert "/outbound/archive" in caught.value.said
    assert not (server.world.outbox.out / "archive").exists()
    assert using.away(file, SHA, create_folders=True) == PLACE
    assert names(server) == ([], [NAME])


def test_files_may_be_left_or_deleted_instead(server: StampliServer, using: Using, file: RemoteFile) -> None:
    assert using.away(file, SHA, archive_mode="leave") == "/outbound/a.csv"
    assert names(server) == (["a.csv"], [])
    server.world.faults.add("lost", "remove")
    with pytest.raises(Unavailable):
        using.away(file, SHA, archive_mode="delete")
    assert using.away(file, SHA, archive_mode="delete") == ""
    assert names(server) == ([], [])


def test_a_file_that_was_replaced_is_not_deleted(server: StampliServer, using: Using, file: RemoteFile) -> None:
    server.world.outbox.drop("a.csv", b"other", 1_700_000_100)
    with pytest.raises(Changed):
        using.away(file, SHA, archive_mode="delete")
    assert names(server) == (["a.csv"], [])


def test_the_marker_of_a_file_follows_it(server: StampliServer, using: Using, file: RemoteFile) -> None:
    server.world.outbox.drop("a.csv.done", b"")
    assert using.away(file, SHA, done_marker=".done") == PLACE
    assert names(server) == ([], sorted([NAME, f"{NAME}.done"]))


def test_a_marker_that_stayed_behind_is_taken_along_later(
    server: StampliServer, using: Using, file: RemoteFile
) -> None:
    server.world.outbox.drop("a.csv.done", b"")
    server.world.faults.add("refuse", "rename", path=".done", code=4)
    with pytest.raises(Refused):
        using.away(file, SHA, done_marker=".done")
    assert server.world.outbox.names() == ["a.csv.done"]
    assert using.away(file, SHA, done_marker=".done") == PLACE
    assert server.world.outbox.names() == []


def test_what_is_no_regular_file_any_more_is_not_moved(server: StampliServer, using: Using, file: RemoteFile) -> None:
    server.world.outbox.remove("a.csv")
    (server.world.outbox.out / "a.csv").symlink_to(server.world.outbox.root / "private" / "other-customer.csv")
    with pytest.raises(Changed):
        using.away(file, SHA)
    assert (server.world.outbox.out / "a.csv").is_symlink()
    assert "rename" not in {one["op"] for one in server.world.asked}


def test_two_who_put_the_same_file_away_both_end_well(server: StampliServer, using: Using, file: RemoteFile) -> None:
    import threading

    places: list[str] = []
    threads = [threading.Thread(target=lambda: places.append(using.away(file, SHA))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert places == [PLACE, PLACE]
    assert names(server) == ([], [NAME])
