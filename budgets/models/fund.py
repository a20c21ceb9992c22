"""The company's AI fund: how much of it is planned for a fiscal year."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class FundPlan(models.Model):
    """What the company plans to hand out in a year; a later plan supersedes. Never edited."""

    fiscal_year = models.PositiveSmallIntegerField()
    number = models.PositiveSmallIntegerField()
    planned_usd = models.DecimalField(max_digits=18, decimal_places=2)
    reason = models.TextField()
    approval = models.OneToOneField("org.Approval", on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["fiscal_year", "number"], name="fund_plan_is_numbered_once_per_year"
            ),
            models.CheckConstraint(
                condition=Q(planned_usd__gte=0), name="fund_plan_is_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"Company AI fund FY{self.fiscal_year}, {self.number}"
