"""The fiscal-year budget of a unit: its core, its experimentation money and its reserve."""

from __future__ import annotations

from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from budgets.amounts import Amounts
from budgets.lifecycle import BudgetState
from budgets.phasing import WEIGHTED, Phasing
from org.models import Unit, User


class BudgetQuerySet(models.QuerySet["Budget"]):
    def visible_to(self, user: User) -> BudgetQuerySet:
        return self.filter(unit__in=Unit.objects.visible_to(user))


class Budget(models.Model):
    """What is asked for and, once active, granted to a unit for one fiscal year.

    The amounts are those in force: a revision changes them. The core money is phased over
    the periods of the year; where that goes by weights, there is one for each period.
    """

    unit = models.ForeignKey("org.Unit", on_delete=models.PROTECT, related_name="budgets")
    fiscal_year = models.PositiveSmallIntegerField()
    core_usd = models.DecimalField(max_digits=18, decimal_places=2)
    experiment_usd = models.DecimalField(max_digits=18, decimal_places=2)
    reserve_usd = models.DecimalField(max_digits=18, decimal_places=2, default=Decimal(0))
    state = models.CharField(max_length=10, choices=BudgetState, default=BudgetState.DRAFT)
    version = models.PositiveIntegerField(default=1)
    phasing = models.CharField(max_length=8, choices=Phasing, default=Phasing.EVEN)
    phasing_weights = ArrayField(
        models.DecimalField(max_digits=30, decimal_places=12), null=True, blank=True
    )
    note = models.TextField(blank=True)
    created_by = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    objects = BudgetQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(core_usd__gte=0, experiment_usd__gte=0, reserve_usd__gte=0),
                name="budget_is_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(phasing__in=WEIGHTED, phasing_weights__isnull=False)
                | Q(~Q(phasing__in=WEIGHTED), phasing_weights__isnull=True),
                name="budget_keeps_weights_where_it_is_phased_by_them",
            ),
            models.UniqueConstraint(
                fields=["unit", "fiscal_year"],
                condition=~Q(state__in=["rejected", "withdrawn"]),
                name="budget_stands_once_per_unit_and_year",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit} FY{self.fiscal_year}"

    @property
    def amounts(self) -> Amounts:
        return Amounts(self.core_usd, self.experiment_usd, self.reserve_usd)

    @amounts.setter
    def amounts(self, amounts: Amounts) -> None:
        self.core_usd, self.experiment_usd, self.reserve_usd = amounts


class BudgetStep(models.Model):
    """One move of a budget along its lifecycle; never changed."""

    budget = models.ForeignKey(Budget, on_delete=models.PROTECT, related_name="steps")
    action = models.CharField(max_length=20)
    from_state = models.CharField(max_length=10)
    to_state = models.CharField(max_length=10)
    by = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.action} by {self.by}"
