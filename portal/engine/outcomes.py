"""What an answer, a silence or a look means for a record. All belief of the engine is in this file.

Presence may be believed at once, absence only after the hold. A definite refusal exists only for the one send of a
document that was never sent before; to whatever was perhaps sent already, every refusal is just a reason to look.
Facts are never fenced: a true answer that arrives late is recorded, by its attempt, whoever owns the lane now.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import Error, transaction

from audit import trail
from audit.models import Attempt, Posting, Problem, Record, State, Verdict, WaitsFor
from audit.states import Move, Stale, Trouble, move
from connectors.base import Answer, Document, Done, Found
from connectors.errors import ConnectorError, NotYet, Refused, Unavailable
from mappings.models import Period
from portal.engine import access, clock, documents
from portal.engine.prepare import due_of, waits_of

log = logging.getLogger(__name__)
POSTED_STATES = ("posted", "complete", "reconciled", "paid", "partially paid", "selected", "active", "closed", "open")
NEVER = timedelta(days=3650)


# --- answers ----------------------------------------------------------------------------------------------------------


def answered(attempts: Sequence[Attempt], answers: Mapping[str, Answer]) -> None:
    """Records the answers to the attempts of one request, by control; a missing one is silence.

    One commit for all, a savepoint each: one bad outcome leaves the others alone.
    """
    if not attempts:
        return
    now = clock.now()
    with transaction.atomic():
        rows = Record.objects.select_for_update(of=("self",)).select_related("link__target").prefetch_related("posting")
        records = rows.in_bulk([attempt.record_id for attempt in attempts])
        for attempt in attempts:
            _answered(records[attempt.record_id], attempt, answers.get(attempt.control), now)
        posted = [record for record in records.values() if record.state == State.POSTED]
        _wake_dependents(posted, now)
        _forget_periods(posted)


def _answered(record: Record, attempt: Attempt, answer: Answer | None, now: datetime) -> None:
    try:
        with transaction.atomic():
            if isinstance(answer, Done):
                _note(attempt, Attempt.Outcome.DONE, now, target_id=answer.id, reference=answer.reference)
                _done(record, answer, now)
            elif answer is None or isinstance(answer, Unavailable):
                _not_answered(record, attempt, answer, now)
            else:
                _note(attempt, Attempt.Outcome.REFUSED, now, error=answer)
                _refused(record, attempt, answer, now)
    except (Stale, Error):
        # The attempt stays announced; whoever takes the lane next treats it as unclear, which is always safe.
        log.exception("the outcome of %s could not be recorded", attempt)


def _done(record: Record, done: Done, now: datetime) -> None:
    if hasattr(record, "posting"):
        if record.posting.target_id != done.id:
            _double(record, record.posting.target_id, done.id, now)
        return
    _posted(record, done.id, done.number, done.state, done.url, now, found=False)


def _posted(
    record: Record, id: str, number: str, state: str, url: str, now: datetime, *, found: bool, said: str = ""
) -> None:
    Posting.objects.create(
        record=record,
        target_company=record.target_company,
        kind=record.kind,
        target_id=id,
        number=number,
        target_state=state,
        url=url[:500],
        found=found,
        at=now,
    )
    if state not in POSTED_STATES:
        move(_waits_there(record, state, {"due_at": now}), now)
        return
    what = "record.found" if found else "record.posted"
    fields = {"frozen": False, "due_at": now + NEVER, "verdict_due_at": now, "hold_until": None, "tries": 0}
    data = {"target_id": id, "number": number}
    move(Move(record, State.POSTED, what, said or f"{record.kind} {number or id}", data=data, fields=fields), now)


def _wake_dependents(posted: Sequence[Record], now: datetime) -> None:
    """Only quicker than the sweep, which would find them too. The records of one request share accounts and flow."""
    if not posted:
        return
    first = posted[0]
    waiting = Record.objects.filter(
        source_account=first.source_account,
        target_company=first.target_company,
        state=State.WAITING,
        waits_for=WaitsFor.DEPENDENCY,
    )
    waiting.filter(waits_on_flow=first.flow, waits_on_key__in=[one.key for one in posted]).update(due_at=now)
    # What the target lane missed, it missed by the number that it has there.
    numbers = [one.number for one in posted if one.number]
    waiting.filter(waits_on_flow="", waits_on_key__in=numbers, code=f"dependency.{first.kind}").update(due_at=now)


def _not_answered(record: Record, attempt: Attempt, error: Unavailable | None, now: datetime) -> None:
    if error is not None and not error.sent:
        _note(attempt, Attempt.Outcome.UNSENT, now, error=error)
        if _latest(record, attempt) and (record.state == State.SENDING or _proved_unsent(record)):
            said = f"nothing was sent: {error.said}"
            move(Move(record, State.READY, "record.unsent", said, fields={"due_at": now}), now)
        return
    _note(attempt, Attempt.Outcome.UNCLEAR, now, error=error)
    if record.state == State.SENDING and _latest(record, attempt):
        said = error.said if error else "no answer for this document"
        unsure(record, attempt, said, now)


def _proved_unsent(record: Record) -> bool:
    """Whether an UNSURE record need not be: the proof that its send never began came late, and it had no other."""
    return record.state == State.UNSURE and not record.attempts.filter(outcome__in=Attempt.MAYBE_SENT).exists()


def unsure(record: Record, attempt: Attempt, said: str, now: datetime) -> None:
    fields = {"due_at": now, "tries": 0, "hold_until": attempt.hold_until}
    move(Move(record, State.UNSURE, "record.unsure", said, fields=fields), now)


def _refused(record: Record, attempt: Attempt, error: ConnectorError, now: datetime) -> None:
    if record.state not in (State.SENDING, State.UNSURE) or not _latest(record, attempt):
        return
    sent_before = record.attempts.exclude(pk=attempt.pk).filter(outcome__in=Attempt.MAYBE_SENT).exists()
    if attempt.resend or sent_before:
        if record.state == State.SENDING:
            unsure(record, attempt, f"refused when sent again, which proves nothing: {error.said}", now)
        return
    refuse(record, error, now, taken=True)


def refuse(record: Record, error: ConnectorError, now: datetime, *, taken: bool) -> None:
    """A definite no. `taken`: the control was used up by the send, a further one goes under a new one."""
    waits = waits_of(error)
    if not waits and hasattr(record, "posting"):
        waits = WaitsFor.SETTINGS  # it stands there: it is released some day, and never fails
    trouble = Trouble(error.code, error.said, error.value, error.cure)
    fields: dict[str, Any] = {
        "due_at": due_of(error, record.tries, now),
        "tries": record.tries + 1,
        "take": record.take + (1 if taken else 0),
    }
    if isinstance(error, NotYet):
        fields |= {"waits_on_flow": error.flow, "waits_on_key": error.key}
    if isinstance(error, Refused) and error.cause == "period":
        _learn_period(record, now)
    what = "record.refused" if taken else "record.waits"
    to = State.WAITING if waits else State.FAILED
    move(Move(record, to, what, waits_for=waits, trouble=trouble, fields=fields), now)


def _learn_period(record: Record, now: datetime) -> None:
    """The refusal does not say which module is closed: the document's first is taken, which is its own subledger."""
    document = documents.of(record)
    if record.day is None or not document.modules:
        return
    entity = (document.entities() or ("",))[0]
    row, made = Period.objects.get_or_create(
        connection_id=record.link.target_id,
        entity=entity,
        module=document.modules[0],
        defaults={
            "closed_to": record.day,
            "learned": True,
            "probe_at": clock.in_seconds(settings.WAITS.condition, now),
        },
    )
    if not made and row.closed_to < record.day:
        Period.objects.filter(pk=row.pk).update(closed_to=record.day)


def _forget_periods(posted: Sequence[Record]) -> None:
    """A document was taken in a period that we had learned is closed: it is open again. What waits for it is prepared
    anew, because the workspace's revision grows with the change."""
    if not posted:
        return
    learned = list(Period.objects.filter(connection_id=posted[0].link.target_id, learned=True))
    for record in posted if learned else ():
        document = documents.of(record)
        for row in learned:
            fits = row.module in document.modules and row.entity in ("", *document.entities())
            if fits and record.day is not None and row.closed_to >= record.day:
                row.delete()


def _latest(record: Record, attempt: Attempt) -> bool:
    return not record.attempts.filter(pk__gt=attempt.pk).exists()


def _note(
    attempt: Attempt,
    outcome: str,
    now: datetime,
    *,
    error: ConnectorError | None = None,
    target_id: str = "",
    reference: str = "",
) -> None:
    Attempt.objects.filter(pk=attempt.pk).update(
        outcome=outcome,
        answered_at=now,
        code=error.code if error else "",
        said=trail.clean(error.said) if error else "",
        target_id=target_id,
        reference=reference[:255],
    )


def _double(record: Record, one: str, other: str, now: datetime) -> None:
    said = f"{record} stands at the target twice: {one} and {other}."
    Problem.objects.get_or_create(
        workspace_id=record.workspace_id,
        link_id=record.link_id,
        code="double",
        value=record.control[:255],
        closed_at=None,
        defaults={"said": said, "cure": "Reverse one of them at the target.", "who": "controller", "opened_at": now},
    )
    trail.write([trail.entry(record.workspace_id, "record.double", at=now, said=said, record_id=record.pk)])


# --- looks ------------------------------------------------------------------------------------------------------------


def seen_before_first_send(record: Record, document: Document, hits: Sequence[Found], now: datetime) -> bool:
    """Whether to send. Something that stands there already, with no attempt of ours, is foreign until a person, or the
    option `adopt = exact`, says otherwise."""
    standing = [hit for hit in hits if not hit.gone]
    if record.adopt:
        _as_told(record, standing, now)
        return False
    if not standing and document.standing:
        raise Refused(
            f"The {document.kind} {record.number} of {record.party}, which the source names, is not there.",
            cause="settings",
            code="adopt.not_there",
            field="number",
            value=record.number,
            cure="Correct the number at the source and retry, or enter it at the target: it is taken over.",
        )
    if not standing and early(record, document):
        raise Refused(
            f"The {document.kind} {record.number} of {record.party} is from before the start, and is not there.",
            cause="settings",
            code="start.not_there",
            field="number",
            value=record.number,
            cure="Enter it at the target under this number and party, or link the party that has it: it is taken over.",
        )
    if not standing or (document.master and own(record, standing)):
        return True
    equal = [hit for hit in standing if document.same(hit)]
    if len(standing) == 1 and equal and document.linked:
        adopt(record, equal[0], now, "a person linked it to this one")
    elif len(standing) == 1 and equal and record.link.options.get("adopt", "ask") == "exact":
        adopt(record, equal[0], now, "equal in everything, adopted by rule")
    else:
        said = f"{len(standing)} such {document.kind} stand there already, not sent by us: {_ids(standing)}."
        _ask(record, "duplicate.foreign", said, "Adopt it, or correct its number there.", now)
    return False


def early(record: Record, document: Document) -> bool:
    """From before the start of the link: people have entered it by hand, and nothing of it is ever created, unless a
    backfill was asked for."""
    return not document.master and record.backfill_id is None and record.happened_at < record.link.start_at


def _as_told(record: Record, standing: Sequence[Found], now: datetime) -> None:
    """A person said which document it is. While that stands, nothing is sent."""
    told = [hit for hit in standing if hit.id == record.adopt]
    if told:
        adopt(record, told[0], now, "a person said that this is it")
        return
    said = f"{record.adopt} was named, and is not among what stands there: {_ids(standing) or 'nothing'}."
    _ask(record, "adopt.missing", said, _DECIDE, now)


def seen_when_unsure(record: Record, document: Document, hits: Sequence[Found], asked_at: datetime) -> None:
    """Decides what an UNSURE record is. `asked_at`: the database's time before the look; absence counts from it."""
    now = clock.now()
    standing = [hit for hit in hits if not hit.gone]
    updating = document.master and own(record, standing)
    if hits and not standing:
        _ask(record, "unsure.reversed", f"It stands there reversed: {_ids(hits)}.", _DECIDE, now)
    elif updating and updated(record, document, standing):
        adopt(record, standing[0], now, "the change stands there")
    elif len(standing) == 1 and not updating and document.same(standing[0]):
        adopt(record, standing[0], now, "found there as it was sent")
    elif standing and not updating:
        code = "unsure.several" if len(standing) > 1 else "unsure.differs"
        _ask(record, code, f"Not surely ours: {_ids(standing)}.", _DECIDE, now)
    elif record.hold_until is None or asked_at >= record.hold_until:
        _absent(record, now)
    else:
        first = settings.WAITS.look
        due = min(clock.back_off(record.tries, now, first=first), record.hold_until + timedelta(milliseconds=1))
        Record.objects.filter(pk=record.pk, stamp=record.stamp).update(due_at=due, tries=record.tries + 1)


_DECIDE = "Look at the target, then say: it is this one, or it is not there (it is then sent as a new version)."


def _absent(record: Record, now: datetime) -> None:
    if record.rounds >= settings.ABSENCE_ROUNDS:
        said = f"Sent {record.rounds + 1} times and never found."
        _ask(record, "unsure.absent", said, _DECIDE, now)
        return
    fields = {"frozen": True, "rounds": record.rounds + 1, "due_at": now, "hold_until": None, "tries": 0}
    said = "not there after the hold: the same bytes go again"
    move(Move(record, State.READY, "record.absent", said, fields=fields), now)


def adopt(record: Record, found: Found, now: datetime, said: str) -> None:
    with transaction.atomic():
        _posted(record, found.id, found.number, found.state, found.url, now, found=True, said=said)
        _wake_dependents([record], now)


def own(record: Record, standing: Sequence[Found]) -> bool:
    """Whether what stands there is the master that an earlier version of this record made."""
    ids = {hit.id for hit in standing}
    return Posting.objects.filter(
        record__source_account=record.source_account,
        record__target_company=record.target_company,
        record__flow=record.flow,
        record__key=record.key,
        record__version__lt=record.version,
        target_id__in=ids,
    ).exists()


def updated(record: Record, document: Document, standing: Sequence[Found]) -> bool:
    """Whether the one master of ours that stands there has what this version changes."""
    return len(standing) == 1 and document.written(standing[0], before(record, document))


def before(record: Record, document: Document) -> Document | None:
    """What we last wrote of this master."""
    if not document.master:
        return None
    posting = (
        Posting.objects.filter(
            record__source_account=record.source_account,
            record__target_company=record.target_company,
            record__flow=record.flow,
            record__key=record.key,
            record__version__lt=record.version,
        )
        .select_related("record__link__target")
        .order_by("-record__version")
        .first()
    )
    return documents.of(posting.record) if posting else None


def _ask(record: Record, code: str, said: str, cure: str, now: datetime) -> None:
    trouble = Trouble(code, said, record.number, cure)
    fields = {"due_at": now + NEVER}
    to = State.WAITING
    move(Move(record, to, "record.asks", waits_for=WaitsFor.DECISION, trouble=trouble, fields=fields), now)


def finished(record: Record, state: str, now: datetime) -> None:
    """What `finish` said of a document that was created but not posted yet."""
    Posting.objects.filter(record=record).update(target_state=state)
    if state not in POSTED_STATES:
        due = clock.in_seconds(settings.WAITS.condition, now)
        Record.objects.filter(pk=record.pk, stamp=record.stamp).update(due_at=due)
        return
    try:
        fields = {"due_at": now + NEVER, "verdict_due_at": now}
        move(Move(record, State.POSTED, "record.posted", f"released there: {state}", fields=fields), now)
        _wake_dependents([record], now)
        _forget_periods([record])
    except Stale:
        pass


def _ids(found: Sequence[Found]) -> str:
    return ", ".join(hit.number or hit.id for hit in found[:5])


# --- reading back -----------------------------------------------------------------------------------------------------


def verdicts(pairs: Sequence[tuple[Record, Document]], found: Sequence[Found | None], now: datetime) -> None:
    """The second axis: what the ledger looks like now."""
    agreeing = []
    _keep_base_lines(pairs, found)
    for (record, document), one in zip(pairs, found, strict=True):
        if _agrees(record, document, one):
            agreeing.append(record)
        else:
            _verdict(record, document, one, now)
    Record.objects.filter(pk__in=[record.pk for record in agreeing]).update(verdict=Verdict.AGREES, verdict_due_at=None)
    for record in agreeing:
        if record.verdict not in (Verdict.NOT_CHECKED, Verdict.AGREES):
            _agrees_again(record, now)


def _keep_base_lines(pairs: Sequence[tuple[Record, Document]], found: Sequence[Found | None]) -> None:
    """What the target reckoned in base currency: whatever follows this document may ask for it. Whoever waits for it is
    found by the next sweep."""
    said = {r.pk: [str(a) for a in one.base_lines] for (r, _), one in zip(pairs, found, strict=True) if one}
    plain = [pk for pk, lines in said.items() if not lines]
    Posting.objects.filter(record__in=plain, base_lines__isnull=True).update(base_lines=[])
    for pk in said.keys() - set(plain):
        Posting.objects.filter(record=pk).update(base_lines=said[pk])


def _agrees_again(record: Record, now: datetime) -> None:
    said = f"{record} agrees with the ledger again."
    opened = Problem.objects.filter(link_id=record.link_id, code__startswith="ledger.", closed_at=None)
    opened.filter(value=record.number[:255]).update(closed_at=now)
    trail.write([trail.entry(record.workspace_id, "record.agrees", at=now, said=said, record_id=record.pk)])


def _agrees(record: Record, document: Document, found: Found | None) -> bool:
    if found is None or found.gone:
        return False
    told = record.adopt == found.id  # a person took it over as it stands there
    return document.master or (found.state in POSTED_STATES and (told or document.agrees(found)))


def _verdict(record: Record, document: Document, found: Found | None, now: datetime) -> None:
    """Something other than agreement. A fresh document may not be visible yet."""
    if found is None:
        young = now < record.changed_at + timedelta(seconds=_visible_after(record))
        said = Verdict.NOT_CHECKED if young else Verdict.MISSING
    elif found.gone:
        if _undone_by_us(record):
            Record.objects.filter(pk=record.pk).update(verdict=Verdict.AGREES, verdict_due_at=None)
            return
        said = Verdict.VOIDED
    elif found.state not in POSTED_STATES:
        _created_only(record, found, now)
        return
    else:
        said = Verdict.DIFFERS
    again = clock.in_seconds(settings.WAITS.verdict, now) if said == Verdict.NOT_CHECKED else None
    Record.objects.filter(pk=record.pk).update(verdict=said, verdict_due_at=again)
    if said == Verdict.MISSING:
        _read_later(record, now)  # perhaps it is only slow to appear
    if said not in (Verdict.NOT_CHECKED, record.verdict):
        _differs(record, said, found, now)


def _undone_by_us(record: Record) -> bool:
    """Whether a posted reversal of ours took back this very document. What was made anew under the same number and is
    gone again is explained by none."""
    known = access.system(record.link.target).kinds
    undoing = [kind for kind, document in known.items() if document.undoes == record.kind]
    ours = Posting.objects.filter(record__link_id=record.link_id, record__state=State.POSTED, kind__in=undoing)
    ours = ours.filter(record__number=record.number, record__party=record.party)
    own = record.posting.target_id
    return any(id == own or id.endswith(f"/{own}") for id in ours.values_list("target_id", flat=True))


def _created_only(record: Record, found: Found, now: datetime) -> None:
    """The create was answered with success, but it is a draft there, or waits for the target's own approval."""
    Posting.objects.filter(record=record).update(target_state=found.state)
    fields = {"due_at": clock.in_seconds(settings.WAITS.condition, now), "verdict_due_at": None}
    try:
        move(_waits_there(record, found.state, fields), now)
    except Stale:
        pass


def _waits_there(record: Record, state: str, fields: dict[str, Any]) -> Move:
    trouble = Trouble("approval.target", f"It was created there and is {state}.", cure="Release it at the target.")
    waits = WaitsFor.TARGET_APPROVAL
    return Move(record, State.WAITING, "record.created", waits_for=waits, trouble=trouble, fields=fields)


def check_single(record: Record, hits: Sequence[Found], now: datetime) -> None:
    """A document that was sent again is looked for by its own key too, several times: if the first send landed after
    all, and became visible only now, there are two."""
    standing = [hit for hit in hits if not hit.gone]
    if len({hit.id for hit in standing}) > 1:
        _double(record, standing[0].id, standing[1].id, now)
        Record.objects.filter(pk=record.pk).update(verdict=Verdict.DIFFERS, verdict_due_at=None)
    else:
        _read_later(record, now)


def _read_later(record: Record, now: datetime) -> None:
    """Reads it again several times, ever later, the last time after 15 holds."""
    if record.tries < 4:
        later = now + timedelta(seconds=_visible_after(record) * 2**record.tries)
        Record.objects.filter(pk=record.pk).update(verdict_due_at=later, tries=record.tries + 1)


def _visible_after(record: Record) -> float:
    last = record.attempts.order_by("-pk").first()
    return (last.hold_until - last.announced_at).total_seconds() if last else 0.0


def _differs(record: Record, said: str, found: Found | None, now: datetime) -> None:
    text = f"{record} was posted and is now {said}."
    Problem.objects.get_or_create(
        workspace_id=record.workspace_id,
        link_id=record.link_id,
        code=f"ledger.{said.replace(' ', '_')}",
        value=record.number[:255],
        closed_at=None,
        defaults={"said": text, "cure": "Accept it, restore it or reverse it.", "who": "controller", "opened_at": now},
    )
    data = {"found": str(found.identity)} if found else None
    trail.write([trail.entry(record.workspace_id, "record.differs", at=now, said=text, record_id=record.pk, data=data)])
