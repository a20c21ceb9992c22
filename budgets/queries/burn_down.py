"""The burn-down of a sum: what was left each day, what the plan and the forecast say."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from budgets.models import OpeningBalance
from budgets.queries.events import Event, price_changes
from budgets.queries.experiments import InitiativeStanding
from budgets.queries.standing import Standing
from finops.forecast import Outlook, Range
from finops.periods import ONE_DAY, Period
from finops.phasing import Schedule, even_plan
from ingestion.queries.spend import daily_spend
from org.models import CostObject, Unit

THRESHOLDS = (50, 75, 90, 100)


class BurnDownRow(NamedTuple):
    """The end of one day.

    `left_usd` is None for days that are not over or not known, the forecast None for
    days that are. Low and high are those of what is left.
    """

    day: date
    plan_usd: Decimal
    left_usd: Decimal | None
    forecast_usd: Decimal | None
    low_usd: Decimal | None
    high_usd: Decimal | None


class Mark(NamedTuple):
    """A share of the sum, in percent, and the first day on which it is used; None for never."""

    used: int
    left_usd: Decimal
    day: date | None
    is_expected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnDown:
    """A granted sum from its first day to its last, as of a day."""

    on: date
    granted_usd: Decimal
    rows: Sequence[BurnDownRow]
    outlook: Outlook
    events: Sequence[Event]

    @property
    def marks(self) -> list[Mark]:
        """When the sum is used by half, by three quarters, and so on."""
        return [self._mark(used, self.granted_usd * (100 - used) / 100) for used in THRESHOLDS]

    def _mark(self, used: int, left_usd: Decimal) -> Mark:
        for row in self.rows:
            if row.left_usd is not None and row.left_usd <= left_usd:
                return Mark(used, left_usd, row.day, is_expected=False)
            if row.forecast_usd is not None and row.forecast_usd <= left_usd:
                return Mark(used, left_usd, row.day, is_expected=True)
        return Mark(used, left_usd, None, is_expected=False)

    @property
    def table(self) -> list[BurnDownRow]:
        """The rows of each week's last day and of the last day of all, for a table."""
        count = len(self.rows)
        return [row for place, row in enumerate(self.rows, 1) if place % 7 == 0 or place == count]


def budget_burn_down(standing: Standing) -> BurnDown:
    """Return the burn-down of a budget's core money over its fiscal year."""
    return _burn_down(
        standing.core.granted_usd,
        plan=standing.plan,
        period=standing.year,
        on=standing.on,
        outlook=standing.core.outlook,
        unit=standing.budget.unit,
        openings=standing.core.spend.openings,
    )


def initiative_burn_down(standing: InitiativeStanding) -> BurnDown:
    """Return the burn-down of an experiment's cap over the days it may run."""
    return _burn_down(
        standing.initiative.cap_usd,
        plan=Schedule(even_plan([standing.term]), standing.initiative.cap_usd),
        period=standing.term,
        on=standing.on,
        outlook=standing.outlook,
        cost_object=standing.initiative.cost_object,
    )


def _burn_down(
    granted_usd: Decimal,
    *,
    plan: Schedule,
    period: Period,
    on: date,
    outlook: Outlook,
    unit: Unit | None = None,
    cost_object: CostObject | None = None,
    openings: Sequence[OpeningBalance] = (),
) -> BurnDown:
    over = Period(period.start, min(on, period.end)) if on > period.start else None
    is_spent = over is not None and (unit is not None or cost_object is not None)
    spent = (
        daily_spend(period=over, unit=unit, cost_object=cost_object, core_only=unit is not None)
        if over is not None and is_spent
        else []
    )
    return BurnDown(
        on=on,
        granted_usd=granted_usd,
        rows=_rows(
            granted_usd,
            plan=plan,
            period=period,
            spent=_by_day(spent, openings),
            ahead=dict(outlook.ahead),
        ),
        outlook=outlook,
        events=price_changes(period=period, unit=unit, cost_object=cost_object),
    )


def _by_day(
    spent: Iterable[tuple[date, Decimal]], openings: Sequence[OpeningBalance]
) -> dict[date, Decimal]:
    """Return what was spent by day; an opening balance lies evenly on its days, to the cent."""
    by_day = defaultdict(Decimal, spent)
    for opening in openings:
        days = [opening.starts_on + ONE_DAY * number for number in range(opening.days.days)]
        plan = even_plan([Period(day, day + ONE_DAY) for day in days])
        for day, usd in zip(days, plan.amounts_usd(opening.amount_usd), strict=True):
            by_day[day] += usd
    return by_day


def _rows(
    granted_usd: Decimal,
    *,
    plan: Schedule,
    period: Period,
    spent: Mapping[date, Decimal],
    ahead: Mapping[date, Range],
) -> list[BurnDownRow]:
    left_usd, rows = granted_usd, []
    # Before the ledger's first day nothing was spent; after its last nothing is known.
    last = max(spent, default=period.start - ONE_DAY)
    for number in range(period.days):
        day = period.start + ONE_DAY * number
        left_usd -= spent.get(day, Decimal(0))
        sums = ahead.get(day)
        rows.append(
            BurnDownRow(
                day=day,
                plan_usd=granted_usd - plan.to_date_usd(day + ONE_DAY),
                left_usd=left_usd if day <= last else None,
                forecast_usd=left_usd - sums.expected_usd if sums else None,
                low_usd=left_usd - sums.high_usd if sums else None,
                high_usd=left_usd - sums.low_usd if sums else None,
            )
        )
    return rows
