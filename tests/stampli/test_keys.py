"""Keys: fingerprints as others show them, and private keys as people paste them."""

import subprocess
from pathlib import Path

import pytest

from connectors.errors import Denied, Malformed
from connectors.sftp import HostKey, host_keys, private_key


def generated(folder: Path, *kind: str, passphrase: str = "") -> tuple[str, str]:
    """Made by OpenSSH itself; private and public text."""
    path = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-N", passphrase, "-C", "", "-f", path, *kind], check=True, timeout=60)
    return path.read_text(), path.with_suffix(".pub").read_text()


KINDS = {
    "ed25519": ("-t", "ed25519"),
    "ecdsa": ("-t", "ecdsa", "-b", "384"),
    "rsa": ("-t", "rsa", "-b", "2048"),
    "rsa in PEM": ("-t", "rsa", "-b", "2048", "-m", "PEM"),
    "ecdsa in PEM": ("-t", "ecdsa", "-m", "PEM"),
    "rsa in PKCS8": ("-t", "rsa", "-b", "2048", "-m", "PKCS8"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("passphrase", ["", "open sesame"])
def test_a_key_opens_however_it_was_pasted(tmp_path: Path, kind: str, passphrase: str) -> None:
    text, public = generated(tmp_path, *KINDS[kind], passphrase=passphrase)
    one_line = "".join(text.splitlines())
    for pasted in (text, text.replace("\n", "\r\n"), f"\n  {text}\n\n", one_line):
        assert private_key(pasted, passphrase).get_base64() == public.split()[1]


def test_a_locked_key_wants_its_passphrase_and_the_right_one(tmp_path: Path) -> None:
    for kind in (KINDS["ed25519"], KINDS["rsa in PEM"]):
        place = tmp_path / kind[-1]
        place.mkdir()
        text, _ = generated(place, *kind, passphrase="open sesame")
        for given, code in (("", "key.passphrase_missing"), ("wrong", "key.passphrase_wrong")):
            with pytest.raises(Denied) as caught:
                private_key(text, given)
            assert (caught.value.code, caught.value.field) == (code, "private_key")


def test_a_short_rsa_key_is_refused(tmp_path: Path) -> None:
    text, _ = generated(tmp_path, "-t", "rsa", "-b", "1024", "-m", "PEM")
    with pytest.raises(Denied) as caught:
        private_key(text, "")
    assert caught.value.code == "key.weak"
    assert "1024" in caught.value.said


def test_a_putty_key_and_a_public_key_are_named_for_what_they_are(tmp_path: Path) -> None:
    _, public = generated(tmp_path, "-t", "ed25519")
    for text, word in (("PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\n", "PuTTYgen"), (public, "public half")):
        with pytest.raises(Denied) as caught:
            private_key(text, "")
        assert word in caught.value.said


def test_a_torn_key_is_unreadable_and_is_not_repeated(tmp_path: Path) -> None:
    lines = generated(tmp_path, "-t", "ed25519")[0].splitlines()
    with pytest.raises(Denied) as caught:
        private_key("\n".join([*lines[:2], lines[-1]]), "")
    assert caught.value.code == "key.unreadable"
    assert lines[1] not in caught.value.said


def test_a_fingerprint_is_the_one_that_openssh_shows(tmp_path: Path) -> None:
    for kind in ("ed25519", "ecdsa", "rsa"):
        place = tmp_path / kind
        place.mkdir()
        _, public = generated(place, *KINDS[kind])
        shown = subprocess.run(["ssh-keygen", "-lf", place / "key.pub"], capture_output=True, text=True, check=True)
        bits, fingerprint = shown.stdout.split()[:2]
        key = HostKey(*public.split()[:2])
        assert key.fingerprint == fingerprint
        assert key.bits == (int(bits) if kind == "rsa" else None)
        for typed in (fingerprint, fingerprint.removeprefix("SHA256:"), f" {fingerprint}= "):
            assert key.matches(typed)


def test_a_fingerprint_of_old_confirms_nothing(tmp_path: Path) -> None:
    _, public = generated(tmp_path, "-t", "ed25519")
    key = HostKey(*public.split()[:2])
    assert not key.matches("SHA256:" + "A" * 43)
    for typed in ("MD5:" + ":".join(["ab"] * 16), ":".join(["0f"] * 16), "SHA256:short", ""):
        with pytest.raises(Malformed):
            key.matches(typed)


def test_kept_host_keys_that_are_none_are_refused(tmp_path: Path) -> None:
    _, public = generated(tmp_path, "-t", "ed25519")
    kind, blob = public.split()[:2]
    assert host_keys([{"type": kind, "key": blob}])[0].same(HostKey(kind, blob))
    for row in ({"type": "ssh-rsa", "key": blob}, {"type": kind, "key": "!"}, {"type": kind, "key": "AAAA"}, {}):
        with pytest.raises(Malformed):
            host_keys([row])
