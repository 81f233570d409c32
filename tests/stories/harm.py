"""A plugin for worker processes of tests: their requests end badly at points that no server can reach.

ML_HARM names a folder. Its plan says for a document, by its control, how the first request that carries it ends; the
other planned documents of that request are used up with it. Each strike is noted before it is carried out, so that a
process that follows does not strike again.

unsent      announced, then the time to begin sending is over: no byte leaves
before      the gateway reads the request, does nothing, breaks off
committed   the gateway does it all, then breaks off
lost        the answer came in whole, and the worker loses it
killed      the answer came in whole, and the process is killed in the transaction that records it
"""

import json
import os
import re
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.db.models.signals import pre_save

from audit.models import Posting
from connectors.base import Announce, Response, Window
from connectors.http import HttpWire

AT_THE_GATEWAY = {"before": "before", "committed": "commit_then_reset"}
CONTROL = re.compile(rb'controlid="([^"]+)"')

_request = HttpWire.request
_doomed: set[str] = set()


class LostError(Exception):
    """The worker lost the answer that it had."""


def _folder() -> Path | None:
    name = os.environ.get("ML_HARM")
    return Path(name) if name else None


def _read(folder: Path) -> tuple[dict[str, str], str]:
    """What is still to be struck, and where the books are."""
    told = json.loads((folder / "plan.json").read_text())
    used: set[str] = set()
    struck = folder / "strikes.jsonl"
    if struck.exists():
        used = {key for line in struck.read_text().splitlines() for key in json.loads(line)["planned"]}
    return {key: point for key, point in told["plan"].items() if key not in used}, told["books"]


def _note(folder: Path, point: str, planned: list[str], carried: list[str]) -> None:
    with (folder / "strikes.jsonl").open("a") as file:
        file.write(json.dumps({"point": point, "planned": planned, "carried": carried}) + "\n")


def _tell(books: str, fault: str, control: str) -> None:
    body = json.dumps({"fault": fault, "match": {"controlid": control}}).encode()
    urllib.request.urlopen(f"{books}/_control/faults", body, timeout=20).close()


def request(self: HttpWire, *args: Any, announce: Announce | None = None, **how: Any) -> Response:
    folder = _folder()
    if announce is None or folder is None:
        return _request(self, *args, announce=announce, **how)
    carried = [one.decode() for one in CONTROL.findall(how["content"])]
    plan, books = _read(folder)
    planned = [control for control in carried if control in plan]
    if not planned:
        return _request(self, *args, announce=announce, **how)
    point = plan[planned[0]]

    def announced() -> Window:
        window = announce()  # where this raises, no request carries the documents
        _note(folder, point, planned, carried)
        if point in AT_THE_GATEWAY:
            _tell(books, AT_THE_GATEWAY[point], planned[0])
        return replace(window, send_by=0.0) if point == "unsent" else window

    answer = _request(self, *args, announce=announced, **how)
    if point == "lost":
        raise LostError
    if point == "killed":
        _doomed.update(planned)
    return answer


def die(instance: Posting, **_: Any) -> None:
    if instance.record.control in _doomed:
        os._exit(9)


HttpWire.request = request  # type: ignore[method-assign]
pre_save.connect(die, sender=Posting, dispatch_uid="harm")
