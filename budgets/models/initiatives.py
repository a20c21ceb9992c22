"""Initiatives: experiments as capped, dated bets with a named owner."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.fields.json import KeyTextTransform

from budgets.gate_lifecycle import LAST_GATE, GateState
from budgets.lifecycle import InitiativeAction, InitiativeState
from org.models import Unit, User

# The states in which the other department of a graduation reads what it signs or signed.
SIGNED_IN = (GateState.IN_REVIEW, GateState.PASSED)


class InitiativeQuerySet(models.QuerySet["Initiative"]):
    def visible_to(self, user: User) -> InitiativeQuerySet:
        """Keep those of units in sight, and those a unit in sight shares or is asked to share."""
        units = Unit.objects.visible_to(user)
        shared = self.model.objects.filter(graduations__parts__unit__in=units)
        asked = (
            self.model.objects.filter(gates__number=LAST_GATE, gates__state__in=SIGNED_IN)
            .annotate(other=KeyTextTransform("other", "gates__evidence__inputs"))
            .filter(other__in=units.values("slug"))
        )
        return self.filter(
            Q(unit__in=units) | Q(pk__in=shared.values("pk")) | Q(pk__in=asked.values("pk"))
        )


class Initiative(models.Model):
    """An experiment, from its draft to its end.

    `version` rises with every change, so that nobody decides on terms that are no longer
    the ones they read.
    """

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    unit = models.ForeignKey("org.Unit", on_delete=models.PROTECT, related_name="initiatives")
    hypothesis = models.TextField()
    owner = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")
    on_call = models.ForeignKey(
        "org.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    cap_usd = models.DecimalField(max_digits=18, decimal_places=2)
    daily_cap_usd = models.DecimalField(max_digits=18, decimal_places=2)
    starts_on = models.DateField()
    ends_on = models.DateField()  # outside: the first day without the experiment
    stop_loss_pct = models.PositiveSmallIntegerField(null=True, blank=True)
    unit_of_work = models.CharField(max_length=80, blank=True)
    outcome_source = models.CharField(max_length=120, blank=True)
    # How many of them are expected until the end date.
    expected_volume = models.PositiveIntegerField(null=True, blank=True)
    task_types = ArrayField(models.CharField(max_length=80), default=list, blank=True)
    allowed_models = ArrayField(models.CharField(max_length=160), default=list, blank=True)
    match = models.JSONField(default=list)
    state = models.CharField(max_length=12, choices=InitiativeState, default=InitiativeState.DRAFT)
    version = models.PositiveIntegerField(default=1)
    cost_object = models.OneToOneField(
        "org.CostObject",
        on_delete=models.PROTECT,
        related_name="initiative",
        null=True,
        blank=True,
    )
    requested_by = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    objects = InitiativeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(cap_usd__gt=0, daily_cap_usd__gt=0),
                name="initiative_caps_are_positive",
            ),
            models.CheckConstraint(
                condition=Q(daily_cap_usd__lte=F("cap_usd")),
                name="initiative_day_fits_its_cap",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gt=F("starts_on")), name="initiative_ends_after_it_starts"
            ),
            models.CheckConstraint(
                condition=Q(expected_volume__isnull=True) | Q(expected_volume__gt=0),
                name="initiative_expects_something_or_says_nothing",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class InitiativeStep(models.Model):
    """One move of an initiative along its lifecycle, with the terms as they stood."""

    initiative = models.ForeignKey(Initiative, on_delete=models.PROTECT, related_name="steps")
    action = models.CharField(max_length=20)
    from_state = models.CharField(max_length=12)
    to_state = models.CharField(max_length=12)
    by = models.ForeignKey(
        "org.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    at = models.DateTimeField()
    reason = models.TextField(blank=True)
    terms = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["initiative"],
                condition=Q(action=InitiativeAction.GRANT_EXTENSION),
                name="initiative_is_extended_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.action} by {self.by}"
