"""Slots: rows per company, taken by every request, so that nobody ever makes one more than the company allows."""

import logging
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db import connection as database
from django.db.models import Q

from connectors.base import System
from connectors.errors import Unavailable
from portal.engine import budget, clock
from portal.models import Slot

log = logging.getLogger(__name__)
POLL = 0.02


def ensure(company: str, system: System) -> None:
    """Makes the rows of a company, as many as its system allows in flight."""
    rows = [Slot(company=company, number=number) for number in range(1, system.limits.in_flight + 1)]
    Slot.objects.bulk_create(rows, ignore_conflicts=True)


@dataclass(frozen=True)
class RowGate:
    """The slots of one company as the wire sees them; what goes through is counted for the connection."""

    company: str
    connection_id: int

    @contextmanager
    def slot(self, seconds: float) -> Iterator[None]:
        assert not database.in_atomic_block, "no network call inside a transaction"
        holder = secrets.token_hex(8)
        taken, at = self._take(holder, seconds)
        began = time.monotonic()
        try:
            yield
        finally:
            self._give_back(taken, holder, at, time.monotonic() - began)

    def _give_back(self, taken: int, holder: str, at: datetime, took: float) -> None:
        try:
            with transaction.atomic():  # one commit for both
                Slot.objects.filter(pk=taken, holder=holder).update(holder="", until=None)
                budget.count(self.connection_id, at, took)
        except DatabaseError:
            # Never in the way of an answer that is already here; the slot becomes free when its time is over.
            log.exception("slot %s could not be given back", taken)

    def _take(self, holder: str, seconds: float) -> tuple[int, datetime]:
        give_up = time.monotonic() + settings.WAITS.slot
        while True:
            now = clock.now()
            free = Q(until=None) | Q(until__lt=now)
            for pk in Slot.objects.filter(free, company=self.company).order_by("number").values_list("pk", flat=True):
                # A margin covers the moments between the deadline on the wire and our noticing it.
                until = clock.in_seconds(seconds + 5, now)
                if Slot.objects.filter(free, pk=pk).update(holder=holder, until=until):
                    return pk, now
            if time.monotonic() > give_up:
                raise Unavailable("All request slots of this company are taken.", sent=False, code="slots.taken")
            time.sleep(POLL)
