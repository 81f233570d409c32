"""What customers and vendors have in common: a display contact, fields that the source keeps, fields written once."""

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


MAIL: Final = tuple(
    f"DISPLAYCONTACT.MAILADDRESS.{name}"
    for name in ("ADDRESS1", "ADDRESS2", "CITY", "STATE", "ZIP", "COUNTRY", "COUNTRYCODE")
)
"""Names under which the address of a contact is read."""


@dataclass(frozen=True, kw_only=True)
class Party(Document):
    """A customer or a vendor: created once, afterwards only what the source keeps is updated."""

    master: ClassVar[bool] = True
    object: ClassVar[str]
    key: ClassVar[str]
    """The field of its id."""

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
    """A person linked it to one that stands there."""
    entity: str = ""

    def identity(self) -> Identity:
        return Identity(self.kind, self.id, "", "", Decimal(0), None)

    @property
    def session(self) -> str:
        return self.entity

    def node(self, look: Look, before: Document | None, fit: Fit) -> Node:
        if any(not hit.gone for hit in look.hits):
            return self._update(before if isinstance(before, type(self)) else None, fit)
        if self.linked:
            raise Refused(
                f"There is no {self.kind} {self.id} in Sage Intacct, to which a person linked this one.",
                cause="settings",
                code="party.missing",
                field="id",
                value=self.id,
                cure=f"Add the {self.kind} in Sage Intacct, or correct the row in the mapping table of {self.kind}s.",
            )
        mail = given(*self._mail(fit).items())
        contact = {**self._named(fit), **self._contact(fit)}
        display = given(*contact.items()) + ([("MAILADDRESS", mail)] if mail else [])
        head: list[Node] = [(self.key, fit.key(f"{self.object}.{self.key}", self.id)), ("NAME", self._name(fit))]
        body = [*head, ("DISPLAYCONTACT", display), *self._once(fit), ("STATUS", "active"), *own_fields(self.custom)]
        return "create", [(self.object, body)]

    def written(self, found: Found, before: Document | None) -> bool:
        was = before._shown() if isinstance(before, type(self)) else {}
        changed = {name: text for name, text in self._shown().items() if text != was.get(name)}
        return all(found.raw.get(name) == text for name, text in changed.items())

    # --- what a kind may say otherwise

    def _kept(self, fit: Fit) -> dict[str, str]:
        """Fields of the party itself that the source keeps."""
        return {}

    def _named(self, fit: Fit) -> dict[str, str]:
        """Fields of the contact that are written once."""
        return {}

    def _contact(self, fit: Fit) -> dict[str, str]:
        # CONTACTNAME is left out: Sage Intacct derives one that collides with nobody's
        return {"EMAIL1": fit.text("CONTACT.EMAIL1", self.email), "PHONE1": fit.text("CONTACT.PHONE1", self.phone)}

    def _once(self, fit: Fit) -> list[Node]:
        """Fields of the party itself that are written once, and then belong to Sage Intacct."""
        return given(
            ("TERMNAME", self.term),
            ("CURRENCY", self.currency),
            ("COMMENTS", fit.text(f"{self.object}.COMMENTS", self.comments)),
        )

    # --- parts

    def _shown(self) -> dict[str, str]:
        """What the source keeps, by the names under which it is read again."""
        fit = _Whole()
        contact = {f"DISPLAYCONTACT.{name}": text for name, text in self._contact(fit).items()}
        mail = {f"DISPLAYCONTACT.MAILADDRESS.{name}": text for name, text in self._mail(fit).items()}
        return {**self._kept(fit), **contact, **mail}

    def _update(self, before: "Party | None", fit: Fit) -> Node:
        """Only what the source changed since we last wrote; an empty element clears a field."""
        contact = _changed(self._contact(fit), before._contact(fit) if before else None)
        mail = _changed(self._mail(fit), before._mail(fit) if before else None)
        display = contact + ([("MAILADDRESS", mail)] if mail else [])
        body: list[Node] = [(self.key, fit.key(f"{self.object}.{self.key}", self.id))]
        body += _changed(self._kept(fit), before._kept(fit) if before else None)
        if display:
            body.append(("DISPLAYCONTACT", display))
        return "update", [(self.object, body)]

    def _name(self, fit: Fit) -> str:
        name = fit.text(f"{self.object}.NAME", self.name)
        if not name:
            raise Refused(f"The {self.kind} has no name.", code="party.nameless", field="name", value=self.id)
        return name

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
