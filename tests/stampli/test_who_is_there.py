"""Who the server is, and who we are: nothing is sent to a server that nobody confirmed."""

import io
import subprocess
from pathlib import Path

import paramiko
import pytest

from connectors.errors import Denied, Unavailable
from connectors.sftp import HostKey
from connectors.stampli import Credentials
from standins.stampli import StampliServer, User
from tests.connectors.peers import Peer
from tests.stampli.servers import free_port
from tests.stampli.using import Using, connect, said


def new_key(folder: Path, *kind: str) -> tuple[str, str]:
    """Private text, and the public half in base64."""
    path = folder / "-".join(kind or ("ed25519",))
    subprocess.run(["ssh-keygen", "-q", "-N", "", "-C", "", "-f", path, *(kind or ("-t", "ed25519"))], check=True)
    return path.read_text(), path.with_suffix(".pub").read_text().split()[1]


# --- the server


def test_the_host_key_is_learned_without_any_credentials(server: StampliServer, using: Using) -> None:
    learned = using.client().host_key()
    assert learned.as_json() == using.pins()[0]
    assert learned.fingerprint == server.sftp.keys[0].fingerprint.rstrip("=")
    assert server.world.connections == 1
    assert server.world.tries == []


def test_without_a_confirmed_host_key_nobody_even_connects(server: StampliServer, using: Using) -> None:
    with pytest.raises(Denied) as caught:
        using.client(host_keys=[]).list_files()
    assert caught.value.code == "host_key.unconfirmed"
    assert server.world.connections == 0


def test_a_changed_host_key_is_shown_beside_the_old_one_and_no_credentials_are_sent(
    server: StampliServer, using: Using
) -> None:
    before = HostKey(**using.pins()[0])
    client = using.client()
    client.list_files()
    tries = len(server.world.tries)
    server.sftp.renew_host_key()
    for _ in range(3):
        with pytest.raises(Denied) as caught:
            client.list_files()
        assert caught.value.code == "host_key.changed"
        assert before.fingerprint in caught.value.said
        assert HostKey(**using.pins()[0]).fingerprint in caught.value.said
    assert len(server.world.tries) == tries


def test_a_server_that_has_only_a_key_of_another_type_has_changed_too(
    server: StampliServer, using: Using, tmp_path: Path
) -> None:
    client = using.client()
    text, public = new_key(tmp_path, "-t", "rsa", "-b", "2048", "-m", "PEM")
    server.sftp.host_key = ""
    server.sftp.further = [paramiko.RSAKey.from_private_key(io.StringIO(text))]
    with pytest.raises(Denied) as caught:
        client.list_files()
    assert caught.value.code == "host_key.changed"
    assert HostKey("ssh-rsa", public).fingerprint in caught.value.said
    assert server.world.tries == []
    assert using.client(host_keys=[{"type": "ssh-rsa", "key": public}]).list_files().files == ()


def test_several_keys_may_be_confirmed_for_a_change_that_is_planned(
    server: StampliServer, using: Using, tmp_path: Path
) -> None:
    old = using.pins()[0]
    planned = {"type": "ssh-rsa", "key": new_key(tmp_path, "-t", "rsa", "-b", "2048", "-m", "PEM")[1]}
    server.sftp.renew_host_key()
    assert using.client(host_keys=[old, *using.pins()]).list_files().files == ()
    assert using.client(host_keys=[planned, *using.pins()]).list_files().files == ()


def test_a_server_that_offers_only_what_is_weak_is_named_and_never_given_in_to(
    server: StampliServer, using: Using
) -> None:
    server.world.knobs.turn({"ciphers": ["3des-cbc", "aes128-cbc"]})
    for act in (using.client().list_files, using.client().host_key):
        with pytest.raises(Denied) as caught:
            act()
        assert caught.value.code == "sftp.too_old"
        assert "up to date" in caught.value.cure
    assert server.world.tries == []


def test_what_answers_without_speaking_ssh_is_named() -> None:
    with Peer(lambda peer, connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 40)) as peer:
        with pytest.raises(Unavailable) as caught:
            connect(at(peer.port), {}, peer.at).host_key()
        assert caught.value.code == "sftp.not_ssh"
        assert not caught.value.sent


@pytest.mark.parametrize("host", ["10.0.0.1", "127.0.0.1", "169.254.169.254", "localhost", "::1", "2130706433"])
def test_an_address_inside_our_network_is_refused_before_anything_is_opened(server: StampliServer, host: str) -> None:
    client = connect(at(server.sftp.port, host=host), {"host_keys": server.address()["host_keys"]}, "127.0.0.1:1")
    for act in (client.list_files, client.host_key):
        with pytest.raises(Denied) as caught:
            act()
        assert caught.value.code == "address.refused"
    assert server.world.connections == 0


def test_a_port_that_nobody_listens_at_is_unavailable() -> None:
    port = free_port()
    with pytest.raises(Unavailable) as caught:
        connect(at(port), {}, f"127.0.0.1:{port}").host_key()
    assert caught.value.code == "network.connect"


def at(port: int, host: str = "127.0.0.1") -> Credentials:
    return Credentials(host=host, port=port, username="u", password="p", company_id="C", outbound_folder="/outbound")


# --- us


def test_a_wrong_password_is_denied_once_and_named(server: StampliServer, using: Using) -> None:
    with pytest.raises(Denied) as caught:
        using.client({"password": "wrong-word-1"}).list_files()
    assert caught.value.code == "credentials.wrong"
    assert "wrong-word-1" not in said(caught.value)
    assert [one["well"] for one in server.world.tries] == [False]


def test_a_user_signs_in_with_a_key_and_its_passphrase(server: StampliServer, using: Using, tmp_path: Path) -> None:
    path = tmp_path / "locked"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "open", "-C", "", "-f", path], check=True)
    public = path.with_suffix(".pub").read_text().split()[1]
    server.world.users["keyed"] = User("keyed", keys=(public,))
    given = {"username": "keyed", "password": "", "private_key": path.read_text(), "passphrase": "open"}
    assert using.client(given).list_files().files == ()
    with pytest.raises(Denied) as caught:
        using.client({**given, "passphrase": "shut"}).list_files()
    assert caught.value.code == "key.passphrase_wrong"
    assert [one["by"] for one in server.world.tries] == ["publickey"]


@pytest.mark.parametrize("kind", [("-t", "rsa", "-b", "2048", "-m", "PEM"), ("-t", "ecdsa"), ("-t", "ed25519")])
def test_keys_of_each_type_are_taken(
    server: StampliServer, using: Using, tmp_path: Path, kind: tuple[str, ...]
) -> None:
    text, public = new_key(tmp_path, *kind)
    server.world.users["keyed"] = User("keyed", keys=(public,))
    given = {"username": "keyed", "password": "", "private_key": text}
    assert using.client(given).list_files().files == ()


def test_where_the_server_wants_key_and_password_both_are_given(
    server: StampliServer, using: Using, tmp_path: Path
) -> None:
    text, public = new_key(tmp_path)
    given = {"username": "both", "password": "word", "private_key": text}
    for asks in (False, True):
        server.world.tries.clear()
        server.world.users["both"] = User("both", "word", (public,), two_steps=True, asks=asks)
        assert using.client(given).list_files().files == ()
        well = [one["by"] for one in server.world.tries if one["well"]]
        assert well == ["publickey", "keyboard-interactive" if asks else "password"]


def test_a_step_that_nothing_was_entered_for_is_named(server: StampliServer, using: Using, tmp_path: Path) -> None:
    text, public = new_key(tmp_path)
    server.world.users["both"] = User("both", "word", (public,), two_steps=True)
    for given, wanted in (
        ({"username": "both", "password": "", "private_key": text}, "password"),
        ({"username": "both", "password": "word"}, "publickey"),
    ):
        with pytest.raises(Denied) as caught:
            using.client(given).list_files()
        assert caught.value.code == "credentials.method"
        assert wanted in caught.value.said


def test_a_server_that_asks_for_the_password_in_a_dialogue_is_answered(server: StampliServer, using: Using) -> None:
    server.world.users["asked"] = User("asked", "word", asks=True)
    assert using.client({"username": "asked", "password": "word"}).list_files().files == ()
    with pytest.raises(Denied) as caught:
        using.client({"username": "asked", "password": "other"}).list_files()
    assert caught.value.code == "credentials.wrong"


def test_a_server_that_hangs_up_at_the_sign_in_has_not_said_that_the_password_is_wrong(
    server: StampliServer, using: Using
) -> None:
    server.world.faults.add("cut", "sign-in")
    with pytest.raises(Unavailable) as caught:
        using.client().list_files()
    assert caught.value.code == "network.broken"


def test_no_agent_and_no_key_of_this_machines_user_is_ever_offered(
    server: StampliServer, using: Using, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, public = new_key(tmp_path)
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "id_ed25519").write_text(text)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
    server.world.users["northwind"] = User("northwind", "other", (public,))
    with pytest.raises(Denied):
        using.client().list_files()
    assert [one["by"] for one in server.world.tries] == ["password"]


def test_the_account_is_host_user_and_company_whatever_the_port(using: Using) -> None:
    account = using.client().account()
    assert account.id == "127.0.0.1|northwind|NW-4711"
    assert account.mode == "test"
    assert (
        using.client({"port": 2022, "host": "SFTP.Example.com."}).account().id == "sftp.example.com|northwind|NW-4711"
    )
    other = connect(using.credentials(host="sftp.example.com"), {}, "127.0.0.1:1").account()
    assert other.mode == "live"
