"""The lines of a bill or a credit: account and dimensions as the file has them, checked against Sage Intacct's."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from connectors.base import Choice, Desk, Json
from connectors.errors import Refused
from connectors.integrations.stampli_intacct.faults import Faults
from connectors.integrations.stampli_intacct.tables import DIMENSIONS
from connectors.names import fold
from connectors.sage_intacct.bookable import Lack, is_entity, lacks, several_entities
from connectors.sage_intacct.documents import Line

GL = "gl_account"
CODES = {GL: ("gl_not_found", "gl_inactive")}
"""Table → codes of the contract for what is not there, and for what is not active."""


@dataclass
class Coder:
    desk: Desk
    told: Json
    faults: Faults
    day: date

    def lines(self) -> list[Line]:
        return [self.line(one, Decimal(one["amount"])) for one in self.told["lines"]]

    def line(self, one: Json, amount: Decimal) -> Line:
        row = int(one["rows"][0])
        entity = self.entity(str(one.get("entity") or self.told.get("entity") or ""), row)
        given = {name: str(value) for name, value in (one.get("dimensions") or {}).items()}
        of = {name: self.value(name, given.pop(name, ""), row) for name in DIMENSIONS}
        line = Line(
            amount=amount,
            account=self.value(GL, str(one.get(GL) or ""), row),
            memo=str(one.get("description") or ""),
            location=of["location"] or entity,
            department=of["department"],
            class_=of["class"],
            project=of["project"],
            item=of["item"],
            customer=of["customer"],
            employee=of["employee"],
            dimensions=tuple(sorted((name, self.value(name, value, row)) for name, value in given.items())),
            entity=entity,
        )
        self._usable(line, row)
        return line

    def entity(self, written: str, row: int) -> str:
        """Empty for a company with one entity."""
        mapped = self.desk.maybe("entity", written, on=self.day, at="entity")
        name = mapped.value if mapped else written
        if not several_entities(self.desk):
            return name if is_entity(self.desk, name) else ""
        if not name or not is_entity(self.desk, name):
            said = f"Sage Intacct has no entity {name}." if name else "The file does not say which entity it is for."
            self.faults.unmapped([row], "entity", "entity_not_found", name or "*", said)
            return ""
        return name

    def value(self, table: str, written: str, row: int) -> str:
        """What a value of the file is called in Sage Intacct: by the mapping, else as it is written if it is there."""
        if not written:
            return ""
        mapped = self.desk.maybe(table, written, on=self.day, at=f"row {row} {table}")
        if mapped:
            return mapped.value
        missing, inactive = CODES.get(table, (f"{table}_not_found", f"{table}_inactive"))
        found = [one for one in self.desk.offered(table, written) if fold(one.value) == fold(written)]
        if not found:
            said = f"Row {row}: Sage Intacct has no {table.replace('_', ' ')} {written}."
            self.faults.unmapped([row], table, missing, written, said)
            return ""
        if not found[0].active:
            self.faults.refused([row], inactive, written, _inactive(table, found[0], row))
        return found[0].value

    def _usable(self, line: Line, row: int) -> None:
        for lack in lacks(self.desk, line):
            if lack.code == "dimension.inactive" or (lack.code == "account.control" and "not active" in lack.said):
                continue  # said by its own code already
            self.faults.refused([row], lack.code, lack.value, _lacking(lack, row))


def _inactive(table: str, choice: Choice, row: int) -> Refused:
    return Refused(
        f"Row {row}: the {table.replace('_', ' ')} {choice.value} is not active in Sage Intacct.",
        cause="settings",
        code="dimension.inactive" if table != GL else "account.control",
        field=table,
        value=choice.value,
        cure="Activate it in Sage Intacct, or map another.",
    )


def _lacking(lack: Lack, row: int) -> Refused:
    said = f"Row {row}: {lack.said}"
    return Refused(said, cause="settings", code=lack.code, field=lack.dimension, value=lack.value, cure=lack.cure)
