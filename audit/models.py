"""What happened: deliveries, records (these are also the queue), attempts, postings, problems, and their trail."""

from typing import ClassVar

from django.db import models

from audit.money import AmountField


class State(models.TextChoices):
    DUE = "DUE", "due"
    READY = "READY", "ready"
    SENDING = "SENDING", "sending"
    UNSURE = "UNSURE", "unsure"
    WAITING = "WAITING", "waiting"
    FAILED = "FAILED", "failed"
    POSTED = "POSTED", "posted"
    SKIPPED = "SKIPPED", "skipped"


class WaitsFor(models.TextChoices):
    MAPPING = "mapping", "a mapping"
    DEPENDENCY = "dependency", "an earlier record"
    PERIOD = "period", "an open period"
    SETTINGS = "settings", "a setting at the target"
    DECISION = "decision", "a person's decision"
    APPROVAL = "approval", "our approval"
    TARGET_APPROVAL = "target_approval", "the target's approval"


class Verdict(models.TextChoices):
    NOT_CHECKED = "not checked"
    AGREES = "agrees"
    DIFFERS = "differs"
    VOIDED = "voided there"
    MISSING = "missing there"
    NOT_OURS = "not ours"


class Delivery(models.Model):
    """Raw bytes that arrived by webhook or file, and how genuine they are."""

    class Status(models.TextChoices):
        NEW = "new"
        DONE = "done"
        NO_FLOW = "no flow yet"
        REFUSED = "refused"
        ARRIVING = "arriving", "a file, being fetched"
        READING = "reading", "a file, being read"

    connection = models.ForeignKey("portal.Connection", models.PROTECT, related_name="deliveries")
    status = models.CharField(max_length=12, choices=Status, default=Status.NEW)
    event_id = models.CharField(max_length=255, null=True)
    event_type = models.CharField(max_length=120, blank=True)
    object_id = models.CharField(max_length=255, blank=True)
    event_at = models.DateTimeField(null=True)
    body = models.BinaryField()
    headers = models.TextField(blank=True, help_text="JSON; only those that verifying needs")
    arrived_at = models.DateTimeField()
    due_at = models.DateTimeField()
    tries = models.PositiveIntegerField(default=0)
    why = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["connection", "event_id"], name="delivery_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["connection", "status", "due_at"])]

    def __str__(self) -> str:
        return f"{self.event_type or self.status} {self.event_id or self.pk}"


class Problem(models.Model):
    """One open trouble with one cause. The records and the money that wait for it point here."""

    workspace = models.ForeignKey("portal.Workspace", models.PROTECT, related_name="problems")
    link = models.ForeignKey("portal.Link", models.PROTECT, null=True, related_name="problems")
    code = models.CharField(max_length=80)
    value = models.CharField(max_length=255, blank=True)
    said = models.TextField()
    cure = models.TextField(blank=True)
    who = models.CharField(max_length=40, blank=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "link", "code", "value"],
                condition=models.Q(closed_at=None),
                name="problem_open_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.value}".strip()


class Record(models.Model):
    """The durable row of a fact on a flow: inbox, queue and outcome in one.

    Keyed by the source's account and the target's company, never by connection or link, so that remaking those cannot
    book twice.
    """

    workspace = models.ForeignKey("portal.Workspace", models.PROTECT, related_name="records")
    link = models.ForeignKey("portal.Link", models.PROTECT, related_name="records")
    setting = models.ForeignKey("portal.FlowSetting", models.PROTECT, related_name="records")
    source_lane = models.ForeignKey("portal.Lane", models.PROTECT, related_name="+")
    target_lane = models.ForeignKey("portal.Lane", models.PROTECT, related_name="+")

    source_account = models.CharField(max_length=160)
    target_company = models.CharField(max_length=160)
    flow = models.CharField(max_length=80)
    stream = models.CharField(max_length=60)
    key = models.CharField(max_length=255)
    version = models.PositiveIntegerField(default=1)
    digest = models.CharField(max_length=64, blank=True)
    happened_at = models.DateTimeField()
    backfill = models.ForeignKey("portal.Backfill", models.PROTECT, null=True, blank=True, related_name="records")

    state = models.CharField(max_length=8, choices=State, default=State.DUE)
    waits_for = models.CharField(max_length=16, choices=WaitsFor, blank=True)
    waits_on_flow = models.CharField(max_length=80, blank=True)
    waits_on_key = models.CharField(max_length=255, blank=True)
    code = models.CharField(max_length=80, blank=True)
    said = models.TextField(blank=True)
    problem = models.ForeignKey(Problem, models.PROTECT, null=True, blank=True, related_name="records")
    due_at = models.DateTimeField()
    tries = models.PositiveIntegerField(default=0)
    stamp = models.PositiveIntegerField(default=0, help_text="grows with every change of state")

    payload = models.BinaryField(null=True)
    revision = models.BigIntegerField(default=0, help_text="the workspace's revision that it was prepared under")
    take = models.PositiveIntegerField(default=1, help_text="grows with every definite refusal; part of the control")
    control = models.CharField(max_length=255, blank=True)
    kind = models.CharField(max_length=40, blank=True)
    session = models.CharField(max_length=80, blank=True)
    document = models.BinaryField(null=True)
    document_hash = models.CharField(max_length=64, blank=True)
    approved_hash = models.CharField(max_length=64, blank=True, help_text="the document that a person approved")
    trace = models.TextField(blank=True)
    amount = AmountField(null=True)
    currency = models.CharField(max_length=3, blank=True)
    party = models.CharField(max_length=120, blank=True)
    number = models.CharField(max_length=120, blank=True)
    day = models.DateField(null=True)

    frozen = models.BooleanField(default=False, help_text="sent before and proved absent: only the same bytes may go")
    rounds = models.PositiveIntegerField(default=0, help_text="how often its absence was believed")
    hold_until = models.DateTimeField(null=True)
    adopt = models.CharField(max_length=120, blank=True, help_text="a target id that a person said is this record's")

    verdict = models.CharField(max_length=16, choices=Verdict, default=Verdict.NOT_CHECKED)
    verdict_due_at = models.DateTimeField(null=True)

    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source_account", "target_company", "flow", "key", "version"], name="record_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["target_lane", "state", "due_at"]),
            models.Index(fields=["source_lane", "state", "due_at"]),
            models.Index(fields=["workspace", "state", "waits_for"]),
            models.Index(fields=["source_account", "flow", "key"]),
            models.Index(fields=["state", "waits_for", "due_at"]),
            models.Index(fields=["target_lane", "verdict_due_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.flow} {self.key}" + (f" v{self.version}" if self.version > 1 else "")


class Attempt(models.Model):
    """One announced send of one document: frozen bytes, and the answer or the silence."""

    class Outcome(models.TextChoices):
        ANNOUNCED = "announced"
        DONE = "done"
        REFUSED = "refused"
        UNCLEAR = "unclear"
        UNSENT = "unsent"

    record = models.ForeignKey(Record, models.PROTECT, related_name="attempts")
    lane = models.ForeignKey("portal.Lane", models.PROTECT, related_name="+")
    epoch = models.BigIntegerField()
    control = models.CharField(max_length=255)
    body = models.BinaryField()
    document_hash = models.CharField(max_length=64)
    resend = models.BooleanField(default=False)
    announced_at = models.DateTimeField()
    hold_until = models.DateTimeField()
    outcome = models.CharField(max_length=9, choices=Outcome, default=Outcome.ANNOUNCED)
    code = models.CharField(max_length=80, blank=True)
    said = models.TextField(blank=True)
    target_id = models.CharField(max_length=120, blank=True)
    reference = models.CharField(max_length=255, blank=True)
    answered_at = models.DateTimeField(null=True)

    MAYBE_SENT = (Outcome.ANNOUNCED, Outcome.DONE, Outcome.UNCLEAR)

    def __str__(self) -> str:
        return f"{self.control} {self.outcome}"


class Posting(models.Model):
    """The target's proof: its id for the document, its own state there, a deep link."""

    record = models.OneToOneField(Record, models.PROTECT, related_name="posting")
    target_company = models.CharField(max_length=160)
    kind = models.CharField(max_length=40)
    target_id = models.CharField(max_length=120)
    number = models.CharField(max_length=120, blank=True)
    target_state = models.CharField(max_length=40)
    url = models.CharField(max_length=500, blank=True)
    found = models.BooleanField(default=False, help_text="learned by looking, not from an answer")
    base_lines = models.JSONField(null=True, help_text="its lines in base currency, as text; null: not read back yet")
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["target_company", "kind", "target_id"]), models.Index(fields=["at"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.number or self.target_id}"


class Claim(models.Model):
    """A part of a balance row, booked by exactly one record per target."""

    target_company = models.CharField(max_length=160)
    source_account = models.CharField(max_length=160)
    row = models.CharField(max_length=255)
    part = models.CharField(max_length=8)
    record = models.ForeignKey(Record, models.PROTECT, related_name="claims")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["target_company", "source_account", "row", "part"], name="claim_once"),
        ]

    def __str__(self) -> str:
        return f"{self.row}:{self.part}"


class TrailEntry(models.Model):
    """One line of the audit trail: of a record, or of something a person did. Never changed, never deleted."""

    workspace = models.ForeignKey("portal.Workspace", models.PROTECT, related_name="trail")
    record = models.ForeignKey(Record, models.PROTECT, null=True, related_name="trail")
    at = models.DateTimeField()
    actor = models.CharField(max_length=160)
    what = models.CharField(max_length=60)
    said = models.TextField(blank=True)
    data = models.TextField(blank=True, help_text="JSON")
    digest = models.CharField(max_length=64)

    class Meta:
        verbose_name_plural = "trail entries"
        indexes: ClassVar = [models.Index(fields=["workspace", "at"])]

    def __str__(self) -> str:
        return f"{self.what} {self.said}"


class Seal(models.Model):
    """A link of the hash chain over a workspace's trail: everything from one entry to another, and the seal before."""

    workspace = models.ForeignKey("portal.Workspace", models.PROTECT, related_name="seals")
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    entries = models.PositiveIntegerField()
    previous = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.digest[:12]


import audit.files  # noqa: E402, F401 - further models of this app, which point to those above
