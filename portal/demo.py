"""The seeded workspace of `up --demo`, as a plan for `provision`: also the full example of docs/operating.md."""

from typing import Any

DEMO_PASSWORD = "try-it-out-42"  # noqa: S105 - it is printed on the screen
WORKSPACE = "Northwind Trading"

MAPPINGS = [
    {"table": "revenue_account", "source": "*", "target": "40100", "facts": {"location": "US-100"}},
    {"table": "revenue_account", "source": "setup", "target": "40200", "facts": {"location": "US-100"}},
    {"table": "tax_account", "source": "*", "target": "22010", "facts": {"location": "US-100"}},
    {"table": "shipping_account", "source": "*", "target": "41000", "facts": {"location": "US-100"}},
    {"table": "clearing", "source": "USD", "target": "STRIPE-USD", "facts": {"gl_account": "10210"}},
    {"table": "refunds_clearing", "source": "USD", "target": "24100"},
    {"table": "sale_account", "source": "*", "target": "40300", "facts": {"location": "US-100"}},
    {"table": "customer_deposits", "source": "*", "target": "24300", "facts": {"location": "US-100"}},
    {"table": "balance_adjustment", "source": "*", "target": "24400", "facts": {"location": "US-100"}},
    {"table": "bad_debt", "source": "*", "target": "63000", "facts": {"location": "US-100"}},
]
FLOWS = (
    "customer",
    "invoice",
    "payment",
    "payment_failure",
    "sale",
    "sale_failure",
    "refund",
    "credit_note",
    "credit_note_void",
    "refund_memo",
    "refund_memo_failure",
    "split",
    "balance",
    "void",
    "write_off",
    "recovery",
    "application",
    "unapplication",
)
PEOPLE = ("owner", "finance", "support", "auditor")


PAYABLES = ("bill", "credit", "payment", "payment_void", "bill_void", "credit_void")


def with_files(wanted: dict[str, Any], address: dict[str, Any]) -> dict[str, Any]:
    """The same plan with bills and payments from files. `address`: what the stand-in of Stampli says a connection to it
    needs."""
    pins = address["host_keys"]
    credentials = {name: value for name, value in address.items() if name != "host_keys"}
    wanted["workspaces"][0]["connections"].append(
        {
            "name": "Stampli",
            "system": "stampli",
            "credentials": credentials,
            "settings": {"host_keys": pins, "settle_seconds": 5, "layouts": "found", "default_currency": "USD"},
        }
    )
    wanted["workspaces"][0]["links"].append(
        {
            "integration": "stampli_intacct",
            "name": "Stampli to Sage Intacct",
            "source": "Stampli",
            "target": "Sage Intacct",
            "start_at": "2020-01-01T00:00:00+00:00",
            "mappings": [
                {"table": "bank_account", "source": "*", "target": "BOA-OPER"},
                {"table": "tax_account", "source": "*", "target": "22010"},
            ],
            "flows": dict.fromkeys(PAYABLES, "live"),
        }
    )
    return wanted


def plan(intacct: str, stripe: str, hook_secret: str, *, password: str = DEMO_PASSWORD) -> dict[str, Any]:
    """`intacct` and `stripe` are the base addresses of the stand-ins."""
    people: list[dict[str, Any]] = [
        {"username": role, "email": f"{role}@northwind.example", "password": password, "role": role} for role in PEOPLE
    ]
    people.append({"username": "operator", "password": password, "operator": True})
    return {
        "workspaces": [
            {
                "name": WORKSPACE,
                "time_zone": "America/Los_Angeles",
                "people": people,
                "connections": [
                    {
                        "name": "Stripe",
                        "system": "stripe",
                        "credentials": {"secret_key": "sk_test_shop", "api_base": stripe},
                        "hook_secrets": [hook_secret],
                        "settings": {"lag_seconds": 2, "overlap_seconds": 600},
                    },
                    {
                        "name": "Sage Intacct",
                        "system": "sage_intacct",
                        "credentials": {
                            "sender_id": "ml_sender",
                            "sender_password": "sender-demo",
                            "company_id": "ACME-DEMO",
                            "user_id": "ml_connector",
                            "user_password": "user-demo",
                            "endpoint": f"{intacct}/ia/xml/xmlgw.phtml",
                        },
                    },
                ],
                "links": [
                    {
                        "integration": "stripe_intacct",
                        "name": "Stripe to Sage Intacct",
                        "source": "Stripe",
                        "target": "Sage Intacct",
                        "start_at": "2020-01-01T00:00:00+00:00",
                        "options": {"journal": "STJ", "invoiceless": "sale"},
                        "mappings": MAPPINGS,
                        "flows": dict.fromkeys(FLOWS, "live"),
                    }
                ],
            }
        ]
    }
