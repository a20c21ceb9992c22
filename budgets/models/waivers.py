"""Milestone margin waivers: a product may stay below its floor, for a goal, a while, an amount."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import models
from django.db.models import F, Func, Q

from ingestion.models.standing import KEY
from org.models import Unit, User


class WaiverQuerySet(models.QuerySet["Waiver"]):
    def visible_to(self, user: User) -> WaiverQuerySet:
        return self.filter(unit__in=Unit.objects.visible_to(user))


class Waiver(models.Model):
    """What was asked for and, once signed, allowed; its terms are never edited.

    `expires_on` is the first day without it, whatever happens. What ended it, and when, is
    written down once; `ended_on` is the first day after.
    """

    class State(models.TextChoices):
        REQUESTED = "requested", "Waits for a signature"
        SIGNED = "signed", "Signed"
        REJECTED = "rejected", "Rejected"
        WITHDRAWN = "withdrawn", "Withdrawn"

    class Cause(models.TextChoices):
        TARGET = "target", "Target reached"
        EXPIRY = "expiry", "Expired"
        SPENT = "spent", "Amount used up"

    unit = models.ForeignKey("org.Unit", on_delete=models.PROTECT, related_name="waivers")
    product = models.SlugField(max_length=60)
    definition = models.ForeignKey(
        "ingestion.OutcomeDefinition", on_delete=models.PROTECT, related_name="+"
    )
    floor = models.DecimalField(max_digits=6, decimal_places=4)
    waived_floor = models.DecimalField(max_digits=6, decimal_places=4)
    target = models.PositiveBigIntegerField()
    starts_on = models.DateField()
    expires_on = models.DateField()
    most_usd = models.DecimalField(max_digits=18, decimal_places=2)
    reason = models.TextField()
    renews = models.ForeignKey(
        "self", on_delete=models.PROTECT, related_name="renewals", null=True, blank=True
    )
    # Of a renewal: what one result cost when it began, and when it was asked to go on.
    unit_cost_then_usd = models.DecimalField(
        max_digits=30, decimal_places=12, null=True, blank=True
    )
    unit_cost_now_usd = models.DecimalField(max_digits=30, decimal_places=12, null=True, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.REQUESTED)
    approval = models.OneToOneField(
        "org.Approval", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    requested_by = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    ended_on = models.DateField(null=True, blank=True)
    ended_by = models.CharField(max_length=6, choices=Cause, blank=True)
    ended_used_usd = models.DecimalField(max_digits=30, decimal_places=12, null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = WaiverQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["product"],
                condition=Q(state="requested"),
                name="waiver_waits_once_per_product",
            ),
            ExclusionConstraint(
                name="waivers_of_a_product_do_not_overlap",
                expressions=[
                    (Func(template=KEY.format("product", "product")), "&&"),
                    (
                        Func(
                            template="daterange(starts_on, COALESCE(ended_on, expires_on))",
                        ),
                        "&&",
                    ),
                ],
                condition=Q(state="signed"),
            ),
            models.UniqueConstraint(
                fields=["renews"],
                condition=Q(state__in=["requested", "signed"]),
                name="waiver_is_renewed_once",
            ),
            models.CheckConstraint(
                condition=Q(
                    waived_floor__lt=F("floor"), waived_floor__gt=-1, floor__lt=1, most_usd__gt=0
                )
                & Q(target__gt=0),
                name="waiver_allows_less_for_a_goal_and_an_amount",
            ),
            models.CheckConstraint(
                condition=Q(expires_on__gt=F("starts_on")), name="waiver_ends_after_it_starts"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["signed", "rejected"], approval__isnull=False)
                | Q(state__in=["requested", "withdrawn"], approval__isnull=True),
                name="waiver_names_its_decision",
            ),
            models.CheckConstraint(
                condition=Q(ended_on__isnull=True, ended_by="", ended_at__isnull=True)
                | Q(
                    state="signed",
                    ended_on__gte=F("starts_on"),
                    ended_on__lte=F("expires_on"),
                    ended_by__in=["target", "expiry", "spent"],
                    ended_at__isnull=False,
                ),
                name="waiver_that_ended_says_why",
            ),
            models.CheckConstraint(
                condition=Q(
                    renews__isnull=True,
                    unit_cost_then_usd__isnull=True,
                    unit_cost_now_usd__isnull=True,
                )
                | Q(
                    renews__isnull=False,
                    unit_cost_now_usd__isnull=False,
                    unit_cost_now_usd__lte=F("unit_cost_then_usd") * 9 / 10,
                ),
                name="waiver_is_renewed_where_unit_cost_fell_by_a_tenth",
            ),
        ]

    def __str__(self) -> str:
        return f"Waiver of {self.product} from {self.starts_on}"
