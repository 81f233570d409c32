"""A proxy before PostgreSQL that counts what a worker says to it from the announcement to the outcome, and then kills
the worker or cuts the connection: before the n-th message reaches the database, or after it was carried out and before
its answer reaches the worker."""

import os
import select
import signal
import socket
import struct
import threading
from contextlib import suppress
from typing import Self

DONE = b"Z\x00\x00\x00\x05"
"""How PostgreSQL ends the answer to one message: ReadyForQuery."""


class Proxy:
    def __init__(self, database: str, mode: str, at: int) -> None:
        self.database = database
        self.mode, self.at = mode, at
        self.pid = 0
        self.said: list[bytes] = []
        self.struck = self.over = False
        self.lines = self._listen(self._serve)
        self.control = self._listen(self._arm)

    @property
    def port(self) -> int:
        return int(self.lines.getsockname()[1])

    @property
    def arm_at(self) -> int:
        return int(self.control.getsockname()[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        for listener in (self.lines, self.control):
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def _listen(self, serve: object) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, args=(listener, serve), daemon=True).start()
        return listener

    def _accept(self, listener: socket.socket, serve: object) -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(line,), daemon=True).start()  # type: ignore[arg-type]

    def _arm(self, line: socket.socket) -> None:
        """A worker is about to announce: what it says from now on counts."""
        with line:
            self.pid = int(line.recv(20))
            line.sendall(b"ok")

    def _serve(self, worker: socket.socket) -> None:
        with worker, socket.socket(socket.AF_UNIX) as database, suppress(OSError):
            database.connect(self.database)
            waiting, greeted = b"", False
            while True:
                ready, _, _ = select.select([worker, database], [], [])
                if database in ready:
                    part = database.recv(65_536)
                    if not part:
                        return
                    worker.sendall(part)
                if worker in ready:
                    part = worker.recv(65_536)
                    if not part:
                        return
                    if not greeted:  # the first message has no type; nobody counts it
                        database.sendall(part)
                        greeted = True
                        continue
                    waiting += part
                    whole, waiting = _whole(waiting)
                    if whole and not self._pass(whole, database):
                        return

    def _pass(self, said: bytes, database: socket.socket) -> bool:
        """Hands on what the worker said. False: here it ends."""
        strikes = self._counts(said)
        if strikes and self.mode.endswith("before"):
            self._strike()
            return False
        database.sendall(said)
        if not strikes:
            return True
        answer = b""
        while DONE not in answer:
            part = database.recv(65_536)
            if not part:
                break
            answer += part
        self._strike()
        return False

    def _counts(self, said: bytes) -> bool:
        if not self.pid or self.struck or self.over:
            return False
        self.said.append(said)
        self.over = b"COMMIT" in said and any(b'INSERT INTO "audit_posting"' in one for one in self.said)
        return len(self.said) == self.at

    def _strike(self) -> None:
        self.struck = True
        if self.mode.startswith("kill"):
            os.kill(self.pid, signal.SIGKILL)


def _whole(buffer: bytes) -> tuple[bytes, bytes]:
    """Splits after the last message that asks for an answer: a simple query, a sync or the end."""
    place = end = 0
    while len(buffer) - place >= 5:
        size = 1 + struct.unpack("!I", buffer[place + 1 : place + 5])[0]
        if len(buffer) - place < size:
            break
        if buffer[place : place + 1] in b"QSXp":
            end = place + size
        place += size
    return buffer[:end], buffer[end:]
