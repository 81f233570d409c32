import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from portal.engine import status
from portal.management.choosing import named


class Command(BaseCommand):
    help = "Says where everything stands. Exit code 0 when nothing moves any more, 3 while something does."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--workspace", help="only this one, by name")
        parser.add_argument("--json", action="store_true", help="every record too, as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = None
        if options["workspace"]:
            workspace = named(options["workspace"])
        told = status.summary(workspace)
        if options["json"]:
            self.stdout.write(json.dumps({**told, "records": status.each(workspace)}, indent=1))
        else:
            self._print(told)
        if not told["quiet"]:
            sys.exit(3)

    def _print(self, told: dict[str, Any]) -> None:
        for state, count in told["states"].items():
            aside = told["set_aside"].get(state, 0)
            note = f"  ({aside} in paused or previewed flows)" if aside else ""
            self.stdout.write(f"{state:8} {count:7}{note}")
        if told["scheduled"]:
            self.stdout.write(f"  ready and waiting for their schedule: {told['scheduled']}")
        for what, count in sorted(told["waiting"].items()):
            self.stdout.write(f"  waits for {what}: {count}")
        self.stdout.write("quiet" if told["quiet"] else "at work")
