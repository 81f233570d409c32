"""Customers, vendors and contacts (sheet 5.2, 5.3, 5.4)."""

from dataclasses import dataclass, field

from .books import Company
from .objects import OBJECTS
from .refusal import duplicate, invalid
from .store import Row


@dataclass(frozen=True)
class NewParty:
    """What a create or update says; `contact` is the DISPLAYCONTACT, None where it is not given."""

    fields: Row
    contact: Row | None = None
    points: dict[str, str] = field(default_factory=dict)  # CONTACTINFO, BILLTO ... -> contact name


POINTS = {"CONTACTINFO": "CONTACTKEY", "BILLTO": "BILLTOKEY", "SHIPTO": "SHIPTOKEY", "PAYTO": "PAYTOKEY"}
POINTS |= {"RETURNTO": "RETURNTOKEY"}


def create_party(company: Company, name: str, new: NewParty) -> Row:
    obj = OBJECTS[name]
    party = new.fields.get(obj.id) or f"{name[0]}-{company.running(name):05d}"
    if company.master(name, obj.id, party):
        raise duplicate(obj.label, party)
    if not new.fields.get("NAME"):
        raise invalid("Required field NAME is missing.", "Provide a value for NAME.")
    if new.contact is None:
        raise invalid("Required field DISPLAYCONTACT is missing.", "Provide a display contact.")
    _check_refers(company, name, new.fields)
    contact = _display_contact(company, name, party, new)
    defaults = {"ONHOLD": False, "ONETIME": False, "OBJECTRESTRICTION": "Unrestricted"}
    row = {**defaults, **new.fields, obj.id: party, "ENTITY": f"{name[0]}{party}"}
    row |= {"DISPLAYCONTACTKEY": contact["CONTACTNAME"], "WHENCREATED": company.instant()}
    return company.add_master(name, obj.id, row | _points(company, new))


def update_party(company: Company, name: str, new: NewParty) -> Row:
    obj = OBJECTS[name]
    row = company.get(name, int(new.fields["RECORDNO"])) if new.fields.get("RECORDNO") else None
    row = row or company.master(name, obj.id, new.fields.get(obj.id, ""))
    if row is None:
        key = new.fields.get("RECORDNO") or new.fields.get(obj.id) or ""
        raise invalid(f"Cannot update non-existing {obj.label} {key}.")
    _check_refers(company, name, new.fields)
    if new.contact:
        contact = company.master("CONTACT", "CONTACTNAME", row["DISPLAYCONTACTKEY"])
        assert contact is not None
        company.change("CONTACT", contact, **{k: v for k, v in new.contact.items() if k != "CONTACTNAME"})
    changes = {k: v for k, v in new.fields.items() if k not in ("RECORDNO", obj.id)}
    return company.change(name, row, **changes, **_points(company, new))


def create_contact(company: Company, fields: Row) -> Row:
    name = fields.get("CONTACTNAME")
    if not name:
        raise invalid("Required field CONTACTNAME is missing.")
    if fields.get("PRINTAS") is None:
        raise invalid("Required field PRINTAS is missing.", "Provide a value for PRINTAS.")
    if company.master("CONTACT", "CONTACTNAME", name):
        raise duplicate("Contact", name)
    return company.add_master("CONTACT", "CONTACTNAME", {"TAXABLE": True, **fields})


def update_contact(company: Company, fields: Row) -> Row:
    row = company.get("CONTACT", int(fields["RECORDNO"])) if fields.get("RECORDNO") else None
    row = row or company.master("CONTACT", "CONTACTNAME", fields.get("CONTACTNAME", ""))
    if row is None:
        raise invalid(f"Cannot update non-existing Contact {fields.get('CONTACTNAME', '')}.")
    return company.change("CONTACT", row, **{k: v for k, v in fields.items() if k not in ("RECORDNO", "CONTACTNAME")})


def delete_master(company: Company, name: str, key: int) -> None:
    obj = OBJECTS[name]
    row = company.get(name, key)
    if row is None:
        raise invalid(f"Could not find {obj.label} {key}.")
    used = ("ARINVOICE", "ARADJUSTMENT", "ARPYMT", "APBILL", "APPYMT")
    if obj.id in ("CUSTOMERID", "VENDORID") and any(company.find(kind, obj.id, row[obj.id]) for kind in used):
        raise invalid(f"The {obj.label.lower()} {row[obj.id]} has transactions and cannot be deleted.")
    company.drop_master(name, obj.id, row)


def _display_contact(company: Company, name: str, party: str, new: NewParty) -> Row:
    assert new.contact is not None
    if new.contact.get("PRINTAS") is None:
        raise invalid("Required field PRINTAS is missing.", "Provide a value for PRINTAS.")
    # the derived name carries the letter of the kind: contacts of all kinds share one name space
    derived = f"{new.fields['NAME']}({name[0]}{party})"
    contact = {**new.contact, "CONTACTNAME": new.contact.get("CONTACTNAME") or derived}
    contact["PRINTAS"] = contact["PRINTAS"] or new.fields["NAME"]
    return create_contact(company, contact)


def _check_refers(company: Company, name: str, fields: Row) -> None:
    terms = "ARTERM" if name == "CUSTOMER" else "APTERM"
    if fields.get("TERMNAME") and not company.master(terms, "NAME", fields["TERMNAME"]):
        raise invalid(f"The term '{fields['TERMNAME']}' is not valid.", "Select a valid term.")
    if fields.get("PARENTID") and not company.master(name, OBJECTS[name].id, fields["PARENTID"]):
        raise invalid(f"The parent '{fields['PARENTID']}' is not valid.")
    if fields.get("STATUS") not in (None, "active", "inactive", "active non-posting"):
        raise invalid(f"The status '{fields['STATUS']}' is not valid.")


def _points(company: Company, new: NewParty) -> Row:
    for contact in filter(None, new.points.values()):
        if not company.master("CONTACT", "CONTACTNAME", contact):
            raise invalid(f"The contact '{contact}' is not valid.", "Select a valid contact.")
    return {POINTS[point]: contact for point, contact in new.points.items()}
