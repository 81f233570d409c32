import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count

from audit.models import Record, State, Verdict
from portal.engine import clock, drain, queues
from portal.management.choosing import named
from portal.models import Lane

PATIENCE = 600.0


class Command(BaseCommand):
    help = "Reads everything posted back from the targets and compares. Exit code 1 when something does not agree."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--workspace", help="only this one, by name")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = Record.objects.filter(state=State.POSTED)
        if options["workspace"]:
            workspace = named(options["workspace"])
            rows = rows.filter(workspace=workspace)
        rows.update(verdict=Verdict.NOT_CHECKED, verdict_due_at=clock.now())
        self._read_all()
        counts = dict(rows.order_by().values_list("verdict").annotate(Count("pk")))
        for verdict in Verdict:
            if counts.get(verdict):
                self.stdout.write(f"{verdict.value:14} {counts[verdict]:7}")
        for record in rows.exclude(verdict=Verdict.AGREES).select_related("posting")[:100]:
            self.stdout.write(f"  {record}: {record.posting} {record.verdict}")
        if set(counts) - {Verdict.AGREES}:
            raise CommandError("Not everything agrees, or could be checked.")

    def _read_all(self) -> None:
        """Verifies on the lanes as everybody does; a lane that another worker owns is drained by that one."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            lanes = queues.to_verify(clock.now()).values("target_lane")
            due = list(Lane.objects.filter(pk__in=lanes).values_list("pk", flat=True))
            if not due:
                return
            for lane in due:
                drain.drain(lane)
            time.sleep(0.1)
