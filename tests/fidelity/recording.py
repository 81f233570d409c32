"""The host's wire, which remembers what went over it."""

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.base import Announce, Response
from connectors.http import HttpWire


@dataclass(frozen=True)
class Exchange:
    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes
    written: bool
    """Announced: a write."""
    answer: Response


class Recording:
    def __init__(self, address: str) -> None:
        self.inner = HttpWire(None, frozenset([address.removeprefix("http://")]))
        self.seen: list[Exchange] = []

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        content: bytes = b"",
        seconds: float = 25.0,
        announce: Announce | None = None,
        limit: int = 20_000_000,
    ) -> Response:
        answer = self.inner.request(
            method, url, headers=headers, content=content, seconds=seconds, announce=announce, limit=limit
        )
        self.seen.append(Exchange(method, url, headers, content, announce is not None, answer))
        return answer
