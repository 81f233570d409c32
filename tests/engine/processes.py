"""Real processes for the engine's tests: the nursery that forks workers, and the toy's books."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parent.parent.parent


def wait_for(what: str, true: Callable[[], object], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come within {seconds} s")
        time.sleep(0.01)


@dataclass
class Worker:
    """A process that the nursery forked."""

    pid: int = 0
    exit: int | None = None
    log: Path = Path()
    changed: threading.Condition = field(default_factory=threading.Condition)

    def wait(self, seconds: float = 40.0) -> int:
        with self.changed:
            self.changed.wait_for(lambda: self.exit is not None, seconds)
        if self.exit is None:
            self.kill()
            raise AssertionError(f"process {self.pid} did not end within {seconds} s:\n{self.log.read_text()[-3000:]}")
        return self.exit

    @property
    def alive(self) -> bool:
        return self.exit is None

    @property
    def stopped(self) -> bool:
        try:
            return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
        except FileNotFoundError:
            return False

    def stop(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        if self.alive:
            os.kill(self.pid, signal.SIGKILL)


class Nursery:
    """Starts children of one process that has Django loaded."""

    def __init__(self, env: dict[str, str], errors: Path) -> None:
        self.workers: dict[int, Worker] = {}
        self.lock = threading.Lock()
        with errors.open("w") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.engine.nursery"],
                cwd=ROOT,
                env={**os.environ, **env},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
            )
        assert self.process.stdout
        if not self.process.stdout.readline():
            raise AssertionError(f"the nursery did not start:\n{errors.read_text()}")
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()

    def start(self, call: str, args: Json, *, env: dict[str, str], log: Path, result: Path | None = None) -> Worker:
        worker = Worker(log=log)
        assert self.process.stdin
        with self.lock:
            number = len(self.workers)
            self.workers[number] = worker
            order = {"id": number, "call": call, "args": args, "env": env, "log": str(log)}
            if result:
                order["result"] = str(result)
            self.process.stdin.write(json.dumps(order).encode() + b"\n")
            self.process.stdin.flush()
        with worker.changed:
            assert worker.changed.wait_for(lambda: worker.pid, 20)
        return worker

    def close(self) -> None:
        assert self.process.stdin
        for worker in list(self.workers.values()):
            worker.kill()
        self.process.stdin.close()
        self.process.wait(10)
        self.listener.join(10)
        assert self.process.stdout
        self.process.stdout.close()

    def _listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            said = json.loads(line)
            worker = self.workers[said["id"]]
            with worker.changed:
                worker.pid = said.get("pid", worker.pid)
                worker.exit = said.get("exit")
                worker.changed.notify_all()


class BooksProcess:
    """The toy's books, running. What a test asserts, it asserts of `documents`."""

    def __init__(self, file: Path) -> None:
        command = [sys.executable, "-m", "tests.toy.books", "--file", str(file)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
        assert self.process.stdout
        self.port = int(self.process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout
        self.process.stdout.close()

    def script(self, *faults: Json, **knobs: Any) -> None:
        self._control({"faults": faults, "knobs": knobs})

    def state(self) -> Json:
        return self._control(None)

    def documents(self) -> list[Json]:
        documents: list[Json] = self.state()["documents"]
        return documents

    def _control(self, value: Json | None) -> Json:
        data = None if value is None else json.dumps(value).encode()
        with urllib.request.urlopen(f"{self.url}/_control", data, timeout=20) as answer:
            told: Json = json.loads(answer.read())
            return told


@contextmanager
def nursery(folder: Path, env: dict[str, str]) -> Iterator[Nursery]:
    one = Nursery(env, folder / "nursery.log")
    try:
        yield one
    finally:
        one.close()
