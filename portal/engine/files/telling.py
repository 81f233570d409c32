"""From the rows of a file to facts."""

import json
from dataclasses import replace
from decimal import Decimal

from audit.files import FileGroup
from audit.models import Delivery, Record, State
from connectors.base import Fact
from connectors.files import Assembled
from portal.engine import intake
from portal.models import Connection


def tell(delivery: Delivery, group: FileGroup, made: Assembled) -> None:
    """What a group of rows came to, kept together with the record that it makes. Runs in the caller's transaction."""
    if made.amount:
        group.amount = Decimal(made.amount)
    if made.told is None:
        group.state = FileGroup.State.REFUSED if made.faults else FileGroup.State.NOTHING
        group.save(update_fields=["state", "amount"])
        return
    fact = replace(made.told.fact, happened_at=delivery.arrived_at)  # approved and exported: that is what happened
    before = _record(delivery.connection, fact)
    group.stream, group.key, group.digest = fact.stream, fact.key, fact.digest
    group.payload = json.dumps(made.told.payload, ensure_ascii=True).encode()
    group.state = FileGroup.State.TOLD
    if before and before.digest == fact.digest and before.state == State.POSTED:
        group.state, group.record = FileGroup.State.DUPLICATE, before
    group.save(update_fields=["state", "amount", "stream", "key", "digest", "payload", "record"])
    if group.state == FileGroup.State.TOLD:
        intake.take_facts(delivery.connection, [fact])
        FileGroup.objects.filter(pk=group.pk).update(record=_record(delivery.connection, fact))


def _record(connection: Connection, fact: Fact) -> Record | None:
    rows = Record.objects.filter(source_account=connection.account_key, stream=fact.stream, key=fact.key)
    return rows.order_by("-version", "-pk").first()


def tell_again(connection: Connection) -> None:
    """What was told while no flow listened is told once more."""
    unheard = FileGroup.objects.filter(delivery__connection=connection, state=FileGroup.State.TOLD, record=None)
    for group in unheard.order_by("pk").iterator():
        fact = Fact(group.stream, group.key, group.delivery.arrived_at, group.digest)
        intake.take_facts(connection, [fact])
        FileGroup.objects.filter(pk=group.pk).update(record=_record(connection, fact))
