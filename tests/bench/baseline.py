"""Sends READY payments one per request in turn, create only, and prints the seconds that each took."""

import sys
import time

import django

django.setup()

from audit.models import Record, State  # noqa: E402 - Django must be set up first
from connectors.base import Window  # noqa: E402
from connectors.http import boottime  # noqa: E402
from portal.engine import access, documents  # noqa: E402


def announce() -> Window:
    now = boottime()
    return Window(now + 5, now + 30)


def main(count: int) -> None:
    rows = Record.objects.filter(state=State.READY, kind="payment").select_related("link__target")[:count]
    target = access.client(rows[0].link.target)
    ready = [documents.of(record) for record in rows]
    calls = [target.render(one, look, None) for one, look in zip(ready, target.look(ready), strict=True)]
    began = time.monotonic()
    for call in calls:
        answers = target.send([call], announce)
        assert call.control in answers, answers
    print((time.monotonic() - began) / len(calls))


if __name__ == "__main__":
    main(int(sys.argv[1]))
