from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.models import Record, State
from audit.states import Stale
from portal.engine import decide
from portal.management.choosing import named


class Command(BaseCommand):
    help = "Goes on with records by the rules of the button: what is unsure is only looked for, nothing is sent twice."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--workspace", required=True)
        parser.add_argument("--flow", help="stripe_intacct.payment, for instance")
        parser.add_argument("--key", nargs="*", help="the keys of facts, in_… or re_… for instance")
        parser.add_argument("--state", choices=State.values, help="only records in this state")
        parser.add_argument("--reason", required=True, help="kept in the trail of each record")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = named(options["workspace"])
        if not (options["flow"] or options["key"] or options["state"]):
            raise CommandError("Say which records: --flow, --key or --state.")
        rows = Record.objects.filter(workspace=workspace).select_related("link", "posting").order_by("pk")
        for name, column in (("flow", "flow"), ("key", "key__in"), ("state", "state")):
            if options[name]:
                rows = rows.filter(**{column: options[name]})
        for record in rows.iterator(chunk_size=500):
            self.stdout.write(f"{record}: {self._one(record, options['reason'])}")

    def _one(self, record: Record, reason: str) -> str:
        try:
            return decide.retry(record, record.stamp, "replay command", reason)
        except decide.NotNow as why:
            return str(why)
        except Stale:
            return "It changed just now; run it again if need be."
