"""Secrets at rest."""

from typing import Any

import pytest

from portal import sealed
from portal.models import Connection, Workspace

SECRET = {"user_password": "canary-5f0d", "port": 22, "on": True, "none": None}


def test_a_sealed_value_opens_with_its_types_and_shows_nothing() -> None:
    box = sealed.seal(SECRET, workspace_id=1, field="a")
    assert b"canary" not in box
    assert sealed.unseal(box, workspace_id=1, field="a") == SECRET


@pytest.mark.parametrize(("workspace", "field"), [(2, "a"), (1, "b")])
def test_a_sealed_value_does_not_open_in_another_workspace_or_field(workspace: int, field: str) -> None:
    box = sealed.seal(SECRET, workspace_id=1, field="a")
    with pytest.raises(sealed.Unreadable):
        sealed.unseal(box, workspace_id=workspace, field=field)


def test_a_changed_byte_is_noticed() -> None:
    box = bytearray(sealed.seal(SECRET, workspace_id=1, field="a"))
    box[len(box) // 2] ^= 1
    with pytest.raises(sealed.Unreadable):
        sealed.unseal(bytes(box), workspace_id=1, field="a")


def test_the_secret_key_of_django_plays_no_part(settings: Any) -> None:
    box = sealed.seal(SECRET, workspace_id=1, field="a")
    settings.SECRET_KEY = "another one entirely"
    assert sealed.unseal(box, workspace_id=1, field="a") == SECRET


@pytest.mark.django_db
def test_keys_rotate_from_old_over_both_to_new(settings: Any) -> None:
    from django.core.management import call_command

    settings.CREDENTIAL_KEYS = ["old"]
    connection = Connection(workspace=Workspace.objects.create(name="W"), system="stripe", name="S")
    connection.set_credentials(SECRET)
    connection.set_hook_secrets(["whsec_1", "whsec_2"])
    connection.save()
    settings.CREDENTIAL_KEYS = ["new", "old"]
    call_command("rotate_keys")
    settings.CREDENTIAL_KEYS = ["new"]
    again = Connection.objects.get(pk=connection.pk)
    assert again.credentials() == SECRET
    assert again.hook_secrets() == ["whsec_1", "whsec_2"]
    settings.CREDENTIAL_KEYS = ["other"]
    with pytest.raises(sealed.Unreadable, match="CREDENTIAL_KEYS"):
        again.credentials()
