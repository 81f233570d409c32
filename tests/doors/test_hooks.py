"""The door for webhooks: what is genuine is kept once, what is not is kept apart, and nothing that comes breaks it."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from audit.models import Delivery, Record
from portal.doors import hooks
from portal.models import Connection
from tests.story import SECRET, Story, story

Json = dict[str, Any]
REFUSED = Delivery.Status.REFUSED
MEBIBYTE = 1024 * 1024


@pytest.fixture
def world(transactional_db: None) -> Iterator[Story]:
    with story() as it:
        yield it


def event(**changes: Any) -> Json:
    whole = {
        "id": "evt_1",
        "object": "event",
        "type": "customer.created",
        "livemode": False,
        "created": int(time.time()),
        "data": {"object": {"id": "cus_1", "object": "customer"}},
    }
    return {name: value for name, value in (whole | changes).items() if value is not None}


def signed(body: bytes, *, secret: str = SECRET, at: float | None = None) -> dict[str, str]:
    stamp = int(time.time() if at is None else at)
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={stamp},v1={digest}"}


def send(world: Story, what: Any, **how: Any) -> int:
    body = what if isinstance(what, bytes) else json.dumps(what).encode()
    return int(world.post(body, signed(body, **how)).status_code)


def kept(*status: str) -> int:
    rows = Delivery.objects.filter(status__in=status) if status else Delivery.objects.exclude(status=REFUSED)
    return rows.count()


def nothing_booked(world: Story) -> bool:
    world.work()
    return not Record.objects.exists() and world.rows("CUSTOMER") == []


def stripe() -> Connection:
    return Connection.objects.get(system="stripe")


def test_a_hook_that_nobody_made_is_not_found(db: None) -> None:
    assert Client().post("/hooks/nobody-made-this/", b"{}", content_type="application/json").status_code == 404
    assert Client().post("/hooks/", b"{}", content_type="application/json").status_code == 404
    assert not Delivery.objects.exists()


def test_only_post_is_taken(world: Story) -> None:
    methods = ("get", "put", "delete", "patch", "options", "head")
    assert {method: getattr(Client(), method)(world.hook).status_code for method in methods} == dict.fromkeys(
        methods, 405
    )
    assert not Delivery.objects.exists()


def test_a_genuine_event_is_answered_when_it_is_kept(world: Story) -> None:
    assert send(world, event()) == 200
    assert kept(Delivery.Status.NEW) == 1


def test_an_event_that_comes_again_makes_no_second_row(world: Story) -> None:
    assert [send(world, event()) for _ in range(3)] == [200, 200, 200]
    assert kept() == 1


def test_a_body_above_the_limit_is_refused_unread(world: Story) -> None:
    assert send(world, b" " * (2 * MEBIBYTE)) == 413
    assert not Delivery.objects.exists()


def test_a_body_above_the_limit_that_hides_its_length_is_refused_too(world: Story) -> None:
    body = json.dumps(event(padding="x" * 2 * MEBIBYTE)).encode()
    extra = {"HTTP_STRIPE_SIGNATURE": signed(body)["Stripe-Signature"], "CONTENT_LENGTH": ""}
    answer = Client().generic("POST", world.hook, body, content_type="application/json", **extra)  # type: ignore[arg-type]
    assert 400 <= answer.status_code < 500
    assert kept() == 0
    assert nothing_booked(world)


ODD: dict[str, Any] = {
    "not JSON": b"<html>hello</html>",
    "empty": b"",
    "half of it": json.dumps(event()).encode()[:-10],
    "an array": [event()],
    "a number": 7,
    "null": b"null",
    "deeply nested": b"[" * 100_000,
    "not text": b"\xff\xfe\x00",
    "no id": event(id=None),
    "an id that is a number": event(id=7),
    "an id that is a list": event(id=["evt_1"]),
    "an id with a line break": event(id="evt\n1"),
    "an id that is far too long": event(id="e" * 5000),
    "no type": event(type=None),
    "no data": event(data=None),
    "data without an object": event(data={}),
    "data that is a list": event(data=[]),
    "an object with an odd id": event(data={"object": {"id": {"a": 1}}}),
    "no time": event(created=None),
    "a time beyond all calendars": event(created=10**18),
    "a time that is true": event(created=True),
    "no mode": event(livemode=None),
    "a mode in words": event(livemode="false"),
    "a thin event": event(object="v2.core.event"),
    "lone surrogates": b'{"id": "\\ud800", "type": "x", "livemode": false, "created": 1, "data": {"object": {}}}',
    "a NUL in the id": event(id="evt_\x001"),
}


def test_what_is_signed_and_odd_is_the_senders_fault_and_books_nothing(world: Story) -> None:
    answers = {name: send(world, what) for name, what in ODD.items()}
    assert {name: status for name, status in answers.items() if not 400 <= status < 500} == {}
    assert kept() == 0
    assert nothing_booked(world)


def test_a_string_of_ten_megabytes_is_the_senders_fault(world: Story) -> None:
    body = json.dumps("x" * 10_000_000).encode()
    assert 400 <= send(world, body) < 500
    assert not Delivery.objects.exists()


UNREADABLE = (
    "", "t=", "v1=abc", "t=1,t=2,v1=abc", "t=9999999999999999,v1=abc", "t=-1,v1=abc", "nonsense",
    "t=1,v1=" + "z" * 9000,
)  # fmt: skip


def test_a_signature_that_cannot_be_read_is_refused(world: Story) -> None:
    body = json.dumps(event()).encode()
    answers = {header: world.post(body, {"Stripe-Signature": header}).status_code for header in UNREADABLE}
    assert set(answers.values()) == {400}, answers
    assert kept(REFUSED) == len(UNREADABLE)
    assert kept() == 0
    assert nothing_booked(world)


def test_a_body_altered_by_one_byte_is_refused(world: Story) -> None:
    body = json.dumps(event()).encode()
    assert world.post(body.replace(b"cus_1", b"cus_2"), signed(body)).status_code == 400
    assert nothing_booked(world)


def test_a_delivery_signed_too_long_ago_or_too_far_ahead_is_refused(world: Story) -> None:
    assert [send(world, event(), at=time.time() + away) for away in (-303, 303)] == [400, 400]
    assert [send(world, event(), at=time.time() + away) for away in (-290, 290)] == [200, 200]
    assert (kept(REFUSED), kept()) == (2, 1)


def test_an_event_of_the_live_mode_is_refused_at_a_connection_for_tests(world: Story) -> None:
    assert send(world, event(livemode=True)) == 400
    (refused,) = Delivery.objects.all()
    assert refused.status == REFUSED and "mode" in refused.why
    assert nothing_booked(world)


def test_an_event_of_another_account_is_refused(world: Story) -> None:
    assert send(world, event(account="acct_other")) == 400
    assert nothing_booked(world)


def test_with_two_secrets_a_delivery_signed_with_either_is_genuine(world: Story) -> None:
    connection = stripe()
    connection.set_hook_secrets([SECRET, "whsec_next"])
    connection.save()
    assert send(world, event(id="evt_1")) == 200
    assert send(world, event(id="evt_2"), secret="whsec_next") == 200
    assert send(world, event(id="evt_3"), secret="whsec_third") == 400


def correct_the_secret() -> None:
    connection = stripe()
    connection.set_hook_secrets(["whsec_rolled"])
    connection.save()


def real_event(world: Story) -> bytes:
    """Of a customer that the shop has, as the shop would sign it with its rolled secret."""
    world.customer()
    delivery = next(one for one in world.shop.deliveries() if one["type"] == "customer.created")
    return bytes(world.shop.signed(delivery["id"])[1])


def test_a_refused_delivery_is_acted_on_only_after_it_was_verified_again(world: Story) -> None:
    body = real_event(world)
    assert world.post(body, signed(body, secret="whsec_rolled")).status_code == 400
    assert nothing_booked(world), "kept apart"
    correct_the_secret()
    assert nothing_booked(world), "the secret alone changes nothing"
    assert "genuine" in hooks.verify_again(Delivery.objects.get())
    world.work()
    assert len(world.rows("CUSTOMER")) == 1
    assert kept(REFUSED) == 0


def test_verified_again_with_a_secret_that_does_not_fit_it_stays_apart(world: Story) -> None:
    body = real_event(world)
    world.post(body, signed(body, secret="whsec_rolled"))
    assert "fits" in hooks.verify_again(Delivery.objects.get())
    assert kept(REFUSED) == 1
    assert nothing_booked(world)


def test_the_age_of_a_refused_delivery_is_judged_at_its_arrival(world: Story) -> None:
    body = real_event(world)
    long_ago = time.time() - 3 * 86400
    world.post(body, signed(body, secret="whsec_rolled", at=long_ago))
    late = Delivery.objects.get()
    correct_the_secret()
    assert "genuine" not in hooks.verify_again(late), "it was too old when it came"
    Delivery.objects.update(arrived_at=late.arrived_at - timedelta(days=3))
    assert "genuine" in hooks.verify_again(Delivery.objects.get()), "it was fresh when it came, three days ago"


def test_a_flood_of_refused_deliveries_is_kept_within_bounds(world: Story, settings: Any) -> None:
    settings.REFUSED_KEPT = 5
    for number in range(30):
        assert send(world, event(id=f"evt_{number}"), secret="whsec_wrong") == 400
    assert kept(REFUSED) <= 11
    world.work()
    assert kept(REFUSED) <= 6
