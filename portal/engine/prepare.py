"""The source lane's second half: load what a fact needs, translate it, freeze the document. Nothing is sent here."""

import json
import logging
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from audit.models import Claim, Record, State, WaitsFor
from audit.states import Move, Stale, Trouble, move
from connectors.base import Document, Skip
from connectors.errors import ConnectorError, Denied, NotYet, Refused, Unavailable, Unmapped
from mappings.models import Period
from portal.engine import access, budget, clock, documents, intake, queues
from portal.engine.desk import RowDesk
from portal.models import FlowSetting, Lane

log = logging.getLogger(__name__)
SKIPPED_MEANWHILE = 3
"""How often a record asks again for what turned out to post nothing."""
CAUSE_WAITS = {
    "period": WaitsFor.PERIOD,
    "settings": WaitsFor.SETTINGS,
    "decision": WaitsFor.DECISION,
    "duplicate": WaitsFor.DECISION,
    "approval": WaitsFor.TARGET_APPROVAL,
}


def prepare_next(lane: Lane) -> bool:
    """Prepares the record of this account that is due first. False: none is due."""
    record = _due(lane)
    if record is None:
        return False
    try:
        _prepare(record)
    except Stale:
        pass  # somebody moved it meanwhile; the next look at the queue sees it as it is
    except Exception as error:  # a bug of ours in one record must not hold up the others
        log.exception("preparing %s", record)
        _postpone(record, f"{type(error).__name__} in our own code")
    if record.backfill_id:
        budget.check(record.link.source)
    return True


def _due(lane: Lane) -> Record | None:
    rows = queues.with_links(queues.to_prepare(clock.now()).filter(source_lane=lane))
    return rows.order_by(F("backfill").asc(nulls_first=True), "due_at", "pk").first()


def _prepare(record: Record) -> None:
    # Of the very statement that read options, mode and accounts: whatever is saved from there on makes the revision
    # differ, and it is prepared again.
    revision = record.link.workspace.revision
    link = record.link
    flow = access.integration(link).flow(record.flow.partition(".")[2])
    desk = RowDesk(record, link, control_of(record))
    try:
        payload = _payload(record)
        made = flow.translate(payload, desk)
        if isinstance(made, Document):
            _check_periods(record, made)
    except Denied as error:
        intake.deny(link.source, error)
    except Unavailable as error:
        _postpone(record, error.said)
    except ConnectorError as error:
        _stopped(record, error, desk, revision)
    else:
        if isinstance(made, Skip):
            _skipped(record, made, desk, revision)
        else:
            _ready(record, made, desk, revision)


def control_of(record: Record) -> str:
    """The key of the document at the target: made of the source's names only, hence always the same; a new take after a
    definite refusal, a new version for a master's change."""
    parts = ["ml", record.source_account, record.flow.partition(".")[2], record.key]
    if record.version > 1:
        parts.append(f"v{record.version}")
    if record.take > 1:
        parts.append(f"t{record.take}")
    control = ":".join(parts)
    if len(control) > 250:
        control = control[:185] + ":" + documents.digest(control.encode())
    return control


def _payload(record: Record) -> Any:
    if record.payload is None:
        payload = access.client(record.link.source).load(record.stream, record.key)
        record.payload = json.dumps(payload, ensure_ascii=True).encode()
    return json.loads(bytes(record.payload))


def _ready(record: Record, document: Document, desk: RowDesk, revision: int) -> None:
    body, identity, now = documents.dump(document), document.identity(), clock.now()
    fields: dict[str, Any] = {
        **_common(record, desk, revision, now),
        "control": desk.control,
        "kind": document.kind,
        "session": document.session,
        "document": body,
        "document_hash": documents.digest(body),
        "amount": identity.amount,
        "currency": identity.currency,
        "party": identity.party[:120],
        "number": identity.key[:120],
        "day": document.accounting_date(),
        "tries": 0,
    }
    with transaction.atomic():
        taken = _claim(record, desk)
        if taken:
            _stopped(record, taken, desk, revision)
            return
        approval = access.integration(record.link).flow(record.flow.partition(".")[2]).approval
        if approval and record.approved_hash != fields["document_hash"]:
            _asks_approval(record, approval, fields, now)
            return
        same = record.state == State.READY and record.document_hash == fields["document_hash"]
        what = "record.confirmed" if same else "record.prepared"
        move(Move(record, State.READY, what, f"{document.kind} {identity.key}", fields=fields), now)
        if desk.preview and not same:
            _waiting_for(record).filter(setting__mode=FlowSetting.Mode.PREVIEW).update(due_at=now)


def _asks_approval(record: Record, code: str, fields: dict[str, Any], now: datetime) -> None:
    """Made, and kept until a person approves exactly this. Made anew when something that it asked for changes."""
    fields["due_at"] = now + timedelta(days=3650)
    asked = (record.state, record.waits_for) == (State.WAITING, WaitsFor.APPROVAL)
    if asked and record.document_hash == fields["document_hash"]:
        Record.objects.filter(pk=record.pk, stamp=record.stamp).update(**fields)
        return
    number = fields["number"]
    said = f"{record.kind or fields['kind']} {number} of {fields['party']} waits for approval."
    trouble = Trouble(code, said, number, "Read the document, then approve it or leave it.")
    waits = WaitsFor.APPROVAL
    move(Move(record, State.WAITING, "record.asks", waits_for=waits, trouble=trouble, fields=fields), now)


def _claim(record: Record, desk: RowDesk) -> Refused | None:
    """Claims the balance rows. Returns what is to be said of one that another record has."""
    key = {"target_company": record.target_company, "source_account": record.source_account}
    for row, part, otherwise in desk.claims:
        claim, _ = Claim.objects.get_or_create(**key, row=row, part=part, defaults={"record": record})
        if claim.record_id != record.pk:
            return otherwise
    return None


def _skipped(record: Record, skip: Skip, desk: RowDesk, revision: int) -> None:
    now = clock.now()
    fields = {**_common(record, desk, revision, now), "said": skip.why, "code": skip.code}
    with transaction.atomic():
        move(Move(record, State.SKIPPED, "record.skipped", skip.why, fields=fields), now)
        _waiting_for(record).update(due_at=now)


def _waiting_for(record: Record) -> QuerySet[Record]:
    waiting = Record.objects.filter(state=State.WAITING, waits_for=WaitsFor.DEPENDENCY, link_id=record.link_id)
    return waiting.filter(waits_on_flow=record.flow, waits_on_key=record.key)


def _stopped(record: Record, error: ConnectorError, desk: RowDesk, revision: int) -> None:
    """What translating said: wait for a named condition, or FAILED. No new trail entry while it says the same again."""
    now = clock.now()
    waits = waits_of(error)
    due = due_of(error, record.tries, now)
    trouble = _switched_off(record, error) or Trouble(error.code, error.said, error.value, error.cure)
    fields = {**_common(record, desk, revision, due), "tries": record.tries + 1}
    if isinstance(error, NotYet):
        fields |= {"waits_on_flow": error.flow, "waits_on_key": error.key}
        if error.flow:
            intake.want(error.flow, error.key, record)
            if record.tries < SKIPPED_MEANWHILE and _is_skipped(record, error):
                fields["due_at"] = now
        else:
            fields["payload"] = None  # the source itself was not ready: read it again
    if record.state == State.WAITING and (record.waits_for, record.code) == (waits, trouble.code):
        Record.objects.filter(pk=record.pk, stamp=record.stamp).update(**fields)
        return
    to = State.WAITING if waits else State.FAILED
    move(
        Move(record, to, "record.waits" if waits else "record.failed", waits_for=waits, trouble=trouble, fields=fields),
        now,
    )


def _switched_off(record: Record, error: ConnectorError) -> Trouble | None:
    """What it waits for will never come while its flow is off: that is somebody's trouble."""
    flow = error.flow.partition(".")[2] if isinstance(error, NotYet) else ""
    if not FlowSetting.objects.filter(link_id=record.link_id, flow=flow, mode=FlowSetting.Mode.OFF).exists():
        return None
    label = access.integration(record.link).flow(flow).label
    return Trouble(
        "dependency.flow_off",
        f"{error.said} Its flow “{label}” is off.",
        label,
        f"Switch on the flow “{label}”: what it missed is read then, and this goes on by itself. Or book by hand what "
        "is missing and leave this record.",
        who="owner",
    )


def _is_skipped(record: Record, error: NotYet) -> bool:
    """What it waits for posts nothing: perhaps that was decided while this one was being translated."""
    of = Record.objects.filter(link_id=record.link_id, flow=error.flow, key=error.key)
    newest = of.order_by("-version").values_list("state", flat=True).first()
    return newest == State.SKIPPED


def _common(record: Record, desk: RowDesk, revision: int, due: datetime) -> dict[str, Any]:
    return {
        "payload": record.payload,
        "trace": json.dumps(desk.asked, ensure_ascii=True),
        "revision": revision,
        "due_at": due,
    }


def waits_of(error: ConnectorError) -> str:
    """What a record waits for after this error; empty: FAILED."""
    if isinstance(error, Unmapped):
        return WaitsFor.MAPPING
    if isinstance(error, NotYet):
        return WaitsFor.DEPENDENCY
    if isinstance(error, Refused):
        return CAUSE_WAITS.get(error.cause, "")
    return ""


def due_of(error: ConnectorError, tries: int, now: datetime) -> datetime:
    """When the condition is tried again by itself; what wakes it earlier is the sweep, or the source."""
    if isinstance(error, NotYet) and not error.flow:
        return clock.back_off(tries, now)
    if isinstance(error, Unmapped | NotYet):
        return now + timedelta(days=3650)  # only what it waits for, or a person, wakes it
    return clock.in_seconds(settings.WAITS.condition, now)


def _postpone(record: Record, said: str) -> None:
    now = clock.now()
    due = clock.back_off(record.tries, now)
    Record.objects.filter(pk=record.pk, stamp=record.stamp).update(tries=record.tries + 1, due_at=due, said=said)


def _check_periods(record: Record, document: Document) -> None:
    """Refuses before sending what would fall into books that we know are closed. One probe a cycle goes through where
    the closing was only learned from a refusal."""
    day = document.accounting_date()
    if day is None:
        return
    rows = Period.objects.filter(connection=record.link.target, module__in=document.modules, closed_to__gte=day)
    for row in rows.filter(entity__in=["", *document.entities()]):
        if row.learned and _may_probe(row):
            continue
        raise closed(row.module, row.entity, day)


def _may_probe(row: Period) -> bool:
    now = clock.now()
    due = Q(probe_at=None) | Q(probe_at__lte=now)
    next_probe = clock.in_seconds(settings.WAITS.condition, now)
    return bool(Period.objects.filter(due, pk=row.pk).update(probe_at=next_probe))


def closed(module: str, entity: str, day: Any) -> Refused:
    where = f"{module} closed in {entity}" if entity else f"{module} closed"
    return Refused(
        f"{where}: the period of {day} takes no postings.",
        cause="period",
        code="period.closed",
        value=f"{module} {entity} {day:%Y-%m}".replace("  ", " "),
        cure="Reopen the period at the target, or change its closing date here; the record goes on by itself.",
    )
