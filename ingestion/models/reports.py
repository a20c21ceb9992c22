"""Bucketed reports: what a source says of a stretch of time, kept version by version."""

from django.db import models
from django.db.models import F, Q

from finops.tokens import TOKEN_CLASSES
from ingestion.models.usage import CostStatus, Slice


class ReportBucket(models.Model):
    """One delivery's version of everything a source says of a stretch of time.

    It is numbered when it first becomes current, and keeps its number. Its lines are then
    never changed; `content_hash` is the sum of their hashes, so that parts of a file can
    add to it in any order. `rated_by` is the oldest version of the price book that rated
    one of them; NULL where it is not known.
    """

    class State(models.TextChoices):
        BUILDING = "building"
        CURRENT = "current"
        SUPERSEDED = "superseded"
        UNCHANGED = "unchanged"  # it replaced nothing: its lines were dropped
        UNDONE = "undone"

    source = models.CharField(max_length=40)
    account = models.CharField(max_length=120)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    delivery = models.ForeignKey(
        "ingestion.Delivery", on_delete=models.PROTECT, related_name="buckets"
    )
    state = models.CharField(max_length=10, choices=State, default=State.BUILDING)
    version = models.PositiveIntegerField(null=True, blank=True)
    line_count = models.BigIntegerField(default=0)
    content_hash = models.DecimalField(max_digits=39, decimal_places=0, default=0)
    rated_by = models.BigIntegerField(null=True, blank=True)
    superseded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["delivery", "starts_at", "ends_at"], name="bucket_is_built_once"
            ),
            models.UniqueConstraint(
                fields=["source", "account", "starts_at", "ends_at", "version"],
                name="bucket_version_is_numbered_once",
            ),
            models.UniqueConstraint(
                fields=["source", "account", "starts_at", "ends_at"],
                condition=Q(state="current"),
                name="bucket_has_one_current_version",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="bucket_ends_after_it_starts"
            ),
            models.CheckConstraint(
                condition=Q(version__isnull=True, state__in=["building", "unchanged"])
                | Q(version__isnull=False, state__in=["current", "superseded", "undone"]),
                name="bucket_is_numbered_once_it_was_current",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source}/{self.account} {self.starts_at:%Y-%m-%d} v{self.version}"


class ReportLine(models.Model):
    """What one who-and-what used of one thing within a bucket, and what it cost.

    `cost_usd` is the effective cost: stated by the provider, else as the price book first
    rated it; NULL where neither knows it. `list_usd` is the list cost, likewise.
    `stated_usd` and `listed_usd` keep the provider's own digits; where they are NULL, a
    later re-pricing stands in adjustments. Lines are written by COPY and never edited.
    """

    bucket = models.ForeignKey(ReportBucket, on_delete=models.PROTECT, related_name="lines")
    line = models.BigIntegerField()
    slice = models.ForeignKey(Slice, on_delete=models.PROTECT, related_name="+", db_index=False)
    started_at = models.DateTimeField()
    utc_day = models.DateField()
    reporting_day = models.DateField()
    charge_category = models.CharField(max_length=12)
    status = models.SmallIntegerField(choices=CostStatus)
    requests = models.BigIntegerField(default=0)
    web_searches = models.BigIntegerField(default=0)
    for _token_class in TOKEN_CLASSES:
        locals()[_token_class] = models.BigIntegerField(default=0)
    del _token_class
    cost_usd = models.DecimalField(max_digits=28, decimal_places=12, null=True)
    list_usd = models.DecimalField(max_digits=28, decimal_places=12, null=True)
    billed_usd = models.DecimalField(max_digits=28, decimal_places=12, null=True)
    stated_usd = models.TextField(null=True)  # noqa: DJ001 -- null costs no room
    listed_usd = models.TextField(null=True)  # noqa: DJ001 -- null costs no room
    line_item = models.CharField(max_length=300, blank=True, default="")
    quantity = models.DecimalField(max_digits=38, decimal_places=12, null=True)
    quantity_unit = models.CharField(max_length=60, blank=True, default="")
    invoice = models.CharField(max_length=120, blank=True, default="")
    counters = models.JSONField(null=True)
    tags = models.JSONField(null=True)
    service_tier = models.TextField(null=True)  # noqa: DJ001 -- null costs no room
    region = models.TextField(null=True)  # noqa: DJ001 -- null costs no room

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status=CostStatus.UNPRICED, cost_usd__isnull=True)
                | (~Q(status=CostStatus.UNPRICED) & Q(cost_usd__isnull=False)),
                name="line_is_priced_or_says_not",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.line_item or self.charge_category}: {self.cost_usd}"
