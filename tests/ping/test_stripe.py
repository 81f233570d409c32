"""The ping of Stripe: each thing that can be wrong is named as such, and nothing else is blamed."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from connectors.base import Check
from portal.engine.examine import examine
from portal.models import Connection, Examination
from tests.story import Story, story, workspace_connections

RIGHTS = (
    "customer invoice credit_note charge balance_transaction_source event product tax_rate connected_account"
    " payment_intent"
).split()


@pytest.fixture
def world(transactional_db: None) -> Iterator[Story]:
    with story() as it:
        yield it


def stripe() -> Connection:
    return workspace_connections()["Stripe"]


def ping(**changes: Any) -> list[Check]:
    """With these credentials in place of the right ones; returns what failed."""
    connection = stripe()
    connection.set_credentials(connection.credentials() | changes)
    connection.save()
    return [check for check in examine(stripe(), "ann") if check.outcome == "failed"]


def restricted(world: Story, *lacking: str) -> str:
    key = "rk_test_narrow"
    world.stripe.api.keys.add(key, [f"rak_{name}_read" for name in RIGHTS if name not in lacking])
    return key


def test_with_everything_right_it_passes(world: Story) -> None:
    assert ping() == []
    assert stripe().health == Connection.Health.OK


def test_a_restricted_key_with_read_rights_passes(world: Story) -> None:
    assert ping(secret_key=restricted(world)) == []


def test_a_key_that_nobody_issued_is_named(world: Story) -> None:
    (failed,) = ping(secret_key="sk_test_nobody")
    assert (failed.layer, failed.key) == ("sign-in", "key")
    assert stripe().health == Connection.Health.DENIED


def test_a_key_that_was_revoked_is_named(world: Story) -> None:
    world.stripe.api.keys.revoke("sk_test_shop")
    (failed,) = ping()
    assert (failed.layer, failed.key) == ("sign-in", "key")
    assert "expired" in failed.cure


def test_a_key_of_another_account_is_named(world: Story) -> None:
    failed = ping(account_id="acct_of_somebody_else")
    assert [(one.layer, one.key) for one in failed] == [("sign-in", "account")]
    assert "account" in failed[0].cure


def test_what_is_no_secret_key_is_named(world: Story) -> None:
    for key in ("pk_test_publishable", "hello", ""):
        (failed,) = ping(secret_key=key)
        assert "secret_key" in failed.said


def test_stripe_out_of_reach_is_named(world: Story, settings: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    settings.REACHABLE = frozenset({f"127.0.0.1:{port}"})
    (failed,) = ping(api_base=f"http://127.0.0.1:{port}")
    assert (failed.layer, failed.key) == ("reach", "reach")


OPENED_BY = {
    "customer": {"customers"},
    "invoice": {"invoices", "invoice payments"},
    "credit_note": {"credit notes"},
    "charge": {"charges", "refunds"},
    "balance_transaction_source": {"balance transactions"},
    "event": {"events"},
    "product": {"products"},
    "tax_rate": {"tax rates"},
}


def test_a_right_that_is_missing_is_named(world: Story) -> None:
    for lacking, named in OPENED_BY.items():
        failed = ping(secret_key=restricted(world, lacking))
        assert {(one.layer, one.key) for one in failed} == {("rights", name) for name in named}
        assert all(f"rak_{lacking}_read" in one.cure for one in failed)


def test_a_live_key_at_an_account_that_only_knows_tests_is_named(world: Story) -> None:
    world.stripe.api.keys.add("sk_live_shop")
    failed = ping(secret_key="sk_live_shop")
    assert failed, "it leads to another mode than before"
    assert {one.layer for one in failed} <= {"sign-in"}


def test_no_key_is_in_what_the_ping_says(world: Story) -> None:
    ping(secret_key="sk_test_canaryofthekey")
    assert "canaryofthekey" not in repr(list(Examination.objects.values_list("checks", flat=True)))
