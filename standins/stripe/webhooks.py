"""Webhooks as they really come: signed, retried, twice, late, out of order, or not at all."""

import hashlib
import hmac
import http.client
import json
import random
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from standins.stripe import blanks
from standins.stripe.core import Json, operation
from standins.stripe.paying_out import PayingOut
from standins.stripe.versions import knows


class Hooks(PayingOut):
    """Endpoints, and a delivery for each event that one of them listens to. Who sends them is the Sender's business."""

    def clear(self) -> None:
        super().clear()
        self.sent: list[Json] = []
        self.dice = random.Random(self.ids.seed)
        self.ring = threading.Event()
        self.listeners = [self._deliver]

    @operation
    def create_endpoint(
        self,
        url: str,
        events: list[str] | None = None,
        *,
        api_version: str | None = None,
        secret: str | None = None,
        **more: Any,
    ) -> Json:
        """The answer alone shows the secret."""
        endpoint = {
            **blanks.endpoint(),
            **self.stamp("we"),
            "url": url,
            "enabled_events": events or ["*"],
            "api_version": api_version,
            **more,
        }
        secret = secret or f"whsec_{self.ids.text(32)}"
        self.keep(endpoint, secrets=[secret])
        return {**endpoint, "secret": secret}

    @operation
    def roll_secret(self, endpoint_id: str, keep_old: bool = True, secret: str | None = None) -> str:
        """A new secret; while the old one is kept, every delivery is signed with both."""
        new = secret or f"whsec_{self.ids.text(32)}"
        hidden = self.secret(endpoint_id)
        hidden["secrets"] = [new, *hidden["secrets"][:1]] if keep_old else [new]
        return new

    def drop_old_secret(self, endpoint_id: str) -> None:
        hidden = self.secret(endpoint_id)
        hidden["secrets"] = hidden["secrets"][:1]

    @operation
    def resend(self, event_id: str) -> None:
        self._deliver(self.get("event", event_id))

    def deliveries(self, state: str | None = None) -> list[Json]:
        """The newest last: {id, event, type, endpoint, url, state, due, attempts: [{at, status, answer}]}."""
        with self.lock:
            return [dict(d) for d in self.sent if state in (None, d["state"])]

    def signed(self, delivery_id: str) -> tuple[str, bytes, dict[str, str]]:
        """Where, what, and with which headers: made anew, hence with a fresh signature, for each attempt."""
        with self.lock:
            delivery = next(d for d in self.sent if d["id"] == delivery_id)
            secrets = list(self.secret(delivery["endpoint"])["secrets"])
            if delivery["mis_signed"]:
                secrets = ["whsec_somebody_else"]
            event = self.get("event", delivery["event"])
            body = json.dumps(self.event_body(event, delivery["version"]), indent=2).encode()
            stamp = int(time.time() if self.clock.stopped_at is None else self.clock.exact()) - int(self.knobs.age)
            headers = {
                "Content-Type": "application/json; charset=utf-8",
                "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
                "Stripe-Signature": signature(stamp, body, secrets),
            }
            return delivery["url"], body, headers

    def send_now(self, delivery_id: str) -> Json:
        """One attempt, whatever the knobs say."""
        delivery = next(d for d in self.sent if d["id"] == delivery_id)
        attempt(self, delivery)
        return dict(delivery)

    def _deliver(self, event: Json) -> None:
        for endpoint in list(self.all("webhook_endpoint")):
            listens = "*" in endpoint["enabled_events"] or event["type"] in endpoint["enabled_events"]
            version = endpoint["api_version"] or self.knobs.api_version
            if listens and knows(version, event["type"]) and endpoint["status"] == "enabled":
                for _ in range(1 + self.knobs.duplicates):
                    self._queue(event, endpoint, version)
        self.ring.set()

    def _queue(self, event: Json, endpoint: Json, version: str) -> None:
        knobs, due = self.knobs, time.time() + self.knobs.delay
        if knobs.reorder:
            due += self.dice.random() * max(0.3, knobs.delay)
        state = "held" if knobs.webhooks == "manual" else "dropped" if self.dice.random() < knobs.drop else "pending"
        event["pending_webhooks"] += 1
        delivery = {
            "id": self.ids.new("whd"),
            "event": event["id"],
            "type": event["type"],
            "endpoint": endpoint["id"],
            "state": state,
            "url": endpoint["url"],
            "version": version,
            "due": due,
            "mis_signed": self.dice.random() < knobs.mis_sign,
            "created": event["created"],
            "attempts": [],
        }
        self.sent.append(delivery)


def signature(stamp: int, body: bytes, secrets: list[str]) -> str:
    signed = f"{stamp}.".encode() + body
    parts = [hmac.new(s.encode(), signed, hashlib.sha256).hexdigest() for s in secrets]
    return ",".join([f"t={stamp}", *(f"v1={p}" for p in parts)])


def attempt(shop: Hooks, delivery: Json) -> None:
    url, body, headers = shop.signed(delivery["id"])
    status, answer = _post(url, body, headers, shop.knobs.webhook_timeout)
    with shop.lock:
        delivery["attempts"].append({"at": int(time.time()), "status": status, "answer": answer})
        tries, waits = len(delivery["attempts"]), shop.knobs.retry_seconds
        if 200 <= status < 300:
            delivery["state"] = "done"
            shop.get("event", delivery["event"])["pending_webhooks"] -= 1
        elif tries <= len(waits):
            delivery.update(
                state="pending" if delivery["state"] != "held" else "held", due=time.time() + waits[tries - 1]
            )
        else:
            delivery["state"] = "failed"
    shop.after_change()


def _post(url: str, body: bytes, headers: dict[str, str], timeout: float) -> tuple[int, str]:
    """The answer's status and beginning; 0 and the trouble if there was none. Redirects count as failures."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=timeout)
    try:
        connection.request("POST", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), body, headers)
        response = connection.getresponse()
        return response.status, response.read(500).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as trouble:
        return 0, f"{type(trouble).__name__}: {trouble}"
    finally:
        connection.close()


class Sender:
    """The thread that sends what is due, and lets time pass in the shop."""

    def __init__(self, shop: Hooks, each_round: Callable[[], None] = lambda: None) -> None:
        self.shop, self.each_round = shop, each_round
        self.running = True
        self.thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> "Sender":
        self.thread.start()
        return self

    def stop(self) -> None:
        self.running = False
        self.shop.ring.set()

    def _run(self) -> None:
        while self.running:
            self.shop.ring.wait(0.1)
            self.shop.ring.clear()
            self.shop.tick()
            for delivery in self._due():
                attempt(self.shop, delivery)
            self.each_round()

    def _due(self) -> list[Json]:
        with self.shop.lock:
            now = time.time()
            due = [d for d in self.shop.sent if d["state"] == "pending" and d["due"] <= now]
            return sorted(due, key=lambda d: float(d["due"]))
