"""The control plane for tests in other processes, and for demonstrations: `/_control/…`, JSON in and out."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from standins.serve import Reply, Request, as_json
from standins.stampli.awkward import ACTS, crowd
from standins.stampli.sftp import User

if TYPE_CHECKING:
    from standins.stampli import StampliServer

PREFIX = "/_control/"


class Control:
    def __init__(self, server: "StampliServer") -> None:
        self.server = server
        world, outbox = server.world, server.world.outbox
        self.doors: dict[tuple[str, str], Callable[[Any], Any]] = {
            ("GET", "files"): lambda _: {f: outbox.listed(f) for f in ("", "archive", "error")},
            ("GET", "truth"): lambda _: server.story.truth(),
            ("GET", "requests"): lambda _: world.asked[-1000:],
            ("DELETE", "requests"): lambda _: world.asked.clear(),
            ("GET", "sign-ins"): lambda _: world.tries[-1000:],
            ("GET", "counts"): lambda _: {"connections": world.connections},
            ("GET", "faults"): lambda _: world.faults.as_list(),
            ("POST", "faults"): self._fault,
            ("DELETE", "faults"): lambda _: world.faults.clear(),
            ("GET", "knobs"): lambda _: world.knobs.as_dict(),
            ("POST", "knobs"): self._turn,
            ("GET", "address"): lambda _: server.address(),
            ("POST", "users"): self._user,
            ("POST", "week"): lambda body: server.export_week(**body),
            ("POST", "awkward"): self._awkward,
            ("POST", "drop"): self._drop,
            ("POST", "begin"): lambda body: str(outbox.begin(body["name"], body["content"])),
            ("POST", "go_on"): lambda body: str(outbox.go_on(body["name"], body["content"])),
            ("POST", "rename"): lambda body: outbox.rename(body["name"], body["new"]),
            ("POST", "remove"): lambda body: outbox.remove(body["name"]),
            ("POST", "lose_folder"): lambda body: outbox.lose_folder(body["name"]),
            ("POST", "make_folder"): lambda body: outbox.make_folder(body["name"]),
            ("POST", "host_key"): lambda _: server.sftp.renew_host_key(),
            ("POST", "hang_up"): lambda _: server.sftp.hang_up(),
            ("POST", "reset"): lambda _: server.reset(),
        }

    def __call__(self, request: Request) -> Reply:
        name = request.path.removeprefix(PREFIX).strip("/")
        door = self.doors.get((request.method, name))
        if door is None:
            return as_json({"error": f"no such door; there are {sorted({n for _, n in self.doors})}"}, 404)
        try:
            answer = door(request.json() if request.method == "POST" else dict(request.query))
        except (KeyError, TypeError, ValueError, OSError) as error:
            return as_json({"error": f"{type(error).__name__}: {error}"}, 400)
        return as_json({"ok": True} if answer is None else plain(answer))

    def _fault(self, body: Any) -> Any:
        for one in body if isinstance(body, list) else [body]:
            self.server.world.faults.add(**one)
        return self.server.world.faults.as_list()

    def _turn(self, body: Any) -> Any:
        self.server.world.knobs.turn(body)
        return asdict(self.server.world.knobs)

    def _user(self, body: Any) -> None:
        user = User(**{**body, "keys": tuple(body.get("keys", ()))})
        self.server.world.users[user.name] = user

    def _awkward(self, body: Any) -> None:
        if body["what"] == "crowd":
            crowd(self.server.world.outbox, int(body.get("count", 4000)))
        else:
            ACTS[body["what"]][1](self.server.world.outbox)

    def _drop(self, body: Any) -> None:
        self.server.world.outbox.drop(body["name"], body["content"], body.get("mtime"))


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return str(value) if isinstance(value, Decimal | date) else value
