"""The doors beside the API: the control plane for other processes, the pages for people, the file that remembers."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from standins.stripe import Shop, StripeServer, seed_demo, serve


@pytest.fixture
def door(server: StripeServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, follow_redirects=True, trust_env=False) as client:
        yield client


def test_a_story_told_from_outside(door: httpx.Client) -> None:
    customer = door.post("/_control/call", json={"do": "create_customer", "with": {"name": "Acme"}}).json()
    lines = [{"description": "Plan", "amount": 9000}]
    made = {"do": "create_invoice", "args": [customer["id"], lines], "with": {"finalize": True}}
    invoice = door.post("/_control/call", json=made).json()
    charge = door.post("/_control/call", json={"do": "pay", "args": [invoice["id"], 4000]}).json()
    state = door.get("/_control/state").json()
    assert state["invoice"][invoice["id"]]["amount_remaining"] == 5000
    assert state["charge"][charge["id"]]["balance_transaction"]
    assert "amount: int | None = None" in door.get("/_control/calls").json()["pay"]


def test_clock_knobs_faults_keys_and_reset(door: httpx.Client, shop: Shop) -> None:
    assert door.post("/_control/clock", json={"stop": 1_790_000_000}).json()["now"] == 1_790_000_000
    assert door.post("/_control/clock", json={"advance": 60}).json() == {"now": 1_790_000_060, "stopped": True}
    assert door.post("/_control/knobs", json={"balance_rows": "manual"}).json()["balance_rows"] == "manual"
    assert door.post("/_control/knobs", json={"nonsense": 1}).status_code == 400
    door.post("/_control/faults", json={"kind": "rate_limit", "path": "/v1/balance"})
    door.post("/_control/keys", json={"key": "sk_test_two"})
    assert door.get("/v1/balance", auth=("sk_test_two", "")).status_code == 429
    assert door.get("/_control/requests").json()[-1]["fault"] == "rate_limit"
    shop.create_customer("A")
    door.post("/_control/reset", json={})
    assert not list(shop.all("customer"))
    assert door.get("/_control/faults").json() == []


def test_people_make_an_invoice_pay_a_part_and_take_it_back(door: httpx.Client, shop: Shop, acme: str) -> None:
    form = {
        "customer": acme,
        "currency": "usd",
        "due": "30",
        "what": ["Consulting", ""],
        "count": ["2", ""],
        "price": ["50.00", ""],
        "discount": "10",
        "tax": "8.25",
        "then": "finalize",
    }
    page = door.post("/invoices", data=form)
    invoice = shop.newest("invoice")[0]
    assert page.status_code == 200
    assert "97.43 USD" in page.text
    assert "97.43 USD" in door.get(f"/pay/{invoice['id']}").text
    door.post(f"/pay/{invoice['id']}", data={"amount": "40.00", "method": "card"})
    assert (invoice["status"], invoice["amount_remaining"]) == ("open", 5743)
    declined = door.post(f"/pay/{invoice['id']}", data={"amount": "57.43", "method": "declined"})
    assert "declined" in declined.text
    charge = shop.newest("charge")[-1]
    door.post("/refund", data={"charge": charge["id"], "amount": "15.00", "back": f"/invoices/{invoice['id']}"})
    assert charge["amount_refunded"] == 1500
    assert "greater than" in door.post("/refund", data={"charge": charge["id"], "amount": "99"}).text


def test_every_page_opens_and_names_no_outside_host(door: httpx.Client, shop: Shop) -> None:
    ids = seed_demo(shop)
    shop.create_endpoint("http://127.0.0.1:1/hook")
    shop.payout(everything=True)
    event = shop.newest("event")[0]["id"]
    pages = ["", "invoices", "invoices/new", "customers", "payments", "balance", "events", "webhooks"]
    pages += [f"invoices/{ids['worked']}", f"pay/{ids['part']}", f"customers/{ids['customers'][0]}", f"events/{event}"]
    for path in pages:
        page = door.get(f"/{path}")
        assert page.status_code == 200, path
        assert "https://" not in page.text, path
    assert door.get("/invoices/in_0").status_code == 404


def test_names_cannot_write_markup(door: httpx.Client, shop: Shop) -> None:
    customer = shop.create_customer("<script>alert(1)</script>")
    shop.create_invoice(customer["id"], [{"description": "<b>x</b>", "amount": 900}], finalize=True)
    for path in (
        "/",
        "/customers",
        f"/customers/{customer['id']}",
        "/invoices",
        f"/pay/{shop.newest('invoice')[0]['id']}",
    ):
        assert "<script>" not in door.get(path).text
        assert "<b>x" not in door.get(path).text


def test_the_shop_is_remembered_over_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "shop.json"
    shop, server = serve(file=file)
    ids = seed_demo(shop)
    server.stop()
    again, server = serve(file=file)
    try:
        assert again.get("invoice", ids["worked"])["total"] == 29767
        again.pay(ids["worked"])
        assert again.get("invoice", ids["worked"])["status"] == "paid"
        assert len(set(again.kind_of)) == len(again.kind_of)
    finally:
        server.stop()
