"""Forks processes from one that has Django loaded, so that a real worker process starts in milliseconds.

Runs as a process of its own: a line of JSON on stdin asks for a child with an environment and a call, lines of JSON on
stdout say its process id and how it ended.
"""

import importlib
import json
import os
import select
import socket
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    import portal.management.commands.work  # noqa: F401 - loaded once for all children

    children: dict[int, Any] = {}
    buffer = b""
    say({"ready": os.getpid()})
    while True:
        ready, _, _ = select.select([0], [], [], 0.005 if children else 0.2)
        if ready:
            part = os.read(0, 65_536)
            if not part:
                return
            *lines, buffer = (buffer + part).split(b"\n")
            for line in lines:
                order = json.loads(line)
                pid = fork(order)
                children[pid] = order["id"]
                say({"id": order["id"], "pid": pid})
        bury(children)


def bury(children: dict[int, Any]) -> None:
    for pid in list(children):
        gone, status = os.waitpid(pid, os.WNOHANG)
        if gone:
            say({"id": children.pop(pid), "exit": os.waitstatus_to_exitcode(status)})


def say(value: dict[str, Any]) -> None:
    os.write(1, json.dumps(value).encode() + b"\n")


def fork(order: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        become(order)
        module, _, name = order["call"].partition(":")
        result = getattr(importlib.import_module(module), name)(**order["args"])
        if order.get("result"):
            Path(order["result"]).write_text(json.dumps(result))
        status = 0
    except BaseException:  # noqa: BLE001 - the end of a process
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def become(order: dict[str, Any]) -> None:
    """Takes over the order's environment, as if this process had been started with it."""
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.update(order["env"])

    from django.conf import settings
    from django.db import connections

    from portal import settings as module

    fresh = importlib.reload(module)
    for name in dir(fresh):
        if name.isupper():
            setattr(settings, name, getattr(fresh, name))
    if os.environ.get("TOY_ENGINE"):
        settings.DATABASES["default"]["ENGINE"] = os.environ["TOY_ENGINE"]
    connections._settings = None  # type: ignore[attr-defined]
    connections.__dict__.pop("settings", None)
    for alias in list(connections):
        if hasattr(connections._connections, alias):  # type: ignore[attr-defined]
            del connections[alias]
    count_from_announcement()


def count_from_announcement() -> None:
    """Tells whoever counts database messages when an announcement begins."""
    from tests.toy import harm

    if os.environ.get("TOY_KILL"):
        from tests.engine.counting.base import COUNTER

        harm.BEFORE_ANNOUNCE.append(COUNTER.begin)
    if os.environ.get("TOY_ARM"):
        harm.BEFORE_ANNOUNCE.append(arm)


def arm() -> None:
    if os.environ.get("TOY_ARM"):
        with socket.create_connection(("127.0.0.1", int(os.environ.pop("TOY_ARM")))) as line:
            line.sendall(str(os.getpid()).encode())
            line.recv(2)


if __name__ == "__main__":
    main()
