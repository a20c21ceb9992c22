"""Overrides: a cap is a higher number for some hours, by a person's word and another's."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length
from django.db.models.lookups import GreaterThanOrEqual

from finops.override import LEAST_REASON, LONGEST_HOURS
from policy.models.guardrails import Cap, Scope


class OverrideQuerySet(models.QuerySet["Override"]):
    def live(self) -> OverrideQuerySet:
        """Return what holds or waits for its decision: one at most for each cap."""
        return self.filter(state__in=Override.LIVE)

    def in_force(self, *, at: datetime) -> OverrideQuerySet:
        return self.filter(state=Override.State.IN_FORCE, expires_at__gt=at)


class Override(models.Model):
    """What was asked for and, once agreed, allowed; its terms are never edited.

    While it is in force its number stands on the cap as well (`raised_to_usd`): whoever reads
    a cap reads the limit that holds without asking here.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waits for a signature"
        IN_FORCE = "in_force", "In force"
        ENDED = "ended", "Ended"
        REJECTED = "rejected", "Rejected"
        WITHDRAWN = "withdrawn", "Withdrawn"
        LAPSED = "lapsed", "Never signed in time"

    class Cause(models.TextChoices):
        EXPIRED = "expired", "Its time was up"
        REVOKED = "revoked", "Revoked"
        CAP_CHANGED = "cap_changed", "The cap itself was changed"

    LIVE = (State.WAITING, State.IN_FORCE)

    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="overrides")
    cap = models.ForeignKey(Cap, on_delete=models.PROTECT, related_name="overrides")
    cap_usd = models.DecimalField(max_digits=18, decimal_places=2)  # as it was when asked
    limit_usd = models.DecimalField(max_digits=18, decimal_places=2)
    beyond_usd = models.DecimalField(max_digits=20, decimal_places=2)
    # What a period has to spend; None where no cap says so, which is never taken for little.
    budget_usd = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    reason = models.TextField()
    ticket = models.CharField(max_length=120)
    requested_by = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    needs_signature = models.BooleanField()
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    approval = models.OneToOneField(
        "org.Approval", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=12, choices=Cause, blank=True)
    ended_by_user = models.ForeignKey(
        "org.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )

    objects = OverrideQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cap"],
                condition=Q(state__in=["waiting", "in_force"]),
                name="cap_is_overridden_once_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(limit_usd__gt=F("cap_usd"), beyond_usd__gt=0),
                name="override_is_above_its_cap",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("requested_at"))
                & Q(expires_at__lte=F("requested_at") + timedelta(hours=LONGEST_HOURS)),
                name="override_ends_within_a_day",
            ),
            models.CheckConstraint(
                condition=GreaterThanOrEqual(Length("reason"), LEAST_REASON) & ~Q(ticket=""),
                name="override_says_why_and_names_its_ticket",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["in_force", "ended"], started_at__isnull=False)
                | Q(
                    state__in=["waiting", "rejected", "withdrawn", "lapsed"],
                    started_at__isnull=True,
                ),
                name="override_that_held_says_since_when",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["in_force", "ended"], needs_signature=True)
                | Q(approval__isnull=False),
                name="override_holds_only_with_its_signature",
            ),
            models.CheckConstraint(
                condition=Q(state="ended", ended_at__isnull=False) & ~Q(ended_by="")
                | ~Q(state="ended") & Q(ended_at__isnull=True, ended_by=""),
                name="override_that_ended_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"Override of {self.cap} to {self.limit_usd}"
