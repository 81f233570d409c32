"""A shop for each test, and the SDK as it comes, speaking Basic through a small http client of its own."""

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe
from jsonschema import Draft202012Validator

from standins.stripe import Shop, StripeServer, serve

DATA = Path(__file__).parent / "data"
NAMES = {
    "balance": "Balance",
    "balance_transaction": "BalanceTransaction",
    "charge": "Charge",
    "coupon": "Coupon",
    "credit_note": "CreditNote",
    "credit_note_line_item": "CreditNoteLineItem",
    "customer": "Customer",
    "customer_balance_transaction": "CustomerBalanceTransaction",
    "discount": "Discount",
    "dispute": "Dispute",
    "event": "Event",
    "invoice": "Invoice",
    "invoice_payment": "InvoicePayment",
    "invoiceitem": "InvoiceItem",
    "line_item": "InvoiceLineItem",
    "payment_intent": "PaymentIntent",
    "payment_record": "PaymentRecord",
    "payout": "Payout",
    "product": "Product",
    "refund": "Refund",
    "tax_rate": "TaxRate",
    "webhook_endpoint": "WebhookEndpoint",
}


class BasicClient(stripe.HTTPClient):
    name = "basic"

    def __init__(self) -> None:
        super().__init__()
        self.http = httpx.Client(trust_env=False, timeout=10)

    def request(  # type: ignore[override]
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        sent = dict(headers or {})
        key = sent["Authorization"].partition(" ")[2]
        sent["Authorization"] = "Basic " + base64.b64encode(f"{key}:".encode()).decode()
        try:
            answer = self.http.request(method.upper(), url, headers=sent, content=post_data)
        except httpx.TransportError as error:
            raise stripe.APIConnectionError(str(error), should_retry=True) from error
        return answer.content, answer.status_code, answer.headers

    def close(self) -> None:
        self.http.close()


_OPENED: list[BasicClient] = []


def client_for(server: StripeServer, key: str = "sk_test_shop") -> Any:
    """Of no type: tests also send what the SDK's own types forbid."""
    addresses: Any = dict.fromkeys(("api", "connect", "files", "meter_events"), server.url)
    _OPENED.append(BasicClient())
    return stripe.StripeClient(key, http_client=_OPENED[-1], base_addresses=addresses)


@pytest.fixture(autouse=True)
def tidy_sdk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No telemetry, and no connection left open."""
    monkeypatch.setattr(stripe, "enable_telemetry", False)
    yield
    while _OPENED:
        _OPENED.pop().close()


@pytest.fixture
def served() -> Iterator[tuple[Shop, StripeServer]]:
    shop, server = serve(seed="test")
    shop.clock.stop(1_780_000_000)
    yield shop, server
    server.stop()


@pytest.fixture
def shop(served: tuple[Shop, StripeServer]) -> Shop:
    return served[0]


@pytest.fixture
def server(served: tuple[Shop, StripeServer]) -> StripeServer:
    return served[1]


@pytest.fixture
def client(server: StripeServer) -> Any:
    return client_for(server)


@pytest.fixture
def acme(shop: Shop) -> str:
    return str(shop.create_customer("Acme Ltd", "accounts@acme.example")["id"])


def complaints(obj: dict[str, Any], version: str = "2026-10-28.endive") -> list[str]:
    """What the schema of that version has against the object; nothing if it is as it should be."""
    schema = json.loads((DATA / f"objects-{version}.schema.json").read_text())
    name = NAMES[obj["object"]]
    validator = Draft202012Validator({**schema, "$ref": f"#/$defs/{name}"})
    return [f"{name} {list(e.absolute_path)}: {e.message[:200]}" for e in validator.iter_errors(obj)]


class Ear:
    """A webhook receiver: what arrived, and what to answer."""

    def __init__(self) -> None:
        self.heard: list[tuple[bytes, str]] = []
        self.answers: list[int] = []
        ear = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                ear.heard.append((body, self.headers["Stripe-Signature"]))
                self.send_response(ear.answers.pop(0) if ear.answers else 200)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.http = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/hook"
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()


@pytest.fixture
def ear() -> Iterator[Ear]:
    listening = Ear()
    yield listening
    listening.http.shutdown()
    listening.http.server_close()
