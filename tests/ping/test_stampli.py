"""The ping of Stampli in the portal: a server is confirmed by a person, and again when its key has changed."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test.utils import override_settings

from connectors.base import Check
from portal.engine.decide import NotNow
from portal.engine.examine import confirm, examine
from portal.models import Connection, Workspace
from standins.stampli import StampliServer, serve


@pytest.fixture
def server(transactional_db: None) -> Iterator[StampliServer]:
    it = serve()
    with override_settings(REACHABLE=frozenset({it.sftp.at})):
        yield it
    it.stop()


@pytest.fixture
def connection(server: StampliServer) -> Connection:
    row = Connection(workspace=Workspace.objects.create(name="Northwind"), system="stampli", name="Stampli")
    row.set_credentials({name: value for name, value in server.address().items() if name != "host_keys"})
    row.save()
    return row


def ping(connection: Connection, **changes: Any) -> list[Check]:
    """What failed."""
    connection.refresh_from_db()
    if changes:
        connection.set_credentials(connection.credentials() | changes)
        connection.save()
    return [check for check in examine(connection, "ann") if check.outcome == "failed"]


def test_a_server_is_confirmed_by_a_person_before_anybody_signs_in(
    server: StampliServer, connection: Connection
) -> None:
    (asked,) = ping(connection)
    assert (asked.layer, asked.key) == ("reach", "host_key")
    assert server.world.tries == []
    assert connection.health == Connection.Health.DENIED
    with pytest.raises(NotNow):
        confirm(connection, "host_key", "ssh-ed25519 SHA256:" + "A" * 43)
    confirm(connection, "host_key", asked.confirm)
    assert ping(connection) == []
    assert connection.settings["host_keys"] == server.address()["host_keys"]
    assert (connection.health, connection.mode) == (Connection.Health.OK, "test")
    assert connection.account == "127.0.0.1|northwind|NW-4711"


def test_a_changed_host_key_stops_the_connection_until_it_is_confirmed_anew(
    server: StampliServer, connection: Connection
) -> None:
    confirm(connection, "host_key", ping(connection)[0].confirm)
    assert ping(connection) == []
    tries = len(server.world.tries)
    server.sftp.renew_host_key()
    (asked,) = ping(connection)
    assert asked.key == "host_key"
    assert len(server.world.tries) == tries
    assert connection.health == Connection.Health.DENIED
    confirm(connection, "host_key", asked.confirm)
    assert ping(connection) == []
    assert connection.settings["host_keys"] == server.address()["host_keys"]


def test_a_wrong_password_and_a_wrong_folder_are_told_apart(server: StampliServer, connection: Connection) -> None:
    confirm(connection, "host_key", ping(connection)[0].confirm)
    assert [check.key for check in ping(connection, password="wrong")] == ["credentials.wrong"]
    right = server.address()["password"]
    assert [check.key for check in ping(connection, password=right, outbound_folder="/nowhere")] == ["list"]
    assert ping(connection, outbound_folder="/outbound") == []


def test_an_address_that_is_not_a_stand_ins_is_refused(server: StampliServer, connection: Connection) -> None:
    (failed,) = ping(connection, host="127.0.0.2")
    assert "inside a private" in failed.said
    assert server.world.connections == 0
