"""Whom a connection leads to. Facts and documents are keyed by the account, never by the connection: new credentials of
the same account keep everything, and those of another one are refused until a person confirms what that means."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from audit import trail
from audit.models import Delivery, Problem, Record
from connectors.base import Account, Check, Json
from portal.engine import access, clock, intake, lanes, links, queues, slots
from portal.models import Connection, FlowSetting, Lane, Link

SAME = "same_account"
ELSEWHERE = "connection.elsewhere"
"""The problem of records whose account no connection leads to any more."""


def key_of(connection: Connection, account: Account) -> str:
    """What the account's facts and documents would be keyed by."""
    return Connection(system=connection.system, account=account.id, mode=account.mode).account_key


def enter(connection: Connection, credentials: Json) -> None:
    """New credentials are not known to work, nor where they lead: nothing goes over this connection until an
    examination has passed."""
    connection.set_credentials(credentials)
    connection.health, connection.health_said = Connection.Health.NEW, ""
    with transaction.atomic():
        connection.save(update_fields=["sealed_credentials", "health", "health_said"])
        connection.sessions.all().delete()  # a sign-in of the old ones must not outlive them


def lead(connection: Connection, account: Account, actor: str, *, confirmed: str = "") -> Check:
    """Lets the connection lead there, if it led there before, or nowhere yet, or a person has confirmed it."""
    key = key_of(connection, account)
    before = connection.account_key if connection.account else ""
    if before not in ("", key):
        if confirmed != key:
            return _asks(before, key)
        if refused := _overlap(connection, key):
            return refused
    with transaction.atomic():
        connection.account, connection.mode, connection.facts = account.id, account.mode, dict(account.facts)
        connection.save(update_fields=["account", "mode", "facts"])
        slots.ensure(connection.slot_key, access.system(connection))
        intake.ensure_cursors(connection)
        if before not in ("", key):
            _moved(connection, before, actor)
        back = Problem.objects.filter(workspace=connection.workspace_id, code=ELSEWHERE, value=key, closed_at=None)
        back.update(closed_at=clock.now())
    return Check("sign-in", SAME, "The account", "ok", f"{account.label or account.id} ({account.mode})")


def _asks(before: str, key: str) -> Check:
    return Check(
        "sign-in",
        SAME,
        "The same account as before",
        "failed",
        f"These credentials lead to {_plain(key)}; the connection led to {_plain(before)} before.",
        "Enter credentials of the account before, or confirm that this connection shall lead to the other one.",
        confirm=key,
    )


def _plain(key: str) -> str:
    """`stripe:acct_1:test` → `acct_1 (test)`."""
    account = key.partition(":")[2]
    return f"{account.removesuffix(':test')} (test)" if account.endswith(":test") else account


def _overlap(connection: Connection, key: str) -> Check | None:
    try:
        for link in Link.objects.filter(removed=False).select_related("source", "target"):
            if link.source_id == connection.pk:
                links.refuse_overlap(link.integration, key, link.target.account_key, link.pk)
            if link.target_id == connection.pk:
                links.refuse_overlap(link.integration, link.source.account_key, key, link.pk)
    except links.NotPossible as error:
        cure = "Enter credentials of the account before, or connect the other one by a connection of its own."
        return Check("sign-in", SAME, "The same account as before", "failed", str(error), cure)
    return None


def _moved(connection: Connection, before: str, actor: str) -> None:
    """Another account has a past of its own: it is read from its beginning, and offers other choices. Nothing of it is
    sent before a person says so anew: live flows go back to preview."""
    now = clock.now()
    intake.read_again(connection)
    for link in Link.objects.filter(Q(source=connection) | Q(target=connection), removed=False):
        lanes.of(link.source.account_key, Lane.Side.READ)
        lanes.of(link.target.account_key, Lane.Side.WRITE)
        intake.read_again(link.source)
        for setting in link.flows.filter(mode=FlowSetting.Mode.LIVE):
            links.set_mode(link, setting.flow, FlowSetting.Mode.PREVIEW, actor)
    connection.choices_due_at = None
    connection.save(update_fields=["choices_due_at"])
    why = f"account: it came for {_plain(before)}, and the connection leads to another account since"
    waiting = Delivery.objects.filter(connection=connection, status=Delivery.Status.NEW)
    waiting.update(status=Delivery.Status.REFUSED, why=why[:300])
    _say(connection, before, now)
    said = f"{connection}: from {_plain(before)} to {_plain(connection.account_key)}"
    trail.write([trail.entry(connection.workspace_id, "connection.moved", at=now, said=said, actor=actor)])


def _open(connection: Connection, key: str) -> int:
    of = Q(source_account=key) | Q(target_company=key)
    return Record.objects.filter(of, workspace=connection.workspace_id, state__in=queues.OPEN).count()


def _say(connection: Connection, before: str, now: datetime) -> None:
    count = _open(connection, before)
    others = Connection.objects.filter(workspace=connection.workspace_id).exclude(pk=connection.pk)
    if not count or any(one.account_key == before for one in others):
        return
    Problem.objects.get_or_create(
        workspace_id=connection.workspace_id,
        link=None,
        code=ELSEWHERE,
        value=before[:255],
        closed_at=None,
        defaults={
            "said": f"{count} records of {_plain(before)} stand still: no connection leads there any more.",
            "cure": f"Connect {_plain(before)} again, by this connection or by one of its own with a link.",
            "who": "owner",
            "opened_at": now,
        },
    )
