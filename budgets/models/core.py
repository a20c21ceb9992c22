"""What comes after a graduation: the months in core, probations, and run rates set right."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from finops.money import ROUNDED


class CoreReview(models.Model):
    """What a fiscal period in core was, judged once it was final; never changed.

    Late data make a new one with the next number. A result cost `known_usd`, the cost of the
    days whose results are told, over `outcomes`; where customers pay, the margin is that of the
    product. `is_out` where its level lies outside of the control limits, which only informs.
    """

    class Verdict(models.TextChoices):
        GOOD = "good", "Good"
        BAD = "bad", "Bad"
        UNKNOWN = "unknown", "Not known"

    graduation = models.ForeignKey(
        "budgets.Graduation", on_delete=models.PROTECT, related_name="reviews"
    )
    label = models.CharField(max_length=20)
    starts_on = models.DateField()
    ends_on = models.DateField()
    number = models.PositiveSmallIntegerField()
    cost_usd = models.DecimalField(max_digits=28, decimal_places=12)
    known_usd = models.DecimalField(max_digits=28, decimal_places=12)
    calls = models.BigIntegerField()
    unpriced_calls = models.BigIntegerField()
    outcomes = models.PositiveBigIntegerField()
    coverage = models.DecimalField(max_digits=13, decimal_places=12)
    unit_usd = models.DecimalField(max_digits=30, decimal_places=12, null=True)
    dearer = models.DecimalField(max_digits=30, decimal_places=12, null=True)
    revenue_usd = models.DecimalField(max_digits=28, decimal_places=12, null=True)
    margin = models.DecimalField(max_digits=30, decimal_places=12, null=True)
    floor = models.DecimalField(max_digits=13, decimal_places=12, null=True)
    run_rate_usd = models.DecimalField(max_digits=28, decimal_places=12, null=True)
    centre_usd = models.DecimalField(max_digits=28, decimal_places=12, null=True)
    lower_usd = models.DecimalField(max_digits=28, decimal_places=12, null=True)
    upper_usd = models.DecimalField(max_digits=28, decimal_places=12, null=True)
    is_out = models.BooleanField()
    verdict = models.CharField(max_length=7, choices=Verdict)
    reasons = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["graduation", "starts_on", "number"], name="core_review_is_numbered_once"
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gt=F("starts_on")), name="core_review_ends_after_it_starts"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} of {self.graduation}: {self.verdict}"


class Probation(models.Model):
    """Thirty days in which work in core has to show that it keeps within its limits.

    `late_days` are those of the baseline that late data put over the daily cap. Only the end is
    written later: when, how, and why.
    """

    class Cause(models.TextChoices):
        BAD_MONTHS = "bad_months", "Two bad months in a row"
        LATE_DATA = "late_data", "A day over its cap by late data"

    class Outcome(models.TextChoices):
        RECOVERED = "recovered", "Recovered"
        DEMOTED = "demoted", "Demoted"

    graduation = models.ForeignKey(
        "budgets.Graduation", on_delete=models.PROTECT, related_name="probations"
    )
    number = models.PositiveSmallIntegerField()
    cause = models.CharField(max_length=10, choices=Cause)
    reason = models.TextField()
    late_days = models.JSONField(default=list)
    starts_on = models.DateField()
    ends_on = models.DateField()
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=9, choices=Outcome, blank=True)
    says = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["graduation", "number"], name="probation_is_numbered_once"
            ),
            models.UniqueConstraint(
                fields=["graduation"],
                condition=Q(ended_at__isnull=True),
                name="probation_runs_once_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gt=F("starts_on")), name="probation_ends_after_it_starts"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, outcome="")
                | Q(Q(ended_at__isnull=False), ~Q(outcome="")),
                name="probation_ends_with_an_outcome",
            ),
        ]

    def __str__(self) -> str:
        return f"Probation {self.number} of {self.graduation}"


class TrueUp(models.Model):
    """The run rate of a baseline, measured again, and what followed; never changed.

    `core_usd` is what core gained, below zero what it gave back; nothing where the move was small,
    or where the contingency could not pay: then it stays open until it can.
    """

    class State(models.TextChoices):
        NOTED = "noted", "Noted"
        POSTED = "posted", "Posted"
        OPEN = "open", "Open"

    graduation = models.ForeignKey(
        "budgets.Graduation", on_delete=models.PROTECT, related_name="true_ups"
    )
    number = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=6, choices=State)
    before_usd = models.DecimalField(max_digits=18, decimal_places=2)
    run_rate_usd = models.DecimalField(max_digits=18, decimal_places=2)
    core_usd = models.DecimalField(max_digits=18, decimal_places=2)
    starts_on = models.DateField(null=True)
    contingency_unit = models.ForeignKey(
        "org.Unit", on_delete=models.PROTECT, related_name="+", null=True
    )
    journal = models.OneToOneField(
        "budgets.Journal", on_delete=models.PROTECT, related_name="+", null=True
    )
    reason = models.TextField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["graduation", "number"], name="true_up_is_numbered_once"
            ),
            models.CheckConstraint(
                condition=Q(state="posted", journal__isnull=False, contingency_unit__isnull=False)
                | Q(~Q(state="posted"), journal__isnull=True),
                name="true_up_is_posted_by_a_journal",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.graduation}: {self.before_usd} to {self.run_rate_usd} a day"

    @property
    def drift(self) -> Decimal | None:
        """By which share the run rate moved; None from nothing."""
        if not self.before_usd:
            return None
        return ROUNDED.divide(self.run_rate_usd - self.before_usd, self.before_usd)
