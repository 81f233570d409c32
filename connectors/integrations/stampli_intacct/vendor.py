"""Whose bill it is: by the mapping, then by id, then by name. Nobody is created, nobody guessed."""

from datetime import date

from connectors.base import Choice, Desk, Json
from connectors.errors import Refused
from connectors.integrations.stampli_intacct.faults import Faults
from connectors.names import fold


def vendor_of(desk: Desk, told: Json, faults: Faults, rows: list[int], day: date) -> str:
    """VENDORID; empty where it is a fault."""
    id, name = str(told["vendor"].get("id") or ""), str(told["vendor"].get("name") or "")
    row = desk.maybe("vendor", id, name, on=day, at="vendor")
    if row:
        return row.value
    by_id = [one for one in desk.offered("vendor", id) if fold(one.value) == fold(id)] if id else []
    if by_id:
        return _one(by_id[0], id, faults, rows, desk, name)
    named = [one for one in desk.offered("vendor", name) if fold(_name(one)) == fold(name)] if name else []
    active = [one for one in named if one.active]
    if len(active) > 1:
        ids = ", ".join(one.value for one in active)
        said = f"{len(active)} vendors in Sage Intacct are called {name}: {ids}."
        faults.unmapped(rows, "vendor", "vendor_ambiguous", name, said, f"Map {name} to the one that is meant.")
        return ""
    if active or named:
        return _one((active or named)[0], name, faults, rows, desk, name)
    value = id or name
    said = f"Sage Intacct has no vendor {id or '(no id)'}" + (f", and none called {name}." if name else ".")
    faults.unmapped(rows, "vendor", "vendor_not_found", value, said)
    return ""


def _one(vendor: Choice, value: str, faults: Faults, rows: list[int], desk: Desk, name: str) -> str:
    if not vendor.active:
        said = f"The vendor {vendor.value} ({_name(vendor)}) is not active in Sage Intacct."
        cure = "Activate the vendor in Sage Intacct, or map another."
        error = Refused(said, cause="settings", code="party.blocked", field="vendor", value=vendor.value, cure=cure)
        faults.refused(rows, "vendor_inactive", value, error)
        return ""
    differs = name and fold(_name(vendor)) != fold(name)
    desk.because("vendor", f"{value} of the file" + (f"; vendor_name_differs: {name}" if differs else ""))
    return vendor.value


def _name(vendor: Choice) -> str:
    return str(vendor.facts.get("name") or vendor.label)
