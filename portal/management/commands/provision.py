import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.engine.provisioning import Wrong, provision


class Command(BaseCommand):
    help = "Sets up workspaces, people, connections, links and mappings from a JSON file. Safe to run again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="see docs/operating.md for a full example")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = provision(json.loads(options["file"].read_text()))
        except (OSError, json.JSONDecodeError, Wrong) as error:
            raise CommandError(f"{options['file']}: {error}") from None
        for name, path in made.hooks.items():
            self.stdout.write(f"{name}: webhooks to {path}")
        failed = {name: said for name, said in made.failed.items() if said}
        for name, said in failed.items():
            for line in said:
                self.stderr.write(f"{name}: {line}")
        if failed:
            raise CommandError("Not every connection could be examined; mend what is said above and run it again.")
