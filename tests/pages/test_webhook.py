"""The button that sets up the webhook: judged from the endpoints that the shop then has."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import Delivery, TrailEntry
from connectors.errors import Refused
from connectors.stripe.client import API_VERSION
from connectors.stripe.endpoint import reachable
from connectors.stripe.reading import READERS
from portal.engine.provisioning import provision
from portal.models import Connection, Workspace
from tests.pages.conftest import signed_in
from tests.pages.factories import MembershipFactory, UserFactory
from tests.story import Story, story, workspace_connections

HELD = "http://127.0.0.1:9/held"
"""The endpoint of somebody else in the same account."""


@pytest.fixture
def world(transactional_db: None) -> Iterator[Story]:
    with story(change=lambda workspace: workspace["connections"][0].pop("hook_secrets", None)) as it:
        yield it


def stripe() -> Connection:
    return workspace_connections()["Stripe"]


def person(role: str) -> Client:
    user = UserFactory.create(username=role)
    MembershipFactory.create(workspace=stripe().workspace, user=user, role=role)
    return signed_in(user)


def press(owner: Client, **given: str) -> str:
    """What the page then says."""
    answer = owner.post(reverse("admin:portal_connection_webhook", args=[stripe().pk]), {"confirmed": "yes"} | given)
    assert answer.status_code == 302
    return str(owner.get(answer["Location"]).text)


def ours(world: Story) -> list[dict[str, Any]]:
    return [one for one in world.shop.all("webhook_endpoint") if one["url"] != HELD]


def told() -> list[str]:
    return list(TrailEntry.objects.filter(what="connection.webhook").order_by("pk").values_list("said", flat=True))


def forget_the_hold() -> None:
    """As if the time had passed in which what was sent could still land."""
    connection = stripe()
    connection.settings = {**connection.settings, "hook_under_way": "2020-01-01T00:00:00+00:00"}
    connection.save()


def test_it_makes_an_endpoint_that_sends_what_the_flows_listen_for_and_deliveries_then_pass(world: Story) -> None:
    page = press(person("owner"))
    (made,) = ours(world)
    assert made["url"] == f"http://localhost:8000/hooks/{stripe().hook}/"
    assert set(made["enabled_events"]) == set(READERS)
    assert made["api_version"] == API_VERSION
    (secret,) = world.shop.secret(made["id"])["secrets"]
    assert stripe().hook_secrets() == [secret]
    assert f"Made: {made['id']}" in page
    assert secret not in page + "".join(told()) + json.dumps(stripe().settings)
    world.customer()
    (delivery,) = [one for one in world.shop.deliveries() if one["endpoint"] == made["id"]]
    assert world.hand_over(delivery["id"]) == 200
    assert not Delivery.objects.filter(status=Delivery.Status.REFUSED).exists()
    assert [line.partition(": ")[2].split()[0] for line in told()] == ["asks", "Made:"]


def test_it_asks_once_and_is_the_owners(world: Story) -> None:
    page = press(person("owner"), confirmed="")
    assert "nothing was done" in page
    assert "Change account acct_" in page
    url = reverse("admin:portal_connection_webhook", args=[stripe().pk])
    for role in ("finance", "support", "auditor"):
        client = person(role)
        assert client.post(url, {"confirmed": "yes"}).status_code == 403
        assert url not in client.get(reverse("admin:portal_connection_change", args=[stripe().pk])).text
    assert ours(world) == []


def test_pressed_again_it_mends_the_one_that_is_there(world: Story) -> None:
    owner = person("owner")
    press(owner)
    (made,) = ours(world)
    made |= {"enabled_events": ["customer.created", "payout.paid"], "status": "disabled"}
    page = press(owner)
    (after,) = ours(world)
    assert after["id"] == made["id"]
    assert set(after["enabled_events"]) == {*READERS, "payout.paid"}
    assert after["status"] == "enabled"
    assert "Mended" in page
    assert "is as it must be" in press(owner)


def test_one_that_was_made_by_hand_is_mended_and_its_secret_asked_for(world: Story) -> None:
    world.shop.create_endpoint(f"https://elsewhere.example.com/hooks/{stripe().hook}/", ["customer.created"])
    page = press(person("owner"))
    (there,) = ours(world)
    assert there["url"] == f"http://localhost:8000/hooks/{stripe().hook}/"
    assert set(there["enabled_events"]) == set(READERS)
    assert "enter its signing secret" in page


@pytest.mark.parametrize("fault", ["reset_after", "html_after", "half", "error_after"])
def test_when_the_answer_is_lost_nothing_is_made_until_it_was_looked_for(world: Story, fault: str) -> None:
    owner = person("owner")
    world.stripe.api.faults.add(fault, method="POST", path="webhook_endpoints")
    assert "is not known" in press(owner)
    (lost,) = ours(world)
    assert "no answer came yet" in press(owner)
    assert [one["id"] for one in ours(world)] == [lost["id"]]
    forget_the_hold()
    assert f"in place of {lost['id']}" in press(owner)
    (made,) = ours(world)
    assert made["id"] != lost["id"]
    assert stripe().hook_secrets() == world.shop.secret(made["id"])["secrets"]


def test_what_was_proved_unsent_may_be_pressed_again_at_once(world: Story) -> None:
    owner = person("owner")
    world.stripe.api.faults.add("rate_limit", method="POST", path="webhook_endpoints")
    assert "asked for a pause" in press(owner)
    assert "Made:" in press(owner)
    assert len(ours(world)) == 1


def test_a_restricted_key_that_lacks_the_right_is_told_which(world: Story) -> None:
    reading = ["customer", "connected_account", "event"]
    world.stripe.api.keys.add("rk_test_narrow", [f"rak_{name}_read" for name in reading])
    connection = stripe()
    connection.set_credentials(connection.credentials() | {"secret_key": "rk_test_narrow"})
    connection.save()
    owner = person("owner")
    assert "rak_webhook_read" in press(owner)
    world.stripe.api.keys.add("rk_test_narrow", [f"rak_{name}_read" for name in [*reading, "webhook"]])
    page = press(owner)
    assert "rak_webhook_write" in page
    assert "by hand" in page
    assert ours(world) == []


def test_an_address_that_stripe_cannot_reach_is_explained_before_anything_is_sent() -> None:
    for wrong in (
        "http://portal.example.com/hooks/a/",
        "https://localhost:8000/hooks/a/",
        "https://10.0.0.7/hooks/a/",
        "https://portal/hooks/a/",
    ):
        with pytest.raises(Refused) as caught:
            reachable(wrong, "https://api.stripe.com")
        assert "public https addresses" in caught.value.said
        assert "PUBLIC_URL" in caught.value.cure
    reachable("https://portal.example.com/hooks/a/", "https://api.stripe.com")


def test_two_that_lead_here_are_left_to_a_person(world: Story) -> None:
    for host in ("a", "b"):
        world.shop.create_endpoint(f"https://{host}.example.com/hooks/{stripe().hook}/")
    assert "delete all but one" in press(person("owner"))
    assert len(ours(world)) == 2


def test_a_secret_that_the_button_sealed_outlives_the_file_of_the_workspace(world: Story) -> None:
    press(person("owner"))
    before = stripe().hook_secrets()
    provision(world.plan)
    assert stripe().hook_secrets() == before != []
    assert Workspace.objects.count() == 1
