"""What a cost object's calls came to: by day, by model, and their tokens by class."""

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from finops.money import ROUNDED
from finops.periods import Period
from finops.rules import When, matches
from finops.tokens import TOKEN_CLASSES
from ingestion.models import CostStatus, Slice, SliceDay, UnitDay
from ingestion.queries.rules import attributes_of
from ingestion.queries.spend import ZERO_USD
from org.models import CostObject

_USD = Coalesce(Sum("cost_usd"), ZERO_USD)
_CALLS = Sum("calls")
_UNPRICED = Coalesce(Sum("calls", filter=Q(status=CostStatus.UNPRICED)), 0)


class DayCost(NamedTuple):
    """One day with calls; `usd` leaves out `unpriced_calls`, whose cost is unknown."""

    usd: Decimal
    calls: int
    unpriced_calls: int


class ModelCost(NamedTuple):
    """One model over some days."""

    provider: str
    model: str
    usd: Decimal
    calls: int
    unpriced_calls: int
    in_tokens: int
    out_tokens: int


def cost_by_day(*, cost_object: CostObject, period: Period) -> dict[date, DayCost]:
    """Return the days of the period that have calls."""
    rows = (
        _days(cost_object, period)
        .values("reporting_day")
        .annotate(usd=_USD, n=_CALLS, un=_UNPRICED)
    )
    found = rows.order_by("reporting_day").values_list("reporting_day", "usd", "n", "un")
    return {day: DayCost(usd, int(calls), int(unpriced)) for day, usd, calls, unpriced in found}


def cost_by_model(*, cost_object: CostObject, period: Period) -> list[ModelCost]:
    """Return what each model cost in the period, the dearest first."""
    rows = (
        _days(cost_object, period)
        .values("provider", "model")
        .annotate(
            usd=_USD, n=_CALLS, un=_UNPRICED, read=Sum("in_tokens"), written=Sum("out_tokens")
        )
        .values_list("provider", "model", "usd", "n", "un", "read", "written")
    )
    found = [
        ModelCost(provider, model, usd, int(calls), int(unpriced), int(read), int(written))
        for provider, model, usd, calls, unpriced, read, written in rows
    ]
    return sorted(found, key=lambda each: (-each.usd, each.provider, each.model))


def tokens_by_class(*, cost_object: CostObject, period: Period) -> dict[str, int]:
    """Return the tokens of each class that there were any of, in the order of the classes."""
    days = SliceDay.objects.filter(
        metered=True,
        reporting_day__gte=period.start,
        reporting_day__lt=period.end,
        slice__assignments__cost_object=cost_object,
        slice__assignments__starts_on__lte=F("reporting_day"),
        slice__assignments__ends_on__gt=F("reporting_day"),
    )
    sums = days.aggregate(**{f"sum_{name}": Sum(name) for name in TOKEN_CLASSES})
    found = ((name, sums[f"sum_{name}"]) for name in TOKEN_CLASSES)
    return {name: int(count) for name, count in found if count}


def _days(cost_object: CostObject, period: Period) -> QuerySet[UnitDay]:
    return UnitDay.objects.filter(
        metered=True,
        cost_object=cost_object,
        reporting_day__gte=period.start,
        reporting_day__lt=period.end,
    )


def share_where(*, cost_object: CostObject, period: Period, when: When) -> Decimal | None:
    """Return which share of the object's cost its calls with these attributes made.

    None where it cost nothing, or where some of its calls have no price.
    """
    rows = (
        SliceDay.objects.filter(
            metered=True,
            reporting_day__gte=period.start,
            reporting_day__lt=period.end,
            slice__assignments__cost_object=cost_object,
            slice__assignments__starts_on__lte=F("reporting_day"),
            slice__assignments__ends_on__gt=F("reporting_day"),
        )
        .values("slice")
        .annotate(usd=_USD, un=_UNPRICED)
    )
    found = {row["slice"]: (row["usd"], int(row["un"])) for row in rows.order_by()}
    total = sum((usd for usd, _ in found.values()), Decimal(0))
    if total <= 0 or any(unpriced for _, unpriced in found.values()):
        return None
    slices = Slice.objects.filter(pk__in=list(found))
    theirs = (found[each.pk][0] for each in slices if matches(when, attributes_of(each)))
    return ROUNDED.divide(sum(theirs, Decimal(0)), total)
