"""The toy's books as a process of their own: `python -m tests.toy.books --file LEDGER`. Prints its port.

What goes wrong is scripted over `/_control`: faults are bound to a document's number and each strikes once, in the
first request that carries it; a second one of the same number in the next. Where the faults of several documents of one
request concern the whole of it, the first in the script strikes and all are used up.

before             the connection is reset, nothing was done
commit_then_reset  booked, then the connection is reset
commit_then_500    booked, then an error 500
half               booked, then half an answer
garbage            booked, then a whole answer that nobody can read
drip               booked, then an answer that takes `seconds`
late               error 504 at once, booked after `seconds`
lost_504           error 504, never booked
throttle           429 with a pause of `seconds`
session            401: all sessions are forgotten
slow               booked and answered after `seconds`
anything else      the error of that one document; the others of the request are booked

A fault for `release:NUMBER` strikes the release of that document.
"""

import argparse
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from standins.serve import Reply, Request, Server, as_json, as_page
from tests.toy.ledger import Knobs, Ledger, Row

OF_REQUEST = (
    "before",
    "commit_then_reset",
    "commit_then_500",
    "half",
    "garbage",
    "drip",
    "late",
    "lost_504",
    "throttle",
    "session",
    "slow",
)


@dataclass
class Fault:
    key: str
    fault: str
    seconds: float = 0.0
    fired: bool = False


class Flight:
    """How many requests are in flight; one whose answer drips is in flight until its connection has ended."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.now = 0
        self.most = 0
        self.mine = threading.local()

    def enter(self) -> None:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.mine.inside = True

    def leave(self) -> None:
        if getattr(self.mine, "inside", False):
            self.mine.inside = False
            with self.lock:
                self.now -= 1


class BooksServer(Server):
    def __init__(self, books: "Books", port: int) -> None:
        super().__init__(books, port)
        self.books = books

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.books.flight.leave()


class Books:
    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.flight = Flight()
        self.faults: list[Fault] = []
        self.sessions: set[str] = set()
        self.requests: dict[str, int] = {}
        self.lock = threading.RLock()

    def __call__(self, request: Request) -> Reply:
        if request.path == "/_control":
            return self._control(request)
        self.flight.enter()
        reply = self._serve(request.path.rpartition("/")[2], request)
        if reply.end != "drip":
            self.flight.leave()
        return reply

    def _serve(self, what: str, request: Request) -> Reply:
        with self.lock:
            self.requests[what] = self.requests.get(what, 0) + 1
        time.sleep(self.ledger.knobs.slow)
        asked = request.json()
        if what == "sign_in":
            return self._sign_in(asked)
        if request.headers.get("x-session") not in self.sessions:
            return as_json({}, 401)
        answer: Callable[[Row], Reply] = getattr(self, f"_{what}")
        return answer(asked)

    # --- what the books can do ----------------------------------------------------------------------------------------

    def _sign_in(self, asked: Row) -> Reply:
        if asked["password"] != self.ledger.knobs.password:
            return as_json({}, 403)
        token = secrets.token_hex(8)
        self.sessions.add(token)
        return as_json({"token": token})

    def _account(self, asked: Row) -> Reply:
        return as_json({"name": self.ledger.knobs.name})

    def _choices(self, asked: Row) -> Reply:
        return as_json({"values": ["4000", "4010"]})

    def _find(self, asked: Row) -> Reply:
        return as_json({"found": self.ledger.find(asked["kind"], asked["numbers"])})

    def _read(self, asked: Row) -> Reply:
        return as_json({"rows": self.ledger.read(asked["ids"])})

    def _create(self, asked: Row) -> Reply:
        rows = asked["documents"]
        faults = self._strike([row["number"] for row in rows])
        errors = {fault.key: fault.fault for fault in faults if fault.fault not in OF_REQUEST}
        whole = [fault for fault in faults if fault.fault in OF_REQUEST]
        if any(row["number"] in self.ledger.knobs.poison for row in rows):
            return as_json({"said": "poison"}, 422)
        return self._harmed(whole[0] if whole else None, lambda: {"answers": self.ledger.create(rows, errors)})

    def _release(self, asked: Row) -> Reply:
        faults = self._strike([f"release:{asked['number']}"])
        return self._harmed(faults[0] if faults else None, lambda: self.ledger.release(asked["id"]))

    # --- what goes wrong ----------------------------------------------------------------------------------------------

    def _strike(self, keys: list[str]) -> list[Fault]:
        with self.lock:
            waiting = [fault for fault in self.faults if not fault.fired and fault.key in keys]
            struck = {fault.key: fault for fault in reversed(waiting)}
            for fault in struck.values():
                fault.fired = True
            return [fault for fault in waiting if fault.fired]

    def _harmed(self, fault: Fault | None, act: Callable[[], Row]) -> Reply:
        name, seconds = (fault.fault, fault.seconds) if fault else ("", 0.0)
        if name and name not in OF_REQUEST:
            return as_json({"error": name, "said": f"This is {name}."})
        if name in ("before", "throttle", "session", "late", "lost_504"):
            return self._not_now(name, seconds, act)
        if name == "slow":
            time.sleep(seconds)
        answer = as_json(act())
        if name == "commit_then_reset":
            return Reply(end="reset")
        if name == "commit_then_500":
            return as_json({}, 500)
        if name == "half":
            return Reply(200, answer.body, answer.headers, end="half")
        if name == "garbage":
            return as_page("<html>Welcome")
        if name == "drip":
            return Reply(200, answer.body + b" " * 2000, answer.headers, end="drip", seconds=seconds)
        return answer

    def _not_now(self, name: str, seconds: float, act: Callable[[], Row]) -> Reply:
        if name == "before":
            return Reply(end="reset")
        if name == "throttle":
            return as_json({}, 429, **{"Retry-After": str(seconds)})
        if name == "session":
            self.sessions.clear()
            return as_json({}, 401)
        if name == "late":
            late = threading.Timer(seconds, act)
            late.daemon = True
            late.start()
        return as_json({}, 504)

    # --- the script ---------------------------------------------------------------------------------------------------

    def _control(self, request: Request) -> Reply:
        if request.method == "POST":
            asked = request.json()
            with self.lock:
                self.faults += [Fault(**one) for one in asked.get("faults", ())]
                self.ledger.knobs = Knobs(**{**asdict(self.ledger.knobs), **asked.get("knobs", {})})
        return as_json(
            {
                "documents": self.ledger.documents(),
                "most_in_flight": self.flight.most,
                "requests": self.requests,
                "unfired": [fault.key for fault in self.faults if not fault.fired],
            }
        )


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--port", type=int, default=0)
    arguments.add_argument("--file", required=True)
    options = arguments.parse_args()
    server = BooksServer(Books(Ledger(options.file)), options.port)
    print(server.server_address[1], flush=True)
    server.serve_forever(poll_interval=0.05)


if __name__ == "__main__":
    main()
