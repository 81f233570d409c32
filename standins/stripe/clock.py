"""The shop's time: the real one, a shifted one, or one that stands still until a test moves it."""

import time


class Clock:
    def __init__(self) -> None:
        self.shift = 0.0
        self.stopped_at: float | None = None

    def exact(self) -> float:
        return time.time() + self.shift if self.stopped_at is None else self.stopped_at

    def now(self) -> int:
        return int(self.exact())

    def stop(self, at: float | None = None) -> None:
        self.stopped_at = self.exact() if at is None else float(at)

    def run(self) -> None:
        """Runs on from where it stands."""
        self.shift, self.stopped_at = self.exact() - time.time(), None

    def advance(self, seconds: float) -> None:
        if self.stopped_at is None:
            self.shift += seconds
        else:
            self.stopped_at += seconds

    def real(self) -> None:
        self.shift, self.stopped_at = 0.0, None
