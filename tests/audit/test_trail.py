"""The hash chain over the audit trail."""

from datetime import UTC, datetime, timedelta

import pytest

from audit import trail
from audit.models import TrailEntry
from portal.models import Workspace

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 28, 12, tzinfo=UTC)


def written(workspace: Workspace, count: int) -> None:
    trail.write(
        trail.entry(workspace.pk, "record.posted", at=NOON + timedelta(seconds=n), said=f"n° {n}", data={"n": n})
        for n in range(count)
    )


@pytest.fixture
def workspace() -> Workspace:
    workspace = Workspace.objects.create(name="W")
    written(workspace, 5)
    assert trail.seal(workspace.pk, NOON + timedelta(minutes=1))
    written(workspace, 3)
    assert trail.seal(workspace.pk, NOON + timedelta(minutes=2))
    return workspace


def test_an_untouched_trail_verifies(workspace: Workspace) -> None:
    assert list(trail.verify(workspace.pk)) == []
    assert trail.seal(workspace.pk, NOON + timedelta(minutes=3)) is None


def test_a_changed_entry_is_named(workspace: Workspace) -> None:
    entry = TrailEntry.objects.order_by("pk")[2]
    TrailEntry.objects.filter(pk=entry.pk).update(said="nothing happened")
    assert any(f"entry {entry.pk} was changed" in said for said in trail.verify(workspace.pk))


def test_an_entry_changed_together_with_its_own_digest_breaks_the_seal(workspace: Workspace) -> None:
    entry = TrailEntry.objects.order_by("pk")[2]
    entry.said = "nothing happened"
    entry.digest = trail.digest_of(entry)
    entry.save()
    assert any("does not fit" in said for said in trail.verify(workspace.pk))


@pytest.mark.parametrize("which", [0, 3, 4, 7])
def test_a_deleted_entry_is_missed_wherever_it_stood(workspace: Workspace, which: int) -> None:
    TrailEntry.objects.order_by("pk")[which].delete()
    assert any("were sealed" in said for said in trail.verify(workspace.pk))


def test_what_was_just_written_is_not_sealed_yet(workspace: Workspace) -> None:
    now = NOON + timedelta(hours=1)
    trail.write([trail.entry(workspace.pk, "record.posted", at=now)])
    assert trail.seal(workspace.pk, now) is None


def test_text_that_a_database_refuses_is_kept_readable(workspace: Workspace) -> None:
    trail.write([trail.entry(workspace.pk, "record.failed", at=NOON, said="a\x00b \ud800 c")])
    assert TrailEntry.objects.order_by("-pk")[0].said == "ab ? c"
