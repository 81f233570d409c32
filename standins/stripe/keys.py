"""Who may call: secret and restricted keys, Basic and Bearer, permissions, revocation, test and live mode."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field

from standins.stripe.errors import ApiError

# What a restricted key must hold for a path; writing implies reading.
_PERMISSIONS = {
    "customers": "customer",
    "invoices": "invoice",
    "invoiceitems": "invoice",
    "invoice_payments": "invoice",
    "credit_notes": "credit_note",
    "charges": "charge",
    "refunds": "charge",
    "payment_intents": "payment_intent",
    "payment_records": "payment_records",
    "disputes": "dispute",
    "balance_transactions": "balance_transaction_source",
    "balance": "balance",
    "payouts": "payout",
    "events": "event",
    "products": "product",
    "prices": "plan",
    "tax_rates": "tax_rate",
    "coupons": "coupon",
    "webhook_endpoints": "webhook",
    "account": "connected_account",
    "accounts": "connected_account",
}

DEMO_KEY = "sk_test_shop"


@dataclass
class Key:
    permissions: list[str] | None = None  # None: a secret key, which may do everything
    revoked: bool = False


@dataclass
class Keys:
    known: dict[str, Key] = field(default_factory=lambda: {DEMO_KEY: Key()})

    def add(self, key: str, permissions: list[str] | None = None) -> None:
        self.known[key] = Key([] if key.startswith("rk_") and permissions is None else permissions)

    def revoke(self, key: str) -> None:
        self.known[key].revoked = True

    def of(self, headers: Mapping[str, str], bearer: bool) -> tuple[str, Key]:
        text = _key_in(headers.get("authorization", ""), bearer)
        if text.startswith("pk_"):
            message = "This API call cannot be made with a publishable API key. Please use a secret API key."
            raise ApiError(message, 401, code="secret_key_required")
        key = self.known.get(text)
        if key is None or key.revoked:
            word = "Expired API Key provided" if key else "Invalid API Key provided"
            raise ApiError(f"{word}: {text[:8]}****{text[-4:]}", 401, code="api_key_expired" if key else None)
        return text, key

    def allow(self, key: Key, method: str, path: str) -> None:
        if key.permissions is None:
            return
        name = _PERMISSIONS.get(path.split("/")[2], "")
        need = f"rak_{name}_{'read' if method == 'GET' else 'write'}"
        if need not in key.permissions and f"rak_{name}_write" not in key.permissions:
            message = (
                "The provided key does not have the required permissions for this endpoint on this account. Having the"
                f" '{need}' permission would allow this request to continue."
            )
            raise ApiError(message, 403, code="more_permissions_required")


def _key_in(header: str, bearer: bool) -> str:
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode("ascii").partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            raise ApiError("The Basic authorization header cannot be read.", 401) from None
    if scheme.lower() == "bearer" and bearer:
        return value
    if scheme.lower() == "bearer":
        raise ApiError("This account takes HTTP Basic authentication only: the key as user name, no password.", 401)
    raise ApiError("You did not provide an API key. Use HTTP Basic Auth: the key as user name, no password.", 401)
