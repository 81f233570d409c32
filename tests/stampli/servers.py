"""SFTP servers that nobody here wrote: ProFTPD with passwords, OpenSSH with a key. As an ordinary user, on localhost.

They are installed where this is root on a system with apt; elsewhere the tests that need them are skipped.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from connectors.stampli import Credentials

PACKAGES = ("proftpd-core", "proftpd-mod-crypto", "openssh-server")
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"
NO_START = Path("/usr/sbin/policy-rc.d")
USER, PASSWORD = "stampli", "secret-word-7"


def tool(name: str) -> str | None:
    return shutil.which(name, path=PATH)


def needed() -> None:
    """Installs what is missing, without letting any daemon start; or skips."""
    if all(tool(name) for name in ("proftpd", "ftpasswd", "sshd", "ssh-keygen", "setpriv")):
        return
    if os.geteuid() != 0 or not tool("apt-get"):
        pytest.skip("ProFTPD and OpenSSH are not here: apt-get install " + " ".join(PACKAGES))
    if not NO_START.exists():
        NO_START.write_text("#!/bin/sh\nexit 101\n")
        NO_START.chmod(0o755)
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "install", "-y", "-qq", "-o", "DPkg::Lock::Timeout=120", *PACKAGES]
    for step in (["apt-get", "update", "-qq"], command):
        done = subprocess.run(step, env=env, capture_output=True, text=True, timeout=400)
        if done.returncode:
            pytest.skip(f"{' '.join(step)} failed: {done.stderr[-300:]}")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass
class Place:
    """A folder of the user that the server runs as: never root, whose rights are no rights."""

    root: Path
    user: str
    prefix: list[str]
    process: "subprocess.Popen[bytes] | None" = None
    port: int = 0
    key: str = field(default="", repr=False)

    @property
    def out(self) -> Path:
        return self.root / "out"

    def give(self, path: Path) -> Path:
        """To that user."""
        if self.prefix:
            shutil.chown(path, self.user)
        return path

    def drop(self, name: str, content: bytes, mtime: int | None = None) -> Path:
        path = self.out / name
        path.write_bytes(content)
        if mtime is not None:
            os.utime(path, (mtime, mtime))
        return self.give(path)

    def names(self, folder: str = ".") -> list[str]:
        return sorted(one.name for one in (self.out / folder).iterdir() if one.is_file())

    def run(self, *command: str, stdin: str = "") -> str:
        env = {"PATH": PATH, "HOME": str(self.root)}
        done = subprocess.run(
            [*self.prefix, *command], input=stdin, env=env, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def make_key(self, name: str, *kind: str) -> None:
        self.run("ssh-keygen", "-q", "-N", "", "-C", "", "-f", str(self.root / "etc" / name), *kind)

    def start(self, *command: str, as_root: bool = False) -> None:
        env = {"PATH": PATH, "HOME": "/"}
        log = (self.root / "server.log").open("wb")
        prefix = [] if as_root else self.prefix
        self.process = subprocess.Popen([*prefix, *command], env=env, stdout=log, stderr=log, cwd=self.root)
        log.close()
        end = time.monotonic() + 20
        while time.monotonic() < end:
            assert self.process.poll() is None, (self.root / "server.log").read_text()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("the server did not come up")

    def stop(self) -> None:
        if self.process:
            self.kill_sessions()
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(10)
            self.process = None

    def kill_sessions(self) -> int:
        """Ends the sessions of our own server, as an operator or a crash would."""
        assert self.process
        found = children(self.process.pid)
        for pid in found:
            with _gone():
                os.kill(pid, signal.SIGKILL)
        return len(found)

    def credentials(self, **changes: Any) -> Credentials:
        given = {"host": "127.0.0.1", "port": self.port, "username": USER, "password": PASSWORD, "company_id": "C-1"}
        return Credentials(**{**given, "outbound_folder": str(self.out), **changes})


@contextmanager
def _gone() -> Iterator[None]:
    try:
        yield
    except ProcessLookupError:
        pass


def children(pid: int) -> list[int]:
    """All below a process, deepest first."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found += [*children(child), child]
    return found


@contextmanager
def place() -> Iterator[Place]:
    root = Path(tempfile.mkdtemp(prefix="ml-sftp-"))
    user, prefix = pwd.getpwuid(os.geteuid()).pw_name, []
    if os.geteuid() == 0:
        user, prefix = "nobody", ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
    made = Place(root, user, prefix, port=free_port())
    root.chmod(0o755)
    made.give(root)
    for name in ("etc", "out", "out/archive", "out/error"):
        (root / name).mkdir()
        made.give(root / name)
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(root, ignore_errors=True)


@contextmanager
def proftpd(extra: str = "") -> Iterator[Place]:
    """Passwords of a virtual user. `extra`: further lines of its configuration."""
    needed()
    with place() as made:
        etc = made.root / "etc"
        made.make_key("host_ed", "-t", "ed25519")
        made.make_key("host_rsa", "-t", "rsa", "-b", "3072", "-m", "PEM")
        account = pwd.getpwnam(made.user)
        made.run(
            "ftpasswd", "--passwd", "--stdin", "--sha512", f"--name={USER}", f"--uid={account.pw_uid}",
            f"--gid={account.pw_gid}", f"--home={made.out}", "--shell=/bin/false", f"--file={etc}/passwd",
            stdin=PASSWORD,
        )  # fmt: skip
        group = "nogroup" if made.prefix else str(account.pw_gid)
        lines = f"""
            ServerType standalone
            ServerName sftp-test
            DefaultAddress 127.0.0.1
            SocketBindTight on
            UseIPv6 off
            Port {made.port}
            User {made.user}
            Group {group}
            PidFile {etc}/proftpd.pid
            ScoreboardFile {etc}/scoreboard
            DelayEngine off
            UseReverseDNS off
            RequireValidShell off
            WtmpLog off
            TransferLog none
            ControlsEngine off
            AuthPAM off
            LoadModule mod_sftp.c
            AuthOrder mod_auth_file.c
            AuthUserFile {etc}/passwd
            SFTPEngine on
            SFTPLog {etc}/sftp.log
            SFTPHostKey {etc}/host_rsa
            SFTPHostKey {etc}/host_ed
            SFTPAuthMethods password
            AllowOverwrite on
            {extra}
        """
        (etc / "proftpd.conf").write_text("\n".join(line.strip() for line in lines.splitlines()) + "\n")
        made.give(etc / "proftpd.conf")
        made.start("proftpd", "-n", "-c", str(etc / "proftpd.conf"))
        yield made


@contextmanager
def openssh(options: str = "") -> Iterator[Place]:
    """A key. `options` of internal-sftp: `-R` is read-only, `-P rename` forbids renaming."""
    needed()
    with place() as made:
        etc = made.root / "etc"
        made.make_key("host", "-t", "ed25519")
        made.make_key("client", "-t", "ed25519")
        made.key = (etc / "client").read_text()
        shutil.copy(etc / "client.pub", etc / "authorized")
        made.give(etc / "authorized")
        (etc / "sshd_config").write_text(
            f"""Port {made.port}
ListenAddress 127.0.0.1
HostKey {etc}/host
PidFile {etc}/sshd.pid
AuthorizedKeysFile {etc}/authorized
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitTTY no
AllowTcpForwarding no
X11Forwarding no
LogLevel VERBOSE
Subsystem sftp internal-sftp
ForceCommand internal-sftp {options} -d {made.out}
"""
        )
        made.give(etc / "sshd_config")
        if made.prefix:  # it gives its own rights up after the sign-in; without them it takes such users for locked
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        made.start(str(tool("sshd")), "-D", "-e", "-f", str(etc / "sshd_config"), as_root=True)
        yield made


def by_key(made: Place, **changes: Any) -> Credentials:
    return made.credentials(**{"username": made.user, "password": "", "private_key": made.key, **changes})
