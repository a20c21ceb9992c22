"""Forced blocks: somebody on call stops a scope at once, and may say why afterwards."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from policy.models.guardrails import Scope, ScopeStep


class ForcedBlockQuerySet(models.QuerySet["ForcedBlock"]):
    def owing(self) -> ForcedBlockQuerySet:
        """Return the blocks for which nobody has given a reason yet."""
        return self.filter(reason="")


class ForcedBlock(models.Model):
    """One press of the kill switch; the reason is written once, at once or afterwards."""

    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="forced_blocks")
    step = models.OneToOneField(ScopeStep, on_delete=models.PROTECT, related_name="forced")
    by = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.TextField(blank=True)
    reason_by = models.ForeignKey(
        "org.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    reason_at = models.DateTimeField(null=True, blank=True)

    objects = ForcedBlockQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(reason="", reason_by__isnull=True, reason_at__isnull=True)
                | ~Q(reason="") & Q(reason_by__isnull=False, reason_at__isnull=False),
                name="forced_block_says_who_gave_its_reason",
            )
        ]

    def __str__(self) -> str:
        return f"{self.scope} forced by {self.by}"
