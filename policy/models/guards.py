"""Guards: what is watched of a scope beside its caps, and the tests of one that was blocked."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from finops.breaker_readings import DOWNGRADE_AT, SLOW_AT
from finops.breaker_watch import CALM_BELOW

KEEP_FRACTION = Decimal("0.5")
PROBE_CALLS = 10
_LIMITS = (
    "requests_per_minute",
    "tokens_per_minute",
    "usd_per_minute",
    "concurrency",
    "task_steps",
    "task_usd",
    "loop_calls",
    "loop_window_s",
    "probe_calls",
)


class Guard(models.Model):
    """Rates, task limits, the signature of a loop, the margin's floor and the thresholds.

    One stands for a scope at a time; another retires it, so that an old move can still be
    explained. What is None is not limited.
    """

    scope = models.ForeignKey("policy.Scope", on_delete=models.PROTECT, related_name="guards")
    requests_per_minute = models.PositiveIntegerField(null=True, blank=True)
    tokens_per_minute = models.PositiveBigIntegerField(null=True, blank=True)
    usd_per_minute = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    concurrency = models.PositiveIntegerField(null=True, blank=True)
    task_steps = models.PositiveIntegerField(null=True, blank=True)
    task_usd = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    loop_calls = models.PositiveIntegerField(null=True, blank=True)
    loop_window_s = models.PositiveIntegerField(null=True, blank=True)
    margin_floor = models.DecimalField(max_digits=5, decimal_places=4, null=True, blank=True)
    slow_at = models.DecimalField(max_digits=5, decimal_places=4, default=SLOW_AT)
    downgrade_at = models.DecimalField(max_digits=5, decimal_places=4, default=DOWNGRADE_AT)
    keep_fraction = models.DecimalField(max_digits=5, decimal_places=4, default=KEEP_FRACTION)
    probe_calls = models.PositiveIntegerField(default=PROBE_CALLS)
    set_by = models.ForeignKey(
        "org.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    set_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["scope"],
                condition=Q(retired_at__isnull=True),
                name="guard_stands_once_per_scope",
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{name}__isnull": True}) | Q(**{f"{name}__gt": 0}),
                    name=f"guard_{name}_is_above_zero",
                )
                for name in _LIMITS
            ),
            models.CheckConstraint(
                condition=Q(loop_calls__isnull=True, loop_window_s__isnull=True)
                | Q(loop_calls__isnull=False, loop_window_s__isnull=False),
                name="guard_loop_has_calls_and_window",
            ),
            models.CheckConstraint(
                condition=Q(margin_floor__isnull=True) | Q(margin_floor__gt=0, margin_floor__lt=1),
                name="guard_margin_floor_is_a_share",
            ),
            models.CheckConstraint(
                condition=Q(slow_at__gte=CALM_BELOW, slow_at__lte=F("downgrade_at"))
                & Q(downgrade_at__lte=1),
                name="guard_thresholds_are_in_order",
            ),
            models.CheckConstraint(
                condition=Q(keep_fraction__gt=0, keep_fraction__lt=1),
                name="guard_keeps_some_calls_not_all",
            ),
        ]

    def __str__(self) -> str:
        return f"guard {self.pk} of {self.scope_id}"


class Probe(models.Model):
    """Calls set apart for the test of a half-open scope, which routers take by lease."""

    scope = models.ForeignKey("policy.Scope", on_delete=models.PROTECT, related_name="probes")
    epoch = models.PositiveIntegerField()  # the scope's, when the test began
    calls = models.PositiveIntegerField()
    taken = models.PositiveIntegerField(default=0)
    opened_at = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scope", "epoch"], name="probe_is_opened_once"),
            models.CheckConstraint(
                condition=Q(taken__lte=F("calls")), name="probe_gives_no_more_than_allowed"
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return f"probe:{self.pk}:{self.epoch}"
