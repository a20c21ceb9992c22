"""Allocation: versions of the ordered rules, and which unit each slice falls to when."""

from django.db import models
from django.db.models import F, Q


class RuleBook(models.Model):
    """A published version of the rules; the newest number is in force."""

    number = models.PositiveIntegerField(unique=True)
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(
        "org.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    reason = models.CharField(max_length=200)

    def __str__(self) -> str:
        return f"version {self.number}"


class Rule(models.Model):
    """If every condition of `when` holds, spend goes to the unit; first match wins."""

    book = models.ForeignKey(RuleBook, on_delete=models.PROTECT, related_name="rules")
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=120)
    when = models.JSONField()
    unit = models.ForeignKey("org.Unit", on_delete=models.PROTECT, related_name="rules")
    cost_object = models.ForeignKey(
        "org.CostObject", on_delete=models.PROTECT, related_name="rules", null=True, blank=True
    )
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["book", "position"], name="rule_has_its_own_place"),
            models.CheckConstraint(
                condition=Q(starts_on__isnull=True)
                | Q(ends_on__isnull=True)
                | Q(ends_on__gt=F("starts_on")),
                name="rule_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Assignment(models.Model):
    """Over these reporting days the slice belongs to this unit, by this rule.

    Without a unit it is Unallocated. Derived from the rule book in force: the days of
    one slice never overlap and leave no gap.
    """

    slice = models.ForeignKey(
        "ingestion.Slice", on_delete=models.CASCADE, related_name="assignments"
    )
    unit = models.ForeignKey(
        "org.Unit", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    cost_object = models.ForeignKey(
        "org.CostObject", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    rule = models.ForeignKey(
        Rule, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    starts_on = models.DateField()
    ends_on = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["slice", "starts_on"], name="assignment_starts_once"),
            models.CheckConstraint(
                condition=Q(ends_on__gt=F("starts_on")), name="assignment_ends_after_it_starts"
            ),
        ]

    def __str__(self) -> str:
        return f"slice {self.slice_id} → unit {self.unit_id}"
