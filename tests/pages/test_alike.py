"""Customers that may be in the books already are shown to a person; nobody is linked by resemblance."""

import json
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.models import Record, State
from mappings.models import Choice, Mapping
from tests.pages import factories
from tests.pages.conftest import House

LIST = "admin:mappings_mapping_changelist"


def waits(house: House, key: str, name: str, email: str = "") -> Record:
    document = json.dumps({"control": "c", "id": key, "name": name, "email": email}).encode()
    flow = {"flow": "stripe_intacct.customer", "stream": "customer", "kind": "customer"}
    return factories.RecordFactory.create(link=house.link, key=key, state=State.READY, document=document, **flow)


def offered(house: House, id: str, name: str, email: str = "", *, active: bool = True) -> None:
    facts = {"name": name, "email": email}
    rest: dict[str, Any] = {"facts": facts, "active": active, "read_at": timezone.now()}
    Choice.objects.create(connection=house.target, table="customer", value=id, label=f"{id} {name}", **rest)


def pairs(house: House, person: str = "finance") -> list[tuple[str, str, str]]:
    shown = house.client(person).get(reverse(LIST)).context["alike"]
    return sorted((one.source, one.target, one.why) for one in shown)


@pytest.fixture
def two(house: House) -> House:
    waits(house, "cus_1", "Müller & Co.", "ap@mueller.example")
    waits(house, "cus_2", "Somebody else", "x@else.example")
    offered(house, "C-1", "MÜLLER & CO")
    offered(house, "C-2", "Mueller", "AP@mueller.example")
    offered(house, "C-3", "Müller & Co.", active=False)
    offered(house, "C-4", "Nobody", "")
    return house


def test_the_same_name_or_address_is_suggested_and_nothing_is_linked(two: House) -> None:
    assert pairs(two) == [("cus_1", "C-1", "name"), ("cus_1", "C-2", "e-mail address")]
    assert not Mapping.objects.filter(table="customer").exists()
    text = two.client("auditor").get(reverse(LIST)).text
    assert "Perhaps in the books already" in text
    assert "Confirm …" not in text


def test_a_person_confirms_in_the_form_of_the_table(two: House) -> None:
    client = two.client("finance")
    url = next(one.url for one in client.get(reverse(LIST)).context["alike"] if one.target == "C-2")
    form = client.get(url).text
    assert 'value="cus_1"' in form
    assert 'value="C-2"' in form
    assert not Mapping.objects.filter(table="customer").exists(), "only looking changes nothing"
    client.post(url, {"source": "cus_1", "target": "C-2"})
    assert Mapping.objects.get(table="customer").target == "C-2"
    assert pairs(two) == []


def test_what_is_posted_is_not_asked_about_any_more(two: House) -> None:
    Record.objects.filter(key="cus_1").update(state=State.POSTED)
    assert pairs(two) == []


def test_nobody_learns_of_another_workspaces_customers(two: House, other: House) -> None:
    assert pairs(other, "owner") == []
