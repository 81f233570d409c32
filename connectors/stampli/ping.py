"""The examination: from the network inwards to the oldest file that waits. Without a confirmed host key it ends before
anybody signs in."""

import posixpath
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from connectors.base import Check, Layer
from connectors.errors import ConnectorError, Denied
from connectors.files import Where
from connectors.sftp import (
    About,
    HostKey,
    HostKeyChanged,
    NotAFileError,
    Session,
    SftpWire,
    StatusError,
    is_folder,
    shown,
)
from connectors.stampli import said
from connectors.stampli.listing import Look, path_of
from connectors.stampli.settings import Settings

AGAIN: Final = "Try again later; if it stays, check host, port and the network."
MOST_DRIFT: Final = 120.0
"""Seconds between their clock and ours that harm nothing."""
LONG: Final = timedelta(days=1)
"""A file that waits longer is worth a word."""


class Client(Protocol):
    credentials: Any
    settings: Settings
    pins: tuple[HostKey, ...]
    wire: SftpWire

    def session(self, seconds: float) -> AbstractContextManager[Session]: ...
    def folder(self, where: Where) -> str: ...
    def list_files(self) -> Look: ...
    def visit(self, seconds: float = ...) -> AbstractContextManager[None]: ...


def examine(client: Client) -> Iterator[Check]:
    """Each check as it is done; stops where the next would be pointless."""
    if not client.pins:
        yield from _unknown_server(client)
        return
    began = time.monotonic()
    with client.visit(client.settings.waits.operation * 4), client.session(0) as session:
        try:
            about = session.about()
        except ConnectorError as error:
            yield from _no_entry(error)
            return
        yield _ok("reach", "reach", "The SFTP server answers", f"after {time.monotonic() - began:.2f} s")
        yield _ok("reach", "host_key", "The server is the confirmed one", f"{about.key.type} {about.key.fingerprint}")
        yield _strength(about)
        yield _ok("sign-in", "sign-in", "The credentials are accepted", f"user {client.credentials.username}")
        try:
            yield from _inside(client, session)
        except ConnectorError as error:
            yield _failed("reach", "broken", "The server goes on answering", error)


# --- who is there -----------------------------------------------------------------------------------------------------


def _unknown_server(client: Client) -> Iterator[Check]:
    try:
        key, about = client.wire.host_key(client.credentials.host, client.credentials.port)
    except ConnectorError as error:
        yield from _no_entry(error)
        return
    yield _ok("reach", "reach", "The SFTP server answers", about.software)
    yield _strength(about)
    yield _unconfirmed(
        key,
        f"Nobody has confirmed it yet. It shows {key.type} {key.fingerprint}",
        "Confirm the fingerprint after comparing it with what the other side publishes. No credentials were sent.",
    )


def _unconfirmed(key: HostKey, said: str, cure: str) -> Check:
    return Check(
        "reach",
        "host_key",
        "The server is the confirmed one",
        "failed",
        said,
        cure,
        confirm=f"{key.type} {key.fingerprint}",
        settles={"host_keys": [key.as_json()]},
    )


def _no_entry(error: ConnectorError) -> Iterator[Check]:
    """Not signed in: whether nobody answered, another did, or somebody said no."""
    label, layer, key = "The credentials are accepted", "sign-in", error.code
    if not isinstance(error, Denied) or error.code.startswith("address."):
        yield _failed("reach", "reach", "The SFTP server answers", error)
        return
    yield _ok("reach", "reach", "The SFTP server answers")
    if isinstance(error, HostKeyChanged):
        yield _unconfirmed(error.seen, error.said, error.cure)
        return
    if error.code.startswith("sftp."):
        label, layer = "The server offers SFTP as it is used today", "reach"
    else:  # before the sign-in comes the key
        yield _ok("reach", "host_key", "The server is the confirmed one")
    yield _failed(layer, key, label, error)  # type: ignore[arg-type]


def _strength(about: About) -> Check:
    label, told = "Its methods are strong", f"{about.software}, {about.cipher}"
    if about.weakness:
        cure = f"{said.ASK} to renew it: RSA of 3072 bits, or ED25519."
        return Check("reach", "strength", label, "warning", f"{told}. {about.weakness}", cure)
    strict = "strict key exchange" if about.strict else "without strict key exchange, which harms none of its methods"
    return _ok("reach", "strength", label, f"{told}, {strict}")


# --- what it lets us do -----------------------------------------------------------------------------------------------


def _inside(client: Client, session: Session) -> Iterator[Check]:
    folder = client.credentials.outbound_folder
    label = "May list the outbound folder"
    try:
        found = client.list_files()
    except Denied as error:
        yield _failed("rights", "list", label, error)
        return
    yield _ok("rights", "list", label, f"{shown(session.realpath(folder))}: {_count(found)}")
    if found.more:
        cure = "Have finished files taken away, or raise the limit in the settings of the connection."
        text = f"There are more than {client.settings.max_entries} names; the rest is not looked at."
        yield Check("settings", "many", "The folder is not overfull", "warning", text, cure)
    yield _reading(session, found)
    yield from _putting_away(client, session)
    yield from _waiting(client.settings, found)


def _count(found: Look) -> str:
    waiting, others = len(found.files), found.left_out + len(found.refused)
    return f"{waiting} to be read, {others} not"


def _reading(session: Session, found: Look) -> Check:
    label = "May read files"
    if not found.files:
        return Check("rights", "read", label, "not_checkable", "No file waits that could be tried.")
    path = path_of(found.files[0])
    try:
        session.head(path, 16)
    except StatusError as status:
        return _failed("rights", "read", label, said.of_reading(path, status))
    except NotAFileError:
        return Check("rights", "read", label, "not_checkable", f"{path} has gone meanwhile.")
    return _ok("rights", "read", label, path)


def _putting_away(client: Client, session: Session) -> Iterator[Check]:
    label = "May put files away"
    if client.settings.archive_mode != "move":
        why = "Files are left where they are." if client.settings.archive_mode == "leave" else "Only a delete shows it."
        yield Check("rights", "move", label, "not_checkable", why)
        return
    folders = list(dict.fromkeys((client.folder("archive"), client.folder("error"))))
    missing = [folder for folder in folders if not _is_there(session, folder)]
    for folder in missing:
        yield _missing(client.settings, folder)
    if client.settings.probe_by_writing and folders[0] not in missing:
        yield from _probe(session, folders[0])
    else:
        why = "It is seen with the first file; what cannot be moved stays visible and is not read twice."
        cure = "Allow the ping to write a small file in the settings of the connection."
        yield Check("rights", "move", label, "not_checkable", why, "" if client.settings.probe_by_writing else cure)


def _is_there(session: Session, folder: str) -> bool:
    try:
        there = session.stat(folder)
    except StatusError:
        return False
    return there is not None and is_folder(there)


def _missing(settings: Settings, folder: str) -> Check:
    label = f"There is a folder {folder}"
    if settings.create_folders:
        return Check("settings", folder, label, "not_checkable", "It will be made with the first file.")
    cure = f"Make it there, or let it be made in the settings of the connection. {said.ASK} if you may not."
    return Check("settings", folder, label, "warning", "It is missing: files are read, but stay where they are.", cure)


def _probe(session: Session, folder: str) -> Iterator[Check]:
    """Makes a small file in the archive folder, renames it and removes it, each a right of its own."""
    path = posixpath.join(folder, f".ml-connector-ping-{secrets.token_hex(6)}")
    moved = f"{path}-moved"
    made = _try(lambda: session.create(path, b"A ping of ml-connector; it may be removed.\n"))
    yield _right("create", "May create files in the archive folder", made, path)
    if made:
        return
    yield _drift(session, path)
    renamed = _try(lambda: session.rename(path, moved))
    yield _right("move", "May rename files in the archive folder", renamed, path)
    left = path if renamed else moved
    removed = _try(lambda: session.remove(left))
    yield _right("remove", "May remove files from the archive folder", removed, left)


def _try(what: Callable[[], None]) -> str:
    """The server's words where it said no; empty: done."""
    try:
        what()
    except StatusError as status:
        return status.text
    return ""


def _right(key: str, label: str, no: str, path: str) -> Check:
    if not no:
        return _ok("rights", key, label)
    if key == "remove":
        text = f"{no}; {path} is left behind, and harms nothing."
        return Check("rights", key, label, "warning", text, "Remove it by hand.")
    cure = f"{said.ASK} for the right to {key} there; until then files are read once, and stay where they are."
    return Check("rights", key, label, "warning", no, cure)


def _drift(session: Session, path: str) -> Check:
    label = "The clocks agree"
    made = session.lstat(path)
    if made is None or not made.mtime:
        return Check("settings", "clock", label, "not_checkable", "The server tells no time.")
    drift = made.mtime - time.time()
    if abs(drift) <= MOST_DRIFT:
        return _ok("settings", "clock", label, f"within {abs(drift):.0f} s")
    text = f"The server's is {abs(drift):.0f} s {'ahead of' if drift > 0 else 'behind'} ours."
    return Check("settings", "clock", label, "warning", text, "Nothing is judged by it here; times shown are theirs.")


# --- what waits -------------------------------------------------------------------------------------------------------


def _waiting(settings: Settings, found: Look) -> Iterator[Check]:
    yield _oldest(settings, found)
    newest = max((file.mtime for file in found.files), default=0)
    if not settings.probe_by_writing:
        yield _clock(newest - time.time())
    if found.refused:
        names = "; ".join(f"{name}: {why}" for name, why in found.refused[:3])
        more = f" and {len(found.refused) - 3} more" if len(found.refused) > 3 else ""
        cure = "They are never read. Find out who puts them there."
        yield Check("data", "refused", "All names can be read", "warning", f"{names}{more}", cure)


def _oldest(settings: Settings, found: Look) -> Check:
    label = "What waits is fresh"
    times = [file.mtime for file in found.files if file.mtime]
    if not times:
        return _ok("data", "waiting", label, "No file waits." if not found.files else "The server tells no times.")
    since = datetime.fromtimestamp(min(times), UTC)
    text = f"{len(found.files)} files, the oldest of {since:%Y-%m-%d %H:%M} UTC by the server's clock"
    if datetime.now(UTC) - since < LONG or settings.archive_mode == "leave":
        return _ok("data", "waiting", label, text)
    cure = "After the connection is switched on they should go; if not, see the files of this connection."
    return Check("data", "waiting", label, "warning", text, cure)


def _clock(ahead: float) -> Check:
    """A file of the future shows a clock that is wrong; that none does, shows nothing."""
    if ahead > MOST_DRIFT:
        text = f"The newest file is of a time that comes in {ahead:.0f} s."
        cure = "Nothing is judged by it here; times shown are theirs."
        return Check("settings", "clock", "The clocks agree", "warning", text, cure)
    return Check("settings", "clock", "The clocks agree", "not_checkable", "A server of files tells no time.")


def _ok(layer: Layer, key: str, label: str, said: str = "") -> Check:
    return Check(layer, key, label, "ok", said)


def _failed(layer: Layer, key: str, label: str, error: ConnectorError) -> Check:
    return Check(layer, key, label, "failed", error.said, error.cure or AGAIN)
