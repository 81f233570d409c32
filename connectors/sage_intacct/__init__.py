"""Sage Intacct, over its XML gateway: a target for customers, invoices, payments, adjustments and journals."""

from dataclasses import dataclass
from typing import Final

from connectors.base import Limits, System, ask, secret
from connectors.sage_intacct.choices import OFFERS
from connectors.sage_intacct.client import Intacct
from connectors.sage_intacct.documents import KINDS

GATEWAY: Final = "https://api.intacct.com/ia/xml/xmlgw.phtml"


@dataclass(frozen=True)
class Credentials:
    sender_id: str = ask(
        "Sender ID",
        help="From your Web Services licence with Sage. The company must list it under Company > Setup > Company >"
        " Security > Web Services authorizations.",
    )
    sender_password: str = secret("Sender password", help="Came with the sender ID. Case-sensitive.")
    company_id: str = ask("Company ID", help="What you type first when you sign in to Sage Intacct.")
    user_id: str = ask(
        "Web Services user ID",
        help="A user of type Web Services (Company > Admin > Web Services users), not a person's sign-in.",
    )
    user_password: str = secret("Web Services user password", help="Was e-mailed when the user was made.")
    entity_id: str = ask(
        "Entity ID",
        default="",
        help="Leave empty for the whole company. To keep to one entity: its ID under Company > Setup > Entities.",
    )
    endpoint: str = ask("Endpoint", default=GATEWAY, help="Leave as it is, unless Sage named another address.")


# https://developer.intacct.com/web-services/sync-vs-async/: a request may go on for 15 minutes after the connection
# died. Two requests at once is what the entry tier takes.
LIMITS: Final = Limits(
    in_flight=2,
    batch_start=10,
    batch_max=100,
    write_deadline=300.0,
    read_deadline=25.0,
    processing=900.0,
    margin=60.0,
)

SYSTEM: Final = System(
    key="sage_intacct",
    label="Sage Intacct",
    credentials=Credentials,
    connect=Intacct,
    limits=LIMITS,
    kinds=KINDS,
    choices=tuple(OFFERS),
)
