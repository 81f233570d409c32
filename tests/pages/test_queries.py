"""How often each page of the portal asks the database: no more than is written down, however many rows there are."""

import json
from pathlib import Path

from axes.models import AccessAttempt
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.models import Usage
from tests.pages import factories
from tests.pages.conftest import House
from tests.pages.walking import may, needs, places, url_of

FILE = Path(__file__).with_name("queries.json")
WRITTEN: dict[str, int] = json.loads(FILE.read_text())
"""Page → queries. A page that is new, or needs fewer now, is written down; one that needs more is a mistake until
somebody says why it is not."""


Pages = list[tuple[str, Client, str]]


def pages(house: House) -> Pages:
    """Every page that answers a GET, as the owner sees it; as the operator those that an owner does not."""
    found = []
    for place in places():
        if not place.name.rpartition(":")[2]:
            continue  # addresses that only lead elsewhere
        who = "owner" if not place.model or may("owner", place.model, needs(place)[0]) else "operator"
        if place.page == "delete" and not may(who, place.model, "delete"):
            continue
        client, url = house.client(who), url_of(house, place) if place.model else place.url(1)
        if client.get(url).status_code == 200:  # the others are acts, or lead elsewhere
            found.append((place.name, client, url))
    return found


def measured(of: Pages) -> dict[str, int]:
    counts = {}
    for name, client, url in of:
        client.get(url)
        with CaptureQueriesContext(connection) as asked:
            client.get(url)
        counts[name] = len(asked)
    return counts


def test_each_page_asks_as_often_as_written_however_much_there_is(house: House) -> None:
    AccessAttempt.objects.create(username="somebody", ip_address="127.0.0.1", failures_since_start=1)
    factories.backfill(house.link, state="running")
    of = pages(house)
    few = measured(of)
    grow(house)
    many = measured(of)
    more = {name: (few[name], many[name]) for name in few if many[name] > few[name]}
    assert not more, f"They ask more often the more rows there are: {more}"
    worst = {name: count for name, count in many.items() if count > WRITTEN.get(name, -1)}
    wrong = f"More than {FILE.name} says, or not in it: {json.dumps(worst)}. All: {json.dumps(many, indent=1)}"
    assert not worst, wrong


def test_nothing_is_written_down_of_a_page_that_is_gone() -> None:
    assert set(WRITTEN) <= {place.name for place in places()}


def grow(house: House) -> None:
    for number in range(5):
        source = factories.ConnectionFactory.create(workspace=house.workspace)
        link = factories.LinkFactory.create(workspace=house.workspace, source=source, target=house.target)
        factories.in_every_state(link)
        factories.unmapped(link, f"prod_{number}")
        factories.mapping(link)
        factories.period(house.target, entity=str(number))
        factories.delivery(source)
        factories.examination(source)
        factories.backfill(link, state="running")
        factories.FlowFactory.create(link=link, flow="void", every_minutes=5, next_run_at=timezone.now())
        Usage.objects.create(connection=source, hour=timezone.now(), requests=number)
        member = factories.MembershipFactory.create(workspace=house.workspace, role="auditor")
        factories.invitation(house.workspace, f"{member.user.username}@example.com")
        factories.backfill(house.link, state="cancelled")
        factories.examination(house.target)
        factories.FlowFactory.create(link=house.link, flow=("void", "sale", "split", "balance", "recovery")[number])
        factories.prepared(link=house.link, state="READY", flow="stripe_intacct.void")
