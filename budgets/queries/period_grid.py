"""A fiscal year as a grid: every budget in sight, period by period, used against planned."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Sum

from budgets.queries.standing import GridRow, Standing
from finops.money import ROUNDED, calculated_in
from finops.periods import FiscalPeriod, Period
from ingestion.models import UnitDay
from ingestion.queries.spend import data_days

ZERO = Decimal(0)


class PeriodCell(NamedTuple):
    """A period of a budget; `used_usd` is None while neither usage nor a signature tells of it."""

    period: FiscalPeriod
    planned_usd: Decimal
    used_usd: Decimal | None

    @property
    def is_over(self) -> bool:
        return self.used_usd is not None and self.used_usd > self.planned_usd

    @property
    @calculated_in(ROUNDED)
    def used_share(self) -> Decimal | None:
        """Return used by planned; None while nothing is known, or where nothing was planned."""
        if self.used_usd is None or not self.planned_usd:
            return None
        return self.used_usd / self.planned_usd


class PeriodRow(NamedTuple):
    """A unit of the grid; without a budget it has no cells."""

    row: GridRow
    cells: list[PeriodCell]


def period_grid(rows: Sequence[GridRow], periods: Sequence[FiscalPeriod]) -> list[PeriodRow]:
    """Return the core money of every row by period, in one query for all of them."""
    spent = _spent_by_path(periods)
    reach = data_days()
    known = [reach is not None and _overlaps(each.period, reach) for each in periods]
    return [
        PeriodRow(row, _cells(row.standing, spent=spent, known=known) if row.standing else [])
        for row in rows
    ]


def _cells(
    standing: Standing, *, spent: dict[str, list[Decimal]], known: Sequence[bool]
) -> list[PeriodCell]:
    root = standing.budget.unit.path
    beneath = [sums for path, sums in spent.items() if path.startswith(root)]
    planned = standing.plan.amounts_usd()
    return [
        PeriodCell(
            period,
            planned[place],
            _used(
                sum((sums[place] for sums in beneath), ZERO) if known[place] else None,
                opened=[
                    opening.amount_usd
                    for opening in standing.core.spend.openings
                    if opening.starts_on in period.period
                ],
            ),
        )
        for place, period in enumerate(standing.periods)
    ]


def _used(counted_usd: Decimal | None, *, opened: Sequence[Decimal]) -> Decimal | None:
    """Return what usage and opening balances come to; None where there is neither."""
    if counted_usd is None and not opened:
        return None
    return sum(opened, counted_usd or ZERO)


def _spent_by_path(periods: Sequence[FiscalPeriod]) -> dict[str, list[Decimal]]:
    """Return what each unit itself spent from core in each period, by its path."""
    starts = [each.start for each in periods]
    rows = (
        UnitDay.objects.filter(
            metered=True,
            is_core=True,
            unit__isnull=False,
            reporting_day__gte=starts[0],
            reporting_day__lt=periods[-1].end,
        )
        .values_list("unit__path", "reporting_day")
        .annotate(usd=Sum("cost_usd"))
    )
    found: dict[str, list[Decimal]] = defaultdict(lambda: [ZERO] * len(periods))
    for path, day, usd in rows:
        found[path][bisect_right(starts, day) - 1] += usd
    return found


def _overlaps(one: Period, other: Period) -> bool:
    return one.start < other.end and other.start < one.end
