"""What people say of the days of a baseline: planned holidays, outages, freezes that are lifted."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length
from django.db.models.lookups import GreaterThanOrEqual

from finops.periods import ONE_DAY
from finops.stability.notes import LEAST_REASON

MOST_HOURS = 24


class BaselineNoteQuerySet(models.QuerySet["BaselineNote"]):
    def standing(self) -> BaselineNoteQuerySet:
        """Leave out what was withdrawn, and the rows that withdraw."""
        return self.filter(withdraws__isnull=True, withdrawn_by__isnull=True)


class BaselineNote(models.Model):
    """A person's word on some days; never changed, withdrawn by a later row.

    It is about one experiment, about all of a unit and beneath it, or, without either, about the
    whole company. `ends_on` is the first day without it. The database fills in the person.
    """

    class Kind(models.TextChoices):
        HOLIDAY = "holiday", "Planned holiday"
        OUTAGE = "outage", "Outage of a provider"
        FREEZE_LIFTED = "freeze_lifted", "Freeze lifted"

    kind = models.CharField(max_length=14, choices=Kind)
    initiative = models.ForeignKey(
        "budgets.Initiative",
        on_delete=models.PROTECT,
        related_name="baseline_notes",
        null=True,
        blank=True,
    )
    unit = models.ForeignKey(
        "org.Unit", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    starts_on = models.DateField()
    ends_on = models.DateField()
    provider = models.CharField(max_length=60, blank=True)
    hours = models.DecimalField(max_digits=4, decimal_places=2, null=True, blank=True)
    reason = models.TextField()
    link = models.URLField(max_length=500, blank=True)
    withdraws = models.OneToOneField(
        "self", on_delete=models.PROTECT, related_name="withdrawn_by", null=True, blank=True
    )
    by = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(
        "org.Person", on_delete=models.PROTECT, related_name="+", editable=False
    )
    at = models.DateTimeField()

    objects = BaselineNoteQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["starts_on"], name="baseline_note_by_day")]
        constraints = [
            models.CheckConstraint(
                condition=Q(initiative__isnull=True) | Q(unit__isnull=True),
                name="baseline_note_is_about_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gt=F("starts_on")), name="baseline_note_has_a_day"
            ),
            models.CheckConstraint(
                condition=(Q(kind="outage", hours__gt=0, hours__lte=MOST_HOURS) & ~Q(provider=""))
                | (Q(hours__isnull=True, provider="") & ~Q(kind="outage")),
                name="outage_names_its_provider_and_hours",
            ),
            models.CheckConstraint(
                condition=~Q(kind="freeze_lifted") | Q(initiative__isnull=False),
                name="freeze_is_lifted_of_one_experiment",
            ),
            models.CheckConstraint(
                condition=~Q(kind="freeze_lifted")
                | Q(GreaterThanOrEqual(Length("reason"), LEAST_REASON)),
                name="lifted_freeze_says_what_is_done",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="baseline_note_says_why"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} from {self.starts_on}"

    @property
    def last_on(self) -> date:
        """The last day it is about."""
        return self.ends_on - ONE_DAY

    @property
    def about(self) -> str:
        """Whom it is about, in words."""
        return str(self.initiative or self.unit or "The whole company")
