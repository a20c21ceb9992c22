"""How a year's money is phased: over its periods, and within a period over its days."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from finops.money import ROUNDED, calculated_in, split_by_largest_remainder
from finops.periods import Period

CENTS_PER_USD = 100
WEEK = 7
WORKING_DAYS_PER_WEEK = 5

Weight = int | Decimal


class NothingToPhase(ValueError):
    """No period carries any weight; the message is for who asked."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A year's periods with their weights.

    Within a period money is spread evenly over its days, or over those from Monday to
    Friday. Raises NothingToPhase where no weight is above zero.
    """

    periods: tuple[Period, ...]
    weights: tuple[Weight, ...]
    by_working_days: bool = False

    def __post_init__(self) -> None:
        if len(self.weights) != len(self.periods):
            raise ValueError(f"{len(self.periods)} periods have {len(self.weights)} weights.")
        if not any(weight > 0 for weight in self.weights):
            raise NothingToPhase("No period carries any weight.")

    def amounts_usd(self, budget_usd: Decimal) -> list[Decimal]:
        """Return each period's part in whole cents by largest remainder: their sum is exact."""
        cents = int(budget_usd * CENTS_PER_USD)
        parts = split_by_largest_remainder(cents, dict(enumerate(self.weights)))
        return [Decimal(parts[place]).scaleb(-2) for place in range(len(self.periods))]

    @calculated_in(ROUNDED)
    def to_date_usd(self, budget_usd: Decimal, on: date) -> Decimal:
        """Return what the plan allows for the days before `on`, not rounded to cents."""
        carried = sum(map(self._carried, self.periods, self.weights, [on] * len(self.periods)))
        return budget_usd * carried / sum(self.weights)

    def from_on(self, day: date, until: date | None = None) -> "Plan":
        """Return the plan of what remains: of the periods that begin on the day or later.

        Only those that begin before `until`, where it is given. Where none is left that is
        the last one. Where those that are left carry no weight their days do, so that money
        is never without a place.
        """
        left = [
            period
            for period in self.periods
            if period.start >= day and (until is None or period.start < until)
        ] or self.periods[-1:]
        weights = tuple(
            weight if period in left else 0
            for period, weight in zip(self.periods, self.weights, strict=True)
        )
        if any(weights):
            return replace(self, weights=weights)
        days = tuple(period.days if period in left else 0 for period in self.periods)
        return Plan(self.periods, days)

    def _carried(self, period: Period, weight: Weight, on: date) -> Decimal:
        """Return the weight of the days of a period that lie before `on`."""
        if not weight or on <= period.start:
            return Decimal(0)
        over = Period(period.start, min(on, period.end))
        return Decimal(weight) * self._days(over) / self._days(period)

    def _days(self, period: Period) -> int:
        return working_days(period) if self.by_working_days else period.days


class Difference(NamedTuple):
    """By how much a year's money was made more (below zero: less), and from which day on.

    With `until` it is money of the periods before that day alone.
    """

    day: date
    usd: Decimal
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """A year's money over its periods: what was planned first, and every difference since.

    A difference lies by the same weights on the periods that begin on its day or later, so
    that what was planned for those before stays as it was.
    """

    plan: Plan
    first_usd: Decimal
    differences: tuple[Difference, ...] = ()

    @property
    def total_usd(self) -> Decimal:
        return self.first_usd + sum((each.usd for each in self.differences), Decimal(0))

    def amounts_usd(self) -> list[Decimal]:
        """Return each period's part in whole cents; their sum is exact."""
        layers = [plan.amounts_usd(usd) for plan, usd in self._layers()]
        return [sum(parts, Decimal(0)) for parts in zip(*layers, strict=True)]

    @calculated_in(ROUNDED)
    def to_date_usd(self, on: date) -> Decimal:
        """Return what is planned for the days before `on`, not rounded to cents."""
        return sum((plan.to_date_usd(usd, on) for plan, usd in self._layers()), Decimal(0))

    def _layers(self) -> list[tuple[Plan, Decimal]]:
        later = [(self.plan.from_on(each.day, each.until), each.usd) for each in self.differences]
        return [(self.plan, self.first_usd), *later]


def even_plan(periods: Sequence[Period]) -> Plan:
    """Return the plan by which every day is allowed as much as any other."""
    return Plan(tuple(periods), tuple(period.days for period in periods))


def working_day_plan(periods: Sequence[Period]) -> Plan:
    """Return the plan by which every day from Monday to Friday is allowed as much as any other."""
    weights = tuple(working_days(period) for period in periods)
    return Plan(tuple(periods), weights, by_working_days=True)


def weighted_plan(periods: Sequence[Period], weights: Sequence[Weight]) -> Plan:
    """Return the plan by which a period is allowed its weight, and its days alike."""
    return Plan(tuple(periods), tuple(weights))


def working_days(period: Period) -> int:
    """Count the days from Monday to Friday; holidays are not known."""
    weeks, rest = divmod(period.days, WEEK)
    last = (period.start + timedelta(days=number) for number in range(rest))
    return weeks * WORKING_DAYS_PER_WEEK + sum(
        day.weekday() < WORKING_DAYS_PER_WEEK for day in last
    )
