"""Connectors and their pulls: who is asked, when it was asked last, and what came of it."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import F, Q

# Kinds whose pull is a version of everything the account has: two would replace each other.
BUCKETED = (
    "openai-usage",
    "openai-costs",
    "anthropic-usage",
    "anthropic-costs",
    "openrouter-activity",
)
SHORTEST_INTERVAL_MINUTES = 5
TRAILING_DAYS = 35


class Connector(models.Model):
    """One account of one provider, asked again and again.

    How it stands (New, OK, Late, Failed, Paused) follows from its moments:
    `ingestion.queries.connectors.standing_of`.
    """

    kind = models.CharField(max_length=40)
    name = models.CharField(max_length=80)
    account = models.CharField(max_length=120)
    config = models.JSONField(default=dict)
    sealed_credential = models.BinaryField(null=True, blank=True, editable=False)
    credential_set_at = models.DateTimeField(null=True, blank=True)
    interval_minutes = models.PositiveIntegerField(default=24 * 60)
    trailing_days = models.PositiveSmallIntegerField(default=TRAILING_DAYS)
    # The first pull begins here; without it, the trailing days back.
    since_on = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")
    paused_at = models.DateTimeField(null=True, blank=True)
    # Everything before it was pulled and loaded.
    watermark = models.DateTimeField(null=True, blank=True)
    last_good_at = models.DateTimeField(null=True, blank=True)
    next_run_at = models.DateTimeField()
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name"], name="connector_has_a_name_of_its_own"),
            models.UniqueConstraint(
                fields=["kind", "account"],
                condition=Q(kind__in=BUCKETED),
                name="account_has_one_connector_of_a_bucketed_kind",
            ),
            models.CheckConstraint(
                condition=Q(interval_minutes__gte=SHORTEST_INTERVAL_MINUTES),
                name="connector_lets_its_provider_rest",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def interval(self) -> timedelta:
        return timedelta(minutes=self.interval_minutes)


class Pull(models.Model):
    """One asking of a connector over one window; a job until its deliveries are loaded."""

    class State(models.TextChoices):
        WAITING = "waiting"
        LOADING = "loading"
        DONE = "done"
        FAILED = "failed"

    connector = models.ForeignKey(Connector, on_delete=models.PROTECT, related_name="pulls")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(
        "org.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    # Who claims counts an attempt, and may end the pull only while no later one was counted.
    attempts = models.PositiveSmallIntegerField(default=0)
    lost = models.PositiveSmallIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    pieces = models.PositiveIntegerField(default=0)
    size_bytes = models.BigIntegerField(default=0)
    # More lay in the folder than one pull takes.
    is_partial = models.BooleanField(default=False)
    reason = models.TextField(blank=True)
    deliveries = models.ManyToManyField("ingestion.Delivery", related_name="pulls")

    class Meta:
        indexes = [
            models.Index(fields=["connector", "-id"], name="pull_by_connector"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["connector"],
                condition=Q(state__in=["waiting", "loading"]),
                name="connector_is_pulled_once_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gte=F("starts_at")), name="pull_ends_after_it_starts"
            ),
        ]

    def __str__(self) -> str:
        return f"pull {self.pk} of connector {self.connector_id}"


class PulledFile(models.Model):
    """A file of a drop folder that was taken; the same path and content is not taken again."""

    connector = models.ForeignKey(Connector, on_delete=models.PROTECT, related_name="files")
    path = models.CharField(max_length=1024)
    etag = models.CharField(max_length=128)
    size_bytes = models.BigIntegerField()
    delivery = models.ForeignKey("ingestion.Delivery", on_delete=models.PROTECT, related_name="+")
    pulled_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connector", "path", "etag"], name="file_is_pulled_once"
            )
        ]

    def __str__(self) -> str:
        return self.path
