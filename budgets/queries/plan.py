"""The plan of a budget: what its core money is phased to, period by period."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from budgets.models import Budget
from budgets.phasing import Phasing
from finops.periods import FiscalPeriod, Period
from finops.phasing import (
    Difference,
    NothingToPhase,
    Plan,
    Schedule,
    even_plan,
    weighted_plan,
    working_day_plan,
)
from ingestion.queries.spend import daily_spend, data_days
from org.models import Unit
from org.queries.calendar import YearNotOpen, periods_of_year, year_period
from org.refusals import Invalid

ZERO = Decimal(0)
LARGEST = Decimal(10**12)
DECIMALS = 6


def why_year_is_over(budget: Budget, *, on: date) -> str | None:
    """Say that nothing can be granted of the budget's year any more; None while it runs."""
    if on < year_period(budget.fiscal_year).end:
        return None
    return f"FY{budget.fiscal_year} is over: nothing of it can be granted any more."


def schedule_of(
    budget: Budget, periods: Sequence[FiscalPeriod], changes: Sequence[Difference]
) -> Schedule:
    """Return how a budget's core money lies over its year, as it was revised by `changes`."""
    revised_usd = sum((change.usd for change in changes), ZERO)
    return Schedule(plan_of(budget, periods), budget.core_usd - revised_usd, tuple(changes))


def plan_of(budget: Budget, periods: Sequence[FiscalPeriod]) -> Plan:
    """Return the plan of a budget over the periods of its year."""
    return plan_by(Phasing(budget.phasing), budget.phasing_weights or [], periods)


def plan_by(phasing: Phasing, weights: Sequence[Decimal], periods: Sequence[FiscalPeriod]) -> Plan:
    """Return the plan of a way of phasing; raises Invalid where no day counts."""
    days = [each.period for each in periods]
    try:
        match phasing:
            case Phasing.EVEN:
                return even_plan(days)
            case Phasing.WORKING_DAYS:
                return working_day_plan(days)
            case _:
                return weighted_plan(days, weights)
    except NothingToPhase as error:
        raise Invalid.of("phasing", f"FY{periods[0].year} has no working day.") from error


def weights_for(
    phasing: Phasing, *, given: Sequence[Decimal] | None, unit: Unit, fiscal_year: int
) -> list[Decimal] | None:
    """Return the weights that a budget keeps, None where the calendar gives them.

    Raises Invalid where those given do not fit the year, or last year cannot give any.
    """
    if phasing == Phasing.SEASONAL:
        return seasonal_weights(unit=unit, fiscal_year=fiscal_year)
    if phasing == Phasing.WEIGHTS:
        return _checked(given or (), periods_of_year(fiscal_year))
    return None


def seasonal_weights(*, unit: Unit, fiscal_year: int) -> list[Decimal]:
    """Return what the unit's core cost in each period of the year before.

    Raises Invalid where that is not known of all of them, or was nothing.
    """
    last = _last_year(fiscal_year)
    spent = dict(daily_spend(period=Period(last[0].start, last[-1].end), unit=unit, core_only=True))
    weights = [
        max(sum((usd for day, usd in spent.items() if day in each.period), ZERO), ZERO)
        for each in last
    ]
    if not any(weights):
        raise _no_season(f"{unit} spent nothing in FY{fiscal_year - 1}")
    return weights


def _last_year(fiscal_year: int) -> list[FiscalPeriod]:
    """Return the periods of the year before, where each is known and has its counterpart."""
    try:
        last = periods_of_year(fiscal_year - 1)
    except YearNotOpen as error:
        raise _no_season(f"FY{fiscal_year - 1} was never opened") from error
    count = len(periods_of_year(fiscal_year))
    if len(last) != count:
        raise _no_season(
            f"FY{fiscal_year - 1} has {len(last)} periods and FY{fiscal_year} has {count}"
        )
    reach = data_days()
    unknown = [
        each.label
        for each in last
        if reach is None or each.start < reach.start or each.end > reach.end
    ]
    if unknown:
        raise _no_season(f"usage of {_listed(unknown)} is not known from first day to last")
    return last


def _checked(given: Sequence[Decimal], periods: Sequence[FiscalPeriod]) -> list[Decimal]:
    count, year = len(periods), f"FY{periods[0].year}"
    if len(given) != count:
        raise Invalid.of(
            "phasing_weights",
            f"{year} has {count} periods, so it needs {count} weights; there are {len(given)}.",
        )
    if not all(_is_weight(weight) for weight in given):
        raise Invalid.of(
            "phasing_weights", "A weight is a number of zero or more, with at most six decimals."
        )
    if not any(given):
        raise Invalid.of("phasing_weights", "One weight at least must be above zero.")
    return list(given)


def _is_weight(value: Decimal) -> bool:
    return value.is_finite() and 0 <= value < LARGEST and value == round(value, DECIMALS)


def _no_season(why: str) -> Invalid:
    return Invalid.of(
        "phasing", f"There is no season of last year to go by: {why}. Choose another phasing."
    )


def _listed(labels: Sequence[str]) -> str:
    if len(labels) == 1:
        return labels[0]
    return f"{labels[0]} and {len(labels) - 1} more" if len(labels) > 2 else " and ".join(labels)  # noqa: PLR2004 -- two can both be named
