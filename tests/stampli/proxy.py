"""A proxy between client and server that cuts or freezes a connection after so many bytes from the server."""

import contextlib
import socket
import struct
import threading
from typing import Self


class Proxy:
    """`cut` and `stall`: bytes from the server after which it resets both ends, or passes nothing on any more."""

    def __init__(self, port: int, *, cut: int = 0, stall: int = 0) -> None:
        self.target, self.cut, self.stall = port, cut, stall
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.sockets: list[socket.socket] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.listener.close()
        self._end()

    def _end(self) -> None:
        for one in self.sockets:
            with contextlib.suppress(OSError):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.target))
            self.sockets += [near, far]
            threading.Thread(target=self._pump, args=(near, far, False), daemon=True).start()
            threading.Thread(target=self._pump, args=(far, near, True), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, down: bool) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while part := source.recv(65_536):
                passed += len(part)
                if down and self.cut and passed > self.cut:
                    self._end()
                    return
                if down and self.stall and passed > self.stall:
                    continue
                sink.sendall(part)
            sink.shutdown(socket.SHUT_WR)
