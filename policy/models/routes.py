"""Routes that people decided otherwise than the hierarchy and the requirements say."""

from django.db import models
from django.db.models import Q

from finops.complexity import Band
from policy.models.hierarchy import Tier
from policy.models.requirements import Risk


class Route(models.Model):
    """From a moment on, where calls with these labels go; never edited, the newest holds.

    Without a tier the route is as it is derived again.
    """

    class Queue(models.TextChoices):
        SYNC = "sync", "at once"
        BATCH = "batch", "in the queue"

    task_type = models.CharField(max_length=80)
    complexity = models.CharField(max_length=8, choices=[(band.value, band.value) for band in Band])
    risk = models.CharField(max_length=6, choices=Risk)
    tier = models.CharField(max_length=12, choices=Tier, blank=True)
    queue = models.CharField(max_length=5, choices=Queue, default=Queue.SYNC)
    reason = models.CharField(max_length=200)
    by = models.ForeignKey(
        "org.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    complexity__in=[band.value for band in Band],
                    risk__in=Risk.values,
                    tier__in=["", *Tier.values],
                    queue__in=["sync", "batch"],
                ),
                name="route_knows_its_labels",
            )
        ]

    def __str__(self) -> str:
        return f"{self.task_type}, {self.complexity}, {self.risk}: {self.tier or 'as derived'}"
