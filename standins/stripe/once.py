"""Idempotency keys: the first answer is kept for a day and given again; another body under the key is refused."""

from dataclasses import dataclass, field

from standins.serve import Reply
from standins.stripe.errors import ApiError

_KEPT_SECONDS = 24 * 3600


@dataclass
class Entry:
    request: str
    at: float
    reply: Reply | None = None  # None: still running


@dataclass
class Once:
    entries: dict[str, Entry] = field(default_factory=dict)

    def begin(self, key: str, request: str, now: float) -> Reply | None:
        """The stored answer, or None: go on, and end with `store` or `forget`."""
        if len(key) > 255:
            raise ApiError("Idempotency keys can be at most 255 characters.", param="Idempotency-Key")
        entry = self.entries.get(key)
        if entry is None or now - entry.at > _KEPT_SECONDS:
            self.entries[key] = Entry(request, now)
            return None
        if entry.request != request:
            message = (
                "Keys for idempotent requests can only be used with the same parameters they were first used with. Try"
                f" using a key other than '{key}' if you meant to execute a different request."
            )
            raise ApiError(message, 400, type="idempotency_error")
        if entry.reply is None:
            message = "There is currently another in-progress request using this Idempotency Key."
            raise ApiError(message, 409, type="invalid_request_error", code="idempotency_key_in_use")
        return entry.reply

    def store(self, key: str, reply: Reply) -> None:
        if key in self.entries:
            self.entries[key].reply = reply

    def forget(self, key: str) -> None:
        self.entries.pop(key, None)
