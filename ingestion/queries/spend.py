"""What was spent: totals and days of the company, a unit or a cost object."""

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Count, F, Max, Min, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from finops.periods import ONE_DAY, Period
from ingestion.models import CostStatus, UnitDay
from org.models import CostObject, Unit

ZERO_USD = Decimal("0.000000000000")


class Spent(NamedTuple):
    """The sum of a scope's metered spend; `usd` leaves out `unpriced_calls`."""

    usd: Decimal
    calls: int
    tokens: int
    unpriced_calls: int


class UnitSpend(NamedTuple):
    """What was booked to one unit itself, or to none; `core_usd` is without cost objects."""

    unit_id: int | None
    usd: Decimal
    core_usd: Decimal
    calls: int
    unpriced_calls: int


def spent(
    *,
    period: Period,
    unit: Unit | None = None,
    cost_object: CostObject | None = None,
    core_only: bool = False,
    experiment_only: bool = False,
) -> Spent:
    """Return what the scope spent in the period's reporting days.

    A unit includes everything beneath it; `core_only` leaves experiments out,
    `experiment_only` the days on which a cost object ran in core. Only
    rows of the metering source of record count, so that no money counts twice.
    """
    days = _days(period=period, unit=unit, cost_object=cost_object, core_only=core_only)
    if experiment_only:
        days = days.filter(is_core=False)
    found = days.aggregate(
        spent_usd=Coalesce(Sum("cost_usd"), ZERO_USD),
        all_calls=Coalesce(Sum("calls"), 0),
        all_tokens=Coalesce(Sum(F("in_tokens") + F("out_tokens")), 0),
        unpriced=Coalesce(Sum("calls", filter=Q(status=CostStatus.UNPRICED)), 0),
    )
    return Spent(
        usd=found["spent_usd"],
        calls=int(found["all_calls"]),
        tokens=int(found["all_tokens"]),
        unpriced_calls=int(found["unpriced"]),
    )


def daily_spend(
    *,
    period: Period,
    unit: Unit | None = None,
    cost_object: CostObject | None = None,
    core_only: bool = False,
) -> list[tuple[date, Decimal]]:
    """Return the spend of every day of the period that the ledger reaches.

    A day without rows between the ledger's first and last day cost nothing; a day
    outside of them is not known yet, so it is left out rather than zero.
    """
    reach = data_days()
    if reach is None:
        return []
    start, end = max(period.start, reach.start), min(period.end, reach.end)
    days = _days(period=period, unit=unit, cost_object=cost_object, core_only=core_only)
    found = dict(
        days.values("reporting_day")
        .annotate(usd=Sum("cost_usd"))
        .values_list("reporting_day", "usd")
    )
    listed = (start + ONE_DAY * number for number in range((end - start).days))
    return [(day, found.get(day, ZERO_USD)) for day in listed]


def data_days() -> Period | None:
    """Return the reporting days from the first to the last that hold metered usage."""
    first, last = (
        UnitDay.objects.filter(metered=True)
        .aggregate(first=Min("reporting_day"), last=Max("reporting_day"))
        .values()
    )
    return Period(first, last + ONE_DAY) if first and last else None


def spend_by_unit(*, period: Period) -> list[UnitSpend]:
    """Return what was booked to each unit itself in the period, Unallocated included."""
    rows = (
        _days(period=period, unit=None, cost_object=None, core_only=False)
        .values("unit_id")
        .annotate(
            usd=Sum("cost_usd"),
            core_usd=Coalesce(Sum("cost_usd", filter=Q(is_core=True)), ZERO_USD),
            calls_made=Sum("calls"),
            unpriced=Coalesce(Sum("calls", filter=Q(status=CostStatus.UNPRICED)), 0),
        )
        .values_list("unit_id", "usd", "core_usd", "calls_made", "unpriced")
    )
    return [UnitSpend(unit, usd, core, int(made), int(un)) for unit, usd, core, made, un in rows]


def models_used(
    *, period: Period, unit: Unit | None = None, cost_object: CostObject | None = None
) -> set[tuple[str, str]]:
    """Return the providers and models the scope used in the period."""
    days = _days(period=period, unit=unit, cost_object=cost_object, core_only=False)
    return set(days.values_list("provider", "model").distinct())


def unpriced_models(*, period: Period) -> int:
    """Count the models that were called in the period and have no price."""
    days = UnitDay.objects.filter(metered=True, status=CostStatus.UNPRICED, calls__gt=0)
    counted = days.filter(reporting_day__gte=period.start, reporting_day__lt=period.end).aggregate(
        models=Count("model", distinct=True)
    )
    return int(counted["models"])


def _days(
    *, period: Period, unit: Unit | None, cost_object: CostObject | None, core_only: bool
) -> QuerySet[UnitDay]:
    days = UnitDay.objects.filter(
        metered=True, reporting_day__gte=period.start, reporting_day__lt=period.end
    )
    if unit is not None:
        days = days.filter(unit__path__startswith=unit.path)
    if cost_object is not None:
        days = days.filter(cost_object=cost_object)
    return days.filter(is_core=True) if core_only else days
