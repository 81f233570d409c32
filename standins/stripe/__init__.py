"""A local double of Stripe: its API, its webhooks, its balance, and a small back office for people."""

import traceback
from html import escape
from pathlib import Path
from typing import Any

from standins.serve import Reply, Request, Server, as_page, go
from standins.stripe.api import Api
from standins.stripe.control import Control
from standins.stripe.demo import seed_demo
from standins.stripe.knobs import Knobs
from standins.stripe.pages import Pages
from standins.stripe.shop import Shop
from standins.stripe.webhooks import Sender

__all__ = ["Shop", "StripeServer", "seed_demo", "serve"]


class StripeServer(Server):
    """Serves one shop: the API under /v1, the control plane under /_control, pages for people elsewhere."""

    def __init__(self, shop: Shop, port: int = 0, file: Path | None = None) -> None:
        self.shop, self.api, self.file = shop, Api(shop), file
        self.control, self.pages, self.sender = Control(shop, self.api), Pages(shop), Sender(shop, self.save)
        self.unsaved = False
        super().__init__(self.route, port)
        shop.base_url = self.url
        if file and file.exists():
            shop.load(file)
        if file:
            shop.after_change = self.note_change

    def note_change(self) -> None:
        self.unsaved = True

    def save(self) -> None:
        """Called several times a second, so that a busy shop is not written out for each small step."""
        if self.unsaved and self.file:
            self.unsaved = False
            self.shop.save(self.file)

    def route(self, request: Request) -> Reply:
        try:
            return self._route(request)
        except Exception:  # noqa: BLE001 - a fault of the stand-in's own must be seen as such, not as a lost answer
            return as_page(f"<h1>The stand-in broke</h1><pre>{escape(traceback.format_exc())}</pre>", 500)

    def _route(self, request: Request) -> Reply:
        if request.path.startswith("/v1/"):
            return self.api(request)
        if request.path.startswith("/_control/"):
            return self.control(request)
        return self.pages(request) if request.path != "/favicon.ico" else go("/")

    def start(self) -> "StripeServer":
        super().start()
        self.sender.start()
        return self

    def stop(self) -> None:
        self.sender.stop()
        super().stop()
        self.save()


def serve(
    port: int = 0, *, seed: str | None = None, file: Path | None = None, **knobs: Any
) -> tuple[Shop, StripeServer]:
    """Starts a shop. `seed` makes its ids repeatable, `file` keeps it over restarts, `knobs` as in knobs.py. The key
    sk_test_shop works; others are added with server.api.keys.add(key, permissions)."""
    settings = Knobs()
    settings.turn(knobs)
    shop = Shop(settings, seed)
    return shop, StripeServer(shop, port, file).start()
