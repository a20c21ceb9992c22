"""Business figures beside the spend: revenue and other costs of a product, headcount."""

from django.db import models
from django.db.models import Q

from ingestion.models.standing import Standing, days_in_order, stands_once


class Revenue(Standing):
    """What a product brought in over some days."""

    product = models.SlugField(max_length=60)
    amount_usd = models.DecimalField(max_digits=18, decimal_places=2)

    class Meta:
        constraints = [
            stands_once("product", "revenue_of_a_day_stands_once"),
            days_in_order("revenue_ends_after_it_starts"),
        ]

    def __str__(self) -> str:
        return f"{self.product} from {self.starts_on}: {self.amount_usd}"


class OtherCogs(Standing):
    """What delivering a product cost over some days beside the calls of models."""

    product = models.SlugField(max_length=60)
    amount_usd = models.DecimalField(max_digits=18, decimal_places=2)

    class Meta:
        verbose_name_plural = "other costs of goods sold"
        constraints = [
            stands_once("product", "other_cost_of_a_day_stands_once"),
            days_in_order("other_cost_ends_after_it_starts"),
        ]

    def __str__(self) -> str:
        return f"{self.product} from {self.starts_on}: {self.amount_usd}"


class Headcount(Standing):
    """How many people a unit has in a month and what they cost it, all in all."""

    unit = models.ForeignKey("org.Unit", on_delete=models.PROTECT, related_name="headcounts")
    people = models.DecimalField(max_digits=9, decimal_places=2)
    loaded_cost_usd = models.DecimalField(max_digits=18, decimal_places=2)

    class Meta:
        constraints = [
            stands_once("unit_id::text", "headcount_of_a_day_stands_once"),
            days_in_order("headcount_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(people__gte=0, loaded_cost_usd__gte=0),
                name="headcount_is_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit} from {self.starts_on}: {self.people}"
