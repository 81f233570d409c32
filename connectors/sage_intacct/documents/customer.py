"""Customers."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, Final

from connectors.base import Document, Found, Identity, Look
from connectors.errors import Refused
from connectors.sage_intacct.documents.parts import Fit, Pairs, own_fields
from connectors.sage_intacct.markup import Node, given, single


@dataclass(frozen=True, kw_only=True)
class Address:
    line1: str = ""
    line2: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    country: str = ""
    """Its name, as Sage Intacct lists it."""
    country_code: str = ""


CONTACT: Final = (
    "DISPLAYCONTACT.PRINTAS",
    "DISPLAYCONTACT.EMAIL1",
    "DISPLAYCONTACT.PHONE1",
    "DISPLAYCONTACT.MAILADDRESS.ADDRESS1",
    "DISPLAYCONTACT.MAILADDRESS.ADDRESS2",
    "DISPLAYCONTACT.MAILADDRESS.CITY",
    "DISPLAYCONTACT.MAILADDRESS.STATE",
    "DISPLAYCONTACT.MAILADDRESS.ZIP",
    "DISPLAYCONTACT.MAILADDRESS.COUNTRY",
    "DISPLAYCONTACT.MAILADDRESS.COUNTRYCODE",
)
"""Names under which the contact of a customer is read."""


@dataclass(frozen=True, kw_only=True)
class Customer(Document):
    """CUSTOMER. https://developer.intacct.com/api/accounts-receivable/customers/

    The source owns name, contact and address; everything else is written once and then belongs to Sage Intacct.
    """

    kind: ClassVar[str] = "customer"
    master: ClassVar[bool] = True

    id: str
    name: str
    print_as: str = ""
    """Empty: the name."""
    email: str = ""
    phone: str = ""
    address: Address = Address()
    currency: str = ""
    term: str = ""
    comments: str = ""
    custom: Pairs = ()
    linked: bool = False
    """A person linked it to a customer that stands there."""
    entity: str = ""

    def identity(self) -> Identity:
        return Identity(self.kind, self.id, "", "", Decimal(0), None)

    @property
    def session(self) -> str:
        return self.entity

    def node(self, look: Look, before: Document | None, fit: Fit) -> Node:
        if any(not hit.gone for hit in look.hits):
            return self._update(before if isinstance(before, Customer) else None, fit)
        if self.linked:
            raise Refused(
                f"There is no customer {self.id} in Sage Intacct, to which a person linked this one.",
                cause="settings",
                code="party.missing",
                field="id",
                value=self.id,
                cure="Add the customer in Sage Intacct, or correct the row in the mapping table of customers.",
            )
        mail = given(*self._mail(fit).items())
        display = given(*self._contact(fit).items()) + ([("MAILADDRESS", mail)] if mail else [])
        once = given(
            ("TERMNAME", self.term),
            ("CURRENCY", self.currency),
            ("COMMENTS", fit.text("CUSTOMER.COMMENTS", self.comments)),
        )
        head: list[Node] = [("CUSTOMERID", fit.key("CUSTOMER.CUSTOMERID", self.id)), ("NAME", self._name(fit))]
        body = [*head, ("DISPLAYCONTACT", display), *once, ("STATUS", "active"), *own_fields(self.custom)]
        return "create", [("CUSTOMER", body)]

    def written(self, found: Found, before: Document | None) -> bool:
        was = before._shown() if isinstance(before, Customer) else {}
        changed = {name: text for name, text in self._shown().items() if text != was.get(name)}
        return all(found.raw.get(name) == text for name, text in changed.items())

    def _shown(self) -> dict[str, str]:
        """What the source owns, by the names under which it is read again."""
        fit = _Whole()
        contact = {f"DISPLAYCONTACT.{name}": text for name, text in self._contact(fit).items()}
        mail = {f"DISPLAYCONTACT.MAILADDRESS.{name}": text for name, text in self._mail(fit).items()}
        return {"NAME": fit.text("", self.name), **contact, **mail}

    def _update(self, before: "Customer | None", fit: Fit) -> Node:
        """Only what the source changed since we last wrote; an empty element clears a field."""
        contact = _changed(self._contact(fit), before._contact(fit) if before else None)
        mail = _changed(self._mail(fit), before._mail(fit) if before else None)
        display = contact + ([("MAILADDRESS", mail)] if mail else [])
        named = before is None or self._name(fit) != before._name(fit)
        body: list[Node] = [("CUSTOMERID", fit.key("CUSTOMER.CUSTOMERID", self.id))]
        if named:
            body.append(("NAME", self._name(fit)))
        if display:
            body.append(("DISPLAYCONTACT", display))
        return "update", [("CUSTOMER", body)]

    def _name(self, fit: Fit) -> str:
        name = fit.text("CUSTOMER.NAME", self.name)
        if not name:
            raise Refused("The customer has no name.", code="party.nameless", field="name", value=self.id)
        return name

    def _contact(self, fit: Fit) -> dict[str, str]:
        # CONTACTNAME is left out: Sage Intacct derives one that collides with nobody's
        return {
            "PRINTAS": fit.text("CONTACT.PRINTAS", self.print_as or self.name),
            "EMAIL1": fit.text("CONTACT.EMAIL1", self.email),
            "PHONE1": fit.text("CONTACT.PHONE1", self.phone),
        }

    def _mail(self, fit: Fit) -> dict[str, str]:
        address = self.address
        return {
            "ADDRESS1": fit.text("CONTACT.ADDRESS1", address.line1),
            "ADDRESS2": fit.text("CONTACT.ADDRESS2", address.line2),
            "CITY": fit.text("CONTACT.CITY", address.city),
            "STATE": fit.text("CONTACT.STATE", address.state),
            "ZIP": fit.text("CONTACT.ZIP", address.zip),
            "COUNTRY": fit.text("CONTACT.COUNTRY", address.country),
            "COUNTRYCODE": single(address.country_code),
        }


class _Whole(Fit):
    """For texts that are only compared: whether they fit was asked before they were sent."""

    def text(self, at: str, text: str) -> str:
        return single(text)


def _changed(now: Mapping[str, str], before: Mapping[str, str] | None) -> list[Node]:
    return [(name, text) for name, text in now.items() if (text != before[name] if before is not None else text)]
