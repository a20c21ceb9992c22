"""What units spent in a year and from their core money: one reading for many budgets at once.

The same meaning as `ingestion.queries.spend`, for all units at once, so that the table of a
year costs the same for three units and for three hundred; and the year is added up once,
whether a page shows its totals, its budgets or both.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Min, Q, Sum
from django.db.models.functions import Coalesce

from budgets.models import OpeningBalance
from budgets.queries.openings import openings_within
from finops.backtest import HISTORY_DAYS
from finops.periods import ONE_DAY, Period
from ingestion.models import CostStatus, UnitDay
from ingestion.queries.spend import ZERO_USD, UnitSpend, data_days
from org.models import Unit

ZERO = Decimal(0)


class CoreSpend(NamedTuple):
    """What a unit and all beneath it spent in a period, experiments left out.

    `before_usd` counts the days that are over; `daily` holds the last ten weeks of them,
    as far as the unit spends and the ledger reaches. `openings` were spent before the first
    loaded day, by signature: they are in both sums, and in no day.
    """

    usd: Decimal
    before_usd: Decimal
    unpriced_calls: int
    daily: list[tuple[date, Decimal]]
    openings: tuple[OpeningBalance, ...] = ()

    @property
    def opening_usd(self) -> Decimal:
        return sum((opening.amount_usd for opening in self.openings), ZERO)


class UnitYear(NamedTuple):
    """What was booked to one unit itself in a year, or to none, as of a day.

    `core_before_usd` counts the days that are over; `core_first_day` is the first day of
    core spend, which may lie in the ten weeks before the year; None without any.
    """

    spend: UnitSpend
    core_before_usd: Decimal
    core_unpriced_calls: int
    core_first_day: date | None


def core_spend(
    *, units: Iterable[Unit], year: Period, on: date, own: Sequence[UnitYear] | None = None
) -> dict[int, CoreSpend]:
    """Return the core spend of each unit in the year, as of the day `on`.

    `own` is what `units_in_year` found, where the caller has asked it already.
    """
    paths = dict(Unit.objects.values_list("pk", "path"))
    found = units_in_year(year=year, on=on) if own is None else own
    totals = [
        (paths[row.spend.unit_id], row)
        for row in found
        if row.spend.unit_id is not None and row.core_first_day is not None
    ]
    window = Period(on - timedelta(days=HISTORY_DAYS), on)
    by_day = _by_day(window)
    openings = openings_within(year)
    reach = data_days()
    last_day = min(on, reach.end) if reach else on
    return {
        unit.pk: _of_unit(
            unit,
            totals=totals,
            by_day=by_day,
            openings=[
                row for path, rows in openings.items() if path.startswith(unit.path) for row in rows
            ],
            window=window,
            last_day=last_day,
        )
        for unit in units
    }


def units_in_year(*, year: Period, on: date) -> list[UnitYear]:
    """Add up the year of every unit itself, Unallocated included."""
    since = min(year.start, on - timedelta(days=HISTORY_DAYS))
    within = Q(reporting_day__gte=year.start, reporting_day__lt=year.end)
    core, unpriced = Q(is_core=True), Q(status=CostStatus.UNPRICED)
    rows = (
        UnitDay.objects.filter(metered=True, reporting_day__gte=since, reporting_day__lt=year.end)
        .values("unit_id")
        .annotate(
            usd=Coalesce(Sum("cost_usd", filter=within), ZERO_USD),
            core_usd=Coalesce(Sum("cost_usd", filter=within & core), ZERO_USD),
            calls_made=Coalesce(Sum("calls", filter=within), 0),
            unpriced=Coalesce(Sum("calls", filter=within & unpriced), 0),
            before_usd=Coalesce(
                Sum("cost_usd", filter=within & core & Q(reporting_day__lt=on)), ZERO_USD
            ),
            core_unpriced=Coalesce(Sum("calls", filter=within & core & unpriced), 0),
            first_day=Min("reporting_day", filter=core),
        )
    )
    return [
        UnitYear(
            UnitSpend(
                row["unit_id"],
                row["usd"],
                row["core_usd"],
                int(row["calls_made"]),
                int(row["unpriced"]),
            ),
            row["before_usd"],
            int(row["core_unpriced"]),
            row["first_day"],
        )
        for row in rows
    ]


def _of_unit(
    unit: Unit,
    *,
    totals: list[tuple[str, UnitYear]],
    by_day: dict[str, dict[date, Decimal]],
    openings: list[OpeningBalance],
    window: Period,
    last_day: date,
) -> CoreSpend:
    own = [row for path, row in totals if path.startswith(unit.path)]
    days: dict[date, Decimal] = defaultdict(Decimal)
    for path, spent in by_day.items():
        if path.startswith(unit.path):
            for day, usd in spent.items():
                days[day] += usd
    first_days = [row.core_first_day for row in own if row.core_first_day]
    first = max(window.start, min(first_days, default=window.end))
    known = (first + ONE_DAY * number for number in range((last_day - first).days))
    opening_usd = sum((row.amount_usd for row in openings), ZERO)
    return CoreSpend(
        usd=sum((row.spend.core_usd for row in own), opening_usd),
        before_usd=sum((row.core_before_usd for row in own), opening_usd),
        unpriced_calls=sum(row.core_unpriced_calls for row in own),
        daily=[(day, days.get(day, ZERO)) for day in known],
        openings=tuple(openings),
    )


def _by_day(window: Period) -> dict[str, dict[date, Decimal]]:
    rows = (
        UnitDay.objects.filter(
            metered=True,
            is_core=True,
            unit__isnull=False,
            reporting_day__gte=window.start,
            reporting_day__lt=window.end,
        )
        .values_list("unit__path", "reporting_day")
        .annotate(usd=Sum("cost_usd"))
    )
    found: dict[str, dict[date, Decimal]] = defaultdict(dict)
    for path, day, usd in rows:
        found[path][day] = usd
    return found
