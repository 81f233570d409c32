"""Workspaces and their people, connections, links, and what the engine steers by: lanes, slots, schedules, cursors."""

import secrets
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Case, Value, When
from django.db.models.functions import Concat

from portal import sealed
from portal.people.models import Invitation, Letter, RecoveryCode, SecondFactor, Session

__all__ = [
    "Connection",
    "Cursor",
    "Examination",
    "FlowSetting",
    "Invitation",
    "Lane",
    "Letter",
    "Link",
    "Membership",
    "RecoveryCode",
    "Schedule",
    "SealedSession",
    "SecondFactor",
    "Session",
    "Slot",
    "Usage",
    "Workspace",
]


class Workspace(models.Model):
    """A company that we serve; the unit of tenancy."""

    name = models.CharField(
        max_length=120, help_text="not unique: who signs up would learn from a refusal that a company is served here"
    )
    time_zone = models.CharField(max_length=60, default="UTC", help_text="the accounting time zone")
    revision = models.BigIntegerField(
        default=1, editable=False, help_text="grows whenever something changes that a prepared document may have asked"
    )
    second_factor = models.BooleanField(
        "second factor required", default=False, help_text="Everybody who comes in here must have one."
    )

    def __str__(self) -> str:
        return self.name

    @classmethod
    def named(cls, name: str) -> "Workspace | None":
        """By its name, or by `#` and its number. Several of one name: an error that says their numbers."""
        if name.startswith("#") and name[1:].isdecimal():
            return cls.objects.filter(pk=int(name[1:])).first()
        rows = list(cls.objects.filter(name=name).order_by("pk"))
        if len(rows) > 1:
            numbers = ", ".join(f"#{row.pk}" for row in rows)
            raise cls.MultipleObjectsReturned(f"Several workspaces are called {name}. Say which one: {numbers}.")
        return rows[0] if rows else None


class Membership(models.Model):
    class Role(models.TextChoices):
        OWNER = "owner"
        FINANCE = "finance"
        SUPPORT = "support"
        AUDITOR = "auditor"

    ABOUT: ClassVar = {
        Role.OWNER: "sets up connections and links, invites people, and may do all that the others may",
        Role.FINANCE: "fills mappings and periods, decides about records",
        Role.SUPPORT: "looks into records and deliveries, tries them again",
        Role.AUDITOR: "reads everything and changes nothing",
    }

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=8, choices=Role)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["workspace", "user"], name="member_once")]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} of {self.workspace}"


def hook_id() -> str:
    return secrets.token_urlsafe(18)


class Connection(models.Model):
    """One workspace's account at one system."""

    class Health(models.TextChoices):
        NEW = "new", "not known to work yet"
        OK = "ok"
        DENIED = "denied", "credentials or rights refused"

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="connections")
    system = models.CharField(max_length=40)
    name = models.CharField(max_length=80)
    account = models.CharField(
        max_length=120, blank=True, help_text="whom the credentials lead to; learned by the ping"
    )
    mode = models.CharField(max_length=4, default="live")
    facts = models.JSONField(default=dict, blank=True, help_text="what the examination found out about the account")
    settings = models.JSONField(default=dict, blank=True, help_text="set by a person, or found by a probe")
    sealed_credentials = models.BinaryField(null=True, editable=False)
    sealed_hook_secrets = models.BinaryField(null=True, editable=False)
    hook = models.CharField(max_length=40, unique=True, default=hook_id, editable=False)
    health = models.CharField(max_length=8, choices=Health, default=Health.NEW)
    health_said = models.CharField(max_length=500, blank=True)
    expires_on = models.DateField(
        null=True, blank=True, help_text="the last day of its credentials, where one is known"
    )
    choices_due_at = models.DateTimeField(null=True, blank=True)
    calls_per_hour = models.PositiveIntegerField(null=True, blank=True, help_text="empty: what its system declares")
    calls_per_day = models.PositiveIntegerField(null=True, blank=True, help_text="empty: what its system declares")
    capped = models.BooleanField(default=False, help_text="a backfill stops where the calls are used up")
    capped_until = models.DateTimeField(null=True, editable=False, help_text="until when a backfill rests")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["workspace", "name"], name="connection_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def account_key(self) -> str:
        """What facts and documents are keyed by: the account at the system, in its mode."""
        return f"{self.system}:{self.account}" + (":test" if self.mode == "test" else "")

    @staticmethod
    def account_key_at(path: str = "") -> Case:
        """The same as SQL; `path` leads to the connection and ends with `__`."""
        plain = Concat(f"{path}system", Value(":"), f"{path}account")
        return Case(When(**{f"{path}mode": "test"}, then=Concat(plain, Value(":test"))), default=plain)

    @property
    def slot_key(self) -> str:
        return self.account_key if self.account else f"new:{self.pk}"

    def credentials(self) -> dict[str, Any]:
        return self._open(self.sealed_credentials, "connection.credentials") or {}

    def set_credentials(self, value: dict[str, Any]) -> None:
        self.sealed_credentials = self._seal(value, "connection.credentials")

    def hook_secrets(self) -> list[str]:
        return list(self._open(self.sealed_hook_secrets, "connection.hook_secrets") or [])

    def set_hook_secrets(self, value: list[str]) -> None:
        self.sealed_hook_secrets = self._seal(value, "connection.hook_secrets")

    def _seal(self, value: Any, field: str) -> bytes:
        return sealed.seal(value, workspace_id=self.workspace_id, field=field)

    def _open(self, value: bytes | memoryview | None, field: str) -> Any:
        return None if value is None else sealed.unseal(bytes(value), workspace_id=self.workspace_id, field=field)


class SealedSession(models.Model):
    """A sign-in at a system, kept between processes."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="sessions")
    key = models.CharField(max_length=120)
    sealed_value = models.BinaryField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["connection", "key"], name="session_once")]

    def __str__(self) -> str:
        return f"{self.connection} {self.key}"


class Usage(models.Model):
    """The requests that a connection made in an hour, and how long they took together."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="usage")
    hour = models.DateTimeField()
    requests = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["connection", "hour"], name="usage_once")]

    def __str__(self) -> str:
        return f"{self.connection} {self.hour:%Y-%m-%d %H}h: {self.requests}"


class Examination(models.Model):
    """One ping: every check with its outcome, who asked for it, and when. It grows while it is done."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="examinations")
    at = models.DateTimeField()
    heard_at = models.DateTimeField(help_text="when its last check came in")
    ended_at = models.DateTimeField(null=True)
    asked_by = models.CharField(max_length=160)
    passed = models.BooleanField(default=False)
    account = models.CharField(max_length=130, blank=True, help_text="whom the credentials led to")
    checks = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"{self.connection} {'passed' if self.passed else 'failed'}"


class Link(models.Model):
    """An integration switched on for a workspace, between two of its connections."""

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="links")
    integration = models.CharField(max_length=60)
    name = models.CharField(max_length=80)
    source = models.ForeignKey(Connection, models.PROTECT, related_name="links_out")
    target = models.ForeignKey(Connection, models.PROTECT, related_name="links_in")
    options = models.JSONField(default=dict, blank=True)
    start_at = models.DateTimeField(help_text="facts before this instant post nothing")
    paused = models.BooleanField(default=False)
    removed = models.BooleanField(default=False, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source", "target", "integration"], condition=models.Q(removed=False), name="link_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class FlowSetting(models.Model):
    """One flow of a link: off, preview (documents are made, none is sent) or live; and when what is made is sent.

    Without a schedule it goes as it comes. With one, a record is sent once a run has released it: what was there at
    `released_until` may go.
    """

    class Mode(models.TextChoices):
        OFF = "off"
        PREVIEW = "preview"
        LIVE = "live"

    link = models.ForeignKey(Link, models.CASCADE, related_name="flows")
    flow = models.CharField(max_length=60)
    place = models.PositiveSmallIntegerField(
        default=0, editable=False, help_text="the order of the flows in their lane"
    )
    mode = models.CharField(max_length=8, choices=Mode, default=Mode.OFF)
    paused = models.BooleanField(default=False)
    every_minutes = models.PositiveSmallIntegerField(null=True, blank=True, help_text="counted from midnight")
    daily_at = models.TimeField(null=True, blank=True, help_text="in the workspace's time zone")
    next_run_at = models.DateTimeField(null=True, editable=False)
    released_until = models.DateTimeField(null=True, editable=False, help_text="when it was last run")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["link", "flow"], name="flow_once")]
        indexes: ClassVar = [models.Index(fields=["next_run_at"])]
        ordering: ClassVar = ["link", "place"]

    def __str__(self) -> str:
        return f"{self.flow} is {self.mode}"


class Backfill(models.Model):
    """What happened in a window of time, read from the source again because a person asked: first only counted, then
    taken in, whatever the start of the link says."""

    class State(models.TextChoices):
        COUNTING = "counting", "being estimated"
        COUNTED = "counted", "estimated"
        RUNNING = "running"
        PAUSED = "paused"
        DONE = "done"
        CANCELLED = "cancelled"

    link = models.ForeignKey(Link, models.PROTECT, related_name="backfills")
    flows = models.JSONField(default=list)
    since = models.DateTimeField()
    until = models.DateTimeField(help_text="what happened from then on is no part of it")
    state = models.CharField(max_length=9, choices=State, default=State.COUNTING)
    cursor = models.TextField(blank=True)
    estimate = models.JSONField(default=dict)
    pages = models.PositiveIntegerField(default=0)
    found = models.PositiveIntegerField(default=0)
    taken = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField()
    tries = models.PositiveIntegerField(default=0)
    said = models.CharField(max_length=300, blank=True)
    asked_by = models.CharField(max_length=160)
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True, help_text="when the whole window had been read")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["state", "due_at"])]

    def __str__(self) -> str:
        return f"{self.link} from {self.since:%Y-%m-%d} to {self.until:%Y-%m-%d}"


class Lane(models.Model):
    """Who drains the work of one company at a system; one owner at a time per side. On the database's clock."""

    class Side(models.TextChoices):
        READ = "read"
        WRITE = "write"

    company = models.CharField(max_length=160)
    side = models.CharField(max_length=5, choices=Side)
    owner = models.CharField(max_length=120, blank=True)
    epoch = models.BigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    rung = models.BigIntegerField(default=0)
    paused_until = models.DateTimeField(null=True)
    pauses = models.PositiveIntegerField(default=0, help_text="in a row, for the back-off")
    pause_said = models.CharField(max_length=300, blank=True)
    batch = models.PositiveIntegerField(default=0, help_text="how many documents a request carries now")
    turn = models.CharField(max_length=120, blank=True, help_text="the flow that was served last")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["company", "side"], name="lane_once")]

    def __str__(self) -> str:
        return f"{self.company} {self.side}"


class Slot(models.Model):
    """The right to one request in flight at a company."""

    company = models.CharField(max_length=160)
    number = models.PositiveSmallIntegerField()
    holder = models.CharField(max_length=120, blank=True)
    until = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["company", "number"], name="slot_once")]

    def __str__(self) -> str:
        return f"{self.company} {self.number}"


class Cursor(models.Model):
    """How far a feed of a connection was taken in, durably."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="cursors")
    feed = models.CharField(max_length=60)
    position = models.TextField(blank=True)
    due_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)
    said = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["connection", "feed"], name="cursor_once")]

    def __str__(self) -> str:
        return f"{self.connection} {self.feed}"


class Schedule(models.Model):
    """A recurring work of the house. Whoever claims the row does it; two beats are harmless."""

    name = models.CharField(max_length=60, unique=True)
    next_due = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
