"""Files: where they lie at the source, their bytes, their rows, and what the rows came to."""

from typing import ClassVar

from django.db import models

from audit.models import Delivery, Record
from audit.money import AmountField


class RemoteFile(models.Model):
    """A file in a folder of a source, from the first time that it was seen there until it was put away."""

    class State(models.TextChoices):
        SEEN = "seen", "seen, may still be written"
        STEADY = "steady", "stands still, to be fetched"
        FETCHED = "fetched", "fetched, to be put away"
        LEFT = "left", "done, left where it lies"
        PUT_AWAY = "put away"
        GONE = "gone", "gone or replaced by another"

    HERE = (State.SEEN, State.STEADY, State.FETCHED, State.LEFT)

    connection = models.ForeignKey("portal.Connection", models.PROTECT, related_name="files")
    folder = models.CharField(max_length=500)
    name = models.CharField(max_length=255)
    size = models.BigIntegerField()
    mtime = models.BigIntegerField(help_text="seconds on the server's clock")
    state = models.CharField(max_length=8, choices=State, default=State.SEEN)
    seen_at = models.DateTimeField(help_text="first seen with this size and time")
    fetched_at = models.DateTimeField(null=True)
    delivery = models.ForeignKey(Delivery, models.SET_NULL, null=True, related_name="lies_at")
    place = models.CharField(max_length=800, blank=True, help_text="where it was put")
    due_at = models.DateTimeField()
    tries = models.PositiveIntegerField(default=0)
    said = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = "file"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "folder", "name"],
                condition=models.Q(state__in=["seen", "steady", "fetched", "left"]),
                name="remote_file_once",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["connection", "state", "due_at"])]

    def __str__(self) -> str:
        return f"{self.folder}/{self.name}"


class FilePart(models.Model):
    """A piece of the bytes of a file; all pieces but the last are of one size."""

    SIZE: ClassVar[int] = 1 << 20

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    body = models.BinaryField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["delivery", "number"], name="file_part_once")]

    def __str__(self) -> str:
        return f"{self.delivery_id} part {self.number}"


class FileReading(models.Model):
    """How far the bytes of a file are read, and what was understood of it as a whole."""

    delivery = models.OneToOneField(Delivery, models.CASCADE, related_name="reading")
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    told = models.TextField(blank=True, help_text="JSON: what the survey found, for people")
    code = models.CharField(max_length=80, blank=True, help_text="why the file as a whole was rejected, or waits")
    rows = models.PositiveIntegerField(default=0, help_text="rows that the file has; 0 before it was surveyed")
    rows_read = models.PositiveIntegerField(default=0)
    surveyed = models.BooleanField(default=False)
    all_read = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.delivery} {self.rows_read} of {self.rows}"


class FileGroup(models.Model):
    """The rows of one file that make one document, and what they came to."""

    class State(models.TextChoices):
        STAGED = "staged"
        TOLD = "told", "told a fact"
        DUPLICATE = "duplicate", "told what was posted already"
        REFUSED = "refused"
        NOTHING = "nothing", "tells no fact"

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="groups")
    name = models.CharField(max_length=300)
    first_row = models.PositiveIntegerField()
    state = models.CharField(max_length=9, choices=State, default=State.STAGED)
    stream = models.CharField(max_length=60, blank=True)
    key = models.CharField(max_length=255, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    payload = models.BinaryField(null=True)
    amount = AmountField(null=True)
    record = models.ForeignKey(Record, models.SET_NULL, null=True, related_name="told_by")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["delivery", "name"], name="file_group_once")]
        indexes: ClassVar = [
            models.Index(fields=["delivery", "state", "first_row"]),
            models.Index(fields=["stream", "key"]),
        ]

    def __str__(self) -> str:
        return f"{self.stream} {self.key or self.name}"


class FileRow(models.Model):
    """One row of a file as it was read, with what is wrong with it."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()
    group = models.ForeignKey(FileGroup, models.CASCADE, null=True, related_name="rows")
    body = models.TextField(help_text="JSON")
    faults = models.TextField(blank=True, help_text="JSON: code, said, column and value of each")
    note = models.CharField(max_length=80, blank=True, help_text="the code of what became of it by itself")
    amount = AmountField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["delivery", "number"], name="file_row_once")]

    def __str__(self) -> str:
        return f"{self.delivery_id} row {self.number}"
