"""From deliveries and feeds to records: everything here is durable before anything else happens with it."""

import json
import logging
from collections.abc import Iterable

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from audit import trail
from audit.models import Attempt, Delivery, Problem, Record, State, WaitsFor
from audit.states import Move, move_all
from connectors.base import Fact, Hint
from connectors.errors import ConnectorError, Denied
from connectors.files import FEED
from portal.engine import access, clock, gaps, lanes
from portal.models import Backfill, Connection, Cursor, FlowSetting, Lane, Link

log = logging.getLogger(__name__)
BEFORE_START = "before start"
GIVEN_UP = "its backfill was given up"
LEFT = "left by "
"""How the text of a record begins that a person settled elsewhere."""
REWAKEN = (WaitsFor.DEPENDENCY, WaitsFor.SETTINGS)


# --- deliveries -------------------------------------------------------------------------------------------------------


def take_delivery(lane: Lane) -> bool:
    """Re-reads what the oldest waiting delivery of this account is about. False: none is due."""
    delivery = (
        Delivery.objects.filter(status=Delivery.Status.NEW, due_at__lte=clock.now())
        .filter(connection__in=connections(lane))
        .select_related("connection")
        .order_by("due_at", "pk")
        .first()
    )
    if delivery is None:
        return False
    try:
        facts = access.client(delivery.connection).facts(_hint(delivery))
    except Denied as error:
        deny(delivery.connection, error)
    except ConnectorError as error:
        _later(delivery, error)
    except Exception as error:  # a bug of ours must not hold up what is behind it
        log.exception("delivery %s", delivery.pk)
        _later(delivery, error)
    else:
        _taken(delivery, facts)
    return True


def _taken(delivery: Delivery, facts: Iterable[Fact] | None) -> None:
    with transaction.atomic():
        if _moved(delivery.connection):
            return
        if facts is not None:
            take_facts(delivery.connection, facts)
        Delivery.objects.filter(pk=delivery.pk).update(
            status=Delivery.Status.NO_FLOW if facts is None else Delivery.Status.DONE, why=""
        )


def _later(delivery: Delivery, error: Exception) -> None:
    said = error.said if isinstance(error, ConnectorError) else type(error).__name__
    due = clock.back_off(delivery.tries, clock.now())
    Delivery.objects.filter(pk=delivery.pk).update(tries=delivery.tries + 1, due_at=due, why=said[:300])


def _hint(delivery: Delivery) -> Hint:
    assert delivery.event_at
    extra = json.loads(delivery.headers or "{}").get("extra", {})
    return Hint(delivery.event_id or "", delivery.event_type, delivery.object_id, delivery.event_at, extra)


# --- feeds ------------------------------------------------------------------------------------------------------------


def poll_feed(lane: Lane) -> bool:
    """Takes in the next page of the feed that is due. The cursor moves in the transaction that keeps the facts."""
    now = clock.now()
    cursor = (
        Cursor.objects.filter(due_at__lte=now, connection__in=connections(lane))
        .exclude(feed=FEED)
        .select_related("connection")
        .order_by("due_at", "pk")
        .first()
    )
    if cursor is None:
        return False
    every = settings.WAITS.poll or access.system(cursor.connection).feeds[cursor.feed]
    try:
        page = access.client(cursor.connection).poll(cursor.feed, cursor.position, now)
    except Denied as error:
        deny(cursor.connection, error)
    except ConnectorError as error:
        due = clock.back_off(cursor.tries, now)
        Cursor.objects.filter(pk=cursor.pk).update(due_at=due, tries=cursor.tries + 1, said=error.said[:300])
    else:
        with transaction.atomic():
            if _moved(cursor.connection):
                return True
            gaps.notice(cursor.connection, take_facts(cursor.connection, page.facts), now)
            due = now if page.more else clock.in_seconds(every, now)
            # sent back to its beginning meanwhile, it stays there
            same = Cursor.objects.filter(pk=cursor.pk, position=cursor.position)
            same.update(position=page.cursor, due_at=due, tries=0, said="", read_at=now)
    return True


def ensure_cursors(connection: Connection) -> None:
    feeds = access.system(connection).feeds
    now = clock.now()
    rows = [Cursor(connection=connection, feed=feed, due_at=now) for feed in feeds]
    Cursor.objects.bulk_create(rows, ignore_conflicts=True)


def read_again(connection: Connection) -> None:
    """All feeds from their beginning: what no flow took when it came is taken now, what is known stays as it is."""
    Cursor.objects.filter(connection=connection).exclude(position="").update(position="", due_at=clock.now(), tries=0)


def deny(connection: Connection, error: Denied) -> None:
    """The connection is refused: its work stops until an examination passes. Said once, as a problem of its own."""
    now = clock.now()
    changed = Connection.objects.filter(pk=connection.pk).exclude(health=Connection.Health.DENIED)
    if changed.update(health=Connection.Health.DENIED, health_said=error.said[:500]):
        Problem.objects.get_or_create(
            workspace_id=connection.workspace_id,
            link=None,
            code="connection.denied",
            value=connection.name[:255],
            closed_at=None,
            defaults={"said": error.said, "cure": error.cure, "who": "owner", "opened_at": now},
        )
        trail.write([trail.entry(connection.workspace_id, "connection.denied", at=now, said=error.said)])


def connections(lane: Lane) -> list[Connection]:
    """Those of this account that are known to work."""
    rows = Connection.objects.alias(key=Connection.account_key_at()).filter(key=lane.company)
    return list(rows.filter(health=Connection.Health.OK))


def _moved(connection: Connection) -> bool:
    """Whether it leads to another account since it was opened: what was read is not of the account that it has now."""
    return Connection.objects.select_for_update().get(pk=connection.pk).account_key != connection.account_key


# --- facts ------------------------------------------------------------------------------------------------------------


def take_facts(connection: Connection, facts: Iterable[Fact]) -> list[Fact]:
    """Makes a record of each fact on each flow that reads it, wakes the record that waits for it, or does nothing.
    Returns the facts that were new. Runs in the caller's transaction.
    """
    links = Link.objects.filter(source=connection, removed=False).select_related("target", "workspace")
    ways = [(link, flow) for link in links for flow in access.integration(link).flows]
    new = []
    for fact in facts:
        arrived = [_take_fact(link, flow.key, fact) for link, flow in ways if flow.stream == fact.stream]
        if any(arrived):
            new.append(fact)
    return new


def newest(link: Link, flow: str, key: str) -> Record | None:
    """The record of a fact, in its newest version."""
    rows = Record.objects.filter(
        source_account=link.source.account_key,
        target_company=link.target.account_key,
        flow=f"{link.integration}.{flow}",
        key=key,
    )
    return rows.select_related("link", "posting").order_by("-version").first()


def _take_fact(link: Link, flow: str, fact: Fact) -> bool:
    """Whether it was new."""
    known = newest(link, flow, fact.key)
    if known is None:
        return _arrive(link, flow, fact, version=1)
    if fact.digest and fact.digest != known.digest:
        _changed(known, link, flow, fact)
    elif known.state == State.WAITING and known.waits_for in REWAKEN:
        # The source speaks of it again: perhaps it now has what was missing.
        Record.objects.filter(pk=known.pk).update(due_at=clock.now(), payload=None)
    return False


def take_past(backfill: Backfill, facts: Iterable[Fact]) -> int:
    """Makes a record of each fact that a backfill found, whatever the start says; what has one already stays as it is,
    unless it was left out only because of the start. Returns how many were taken. Runs in the caller's transaction."""
    link, taken = backfill.link, 0
    flows = [flow for flow in access.integration(link).flows if flow.key in backfill.flows]
    ways = [(fact, flow.key) for fact in facts for flow in flows if flow.stream == fact.stream]
    for fact, flow in ways:
        known = newest(link, flow, fact.key)
        if known is None:
            taken += _arrive(link, flow, fact, version=1, backfill=backfill)
        elif left_out(known):
            fresh = {"payload": None, "due_at": clock.now(), "tries": 0, "backfill": backfill}
            one = Move(known, State.DUE, "record.backfilled", str(backfill), fields=fresh)
            taken += len(move_all([one], clock.now()))
    return taken


def left_out(record: Record) -> bool:
    """Whether it posts nothing only because it is from before the start, or because a backfill was given up. What a
    later fact wants from before the start is looked for and never created: that too."""
    if record.state == State.SKIPPED:
        return record.said in (BEFORE_START, GIVEN_UP)
    wanted = record.backfill_id is None and not record.digest and record.happened_at < record.link.start_at
    still = record.state in (State.DUE, State.READY, State.WAITING) and not record.frozen
    return wanted and still and not hasattr(record, "posting") and not record.attempts.exists()


def want(flow: str, key: str, waiting: Record) -> None:
    """A later fact needs one that was skipped. From before the start: it is looked for at the target, and taken over if
    it stands there; it is never created, see `outcomes.early`. Where something was decided anew since: it is asked
    again. What a person left stays left.
    """
    rows = Record.objects.filter(
        source_account=waiting.source_account, target_company=waiting.target_company, flow=flow, key=key
    )
    decided = ~Q(revision=F("workspace__revision")) & ~Q(said__startswith=LEFT)
    record = rows.filter(Q(said__in=[BEFORE_START, GIVEN_UP]) | decided, state=State.SKIPPED).first()
    if record:
        now = clock.now()
        fresh = {"payload": None, "due_at": now, "tries": 0}
        move_all([Move(record, State.DUE, "record.wanted", f"{waiting} needs it", fields=fresh)], now)


def _changed(known: Record, link: Link, flow: str, fact: Fact) -> None:
    """A master has new content. What was not sent yet is simply made anew; what was sent gets a further version."""
    if known.state in (State.DUE, State.READY, State.WAITING, State.FAILED, State.SKIPPED) and not known.frozen:
        sent = known.attempts.filter(outcome__in=Attempt.MAYBE_SENT).exists()
        if not sent:
            fresh = {"digest": fact.digest, "payload": None, "due_at": clock.now(), "tries": 0}
            move_all(
                [Move(known, State.DUE, "record.changed", "the source has newer content", fields=fresh)], clock.now()
            )
            return
    _arrive(link, flow, fact, version=known.version + 1)


def _arrive(link: Link, flow: str, fact: Fact, *, version: int, backfill: Backfill | None = None) -> bool:
    """Whether a record was made."""
    now = clock.now()
    setting = FlowSetting.objects.get(link=link, flow=flow)
    if setting.mode == FlowSetting.Mode.OFF:
        return False
    early = backfill is None and fact.happened_at < link.start_at and not fact.digest
    record = Record(
        workspace_id=link.workspace_id,
        link=link,
        setting=setting,
        source_lane=lanes.of(link.source.account_key, Lane.Side.READ),
        target_lane=lanes.of(link.target.account_key, Lane.Side.WRITE),
        source_account=link.source.account_key,
        target_company=link.target.account_key,
        flow=f"{link.integration}.{flow}",
        stream=fact.stream,
        key=fact.key,
        version=version,
        digest=fact.digest,
        happened_at=fact.happened_at,
        backfill=backfill,
        state=State.SKIPPED if early else State.DUE,
        said=BEFORE_START if early else "",
        due_at=now,
        created_at=now,
        changed_at=now,
    )
    made = Record.objects.bulk_create([record], ignore_conflicts=True)
    stored = Record.objects.filter(
        source_account=record.source_account,
        target_company=record.target_company,
        flow=record.flow,
        key=record.key,
        version=version,
        created_at=now,
    ).first()
    if made and stored:
        what = "record.skipped" if early else "record.arrived"
        said = BEFORE_START if early else f"{fact.stream} {fact.key}"
        trail.write([trail.entry(link.workspace_id, what, at=now, said=said, record_id=stored.pk)])
    return bool(made and stored)
