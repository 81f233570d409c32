"""The ping: examines a connection, learns whom it leads to, and readies its slots, lanes and feeds."""

from collections.abc import Iterator
from dataclasses import asdict

from audit import trail
from audit.models import Problem
from connectors.base import Check
from connectors.errors import ConnectorError
from portal.engine import access, clock, intake, slots
from portal.models import Connection, Examination


class OtherAccount(Exception):
    """The credentials lead to another account than before. Refused until it is confirmed by a second act."""


def examine(connection: Connection, asked_by: str, *, confirmed: bool = False) -> Iterator[Check]:
    """Yields each check as it is done and keeps the examination at the end."""
    checks: list[Check] = []
    slots.ensure(connection.slot_key, access.system(connection))
    try:
        for check in access.client(connection).examine():
            checks.append(check)
            yield check
        if not any(one.outcome == "failed" for one in checks):
            for check in _learn(connection, confirmed=confirmed):
                checks.append(check)
                yield check
    except ConnectorError as error:
        check = Check("reach", "reach", "Answers at all", "failed", error.said, error.cure)
        checks.append(check)
        yield check
    _keep(connection, asked_by, checks)


def _learn(connection: Connection, *, confirmed: bool) -> Iterator[Check]:
    account = access.client(connection).account()
    known = connection.account
    same = not known or (known, connection.mode) == (account.id, account.mode)
    if not same and not confirmed:
        cure = "Use the credentials of the same account, or confirm that this connection shall lead elsewhere."
        said = f"These credentials lead to {account.id}, the connection was {known} before."
        yield Check("sign-in", "same_account", "The same account as before", "failed", said, cure)
        return
    connection.account, connection.mode, connection.facts = account.id, account.mode, dict(account.facts)
    connection.save(update_fields=["account", "mode", "facts"])
    slots.ensure(connection.slot_key, access.system(connection))
    intake.ensure_cursors(connection)
    label = f"{account.label or account.id} ({account.mode})"
    yield Check("sign-in", "same_account", "The account", "ok", label)


def _keep(connection: Connection, asked_by: str, checks: list[Check]) -> None:
    now = clock.now()
    failed = [one for one in checks if one.outcome == "failed"]
    Examination.objects.create(
        connection=connection, at=now, asked_by=asked_by, passed=not failed, checks=[asdict(one) for one in checks]
    )
    connection.health = Connection.Health.DENIED if failed else Connection.Health.OK
    connection.health_said = (failed[0].said if failed else "")[:500]
    connection.save(update_fields=["health", "health_said"])
    if not failed:
        rows = Problem.objects.filter(
            workspace=connection.workspace, code="connection.denied", value=connection.name[:255]
        )
        rows.filter(closed_at=None).update(closed_at=now)
    said = f"{connection}: {'failed at ' + failed[0].label if failed else 'passed'}"
    trail.write([trail.entry(connection.workspace_id, "connection.examined", at=now, said=said, actor=asked_by)])
