"""A shop of our own on this machine, and the connector in front of it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.base import Access, Fact, Json, Page
from connectors.http import HttpWire
from connectors.stripe import SYSTEM, Credentials, Stripe
from standins.stripe import Shop, StripeServer


class NoSessions:
    def load(self, key: str) -> Json | None:
        return None

    def save(self, key: str, value: Json) -> None:
        raise AssertionError("Stripe has no sign-in to keep")

    def drop(self, key: str) -> None:
        raise AssertionError("Stripe has no sign-in to keep")


@dataclass
class Bench:
    shop: Shop
    server: StripeServer

    def source(self, key: str = "sk_test_shop", account: str = "", **settings: Any) -> Stripe:
        wire = HttpWire(None, frozenset([self.server.url.removeprefix("http://")]))
        credentials = Credentials(key, account_id=account, api_base=self.server.url)
        made: Stripe = SYSTEM.connect(Access(credentials, wire, NoSessions(), {"lag_seconds": 0, **settings}))
        return made

    @property
    def now(self) -> datetime:
        """The shop's clock, past the second in which something was just made."""
        return datetime.fromtimestamp(self.shop.clock.now(), UTC) + timedelta(seconds=1)

    def asked(self, path: str) -> int:
        return sum(path == one["path"] for one in self.server.api.asked)

    def customer(self) -> str:
        return str(self.shop.create_customer("Acme Ltd", "ap@acme.example")["id"])

    def invoice(self, amount: int = 10_000, customer: str = "", **more: Any) -> Json:
        lines = more.pop("lines", [{"amount": amount, "description": "Pro plan"}])
        made: Json = self.shop.create_invoice(customer or self.customer(), lines, finalize=True, **more)
        return made


def read_through(source: Stripe, feed: str, now: datetime, cursor: str = "") -> tuple[list[Fact], list[Page]]:
    """All pages of a feed until it rests."""
    pages = []
    while True:
        page = source.poll(feed, cursor, now)
        pages.append(page)
        cursor = page.cursor
        if not page.more:
            return [fact for one in pages for fact in one.facts], pages
