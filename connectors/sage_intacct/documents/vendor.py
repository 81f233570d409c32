"""Vendors."""

from dataclasses import dataclass
from typing import ClassVar, Final

from connectors.sage_intacct.documents.parts import Fit
from connectors.sage_intacct.documents.party import MAIL, Party
from connectors.sage_intacct.markup import Node, flag

CONTACT: Final = (
    "DISPLAYCONTACT.PRINTAS",
    "DISPLAYCONTACT.FIRSTNAME",
    "DISPLAYCONTACT.LASTNAME",
    "DISPLAYCONTACT.EMAIL1",
    "DISPLAYCONTACT.PHONE1",
    *MAIL,
)
"""Names under which the contact of a vendor is read."""


@dataclass(frozen=True, kw_only=True)
class Vendor(Party):
    """VENDOR. https://developer.intacct.com/api/accounts-payable/vendors/

    The source owns e-mail, phone, address and the person to talk to; name, terms, currency and everything about paying
    are written once and then belong to Sage Intacct. Bank details are never written.
    """

    kind: ClassVar[str] = "vendor"
    object: ClassVar[str] = "VENDOR"
    key: ClassVar[str] = "VENDORID"

    first_name: str = ""
    last_name: str = ""
    """The person to talk to."""
    payment_blocked: bool = False
    """Made with "do not pay": its bills post, and payment runs leave it out until somebody has reviewed it."""

    def _named(self, fit: Fit) -> dict[str, str]:
        return {"PRINTAS": fit.text("CONTACT.PRINTAS", self.print_as or self.name)}

    def _contact(self, fit: Fit) -> dict[str, str]:
        person = {
            "FIRSTNAME": fit.text("CONTACT.FIRSTNAME", self.first_name),
            "LASTNAME": fit.text("CONTACT.LASTNAME", self.last_name),
        }
        return {**person, **super()._contact(fit)}

    def _once(self, fit: Fit) -> list[Node]:
        blocked: list[Node] = [("DONOTCUTCHECK", flag(value=True))] if self.payment_blocked else []
        return [*super()._once(fit), *blocked]
