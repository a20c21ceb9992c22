"""Delegations: deciding in another person's place, for some units, until a day."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q

LONGEST = timedelta(days=90)
_AN_HOUR_OF_SUMMER_TIME = timedelta(hours=1)


class DelegationQuerySet(models.QuerySet["Delegation"]):
    def alive(self, *, at: datetime) -> DelegationQuerySet:
        return self.filter(starts_at__lte=at, ends_at__gt=at, revoked_at__isnull=True)


class Delegation(models.Model):
    """`taker` may decide what `giver` may, in `unit` and beneath; without one, wherever.

    It gives what the giver holds at the moment of deciding, and cannot be passed on.
    """

    giver = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="given")
    taker = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="taken")
    unit = models.ForeignKey(
        "org.Unit", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()  # outside
    reason = models.TextField()
    given_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        "org.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )

    objects = DelegationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(giver=F("taker")), name="delegation_is_to_somebody_else"
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at"))
                & Q(ends_at__lte=F("starts_at") + LONGEST + _AN_HOUR_OF_SUMMER_TIME),
                name="delegation_ends_within_ninety_days",
            ),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True, revoked_by__isnull=True)
                | Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="delegation_says_who_revoked_it",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.taker} for {self.giver}"
