"""The vendor's SDK, unchanged, in front of the stand-in: every call that the stand-in offers, with the SDK's own http
client, in the pinned version and in the one before the invoice change. What the SDK knows of names is believed.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import stripe
from jsonschema import Draft202012Validator

from connectors import stripe as connector
from standins.stripe import Shop, StripeServer, serve
from standins.stripe.form import checked, parse, schemas
from standins.stripe.routes import ROUTES, Route
from tests.fidelity import stripe_story
from tests.fidelity.stripe_story import NEW, OLD, Caller, Note, tell
from tests.standins.stripe.conftest import DATA, NAMES, complaints

KEY = "sk_test_shop"
WITHOUT_SCHEMA = {"account", "price"}  # nobody here reads more of them than their id


def session_client(scheme: str) -> stripe.RequestsClient:
    """The http client that the SDK takes by itself; for Basic with the sign-in that its session allows."""
    session = requests.Session()
    session.trust_env = False  # a .netrc or a proxy of the machine would change what is sent
    session.auth = (KEY, "") if scheme == "basic" else None
    return stripe.RequestsClient(session=session)


def opened(server: StripeServer, scheme: str = "basic", version: str = NEW) -> stripe.StripeClient:
    addresses: Any = dict.fromkeys(("api", "connect", "files", "meter_events"), server.url)
    client = session_client(scheme)
    return stripe.StripeClient(KEY, http_client=client, base_addresses=addresses, stripe_version=version)


@pytest.fixture(scope="module", autouse=True)
def quiet_sdk() -> Iterator[None]:
    """Otherwise the SDK writes an id into the home directory."""
    before, stripe.enable_telemetry = stripe.enable_telemetry, False
    yield
    stripe.enable_telemetry = before


def told(scheme: str, version: str) -> Caller:
    shop, server = serve(seed="story", webhooks="manual", bearer=scheme == "bearer")
    caller = Caller(opened(server, scheme, version), server, version)
    try:
        tell(caller, shop)
    finally:
        server.stop()
        caller.client._requestor._client.close()
    return caller


@pytest.fixture(scope="module", params=[("basic", NEW), ("bearer", NEW), ("basic", OLD)], ids=lambda p: " ".join(p))
def caller(request: pytest.FixtureRequest) -> Caller:
    return told(*request.param)


def route_of(method: str, path: str) -> Route:
    return next(route for route in ROUTES if route.match(method, path) is not None)


def test_the_sdk_reaches_everything_that_the_stand_in_offers(caller: Caller) -> None:
    reached = {(route.method, route.path) for asked in caller.server.api.asked if (route := route_of_asked(asked))}
    later = ("/v1/invoice_payments", "/v1/payment_records", "/v1/invoices/{}/attach_payment")
    missing = {(route.method, route.path) for route in ROUTES} - reached
    assert [path for _, path in missing if caller.version == NEW or not path.startswith(later)] == []
    assert {asked["scheme"] for asked in caller.server.api.asked} <= {"Basic", "Bearer"}
    assert {asked["headers"]["stripe-version"] for asked in caller.server.api.asked} == {caller.version}


def route_of_asked(asked: Any) -> Route:
    return route_of(asked["method"], asked["path"])


def test_every_answer_becomes_the_class_that_the_sdk_promises(caller: Caller) -> None:
    for note in caller.notes:
        promised = re.findall(r"\w+", note.returns)
        assert type(note.answer).__name__ in promised, note.call
        if note.body["object"] == "list":
            rows = {type(row).__name__ for row in note.answer.data}
            assert rows <= set(promised), note.call


def test_every_call_that_the_connector_makes_is_in_the_story() -> None:
    sources = "".join(path.read_text() for path in Path(connector.__file__).parent.glob("*.py"))
    used = set(re.findall(r"\bv1\.([a-z_.]+\.(?:list|retrieve\w*|create|update|void\w*|pay|search))\b", sources))
    told_of = set(re.findall(r'do\(\s*"([a-z_.]+)"', Path(stripe_story.__file__).read_text()))
    assert len(used) >= 15
    assert used - told_of == set()


def names(note: Note) -> set[str]:
    """What the SDK can be given at this call, by the annotations of its own set of parameters."""
    set_of = getattr(stripe.params, note.params)
    kinds = (set_of, *getattr(set_of, "__orig_bases__", ()))
    return {name for kind in kinds for name in getattr(kind, "__annotations__", ())}


def test_the_stand_in_takes_no_parameter_that_the_sdk_does_not_know(caller: Caller) -> None:
    strange = {
        (note.call, name)
        for note in caller.notes
        for name in set(route_of(note.method, note.path).schema["properties"]) - names(note)
    }
    assert strange == set()


def shapes(version: str) -> Any:
    return json.loads((DATA / f"objects-{version}.schema.json").read_text())["$defs"]


def objects(note: Note) -> list[Any]:
    return list(note.body["data"]) if note.body["object"] == "list" else [note.body]


def test_every_object_on_the_wire_has_the_shape_of_its_version(caller: Caller) -> None:
    seen = set()
    for note in caller.notes:
        if any(name.startswith("expand") for name, _ in note.pairs):
            continue
        for found in objects(note):
            if found.get("deleted"):
                assert found.keys() == {"id", "object", "deleted"}
            elif found["object"] not in WITHOUT_SCHEMA:
                seen.add(found["object"])
                assert complaints(found, caller.version) == [], note.call
    events_aside = {name for name in NAMES if name not in ("discount", "line_item", "credit_note_line_item")}
    assert events_aside - seen <= ({"invoice_payment", "payment_record"} if caller.version == OLD else set())


def test_no_object_on_the_wire_has_a_field_that_its_version_does_not_know(caller: Caller) -> None:
    known = shapes(caller.version)
    strange = {
        (found["object"], name)
        for note in caller.notes
        for found in objects(note)
        if found["object"] not in WITHOUT_SCHEMA and not found.get("deleted")
        for name in set(found) - set(known[NAMES[found["object"]]]["properties"])
    }
    assert strange == set()


def test_a_spoiled_object_does_not_pass(caller: Caller) -> None:
    found = next(note.body for note in caller.notes if note.call == "invoices.finalize_invoice")
    for spoiled in ({"total": "12.00"}, {"currency": None}, {"lines": []}, {"livemode": "no"}):
        assert complaints({**found, **spoiled}, caller.version), spoiled
    assert complaints({name: value for name, value in found.items() if name != "amount_due"}, caller.version)
    assert complaints(found, OLD if caller.version == NEW else NEW)  # the two shapes are told apart


def typed(note: Note) -> Any:
    return checked(parse(note.pairs), route_of(note.method, note.path).schema)


def test_every_set_of_parameters_passes_its_published_schema(caller: Caller) -> None:
    held = 0
    for note in caller.notes:
        if note.params in schemas():
            validator = Draft202012Validator({**schemas()[note.params], "$defs": schemas()})
            assert [error.message for error in validator.iter_errors(typed(note))] == [], note.call
            held += 1
    assert held > 30


# --- errors, pages, signatures --------------------------------------------------------------------------------------


@pytest.fixture
def shop_and_client() -> Iterator[tuple[Shop, StripeServer, Any]]:
    shop, server = serve(seed="errors", webhooks="manual")
    client = opened(server)
    yield shop, server, client
    server.stop()
    client._requestor._client.close()


@pytest.mark.parametrize(
    ("call", "kind", "status", "code", "param"),
    [
        (lambda c: c.v1.invoices.retrieve("in_no"), stripe.InvalidRequestError, 404, "resource_missing", "id"),
        (lambda c: c.v1.invoices.create({}), stripe.InvalidRequestError, 400, "parameter_missing", "customer"),
        (
            lambda c: c.v1.customers.create({"tax_percent": 5}),
            stripe.InvalidRequestError,
            400,
            "parameter_unknown",
            "tax_percent",
        ),
        (
            lambda c: c.v1.customers.list(options={"api_key": "sk_test_wrong"}),
            stripe.AuthenticationError,
            401,
            None,
            None,
        ),
    ],
)
def test_a_refusal_becomes_the_error_that_the_sdk_has_for_it(
    shop_and_client: Any, call: Any, kind: Any, status: int, code: str | None, param: str | None
) -> None:
    _, server, client = shop_and_client
    if kind is stripe.AuthenticationError:
        server.api.keys.revoke(KEY)
    with pytest.raises(kind) as error:
        call(client)
    found = error.value
    assert (found.http_status, getattr(found, "param", None)) == (status, param)
    assert found.error.code == code or kind is stripe.AuthenticationError
    assert found.request_id


@pytest.mark.parametrize(
    ("fault", "more", "kind", "status"),
    [
        ("rate_limit", {"reason": "endpoint-rate"}, stripe.RateLimitError, 429),
        ("lock_timeout", {}, stripe.RateLimitError, 429),
        ("error_before", {"status": 500}, stripe.APIError, 500),
        ("html", {"status": 502}, stripe.APIError, 502),
        ("reset_before", {}, stripe.APIConnectionError, None),
    ],
)
def test_a_fault_becomes_the_error_that_the_sdk_has_for_it(
    shop_and_client: Any, fault: str, more: Any, kind: Any, status: int | None
) -> None:
    _, server, client = shop_and_client
    server.api.faults.add(fault, **more)
    with pytest.raises(kind) as error:
        client.v1.customers.list()
    assert error.value.http_status == status
    assert len(server.api.asked) == 1  # the SDK does not try again by itself


def test_the_sdk_declines_a_card_and_refuses_a_key_used_for_something_else(shop_and_client: Any) -> None:
    _, _, client = shop_and_client
    declined = {"amount": 900, "currency": "usd", "payment_method": "pm_card_chargeDeclined", "confirm": True}
    with pytest.raises(stripe.CardError) as card:
        client.v1.payment_intents.create(declined)
    assert (card.value.http_status, card.value.code) == (402, "card_declined")
    client.v1.customers.create({"name": "One"}, {"idempotency_key": "k"})
    with pytest.raises(stripe.IdempotencyError):
        client.v1.customers.create({"name": "Two"}, {"idempotency_key": "k"})
    again = client.v1.customers.create({"name": "One"}, {"idempotency_key": "k"})
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert len(client.v1.customers.list().data) == 1


def test_the_sdk_reads_on_over_all_pages(shop_and_client: Any) -> None:
    shop, server, client = shop_and_client
    made = [shop.create_customer(f"No. {n}", f"{n}@example.com")["id"] for n in range(7)]
    found = [row.id for row in client.v1.customers.list({"limit": 3}).auto_paging_iter()]
    assert found == made[::-1]
    assert len(server.api.asked) == 3
    lines = [{"description": f"Line {n}", "amount": 100 + n} for n in range(23)]
    invoice = client.v1.invoices.retrieve(shop.create_invoice(made[0], lines, finalize=True)["id"])
    assert (len(invoice.lines.data), invoice.lines.has_more) == (10, True)
    assert sorted(line.amount for line in invoice.lines.auto_paging_iter()) == [100 + n for n in range(23)]


def test_the_sdk_verifies_what_the_stand_in_signs(shop_and_client: Any) -> None:
    shop, _, client = shop_and_client
    given = {"url": "http://127.0.0.1:1/hook", "enabled_events": ["*"], "api_version": OLD}
    endpoint = client.v1.webhook_endpoints.create(given)
    shop.create_invoice(shop.create_customer("Acme", "a@example.com")["id"], [{"amount": 500}], finalize=True)
    heard = [shop.signed(delivery["id"]) for delivery in shop.deliveries()]
    assert len(heard) > 3
    for _, body, headers in heard:
        event = client.construct_event(body, headers["Stripe-Signature"], endpoint.secret)
        assert event.api_version == OLD
        assert complaints(event.data.object.to_dict(for_json=True), OLD) == []
        with pytest.raises(stripe.SignatureVerificationError):
            client.construct_event(body + b" ", headers["Stripe-Signature"], endpoint.secret)
