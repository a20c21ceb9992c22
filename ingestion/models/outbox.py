"""The outbox: spend that changed and that the guardrails have not judged yet."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class SpendChange(models.Model):
    """Written in the transaction that stored the spend; done when judged."""

    unit_ids = ArrayField(models.BigIntegerField())
    cost_object_ids = ArrayField(models.BigIntegerField())
    # What a file's calls came to on leases of its sender; pushes tell it at once instead.
    leased = models.JSONField(default=list, blank=True)
    sender = models.ForeignKey(
        "org.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    recorded_at = models.DateTimeField()
    judged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["id"], name="spend_change_waiting", condition=Q(judged_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"spend change {self.pk}"
