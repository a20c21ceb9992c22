"""Outcomes: what a unit of work is, when it counts as done, and what was done."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from ingestion.models.standing import Standing, days_in_order, stands_once
from org.models import Unit, User


class Result(models.TextChoices):
    """What became of a task; only success is an outcome that was wanted."""

    SUCCESS = "success", "Success"
    FAILURE = "failure", "Failure"
    ESCALATED = "escalated", "Escalated to a person"
    ABANDONED = "abandoned", "Abandoned"


class OutcomeDefinitionQuerySet(models.QuerySet["OutcomeDefinition"]):
    def visible_to(self, user: User) -> OutcomeDefinitionQuerySet:
        return self.filter(unit__in=Unit.objects.visible_to(user))


class OutcomeDefinition(models.Model):
    """A unit of work whose results are counted; what it means stands in its newest terms."""

    slug = models.SlugField(unique=True, max_length=60)
    unit = models.ForeignKey(
        "org.Unit", on_delete=models.PROTECT, related_name="outcome_definitions"
    )
    version = models.PositiveIntegerField(default=1)

    objects = OutcomeDefinitionQuerySet.as_manager()

    def __str__(self) -> str:
        return self.slug


class OutcomeTerms(models.Model):
    """What a definition means from one version to the next. Never edited.

    `workflows` are those whose calls do the work. A value is what one success brings;
    minutes are what it saves a person, known by `minutes_basis`.
    """

    class Kind(models.TextChoices):
        CUSTOMER = "customer", "Paid for by customers"
        INTERNAL = "internal", "Internal work"

    class Basis(models.TextChoices):
        TIMED = "timed", "Timed sample"
        CONTROL = "control", "Control group"
        SURVEY = "survey", "Survey"

    definition = models.ForeignKey(
        OutcomeDefinition, on_delete=models.PROTECT, related_name="versions"
    )
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=120)
    unit_of_work = models.CharField(max_length=80)
    success = models.CharField(max_length=500)
    owner = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")
    source = models.CharField(max_length=120)
    workflows = ArrayField(models.CharField(max_length=160))
    kind = models.CharField(max_length=8, choices=Kind)
    product = models.SlugField(max_length=60, blank=True)
    value_usd = models.DecimalField(max_digits=18, decimal_places=6, null=True, blank=True)
    minutes_saved = models.DecimalField(max_digits=10, decimal_places=3, null=True, blank=True)
    minutes_basis = models.CharField(max_length=7, choices=Basis, blank=True)
    loaded_usd_per_hour = models.DecimalField(
        max_digits=10, decimal_places=2, null=True, blank=True
    )
    review_usd = models.DecimalField(max_digits=18, decimal_places=6, null=True, blank=True)
    rework_usd = models.DecimalField(max_digits=18, decimal_places=6, null=True, blank=True)
    platform_usd_per_month = models.DecimalField(
        max_digits=18, decimal_places=2, null=True, blank=True
    )
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["definition", "number"], name="terms_are_numbered_once"
            ),
            models.CheckConstraint(
                condition=Q(kind="customer", product__gt="") | Q(kind="internal", product=""),
                name="work_for_customers_names_its_product",
            ),
            models.CheckConstraint(
                condition=Q(minutes_saved__isnull=True, minutes_basis="")
                | Q(minutes_saved__gte=0, minutes_basis__in=["timed", "control", "survey"]),
                name="minutes_saved_say_how_they_are_known",
            ),
            models.CheckConstraint(
                condition=Q(workflows__len__gt=0), name="definition_covers_a_workflow"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}, version {self.number}"


class Outcome(models.Model):
    """What became of one task, told once. Never edited."""

    definition = models.ForeignKey(
        OutcomeDefinition, on_delete=models.PROTECT, related_name="outcomes", db_index=False
    )
    terms = models.ForeignKey(OutcomeTerms, on_delete=models.PROTECT, related_name="+")
    outcome_id = models.CharField(max_length=160)
    workflow = models.CharField(max_length=160)
    task = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()
    reporting_day = models.DateField()
    result = models.CharField(max_length=9, choices=Result)
    value_usd = models.DecimalField(max_digits=18, decimal_places=6, null=True, blank=True)
    received_at = models.DateTimeField()
    received_by = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["definition", "outcome_id"], name="outcome_is_kept_once"
            ),
            models.CheckConstraint(
                condition=Q(result__in=Result.values), name="outcome_result_is_known"
            ),
        ]
        indexes = [
            models.Index(fields=["definition", "reporting_day", "result"], name="outcome_by_day")
        ]

    def __str__(self) -> str:
        return f"{self.outcome_id}: {self.result}"


class OutcomeConflict(models.Model):
    """An id that came again with other content: kept and shown, never counted."""

    outcome = models.ForeignKey(Outcome, on_delete=models.PROTECT, related_name="conflicts")
    content = models.JSONField()
    received_at = models.DateTimeField()
    received_by = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["outcome", "content"], name="outcome_conflict_is_kept_once"
            )
        ]

    def __str__(self) -> str:
        return f"another {self.outcome_id}"


class MonthlyCount(Standing):
    """What somebody counted of a fiscal period; it stands before the records of its days."""

    definition = models.ForeignKey(
        OutcomeDefinition, on_delete=models.PROTECT, related_name="monthly_counts"
    )
    started = models.PositiveBigIntegerField()
    succeeded = models.PositiveBigIntegerField()
    escalated = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            stands_once("definition_id::text", "count_of_a_day_stands_once"),
            days_in_order("count_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(started__gte=F("succeeded") + F("escalated")),
                name="no_more_succeed_than_are_started",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.succeeded} of {self.started} from {self.starts_on}"
