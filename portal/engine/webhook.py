"""Sets up the endpoint at the outside system that sends to our door.

Making one is an outward act. It is written down before it leaves; after an unclear end nothing more is asked until what
was sent can no longer land, and then we look first. The secret is told once, in the answer: an endpoint that we made
and whose answer was lost can tell nobody, so it is replaced.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from audit import trail
from connectors.base import Announce, Endpoint, Endpoints, Window
from connectors.errors import ConnectorError, Denied, Refused, Unavailable
from connectors.http import boottime
from portal.engine import access, clock
from portal.engine.decide import NotNow
from portal.models import Connection

UNDER_WAY = "hook_under_way"
"""In the settings of a connection: until when an act without a clear end may still land."""
MADE = "hook_endpoint"
"""The endpoint whose secret we were told."""
START = 60.0
"""Seconds after the announcement in which the last write must start."""


@dataclass
class Act:
    """The right to this act, taken before anything leaves."""

    began: float
    seconds: float
    left: bool = False
    """Something that changes the other side may have been sent."""

    def announce(self) -> Window:
        self.left = True
        return Window(self.began + START, boottime() + self.seconds)

    def clear(self, error: ConnectorError) -> bool:
        """Whether it is known that what failed was not carried out."""
        unsent = isinstance(error, Unavailable) and not error.sent
        return unsent or not self.left or isinstance(error, Denied | Refused)


def set_up(connection: Connection, actor: str) -> str:
    """What was done, in words. Raises NotNow."""
    hook = access.system(connection).hook
    if not hook or not hook.endpoints:
        raise NotNow("This system has no webhook that could be set up from here.")
    client = access.client(connection)
    act = _begin(connection, actor)
    try:
        _same_account(client, connection)
        made, said = _arranged(client, connection, act.announce)
    except ConnectorError as error:
        clear = act.clear(error)
        _end(connection, actor, f"not set up: {error.said}", clear=clear)
        after = error.cure if clear else "Whether it was done is not known: press again later, we then look first."
        raise NotNow(f"{error.said} {after}".strip()) from None
    except NotNow as no:
        _end(connection, actor, f"not set up: {no}")
        raise
    _end(connection, actor, said, made)
    return said


def _begin(connection: Connection, actor: str) -> Act:
    """One at a time; after an unclear end only when what was sent can no longer land."""
    numbers = access.limits(access.system(connection))
    hold = START + numbers.write_deadline + numbers.processing + numbers.margin
    act, now = Act(boottime(), numbers.write_deadline), clock.now()
    with transaction.atomic():
        row = Connection.objects.select_for_update().get(pk=connection.pk)
        until = row.settings.get(UNDER_WAY)
        if until and datetime.fromisoformat(until) > now:
            seconds = (datetime.fromisoformat(until) - now).total_seconds()
            raise NotNow(f"It was asked for already, and no answer came yet. Try again in {seconds:.0f} seconds.")
        row.settings = {**row.settings, UNDER_WAY: clock.in_seconds(hold, now).isoformat()}
        row.save(update_fields=["settings"])
        _tell(row, actor, "asks for the endpoint to be set up")
    return act


def _same_account(client: Endpoints, connection: Connection) -> None:
    found = client.account()
    if (found.id, found.mode) != (connection.account, connection.mode):
        raise NotNow(f"These credentials lead to {found.id}, not to {connection.account or 'a known account'}: ping.")


def _arranged(client: Endpoints, connection: Connection, announce: Announce) -> tuple[Endpoint | None, str]:
    url = access.hook_url(connection)
    there = client.endpoints(url)
    if len(there) > 1:
        names = ", ".join(one.id for one in there)
        raise NotNow(f"{len(there)} endpoints lead here ({names}): delete all but one there, then press again.")
    if not there:
        made = client.make_endpoint(url, announce)
        return made, f"Made: {made.id} sends to {url}. Its signing secret is sealed here."
    (one,) = there
    if one.ours and one.id != connection.settings.get(MADE) and not connection.hook_secrets():
        client.drop_endpoint(one.id, announce)
        made = client.make_endpoint(url, announce)
        return made, f"Made: {made.id} sends to {url}, in place of {one.id}, whose secret we were never told."
    if one.wrong:
        client.mend_endpoint(one.id, url, announce)
    said = f"Mended: {one.id}; {'; '.join(one.wrong)}." if one.wrong else f"{one.id} is as it must be."
    return None, said if connection.hook_secrets() else f"{said} Now enter its signing secret, which is shown there."


def _end(connection: Connection, actor: str, said: str, made: Endpoint | None = None, *, clear: bool = True) -> None:
    with transaction.atomic():
        row = Connection.objects.select_for_update().get(pk=connection.pk)
        if clear:
            row.settings = {name: value for name, value in row.settings.items() if name != UNDER_WAY}
        if made:
            row.settings = {**row.settings, MADE: made.id}
            row.set_hook_secrets([made.secret, *row.hook_secrets()[:1]])
        row.save(update_fields=["settings", "sealed_hook_secrets"])
        _tell(row, actor, said)


def _tell(connection: Connection, actor: str, said: str) -> None:
    line = trail.entry(
        connection.workspace_id, "connection.webhook", at=clock.now(), said=f"{connection}: {said}", actor=actor
    )
    trail.write([line])
