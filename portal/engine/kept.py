"""What files told, for a client that loads a fact (`connectors.files.Kept`)."""

import json
from dataclasses import dataclass

from audit.files import FileGroup
from connectors.base import Json
from connectors.errors import NotYet
from portal.models import Connection


@dataclass(frozen=True)
class KeptRows:
    connection_id: int

    def load(self, stream: str, key: str) -> Json:
        """By the account, not by the connection: a connection that was made anew still knows it."""
        own = Connection.objects.get(pk=self.connection_id)
        rows = FileGroup.objects.filter(stream=stream, key=key, payload__isnull=False)
        of = {"system": own.system, "account": own.account, "mode": own.mode}
        group = rows.filter(delivery__connection__in=Connection.objects.filter(**of)).order_by("-pk").first()
        if group is None or group.payload is None:
            raise NotYet(f"No file told of {stream} {key}.", code="file.missing")
        payload: Json = json.loads(bytes(group.payload))
        return payload
