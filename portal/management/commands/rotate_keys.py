from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from portal import sealed
from portal.engine.access import SessionRows
from portal.models import Connection, SealedSession, SecondFactor


class Command(BaseCommand):
    help = "Seals every secret again with the first of CREDENTIAL_KEYS; afterwards the older keys can be removed."

    def handle(self, *args: Any, **options: Any) -> None:
        count = 0
        with transaction.atomic():
            for row in Connection.objects.select_for_update():
                row.set_credentials(row.credentials())
                row.set_hook_secrets(row.hook_secrets())
                row.save(update_fields=["sealed_credentials", "sealed_hook_secrets"])
                count += 1
            for session in SealedSession.objects.select_related("connection"):
                workspace_id = session.connection.workspace_id
                value = sealed.unseal(bytes(session.sealed_value), workspace_id=workspace_id, field=SessionRows.FIELD)
                session.sealed_value = sealed.seal(value, workspace_id=workspace_id, field=SessionRows.FIELD)
                session.save(update_fields=["sealed_value"])
            for factor in SecondFactor.objects.select_for_update():
                factor.key = factor.key
                factor.save(update_fields=["sealed_key"])
        self.stdout.write(f"{count} connections sealed with the newest key.")
