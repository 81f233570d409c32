import os
import signal
import threading
from typing import Any

from django.db.backends.sqlite3 import base


class Counter:
    """Counts the statements of one thread, from `begin` to the commit of the posting. `TOY_KILL=before:3` kills the
    process before the third of them, `after:3` right after it."""

    def __init__(self) -> None:
        self.thread = 0
        self.count = 0
        self.posting = False

    def begin(self) -> None:
        if not self.count:
            self.thread = threading.get_ident()

    def before(self) -> None:
        if self.thread == threading.get_ident():
            self.count += 1
            self._kill_if("before")

    def after(self, statement: str) -> None:
        if self.thread != threading.get_ident():
            return
        self._kill_if("after")
        self.posting = self.posting or 'INSERT INTO "audit_posting"' in statement
        if self.posting and statement == "COMMIT":
            self.thread = 0

    def _kill_if(self, side: str) -> None:
        if os.environ.get("TOY_KILL") == f"{side}:{self.count}":
            os.kill(os.getpid(), signal.SIGKILL)


COUNTER = Counter()


class CountingCursor(base.SQLiteCursorWrapper):
    def execute(self, query: str, params: Any = None) -> Any:
        COUNTER.before()
        done = super().execute(query, params)
        COUNTER.after(query)
        return done


class DatabaseWrapper(base.DatabaseWrapper):
    def create_cursor(self, name: str | None = None) -> Any:
        return self.connection.cursor(factory=CountingCursor)

    def _commit(self) -> None:
        COUNTER.before()
        super()._commit()  # type: ignore[misc]
        COUNTER.after("COMMIT")
