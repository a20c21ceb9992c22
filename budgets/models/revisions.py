"""Revisions: how a budget in force was changed, by whose request and whose decision."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from budgets.amounts import Amounts
from finops.periods import ONE_DAY


class BudgetRevision(models.Model):
    """One change of a budget's amounts, in force from a day on; never edited.

    A transfer moves money between the classes of one budget; a budget above holds what its
    units beneath moved, so it is revised with them by the same approval. What a flex rule or
    a graduation moves is money of one fiscal period, until `ends_on`; the approval is that of
    the rule, or of the graduation.
    """

    class Kind(models.TextChoices):
        CHANGE = "change", "More or less"
        TRANSFER = "transfer", "Reserve opened"
        FLEX = "flex", "Flexed by volume"
        CORE = "core", "Graduated or demoted"

    budget = models.ForeignKey("budgets.Budget", on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=8, choices=Kind)
    core_usd = models.DecimalField(max_digits=18, decimal_places=2)
    experiment_usd = models.DecimalField(max_digits=18, decimal_places=2)
    reserve_usd = models.DecimalField(max_digits=18, decimal_places=2)
    core_before_usd = models.DecimalField(max_digits=18, decimal_places=2)
    experiment_before_usd = models.DecimalField(max_digits=18, decimal_places=2)
    reserve_before_usd = models.DecimalField(max_digits=18, decimal_places=2)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    reason = models.TextField()
    approval = models.ForeignKey("org.Approval", on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["budget", "number"], name="revision_is_numbered_once_per_budget"
            ),
            # A rule, or a graduation, is signed once and moves money in many periods.
            models.UniqueConstraint(
                fields=["budget", "approval"],
                condition=~Q(kind__in=["flex", "core"]),
                name="revision_takes_effect_once_per_approval",
            ),
            models.CheckConstraint(
                condition=Q(
                    kind__in=["flex", "core"], ends_on__gt=F("starts_on"), ends_on__isnull=False
                )
                | Q(~Q(kind__in=["flex", "core"]), ends_on__isnull=True),
                name="only_money_of_one_period_has_an_end",
            ),
            models.CheckConstraint(
                condition=Q(core_usd__gte=0, experiment_usd__gte=0, reserve_usd__gte=0),
                name="revision_is_not_negative",
            ),
            models.CheckConstraint(
                condition=~Q(
                    core_usd=F("core_before_usd"),
                    experiment_usd=F("experiment_before_usd"),
                    reserve_usd=F("reserve_before_usd"),
                ),
                name="revision_changes_something",
            ),
            models.CheckConstraint(
                condition=~Q(kind="transfer")
                | Q(
                    core_usd=F("core_before_usd")
                    + F("experiment_before_usd")
                    + F("reserve_before_usd")
                    - F("experiment_usd")
                    - F("reserve_usd")
                ),
                name="transfer_leaves_the_sum_as_it_was",
            ),
        ]

    def __str__(self) -> str:
        return f"Revision {self.number} of {self.budget}"

    @property
    def amounts(self) -> Amounts:
        return Amounts(self.core_usd, self.experiment_usd, self.reserve_usd)

    @property
    def before(self) -> Amounts:
        return Amounts(self.core_before_usd, self.experiment_before_usd, self.reserve_before_usd)

    @property
    def last_day(self) -> date | None:
        """The last day of the period it moves money of; None where it holds on."""
        return self.ends_on - ONE_DAY if self.ends_on else None

    @property
    def core_difference_usd(self) -> Decimal:
        return self.core_usd - self.core_before_usd
