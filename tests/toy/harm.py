"""What befalls a worker around a send: bound to the number of a document, each once, over all processes.

`TOY_HARM` names a folder. `plan.json` in it says `{number: harm}`; a file beside it remembers what has struck.
"""

import json
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

from connectors.base import Announce, Response, Window
from connectors.errors import Unavailable

BEFORE_ANNOUNCE: list[Callable[[], None]] = []
"""Called right before every announcement: where the counting of database messages begins."""


def strike(numbers: Sequence[str]) -> str:
    """The first harm planned for these documents that has not struck yet; all that are planned for them are used up."""
    place = os.environ.get("TOY_HARM")
    if not place:
        return ""
    plan = json.loads((Path(place) / "plan.json").read_text())
    struck = [plan[number] for number in numbers if number in plan and _first_time(Path(place) / f"struck.{number}")]
    return struck[0] if struck else ""


def around(numbers: Sequence[str], announce: Announce, send: Callable[[Announce], Response]) -> Response:
    """Sends, with the harm that is planned for these documents."""
    harm = strike(numbers)

    def announced() -> Window:
        _stop_if(harm == "stop_before_announce")
        for begin in BEFORE_ANNOUNCE:
            begin()
        window = announce()
        _stop_if(harm == "stop_before_send")
        if harm == "unsent":
            raise Unavailable("the network went away before the first byte", sent=False)
        return window

    answer = send(announced)
    _stop_if(harm == "stop_before_recording")
    if harm == "answer_lost":
        raise Unavailable("the answer was lost in the worker", sent=True)
    if harm == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    return answer


def _stop_if(stop: bool) -> None:
    if stop:
        os.kill(os.getpid(), signal.SIGSTOP)


def _first_time(marker: Path) -> bool:
    try:
        marker.open("x").close()
    except FileExistsError:
        return False
    return True
