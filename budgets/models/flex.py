"""Flex rules: what a core budget is for each unit of work, and the steps it took by volume."""

from __future__ import annotations

from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from finops.flex import UNIT_COST_ROOM, VOLUME_ROOM


class FlexRule(models.Model):
    """A standard for one core budget, from a fiscal period on; a later one supersedes.

    Proposed by one person, signed by another; its terms are never edited. The volumes are
    those planned, one for each period from `starts_on` to the end of the year.
    """

    class State(models.TextChoices):
        REQUESTED = "requested", "Waits for a signature"
        SIGNED = "signed", "Signed"
        REJECTED = "rejected", "Rejected"
        WITHDRAWN = "withdrawn", "Withdrawn"

    budget = models.ForeignKey("budgets.Budget", on_delete=models.PROTECT, related_name="flex")
    number = models.PositiveSmallIntegerField()
    definition = models.ForeignKey(
        "ingestion.OutcomeDefinition", on_delete=models.PROTECT, related_name="+"
    )
    starts_on = models.DateField()
    fixed_usd = models.DecimalField(max_digits=18, decimal_places=2)
    tokens_per_unit = models.DecimalField(max_digits=18, decimal_places=3)
    usd_per_mtok = models.DecimalField(max_digits=20, decimal_places=6)
    planned_volumes = ArrayField(models.DecimalField(max_digits=18, decimal_places=3))
    # Tier → [share of the tokens, dollars per million]; empty where no mix is standard.
    standard_mix = models.JSONField(default=dict, blank=True)
    unit_cost_room = models.DecimalField(max_digits=6, decimal_places=3, default=UNIT_COST_ROOM)
    volume_room = models.DecimalField(max_digits=6, decimal_places=3, default=VOLUME_ROOM)
    target_margin = models.DecimalField(max_digits=6, decimal_places=4, null=True, blank=True)
    reason = models.TextField()
    state = models.CharField(max_length=10, choices=State, default=State.REQUESTED)
    approval = models.OneToOneField(
        "org.Approval", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    requested_by = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["budget", "number"], name="flex_rule_is_numbered_once_per_budget"
            ),
            models.UniqueConstraint(
                fields=["budget"],
                condition=Q(state="requested"),
                name="flex_rule_waits_once_per_budget",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["signed", "rejected"], approval__isnull=False)
                | Q(state__in=["requested", "withdrawn"], approval__isnull=True),
                name="flex_rule_names_its_decision",
            ),
            models.CheckConstraint(
                condition=Q(fixed_usd__gte=0, tokens_per_unit__gt=0, usd_per_mtok__gt=0),
                name="flex_rule_has_a_standard",
            ),
            models.CheckConstraint(
                condition=Q(unit_cost_room__gte=1, volume_room__gte=1),
                name="flex_rule_has_room",
            ),
        ]

    def __str__(self) -> str:
        return f"Flex rule {self.number} of {self.budget}"


class FlexStep(models.Model):
    """What a rule made of one fiscal period: money that moved, and money that waits.

    The figures are those of the day it was taken and are never edited.
    """

    class State(models.TextChoices):
        DONE = "done", "Moved by the rule"
        WAITING = "waiting", "Waits for a signature"
        SIGNED = "signed", "Signed"
        REJECTED = "rejected", "Rejected"

    budget = models.ForeignKey("budgets.Budget", on_delete=models.PROTECT, related_name="+")
    rule = models.ForeignKey(FlexRule, on_delete=models.PROTECT, related_name="steps")
    period = models.CharField(max_length=20)
    starts_on = models.DateField()
    ends_on = models.DateField()
    planned_volume = models.DecimalField(max_digits=18, decimal_places=3)
    volume = models.DecimalField(max_digits=18, decimal_places=3)
    actual_usd = models.DecimalField(max_digits=30, decimal_places=12)
    tokens = models.BigIntegerField()
    granted_usd = models.DecimalField(max_digits=18, decimal_places=2)
    waiting_usd = models.DecimalField(max_digits=18, decimal_places=2, default=Decimal(0))
    why = models.TextField(blank=True)
    state = models.CharField(max_length=8, choices=State)
    by_rule = models.OneToOneField(
        "budgets.BudgetRevision", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    by_signature = models.OneToOneField(
        "budgets.BudgetRevision", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    approval = models.OneToOneField(
        "org.Approval", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["budget", "starts_on"], name="flex_step_is_taken_once_per_period"
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gt=F("starts_on")), name="flex_step_ends_after_it_starts"
            ),
            models.CheckConstraint(
                condition=Q(granted_usd=0) ^ Q(by_rule__isnull=False),
                name="flex_step_names_what_it_moved",
            ),
            models.CheckConstraint(
                condition=Q(state="done", waiting_usd=0) | Q(~Q(state="done"), ~Q(waiting_usd=0)),
                name="flex_step_that_is_done_waits_for_nothing",
            ),
            models.CheckConstraint(
                condition=Q(state="signed", by_signature__isnull=False, approval__isnull=False)
                | Q(state="rejected", by_signature__isnull=True, approval__isnull=False)
                | Q(state__in=["done", "waiting"], by_signature__isnull=True, approval=None),
                name="flex_step_names_its_decision",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.period} of {self.budget}"
