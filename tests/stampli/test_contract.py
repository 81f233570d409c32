"""What every system owes its host: what it asks for is declared, and no secret gets out by any way."""

import subprocess
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from connectors import stampli
from connectors.base import Check
from connectors.errors import ConnectorError
from connectors.files import FEED
from connectors.stampli import SYSTEM, Credentials, Settings
from portal.admin.declared import form_for, merged, missing, shown
from standins.stampli import StampliServer
from tests.stampli.using import AT, Using, said

GIVEN: dict[str, Any] = {
    "host": "sftp.example.com",
    "username": "u",
    "company_id": "C",
    "outbound_folder": "/out",
    "password": "canary-password",
    "passphrase": "canary-phrase",
}


def test_the_system_says_what_it_is() -> None:
    assert (SYSTEM.key, SYSTEM.label, SYSTEM.feeds) == ("stampli", "Stampli", {FEED: 900.0})
    assert SYSTEM.limits.in_flight == 2
    assert set(stampli.__all__) <= set(dir(stampli))


@pytest.mark.parametrize("of", [Credentials, Settings])
def test_every_field_is_declared_with_words_for_the_person(of: type) -> None:
    assert all(one.metadata.get("label") for one in fields(of))
    assert {one.name for one in fields(of) if one.metadata["secret"]} == (
        {"password", "private_key", "passphrase"} if of is Credentials else set()
    )


def test_a_form_is_made_of_the_credentials_and_a_key_keeps_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path], check=True)
    form = form_for(Credentials, {})({**GIVEN, "port": "2222", "private_key": path.read_text(),
                                      "archive_folder": "done", "error_folder": "bad"})  # fmt: skip
    assert form.is_valid(), form.errors
    assert '<textarea name="private_key"' in str(form)
    made = Credentials(**merged(Credentials, {}, form.cleaned_data))
    assert made.private_key.splitlines() == path.read_text().splitlines()
    assert (made.port, made.archive_folder) == (2222, "done")
    assert missing(Credentials, {}) == ["Host", "User name", "Company ID", "Outbound folder"]
    assert "canary" not in str(shown(Credentials, GIVEN))


def test_a_form_is_made_of_the_settings() -> None:
    defaults = {one.name: one.default for one in fields(Settings)}
    form = form_for(Settings, {})(defaults)
    assert form.is_valid(), form.errors
    assert Settings(**form.cleaned_data) == Settings()
    assert set(get_type_hints(Settings).values()) == {str, int, bool}


def test_no_secret_is_in_what_stands_for_the_credentials() -> None:
    assert "canary" not in repr(Credentials(**GIVEN))


def test_no_secret_is_in_any_error_or_check(server: StampliServer, using: Using, tmp_path: Path) -> None:
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "other", "-C", "", "-f", path], check=True)
    key = path.read_text()
    secrets = ["canary-password", "canary-phrase", *key.splitlines()[1:-1]]
    heard: list[str] = []
    ways: list[dict[str, Any]] = [
        {"password": "canary-password"},
        {"password": "canary-password", "private_key": key},
        {"password": "canary-password", "private_key": key, "passphrase": "canary-phrase"},
        {"password": "canary-password", "private_key": "\n".join([*key.splitlines()[:3], key.splitlines()[-1]])},
        {"password": "canary-password", "outbound_folder": "/nowhere"},
    ]
    for changes in ways:
        for settings in ({}, {"host_keys": []}):
            it = using.client(changes, **settings)
            heard += [said_by(check) for check in it.examine()]
            for act in (it.list_files, it.host_key):
                try:
                    act()
                except ConnectorError as error:
                    heard += [said(error), repr(error), repr(error.__cause__), repr(error.__context__)]
    assert len(heard) > 40
    assert [secret for secret in secrets for words in heard if secret in words] == []


def said_by(check: Check) -> str:
    return f"{check.label} {check.said} {check.cure}"


def test_every_error_that_a_person_sees_has_a_code_and_a_cure(server: StampliServer, using: Using) -> None:
    server.world.outbox.drop("a.csv", "x")
    file = using.file("a.csv")
    errors: list[ConnectorError] = []
    it = using.client()
    acts: dict[str, Callable[[], object]] = {
        "rename": lambda: it.put_away(file, "ab" * 32, "archive", AT),
        "open": lambda: it.fetch(file, lambda part: None),
        "list": it.list_files,
    }
    for op, code in (("rename", 3), ("rename", 4), ("rename", 8), ("open", 3), ("list", 3)):
        server.world.faults.add("refuse", op, code=code)
        with pytest.raises(ConnectorError) as caught:
            acts[op]()
        errors.append(caught.value)
    assert all("." in error.code and error.cure and error.said for error in errors)
    assert len({error.code for error in errors}) == len(errors)
