"""What our client of Stripe sends and is sent, byte by byte on the wire: every request is one that the published
parameters allow, every answer has the published shape of the version that was asked for.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from jsonschema import Draft202012Validator

from connectors.base import Access, Hint, Response
from connectors.errors import NotYet
from connectors.stripe import SYSTEM, Credentials
from connectors.stripe.client import API_VERSION, WITH_CHARGE_INVOICE
from connectors.stripe.loading import LOADERS
from connectors.stripe.reading import READERS
from standins.stripe import serve
from standins.stripe.form import checked, parse, schemas
from standins.stripe.routes import ROUTES, Route
from tests.fidelity.recording import Recording
from tests.standins.stripe.conftest import NAMES, complaints
from tests.standins.stripe.test_shapes import eventful
from tests.stripe.bench import NoSessions, read_through

Exchange = tuple[str, str, Mapping[str, str], list[tuple[str, str]], Response]
"""Method, path, headers, parameters, answer."""


@pytest.fixture(scope="module")
def seen() -> list[Exchange]:
    """All feeds to their end, the examination, every kind of event, and every fact with all that translating needs."""
    shop, server = serve(seed="wire", webhooks="manual")
    shop.clock.stop(1_780_000_000)
    eventful(shop)
    wire = Recording(server.url)
    credentials = Credentials("sk_test_shop", api_base=server.url)
    source = SYSTEM.connect(Access(credentials, wire, NoSessions(), {"lag_seconds": 0, "page_rows": 7}))
    source.account()
    list(source.examine())
    now = datetime.fromtimestamp(shop.clock.now(), UTC) + timedelta(seconds=1)
    facts = {fact for feed in SYSTEM.feeds for fact in read_through(source, feed, now)[0]}
    for event in list(shop.all("event")):
        if event["type"] in READERS:
            about = shop.secret(event["id"])["about"]
            facts |= set(source.facts(Hint(event["id"], event["type"], about, now)) or ())
    for charge in list(shop.all("charge")):
        source._client.invoice_of_charge(charge["id"])
    for fact in facts:
        if fact.stream in LOADERS:
            with suppress(NotYet):
                source.load(fact.stream, fact.key)
    server.stop()
    return [
        (
            one.method,
            urlsplit(one.url).path,
            one.headers,
            parse_qsl(one.content.decode() or urlsplit(one.url).query, keep_blank_values=True),
            one.answer,
        )
        for one in wire.seen
    ]


def route_of(method: str, path: str) -> Route:
    return next(route for route in ROUTES if route.match(method, path) is not None)


def test_the_client_uses_the_api_widely_and_only_reads(seen: list[Exchange]) -> None:
    assert {method for method, *_ in seen} == {"GET"}
    assert len(seen) > 200
    assert len({route_of(method, path).path for method, path, *_ in seen}) >= 16


def test_every_request_names_one_of_the_two_versions(seen: list[Exchange]) -> None:
    versions = {headers["Stripe-Version"] for _, _, headers, _, _ in seen}
    assert versions == {API_VERSION, WITH_CHARGE_INVOICE}
    assert {headers["Authorization"].split()[0] for _, _, headers, _, _ in seen} == {"Basic"}


def test_every_parameter_of_a_request_passes_the_published_schema(seen: list[Exchange]) -> None:
    published = {id(schema): name for name, schema in schemas().items()}
    held = set()
    for method, path, _, pairs, _ in seen:
        route = route_of(method, path)
        params = checked(parse(pairs), route.schema)
        if name := published.get(id(route.schema)):
            held.add(name)
        validator = Draft202012Validator({**route.schema, "$defs": schemas()})
        assert [error.message for error in validator.iter_errors(params)] == [], (path, pairs)
    assert {"CustomerListParams", "EventListParams", "InvoicePaymentListParams", "RefundListParams"} <= held


def test_no_list_is_asked_for_more_than_a_hundred_and_no_event_list_for_more_than_twenty(seen: list[Exchange]) -> None:
    for _, _, _, pairs, _ in seen:
        given = dict(pairs)
        assert int(given.get("limit", 1)) <= 100
        assert len([name for name in given if name.startswith("types[")]) <= 20
        assert not [name for name in given if name.startswith("created[") and name[8:-1] not in ("gte", "lt")]
        assert max((value.count(".") for name, value in pairs if name.startswith("expand")), default=0) < 4


def objects(answer: Response) -> list[Any]:
    body = json.loads(answer.body)
    return list(body["data"]) if body.get("object") == "list" else [body]


def test_every_answer_has_the_shape_of_the_version_that_was_asked_for(seen: list[Exchange]) -> None:
    checked_kinds, done = set(), set()
    for _, path, headers, pairs, answer in seen:
        version = headers["Stripe-Version"]
        if answer.status != 200 or any(name.startswith("expand") for name, _ in pairs):
            continue
        for found in objects(answer):
            key = (found.get("id", path), version)
            if found["object"] not in NAMES or found.get("deleted") or key in done:
                continue
            done.add(key)
            checked_kinds.add((found["object"], version))
            if found["object"] != "event":
                assert complaints(found, version) == [], path
            else:
                assert complaints(found["data"]["object"], found["api_version"]) == [], found["type"]
    assert {kind for kind, version in checked_kinds if version == WITH_CHARGE_INVOICE} == {"charge"}
    wanted = {"customer", "invoice", "invoice_payment", "charge", "refund", "balance_transaction", "event"}
    assert wanted <= {kind for kind, version in checked_kinds if version == API_VERSION}
