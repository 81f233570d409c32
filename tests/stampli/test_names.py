"""Names, folders and patterns: what is read, and what nobody may be led by."""

from typing import Any

import pytest

from connectors.errors import Malformed
from connectors.stampli import Credentials, Settings, settings_of, target_name
from connectors.stampli.names import folder_fault, is_marked, is_wanted, why_hostile
from tests.stampli.using import AT

GIVEN: dict[str, Any] = {"host": "sftp.example.com", "username": "u", "company_id": "C", "outbound_folder": "/out"}
GIVEN["password"] = "p"


@pytest.mark.parametrize(
    "name",
    [
        b"", b".", b"..", b"../../etc/cron.d/evil.csv", b"/abs/path.csv", b"sub/dir.csv", b"..\\..\\win.csv",
        b"nul\x00x.csv", b"line\nbreak.csv", b"tab\tx.csv", b"broken\xff.csv", b"x" * 256, "\u202evsc.csv".encode(),
        "a\u2028b.csv".encode(), b"\x1b[2J.csv", b"del\x7f.csv", "next\x85.csv".encode(),
    ],
)  # fmt: skip
def test_a_name_that_can_mean_no_good_is_refused(name: bytes) -> None:
    assert why_hostile(name)


@pytest.mark.parametrize(
    "name", ["a.csv", "Rechnungen März.csv", "请款单.csv", "x" * 255, "..a.csv", "a..csv", " a.csv", "-rf"]
)
def test_a_name_of_any_language_is_no_offence(name: str) -> None:
    assert why_hostile(name.encode()[:255] if name.isascii() else name.encode()) == ""


def test_what_is_included_is_read_whatever_its_case() -> None:
    names = ("a.csv", "A.CSV", "b.Txt", "c.xml", "d.pdf", "e.csv.gz", "csv")
    assert [name for name in names if is_wanted(name, Settings())] == ["a.csv", "A.CSV", "b.Txt", "c.xml"]


@pytest.mark.parametrize(
    "name", [".a.csv", "a.csv.tmp", "a.csv.filepart", "a.csv.PART", "a.csv~", "a.csv.crdownload", "a.csv.swp"]
)
def test_what_is_still_being_written_or_hidden_is_not_read_even_if_all_is_included(name: str) -> None:
    assert not is_wanted(name, Settings(include="*"))


def test_samples_can_be_left_out() -> None:
    settings = Settings(ignore="sample* *_TEST.csv")
    assert [n for n in ("Sample_1.csv", "a_test.csv", "a.csv") if is_wanted(n, settings)] == ["a.csv"]


def test_with_a_done_marker_a_file_waits_for_it() -> None:
    settings = Settings(done_marker=".done")
    assert not is_marked("a.csv", {"a.csv", "b.done"}, settings)
    assert is_marked("a.csv", {"a.csv", "a.csv.done"}, settings)
    assert is_marked("a.csv", {"a.csv", "a.done"}, settings)
    assert is_marked("a.csv", {"a.csv"}, Settings())


def test_the_name_in_the_archive_sorts_by_time_and_tells_the_content() -> None:
    assert target_name("x.csv", "deadbeef" * 8, AT) == "20260630T120005Z_deadbeef_x.csv"


def test_the_name_in_the_archive_fits_into_a_name() -> None:
    for name in ("ü" * 125 + ".csv", "x" * 251 + ".csv"):
        made = target_name(name, "deadbeef" * 8, AT)
        assert len(made.encode()) <= 255
        assert made.endswith(".csv")
        assert why_hostile(made.encode()) == ""


@pytest.mark.parametrize("folder", ["../other", "/out/../../etc", "a\\b", "a\nb", "", " /out", "/out\x00"])
def test_a_folder_that_could_lead_anywhere_is_refused(folder: str) -> None:
    assert folder_fault(folder)
    with pytest.raises(Malformed):
        Credentials(**{**GIVEN, "archive_folder": folder})


@pytest.mark.parametrize("archive", [".", "/out", "/out/", "./", "/out/."])
def test_the_archive_is_never_the_outbound_folder(archive: str) -> None:
    with pytest.raises(Malformed) as caught:
        Credentials(**{**GIVEN, "archive_folder": archive})
    assert caught.value.field == "archive_folder"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"host": "sftp://sftp.example.com"}, "host"),
        ({"host": "user@sftp.example.com"}, "host"),
        ({"port": 0}, "port"),
        ({"password": ""}, "password"),
        ({"private_key": "PuTTY-User-Key-File-3: ssh-ed25519\n"}, "private_key"),
        ({"private_key": "ssh-ed25519 AAAAC3NzaC1 me@here"}, "private_key"),
        ({"private_key": "hello"}, "private_key"),
    ],
)
def test_credentials_that_cannot_be_right_are_refused_when_they_are_typed(change: dict[str, str], field: str) -> None:
    with pytest.raises(Malformed) as caught:
        Credentials(**{**GIVEN, **change})
    assert caught.value.field == field


def test_settings_are_read_from_among_others_and_judged() -> None:
    made = settings_of(
        {"settle_seconds": "5", "create_folders": "yes", "hook_url": "x", "include": "", "read_seconds": 3}
    )
    assert (made.settle_seconds, made.create_folders, made.include) == (5, True, "*.csv *.txt *.xml")
    for wrong in ({"poll_seconds": 1}, {"settle_seconds": "soon"}, {"archive_mode": "burn"}, {"done_marker": "a/b"}):
        with pytest.raises(Malformed) as caught:
            settings_of(wrong)
        assert caught.value.field in wrong
