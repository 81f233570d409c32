"""The desk: what a translate function may ask, answered from our rows and remembered as the trace of the document."""

from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from audit.models import Posting, Record, State
from connectors.base import Account, Choice, Mapped, Posted
from connectors.errors import NotYet, Refused, Unmapped
from connectors.names import fold
from mappings import lookup
from mappings.models import Choice as ChoiceRow
from portal.engine import access, documents
from portal.models import FlowSetting, Link


@dataclass
class RowDesk:
    """The desk of one record while its document is being made."""

    record: Record
    link: Link
    control: str
    asked: list[dict[str, Any]] = field(default_factory=list)
    claims: list[tuple[str, str, Refused]] = field(default_factory=list)

    @property
    def preview(self) -> bool:
        return self.record.setting.mode == FlowSetting.Mode.PREVIEW

    @property
    def target(self) -> Account:
        of = self.link.target
        mode: Literal["live", "test"] = "test" if of.mode == "test" else "live"
        return Account(of.account, of.name, mode, {**of.facts, **of.settings})

    def map(self, table: str, *values: str, on: date, at: str = "") -> Mapped:
        found = self.maybe(table, *values, on=on, at=at)
        if found is None:
            raise Unmapped(table, values, field=at)
        return found

    def maybe(self, table: str, *values: str, on: date, at: str = "") -> Mapped | None:
        row = lookup.row(self.link.pk, table, values, on)
        said = f"mapping {row.pk} version {row.version}" if row else ""
        self._note(
            "map", at=at, table=table, values=list(values), on=str(on), row=said, value=row.target if row else None
        )
        return Mapped(row.target, row.facts, said) if row else None

    def choice(self, table: str, value: str) -> Choice | None:
        row = ChoiceRow.objects.filter(connection_id=self.link.target_id, table=table, value=value).first()
        return _choice(row) if row else None

    def offered(self, table: str, text: str) -> list[Choice]:
        rows = ChoiceRow.objects.filter(connection_id=self.link.target_id, table=table)
        exact = [_choice(row) for row in rows.filter(value=text)]
        alike = exact or [_choice(row) for row in rows.filter(folded=fold(text)[:255])]
        return alike or [_choice(row) for row in rows.filter(folded_name=fold(text)[:255]).order_by("value")]

    def known(self, flow: str, key: str) -> bool:
        return self._records(flow, key).exists()

    def posted(self, flow: str, key: str) -> Posted:
        name = f"{self.link.integration}.{flow}"
        posting = (
            Posting.objects.filter(
                record__source_account=self.record.source_account,
                record__target_company=self.record.target_company,
                record__flow=name,
                record__key=key,
            )
            .select_related("record")
            .order_by("-record__version")
            .first()
        )
        if posting is None:
            if previewed := self._previewed(flow, key):
                return previewed
            raise NotYet(f"{flow} {key} is not posted yet.", code=f"dependency.{flow}", flow=name, key=key)
        lines = posting.base_lines
        self._note("posted", flow=flow, key=key, id=posting.target_id, number=posting.number, base_lines=lines or "")
        kind = access.system(self.link.target).kinds[posting.kind]
        assert posting.record.document
        document = documents.load(kind, bytes(posting.record.document))
        base_lines = None if lines is None else tuple(Decimal(line) for line in lines)
        adopted = posting.found and not posting.record.attempts.exists()
        return Posted(document, posting.target_id, posting.number, base_lines, adopted)

    def _previewed(self, flow: str, key: str) -> Posted | None:
        """In preview nothing is posted: what another flow has prepared stands for it. Such a document is never sent: a
        flow that goes live grows the revision, and all is prepared anew."""
        if not self.preview or f"{self.link.integration}.{flow}" == self.record.flow:
            return None
        rows = self._records(flow, key).filter(state=State.READY, setting__mode=FlowSetting.Mode.PREVIEW)
        row = rows.exclude(document=None).order_by("-version").first()
        if row is None or row.document is None:
            return None
        document = documents.load(access.system(self.link.target).kinds[row.kind], bytes(row.document))
        self._note("previewed", flow=flow, key=key, number=row.number)
        own = row.currency in ("", self.target.facts.get("base_currency"))
        return Posted(document, "", row.number, () if own else None)

    def nothing(self, flow: str, key: str) -> bool:
        newest = self._records(flow, key).order_by("-version").first()
        return newest is not None and newest.state == State.SKIPPED

    def _records(self, flow: str, key: str) -> QuerySet[Record]:
        return Record.objects.filter(
            source_account=self.record.source_account,
            target_company=self.record.target_company,
            flow=f"{self.link.integration}.{flow}",
            key=key,
        )

    def option(self, name: str) -> Any:
        declared = {one.name: one.default for one in fields(access.integration(self.link).options)}
        value = self.link.options.get(name, declared[name])
        self._note("option", name=name, value=value)
        return value

    def day(self, instant: datetime, entity: str = "") -> date:
        zone = self._zones().get(entity) or self.link.workspace.time_zone
        self._note("day", instant=instant.isoformat(), zone=zone)
        try:
            return instant.astimezone(ZoneInfo(zone)).date()
        except (KeyError, ValueError) as error:
            raise Refused(
                f"{zone} is no time zone.",
                cause="settings",
                code="settings.time_zone",
                field="entity_time_zones",
                value=zone,
                cure="Write time zones as Europe/London in the options of the link.",
            ) from error

    def _zones(self) -> dict[str, str]:
        """Option `entity_time_zones`: E100 America/Los_Angeles, E200 Europe/London."""
        parts = str(self.link.options.get("entity_time_zones") or "").split(",")
        return {entity: zone.strip() for entity, _, zone in (part.strip().partition(" ") for part in parts)}

    def claim(self, row: str, part: Literal["gross", "fee", "id", "ref"], otherwise: Refused | None = None) -> None:
        error = otherwise or Refused(
            f"The balance row {row}:{part} is already booked by another record.",
            code="source.inconsistent",
            value=f"{row}:{part}",
            cure="Look at both records; one row of money is booked once.",
        )
        self.claims.append((row, part, error))

    def because(self, at: str, why: str) -> None:
        self._note("because", at=at, why=why)

    def _note(self, asked: str, **said: Any) -> None:
        self.asked.append({"asked": asked, **{name: value for name, value in said.items() if value != ""}})


def _choice(row: ChoiceRow) -> Choice:
    return Choice(row.value, row.label, row.active, row.facts)
