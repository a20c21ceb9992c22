"""Guardrails: the scopes a router knows, their caps, and how their state moved."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from policy.lifecycle import ScopeState


class WhenStale(models.TextChoices):
    """What a router does with a scope's calls once it has lost the server."""

    CLOSED = "closed", "Refuse its calls"
    BUCKET = "bucket", "Let each router spend so much more, then refuse"
    OPEN = "open", "Go on as last told"


class Scope(models.Model):
    """Something calls fall under: the organisation, a unit, an initiative.

    Which spend counts is told by the unit or the cost object; without either it is
    everything. Only `policy.operations.breaker` moves the state.
    """

    name = models.CharField(max_length=120)
    slug = models.CharField(max_length=80, unique=True)  # "org", "unit:support", "initiative:x"
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, related_name="children", null=True, blank=True
    )
    unit = models.OneToOneField(
        "org.Unit", on_delete=models.PROTECT, related_name="scope", null=True, blank=True
    )
    cost_object = models.OneToOneField(
        "org.CostObject", on_delete=models.PROTECT, related_name="scope", null=True, blank=True
    )
    owner = models.CharField(max_length=120, blank=True)
    contact = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=12, choices=ScopeState, default=ScopeState.CLOSED)
    epoch = models.PositiveIntegerField(default=0)
    reason_code = models.CharField(max_length=40, blank=True)
    reason_text = models.TextField(blank=True)
    since = models.DateTimeField(null=True, blank=True)
    until = models.DateTimeField(null=True, blank=True)
    held_by = models.ForeignKey(
        "org.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    reached_cap = models.ForeignKey(
        "policy.Cap", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    # What a test of some calls has yet to end, and for how long its block lasted last.
    cooling_code = models.CharField(max_length=40, blank=True)
    cool_down_s = models.PositiveIntegerField(null=True, blank=True)
    # Since when readings have been so; see `finops.breaker_watch`.
    calm_since = models.DateTimeField(null=True, blank=True)
    below_since = models.DateTimeField(null=True, blank=True)
    loss_since = models.DateTimeField(null=True, blank=True)
    max_tier = models.CharField(max_length=12, blank=True)
    when_stale = models.CharField(max_length=8, choices=WhenStale, default=WhenStale.CLOSED)
    # Each router's allowance while it is cut off, of a bucket alone.
    stale_usd = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    protected = models.BooleanField(default=False)
    # Of a scope that exists for a trip test: the one that is tested. It counts synthetic calls.
    trial_of = models.ForeignKey(
        "self", on_delete=models.PROTECT, related_name="trials", null=True, blank=True
    )
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(unit__isnull=True) | Q(cost_object__isnull=True),
                name="scope_counts_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(when_stale="bucket", stale_usd__gt=0)
                | Q(when_stale__in=["closed", "open"], stale_usd=0),
                name="scope_has_an_allowance_only_in_a_bucket",
            ),
            models.CheckConstraint(
                condition=Q(trial_of__isnull=True) | Q(unit__isnull=True, cost_object__isnull=True),
                name="trial_counts_nothing_real",
            ),
            models.CheckConstraint(
                condition=Q(state="closed") | ~Q(reason_text=""),
                name="scope_gives_a_reason_unless_closed",
            ),
            models.CheckConstraint(
                condition=~Q(state="half_open") | Q(until__isnull=False),
                name="scope_is_tested_until_a_deadline",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Cap(models.Model):
    """A limit in dollars over a window; budgets push these rows, policy obeys them."""

    class Window(models.TextChoices):
        MINUTE = "minute", "minute"
        HOUR = "hour", "hour"
        DAY = "day", "day"
        PERIOD = "period", "fiscal period"
        TOTAL = "total", "whole time"

    class Mode(models.TextChoices):
        HARD = "hard", "Blocks"
        SOFT = "soft", "Needs approval"
        ALERT = "alert", "Notifies only"

    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="caps")
    window = models.CharField(max_length=8, choices=Window)
    limit_usd = models.DecimalField(max_digits=18, decimal_places=2)
    mode = models.CharField(max_length=6, choices=Mode, default=Mode.HARD)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    set_by = models.ForeignKey(
        "org.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    retired_at = models.DateTimeField(null=True, blank=True)
    # While somebody's override is in force: its number and its end. `limit_in_force` reads them.
    raised_to_usd = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    raised_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(limit_usd__gte=0), name="cap_is_not_negative"),
            models.CheckConstraint(
                condition=Q(raised_to_usd__isnull=True, raised_until__isnull=True)
                | Q(raised_to_usd__gt=F("limit_usd"), raised_until__isnull=False),
                name="cap_is_raised_until_a_moment",
            ),
            models.UniqueConstraint(
                fields=["scope", "window", "mode"],
                condition=Q(retired_at__isnull=True),
                name="cap_stands_once_per_window",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.limit_usd} a {self.get_window_display()}"

    @property
    def public_id(self) -> str:
        return f"cap:{self.pk}"


class ScopeStep(models.Model):
    """One move of a scope's state; never changed."""

    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="steps")
    from_state = models.CharField(max_length=12, choices=ScopeState)
    to_state = models.CharField(max_length=12, choices=ScopeState)
    epoch = models.PositiveIntegerField()
    code = models.CharField(max_length=40)
    text = models.TextField()
    at = models.DateTimeField()
    by = models.ForeignKey(
        "org.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    cap = models.ForeignKey(
        Cap, on_delete=models.PROTECT, related_name="trips", null=True, blank=True
    )
    spent_usd = models.DecimalField(max_digits=28, decimal_places=12, null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.scope_id}: {self.from_state} → {self.to_state}"
