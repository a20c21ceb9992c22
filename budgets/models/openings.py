"""Opening balances: what was spent of a budget's core before TokenOps counted it."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from finops.periods import Period


class OpeningBalance(models.Model):
    """What a unit itself spent in days of one fiscal period that no usage was loaded of.

    Told by one person out of a named source and signed by another; never edited: a later row
    of the same period supersedes.
    """

    budget = models.ForeignKey("budgets.Budget", on_delete=models.PROTECT, related_name="openings")
    period = models.PositiveSmallIntegerField()
    number = models.PositiveSmallIntegerField()
    starts_on = models.DateField()
    ends_on = models.DateField()  # outside: the first day that is not in it
    amount_usd = models.DecimalField(max_digits=18, decimal_places=2)
    source = models.CharField(max_length=200)
    reason = models.TextField()
    approval = models.ForeignKey("org.Approval", on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["budget", "period", "number"], name="opening_is_numbered_once_per_period"
            ),
            models.UniqueConstraint(
                fields=["approval", "period"], name="opening_takes_effect_once_per_approval"
            ),
            models.CheckConstraint(condition=Q(amount_usd__gte=0), name="opening_is_not_negative"),
            models.CheckConstraint(
                condition=Q(ends_on__gt=F("starts_on")), name="opening_covers_days"
            ),
            models.CheckConstraint(
                condition=~Q(source="") & ~Q(reason=""), name="opening_names_its_source"
            ),
        ]

    def __str__(self) -> str:
        return f"Before TokenOps: {self.amount_usd} of {self.budget}, period {self.period}"

    @property
    def days(self) -> Period:
        return Period(self.starts_on, self.ends_on)
