from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit import trail
from portal.models import Workspace


class Command(BaseCommand):
    help = "Recomputes the hash chain over every workspace's audit trail and says where it does not hold."

    def handle(self, *args: Any, **options: Any) -> None:
        broken = 0
        for workspace in Workspace.objects.order_by("name"):
            said = list(trail.verify(workspace.pk))
            broken += len(said)
            self.stdout.write(f"{workspace}: {'holds' if not said else 'BROKEN'}")
            for line in said:
                self.stdout.write(f"  {line}")
        if broken:
            raise CommandError(f"{broken} places where the trail is not what was sealed.")
