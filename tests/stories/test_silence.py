"""Webhooks that stop for days: nothing is missing after the feeds were read, and the gap is named."""

import json
import time
from datetime import UTC, datetime, timedelta

from audit.models import Delivery, Problem
from portal.models import Cursor
from tests.story import Story, told

DAY = 86_400


def silent(world: Story, days: int) -> str:
    """The last webhook came so many days ago, and so long ago the feed was read; something was sold since."""
    began = datetime.now(UTC) - timedelta(days=days)
    last = Delivery.objects.order_by("-pk").first()
    assert last
    Delivery.objects.filter(arrived_at__gt=began).update(arrived_at=began - timedelta(days=1))
    Delivery.objects.filter(pk=last.pk).update(arrived_at=began)
    Cursor.objects.filter(feed="events").update(position=json.dumps({"done": int(began.timestamp())}))
    Cursor.objects.exclude(feed="events").update(due_at="2100-01-01T00:00:00Z")
    world.shop.clock.stop(time.time() - (days - 1) * DAY)
    invoice = world.invoice(world.customer())
    world.shop.clock.real()
    world.stripe.api.asked.clear()
    Cursor.objects.filter(feed="events").update(due_at="2000-01-01T00:00:00Z")
    world.work()
    return str(invoice["number"])


def asked(world: Story, path: str) -> int:
    return sum(one["path"] == path for one in world.stripe.api.asked)


def test_four_days_and_thirty_five_days_without_webhooks_lose_nothing_and_are_named(world: Story) -> None:
    world.invoice(world.customer())
    world.deliver()
    world.work()
    first = silent(world, 4)
    assert asked(world, "/v1/events") > 0
    second = silent(world, 35)
    assert asked(world, "/v1/events") == 0, "events are kept for 30 days: the objects were listed"
    numbers = [row["RECORDID"] for row in world.rows("ARINVOICE")]
    assert {first, second} <= set(numbers) and len(numbers) == 3, told()
    assert len(world.rows("ARPYMT")) == 3
    gaps = Problem.objects.filter(code="feed.gap", closed_at=None).order_by("pk")
    days = [(datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%d") for days in (4, 35)]
    assert [day in gap.said for day, gap in zip(days, gaps, strict=True)] == [True, True]


def test_what_the_first_reading_finds_from_before_is_no_gap(world: Story) -> None:
    world.shop.clock.stop(time.time() - 10 * DAY)
    world.invoice(world.customer())
    world.shop.clock.real()
    Cursor.objects.update(due_at="2000-01-01T00:00:00Z")
    world.work()
    assert len(world.rows("ARINVOICE")) == 1, told()
    assert not Problem.objects.filter(code="feed.gap").exists()
