"""A shop that a stranger understands at once: four customers and a few invoices, one of each fate."""

from typing import Any

from standins.stripe.core import Json
from standins.stripe.shop import Shop

_CUSTOMERS: list[dict[str, Any]] = [
    {
        "name": "Acme Ltd",
        "email": "accounts@acme.example",
        "phone": "+1 415 555 0101",
        "invoice_prefix": "F2A1",
        "address": {
            "line1": "12 Harbour Street",
            "line2": None,
            "city": "San Francisco",
            "postal_code": "94107",
            "state": "CA",
            "country": "US",
        },
    },
    {
        "name": "Brightwater Foods",
        "email": "ap@brightwater.example",
        "phone": "+1 206 555 0144",
        "invoice_prefix": "BRW7",
        "address": {
            "line1": "400 Pike Street",
            "line2": "Suite 9",
            "city": "Seattle",
            "postal_code": "98101",
            "state": "WA",
            "country": "US",
        },
    },
    {
        "name": "Cedar & Finch Architects",
        "email": "office@cedarfinch.example",
        "phone": "+1 312 555 0190",
        "invoice_prefix": "CFA3",
        "address": {
            "line1": "77 Lake Shore Drive",
            "line2": None,
            "city": "Chicago",
            "postal_code": "60601",
            "state": "IL",
            "country": "US",
        },
    },
    {
        "name": "Delacroix Voyages",
        "email": "compta@delacroix.example",
        "phone": "+33 1 55 55 01 23",
        "invoice_prefix": "DLX2",
        "address": {
            "line1": "8 rue des Lilas",
            "line2": None,
            "city": "Lyon",
            "postal_code": "69003",
            "state": None,
            "country": "FR",
        },
    },
]


def seed_demo(shop: Shop) -> Json:
    """Safe to call on an empty shop only. Gives back the ids by name."""
    acme, bright, cedar, dela = (shop.create_customer(**dict(c)) for c in _CUSTOMERS)
    shop.turn(settle={**shop.knobs.settle, "eur": ["usd", "1.0931"]})
    worked = worked_example(shop, acme["id"])
    paid = shop.create_invoice(
        bright["id"],
        [{"description": "Setup", "amount": 120000}, {"description": "Pro plan", "amount": 25000}],
        due_days=30,
        finalize=True,
    )
    shop.pay(paid["id"])
    part = shop.create_invoice(
        cedar["id"], [{"description": "Team plan", "unit_amount": 4900, "quantity": 12}], due_days=14, finalize=True
    )
    shop.pay(part["id"], 30000)
    shop.create_invoice(
        dela["id"], [{"description": "Pro plan", "amount": 10000}], currency="eur", due_days=30, finalize=True
    )
    shop.create_invoice(bright["id"], [{"description": "Extra seats", "unit_amount": 1500, "quantity": 4}])
    shop.sell(8000, customer=acme["id"], description="Workshop ticket")
    return {
        "customers": [c["id"] for c in (acme, bright, cedar, dela)],
        "worked": worked["id"],
        "paid": paid["id"],
        "part": part["id"],
    }


def worked_example(shop: Shop, customer: str) -> Json:
    """Pro plan 250.00 less 10 %, setup 99.99 less 10 %, unused time -40.00, tax 8.25 % on each: 297.67."""
    tax = shop.create_tax_rate("Sales tax", 8.25, state="CA", country="US", jurisdiction="California")
    ten = shop.create_coupon(percent_off=10, name="10% off")
    lines = [
        {"description": "Pro plan", "amount": 25000},
        {"description": "Setup", "amount": 9999},
        {"description": "Unused time on Basic plan", "amount": -4000, "proration": True},
    ]
    return shop.create_invoice(customer, lines, discounts=[ten["id"]], tax=[tax["id"]], due_days=30, finalize=True)
