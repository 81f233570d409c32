"""What every part of the shop stands on: the objects by kind and id, hidden facts beside them, time, ids, events."""

import contextlib
import functools
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar, cast

from standins.stripe.clock import Clock
from standins.stripe.errors import missing
from standins.stripe.ids import Ids
from standins.stripe.knobs import Knobs
from standins.stripe.versions import family_of, present

Json = dict[str, Any]

M = TypeVar("M", bound=Callable[..., Any])


def operation(method: M) -> M:
    """One thing that happens in the shop: alone, and what falls due at once follows when the outermost one is over."""

    @functools.wraps(method)
    def alone(self: "Core", *args: Any, **kwargs: Any) -> Any:
        with self.lock, self.inside():
            return method(self, *args, **kwargs)

    return cast(M, alone)


# The names in the API's own sentences, where they differ from the object's name.
_WORDS = {"line_item": "invoice line item", "balance_transaction": "balance transaction", "credit_note": "credit note"}


class Core:
    """Objects are kept in the pinned shape; older shapes are made when asked for. Who reads or changes holds `lock`."""

    def __init__(self, knobs: Knobs | None = None, seed: str | None = None) -> None:
        self.lock = threading.RLock()
        self.knobs = knobs or Knobs()
        self.clock = Clock()
        self.ids = Ids(seed)
        self.base_url = "http://127.0.0.1"
        self.request: Json | None = None
        self.listeners: list[Callable[[Json], None]] = []
        self.after_change: Callable[[], None] = lambda: None
        self.depth = 0
        self.clear()

    def clear(self) -> None:
        self.objects: dict[str, dict[str, Json]] = {}
        self.kind_of: dict[str, str] = {}
        self.sequence: dict[str, int] = {}
        self.hidden: dict[str, Json] = {}
        self.timers: list[tuple[float, str, str]] = []  # due, what, id

    # objects

    def keep(self, obj: Json, **hidden: Any) -> Json:
        kind = obj["object"]
        self.objects.setdefault(kind, {})[obj["id"]] = obj
        self.kind_of[obj["id"]] = kind
        self.sequence[obj["id"]] = len(self.sequence)
        if hidden:
            self.hidden[obj["id"]] = hidden
        return obj

    def drop(self, obj: Json) -> None:
        self.objects[obj["object"]].pop(obj["id"])
        self.kind_of.pop(obj["id"])

    def get(self, kind: str, id: str) -> Json:
        found = self.objects.get(kind, {}).get(id)
        if found is None:
            raise missing(_WORDS.get(kind, kind), id)
        return found

    def all(self, kind: str) -> Iterable[Json]:
        return self.objects.get(kind, {}).values()

    def newest(self, kind: str) -> list[Json]:
        def order(obj: Json) -> tuple[int, int]:
            return int(obj.get("created") or obj.get("date") or 0), self.sequence[obj["id"]]

        return sorted(self.all(kind), key=order, reverse=True)

    def secret(self, id: str) -> Json:
        """Facts that the API never shows: a charge's rows, a row's payout, an invoice's lines."""
        return self.hidden.setdefault(id, {})

    def stamp(self, prefix: str) -> Json:
        return {"id": self.ids.new(prefix), "created": self.clock.now(), "livemode": self.knobs.livemode}

    # what falls due

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        self.depth += 1
        try:
            yield
            if self.depth == 1:
                self.run_due()
                self.after_change()
        finally:
            self.depth -= 1

    def run_due(self) -> None:
        now = self.clock.exact()
        due = [t for t in self.timers if t[0] <= now]
        self.timers = [t for t in self.timers if t[0] > now]
        for _, what, id in due:
            getattr(self, what)(id)

    def tick(self) -> None:
        with self.lock:
            if any(t[0] <= self.clock.exact() for t in self.timers):
                with self.inside():
                    pass

    # events

    def emit(self, type: str, obj: Json, before: Json | None = None) -> None:
        for _ in range(1 + self.knobs.twin_events):
            self._emit_once(type, obj, before)

    def _emit_once(self, type: str, obj: Json, before: Json | None) -> None:
        wanted = {self.knobs.api_version} | {
            e["api_version"] or self.knobs.api_version for e in self.all("webhook_endpoint")
        }
        shapes = {family_of(v): json.dumps(present(self, obj, v)) for v in wanted}
        previous = None if before is None else {k: v for k, v in before.items() if obj.get(k) != v}
        event = {
            **self.stamp("evt"),
            "object": "event",
            "type": type,
            "api_version": self.knobs.api_version,
            "pending_webhooks": 0,
            "request": self.request or {"id": None, "idempotency_key": None},
        }
        self.keep(event, shapes=shapes, previous=json.dumps(previous), about=obj.get("id"))
        for listener in self.listeners:
            listener(event)

    def changed(self, type: str, obj: Json, before: Json) -> None:
        """An `updated` event, with the earlier values of what is different now; nothing if nothing is."""
        if any(obj.get(k) != v for k, v in before.items()):
            self.emit(type, obj, before)

    def event_body(self, event: Json, version: str | None = None) -> Json:
        """The event as it was rendered when it happened; a later version header does not change it."""
        hidden, version = self.secret(event["id"]), version or event["api_version"]
        if family_of(version) not in hidden["shapes"]:
            version = event["api_version"]  # nobody listened in that version when it happened
        shape = hidden["shapes"][family_of(version)]
        data: Json = {"object": json.loads(shape)}
        if previous := json.loads(hidden["previous"]):
            data["previous_attributes"] = previous
        return {**event, "api_version": version, "data": data}
