"""What finance decides (mappings, periods) and what the targets offer (choices)."""

from typing import ClassVar

from django.db import models


class Mapping(models.Model):
    """Finance's decision: in this table, this source value means this target value, from a day on.

    Rows are never changed in place: a change retires the row and adds one of a higher version, or one with a later
    `valid_from`, so that a trace stays true.
    """

    link = models.ForeignKey("portal.Link", models.PROTECT, related_name="mappings")
    table = models.CharField(max_length=60)
    source = models.CharField(max_length=255, help_text="the value as the source writes it; * for all others")
    target = models.CharField(max_length=255)
    facts = models.JSONField(default=dict, blank=True, help_text="further values of the row, dimensions for instance")
    valid_from = models.DateField(null=True, blank=True, help_text="compared with the accounting date; empty: always")
    version = models.PositiveIntegerField(default=1, editable=False)
    retired = models.BooleanField(default=False, editable=False)
    saved_at = models.DateTimeField(auto_now=True)
    saved_by = models.CharField(max_length=160, blank=True, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["link", "table", "source", "valid_from"],
                condition=models.Q(retired=False, valid_from__isnull=False),
                name="mapping_one_row_from",
            ),
            models.UniqueConstraint(  # for databases null never equals null
                fields=["link", "table", "source"],
                condition=models.Q(retired=False, valid_from=None),
                name="mapping_one_row_always",
            ),
        ]
        ordering: ClassVar = ["table", "source", "valid_from"]

    def __str__(self) -> str:
        return f"{self.table}: {self.source} → {self.target}"


class Choice(models.Model):
    """What a connection's system offered when it was last asked."""

    connection = models.ForeignKey("portal.Connection", models.CASCADE, related_name="choices")
    table = models.CharField(max_length=60)
    value = models.CharField(max_length=255)
    label = models.CharField(max_length=255, blank=True)
    folded = models.CharField(max_length=255, blank=True, help_text="the value, without case and spare blanks")
    folded_name = models.CharField(max_length=255, blank=True, help_text="the same of its name")
    active = models.BooleanField(default=True)
    facts = models.JSONField(default=dict, blank=True)
    read_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["connection", "table", "value"], name="choice_one_row"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["connection", "table", "folded"]),
            models.Index(fields=["connection", "table", "folded_name"]),
        ]

    def __str__(self) -> str:
        return f"{self.value} {self.label}".strip()


class Period(models.Model):
    """Books closed up to and including a day, for one module of one entity of a target company.

    Entered by finance, or learned from a refusal; a learned one is probed again and disappears when a probe posts.
    """

    connection = models.ForeignKey("portal.Connection", models.CASCADE, related_name="periods")
    entity = models.CharField(max_length=80, blank=True)
    module = models.CharField(max_length=12, help_text="AR, AP, GL or cash")
    closed_to = models.DateField()
    learned = models.BooleanField(default=False, editable=False)
    probe_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["connection", "entity", "module"], name="period_one_row"),
        ]

    def __str__(self) -> str:
        return f"{self.module} {self.entity or 'all entities'} closed to {self.closed_to}"
