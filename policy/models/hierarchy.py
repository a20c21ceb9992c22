"""The model hierarchy: from which day on a model stands in which tier, and for what."""

from django.db import models
from django.db.models import Q


class Tier(models.TextChoices):
    """From the cheapest to the dearest; the order is the order of the document."""

    LOCAL = "local"
    ECONOMY = "economy"
    MID = "mid"
    FRONTIER = "frontier"

    @property
    def rank(self) -> int:
        """Return the place from the cheapest on, so that tiers can be compared."""
        return list(Tier).index(self)


class ModelTier(models.Model):
    """A model's tier from a day on, for one task type or, without one, for any; never edited.

    Of the rows that count the newest in force holds. A row that changes a tier which
    holds counts only once the decision that it needs was an approval.
    """

    provider = models.CharField(max_length=60)
    model = models.CharField(max_length=160)
    task_type = models.CharField(max_length=80, blank=True)
    tier = models.CharField(max_length=12, choices=Tier)
    batch = models.BooleanField(default=False)
    starts_on = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=200)
    by = models.ForeignKey(
        "org.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    recorded_at = models.DateTimeField()
    needs_decision = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["provider", "model"], name="tier_of_model")]
        constraints = [
            models.CheckConstraint(condition=Q(tier__in=Tier.values), name="tier_is_known"),
            models.CheckConstraint(
                condition=Q(needs_decision=False) | Q(starts_on__isnull=False),
                name="tier_changes_from_a_day_on",
            ),
        ]

    def __str__(self) -> str:
        what = f" for {self.task_type}" if self.task_type else ""
        return f"{self.provider}/{self.model}{what}: {self.tier}"
