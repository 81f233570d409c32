"""The door for webhooks: verify over the raw bytes, one insert, answer. Nothing else is in its path.

It stands in front of the middleware, which it does not need: no session, no CSRF, no template, no broker that could
hold it up. What is refused is kept apart, bounded, and never acted on until a person has it verified again.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection as database
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from audit.models import Delivery
from connectors.base import Account, Hint
from connectors.errors import ConnectorError
from portal.engine import access, bell
from portal.models import Connection, Lane

PREFIX = "/hooks/"
KEPT_HEADERS = ("stripe-signature", "content-type", "user-agent")


class Door:
    """Middleware that answers `/hooks/<random id>/` and hands everything else on."""

    def __init__(self, next_one: Callable[[HttpRequest], HttpResponse]) -> None:
        self.next_one = next_one

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PREFIX):
            return self.next_one(request)
        return receive(request, request.path_info[len(PREFIX) :].strip("/"))


@dataclass(frozen=True)
class Hinge:
    """What the door needs to know of one hook."""

    connection: Connection
    verify: Callable[[bytes, Mapping[str, str], Sequence[str], Account | None, float], Hint]
    secrets: list[str]
    account: Account | None
    lane: int | None
    """None before the first link: no flow reads what arrives yet, and the sweep finds it once one does."""
    known_until: float


_hinges: dict[str, Hinge] = {}


def hinge(hook: str) -> Hinge | None:
    known = _hinges.get(hook)
    if known is None or known.known_until < time.monotonic():
        known = _look_up(hook)
        if known is None:
            _hinges.pop(hook, None)
        else:
            _hinges[hook] = known
    return known


def _look_up(hook: str) -> Hinge | None:
    connection = Connection.objects.filter(hook=hook).first()
    declared = access.system(connection).hook if connection else None
    if connection is None or declared is None:
        return None
    lane = Lane.objects.filter(company=connection.account_key, side=Lane.Side.READ).values_list("pk", flat=True).first()
    secrets, until = connection.hook_secrets(), time.monotonic() + settings.WAITS.hook
    return Hinge(connection, declared.verify, secrets, _account(connection), lane, until)


def receive(request: HttpRequest, hook: str) -> HttpResponse:
    at = hinge(hook)
    if at is None:
        return _say(404, "No such hook.")
    if request.method != "POST":
        return _say(405, "Only POST.")
    if _length(request) > settings.HOOK_BODY_LIMIT:
        return _say(413, f"At most {settings.HOOK_BODY_LIMIT} bytes.")
    body = request.read(settings.HOOK_BODY_LIMIT + 1)
    headers = {name.lower(): value for name, value in request.headers.items()}
    now = timezone.now()
    try:
        hint = at.verify(body, headers, at.secrets, at.account, now.timestamp())
    except ConnectorError as error:
        keep_refused(at.connection, body, headers, error, now)
        return _say(400, error.said)
    keep(at.connection, at.lane, hint, body, headers, now)
    return _say(200, "Kept.")


# Written out, because it is the one statement whose time the outside waits for; both databases speak it.
KEEP = """
    INSERT INTO audit_delivery (connection_id, status, event_id, event_type, object_id, event_at, body, headers,
                                arrived_at, due_at, tries, why)
    VALUES (%s, 'new', %s, %s, %s, %s, %s, %s, %s, %s, 0, '') ON CONFLICT DO NOTHING
"""
RING = "UPDATE portal_lane SET rung = rung + 1 WHERE id = %s"


def keep(
    connection: Connection, lane: int | None, hint: Hint, body: bytes, headers: Mapping[str, str], now: datetime
) -> None:
    """One row per event, however often it is delivered, and the ring, in one commit; then the doorbell may be lost."""
    instant = database.ops.adapt_datetimefield_value
    names = hint.event_id[:255], hint.type[:120], hint.object_id[:255]
    row = (*names, instant(hint.created), body, _kept(headers, hint.extra), instant(now), instant(now))
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute(KEEP, (connection.pk, *row))
        if lane is not None:
            cursor.execute(RING, (lane,))
    if lane is not None:
        bell.wake(lane)


def keep_refused(
    connection: Connection, body: bytes, headers: Mapping[str, str], error: ConnectorError, now: datetime
) -> None:
    refused = Delivery.objects.filter(connection=connection, status=Delivery.Status.REFUSED)
    if refused.count() > 2 * settings.REFUSED_KEPT:
        return  # a flood; the sweep keeps the newest of what is there
    Delivery.objects.create(
        connection=connection,
        status=Delivery.Status.REFUSED,
        body=body,
        headers=_kept(headers, {}),
        arrived_at=now,
        due_at=now,
        why=f"{error.code}: {error.said}"[:300],
    )


def verify_again(delivery: Delivery) -> str:
    """A person asks, after correcting the secret. The age is judged at the time it arrived. Returns what came of it."""
    connection = delivery.connection
    headers = json.loads(delivery.headers)["headers"]
    declared = access.system(connection).hook
    assert declared
    body, arrived = bytes(delivery.body), delivery.arrived_at
    try:
        hint = declared.verify(body, headers, connection.hook_secrets(), _account(connection), arrived.timestamp())
    except ConnectorError as error:
        Delivery.objects.filter(pk=delivery.pk).update(why=f"{error.code}: {error.said}"[:300])
        return error.said
    at = _look_up(connection.hook)
    keep(connection, at.lane if at else None, hint, body, headers, arrived)
    delivery.delete()
    return "It is genuine; it was taken in."


def fits(delivery: Delivery, connection: Connection, secrets: list[str]) -> bool:
    """Whether it would be genuine with these secrets alone."""
    declared = access.system(connection).hook
    headers, at = json.loads(delivery.headers or "{}").get("headers", {}), delivery.arrived_at.timestamp()
    try:
        assert declared
        declared.verify(bytes(delivery.body), headers, secrets, _account(connection), at)
    except ConnectorError:
        return False
    return True


def _account(connection: Connection) -> Account | None:
    if not connection.account:
        return None
    return Account(connection.account, mode="test" if connection.mode == "test" else "live", facts=connection.facts)


def _length(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def _kept(headers: Mapping[str, str], extra: Mapping[str, str]) -> str:
    return json.dumps({"headers": {n: v for n, v in headers.items() if n in KEPT_HEADERS}, "extra": dict(extra)})


def _say(status: int, said: str) -> HttpResponse:
    return HttpResponse(said + "\n", status=status, content_type="text/plain; charset=utf-8")
