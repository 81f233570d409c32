"""What docs/promises.md says and no other test shows: feeds, verdicts, the trail, secrets, and the commands."""

import json
import logging
import time
from collections.abc import Iterator
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command

from audit.models import Problem, Record, State, TrailEntry
from portal.demo import WORKSPACE
from portal.engine.provisioning import provision
from portal.models import Cursor
from tests.story import SECRET, Story, story, told

pytestmark = pytest.mark.django_db(transaction=True)
SECRETS = ("sender-demo", "user-demo", "sk_test_shop", SECRET)


@pytest.fixture
def world() -> Iterator[Story]:
    with story() as it:
        yield it


def sale(world: Story) -> dict[str, Any]:
    customer = world.shop.create_customer(name="Acme Ltd", email="ap@acme.example")
    invoice = world.shop.create_invoice(customer["id"], [{"description": "Plan", "amount": 12_345}], finalize=True)
    world.shop.pay(invoice["id"])
    return dict(invoice)


def said(command: str, *args: str) -> str:
    out = StringIO()
    call_command(command, *args, stdout=out)
    return out.getvalue()


def test_what_is_announced_by_no_webhook_is_found_by_the_feeds(world: Story) -> None:
    sale(world)
    time.sleep(3)  # a window ends a little before now, here two seconds
    Cursor.objects.update(due_at="2000-01-01T00:00:00Z")
    world.work()
    assert [row["RECORDID"] for row in world.rows("ARINVOICE")] and len(world.rows("ARPYMT")) == 1, told()
    assert world.gl("10210") == Decimal("123.45")


def test_what_a_person_changed_at_the_target_is_found_by_reconciling_and_never_overwritten(world: Story) -> None:
    sale(world)
    world.deliver()
    world.work()
    assert "agrees" in said("reconcile")
    invoice = next(row for row in world.rows("ARINVOICE"))
    with world.books.unit():
        invoice["TRX_TOTALENTERED"] = invoice["TOTALENTERED"] = Decimal("132.45")
    with pytest.raises(CommandError, match="Not everything agrees"):
        call_command("reconcile", stdout=StringIO())
    assert [one.code for one in Problem.objects.filter(closed_at=None)] == ["ledger.differs"]
    assert len(world.rows("ARINVOICE")) == 1


def test_every_change_of_state_has_its_line_in_the_trail(world: Story) -> None:
    sale(world)
    world.deliver()
    world.work()
    for record in Record.objects.all():
        lines = list(TrailEntry.objects.filter(record=record).order_by("pk").values_list("what", flat=True))
        changes = [what for what in lines if what != "record.arrived"]
        assert len(changes) == record.stamp, (str(record), lines)
        assert lines[0] == "record.arrived" and lines[-1] == "record.posted"


def test_a_known_secret_is_found_nowhere_but_sealed(world: Story, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    sale(world)
    world.deliver()
    world.work()
    dumped = said("dumpdata", "--all")
    rows = "".join(
        repr(tuple(bytes(value) if isinstance(value, memoryview) else value for value in row))
        for model in apps.get_models()
        for row in model._default_manager.values_list()
    )
    for secret in SECRETS:
        for place in (dumped, rows, caplog.text, said("status", "--json")):
            assert secret not in place


def test_provisioning_the_same_file_again_changes_nothing(world: Story, tmp_path: Path) -> None:
    sale(world)
    world.deliver()
    world.work()
    before = [model._default_manager.count() for model in apps.get_models() if model.__name__ != "Schedule"]
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(world.plan))
    assert world.hook in said("provision", str(path))
    provision(world.plan)
    assert [model._default_manager.count() for model in apps.get_models() if model.__name__ != "Schedule"] == before
    assert "quiet" in said("status", "--workspace", WORKSPACE)


def test_replaying_what_is_posted_does_nothing(world: Story) -> None:
    sale(world)
    world.deliver()
    world.work()
    for record in Record.objects.filter(state=State.POSTED):
        assert "goes on by itself" in said(
            "replay", "--workspace", WORKSPACE, "--key", record.key, "--reason", "a rehearsal"
        )
    world.work()
    assert len(world.rows("ARPYMT")) == len(world.rows("ARINVOICE")) == 1


def test_a_file_that_cannot_be_provisioned_says_where(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"workspaces": [{"name": "W", "connections": [{"name": "X", "system": "fax"}]}]}))
    with pytest.raises(CommandError, match="there is no system fax"):
        call_command("provision", str(path))
