"""The ping of Stampli: each thing that can be wrong is named as such, and nothing else is blamed."""

from typing import Any

import pytest

from connectors.base import Check
from standins.stampli import StampliServer
from standins.stampli.awkward import crowd, hostile
from tests.stampli.servers import free_port
from tests.stampli.using import Using


def ping(using: Using, changes: dict[str, Any] | None = None, **settings: Any) -> dict[str, Check]:
    checks = list(using.client(changes, **settings).examine())
    by_key = {check.key: check for check in checks}
    assert len(by_key) == len(checks)
    return by_key


def outcomes(checks: dict[str, Check], *kinds: str) -> set[str]:
    return {key for key, check in checks.items() if check.outcome in (kinds or ("failed", "warning"))}


def test_with_everything_right_it_passes_from_the_outer_layer_inwards(server: StampliServer, using: Using) -> None:
    server.world.outbox.drop("a.csv", "x")
    checks = ping(using, probe_by_writing=True)
    assert outcomes(checks) == set()
    layers = [check.layer for check in checks.values()]
    assert layers[:4] == ["reach", "reach", "reach", "sign-in"]
    assert list(checks)[:6] == ["reach", "host_key", "strength", "sign-in", "list", "read"]
    assert server.sftp.keys[0].fingerprint.rstrip("=") in checks["host_key"].said
    assert server.world.outbox.names("archive") == []


def test_without_a_confirmed_host_key_it_shows_the_fingerprint_and_signs_nobody_in(
    server: StampliServer, using: Using
) -> None:
    checks = ping(using, host_keys=[])
    assert outcomes(checks) == {"host_key"}
    assert list(checks)[-1] == "host_key"
    assert server.sftp.keys[0].fingerprint.rstrip("=") in checks["host_key"].said
    assert "Confirm the fingerprint" in checks["host_key"].cure
    assert checks["host_key"].confirm == f"ssh-ed25519 {server.sftp.keys[0].fingerprint}".rstrip("=")
    assert checks["host_key"].settles == {"host_keys": using.pins()}
    assert server.world.tries == []


def test_another_host_key_is_named_with_both_fingerprints_and_signs_nobody_in(
    server: StampliServer, using: Using
) -> None:
    before = using.pins()
    shown = server.sftp.keys[0].fingerprint.rstrip("=")
    server.sftp.renew_host_key()
    checks = ping(using, host_keys=before)
    assert outcomes(checks) == {"host_key"}
    assert list(checks)[-1] == "host_key"
    assert shown in checks["host_key"].said
    assert server.sftp.keys[0].fingerprint.rstrip("=") in checks["host_key"].said
    assert checks["host_key"].confirm == f"ssh-ed25519 {server.sftp.keys[0].fingerprint}".rstrip("=")
    assert checks["host_key"].settles == {"host_keys": using.pins()}
    assert server.world.tries == []


def test_a_wrong_password_is_the_sign_in_and_not_the_network(using: Using) -> None:
    checks = ping(using, {"password": "wrong"})
    assert outcomes(checks) == {"credentials.wrong"}
    assert checks["credentials.wrong"].layer == "sign-in"
    assert checks["reach"].outcome == checks["host_key"].outcome == "ok"


def test_a_port_where_nobody_is_is_the_network(using: Using) -> None:
    pins, port = using.pins(), free_port()
    for given in (pins, []):
        checks = ping(using, {"port": port}, host_keys=given)
        assert (list(checks), outcomes(checks)) == (["reach"], {"reach"})


def test_a_weak_server_is_named(server: StampliServer, using: Using) -> None:
    server.world.knobs.turn({"ciphers": ["aes128-cbc"]})
    checks = ping(using)
    assert outcomes(checks) == {"sftp.too_old"}
    assert "No weaker method" in checks["sftp.too_old"].cure


def test_a_missing_outbound_folder_fails_and_a_missing_archive_warns(server: StampliServer, using: Using) -> None:
    checks = ping(using, {"outbound_folder": "/nowhere"})
    assert outcomes(checks) == {"list"}
    assert list(checks)[-1] == "list"
    server.world.outbox.lose_folder("archive")
    checks = ping(using, probe_by_writing=True)
    assert outcomes(checks) == {"/outbound/archive"}
    assert checks["/outbound/archive"].layer == "settings"
    assert checks["move"].outcome == "not_checkable"
    assert ping(using, create_folders=True)["/outbound/archive"].outcome == "not_checkable"


def test_a_file_that_may_not_be_read_fails(server: StampliServer, using: Using) -> None:
    server.world.outbox.drop("a.csv", "x")
    server.world.faults.add("refuse", "open", code=3)
    checks = ping(using)
    assert outcomes(checks, "failed") == {"read"}
    assert checks["read"].layer == "rights"


def test_what_only_a_write_could_show_is_said_to_be_so(server: StampliServer, using: Using) -> None:
    checks = ping(using)
    assert outcomes(checks, "not_checkable") == {"read", "move", "clock"}
    assert not {one["op"] for one in server.world.asked} & {"write", "rename", "remove", "mkdir"}


@pytest.mark.parametrize(
    ("knobs", "wrong"),
    [
        ({"read_only": True}, {"create"}),
        ({"rename": "unsupported"}, {"move"}),
    ],
)
def test_each_right_to_put_away_is_tried_by_name(
    server: StampliServer, using: Using, knobs: dict[str, Any], wrong: set[str]
) -> None:
    server.world.knobs.turn(knobs)
    checks = ping(using, probe_by_writing=True)
    assert outcomes(checks) == wrong
    assert server.world.outbox.names("archive") == []


def test_a_probe_that_cannot_be_removed_is_named(server: StampliServer, using: Using) -> None:
    server.world.faults.add("refuse", "remove", code=3)
    checks = ping(using, probe_by_writing=True)
    assert outcomes(checks) == {"remove"}
    (left,) = server.world.outbox.names("archive")
    assert left in checks["remove"].said


def test_what_waits_too_long_what_is_never_read_and_a_folder_too_full_are_warnings(
    server: StampliServer, using: Using
) -> None:
    server.world.outbox.drop("old.csv", "x", 1_700_000_000)
    hostile(server.world.outbox)
    crowd(server.world.outbox, 30)
    checks = ping(using, max_entries=10)
    assert outcomes(checks, "failed") == set()
    assert "many" in outcomes(checks)
    checks = ping(using)
    assert outcomes(checks) == {"waiting", "refused"}
    assert "2023-11-14" in checks["waiting"].said
    assert "and 4 more" in checks["refused"].said
    assert ping(using, archive_mode="leave")["waiting"].outcome == "ok"


def test_a_clock_that_is_far_ahead_is_seen(server: StampliServer, using: Using) -> None:
    server.world.outbox.drop("a.csv", "x", 4_000_000_000)
    assert ping(using)["clock"].outcome == "warning"
    assert ping(using, probe_by_writing=True)["clock"].outcome == "ok"


def test_a_server_that_dies_in_the_middle_of_it_is_named(server: StampliServer, using: Using) -> None:
    server.world.faults.add("cut", "list")
    checks = ping(using)
    assert outcomes(checks) == {"broken"}
    assert list(checks)[-1] == "broken"
