"""Sign-ins: one session per entity, kept sealed between processes, renewed before Sage Intacct would end it.

https://developer.intacct.com/web-services/sessions/: a session belongs to the endpoint that came with it.
"""

import time
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

from connectors.base import Response, SessionStore
from connectors.errors import Denied, Malformed
from connectors.sage_intacct.answers import Answer, Result

CEILING: Final = 50 * 60.0
"""Seconds. Ours: Sage Intacct names none, and companies set the duration between minutes and a day."""
RESERVE: Final = 120.0


@dataclass(frozen=True)
class Session:
    """Seconds since the epoch on our clock."""

    id: str
    endpoint: str
    created: float
    until: float
    owner: str
    """Company, user, sender and gateway: credentials that were changed must not go on with the old sign-in."""


def load(store: SessionStore, entity: str, owner: str) -> Session | None:
    kept = store.load(_key(entity))
    if not kept or kept.get("owner") != owner:
        return None
    session = Session(**kept)
    return session if time.time() < session.until else None


def save(store: SessionStore, entity: str, session: Session) -> None:
    store.save(_key(entity), asdict(session))


def drop(store: SessionStore, entity: str, lapsed: Session) -> None:
    """Forgets this session, but not one that somebody else has signed in meanwhile."""
    kept = store.load(_key(entity))
    if kept and kept.get("id") == lapsed.id:
        store.drop(_key(entity))


def opened(answer: Answer, result: Result, response: Response, gateway: str, owner: str) -> Session:
    """The session that getAPISession returned."""
    row = result.rows[0] if result.rows else {}
    number, endpoint = row.get("SESSIONID", ""), row.get("ENDPOINT", "")
    if not number or not endpoint:
        raise Malformed("getAPISession", "names no session or no endpoint")
    now = time.time()
    return Session(number, _theirs(endpoint, gateway), now, _until(now, now, answer, response), owner)


def extended(session: Session, answer: Answer, response: Response) -> Session:
    """Each call moves the end of a session; ours never goes past the ceiling."""
    if answer.until is None:
        return session
    return replace(session, until=_until(session.created, time.time(), answer, response))


def _key(entity: str) -> str:
    return f"entity:{entity}"


def _until(created: float, now: float, answer: Answer, response: Response) -> float:
    left = CEILING
    if answer.until is not None:
        # their end by their clock: our clocks may differ
        left = (answer.until - _their_now(response, now)).total_seconds() - RESERVE
    return min(created + CEILING, now + left)


def _their_now(response: Response, now: float) -> datetime:
    try:
        found = parsedate_to_datetime(response.headers.get("date", ""))
    except (TypeError, ValueError):
        found = None
    if found is None or found.tzinfo is None:
        return datetime.fromtimestamp(now).astimezone()
    return found


def _theirs(endpoint: str, gateway: str) -> str:
    """Session and sender password go to this address from now on: it must be theirs, and as safe as the first one."""
    here, there = urlsplit(gateway), urlsplit(endpoint)
    host = (there.hostname or "").rstrip(".")
    known = host == here.hostname or host.endswith(".intacct.com")
    safe = there.scheme == "https" or (there.scheme == "http" and here.scheme == "http")
    if known and safe and not there.username:
        return endpoint
    raise Denied(
        f"Sage Intacct named an endpoint that is not its own: {there.scheme}://{host}",
        code="endpoint.foreign",
        cure="Check the endpoint of the connection: it must be the gateway of Sage Intacct.",
    )
