"""Sage Intacct, over its XML gateway: a target for customers, invoices, payments, adjustments and journals."""

from dataclasses import dataclass
from typing import Final

from connectors.base import System, ask, secret
from connectors.sage_intacct.choices import OFFERS, USER_DEFINED
from connectors.sage_intacct.client import Intacct
from connectors.sage_intacct.documents import KINDS
from connectors.sage_intacct.limits import LIMITS

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


SYSTEM: Final = System(
    key="sage_intacct",
    label="Sage Intacct",
    credentials=Credentials,
    connect=Intacct,
    limits=LIMITS,
    kinds=KINDS,
    choices=(*OFFERS, USER_DEFINED),
)
