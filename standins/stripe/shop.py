"""The shop: everything that can happen in one Stripe account, as methods; what was said and done stays in it."""

import json
from pathlib import Path
from typing import Any

from standins.stripe.core import Json
from standins.stripe.webhooks import Hooks

_KEPT = ("objects", "kind_of", "sequence", "hidden", "timers", "sent")


class Shop(Hooks):
    """Amounts are minor units. Every method is one operation: alone under the lock, events in the order of life."""

    def turn(self, **knobs: Any) -> None:
        with self.lock:
            self.knobs.turn(knobs)

    def reset(self) -> None:
        """An empty shop; ids go on, so that nothing old is met again. Endpoints go too."""
        with self.lock:
            self.clear()
            self.after_change()

    def dump(self) -> Json:
        """All objects by kind, and the deliveries."""
        with self.lock:
            copy: Json = json.loads(json.dumps({"objects": self.objects, "deliveries": self.sent}))
            return {**copy["objects"], "deliveries": copy["deliveries"], "balance": self.balance()}

    def save(self, path: Path) -> None:
        with self.lock:
            state = {name: getattr(self, name) for name in _KEPT}
            text = json.dumps({**state, "seed": self.ids.seed, "count": self.ids.count, "shift": self.clock.shift})
        part = path.with_suffix(".part")
        part.write_text(text)
        part.replace(path)

    def load(self, path: Path) -> None:
        with self.lock:
            state = json.loads(path.read_text())
            for name in _KEPT:
                setattr(self, name, state[name])
            self.timers = [(t[0], t[1], t[2]) for t in self.timers]
            self.ids.seed, self.ids.count, self.clock.shift = state["seed"], state["count"], state["shift"]
