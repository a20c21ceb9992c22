"""What is required of models: the quality by task and risk, and what a workflow's calls are."""

from django.db import models
from django.db.models import Q

from finops.complexity import Band
from policy.models.hierarchy import Tier


class Risk(models.TextChoices):
    """What a wrong answer can do; high is legal, financial, or promised to a customer."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class QualityRequirement(models.Model):
    """From a day on, the share of answers that has to pass at least, and the lowest tier.

    Without a task type it is of every task. Never edited: the newest in force holds.
    """

    task_type = models.CharField(max_length=80, blank=True)
    risk = models.CharField(max_length=6, choices=Risk)
    required = models.DecimalField(max_digits=6, decimal_places=5)
    floor_tier = models.CharField(max_length=12, choices=Tier, default=Tier.LOCAL)
    starts_on = models.DateField()
    reason = models.CharField(max_length=200)
    by = models.ForeignKey(
        "org.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(required__gt=0, required__lte=1), name="requirement_is_a_share"
            ),
            models.CheckConstraint(
                condition=Q(floor_tier__in=Tier.values, risk__in=Risk.values),
                name="requirement_knows_its_tier_and_risk",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task_type or 'any task'}, {self.risk} risk: {self.required}"


class WorkflowLabel(models.Model):
    """From a day on, what the calls of a workflow are where they do not say so themselves.

    Never edited: the newest in force holds. `human_review` says that a person reads every
    answer, `latency` whether anybody waits for one.
    """

    class Latency(models.TextChoices):
        SYNC = "sync", "somebody waits"
        ASYNC = "async", "nobody waits"
        UNKNOWN = "", "not said"

    workflow = models.CharField(max_length=160)
    task_type = models.CharField(max_length=80, blank=True)
    complexity = models.CharField(max_length=8, choices=[(band.value, band.value) for band in Band])
    risk = models.CharField(max_length=6, choices=Risk)
    latency = models.CharField(max_length=5, choices=Latency, blank=True)
    human_review = models.BooleanField(default=False)
    starts_on = models.DateField()
    reason = models.CharField(max_length=200)
    by = models.ForeignKey(
        "org.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(complexity__in=[band.value for band in Band], risk__in=Risk.values),
                name="label_is_known",
            )
        ]

    def __str__(self) -> str:
        return f"{self.workflow}: {self.task_type or 'as its calls say'}, {self.complexity}"
