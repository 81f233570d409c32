"""The same against servers that nobody here wrote: ProFTPD signs in by password, OpenSSH by key."""

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Check
from connectors.errors import ConnectorError, Denied, Refused, Unavailable
from connectors.files import Changed, RemoteFile
from connectors.sftp import HostKey
from connectors.stampli import Stampli
from tests.stampli import servers
from tests.stampli.proxy import Proxy
from tests.stampli.servers import Place
from tests.stampli.using import AT, connect

pytestmark = pytest.mark.processes


def denied(commands: str) -> str:
    return f"<Limit {commands}>\nDenyAll\n</Limit>"


Kind = tuple[Callable[..., Any], dict[str, str]]
"""Who serves, and by which words it is made read-only, and never to rename."""
SERVERS: dict[str, Kind] = {
    "proftpd": (servers.proftpd, {"read only": denied("WRITE"), "no rename": denied("RNFR RNTO")}),
    "openssh": (servers.openssh, {"read only": "-R", "no rename": "-P rename,posix-rename"}),
}


@pytest.fixture(scope="module", params=SERVERS)
def running(request: pytest.FixtureRequest) -> Iterator[Place]:
    make, _ = SERVERS[request.param]
    with make() as it:
        yield it


@pytest.fixture
def place(running: Place) -> Place:
    """Swept before each test."""
    for folder in (running.out, running.out / "archive", running.out / "error"):
        if not folder.is_dir():
            folder.mkdir()
            running.give(folder)
        for entry in folder.iterdir():
            if entry.is_symlink() or not entry.is_dir():
                entry.unlink()
            elif entry.name not in ("archive", "error"):
                entry.rmdir()
    return running


def credentials(place: Place, **changes: Any) -> Any:
    return servers.by_key(place, **changes) if place.key else place.credentials(**changes)


def pins(place: Place, name: str = "") -> list[dict[str, str]]:
    """As the server's own file has it, which no line has carried."""
    public = place.root / "etc" / (name or ("host.pub" if place.key else "host_ed.pub"))
    kind, key = public.read_text().split()[:2]
    return [{"type": kind, "key": key}]


def client(place: Place, changes: dict[str, Any] | None = None, **settings: Any) -> Stampli:
    given = credentials(place, **(changes or {}))
    return connect(given, {"host_keys": pins(place), **settings}, f"127.0.0.1:{given.port}")


def only(place: Place, name: str = "a.csv") -> RemoteFile:
    return next(file for file in client(place).list_files().files if file.name == name)


def failed(checks: list[Check]) -> dict[str, Check]:
    return {check.key: check for check in checks if check.outcome in ("failed", "warning")}


# --- as it should be


def test_a_file_is_learned_listed_fetched_and_put_away(place: Place) -> None:
    content = os.urandom(5_000_003)
    place.drop("a.csv", content, 1_700_000_000)
    it = client(place)
    assert it.host_key() == HostKey(**pins(place)[0])
    got = bytearray()
    (file,) = it.list_files().files
    assert (file.name, file.size, file.mtime) == ("a.csv", len(content), 1_700_000_000)
    fetched = it.fetch(file, got.extend)
    assert bytes(got) == content
    assert fetched.sha256 == hashlib.sha256(content).hexdigest()
    target = it.put_away(file, fetched.sha256, "archive", AT)
    assert Path(target).read_bytes() == content
    assert it.put_away(file, fetched.sha256, "archive", AT) == target
    assert (place.names(), len(place.names("archive"))) == ([], 1)


def test_the_ping_passes_and_leaves_nothing_behind(place: Place) -> None:
    place.drop("a.csv", b"x")
    checks = list(client(place, probe_by_writing=True).examine())
    assert failed(checks) == {}
    assert {"list", "read", "create", "move", "remove"} <= {check.key for check in checks}
    assert place.names("archive") == []


def test_thousands_of_names_are_looked_through_at_once(place: Place) -> None:
    for number in range(4000):
        (place.out / f"{number:05d}.log").write_bytes(b"x")
    place.drop("a.csv", b"x")
    it, began = client(place), time.monotonic()
    found = it.list_files()
    assert ([file.name for file in found.files], found.left_out) == (["a.csv"], 4000)
    assert time.monotonic() - began < 10
    for entry in place.out.glob("*.log"):
        entry.unlink()


def test_hostile_names_links_and_pipes_are_reported_and_never_opened(place: Place) -> None:
    out = os.fsencode(place.out)
    for name in (b"broken\xff.csv", b"line\nbreak.csv", b"back\\slash.csv", "turned\u202ev.csv".encode()):
        Path(os.fsdecode(out + b"/" + name)).write_bytes(b"x")
    (place.out / "folder.csv").mkdir()
    (place.out / "link.csv").symlink_to("/etc/passwd")
    os.mkfifo(place.out / "pipe.csv")
    place.drop("good.csv", b"x")
    it = client(place)
    found = it.list_files()
    assert [file.name for file in found.files] == ["good.csv"]
    assert len(found.refused) == 7
    inside = Path("/etc/passwd").stat()
    for link in (
        RemoteFile(str(place.out), "link.csv", inside.st_size, int(inside.st_mtime)),
        RemoteFile(str(place.out), "pipe.csv", 0, only(place, "good.csv").mtime),
    ):
        got = bytearray()
        with pytest.raises(Changed):
            it.fetch(link, got.extend)
        assert got == b""


# --- who is there


def sign_ins(place: Place) -> int:
    """How often somebody tried to sign in, by the log of the server."""
    time.sleep(0.3)
    log = (place.root / ("server.log" if place.key else "etc/sftp.log")).read_text(errors="replace")
    return log.count("publickey for") + log.count("userauth request") + log.count("authenticated via")


def test_another_host_key_is_told_with_both_fingerprints_before_anybody_signs_in(place: Place) -> None:
    place.make_key(f"other_{time.monotonic_ns()}", "-t", "ed25519")
    other = next((place.root / "etc").glob("other_*.pub"))
    client(place).list_files()
    tries = sign_ins(place)
    assert tries > 0
    with pytest.raises(Denied) as caught:
        connect(credentials(place), {"host_keys": pins(place, other.name)}, f"127.0.0.1:{place.port}").list_files()
    assert caught.value.code == "host_key.changed"
    for one in (pins(place), pins(place, other.name)):
        assert HostKey(**one[0]).fingerprint in caught.value.said
    assert sign_ins(place) == tries
    other.unlink()


def test_wrong_credentials_are_named(place: Place) -> None:
    wrong = {"password": "not-this-one"} if not place.key else {"username": "stranger"}
    with pytest.raises(Denied) as caught:
        client(place, wrong).list_files()
    assert caught.value.code == "credentials.wrong"
    assert "not-this-one" not in caught.value.said + caught.value.cure


def test_what_the_server_does_not_take_is_named(place: Place) -> None:
    if place.key:
        with pytest.raises(Denied) as caught:
            client(place, {"private_key": "", "password": "word"}).list_files()
        assert (caught.value.code, "publickey" in caught.value.said) == ("credentials.method", True)
    else:
        place.make_key("mine", "-t", "ed25519")
        key = (place.root / "etc" / "mine").read_text()
        assert client(place, {"private_key": key}).list_files().files == ()  # the password is taken instead


# --- in the middle


def fetching(it: Stampli, file: RemoteFile, act: Callable[[], object]) -> ConnectorError | None:
    """Fetches; once the first bytes are here, `act` is done."""
    begun = threading.Event()

    def once() -> None:
        begun.wait(10)
        act()

    thread = threading.Thread(target=once)
    thread.start()

    def into(part: bytes) -> None:
        begun.set()
        time.sleep(0.001)  # so that there is a middle

    try:
        it.fetch(file, into)
    except ConnectorError as error:
        return error
    finally:
        begun.set()
        thread.join()
    return None


def test_a_session_that_is_ended_in_the_middle_of_a_file_is_unavailable_and_tried_again(place: Place) -> None:
    content = os.urandom(30_000_000)
    place.drop("a.csv", content)
    file, it = only(place), client(place)
    began = time.monotonic()
    error = fetching(it, file, place.kill_sessions)
    assert isinstance(error, Unavailable)
    assert error.code == "network.broken"
    assert time.monotonic() - began < 10
    digest = hashlib.sha256()
    assert it.fetch(file, digest.update).size == len(content)
    assert digest.digest() == hashlib.sha256(content).digest()


@pytest.mark.parametrize("fault", ["cut", "stall"])
def test_a_line_that_breaks_or_freezes_after_so_many_bytes(place: Place, fault: str) -> None:
    place.drop("a.csv", os.urandom(20_000_000))
    file, got = only(place), bytearray()
    how = {fault: 12_000_000}
    with Proxy(place.port, **how) as proxy:
        through = connect(
            credentials(place, port=proxy.port),
            {"host_keys": pins(place), "channel_seconds": 2},
            f"127.0.0.1:{proxy.port}",
        )
        began = time.monotonic()
        with pytest.raises(Unavailable) as caught:
            through.fetch(file, got.extend)
    assert caught.value.code == {"cut": "network.broken", "stall": "network.stalled"}[fault]
    assert time.monotonic() - began < 10
    assert 0 < len(got) < 20_000_000
    assert place.names() == ["a.csv"]


@pytest.mark.parametrize("change", ["append", "truncate", "replace", "unlink"])
def test_a_file_that_changes_while_it_is_read_is_not_taken(place: Place, change: str) -> None:
    path = place.drop("a.csv", os.urandom(30_000_000), 1_700_000_000)
    changes: dict[str, Callable[[], object]] = {
        "append": lambda: place.run("sh", "-c", f"echo more >> {path}"),
        "truncate": lambda: os.truncate(path, 10),
        "replace": lambda: place.drop("b.tmp", b"x" * 30_000_000).replace(path),
        "unlink": path.unlink,
    }
    assert isinstance(fetching(client(place), only(place), changes[change]), Changed)


# --- putting away where it is not easy


@pytest.mark.parametrize("how", ["read only", "no rename"])
@pytest.mark.parametrize("name", SERVERS)
def test_where_nothing_may_be_moved_files_are_read_and_stay(name: str, how: str) -> None:
    make, options = SERVERS[name]
    with make(options[how]) as place:
        place.drop("a.csv", b"x", 1_700_000_000)
        file, got = only(place), bytearray()
        it = client(place, probe_by_writing=True)
        it.fetch(file, got.extend)
        for _ in range(2):
            with pytest.raises(Refused) as caught:
                it.put_away(file, "ab" * 32, "archive", AT)
            assert caught.value.code == "archive.not_allowed"
            assert caught.value.cause == "settings"
        assert (bytes(got), place.names(), place.names("archive")) == (b"x", ["a.csv"], [])
        found = failed(list(it.examine()))
        assert set(found) - {"waiting"} == {"create" if how == "read only" else "move"}


def test_an_archive_that_is_missing_or_closed_is_named_and_the_file_stays(place: Place) -> None:
    place.drop("a.csv", b"x", 1_700_000_000)
    file, it = only(place), client(place)
    archive = place.out / "archive"
    archive.rmdir()
    with pytest.raises(Refused) as caught:
        it.put_away(file, "ab" * 32, "archive", AT)
    assert caught.value.code == "archive.missing_folder"
    made = client(place, create_folders=True).put_away(file, "ab" * 32, "archive", AT)
    assert Path(made).read_bytes() == b"x"
    Path(made).unlink()
    place.drop("a.csv", b"x", 1_700_000_000)
    archive.chmod(0o555)
    try:
        with pytest.raises(Refused) as caught:
            it.put_away(file, "ab" * 32, "archive", AT)
    finally:
        archive.chmod(0o755)
    assert caught.value.code == "archive.not_allowed"
    assert place.names() == ["a.csv"]


def test_nothing_is_overwritten_in_the_archive(place: Place) -> None:
    place.drop("a.csv", b"x", 1_700_000_000)
    file, it = only(place), client(place)
    there = Path(it.folder("archive")) / f"20260630T120005Z_{'ab' * 4}_a.csv"
    there.write_text("somebody else's")
    place.give(there)
    with pytest.raises(Refused) as caught:
        it.put_away(file, "ab" * 32, "archive", AT)
    assert caught.value.code == "archive.taken"
    assert there.read_text() == "somebody else's"
    assert place.names() == ["a.csv"]


def test_files_may_be_deleted_instead(place: Place) -> None:
    place.drop("a.csv", b"x", 1_700_000_000)
    file, it = only(place), client(place, archive_mode="delete")
    assert it.put_away(file, "ab" * 32, "archive", AT) == ""
    assert it.put_away(file, "ab" * 32, "archive", AT) == ""
    assert (place.names(), place.names("archive")) == ([], [])
