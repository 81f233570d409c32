"""The SFTP server: users with passwords or keys, one root for all, and whatever goes wrong at the request of a test."""

import io
import logging
import os
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paramiko
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from standins.stampli.faults import Fault, Faults
from standins.stampli.knobs import Knobs
from standins.stampli.outbox import OUTBOUND, Outbox

logging.getLogger("paramiko").setLevel(logging.CRITICAL)

SUCCESS, PARTIAL, FAILED = (
    paramiko.AUTH_SUCCESSFUL,
    paramiko.AUTH_PARTIALLY_SUCCESSFUL,
    paramiko.AUTH_FAILED,
)


@dataclass
class User:
    """`keys`: public ones in base64. `two_steps`: key and password both. `asks`: the password is asked for in a
    dialogue (keyboard-interactive) instead of being sent outright."""

    name: str
    password: str = ""
    keys: tuple[str, ...] = ()
    two_steps: bool = False
    asks: bool = False

    @property
    def ways(self) -> list[str]:
        by_password = ["keyboard-interactive" if self.asks else "password"] if self.password else []
        return [*(["publickey"] if self.keys else []), *by_password]


def new_host_key() -> str:
    """A private key as text."""
    form = (Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    return Ed25519PrivateKey.generate().private_bytes(*form).decode()


class CutError(Exception):
    """The connection is gone."""


@dataclass
class World:
    """All that the parts of the server share. `tries`: who tried to sign in, by what, and whether it went well."""

    outbox: Outbox
    knobs: Knobs
    faults: Faults
    users: dict[str, User] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    tries: list[dict[str, Any]] = field(default_factory=list)
    connections: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)


class Door(paramiko.ServerInterface):
    def __init__(self, world: World, transport: paramiko.Transport) -> None:
        self.world, self.transport = world, transport
        self.passed: set[str] = set()

    def get_allowed_auths(self, username: str) -> str:
        user = self.world.users.get(username)
        ways = user.ways if user else ["publickey", "password"]
        return ",".join(way for way in ways if way not in self.passed)

    def check_auth_password(self, username: str, password: str) -> int:
        user = self.world.users.get(username)
        good = bool(user and user.password and not user.asks and user.password == password)
        return self._answer(username, "password", good)

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        user = self.world.users.get(username)
        return self._answer(username, "publickey", bool(user and key.get_base64() in user.keys))

    def check_auth_interactive(self, username: str, submethods: str) -> Any:
        self.asking = username
        return paramiko.server.InteractiveQuery("", "", ("Password: ", False))

    def check_auth_interactive_response(self, responses: list[str]) -> int:
        user = self.world.users.get(self.asking)
        good = bool(user and user.asks and responses == [user.password])
        return self._answer(self.asking, "keyboard-interactive", good)

    def _answer(self, name: str, way: str, good: bool) -> int:
        fault = self.world.faults.next("sign-in", name)
        self.world.tries.append({"user": name, "by": way, "well": good and not fault})
        if fault:
            suffer(fault, self.world, self.transport)
            return FAILED
        if not good:
            return FAILED
        self.passed.add(way)
        user = self.world.users[name]
        return PARTIAL if user.two_steps and self.passed < set(user.ways) else SUCCESS

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED


def suffer(fault: Fault, world: World, transport: paramiko.Transport) -> int | None:
    """What the fault does before anything is answered; a status where it is a refusal."""
    if fault.kind in ("stall", "slow"):
        world.stopping.wait(fault.seconds)
        if fault.kind == "slow":
            return None
    if fault.kind in ("cut", "stall"):
        cut(transport)
        raise CutError
    return fault.code if fault.kind == "refuse" else None


def cut(transport: paramiko.Transport) -> None:
    with suppress(OSError):  # it may have gone already
        transport.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.close()
    transport.sock.close()


class Handle(paramiko.SFTPHandle):
    def __init__(self, files: "Files", path: str, flags: int, opened: Any) -> None:
        super().__init__(flags)
        self.files, self.path = files, path
        self.readfile = self.writefile = opened

    def stat(self) -> Any:
        return paramiko.SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))

    def read(self, offset: int, length: int) -> Any:
        status = self.files.meet("read", self.path, upto=offset + length)
        if status is not None:
            return status
        most = self.files.world.knobs.chunk
        return super().read(offset, min(length, most) if most else length)


class Files(paramiko.SFTPServerInterface):
    """Every path is a virtual one from the root; the library has taken the dots out."""

    def __init__(self, server: Door, *args: Any, **kwargs: Any) -> None:
        super().__init__(server, *args, **kwargs)
        self.world, self.transport = server.world, server.transport

    def meet(self, op: str, path: str, upto: int = 0) -> int | None:
        """Notes what is asked, and what a fault answers in its place."""
        if op != "read":
            self.world.asked.append({"op": op, "path": path})
        fault = self.world.faults.next(op, path, upto)
        if fault is None:
            return None
        if fault.kind == "swap":
            self.world.outbox.real(path).unlink(missing_ok=True)
            self.world.outbox.real(path).write_text(fault.content)
            return None
        if fault.kind == "lost":
            self.losing = True
            return None
        return suffer(fault, self.world, self.transport)

    def _do(self, op: str, path: str, act: Callable[[Path], Any]) -> Any:
        """Answers with what the act returns, or with the status of its error."""
        self.losing = False
        path = self.canonicalize(path)
        status = self.meet(op, path)
        if status is not None:
            return status
        try:
            answer = act(self.world.outbox.real(path))
        except OSError as error:
            answer = paramiko.SFTPServer.convert_errno(error.errno)
        if self.losing:
            cut(self.transport)
            raise CutError
        return paramiko.SFTP_OK if answer is None else answer

    def _may(self, path: str, *, into: bool) -> bool:
        knobs = self.world.knobs
        inside = self.canonicalize(path).startswith((f"/{OUTBOUND}/archive", f"/{OUTBOUND}/error"))
        return not knobs.read_only and (knobs.archive_writable if inside else into or knobs.outbound_writable)

    # --- looking

    def list_folder(self, path: str) -> Any:
        return self._do("list", path, self._entries)

    def _entries(self, folder: Path) -> list[Any]:
        found = []
        with os.scandir(os.fsencode(folder)) as entries:
            for entry in entries:
                stat = paramiko.SFTPAttributes.from_stat(entry.stat(follow_symlinks=False))
                stat.filename = entry.name
                found.append(stat)
        for name in self.world.knobs.lies if folder == self.world.outbox.out else ():
            lie = paramiko.SFTPAttributes()
            lie.st_size, lie.st_mode, lie.st_mtime, lie.st_atime = 10, 0o100644, 1, 1
            lie.filename = name.encode("utf-8", "surrogateescape")
            found.append(lie)
        if self.world.knobs.stats == "none":
            for stat in found:
                stat.st_size = stat.st_mode = stat.st_mtime = stat.st_atime = None
        return found

    def stat(self, path: str) -> Any:
        return self._do("stat", path, lambda real: paramiko.SFTPAttributes.from_stat(real.stat()))

    def lstat(self, path: str) -> Any:
        return self._do("stat", path, lambda real: paramiko.SFTPAttributes.from_stat(real.lstat()))

    def readlink(self, path: str) -> Any:
        def act(real: Path) -> Any:
            return str(real.readlink()) if real.is_symlink() else paramiko.SFTP_FAILURE

        return self._do("stat", path, act)

    # --- reading and changing

    def open(self, path: str, flags: int, attr: Any) -> Any:
        writes = bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        if writes and not self._may(path, into=True):
            return paramiko.SFTP_PERMISSION_DENIED

        def act(real: Path) -> Any:
            file = os.open(real, flags | getattr(os, "O_NONBLOCK", 0), 0o644)
            return Handle(self, self.canonicalize(path), flags, os.fdopen(file, "r+b" if writes else "rb"))

        return self._do("write" if writes else "open", path, act)

    def remove(self, path: str) -> Any:
        if not self._may(path, into=False):
            return paramiko.SFTP_PERMISSION_DENIED
        return self._do("remove", path, Path.unlink)

    def mkdir(self, path: str, attr: Any) -> Any:
        if not self._may(path, into=False):
            return paramiko.SFTP_PERMISSION_DENIED
        return self._do("mkdir", path, Path.mkdir)

    def rename(self, oldpath: str, newpath: str) -> Any:
        return self._do("rename", oldpath, lambda old: self._rename(old, oldpath, newpath))

    def _rename(self, old: Path, oldpath: str, newpath: str) -> int:
        knobs, new = self.world.knobs, self.world.outbox.real(self.canonicalize(newpath))
        if not (self._may(oldpath, into=False) and self._may(newpath, into=True)):
            return paramiko.SFTP_PERMISSION_DENIED
        if knobs.rename == "unsupported":
            return paramiko.SFTP_OP_UNSUPPORTED
        if not old.parent.is_dir() or not new.parent.is_dir():
            return paramiko.SFTP_NO_SUCH_FILE
        if knobs.rename == "failure" or os.path.lexists(new):
            return paramiko.SFTP_FAILURE
        old.rename(new)
        if knobs.new_time:
            os.utime(new, (time.time(), time.time() + 60))
        return paramiko.SFTP_OK


class SftpServer:
    """Listens on 127.0.0.1. Port 0 takes a free one. `file` keeps the host key over restarts."""

    def __init__(self, world: World, port: int = 0, file: Path | None = None) -> None:
        self.world, self.file = world, file
        self.host_key = file.read_text() if file and file.exists() else new_host_key()
        self.further: list[paramiko.PKey] = []
        self._keep()
        self.listener = socket.create_server(("127.0.0.1", port), backlog=64)
        self.port: int = self.listener.getsockname()[1]
        self.open: list[paramiko.Transport] = []

    @property
    def at(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def keys(self) -> list[paramiko.PKey]:
        return [
            *([paramiko.Ed25519Key.from_private_key(io.StringIO(self.host_key))] if self.host_key else []),
            *self.further,
        ]

    def renew_host_key(self) -> None:
        """As after the server was set up anew, or as when somebody stands between."""
        self.host_key = new_host_key()
        self._keep()

    def _keep(self) -> None:
        if self.file:
            self.file.touch(0o600)
            self.file.write_text(self.host_key)

    def start(self) -> "SftpServer":
        threading.Thread(target=self._accept, name="stampli-sftp", daemon=True).start()
        return self

    def stop(self) -> None:
        self.world.stopping.set()
        self.listener.close()
        self.hang_up()

    def hang_up(self) -> None:
        """Ends all sessions."""
        for transport in [*self.open]:
            cut(transport)
        self.open.clear()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.world.connections += 1
            threading.Thread(target=self._greet, args=(sock,), daemon=True).start()

    def _greet(self, sock: socket.socket) -> None:
        try:
            transport = paramiko.Transport(sock)
            for key in self.keys:
                transport.add_server_key(key)
            if self.world.knobs.ciphers:
                transport.get_security_options().ciphers = tuple(self.world.knobs.ciphers)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, Files)
            self.open = [*(one for one in self.open if one.is_active()), transport]
            transport.start_server(server=Door(self.world, transport))
        except (paramiko.SSHException, EOFError, OSError):
            sock.close()  # somebody who only looked
