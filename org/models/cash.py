"""What the company holds in cash and burns a month, as somebody told it. Never edited."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class CashPosition(models.Model):
    """Cash at the end of a day, and the net burn a month; a burn below zero is money earned."""

    as_of = models.DateField()
    cash_usd = models.DecimalField(max_digits=18, decimal_places=2)
    net_burn_usd_per_month = models.DecimalField(max_digits=18, decimal_places=2)
    source = models.CharField(max_length=120)
    recorded_by = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(cash_usd__gte=0), name="cash_is_not_negative"),
            models.CheckConstraint(condition=~Q(source=""), name="cash_says_its_source"),
        ]

    def __str__(self) -> str:
        return f"{self.cash_usd} on {self.as_of}"
