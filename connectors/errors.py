"""What can go wrong, named for the next step.

ConnectorError
├── Unavailable    again later, by ourselves; `sent` says whether it may have been carried out
│   ├── Throttled    the system asked for a pause; nothing was carried out
│   └── SessionLost  the sign-in has lapsed; nothing was carried out; sign in anew and announce anew
├── Denied         somebody must fix the connection; nothing was carried out
├── Refused        the system, or an accounting rule of ours, will not take this; `cause` says who acts
├── Unmapped       finance fills a mapping; then it goes on by itself
├── NotYet         something earlier must be carried first; then it goes on by itself
└── Malformed      we were sent something that we cannot read

Every error has a stable `code`, the `field` and `value` it is about, and a `cure`: one sentence that tells the person
who must act what to do. Nothing in an error may contain a secret.
"""

from collections.abc import Sequence
from typing import Literal

Cause = Literal["data", "period", "duplicate", "approval", "settings", "decision"]


class ConnectorError(Exception):
    code = "error"

    def __init__(self, said: str, *, code: str = "", field: str = "", value: str = "", cure: str = "") -> None:
        super().__init__(said)
        self.said = said
        self.code = code or type(self).code
        self.field = field
        self.value = value
        self.cure = cure


class Unavailable(ConnectorError):
    """The system did not give a clear answer. With `sent=False` it is proved that nothing was carried out."""

    code = "unavailable"

    def __init__(self, said: str, *, sent: bool, after: float | None = None, code: str = "", cure: str = "") -> None:
        super().__init__(said, code=code, cure=cure)
        self.sent = sent
        self.after = after


class Throttled(Unavailable):
    """Too many requests. `after` is the pause in seconds that the system asked for, if it said one."""

    code = "throttled"

    def __init__(self, said: str, *, after: float | None = None, code: str = "") -> None:
        super().__init__(said, sent=False, after=after, code=code)


class SessionLost(Unavailable):
    code = "session.lost"

    def __init__(self, said: str) -> None:
        super().__init__(said, sent=False)


class Denied(ConnectorError):
    """The credentials or rights do not suffice. The lane pauses until the connection was examined with success."""

    code = "denied"


class Refused(ConnectorError):
    """A definite no.

    `cause` decides what follows: data (FAILED, source must be corrected), period, settings and approval (something must
    change at the target), duplicate (look there), decision (a person of ours chooses).
    """

    code = "refused"

    def __init__(
        self, said: str, *, cause: Cause = "data", code: str = "", field: str = "", value: str = "", cure: str = ""
    ) -> None:
        super().__init__(said, code=code, field=field, value=value, cure=cure)
        self.cause: Cause = cause


class Unmapped(ConnectorError):
    code = "unmapped"

    def __init__(self, table: str, values: Sequence[str], *, field: str = "") -> None:
        shown = ", ".join(v for v in values if v) or "*"
        super().__init__(
            f"No row of the table {table} fits {shown}.",
            code=f"unmapped.{table}",
            field=field,
            value=shown,
            cure=f"Add a row to the mapping table {table} for {shown}; the record goes on by itself.",
        )
        self.table = table
        self.values = tuple(values)


class NotYet(ConnectorError):
    """`flow` and `key` name the record that must be carried first; both empty when the source itself is not ready."""

    code = "dependency"

    def __init__(self, said: str, *, code: str, flow: str = "", key: str = "") -> None:
        super().__init__(said, code=code, value=key)
        self.flow = flow
        self.key = key


class Malformed(ConnectorError):
    code = "malformed"

    def __init__(self, field: str, said: str, *, value: str = "") -> None:
        super().__init__(f"{field}: {said}" if field else said, field=field, value=value)
