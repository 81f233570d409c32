"""The least that a door can do: verify the signature, insert the same row durably, answer. No Django in its path."""

import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from connectors.stripe.hook import verify

SECRET = "whsec_bench"
SQL = (
    "INSERT OR IGNORE INTO audit_delivery (connection_id, status, event_id, event_type, object_id, event_at, body,"
    " headers, arrived_at, due_at, tries, why) VALUES (?, 'new', ?, ?, ?, ?, ?, ?, ?, ?, 0, '')"
)
_local = threading.local()


def _database() -> sqlite3.Connection:
    if not hasattr(_local, "database"):
        path = os.environ["DATABASE_URL"].removeprefix("sqlite:///")
        _local.database = sqlite3.connect(path, timeout=20, isolation_level=None)
        _local.database.execute("PRAGMA journal_mode=WAL")
        _local.database.execute("PRAGMA synchronous=FULL")
    database: sqlite3.Connection = _local.database
    return database


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    if environ["REQUEST_METHOD"] == "POST":
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        headers = {"stripe-signature": environ.get("HTTP_STRIPE_SIGNATURE", "")}
        hint = verify(body, headers, [SECRET], None, time.time())
        now = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
        row = (
            1,
            hint.event_id,
            hint.type,
            hint.object_id,
            hint.created.isoformat(),
            body,
            json.dumps(headers),
            now,
            now,
        )
        _database().execute(SQL, row)
    start("200 OK", [("Content-Type", "text/plain")])
    return [b"Kept.\n"]
