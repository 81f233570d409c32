"""The door for webhooks: verify over the raw bytes, one insert, answer. Nothing else is in its path.

It stands in front of the middleware, which it does not need: no session, no CSRF, no template, no broker that could
hold it up. What is refused is kept apart, bounded, and never acted on until a person has it verified again.
"""

import json
import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from audit.models import Delivery
from connectors.base import Account, Hint
from connectors.errors import ConnectorError
from portal.engine import access, bell, lanes
from portal.models import Connection, Lane

log = logging.getLogger(__name__)
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


def receive(request: HttpRequest, hook: str) -> HttpResponse:
    connection = Connection.objects.filter(hook=hook).first()
    declared = access.system(connection).hook if connection else None
    if connection is None or declared is None:
        return _say(404, "No such hook.")
    if request.method != "POST":
        return _say(405, "Only POST.")
    if _length(request) > settings.HOOK_BODY_LIMIT:
        return _say(413, f"At most {settings.HOOK_BODY_LIMIT} bytes.")
    body = request.read(settings.HOOK_BODY_LIMIT + 1)
    headers = {name.lower(): value for name, value in request.headers.items()}
    now = timezone.now()
    try:
        hint = declared.verify(body, headers, connection.hook_secrets(), _account(connection), now.timestamp())
    except ConnectorError as error:
        keep_refused(connection, body, headers, error, now)
        return _say(400, error.said)
    keep(connection, hint, body, headers, now)
    return _say(200, "Kept.")


def keep(connection: Connection, hint: Hint, body: bytes, headers: Mapping[str, str], now: datetime) -> None:
    """One row per event, however often it is delivered; then the doorbell, which may be lost."""
    row = Delivery(
        connection=connection,
        event_id=hint.event_id[:255],
        event_type=hint.type[:120],
        object_id=hint.object_id[:255],
        event_at=hint.created,
        body=body,
        headers=_kept(headers, hint.extra),
        arrived_at=now,
        due_at=now,
    )
    Delivery.objects.bulk_create([row], ignore_conflicts=True)
    ring_reader(connection)


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
    at = delivery.arrived_at.timestamp()
    try:
        hint = declared.verify(bytes(delivery.body), headers, connection.hook_secrets(), _account(connection), at)
    except ConnectorError as error:
        Delivery.objects.filter(pk=delivery.pk).update(why=f"{error.code}: {error.said}"[:300])
        return error.said
    keep(connection, hint, bytes(delivery.body), headers, delivery.arrived_at)
    delivery.delete()
    return "It is genuine; it was taken in."


def ring_reader(connection: Connection) -> None:
    if not connection.account:
        return
    lane = Lane.objects.filter(company=connection.account_key, side=Lane.Side.READ).values_list("pk", flat=True).first()
    bell.ring(lane if lane is not None else lanes.of(connection.account_key, Lane.Side.READ).pk)


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
