"""The periods of a budget's year as a table: what is planned, and what was used."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from budgets.models import OpeningBalance
from budgets.phasing import Phasing
from budgets.queries.plan import plan_by, weights_for
from budgets.queries.standing import Standing
from finops.periods import FiscalPeriod
from finops.phasing import Difference, working_days
from ingestion.queries.spend import daily_spend
from org.models import Unit
from org.queries.calendar import periods_of_year

ZERO = Decimal(0)


class PlannedPeriod(NamedTuple):
    """A period with its part of the core money; `used_usd` is None where no day is known."""

    period: FiscalPeriod
    working_days: int
    planned_usd: Decimal
    used_usd: Decimal | None = None


class RevisedPeriod(NamedTuple):
    """A period with its part of the core money now and once it is revised."""

    period: FiscalPeriod
    planned_usd: Decimal
    revised_usd: Decimal


def revised_periods(standing: Standing, core_usd: Decimal) -> list[RevisedPeriod]:
    """Return what the periods would be phased to, were the core revised today."""
    plan, more_usd = standing.plan, core_usd - standing.budget.core_usd
    differences = (*plan.differences, Difference(standing.on, more_usd))
    revised = replace(plan, differences=differences)
    rows = zip(standing.periods, plan.amounts_usd(), revised.amounts_usd(), strict=True)
    return [RevisedPeriod(*row) for row in rows]


def previewed_periods(
    *,
    unit: Unit,
    fiscal_year: int,
    core_usd: Decimal,
    phasing: Phasing,
    phasing_weights: Sequence[Decimal] | None,
) -> list[PlannedPeriod]:
    """Return what a budget would be phased to; raises Invalid where it cannot be."""
    periods = periods_of_year(fiscal_year)
    weights = weights_for(phasing, given=phasing_weights, unit=unit, fiscal_year=fiscal_year)
    amounts = plan_by(phasing, weights or [], periods).amounts_usd(core_usd)
    return [
        PlannedPeriod(period, working_days(period.period), usd)
        for period, usd in zip(periods, amounts, strict=True)
    ]


def planned_periods(standing: Standing) -> list[PlannedPeriod]:
    """Return the periods of a budget, with what the unit's core used in each."""
    budget = standing.budget
    spent = dict(daily_spend(period=standing.year, unit=budget.unit, core_only=True))
    amounts, openings = standing.plan.amounts_usd(), standing.core.spend.openings
    return [
        PlannedPeriod(period, working_days(period.period), usd, _used(period, spent, openings))
        for period, usd in zip(standing.periods, amounts, strict=True)
    ]


def _used(
    period: FiscalPeriod, spent: dict[date, Decimal], openings: Sequence[OpeningBalance]
) -> Decimal | None:
    known = [usd for day, usd in spent.items() if day in period.period]
    known += [each.amount_usd for each in openings if each.starts_on in period.period]
    return sum(known, ZERO) if known else None
