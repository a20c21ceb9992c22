"""Evaluations: how many graded answers a model passed, by task type and complexity."""

from django.db import models
from django.db.models import F, Q

from finops.complexity import Band


class Evaluation(models.Model):
    """The sum of one graded sample, never edited: a later one takes its place.

    `escalated` is the share of answers that had to go to a better model, `verify_usd` what
    checking one answer costs, and `shadow_days` how long the model ran beside real calls.
    """

    class Source(models.TextChoices):
        SET = "set", "a graded set"
        SHADOW = "shadow", "the shadow of real calls"
        PRODUCTION = "production", "acceptance in production"

    provider = models.CharField(max_length=60)
    model = models.CharField(max_length=160)
    task_type = models.CharField(max_length=80)
    complexity = models.CharField(max_length=8, choices=[(band.value, band.value) for band in Band])
    set_name = models.CharField(max_length=120)
    graded = models.PositiveIntegerField()
    passed = models.PositiveIntegerField()
    grader = models.CharField(max_length=120)
    source = models.CharField(max_length=10, choices=Source, default=Source.SET)
    escalated = models.DecimalField(max_digits=6, decimal_places=5, default=0)
    verify_usd = models.DecimalField(max_digits=20, decimal_places=12, default=0)
    shadow_days = models.PositiveSmallIntegerField(default=0)
    evaluated_on = models.DateField()
    recorded_by = models.ForeignKey(
        "org.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    recorded_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["task_type", "complexity"], name="evaluation_of_task")]
        constraints = [
            models.CheckConstraint(
                condition=Q(graded__gte=1, passed__lte=F("graded")),
                name="evaluation_passes_no_more_than_was_graded",
            ),
            models.CheckConstraint(
                condition=Q(escalated__gte=0, escalated__lte=1, verify_usd__gte=0),
                name="evaluation_escalates_a_share",
            ),
            models.CheckConstraint(
                condition=Q(complexity__in=[band.value for band in Band]),
                name="evaluation_is_of_a_known_complexity",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model}, {self.task_type}, {self.complexity}: {self.passed}/{self.graded}"
