"""A double of Stripe that nobody here wrote, in a process and with packages of its own: our client signs in, asks,
pages, reads refusals, and believes its signatures.

It mimics an old version and lacks most of what we read (stand-alone invoices, invoice payments, filters, fees), so it
judges transport only. Skips without it: `./dev fidelity` fetches it.
"""

import queue
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest
import stripe

from connectors.base import Access, Account, Untrusted
from connectors.errors import ConnectorError, Denied, Malformed, Unavailable
from connectors.http import HttpWire
from connectors.stripe import Credentials, hook
from connectors.stripe.client import Client
from tests.fidelity.outside import python_with_localstripe
from tests.stripe.bench import NoSessions

KEY = "sk_test_localstripe"
# On this machine only, and without the copy of its store that it writes for its next start.
RUNNER = """
import socket
from aiohttp import web
from localstripe import resources
resources.Store.dump_to_disk = lambda self: None
from localstripe.server import app
door = socket.socket()
door.bind(("127.0.0.1", 0))
door.listen()
print(door.getsockname()[1], flush=True)
web.run_app(app, sock=door, print=None)
"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    command = [str(python_with_localstripe()), "-c", RUNNER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.terminate()


def client(url: str, key: str = KEY) -> Client:
    wire = HttpWire(None, frozenset([url.removeprefix("http://")]))
    return Client(Access(Credentials(key, api_base=url), wire, NoSessions(), {"page_rows": 3}))


@pytest.fixture
def theirs(url: str) -> Iterator[httpx.Client]:
    """To make what is to be read. Empties the double afterwards."""
    with httpx.Client(base_url=url, auth=(KEY, ""), trust_env=False) as made:
        yield made
        made.delete("/_config/data")


def post(theirs: httpx.Client, path: str, **fields: Any) -> Any:
    answer = theirs.post(path, data=fields)
    assert answer.status_code == 200, answer.text
    return answer.json()


def charge(theirs: httpx.Client, amount: int) -> Any:
    card = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2099, "cvc": "123"}
    token = post(theirs, "/v1/tokens", **{f"card[{name}]": value for name, value in card.items()})
    payer = post(theirs, "/v1/customers", name="Payer", source=token["id"])
    return post(theirs, "/v1/charges", amount=amount, currency="usd", customer=payer["id"])


def test_the_key_is_taken_as_basic_and_the_clock_is_read(url: str, theirs: httpx.Client) -> None:
    post(theirs, "/v1/customers", name="Acme", email="ap@acme.example")
    head = client(url).head()
    assert [row["name"] for row in head.rows] == ["Acme"]
    assert head.date.endswith("GMT")


def test_a_key_that_it_does_not_take_is_denied(url: str, theirs: httpx.Client) -> None:
    with pytest.raises(Denied):  # it knows no restricted keys
        client(url, "rk_test_localstripe").head()


def test_all_pages_of_a_list_are_read_once(url: str, theirs: httpx.Client) -> None:
    made = {post(theirs, "/v1/customers", name=f"No. {n}", email=f"{n}@acme.example")["id"] for n in range(7)}
    mine = client(url)
    found = [row["id"] for row in mine.every(mine.v1.customers.list, limit=3)]
    assert sorted(found) == sorted(made)
    rows = mine.every(mine.v1.customers.list, email="3@acme.example")
    assert [row["name"] for row in rows] == ["No. 3"]


def test_objects_come_as_json_and_what_is_missing_is_none(url: str, theirs: httpx.Client) -> None:
    mine = client(url)
    made = post(theirs, "/v1/customers", name="Müller & Söhne", email="ar@mueller.example", **{"metadata[erp]": "C 1"})
    found = mine.customer(made["id"])
    assert found
    assert (found["name"], found["metadata"]) == ("Müller & Söhne", {"erp": "C 1"})
    assert mine.customer("cus_nobody") is None
    assert mine.refund("re_nothing") is None
    assert mine.charge("ch_nothing") is None


def test_the_refunds_of_a_charge_are_read(url: str, theirs: httpx.Client) -> None:
    made = charge(theirs, 4000)
    refund = post(theirs, "/v1/refunds", charge=made["id"], amount=1500)
    charge(theirs, 900)
    mine = client(url)
    assert [row["id"] for row in mine.refunds_of_charge(made["id"])] == [refund["id"]]
    again = mine.refund(refund["id"])
    assert again
    assert (again["amount"], again["currency"], again["charge"]) == (1500, "usd", made["id"])


def test_a_charge_of_an_older_shape_is_not_believed(url: str, theirs: httpx.Client) -> None:
    """It does not say how much was captured; nothing is put in its place."""
    made = charge(theirs, 900)
    for ask in (client(url).charge, client(url).invoice_of_charge):
        with pytest.raises(Malformed) as error:
            ask(made["id"])
        assert error.value.field == "charge.amount_captured"


@pytest.mark.parametrize(
    "ask",
    [
        lambda mine: mine.payments_of_invoice("in_1"),
        lambda mine: mine.credit_notes_of_invoice("in_1"),
        lambda mine: mine.account(),
        lambda mine: mine.webhook_endpoints(),
        lambda mine: mine.charges_of_intent("pi_1"),
        lambda mine: list(mine.every(mine.v1.customers.list, created={"gte": 1})),
    ],
)
def test_what_it_does_not_know_is_an_error_of_ours_and_no_empty_list(url: str, theirs: Any, ask: Any) -> None:
    """Its refusals are no JSON; a client that took them for "nothing there" would lose money."""
    with pytest.raises(ConnectorError) as error:
        ask(client(url))
    assert isinstance(error.value, (Unavailable, Malformed)) or error.value.code.startswith("stripe.")


def test_a_balance_row_is_read(url: str, theirs: httpx.Client) -> None:
    made = charge(theirs, 900)
    row = client(url).balance_row(made["balance_transaction"])
    assert row
    assert (row["amount"], row["fee"], row["reporting_category"], row["source"]) == (900, 0, "charge", made["id"])


class Ear:
    """A receiver; what arrives can be waited for."""

    def __init__(self) -> None:
        self.heard: queue.Queue[tuple[bytes, dict[str, str]]] = queue.Queue()
        ear = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                ear.heard.put((body, {name.lower(): value for name, value in self.headers.items()}))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.http = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()


def test_its_signatures_are_believed_and_altered_bodies_are_not(url: str, theirs: httpx.Client) -> None:
    ear = Ear()
    address = f"http://127.0.0.1:{ear.http.server_address[1]}/hook"
    given = {"url": address, "secret": "whsec_theirs", "events": ["customer.created"]}
    assert theirs.post("/_config/webhooks/one", json=given).status_code == 200
    made = post(theirs, "/v1/customers", name="Acme", email="ap@acme.example")
    body, headers = next(one for one in iter(lambda: ear.heard.get(timeout=20), None) if made["id"].encode() in one[0])
    account = Account("acct_1", mode="test")
    hint = hook.verify(body, headers, ["whsec_ours", "whsec_theirs"], account, time.time())
    assert (hint.type, hint.object_id) == ("customer.created", made["id"])
    event = stripe.Webhook.construct_event(body, headers["stripe-signature"], "whsec_theirs")
    assert event.data.object.id == made["id"]
    with pytest.raises(Untrusted):
        hook.verify(body.replace(b"Acme", b"Acne"), headers, ["whsec_theirs"], account, time.time())
    ear.http.shutdown()
    ear.http.server_close()
