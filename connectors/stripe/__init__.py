"""Stripe as a source: customers, invoices, payments of invoices, refunds. https://docs.stripe.com/api"""

import re
from dataclasses import dataclass
from typing import Literal

from connectors.base import Hook, Limits, System, ask, secret
from connectors.errors import Malformed
from connectors.stripe import hook, loading, window
from connectors.stripe.reading import READERS
from connectors.stripe.source import Stripe

KEY = re.compile(r"(sk|rk)_(test|live)_[0-9A-Za-z_]+")


@dataclass(frozen=True)
class Credentials:
    secret_key: str = secret(
        "Secret or restricted key",
        help="rk_live_… or sk_live_…, in Stripe under Developers, API keys. A restricted key with read rights is best.",
        where="https://dashboard.stripe.com/apikeys",
    )
    account_id: str = ask(
        "Account id", help="acct_…; needed only where the key may not read its own account.", default=""
    )
    api_base: str = ask("API address", help="Leave as it is, except for a stand-in.", default="https://api.stripe.com")

    def __post_init__(self) -> None:
        if self.secret_key.startswith("pk_"):
            raise Malformed("secret_key", "is a publishable key; a restricted or secret key is needed (rk_… or sk_…)")
        if not KEY.fullmatch(self.secret_key):
            raise Malformed(
                "secret_key", "is not a key of Stripe: it begins with sk_live_, sk_test_, rk_live_ or rk_test_"
            )

    @property
    def mode(self) -> Literal["live", "test"]:
        return "live" if "_live_" in self.secret_key else "test"


SYSTEM = System(
    key="stripe",
    label="Stripe",
    credentials=Credentials,
    connect=Stripe,
    # Live accounts take 100 requests a second, sandboxes and single endpoints 25: https://docs.stripe.com/rate-limits
    limits=Limits(in_flight=4, write_deadline=60.0, read_deadline=25.0, processing=60.0, margin=60.0, pause_start=1.0),
    streams=tuple(loading.LOADERS),
    feeds={
        "events": 900.0,
        "customers": 86_400.0,
        "invoices": 86_400.0,
        "payments": 21_600.0,
        "refunds": 21_600.0,
        "credit_notes": 21_600.0,
    },
    surveyed=window.STREAMS,
    hook=Hook(hook.verify, events=tuple(sorted(READERS)), endpoints=True),
)

__all__ = ["SYSTEM", "Credentials", "Stripe"]
