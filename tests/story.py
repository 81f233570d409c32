"""A world for whole stories: both stand-ins, a provisioned workspace, the engine in this process."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.test.utils import override_settings
from django.utils import timezone

import standins.sage_intacct
import standins.stripe
from audit.models import Record
from portal.demo import WORKSPACE, plan
from portal.engine.provisioning import provision
from portal.models import Connection, Cursor, Link

SECRET = "whsec_story"
WAITS = {"poll": 3600.0, "condition": 1.0}
"""What comes in comes by webhook; a condition that is tried again and again would never be quiet."""
Json = dict[str, Any]


@dataclass
class Story:
    shop: standins.stripe.Shop
    stripe: standins.stripe.StripeServer
    books: Any
    intacct: Any
    hook: str
    plan: Json

    @property
    def company(self) -> Any:
        return self.books.company("ACME-DEMO")

    @property
    def link(self) -> Link:
        return Link.objects.get(workspace__name=WORKSPACE)

    @property
    def reachable(self) -> str:
        return ",".join(server.url.removeprefix("http://") for server in (self.stripe, self.intacct))

    def work(self, *, threads: int = 1, seconds: float = 60) -> None:
        """Until nothing moves any more."""
        call_command("work", until_quiet=True, threads=threads, seconds=seconds)

    def deliver(self, types: Iterable[str] | None = None, *, client: Client | None = None) -> list[int]:
        """Hands the webhooks that the shop holds, of these types or all, to the door; returns the answers."""
        wanted = None if types is None else set(types)
        held = [one["id"] for one in self.shop.deliveries() if wanted is None or one["type"] in wanted]
        return [self.hand_over(one, client) for one in held]

    def hand_over(self, delivery: str, client: Client | None = None) -> int:
        _, body, headers = self.shop.signed(delivery)
        return int(self.post(body, headers, client).status_code)

    def post(self, body: bytes, headers: dict[str, str], client: Client | None = None) -> Any:
        extra: Json = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
        extra.pop("HTTP_CONTENT_TYPE", None)
        return (client or Client()).generic("POST", self.hook, body, content_type="application/json", **extra)

    def rows(self, name: str) -> list[Json]:
        """Rows of an object in the stand-in's books."""
        return list(self.company.rows(name).values())

    def gl(self, account: str) -> Decimal:
        """Balance of a GL account in the stand-in's books, debit positive."""
        from standins.sage_intacct import ledger

        return Decimal(ledger.balances(self.company).get(account, 0))

    def been_there_for_long(self) -> None:
        """What is in the books stays visible when fresh writes are not (the knob `visible_after`)."""
        with self.books.unit():
            for name in ("CUSTOMER", "ARINVOICE", "ARPYMT", "GLBATCH", "GLENTRY"):
                for row in self.rows(name):
                    self.company.put(name, row["RECORDNO"], {**row, "_AT": 0.0})

    def writes(self, function: str) -> list[Json]:
        """The requests that carried this function (`create_invoice`, `create ARPYMT`), as the books logged them."""
        name, _, of = function.partition(" ")
        return [
            asked
            for asked in list(self.books.requests)
            if any(one["name"] == name and one["object"] == of for one in asked["functions"])
        ]

    def invoice(self, customer: str, cents: int = 10000, *, paid: bool = True, **more: Any) -> Json:
        """A finalized invoice of one line, paid in full."""
        lines = [{"description": "Pro plan", "amount": cents}]
        made: Json = self.shop.create_invoice(customer, lines, finalize=True, **more)
        if paid:
            self.shop.pay(made["id"])
        return made

    def customer(self, name: str = "Acme Ltd") -> str:
        return str(self.shop.create_customer(name=name, email="ap@acme.example")["id"])


@contextmanager
def story(
    *,
    stripe: Json | None = None,
    intacct: Json | None = None,
    seed: Json | None = None,
    waits: dict[str, float] | None = None,
    change: Callable[[Json], None] = lambda workspace: None,
) -> Iterator[Story]:
    """Both stand-ins with these knobs, and a workspace that is connected to them and live.

    `waits` change those of the tests, `change` may alter the workspace of the plan.
    """
    shop, stripe_server = standins.stripe.serve(seed="story", **{"webhooks": "manual", **(stripe or {})})
    books, intacct_server = standins.sage_intacct.serve(seed=False, **(intacct or {}))
    standins.sage_intacct.seed_demo(books, **(seed or {}))
    reachable = frozenset(server.url.removeprefix("http://") for server in (stripe_server, intacct_server))
    own = replace(settings.WAITS, **(WAITS | (waits or {})))
    try:
        with override_settings(REACHABLE=reachable, WAITS=own):
            wanted = plan(intacct_server.url, stripe_server.url, SECRET)
            wanted["workspaces"][0]["people"] = []
            change(wanted["workspaces"][0])
            made = provision(wanted)
            assert not any(made.failed.values()), json.dumps(made.failed, indent=1)
            Cursor.objects.update(due_at=timezone.now() + timedelta(seconds=own.poll))
            shop.create_endpoint("http://127.0.0.1:9/held", secret=SECRET)
            yield Story(shop, stripe_server, books, intacct_server, made.hooks["Stripe"], wanted)
    finally:
        stripe_server.stop()
        intacct_server.stop()


def workspace_connections() -> dict[str, Connection]:
    return {one.name: one for one in Connection.objects.filter(workspace__name=WORKSPACE)}


def record(flow: str, key: str = "") -> Record:
    """The one record of a flow, or the one with this key."""
    rows = Record.objects.filter(flow=f"stripe_intacct.{flow}")
    return rows.get(key=key) if key else rows.get()


def trail_of(one: Record) -> list[str]:
    return list(one.trail.order_by("pk").values_list("what", flat=True))


def told() -> str:
    """Where every record stands, for the message of an assertion that failed."""
    from portal.engine import status

    rows = status.each(None)
    names = ("flow", "key", "state", "waits_for", "code", "said", "verdict", "posting")
    return "\n".join(" | ".join(str(row[name]) for name in names) for row in rows)
