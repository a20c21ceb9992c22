"""Usage by the minute: only of the last hours, only of what guardrails watch."""

from django.db import models
from django.db.models import Q


class MinuteUse(models.Model):
    """What a unit's metered calls of one minute were; without a unit they are Unallocated.

    Written in the transaction that stores the calls, and dropped after a day.
    """

    minute = models.DateTimeField()
    unit = models.ForeignKey(
        "org.Unit", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    cost_object = models.ForeignKey(
        "org.CostObject", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    calls = models.BigIntegerField()
    tokens = models.BigIntegerField()
    cost_usd = models.DecimalField(max_digits=28, decimal_places=12)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["minute", "unit", "cost_object"],
                nulls_distinct=False,
                name="minute_is_summed_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.minute} unit {self.unit_id}"


class MinuteWatch(models.Model):
    """Something whose minutes are counted: a unit with all beneath it, or a cost object.

    Without either it is everything. Policy says what is watched.
    """

    unit = models.OneToOneField(
        "org.Unit", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    cost_object = models.OneToOneField(
        "org.CostObject", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(unit__isnull=True) | Q(cost_object__isnull=True),
                name="watch_is_of_one_thing",
            ),
            models.UniqueConstraint(
                fields=["unit", "cost_object"], nulls_distinct=False, name="watch_stands_once"
            ),
        ]

    def __str__(self) -> str:
        return f"watch of unit {self.unit_id}, cost object {self.cost_object_id}"
