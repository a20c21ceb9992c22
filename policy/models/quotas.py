"""Quotas: what somebody may use of a scope in a window, a template for everybody named so."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from finops import quotas


class Quota(models.Model):
    """One line of policy: in a scope, so much of a metric a window, for each of its subjects.

    What identifies it never changes, so that usage is kept when its terms do. Without `per`
    all of the scope shares it; else every person, key or task has it for itself.
    """

    class Metric(models.TextChoices):
        CALLS = quotas.Metric.CALLS.value, "calls"
        TOKENS = quotas.Metric.TOKENS.value, "tokens"
        USD = quotas.Metric.USD.value, "dollars"
        STEPS = quotas.Metric.STEPS.value, "agent steps"

    class Window(models.TextChoices):
        MINUTE = quotas.Window.MINUTE.value, "any minute"
        FIVE_HOURS = quotas.Window.FIVE_HOURS.value, "any five hours"
        DAY = quotas.Window.DAY.value, "a day"
        WEEK = quotas.Window.WEEK.value, "a week"
        MONTH = quotas.Window.MONTH.value, "a month"

    class Per(models.TextChoices):
        ALL = "", "all together"
        PERSON = "person", "each person"
        KEY = "key", "each key"
        TASK = "task", "each task"

    class Mode(models.TextChoices):
        HARD = "hard", "Refuses"
        SOFT = "soft", "Asks for a reason"
        ALERT = "alert", "Notifies only"

    scope = models.ForeignKey("policy.Scope", on_delete=models.PROTECT, related_name="quotas")
    metric = models.CharField(max_length=6, choices=Metric)
    window = models.CharField(max_length=5, choices=Window)
    per = models.CharField(max_length=6, choices=Per, blank=True)
    set_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["scope", "metric", "window", "per"],
                condition=Q(retired_at__isnull=True),
                name="quota_stands_once_per_metric_and_window",
            ),
            models.CheckConstraint(
                condition=Q(
                    metric__in=[each.value for each in quotas.Metric],
                    window__in=[each.value for each in quotas.Window],
                    per__in=["", "person", "key", "task"],
                ),
                name="quota_knows_what_it_counts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scope}: {self.get_metric_display()} {self.get_window_display()}"

    @property
    def public_id(self) -> str:
        return f"quota:{self.pk}"

    @property
    def kind(self) -> quotas.Window:
        return quotas.Window(self.window)

    @property
    def rolls(self) -> bool:
        return self.kind in quotas.LENGTHS


class QuotaTerms(models.Model):
    """What a quota gives from a moment on; never edited, the newest holds."""

    quota = models.ForeignKey(Quota, on_delete=models.PROTECT, related_name="terms")
    limit = models.DecimalField(max_digits=28, decimal_places=12)
    burst = models.DecimalField(default=0, max_digits=28, decimal_places=12)
    carry_over_pct = models.PositiveSmallIntegerField(default=0)
    mode = models.CharField(max_length=5, choices=Quota.Mode)
    thresholds = ArrayField(models.PositiveSmallIntegerField())
    exempt = ArrayField(models.CharField(max_length=160), default=list, blank=True)
    # Whether who is new has a share of the first window, by its days.
    is_prorated = models.BooleanField(default=False)
    reason = models.CharField(max_length=200)
    by = models.ForeignKey(
        "org.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(limit__gt=0), name="quota_is_more_than_nothing"),
            models.CheckConstraint(
                condition=Q(burst__gte=0, carry_over_pct__lte=100),
                name="quota_carries_over_a_share",
            ),
            models.CheckConstraint(
                condition=Q(mode__in=["hard", "soft", "alert"]), name="quota_has_a_known_mode"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quota_id}: {self.limit}"

    @property
    def plain(self) -> quotas.Terms:
        return quotas.Terms(self.limit, self.burst, self.carry_over_pct)


class QuotaRaise(models.Model):
    """More of a quota that somebody asked for, for a while; another person decides.

    It counts once its approval was given, until it ends. `who` is empty where all share it.
    """

    quota = models.ForeignKey(Quota, on_delete=models.PROTECT, related_name="raises")
    who = models.CharField(max_length=160, blank=True)
    limit = models.DecimalField(max_digits=28, decimal_places=12)
    reason = models.CharField(max_length=200)
    ends_at = models.DateTimeField()
    asked_by = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=models.F("asked_at")), name="quota_raise_ends"
            ),
            models.CheckConstraint(
                condition=Q(due_at__gt=models.F("asked_at")), name="quota_raise_is_due_after_it"
            ),
            models.CheckConstraint(condition=Q(limit__gt=0), name="quota_raise_is_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.who or 'all'}: {self.limit} until {self.ends_at:%d %b %Y}"
