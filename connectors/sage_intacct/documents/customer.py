"""Customers."""

from dataclasses import dataclass
from typing import ClassVar, Final

from connectors.sage_intacct.documents.parts import Fit
from connectors.sage_intacct.documents.party import MAIL, Address, Party

__all__ = ["CONTACT", "Address", "Customer"]

CONTACT: Final = ("DISPLAYCONTACT.PRINTAS", "DISPLAYCONTACT.EMAIL1", "DISPLAYCONTACT.PHONE1", *MAIL)
"""Names under which the contact of a customer is read."""


@dataclass(frozen=True, kw_only=True)
class Customer(Party):
    """CUSTOMER. https://developer.intacct.com/api/accounts-receivable/customers/

    The source owns name, contact and address; everything else is written once and then belongs to Sage Intacct.
    """

    kind: ClassVar[str] = "customer"
    object: ClassVar[str] = "CUSTOMER"
    key: ClassVar[str] = "CUSTOMERID"

    def _kept(self, fit: Fit) -> dict[str, str]:
        return {"NAME": self._name(fit)}

    def _contact(self, fit: Fit) -> dict[str, str]:
        return {"PRINTAS": fit.text("CONTACT.PRINTAS", self.print_as or self.name), **super()._contact(fit)}
