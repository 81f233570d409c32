"""Keys: how a server is known, and how we prove who we are. Pure: no network, no files, no agent."""

import base64
import binascii
import hashlib
import hmac
import io
import re
import struct
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import paramiko
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_ssh_private_key,
)

from connectors.errors import Denied, Malformed

LEAST_RSA: Final = 2048
"""Bits. A shorter key can be computed from its public half."""

_CURVES: Final = ("secp256r1", "secp384r1", "secp521r1")

# A field of one line takes the line breaks away: they are put back. The headers are those of encrypted keys of old.
_ARMOUR: Final = re.compile(r"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----(.*?)-----END \1-----", re.DOTALL)
_HEADERS: Final = re.compile(r"\s*Proc-Type: *4,ENCRYPTED\s*DEK-Info: *([A-Z0-9-]+),(.*)", re.DOTALL)
_SALT: Final[Mapping[str, int]] = {"AES": 32, "DES": 16}


# --- the server's -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class HostKey:
    """The public key by which a server is known: its type as in known_hosts, and its bytes in base64."""

    type: str
    key: str

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -lf` shows it."""
        digest = hashlib.sha256(_decoded(self.key)).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")

    @property
    def bits(self) -> int | None:
        """The length of an RSA modulus; None for other types, whose strength is in their name."""
        if self.type != "ssh-rsa":
            return None
        parts = list(_strings(_decoded(self.key)))
        return int.from_bytes(parts[2]).bit_length() if len(parts) == 3 else 0

    def same(self, other: "HostKey") -> bool:
        return self.type == other.type and hmac.compare_digest(_decoded(self.key), _decoded(other.key))

    def matches(self, fingerprint: str) -> bool:
        """Whether a person means this key: with or without the prefix and the padding. Raises Malformed for what is no
        SHA-256 fingerprint, so that nobody confirms by the shorter ones of old."""
        text = fingerprint.strip()
        if re.fullmatch(r"(MD5:)?([0-9a-fA-F]{2}:){15}[0-9a-fA-F]{2}", text):
            raise Malformed("fingerprint", "is of the kind MD5, which can be forged; enter the one that begins SHA256:")
        text = text.removeprefix("SHA256:").rstrip("=")
        if not re.fullmatch(r"[A-Za-z0-9+/]{43}", text):
            raise Malformed("fingerprint", "is no SHA256 fingerprint: it has 43 letters, digits, + and /")
        return hmac.compare_digest(text, self.fingerprint.removeprefix("SHA256:"))

    def as_json(self) -> dict[str, str]:
        return {"type": self.type, "key": self.key}


def host_keys(rows: Iterable[Mapping[str, Any]]) -> tuple[HostKey, ...]:
    """Pins as they are kept. Raises Malformed for one that is no key."""
    keys = tuple(HostKey(str(row.get("type", "")), str(row.get("key", ""))) for row in rows)
    for key in keys:
        named = next(_strings(_decoded(key.key)), b"")
        if not key.type or named != key.type.encode():
            raise Malformed("host_keys", "one of them is not the public key of a server")
    return keys


def _decoded(key: str) -> bytes:
    try:
        return base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("host_keys", "one of them is not base64") from None


def _strings(blob: bytes) -> Iterator[bytes]:
    """The parts of a public key (RFC 4253, 6.6); those that are there."""
    at = 0
    while at + 4 <= len(blob):
        (size,) = struct.unpack_from(">I", blob, at)
        if at + 4 + size > len(blob):
            return
        yield blob[at + 4 : at + 4 + size]
        at += 4 + size


# --- ours -------------------------------------------------------------------------------------------------------------


def looks_wrong(text: str) -> str:
    """What can be said of a pasted key without opening it; empty: nothing."""
    if "PuTTY-User-Key-File" in text:
        return "is a PuTTY key (.ppk); in PuTTYgen choose Conversions, Export OpenSSH key, and paste that"
    if re.match(r"\s*(ssh-|ecdsa-)\S+ AAAA", text) or "BEGIN SSH2 PUBLIC KEY" in text or "BEGIN PUBLIC KEY" in text:
        return "is the public half; paste the private key, which begins -----BEGIN … PRIVATE KEY-----"
    if not _ARMOUR.search(text):
        return "is no private key: it begins -----BEGIN … PRIVATE KEY----- and ends with the same words after END"
    return ""


def private_key(text: str, passphrase: str) -> paramiko.PKey:
    """Opens a key, as OpenSSH or PEM text. Raises Denied, never with any part of the key."""
    if wrong := looks_wrong(text):
        raise _denied("key.unreadable", f"The private key {wrong}.", "Paste the right key.")
    try:
        key = _opened(_armoured(text), passphrase)
    except (ValueError, UnsupportedAlgorithm):
        if passphrase:
            said, cure = "The private key does not open with this passphrase.", "Correct the passphrase or the key."
            raise _denied("key.passphrase_wrong", said, cure) from None
        raise _unreadable() from None
    except TypeError:
        said = "The private key is locked by a passphrase."
        raise _denied("key.passphrase_missing", said, "Enter the passphrase.") from None
    return _for_ssh(key)


def _opened(armoured: str, passphrase: str) -> Any:
    """By the library of cryptography: the one of SSH does not read all sound keys. A needless passphrase is no fault.
    Raises TypeError where one is missing, ValueError for anything else."""
    load = load_ssh_private_key if "OPENSSH" in armoured.partition("\n")[0] else load_pem_private_key
    data = armoured.encode()
    if not passphrase:
        return load(data, None)
    try:
        return load(data, passphrase.encode())
    except TypeError:
        return load(data, None)


def _for_ssh(key: Any) -> paramiko.PKey:
    if isinstance(key, rsa.RSAPrivateKey):
        if key.key_size < LEAST_RSA:
            said = f"The private key has {key.key_size} bits; RSA needs {LEAST_RSA} at least."
            raise _denied("key.weak", said, "Make a new key, best of type ED25519, and have its public half installed.")
        return paramiko.RSAKey(key=key)
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES:
        return paramiko.ECDSAKey(vals=(key, key.public_key()))
    if isinstance(key, ed25519.Ed25519PrivateKey):
        text = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
        return paramiko.Ed25519Key.from_private_key(io.StringIO(text))
    raise _unreadable()


def _unreadable() -> Denied:
    cure = "Paste an OpenSSH or PEM key of type ED25519, ECDSA or RSA, whole."
    return _denied("key.unreadable", "The private key cannot be read.", cure)


def _armoured(text: str) -> str:
    found = _ARMOUR.search(text)
    assert found  # looks_wrong
    label, inside = found.groups()
    head = ""
    if locked := _HEADERS.match(inside):
        cipher, rest = locked.groups()
        size = _SALT.get(cipher[:3], 0)
        head, inside = f"Proc-Type: 4,ENCRYPTED\nDEK-Info: {cipher},{rest[:size]}\n\n", rest[size:]
    body = "\n".join(textwrap.wrap("".join(inside.split()), 64))
    return f"-----BEGIN {label}-----\n{head}{body}\n-----END {label}-----\n"


def _denied(code: str, said: str, cure: str) -> Denied:
    error = Denied(said, code=code, cure=cure)
    error.field = "private_key"
    return error
