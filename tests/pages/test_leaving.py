"""What a person settles elsewhere: a record is left, a problem is closed, with a reason that the trail keeps."""

from django.urls import reverse

from audit.models import Problem, Record, State
from tests.pages.conftest import House
from tests.pages.factories import attempt, unmapped


def press(house: House, record: Record, reason: str = "booked by hand as JE-9", role: str = "finance") -> str:
    url = reverse("admin:audit_record_leave", args=[record.pk])
    answer = house.client(role).post(url, {"stamp": record.stamp, "reason": reason}, follow=True)
    record.refresh_from_db()
    return answer.content.decode()


def test_a_record_that_is_booked_by_hand_is_left_and_says_why(house: House) -> None:
    record = unmapped(house.link, "prod_by_hand", key="in_by_hand")
    page = house.client("finance").get(reverse("admin:audit_record_change", args=[record.pk])).content.decode()
    assert "It is settled elsewhere" in page
    page = press(house, record)
    assert (record.state, record.problem) == (State.SKIPPED, None)
    assert "left by finance: booked by hand as JE-9" in page
    assert record.trail.filter(what="person.left", actor="finance").count() == 1


def test_without_a_reason_nothing_is_left(house: House) -> None:
    record = unmapped(house.link, "prod_by_hand", key="in_by_hand")
    press(house, record, reason="  ")
    assert record.state == State.WAITING


def test_what_was_perhaps_sent_cannot_be_left(house: House) -> None:
    record = house.records["undecided"]
    page = press(house, record)
    assert record.state == State.WAITING
    assert "can be left" in page
    waiting = unmapped(house.link, "prod_unclear", key="in_unclear")
    attempt(waiting, "unclear")
    page = press(house, waiting)
    assert waiting.state == State.WAITING
    assert "perhaps sent" in page


def test_a_problem_that_nobody_waits_for_is_closed_by_a_person(house: House) -> None:
    address = reverse("admin:audit_problem_change", args=[house.problem.pk])
    assert "Close" in house.client("finance").get(address).content.decode()
    assert "Close</button>" not in house.client("auditor").get(address).content.decode()
    url = reverse("admin:audit_problem_close", args=[house.problem.pk])
    house.client("finance").post(url, {"reason": "reversed there"})
    house.problem.refresh_from_db()
    assert house.problem.closed_at
    assert "reversed there" in house.client("owner").get(reverse("admin:audit_trailentry_changelist")).content.decode()


def test_a_problem_that_records_wait_for_ends_by_itself_only(house: House) -> None:
    record = unmapped(house.link, "prod_9")
    assert record.problem
    url = reverse("admin:audit_problem_close", args=[record.problem.pk])
    answer = house.client("owner").post(url, {"reason": "enough"}, follow=True)
    assert Problem.objects.get(pk=record.problem.pk).closed_at is None
    assert "closes by itself" in answer.content.decode()
