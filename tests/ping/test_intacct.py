"""The ping of Sage Intacct: each thing that can be wrong is named as such, and nothing else is blamed."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.core.management import CommandError

from audit.models import Problem
from connectors.base import Check
from portal.engine.choices import refresh
from portal.engine.examine import examine
from portal.models import Connection, Examination, FlowSetting
from tests.story import Story, story, workspace_connections


@pytest.fixture
def world(transactional_db: None) -> Iterator[Story]:
    with story() as it:
        yield it


def intacct() -> Connection:
    return workspace_connections()["Sage Intacct"]


def ping(**changes: Any) -> list[Check]:
    """With these credentials in place of the right ones; returns what failed."""
    connection = intacct()
    connection.set_credentials(connection.credentials() | changes)
    connection.save()
    return [check for check in examine(intacct(), "ann") if check.outcome == "failed"]


def test_with_everything_right_it_passes(world: Story) -> None:
    assert ping() == []
    assert intacct().health == Connection.Health.OK


def test_what_cannot_be_known_without_posting_is_said_to_be_so(world: Story) -> None:
    checks = {check.key: check for check in examine(intacct(), "ann")}
    assert checks["post"].outcome == "not_checkable"


def test_a_wrong_sender_is_named(world: Story) -> None:
    for wrong in ({"sender_id": "nobody"}, {"sender_id": "ml_sender", "sender_password": "wrong"}):
        (failed,) = ping(**wrong)
        assert (failed.layer, failed.key) == ("sign-in", "sender.wrong")
        assert "sender ID and its password" in failed.cure


def test_a_sender_that_the_company_has_not_authorised_is_named(world: Story) -> None:
    world.company.configure(SENDERS=[])
    (failed,) = ping()
    assert (failed.layer, failed.key) == ("sign-in", "sender.not_authorised")
    assert "Web Services authorizations" in failed.cure


def test_a_wrong_company_user_password_or_entity_is_named_as_far_as_the_system_tells(world: Story) -> None:
    right = intacct().credentials()
    wrongs = {"company_id": "NOBODY", "user_id": "nobody", "user_password": "wrong", "entity_id": "E999"}
    for name, wrong in wrongs.items():
        (failed,) = ping(**{"entity_id": ""} | right | {name: wrong})
        assert (failed.layer, failed.key) == ("sign-in", "credentials.wrong"), name
        assert "does not tell which" in failed.cure
        assert intacct().health == Connection.Health.DENIED


def test_a_company_that_has_expired_is_named(world: Story) -> None:
    world.company.configure(EXPIRED=True)
    (failed,) = ping()
    assert (failed.layer, failed.key) == ("sign-in", "company.expired")


def test_a_company_that_cannot_be_reached_is_named(world: Story, settings: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    settings.REACHABLE = frozenset({f"127.0.0.1:{port}"})
    (failed,) = ping(endpoint=f"http://127.0.0.1:{port}/ia/xml/xmlgw.phtml")
    assert (failed.layer, failed.key) == ("reach", "reach")


def test_an_address_that_is_not_the_gateway_is_named(world: Story) -> None:
    (failed,) = ping(endpoint=f"{world.intacct.url}/somewhere/else.phtml")
    assert (failed.layer, failed.key) == ("reach", "reach")
    assert "endpoint" in failed.cure


def test_an_address_inside_our_own_network_is_refused_before_anything_is_sent(world: Story, settings: Any) -> None:
    before = world.intacct.requests
    settings.REACHABLE = frozenset()
    (failed,) = ping()
    assert failed.layer == "reach"
    assert world.intacct.requests == before


NEEDED = ("CUSTOMER", "ARINVOICE", "ARPYMT", "ARADJUSTMENT", "GLBATCH", "GLENTRY", "GLACCOUNT", "CHECKINGACCOUNT")


def test_a_right_that_is_missing_is_named(world: Story) -> None:
    for name in NEEDED:
        world.company.add_user("ml_connector", "user-demo", [f"* {name}"])
        failed = ping()
        assert [(one.layer, one.key) for one in failed] == [("rights", name)]
        assert name in failed[0].cure


def test_a_right_that_only_mappings_need_is_a_warning(world: Story) -> None:
    world.company.add_user("ml_connector", "user-demo", ["* PROJECT"])
    checks = {check.key: check for check in examine(intacct(), "ann")}
    assert checks["PROJECT"].outcome == "warning"
    assert intacct().health == Connection.Health.OK


def test_what_no_link_posts_is_not_asked_for(world: Story) -> None:
    world.company.add_user("ml_connector", "user-demo", ["* VENDOR", "* APBILL", "* APPYMT", "* PODOCUMENT"])
    checks = {check.key: check for check in examine(intacct(), "ann")}
    assert not checks.keys() & {"VENDOR", "APBILL", "APPYMT", "PODOCUMENT"}
    assert intacct().health == Connection.Health.OK


def test_before_there_is_a_link_a_right_that_only_some_links_need_is_a_warning(world: Story) -> None:
    FlowSetting.objects.update(mode=FlowSetting.Mode.OFF)
    world.company.add_user("ml_connector", "user-demo", ["* ARPYMT", "* APBILL"])
    checks = {check.key: check for check in examine(intacct(), "ann")}
    assert {checks[name].outcome for name in ("ARPYMT", "APBILL")} == {"warning"}
    assert checks["VENDOR"].outcome == "ok"
    assert intacct().health == Connection.Health.OK


def test_choices_that_may_not_be_read_leave_the_connection_as_it_is(world: Story) -> None:
    world.company.add_user("ml_connector", "user-demo", ["* VENDOR", "* PODOCUMENTPARAMS"])
    counts = refresh(intacct())
    assert "vendor" not in counts
    assert counts["gl_account"]
    assert intacct().health == Connection.Health.OK


def test_what_was_wrong_and_is_right_again_passes_and_closes_its_problem(world: Story) -> None:
    right = intacct().credentials()["user_password"]
    world.books.expire()
    world.company.add_user("ml_connector", "changed-there")
    world.customer()
    world.deliver()
    with suppress(CommandError):  # what waits for the connection is not quiet
        world.work(seconds=2)
    assert Problem.objects.filter(code="connection.denied", closed_at=None).count() == 1
    world.company.add_user("ml_connector", right)
    assert ping() == []
    assert not Problem.objects.filter(code="connection.denied", closed_at=None).exists()
    world.work()
    assert len(world.rows("CUSTOMER")) == 1


def test_no_secret_is_in_what_the_ping_says(world: Story) -> None:
    ping(user_password="canary-of-the-user", sender_password="canary-of-the-sender")
    ping(sender_password="sender-demo")
    assert "canary" not in repr(list(Examination.objects.values_list("checks", flat=True)))
