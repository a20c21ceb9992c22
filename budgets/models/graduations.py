"""Graduations: which experiments became core, on which terms, and what core holds by them."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import F, Q


class Graduation(models.Model):
    """An experiment that became core by two signatures, from a day on; its terms never change.

    `journal_usd` names what each side gained or gave; `unit_usd` is what a result cost over the
    days of the baseline, by which its months in core are judged. `released_usd` is what went back
    to the pool once the experiment's last days were known.
    """

    initiative = models.ForeignKey(
        "budgets.Initiative", on_delete=models.PROTECT, related_name="graduations"
    )
    number = models.PositiveSmallIntegerField()
    evidence = models.OneToOneField(
        "budgets.GateEvidence", on_delete=models.PROTECT, related_name="graduation"
    )
    approval = models.OneToOneField("org.Approval", on_delete=models.PROTECT, related_name="+")
    journal = models.OneToOneField("budgets.Journal", on_delete=models.PROTECT, related_name="+")
    fiscal_year = models.PositiveSmallIntegerField()
    starts_on = models.DateField()
    funding = models.CharField(max_length=16)
    run_rate_usd = models.DecimalField(max_digits=18, decimal_places=2)
    core_usd = models.DecimalField(max_digits=18, decimal_places=2)
    experiment_usd = models.DecimalField(max_digits=18, decimal_places=2)
    free_pool_usd = models.DecimalField(max_digits=18, decimal_places=2)
    contingency_usd = models.DecimalField(max_digits=18, decimal_places=2)
    contingency_unit = models.ForeignKey(
        "org.Unit", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    next_year_usd = models.DecimalField(max_digits=18, decimal_places=2)
    unit_usd = models.DecimalField(max_digits=30, decimal_places=12, null=True, blank=True)
    by = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    released_usd = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["initiative", "number"], name="graduation_is_numbered_once"
            ),
            models.CheckConstraint(
                condition=Q(
                    core_usd=-F("experiment_usd") - F("free_pool_usd") - F("contingency_usd")
                ),
                name="graduation_sums_to_zero",
            ),
            models.CheckConstraint(
                condition=Q(core_usd__gt=0, run_rate_usd__gt=0)
                & Q(experiment_usd__lte=0, free_pool_usd__lte=0, contingency_usd__lte=0),
                name="graduation_gives_to_core",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.initiative} in core from {self.starts_on}"

    @property
    def pool_usd(self) -> Decimal:
        return self.experiment_usd + self.free_pool_usd


class CorePart(models.Model):
    """A department's part of a graduation: its share by measured use, and where it is booked."""

    graduation = models.ForeignKey(Graduation, on_delete=models.PROTECT, related_name="parts")
    unit = models.ForeignKey("org.Unit", on_delete=models.PROTECT, related_name="+")
    cost_object = models.ForeignKey("org.CostObject", on_delete=models.PROTECT, related_name="+")
    share = models.DecimalField(max_digits=13, decimal_places=12)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["graduation", "unit"], name="core_part_is_kept_once"),
            models.CheckConstraint(
                condition=Q(share__gt=0, share__lte=1), name="core_part_is_a_share"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit}: {self.share:.1%} of {self.graduation}"


class CoreGrant(models.Model):
    """What core money of one fiscal period rests on a graduation; below zero it was given back.

    It covers the days up to `ends_on`, each alike. Never changed: what core holds by
    a graduation is the sum.
    """

    class Cause(models.TextChoices):
        GRADUATION = "graduation", "Graduation"
        TRUE_UP = "true_up", "True-up by late data"
        DEMOTION = "demotion", "Demotion"

    part = models.ForeignKey(CorePart, on_delete=models.PROTECT, related_name="grants")
    cause = models.CharField(max_length=10, choices=Cause)
    starts_on = models.DateField()
    ends_on = models.DateField()
    usd = models.DecimalField(max_digits=18, decimal_places=2)
    journal = models.ForeignKey("budgets.Journal", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gt=F("starts_on")), name="core_grant_ends_after_it_starts"
            ),
            models.CheckConstraint(condition=~Q(usd=0), name="core_grant_moves_something"),
        ]

    def __str__(self) -> str:
        return f"{self.usd} from {self.starts_on}: {self.cause}"
