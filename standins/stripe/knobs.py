"""How this shop behaves: every switch a test or a demo can turn, in one place."""

from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass
class Knobs:
    account: str = "acct_1ShopOnTheCorner"
    name: str = "Corner Analytics"
    country: str = "US"
    currency: str = "usd"
    livemode: bool = False
    api_version: str = "2026-10-28.endive"  # the account's default: events are kept in it
    bearer: bool = False  # the product demands Basic, so Bearer is refused unless told
    fee_percent: str = "2.9"
    fee_fixed: int = 30
    fee_fixed_in: dict[str, int] = field(
        default_factory=lambda: {"jpy": 40, "krw": 400, "kwd": 90, "gbp": 20, "eur": 25}
    )
    settle: dict[str, list[str]] = field(default_factory=dict)  # {"eur": ["usd", "1.0931"]}: charge → settlement, rate
    balance_rows: str = "0"  # seconds until a charge has its balance row, or "manual"
    available_after: int = 2 * 86400
    dispute_fee: int = 1500
    most_charge: int = 999_999_999_999  # twelve digits, as for most cards; others take eight
    refund_status: str = "succeeded"  # or "pending"
    overpaid_rows: str = "whole"  # an InvoicePayment shows the whole payment, or is "capped" at what was open
    negative_total_type: str = "invoice_too_large"  # the customer-balance word for an invoice below zero
    lines_in_invoice: int = 10  # lines embedded in an invoice before has_more
    event_days: int = 30
    # webhooks
    webhooks: str = "auto"  # or "manual": deliveries are made ready and wait to be asked for
    retry_seconds: list[float] = field(default_factory=lambda: [2, 10, 60, 300])
    webhook_timeout: float = 10.0
    duplicates: int = 0  # extra copies of each delivery
    twin_events: int = 0  # extra event ids for one change
    reorder: bool = False
    delay: float = 0.0
    drop: float = 0.0  # share of deliveries never sent
    mis_sign: float = 0.0  # share signed with a wrong secret
    age: float = 0.0  # seconds by which `t` lies in the past (negative: in the future)

    def turn(self, changes: dict[str, Any]) -> None:
        known = {f.name: getattr(self, f.name) for f in fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"no knob named {name}")
            setattr(self, name, str(value) if isinstance(known[name], str) else value)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
