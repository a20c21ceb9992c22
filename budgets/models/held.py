"""Decisions that were pressed and do not hold yet: who decided can take them back meanwhile."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F, Q


class HeldDecisionQuerySet(models.QuerySet["HeldDecision"]):
    def held(self) -> HeldDecisionQuerySet:
        return self.filter(state=HeldDecision.State.HELD)

    def due(self, *, at: datetime) -> HeldDecisionQuerySet:
        return self.held().filter(effective_at__lte=at)


class HeldDecision(models.Model):
    """A decision between the press of its button and its effect.

    Nothing is granted, refused or signed while it is held: what is taken back was never
    done. It decides on what an approval asks, or on a gate, which nobody has to ask for.
    """

    class State(models.TextChoices):
        HELD = "held", "Takes effect soon"
        DONE = "done", "Took effect"
        UNDONE = "undone", "Taken back"
        FAILED = "failed", "Could not take effect"

    approval = models.ForeignKey(
        "org.Approval", on_delete=models.PROTECT, related_name="held", null=True, blank=True
    )
    gate = models.ForeignKey(
        "budgets.Gate", on_delete=models.PROTECT, related_name="held", null=True, blank=True
    )
    action = models.CharField(max_length=20)
    version = models.PositiveIntegerField()
    reason = models.TextField(blank=True)
    change = models.JSONField(default=dict)
    by = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()
    effective_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.HELD)
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.TextField(blank=True)

    objects = HeldDecisionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["approval"],
                condition=Q(state="held"),
                name="decision_is_held_once_per_request",
            ),
            models.UniqueConstraint(
                fields=["approval", "by"],
                condition=Q(state="done"),
                name="decision_takes_effect_once_per_signer",
            ),
            models.CheckConstraint(
                condition=Q(approval__isnull=True) ^ Q(gate__isnull=True),
                name="held_decision_is_on_one_matter",
            ),
            models.UniqueConstraint(
                fields=["gate"],
                condition=Q(state="held"),
                name="decision_is_held_once_per_gate",
            ),
            models.CheckConstraint(
                condition=Q(effective_at__gt=F("decided_at")),
                name="decision_is_held_for_a_while",
            ),
            models.CheckConstraint(
                condition=Q(state="held", ended_at__isnull=True)
                | ~Q(state="held") & Q(ended_at__isnull=False),
                name="held_decision_ends_at_a_moment",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} of {self.approval or self.gate} by {self.by}: {self.state}"
