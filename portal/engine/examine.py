"""The ping: examines a connection, learns whom it leads to, and readies its slots, lanes and feeds.

The row of an examination grows with each check, so that a page can show them as they are done. Nothing of it runs
inside a transaction.
"""

import threading
from collections.abc import Iterator
from dataclasses import asdict

from django.db import connection as database
from django.db.models import Q

from audit import trail
from audit.models import Problem
from connectors.base import Check, Json
from connectors.errors import ConnectorError
from portal.engine import access, accounts, clock, expiry, slots
from portal.engine.decide import NotNow
from portal.models import Connection, Examination

SILENCE = 90.0
"""Seconds without a further check after which its process is taken for gone; more than a slot and a deadline."""
CUT_OFF = Check("reach", "cut_off", "The examination", "failed", "It was cut off before its end.", "Ping again.")


def examine(connection: Connection, asked_by: str, *, account: str = "") -> Iterator[Check]:
    """Yields each check as it is done. `account`: the key of another account that a person has confirmed."""
    yield from _run(_begin(connection, asked_by), account)


def start(connection: Connection, asked_by: str, *, account: str = "") -> Examination:
    """The same in a thread of its own; while one is under way there is no second one."""
    running = under_way(connection)
    if running:
        return running
    row = _begin(connection, asked_by)
    threading.Thread(target=_alone, args=(row.pk, account), daemon=True, name=f"examination {row.pk}").start()
    return row


def under_way(connection: Connection) -> Examination | None:
    heard = clock.in_seconds(-SILENCE, clock.now())
    return connection.examinations.filter(ended_at=None, heard_at__gt=heard).order_by("-pk").first()


def confirm(connection: Connection, key: str, value: str) -> str:
    """A person confirms what the last examination asked; only that. Returns the account, if it was another account."""
    last = connection.examinations.order_by("-pk").first()
    asked = {one["key"]: one for one in (last.checks if last else ()) if one.get("confirm")}
    if not value or asked.get(key, {}).get("confirm") != value:
        raise NotNow("The last examination did not ask for this. Look at it as it is now.")
    if key == accounts.SAME:
        return value
    connection.settings = {**connection.settings, **asked[key]["settles"]}
    connection.save(update_fields=["settings"])
    return ""


def _alone(pk: int, account: str) -> None:
    try:
        for _ in _run(Examination.objects.select_related("connection__workspace").get(pk=pk), account):
            pass
    finally:
        database.close()


def _begin(connection: Connection, asked_by: str) -> Examination:
    now = clock.now()
    return Examination.objects.create(connection=connection, at=now, heard_at=now, asked_by=asked_by)


def _run(row: Examination, account: str) -> Iterator[Check]:
    checks: list[Check] = []
    whole = False
    try:
        for check in _checks(row, account):
            checks.append(check)
            row.checks, row.heard_at = [_plain(one) for one in checks], clock.now()
            row.save(update_fields=["checks", "heard_at"])
            yield check
        whole = True
    finally:
        _end(row, checks if whole else [*checks, CUT_OFF])


def _checks(row: Examination, account: str) -> Iterator[Check]:
    connection, failed = row.connection, False
    slots.ensure(connection.slot_key, access.system(connection))
    try:
        client = access.examiner(connection)
        for check in client.examine():
            failed = failed or check.outcome == "failed"
            yield check
        if not failed:
            found = client.account()
            row.account = accounts.key_of(connection, found)
            yield accounts.lead(connection, found, row.asked_by, confirmed=account)
    except ConnectorError as error:
        yield Check("reach", "reach", "Answers at all", "failed", error.said, error.cure)


def _plain(check: Check) -> Json:
    return {**asdict(check), "until": check.until.isoformat() if check.until else ""}


def _end(row: Examination, checks: list[Check]) -> None:
    connection, now = row.connection, clock.now()
    failed = [one for one in checks if one.outcome == "failed"]
    row.checks, row.passed, row.ended_at = [_plain(one) for one in checks], not failed, now
    row.save(update_fields=["checks", "passed", "ended_at", "account"])
    if not failed:
        connection.health = Connection.Health.OK
        connection.expires_on = min((one.until for one in checks if one.until), default=None)
        rows = Problem.objects.filter(Q(code="connection.denied"), workspace=connection.workspace_id, closed_at=None)
        rows.filter(value=connection.name[:255]).update(closed_at=now)
    elif any(one.layer != "reach" or one.confirm for one in failed):
        connection.health = Connection.Health.DENIED  # who cannot be reached now has not said no
    connection.health_said = (failed[0].said if failed else "")[:500]
    connection.save(update_fields=["health", "health_said", "expires_on"])
    expiry.judge(connection, now)
    said = f"{connection}: {'failed at ' + failed[0].label if failed else 'passed'}"
    trail.write([trail.entry(connection.workspace_id, "connection.examined", at=now, said=said, actor=row.asked_by)])
