"""What a scope brought in, and what it cost beside its calls, over any span of time."""

from django.db import models
from django.db.models import F, Q


class MarginFigures(models.Model):
    """The figures somebody sent under an id of theirs; spans are half-open."""

    scope = models.ForeignKey("policy.Scope", on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    revenue_usd = models.DecimalField(max_digits=24, decimal_places=6)
    other_cogs_usd = models.DecimalField(max_digits=24, decimal_places=6)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")

    class Meta:
        abstract = True


class MarginEntry(MarginFigures):
    """Revenue and other costs that count; never edited. Entries of one time add up."""

    scope = models.ForeignKey("policy.Scope", on_delete=models.PROTECT, related_name="margins")
    key = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key"], name="margin_entry_is_kept_once"),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="margin_entry_ends_after_it_starts"
            ),
            models.CheckConstraint(
                condition=Q(revenue_usd__gte=0, other_cogs_usd__gte=0),
                name="margin_entry_is_not_negative",
            ),
        ]
        indexes = [models.Index(fields=["scope", "ends_at"], name="margin_entry_of_scope")]

    def __str__(self) -> str:
        return self.key


class MarginConflict(MarginFigures):
    """An id that came again with other figures: kept and shown, never counted."""

    entry = models.ForeignKey(MarginEntry, on_delete=models.PROTECT, related_name="conflicts")

    def __str__(self) -> str:
        return f"conflict of {self.entry_id}"
