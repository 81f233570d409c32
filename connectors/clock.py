"""The clock that deadlines are counted on."""

import time

# It goes on while the machine sleeps, as the other side's clock does. Where it is missing (macOS), the next best.
_CLOCK: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def boottime() -> float:
    """Seconds on `CLOCK_BOOTTIME`; the same for all processes of a machine."""
    return time.clock_gettime(_CLOCK)
