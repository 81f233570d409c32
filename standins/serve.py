"""The small HTTP server under every stand-in: it can also break off, dawdle and lie, as real networks do."""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: Mapping[str, str]
    raw_query: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    host: str

    def json(self) -> Any:
        return json.loads(self.body or b"{}")

    def form(self) -> list[tuple[str, str]]:
        return parse_qsl(self.body.decode(), keep_blank_values=True)


@dataclass(frozen=True)
class Reply:
    """`end` tells how the answer goes out: whole, reset (nothing), half (cut in the middle), drip (a byte at a time,
    `seconds` in all) or silent (nothing, held open for `seconds`)."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    end: str = "whole"
    seconds: float = 0.0


def as_json(value: Any, status: int = 200, **headers: str) -> Reply:
    return Reply(status, json.dumps(value).encode(), {"Content-Type": "application/json", **headers})


def as_page(html: str, status: int = 200) -> Reply:
    return Reply(status, html.encode(), {"Content-Type": "text/html; charset=utf-8"})


def go(to: str) -> Reply:
    return Reply(303, b"", {"Location": to})


App = Callable[[Request], Reply]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body leave in two writes; without this each answer takes 40 ms longer
    server: "Server"

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        parts = urlsplit(self.path)
        request = Request(
            self.command,
            parts.path,
            dict(parse_qsl(parts.query, keep_blank_values=True)),
            parts.query,
            {k.lower(): v for k, v in self.headers.items()},
            self.rfile.read(length),
            self.headers.get("Host", ""),
        )
        with self.server.counting():
            reply = self.server.app(request)
        if reply.end == "silent":
            time.sleep(reply.seconds)
        if reply.end in ("reset", "silent"):
            self._reset()
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if reply.end == "half":
            self.wfile.write(reply.body[: len(reply.body) // 2])
            self._reset()
        elif reply.end == "drip":
            for byte in reply.body:
                self.wfile.write(bytes([byte]))
                time.sleep(reply.seconds / max(1, len(reply.body)))
        elif self.command != "HEAD":
            self.wfile.write(reply.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve

    def _reset(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    """Serves one app on 127.0.0.1. Port 0 takes a free one. `most_at_once` is the largest number of requests seen in
    flight together."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, app: App, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.app = app
        self.at_once = 0
        self.most_at_once = 0
        self.requests = 0
        self._count = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def counting(self) -> "_Counting":
        return _Counting(self)

    def start(self) -> "Server":
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def stop(self) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that went away is no trouble of ours


class _Counting:
    def __init__(self, server: Server) -> None:
        self.server = server

    def __enter__(self) -> None:
        with self.server._count:
            self.server.requests += 1
            self.server.at_once += 1
            self.server.most_at_once = max(self.server.most_at_once, self.server.at_once)

    def __exit__(self, *exc: object) -> None:
        with self.server._count:
            self.server.at_once -= 1
