"""What the ledger holds of many experiments day by day, read in a few questions for all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Max, Q, Sum

from budgets.models import Initiative
from finops.money import ROUNDED, calculated_in
from finops.periods import ONE_DAY, Period
from ingestion.models import CostStatus, UnitDay
from ingestion.queries.spend import ZERO_USD, data_days

Model = tuple[str, str]


class Watched(NamedTuple):
    """An experiment and the days of it that are looked at."""

    initiative: Initiative
    period: Period


class DayUse(NamedTuple):
    """What a day came to; `usd` leaves out `unpriced_calls`."""

    usd: Decimal
    calls: int
    unpriced_calls: int

    @property
    @calculated_in(ROUNDED)
    def coverage(self) -> Decimal:
        """The share of the day's calls whose cost is known; of none, all of it."""
        return Decimal(self.calls - self.unpriced_calls) / self.calls if self.calls else Decimal(1)


UNUSED = DayUse(ZERO_USD, 0, 0)


@dataclass(slots=True)
class Usage:
    """The metered days of an experiment since it began, and by which models.

    `told_until` is the last day that each provider it uses has told of, to whomever: one that
    went silent holds the days back, for nobody can say that they are whole.
    """

    days: dict[date, DayUse] = field(default_factory=dict)
    models: set[Model] = field(default_factory=set)
    told_until: date | None = None


def usage_of(watched: Sequence[Watched]) -> dict[int, Usage]:
    """Return the usage of each experiment, by its key."""
    found = {each.initiative.pk: Usage() for each in watched}
    by_object = {each.initiative.cost_object_id: each for each in watched}
    for cost_object, day, provider, model, *measures in _rows(watched):
        initiative, period = by_object[cost_object]
        if day < initiative.starts_on:
            continue
        usage = found[initiative.pk]
        usage.days[day] = _plus(usage.days.get(day, UNUSED), *measures)
        if day in period:
            usage.models.add((provider, model))
    told = _told_until(found.values())
    for usage in found.values():
        used = {provider for provider, _ in usage.models}
        usage.told_until = min((told[provider] for provider in used), default=None)
    return found


def reached() -> Period | None:
    """Return the days that the ledger reaches: before and after them nothing is known."""
    return data_days()


def _rows(watched: Sequence[Watched]) -> Iterable[Any]:
    if not watched:
        return []
    rows = UnitDay.objects.filter(
        metered=True,
        cost_object__in=[each.initiative.cost_object_id for each in watched],
        reporting_day__gte=min(each.initiative.starts_on for each in watched),
        reporting_day__lt=max(each.period.end for each in watched),
    )
    key = ("cost_object", "reporting_day", "provider", "model")
    unpriced = Sum("calls", filter=Q(status=CostStatus.UNPRICED), default=0)
    summed = rows.order_by().values(*key).annotate(usd=Sum("cost_usd"), n=Sum("calls"), un=unpriced)
    rows_of_days: Iterable[Any] = summed.values_list(*key, "usd", "n", "un")
    return rows_of_days


def _plus(day: DayUse, usd: Decimal, calls: int, unpriced: int) -> DayUse:
    return DayUse(day.usd + usd, day.calls + int(calls), day.unpriced_calls + int(unpriced))


def _told_until(usages: Iterable[Usage]) -> dict[str, date]:
    providers = {provider for usage in usages for provider, _ in usage.models}
    rows = UnitDay.objects.filter(metered=True, provider__in=sorted(providers)).order_by()
    last = rows.values("provider").annotate(last=Max("reporting_day"))
    return dict(last.values_list("provider", "last"))


def days_in(period: Period) -> list[date]:
    return [period.start + ONE_DAY * number for number in range(period.days)]
