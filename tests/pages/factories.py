"""Rows for the pages: workspaces with people, links and records in every state."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone
from factory.declarations import LazyAttribute, LazyFunction, SelfAttribute, Sequence, SubFactory
from factory.django import DjangoModelFactory

from audit import trail
from audit.files import RemoteFile
from audit.models import Attempt, Delivery, Posting, Problem, Record, State, TrailEntry, WaitsFor
from mappings.models import Choice, Mapping, Period
from portal.models import Backfill, Connection, Examination, FlowSetting, Invitation, Lane, Link, Membership, Workspace

INVOICE = {
    "control": "ml:1",
    "number": "INV-1001",
    "customer": "C-100",
    "day": "2026-11-18",
    "due": "2026-12-18",
    "lines": [
        {"amount": "185.00", "account": "40100", "memo": "Pro plan", "department": "SALES", "location": "US"},
        {"amount": "89.99", "account": "40200", "memo": "Setup", "department": "SALES", "location": "US"},
        {"amount": "22.68", "account": "22010", "memo": "Sales tax", "department": "", "location": "US"},
    ],
}
JOURNAL = {
    "control": "ml:2",
    "number": "RF-1",
    "journal": "STR",
    "day": "2026-11-19",
    "title": "Refund re_1",
    "lines": [
        {"amount": "55.43", "account": "40100", "memo": "Pro plan", "location": "US"},
        {"amount": "4.57", "account": "22010", "memo": "Sales tax", "location": "US"},
        {"amount": "-60.00", "account": "10050", "memo": "Stripe clearing", "location": "US"},
    ],
}
TRACE = [
    {"asked": "day", "instant": "2026-11-18T22:10:00+00:00", "zone": "America/New_York"},
    {"asked": "because", "at": "number", "why": "Stripe number"},
    {"asked": "option", "name": "post_as", "value": "submit"},
    {"asked": "posted", "flow": "customer", "key": "cus_1", "id": "41", "number": "C-100"},
]


class WorkspaceFactory(DjangoModelFactory[Workspace]):
    class Meta:
        model = Workspace

    name = Sequence(lambda n: f"Company {n}")
    time_zone = "America/New_York"


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User

    username = Sequence(lambda n: f"person{n}")
    is_staff = True
    password = "!"  # signed in by force: deriving a key takes longer than the test


class MembershipFactory(DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    workspace = SubFactory(WorkspaceFactory)
    user = SubFactory(UserFactory)
    role = "owner"


class ConnectionFactory(DjangoModelFactory[Connection]):
    class Meta:
        model = Connection

    workspace = SubFactory(WorkspaceFactory)
    system = "stripe"
    name = Sequence(lambda n: f"Stripe {n}")
    account = Sequence(lambda n: f"acct_{n}")
    health = "ok"


class IntacctFactory(ConnectionFactory):
    system = "sage_intacct"
    name = Sequence(lambda n: f"Intacct {n}")
    account = Sequence(lambda n: f"COMPANY{n}")
    facts = LazyFunction(lambda: {"base_currency": "USD"})


class LinkFactory(DjangoModelFactory[Link]):
    class Meta:
        model = Link

    workspace = SubFactory(WorkspaceFactory)
    integration = "stripe_intacct"
    name = Sequence(lambda n: f"Link {n}")
    source = SubFactory(ConnectionFactory, workspace=SelfAttribute("..workspace"))
    target = SubFactory(IntacctFactory, workspace=SelfAttribute("..workspace"))
    start_at = LazyFunction(lambda: timezone.now() - timedelta(days=30))


class FlowFactory(DjangoModelFactory[FlowSetting]):
    class Meta:
        model = FlowSetting
        django_get_or_create = ("link", "flow")

    link = SubFactory(LinkFactory)
    flow = "invoice"
    mode = "live"


class LaneFactory(DjangoModelFactory[Lane]):
    class Meta:
        model = Lane
        django_get_or_create = ("company", "side")

    company = Sequence(lambda n: f"lane {n}")
    side = "read"


class ProblemFactory(DjangoModelFactory[Problem]):
    class Meta:
        model = Problem

    workspace = LazyAttribute(lambda me: me.link.workspace)
    link = SubFactory(LinkFactory)
    code = "unmapped.revenue_account"
    value = Sequence(lambda n: f"prod_{n}")
    said = LazyAttribute(lambda me: f"No row of the table revenue_account fits {me.value}.")
    cure = "Add a row to the mapping table; the record goes on by itself."
    who = "finance"
    opened_at = LazyFunction(timezone.now)


class RecordFactory(DjangoModelFactory[Record]):
    class Meta:
        model = Record

    link = SubFactory(LinkFactory)
    workspace = LazyAttribute(lambda me: me.link.workspace)
    setting = LazyAttribute(lambda me: FlowFactory.create(link=me.link, flow=me.flow.partition(".")[2]))
    source_lane = LazyAttribute(lambda me: LaneFactory.create(company=me.link.source.account_key, side="read"))
    target_lane = LazyAttribute(lambda me: LaneFactory.create(company=me.link.target.account_key, side="write"))
    source_account = LazyAttribute(lambda me: me.link.source.account_key)
    target_company = LazyAttribute(lambda me: me.link.target.account_key)
    flow = "stripe_intacct.invoice"
    stream = "invoice"
    key = Sequence(lambda n: f"in_{n:06}")
    happened_at = LazyFunction(lambda: timezone.now() - timedelta(hours=3))
    due_at = LazyFunction(timezone.now)
    created_at = LazyFunction(timezone.now)
    changed_at = LazyFunction(timezone.now)


def prepared(**given: Any) -> Record:
    """A record whose document is made."""
    document = given.pop("body", INVOICE)
    journal = "journal" in document
    fields: dict[str, Any] = {
        "kind": "journal" if journal else "invoice",
        "flow": "stripe_intacct.refund" if journal else "stripe_intacct.invoice",
        "document": json.dumps(document).encode(),
        "payload": json.dumps({"invoice": {"id": "in_1", "total": 29767}}).encode(),
        "trace": json.dumps(TRACE),
        "amount": Decimal("60.00") if journal else Decimal("297.67"),
        "party": "" if journal else "C-100",
        "number": document["number"],
        "day": document["day"],
        **given,
    }
    return RecordFactory.create(**fields)


def attempt(record: Record, outcome: str = "done", **given: Any) -> Attempt:
    now = timezone.now()
    fields: dict[str, Any] = {
        "lane": record.target_lane,
        "epoch": 1,
        "control": "ml:acct:invoice:in_1",
        "body": b'<function controlid="ml:1"><create_invoice><customerid>C-100</customerid></create_invoice>',
        "document_hash": "0" * 64,
        "announced_at": now,
        "hold_until": now + timedelta(minutes=21),
        "answered_at": None if outcome == "announced" else now,
        **given,
    }
    return Attempt.objects.create(record=record, outcome=outcome, **fields)


def posted(**given: Any) -> Record:
    record = prepared(state=State.POSTED, verdict=given.pop("verdict", "agrees"), **given)
    attempt(record, target_id="4711")
    Posting.objects.create(
        record=record,
        target_company=record.target_company,
        kind=record.kind,
        target_id="4711",
        number=record.number,
        target_state="posted",
        url="https://www.intacct.com/ia/acct/ur.phtml?.r=abc",
        at=timezone.now(),
    )
    line(record, "record.posted", f"invoice {record.number}")
    return record


def unmapped(link: Link, value: str = "prod_9", **given: Any) -> Record:
    """A record that waits for a row of a mapping table."""
    said = f"No row of the table revenue_account fits {value}, *."
    problem = Problem.objects.filter(link=link, value=value, closed_at=None).first()
    problem = problem or ProblemFactory.create(link=link, value=value, said=said)
    trace = [
        *TRACE,
        {
            "asked": "map",
            "at": "lines.account",
            "table": "revenue_account",
            "values": [value, "saas"],
            "on": "2026-11-18",
        },
    ]
    return RecordFactory.create(
        link=link,
        state=State.WAITING,
        waits_for=WaitsFor.MAPPING,
        code="unmapped.revenue_account",
        said=said,
        problem=problem,
        trace=json.dumps(trace),
        amount=Decimal("120.50"),
        **given,
    )


def undecided(link: Link, code: str = "unsure.absent", **given: Any) -> Record:
    """A record whose fate a person decides."""
    said = "Sent 4 times and never found."
    problem = ProblemFactory.create(
        link=link, code=code, value=given.get("number", "INV-1001"), said=said, cure="Look at the target, then say."
    )
    return prepared(
        link=link,
        state=State.WAITING,
        waits_for=WaitsFor.DECISION,
        code=code,
        said=said,
        problem=problem,
        frozen=True,
        stamp=7,
        **given,
    )


def in_every_state(link: Link) -> dict[str, Record]:
    made = {
        "posted": posted(link=link),
        "refunded": posted(link=link, body=JOURNAL),
        "differs": posted(link=link, verdict="differs", number="INV-77"),
        "unmapped": unmapped(link),
        "undecided": undecided(link),
        "foreign": undecided(link, code="duplicate.foreign", number="INV-1002"),
        "failed": prepared(link=link, state=State.FAILED, code="amount.precision", said="12.005: no multiple of 0.01"),
        "skipped": RecordFactory.create(link=link, state=State.SKIPPED, said="a zero total"),
        "due": RecordFactory.create(link=link),
        "ready": prepared(link=link, state=State.READY),
        "sending": prepared(link=link, state=State.SENDING),
        "unsure": prepared(link=link, state=State.UNSURE, stamp=3),
        "dependent": RecordFactory.create(
            link=link,
            state=State.WAITING,
            waits_for=WaitsFor.DEPENDENCY,
            code="dependency.invoice",
            said="invoice in_9 is not posted yet.",
            waits_on_flow="stripe_intacct.invoice",
            waits_on_key="in_9",
            flow="stripe_intacct.payment",
            stream="payment",
        ),
        "period": prepared(
            link=link, state=State.WAITING, waits_for=WaitsFor.PERIOD, code="period.closed", said="AR closed."
        ),
    }
    attempt(made["sending"], "announced")
    attempt(made["unsure"], "unclear", said="no answer for this document")
    waiting = posted(link=link, number="INV-78")
    there = WaitsFor.TARGET_APPROVAL
    Record.objects.filter(pk=waiting.pk).update(state=State.WAITING, waits_for=there, code="approval.target")
    return made | {"unreleased": waiting}


def line(record: Record, what: str, said: str, actor: str = "engine") -> TrailEntry:
    entry = trail.entry(record.workspace_id, what, at=timezone.now(), said=said, actor=actor, record_id=record.pk)
    entry.save()
    return entry


def delivery(connection: Connection, status: str = "done", **given: Any) -> Delivery:
    now = timezone.now()
    fields: dict[str, Any] = {
        "event_id": None if status == "refused" else f"evt_{Delivery.objects.count()}",
        "event_type": "" if status == "refused" else "invoice.finalized",
        "body": b'{"id": "evt_1", "type": "invoice.finalized"}',
        "headers": json.dumps({"headers": {}, "extra": {}}),
        "arrived_at": now,
        "due_at": now,
        "why": "signature: does not fit any secret" if status == "refused" else "",
        **given,
    }
    return Delivery.objects.create(connection=connection, status=status, **fields)


def invitation(workspace: Workspace, email: str, token: str = "", **given: Any) -> Invitation:
    now = timezone.now()
    fields: dict[str, Any] = {
        "role": "finance",
        "invited_by": "olive",
        "made_at": now,
        "expires_at": now + timedelta(days=7),
        **given,
    }
    digest = Invitation.digest_of(token or email)
    return Invitation.objects.create(workspace=workspace, email=email, digest=digest, **fields)


def remote_file(connection: Connection, **given: Any) -> RemoteFile:
    now = timezone.now()
    fields: dict[str, Any] = {"folder": "/out", "name": "bills.csv", "size": 1200, "mtime": 0, "seen_at": now, **given}
    return RemoteFile.objects.create(connection=connection, due_at=now, **fields)


def choices(connection: Connection, table: str, offered: dict[str, str]) -> None:
    for value, label in offered.items():
        Choice.objects.create(connection=connection, table=table, value=value, label=label, read_at=timezone.now())


def mapping(link: Link, **given: Any) -> Mapping:
    fields = {"table": "revenue_account", "source": "prod_1", "target": "40100", "saved_by": "fay", **given}
    return Mapping.objects.create(link=link, **fields)


def period(connection: Connection, **given: Any) -> Period:
    fields = {"module": "AR", "closed_to": "2026-10-31", **given}
    return Period.objects.create(connection=connection, **fields)


def examination(connection: Connection, *, passed: bool = True) -> Examination:
    checks = [
        {"layer": "reach", "key": "reach", "label": "Answers", "outcome": "ok", "said": "in 0.2 s", "cure": ""},
        {"layer": "sign-in", "key": "login", "label": "Signs in", "outcome": "ok", "said": "", "cure": ""},
        {
            "layer": "rights",
            "key": "ar",
            "label": "May read invoices",
            "outcome": "ok" if passed else "failed",
            "said": "" if passed else "The user has no right to list invoices.",
            "cure": "" if passed else "Give the Web Services user the right “Invoices: list, view, add”.",
        },
        {
            "layer": "rights",
            "key": "post",
            "label": "May post invoices",
            "outcome": "not_checkable",
            "said": "only by posting one",
            "cure": "",
        },
        {"layer": "settings", "key": "clock", "label": "Clock", "outcome": "warning", "said": "4 s apart", "cure": ""},
    ]
    now = timezone.now()
    times = {"at": now, "heard_at": now, "ended_at": now}
    return Examination.objects.create(connection=connection, **times, asked_by="olive", passed=passed, checks=checks)


def backfill(link: Link, **given: Any) -> Backfill:
    now = timezone.now()
    fields: dict[str, Any] = {
        "flows": ["invoice"],
        "since": now - timedelta(days=60),
        "until": now - timedelta(days=30),
        "due_at": now,
        "asked_by": "olive",
        "asked_at": now,
        **given,
    }
    return Backfill.objects.create(link=link, **fields)
