"""Usage: slices, events and their rollups. What is written here is never edited."""

from django.db import models
from django.db.models import Q

from finops.tokens import TOKEN_CLASSES


class CostStatus(models.IntegerChoices):
    """How far the cost of a row is settled; a figure always names the share of each."""

    UNPRICED = 0, "Unpriced"
    ESTIMATED = 1, "Estimated"
    STATED = 2, "Provider-stated"
    INVOICED = 3, "Invoiced"
    TRUED_UP = 4, "Trued up"


class MeteringSource(models.Model):
    """The one source whose usage counts for a provider account over a time.

    Other sources of the same money stay comparisons and never add up.
    """

    provider = models.CharField(max_length=60)
    account = models.CharField(max_length=120)
    source = models.CharField(max_length=40)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "account", "starts_on"],
                nulls_distinct=False,
                name="metering_has_one_source_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider}/{self.account}: {self.source}"


class Slice(models.Model):
    """Who and what a call belongs to, interned: every distinct combination once."""

    id = models.AutoField(primary_key=True)
    digest = models.UUIDField(unique=True)
    source = models.CharField(max_length=40)
    provider = models.CharField(max_length=60)
    account = models.CharField(max_length=120)
    model = models.CharField(max_length=160)
    key = models.CharField(max_length=160, blank=True)
    person = models.CharField(max_length=160, blank=True)
    project = models.CharField(max_length=160, blank=True)
    workflow = models.CharField(max_length=160, blank=True)
    task_type = models.CharField(max_length=80, blank=True)
    environment = models.CharField(max_length=40, blank=True)
    tags = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return f"slice {self.pk}: {self.provider}/{self.model} {self.workflow or self.key}"


class Event(models.Model):
    """One call, insert-only, with the cost it was first rated at.

    The table is partitioned by month of `utc_day` and written in SQL (migration 0002);
    this unmanaged model reads it. Its key is (utc_day, key, generation).
    """

    pk = models.CompositePrimaryKey("utc_day", "key", "generation")
    utc_day = models.DateField()
    key = models.UUIDField()
    generation = models.SmallIntegerField()
    content_hash = models.BigIntegerField()
    reporting_day = models.DateField()
    started_at = models.DateTimeField()
    slice = models.ForeignKey(Slice, on_delete=models.DO_NOTHING, related_name="+")
    delivery_id = models.BigIntegerField()
    status = models.SmallIntegerField(choices=CostStatus)
    cost_pico = models.BigIntegerField(null=True)
    list_pico = models.BigIntegerField(null=True)
    stated_usd = models.TextField(null=True)  # noqa: DJ001 -- null costs no room
    in_text = models.IntegerField()
    in_cache_read = models.IntegerField()
    in_cache_write_5m = models.IntegerField()
    in_cache_write_1h = models.IntegerField()
    in_cache_write_other = models.IntegerField(null=True)
    in_audio = models.IntegerField(null=True)
    in_audio_cached = models.IntegerField(null=True)
    in_image = models.IntegerField(null=True)
    in_video = models.IntegerField(null=True)
    out_text = models.IntegerField()
    out_reasoning = models.IntegerField()
    out_audio = models.IntegerField(null=True)
    out_image = models.IntegerField(null=True)
    requests = models.IntegerField()
    web_searches = models.IntegerField(null=True)
    counters = models.JSONField(null=True)
    service_tier = models.TextField(null=True)  # noqa: DJ001 -- null costs no room
    region = models.TextField(null=True)  # noqa: DJ001 -- null costs no room
    tags = models.JSONField(null=True)
    outcome = models.TextField(null=True)  # noqa: DJ001 -- null costs no room
    task = models.TextField(null=True)  # noqa: DJ001 -- null costs no room

    class Meta:
        managed = False
        db_table = "ingestion_event"

    def __str__(self) -> str:
        return f"call {self.key} of {self.utc_day}"


class SliceDay(models.Model):
    """The sum of a slice's events and adjustments of one day, per cost status.

    `metered` tells whether the slice's source was the account's source of record.
    """

    reporting_day = models.DateField()
    utc_day = models.DateField()
    slice = models.ForeignKey(Slice, on_delete=models.PROTECT, related_name="days")
    status = models.SmallIntegerField(choices=CostStatus)
    metered = models.BooleanField()
    calls = models.BigIntegerField()
    requests = models.BigIntegerField()
    cost_usd = models.DecimalField(max_digits=28, decimal_places=12)
    list_usd = models.DecimalField(max_digits=28, decimal_places=12)
    for _token_class in TOKEN_CLASSES:
        locals()[_token_class] = models.BigIntegerField(default=0)
    del _token_class

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["reporting_day", "utc_day", "slice", "status"],
                name="slice_day_is_summed_once",
            )
        ]
        indexes = [models.Index(fields=["slice", "reporting_day"], name="slice_day_of_slice")]

    def __str__(self) -> str:
        return f"{self.reporting_day} slice {self.slice_id}"


class Adjustment(models.Model):
    """What changed after calls were first rated; rollup = events + adjustments.

    One that was made of a delivery's rows names it, so that undoing the delivery takes
    back all that it brought: Σ of its events and Σ of its adjustments. One that was made
    of a report's lines names their bucket too: of a version that no longer counts they
    sum to nothing.
    """

    class Kind(models.TextChoices):
        REPORT = "report"
        REPRICE = "reprice"
        TRUE_UP = "true_up"
        UNDO = "undo"
        CORRECTION = "correction"

    reporting_day = models.DateField()
    utc_day = models.DateField()
    slice = models.ForeignKey(Slice, on_delete=models.PROTECT, related_name="adjustments")
    status = models.SmallIntegerField(choices=CostStatus)
    kind = models.CharField(max_length=12, choices=Kind)
    cause = models.CharField(max_length=200)
    delivery = models.ForeignKey(
        "ingestion.Delivery", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    bucket = models.ForeignKey(
        "ingestion.ReportBucket",
        on_delete=models.PROTECT,
        related_name="adjustments",
        null=True,
        blank=True,
        db_index=False,
    )
    calls = models.BigIntegerField(default=0)
    requests = models.BigIntegerField(default=0)
    cost_usd = models.DecimalField(max_digits=28, decimal_places=12)
    list_usd = models.DecimalField(max_digits=28, decimal_places=12, default=0)
    for _token_class in TOKEN_CLASSES:
        locals()[_token_class] = models.BigIntegerField(default=0)
    del _token_class
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(
        "org.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )

    class Meta:
        indexes = [
            models.Index(
                fields=["bucket"], name="adjustment_of_bucket", condition=Q(bucket__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.cost_usd} on {self.utc_day}"


class UnitDay(models.Model):
    """What a unit spent in a day by model and cost status; pages read this.

    Without a unit the spend is Unallocated. `rule_book` is the version of the
    allocation rules that made the row. `is_core` is false where its cost object was an
    experiment on the day.
    """

    reporting_day = models.DateField()
    unit = models.ForeignKey(
        "org.Unit", on_delete=models.PROTECT, related_name="days", null=True, blank=True
    )
    cost_object = models.ForeignKey(
        "org.CostObject", on_delete=models.PROTECT, related_name="days", null=True, blank=True
    )
    provider = models.CharField(max_length=60)
    model = models.CharField(max_length=160)
    status = models.SmallIntegerField(choices=CostStatus)
    metered = models.BooleanField()
    rule_book = models.PositiveIntegerField()
    is_core = models.BooleanField()
    calls = models.BigIntegerField()
    in_tokens = models.BigIntegerField()
    out_tokens = models.BigIntegerField()
    cost_usd = models.DecimalField(max_digits=28, decimal_places=12)
    list_usd = models.DecimalField(max_digits=28, decimal_places=12)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "reporting_day",
                    "unit",
                    "cost_object",
                    "provider",
                    "model",
                    "status",
                    "metered",
                ],
                nulls_distinct=False,
                name="unit_day_is_summed_once",
            )
        ]
        indexes = [models.Index(fields=["cost_object", "reporting_day"], name="unit_day_of_object")]

    def __str__(self) -> str:
        return f"{self.reporting_day} unit {self.unit_id}"


class Conflict(models.Model):
    """A key that came again with other content: kept and shown, never counted."""

    delivery = models.ForeignKey(
        "ingestion.Delivery", on_delete=models.CASCADE, related_name="conflicts"
    )
    line = models.BigIntegerField()
    utc_day = models.DateField()
    key = models.UUIDField()
    first_delivery_id = models.BigIntegerField()
    first_utc_day = models.DateField()
    first_cost_pico = models.BigIntegerField(null=True)
    cost_pico = models.BigIntegerField(null=True)

    def __str__(self) -> str:
        return f"line {self.line} of delivery {self.delivery_id}"
