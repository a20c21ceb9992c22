"""Thresholds: at which share of a granted sum who is told and what happens, and what fired."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from finops.thresholds import Effect

HIGHEST_PCT = 200


class ThresholdTable(models.Model):
    """The thresholds of one budget, of one experiment, or of all that have none of their own.

    They hold from the moment they are set; a later table supersedes. Never edited.
    """

    class Of(models.TextChoices):
        BUDGET = "budget", "Core budgets"
        EXPERIMENT = "experiment", "Experiments"

    of = models.CharField(max_length=10, choices=Of)
    budget = models.ForeignKey(
        "budgets.Budget", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    initiative = models.ForeignKey(
        "budgets.Initiative", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    number = models.PositiveSmallIntegerField()
    reason = models.TextField()
    by = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["of", "budget", "initiative", "number"],
                nulls_distinct=False,
                name="threshold_table_is_numbered_once",
            ),
            models.CheckConstraint(
                condition=Q(of="budget", initiative__isnull=True)
                | Q(of="experiment", budget__isnull=True),
                name="threshold_table_is_of_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return f"Thresholds of {self.budget or self.initiative or self.get_of_display()}"


class Threshold(models.Model):
    """One level of a table, in percent of what is granted; never edited."""

    class Does(models.TextChoices):
        NOTIFIES = Effect.NOTIFIES.value, "Notifies only"
        ASKS = Effect.ASKS.value, "Needs approval"
        BLOCKS = Effect.BLOCKS.value, "Blocks"

    class Told(models.TextChoices):
        OWNER = "owner", "Owner and on call"
        GM = "gm", "General manager"
        FINANCE = "finance", "Finance"
        CFO = "cfo", "CFO"

    table = models.ForeignKey(ThresholdTable, on_delete=models.PROTECT, related_name="rows")
    level_pct = models.PositiveSmallIntegerField()
    effect = models.CharField(max_length=8, choices=Does)
    told = ArrayField(models.CharField(max_length=8, choices=Told))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["table", "level_pct"], name="threshold_level_stands_once"
            ),
            models.CheckConstraint(
                condition=Q(level_pct__gte=1, level_pct__lte=HIGHEST_PCT),
                name="threshold_level_is_a_share",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.level_pct}%: {self.get_effect_display()}"


class ThresholdCrossing(models.Model):
    """A level that spend reached, with what it did.

    Written once for each level of a budget or an experiment; only where a revision grants so
    much more that spend lies beneath the level again is it lifted, and can be reached anew. What
    needs approval, or blocks, does so until a person answers.
    """

    budget = models.ForeignKey(
        "budgets.Budget", on_delete=models.PROTECT, related_name="crossings", null=True, blank=True
    )
    initiative = models.ForeignKey(
        "budgets.Initiative",
        on_delete=models.PROTECT,
        related_name="crossings",
        null=True,
        blank=True,
    )
    level_pct = models.PositiveSmallIntegerField()
    effect = models.CharField(max_length=8, choices=Threshold.Does)
    granted_usd = models.DecimalField(max_digits=18, decimal_places=2)
    spent_usd = models.DecimalField(max_digits=28, decimal_places=12)
    at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        "org.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    answer = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["budget", "initiative", "level_pct"],
                condition=Q(lifted_at__isnull=True),
                nulls_distinct=False,
                name="threshold_fires_once_until_it_is_lifted",
            ),
            models.CheckConstraint(
                condition=Q(budget__isnull=True) ^ Q(initiative__isnull=True),
                name="crossing_is_of_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(answered_by__isnull=True, answered_at__isnull=True, answer="")
                | Q(answered_by__isnull=False, answered_at__isnull=False) & ~Q(answer=""),
                name="crossing_is_answered_with_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.level_pct}% of {self.budget or self.initiative}"

    @property
    def holds(self) -> bool:
        """Test whether it still waits for a person."""
        acts = self.effect != Effect.NOTIFIES
        return acts and self.lifted_at is None and self.answered_at is None
