"""Trip tests: a synthetic loop against a copy of a scope's daily cap, and where it was stopped."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from policy.models.guardrails import Cap, Scope


class TripTest(models.Model):
    """One live test; what it measured is written once, when it is over.

    The loop runs in `trial`, a scope of its own beneath the tested one. Its dollars are
    rows of `TripCall` and nothing else: no ledger, budget or cap of anybody counts them.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "Waits for a worker"
        RUNNING = "running", "Running"
        DONE = "done", "Stopped by the breaker"
        FAILED = "failed", "Came to no result"

    LIVE = (State.QUEUED, State.RUNNING)

    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="trip_tests")
    cap = models.ForeignKey(Cap, on_delete=models.PROTECT, related_name="+")
    cap_usd = models.DecimalField(max_digits=18, decimal_places=2)
    call_usd = models.DecimalField(max_digits=28, decimal_places=12)
    calls_per_second = models.DecimalField(max_digits=12, decimal_places=4)
    is_rate_limited = models.BooleanField()  # the speed is that of the published limits a minute
    asked_by = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    trial = models.OneToOneField(
        Scope, on_delete=models.PROTECT, related_name="trip_test", null=True, blank=True
    )
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    failure = models.TextField(blank=True)
    revision = models.PositiveIntegerField(null=True, blank=True)  # that carries the block
    calls = models.PositiveIntegerField(null=True, blank=True)  # until the cap was reached
    late_calls = models.PositiveIntegerField(null=True, blank=True)  # that passed beyond it
    stopped_usd = models.DecimalField(max_digits=28, decimal_places=12, null=True, blank=True)
    # Seconds from the call that reached the cap: to the published refusal, to the last router.
    published_after_s = models.DecimalField(max_digits=9, decimal_places=3, null=True, blank=True)
    seen_after_s = models.DecimalField(max_digits=9, decimal_places=3, null=True, blank=True)
    killed_after_s = models.DecimalField(max_digits=9, decimal_places=3, null=True, blank=True)
    routers = models.PositiveIntegerField(null=True, blank=True)  # connected when the cap was hit

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["scope"],
                condition=Q(state__in=["queued", "running"]),
                name="scope_is_tested_once_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(cap_usd__gt=0, call_usd__gt=0, calls_per_second__gt=0),
                name="trip_test_spends_something",
            ),
            models.CheckConstraint(
                condition=Q(
                    state="done",
                    revision__isnull=False,
                    calls__isnull=False,
                    late_calls__isnull=False,
                    stopped_usd__gte=F("cap_usd"),
                    published_after_s__isnull=False,
                    killed_after_s__isnull=False,
                    routers__isnull=False,
                )
                | ~Q(state="done"),
                name="trip_test_that_is_done_has_measured",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["done", "failed"], finished_at__isnull=False)
                | Q(state__in=["queued", "running"], finished_at__isnull=True),
                name="trip_test_that_is_over_says_when",
            ),
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(failure=""),
                name="trip_test_that_failed_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"Trip test {self.pk} of {self.scope}"

    @property
    def workflow(self) -> str:
        """Return the workflow by which a call falls under the trial while it runs."""
        return f"tokenops-trip-test-{self.pk}"

    @property
    def overshoot_share(self) -> Decimal | None:
        """Return by which share of the cap the loop went beyond it; None before it is done."""
        if self.stopped_usd is None:
            return None
        return (self.stopped_usd - self.cap_usd) / self.cap_usd


class TripCall(models.Model):
    """Synthetic calls that were reported at once; the trial's meter is their sum."""

    test = models.ForeignKey(TripTest, on_delete=models.PROTECT, related_name="reports")
    calls = models.PositiveIntegerField()
    usd = models.DecimalField(max_digits=28, decimal_places=12)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(usd__gt=0, calls__gt=0), name="trip_call_costs")
        ]

    def __str__(self) -> str:
        return f"{self.calls} calls of {self.test}"


class TripSighting(models.Model):
    """A router that reported the block, and how long after the cap was reached."""

    test = models.ForeignKey(TripTest, on_delete=models.PROTECT, related_name="sightings")
    sidecar = models.CharField(max_length=120)
    revision = models.PositiveIntegerField()
    after_s = models.DecimalField(max_digits=9, decimal_places=3)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["test", "sidecar"], name="trip_test_is_seen_once_per_router"
            )
        ]

    def __str__(self) -> str:
        return f"{self.sidecar} saw {self.test}"
