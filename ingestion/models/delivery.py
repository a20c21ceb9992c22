"""Deliveries and their chunks: the ledger of what came in and what became of it."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class Delivery(models.Model):
    """One file, push or pull; its counts always add up to the rows that came in."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        QUARANTINED = "quarantined"
        UNDONE = "undone"
        CANCELLED = "cancelled"

    source = models.CharField(max_length=40)
    account = models.CharField(max_length=120)
    filename = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64, blank=True)
    size_bytes = models.BigIntegerField(default=0)
    spool = models.CharField(max_length=255, blank=True)
    shape = models.CharField(max_length=10, blank=True)  # of the prepared file: csv, ndjson …
    header = models.TextField(blank=True)
    column_map = models.JSONField(default=dict, blank=True)
    fixed_values = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=12, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True, blank=True)
    generation = models.PositiveSmallIntegerField(default=0)
    mends = models.ForeignKey(
        "self", on_delete=models.PROTECT, related_name="mendings", null=True, blank=True
    )
    submitted_by = models.ForeignKey(
        "org.User", on_delete=models.PROTECT, related_name="deliveries", null=True, blank=True
    )
    submitted_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True)
    # Set where all that it brought was taken back: it was undone, or cancelled while loading.
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        "org.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    undo_reason = models.TextField(blank=True, default="")
    rows = models.BigIntegerField(default=0)
    loaded = models.BigIntegerField(default=0)
    duplicate = models.BigIntegerField(default=0)
    conflict = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    unpriced = models.BigIntegerField(default=0)
    # Of the loaded: what came long after its day, when somebody may have read its figures.
    late = models.BigIntegerField(default=0)
    late_usd = models.DecimalField(max_digits=28, decimal_places=12, default=0)
    usd = models.DecimalField(max_digits=28, decimal_places=12, default=0)

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(
                fields=["id"],
                name="delivery_unfinished",
                condition=Q(state__in=["queued", "running"]),
            ),
            models.Index(
                fields=["id"],
                name="delivery_taken_back",
                condition=Q(undone_at__isnull=False),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(rows=F("loaded") + F("duplicate") + F("conflict") + F("rejected")),
                name="delivery_rows_add_up",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["undone", "cancelled"], undone_at__isnull=False)
                | (~Q(state__in=["undone", "cancelled"]) & Q(undone_at__isnull=True)),
                name="delivery_taken_back_says_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.filename} ({self.source})"


class Chunk(models.Model):
    """A stretch of a delivery's file, loaded in one transaction together with this row."""

    class State(models.TextChoices):
        PENDING = "pending"
        DONE = "done"
        FAILED = "failed"

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="chunks")
    number = models.PositiveIntegerField()
    starts_at_byte = models.BigIntegerField()
    ends_at_byte = models.BigIntegerField()
    first_line = models.BigIntegerField()
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    rows = models.BigIntegerField(default=0)
    left_out = models.BigIntegerField(default=0)  # rows of the file that are none of ours
    is_complete = models.BooleanField(default=True)  # False: a report with pages missing
    reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["delivery", "number"], name="chunk_is_numbered_once")
        ]
        indexes = [
            models.Index(
                fields=["delivery", "number"], name="chunk_pending", condition=Q(state="pending")
            )
        ]

    def __str__(self) -> str:
        return f"chunk {self.number} of delivery {self.delivery_id}"


class Reject(models.Model):
    """A row that could not be used, kept with its reason to be mended and sent again."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="rejects")
    line = models.BigIntegerField()
    field = models.CharField(max_length=120)
    reason = models.TextField()
    raw = models.TextField()

    def __str__(self) -> str:
        return f"line {self.line}, {self.field}: {self.reason}"


class Doubt(models.Model):
    """How many rows of a delivery were taken although the same thing is odd about each.

    `code` is the reader's; the first of the rows is told by its place. Line 0 is the whole
    file, and `first_text` then says what of it.
    """

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="doubts")
    code = models.CharField(max_length=40)
    rows = models.BigIntegerField()
    first_line = models.BigIntegerField()
    first_field = models.CharField(max_length=120, blank=True)
    first_text = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["delivery", "code"], name="doubt_is_kept_once_per_delivery"
            )
        ]

    def __str__(self) -> str:
        return f"{self.rows} rows of delivery {self.delivery_id}: {self.code}"
