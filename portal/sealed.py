"""Secrets at rest: the cipher of django-cryptography under keys of our own, bound to the workspace and the field.

`CREDENTIAL_KEYS` is a list, newest first: the first seals, any opens. A sealed value that was copied into another
workspace's row, or into another field, does not open there. Nothing is pickled; what is sealed is JSON.
"""

import json
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.signing import BadSignature
from django_cryptography.core.signing import FernetSigner
from django_cryptography.utils.crypto import FernetBytes, InvalidToken


class Unreadable(Exception):
    """No key of CREDENTIAL_KEYS opens this value, here."""


class NoKey(Exception):
    """CREDENTIAL_KEYS is empty: nothing can be sealed. `python -c "import secrets; print(secrets.token_urlsafe(50))"`
    makes one."""


def seal(value: Any, *, workspace_id: int, field: str) -> bytes:
    keys = [key for key in settings.CREDENTIAL_KEYS if key]
    if not keys:
        raise NoKey("CREDENTIAL_KEYS is empty; set it before entering credentials.")
    return bytes(_box(keys[0], workspace_id, field).encrypt(json.dumps(value).encode()))


def unseal(sealed: bytes, *, workspace_id: int, field: str) -> Any:
    for key in settings.CREDENTIAL_KEYS:
        try:
            return json.loads(_box(key, workspace_id, field).decrypt(bytes(sealed)))
        except (BadSignature, InvalidToken):
            continue
    raise Unreadable(
        f"No key of CREDENTIAL_KEYS opens {field} of workspace {workspace_id}: add the key that sealed it."
    )


def _box(key: str, workspace_id: int, field: str) -> FernetBytes:
    info = f"ml-connector|{workspace_id}|{field}"
    return FernetBytes(_derive(key, info + "|encrypt"), FernetSigner(_derive(key, info + "|sign")))


def _derive(key: str, info: str) -> bytes:
    return HKDF(hashes.SHA256(), 32, b"ml-connector", info.encode()).derive(key.encode())
