"""What the company answered about itself, and which settings it decided otherwise. Never edited."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Length, Trim
from django.db.models.lookups import GreaterThanOrEqual

MIN_REASON = 20


class CompanyProfile(models.Model):
    """How large the company is and which gross margin it aims at, from a day on."""

    people = models.PositiveIntegerField()
    gm_target = models.DecimalField(max_digits=5, decimal_places=4)  # a share of one
    starts_on = models.DateField()
    recorded_by = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(people__gte=1), name="profile_has_people"),
            models.CheckConstraint(
                condition=Q(gm_target__gte="0.01", gm_target__lte="0.99"),
                name="profile_target_is_a_margin",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.people} people, {self.gm_target:.2%} gross margin"


class ProfileOverride(models.Model):
    """One setting decided otherwise than preset, from a day on; without a value, lifted again."""

    setting = models.CharField(max_length=40)
    value = models.CharField(max_length=40, null=True)  # noqa: DJ001 -- None lifts; "" is no value
    reason = models.TextField()
    starts_on = models.DateField()
    recorded_by = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=GreaterThanOrEqual(Length(Trim("reason")), MIN_REASON),
                name="profile_override_says_why",
            ),
            models.CheckConstraint(
                condition=Q(value__isnull=True) | ~Q(value=""),
                name="profile_override_has_a_value_or_lifts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.setting}: {self.value or 'lifted'}"
