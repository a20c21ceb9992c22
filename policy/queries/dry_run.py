"""What a guard and a cap would have done over the last thirty days, had they stood."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Sum

from finops.breaker_readings import DOWNGRADE_AT, SLOW_AT
from finops.periods import ONE_DAY, Period
from ingestion.models import UnitDay
from ingestion.queries.minutes import costly_minutes
from policy.models import Cap, Scope
from policy.queries.meters import caps_in_force, counts_for

DAYS = 30
MOST_DAYS_NAMED = 5


@dataclass(frozen=True, slots=True)
class Would:
    """On which days something would have happened; `times` may be more than the days."""

    what: str
    days: Sequence[date]
    times: int

    def __str__(self) -> str:
        if not self.days:
            return f"would have {self.what} never"
        times = "once" if self.times == 1 else f"{self.times:,} times"
        return f"would have {self.what} {times}, {in_words(self.days)}"


@dataclass(frozen=True, slots=True)
class DryRun:
    """The days looked at, the cap of the day that was tried, and what would have happened."""

    period: Period
    day_cap_usd: Decimal | None
    would: Sequence[Would]

    @property
    def last_day(self) -> date:
        return self.period.end - ONE_DAY


@dataclass(frozen=True, slots=True)
class Tried:
    """What is tried out; None is no limit. Without a day cap the one that stands is tried."""

    day_cap_usd: Decimal | None = None
    usd_per_minute: Decimal | None = None
    slow_at: Decimal = SLOW_AT
    downgrade_at: Decimal = DOWNGRADE_AT


def dry_run(scope: Scope, tried: Tried, *, on: date) -> DryRun:
    """Return what would have happened on the thirty days before `on`.

    Days are as the ledger knows them now. Nothing says what a margin, a loop or a task would
    have done: of those the past keeps no trace by the minute.
    """
    period = Period(on - ONE_DAY * DAYS, on)
    cap_usd = tried.day_cap_usd
    if cap_usd is None:
        cap_usd = _standing_day_cap(scope, on=on)
    would = _of_days(scope, period, cap_usd, tried) if cap_usd is not None else []
    if tried.usd_per_minute is not None:
        would.append(_of_minutes(scope, period, tried.usd_per_minute))
    return DryRun(period, cap_usd, would)


def in_words(days: Sequence[date]) -> str:
    """Return days as 11 and 12 Nov; of many the first ones."""
    shown = days[:MOST_DAYS_NAMED]
    named = [
        str(day.day) if after is not None and day.month == after.month else f"{day.day} {day:%b}"
        for day, after in zip(shown, [*shown[1:], None], strict=True)
    ]
    if len(days) > MOST_DAYS_NAMED:
        return f"{', '.join(named)} and {len(days) - MOST_DAYS_NAMED} more"
    return " and ".join([part for part in (", ".join(named[:-1]), named[-1]) if part])


def _standing_day_cap(scope: Scope, *, on: date) -> Decimal | None:
    hard = caps_in_force(on=on).filter(scope=scope, window=Cap.Window.DAY, mode=Cap.Mode.HARD)
    return hard.values_list("limit_usd", flat=True).first()


def _of_days(scope: Scope, period: Period, cap_usd: Decimal, tried: Tried) -> list[Would]:
    """Sort the days by how far they came; a day is told of by the furthest."""
    rows = UnitDay.objects.filter(
        counts_for(scope),
        metered=True,
        reporting_day__gte=period.start,
        reporting_day__lt=period.end,
    )
    spent = rows.values_list("reporting_day").annotate(usd=Sum("cost_usd"))
    steps = (
        ("blocked", cap_usd),
        ("moved calls to cheaper models", cap_usd * tried.downgrade_at),
        ("slowed calls", cap_usd * tried.slow_at),
    )
    found: dict[str, list[date]] = {what: [] for what, _ in steps}
    for day, usd in spent.order_by("reporting_day"):
        furthest = next((what for what, least_usd in steps if usd >= least_usd), None)
        if furthest is not None:
            found[furthest].append(day)
    return [Would(what, days, len(days)) for what, days in found.items()]


def _of_minutes(scope: Scope, period: Period, limit_usd: Decimal) -> Would:
    costly = costly_minutes(
        unit=scope.unit, cost_object_id=scope.cost_object_id, days=period, limit_usd=limit_usd
    )
    times = sum(each.minutes for each in costly)
    return Would("slowed calls for dollars a minute", [each.day for each in costly], times)
