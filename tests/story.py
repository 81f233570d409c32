"""A world for whole stories: both stand-ins, a provisioned workspace, the engine in this process."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection as database
from django.test import Client
from django.test.utils import override_settings

import standins.sage_intacct
import standins.stripe
from portal.demo import WORKSPACE, plan
from portal.engine.provisioning import provision
from portal.models import Connection

SECRET = "whsec_story"


@dataclass
class Story:
    shop: standins.stripe.Shop
    stripe: standins.stripe.StripeServer
    books: Any
    intacct: Any
    hook: str
    plan: dict[str, Any]

    @property
    def company(self) -> Any:
        return self.books.company("ACME-DEMO")

    def work(self, *, threads: int = 1, seconds: float = 60) -> None:
        """Until nothing moves any more."""
        call_command("work", until_quiet=True, threads=threads, seconds=seconds)

    def deliver(self, *, client: Client | None = None) -> list[int]:
        """Hands every webhook that the shop holds to the door; returns the answers."""
        answers = []
        for one in self.shop.deliveries():
            _, body, headers = self.shop.signed(one["id"])
            answers.append(self.post(body, headers, client).status_code)
        return answers

    def post(self, body: bytes, headers: dict[str, str], client: Client | None = None) -> Any:
        extra = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
        extra.pop("HTTP_CONTENT_TYPE", None)
        return (client or Client()).generic("POST", self.hook, body, content_type="application/json", **extra)

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Rows of an object in the stand-in's books."""
        return list(self.company.rows(name).values())

    def gl(self, account: str) -> Decimal:
        """Balance of a GL account in the stand-in's books, debit positive."""
        from standins.sage_intacct import ledger

        return Decimal(ledger.balances(self.company).get(account, 0))


@contextmanager
def story(*, stripe: dict[str, Any] | None = None, intacct: dict[str, Any] | None = None) -> Iterator[Story]:
    """Both stand-ins with these knobs, and a workspace that is connected to them and live."""
    shop, stripe_server = standins.stripe.serve(seed="story", **({"webhooks": "manual"} | (stripe or {})))
    books, intacct_server = standins.sage_intacct.serve(**(intacct or {}))
    reachable = frozenset(server.url.removeprefix("http://") for server in (stripe_server, intacct_server))
    try:
        with override_settings(REACHABLE=reachable):
            wanted = plan(intacct_server.url, stripe_server.url, SECRET)
            made = provision(wanted)
            assert not any(made.failed.values()), json.dumps(made.failed, indent=1)
            shop.create_endpoint("http://127.0.0.1:9/held", secret=SECRET)
            yield Story(shop, stripe_server, books, intacct_server, made.hooks["Stripe"], wanted)
    finally:
        stripe_server.stop()
        intacct_server.stop()


def workspace_connections() -> dict[str, Connection]:
    return {one.name: one for one in Connection.objects.filter(workspace__name=WORKSPACE)}


def told() -> str:
    """Where every record stands, for the message of an assertion that failed."""
    from portal.engine import status

    rows = status.each(None)
    names = ("flow", "key", "state", "waits_for", "code", "said", "verdict", "posting")
    return "\n".join(" | ".join(str(row[name]) for name in names) for row in rows)
