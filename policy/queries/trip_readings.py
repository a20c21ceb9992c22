"""What a scope spent before and after a trip, beside the limit that it reached."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import QuerySet, Sum

from finops.periods import ONE_DAY, day_bounds, reporting_day
from ingestion.models import UnitDay
from ingestion.queries.calls import spend_by_hour
from org.models import Company
from org.queries.calendar import period_containing
from policy.models import Cap, Scope, ScopeStep
from policy.queries.trips import owner_of
from policy.readings_line import Line, Reading, line_of
from policy.timeline import Window

ONE_HOUR = timedelta(hours=1)
# More calls than these in a day are not read one by one for a drawing.
MOST_CALLS = 500_000
DAYS_BEFORE, DAYS_AFTER = 30, 3
NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Readings:
    """What was spent at the end of each hour or day (`step`), and how that is drawn.

    Each is the sum since the limit's count began, or where `is_each` the day's alone.
    """

    step: str
    is_each: bool
    window: Window
    found: list[Reading]
    limit_usd: Decimal | None
    line: Line


def readings_around(step: ScopeStep, *, scope: Scope, at: datetime, here: Company) -> Readings:
    """Return what was spent around a trip: of its day by the hour, else day by day."""
    on, cap = reporting_day(step.at, here.zone), step.cap
    sums = _day_sums(scope, since=_counted_from(cap, on), until=on + ONE_DAY * DAYS_AFTER)
    is_long = cap is not None and cap.window in {Cap.Window.PERIOD, Cap.Window.TOTAL}
    if not is_long and sums.calls.get(on, 0) <= MOST_CALLS:
        hours = spend_by_hour(owner_of(scope), on=on, until=at)
        if hours:
            window = Window(*day_bounds(on, here.zone))
            found = _running(hours, window=window, at=at)
            return _drawn("hour", found, window, step=step, is_each=False)
    last = min(reporting_day(at, here.zone), on + ONE_DAY * DAYS_AFTER)
    first = max(_counted_from(cap, on), on - ONE_DAY * DAYS_BEFORE)
    window = Window(day_bounds(first, here.zone)[0], day_bounds(last, here.zone)[1])
    days = [first + ONE_DAY * n for n in range((last - first).days + 1)]
    found = [
        Reading(min(day_bounds(day, here.zone)[1], at), sums.until(day, is_each=not is_long))
        for day in days
    ]
    return _drawn("day", found, window, step=step, is_each=not is_long)


def _drawn(
    name: str, found: list[Reading], window: Window, *, step: ScopeStep, is_each: bool
) -> Readings:
    # A limit of a minute or an hour says nothing of sums over a day.
    cap = step.cap
    is_of_the_clock = cap is not None and cap.window in {Cap.Window.MINUTE, Cap.Window.HOUR}
    limit_usd = None if cap is None or is_of_the_clock else cap.limit_usd
    line = line_of(found, window=window, limit_usd=limit_usd, tripped_at=step.at)
    return Readings(name, is_each, window, found, limit_usd, line)


def _running(
    hours: Iterable[tuple[datetime, Decimal]], *, window: Window, at: datetime
) -> list[Reading]:
    """Return the sums at the ends of hours, from nought where the window begins."""
    found, total = [Reading(window.start, NOTHING)], NOTHING
    for hour, usd in hours:
        total += usd
        found.append(Reading(min(hour + ONE_HOUR, at, window.end), total))
    return found


@dataclass(frozen=True, slots=True)
class _DaySums:
    """Dollars and calls of a scope by day."""

    usd: dict[date, Decimal]
    calls: dict[date, int]

    def until(self, day: date, *, is_each: bool) -> Decimal:
        if is_each:
            return self.usd.get(day, NOTHING)
        return sum((usd for on, usd in self.usd.items() if on <= day), NOTHING)


def _day_sums(scope: Scope, *, since: date, until: date) -> _DaySums:
    days = _unit_days(scope).filter(reporting_day__gte=since, reporting_day__lte=until)
    rows = list(
        days.values("reporting_day")
        .annotate(usd=Sum("cost_usd"), n=Sum("calls"))
        .values_list("reporting_day", "usd", "n")
    )
    return _DaySums({day: usd for day, usd, _ in rows}, {day: int(n) for day, _, n in rows})


def _unit_days(scope: Scope) -> QuerySet[UnitDay]:
    days, owner = UnitDay.objects.filter(metered=True), owner_of(scope)
    if owner.cost_object is not None:
        return days.filter(cost_object=owner.cost_object)
    return days.filter(unit__path__startswith=owner.unit.path) if owner.unit else days


def _counted_from(cap: Cap | None, on: date) -> date:
    """Return the day from which what is drawn is counted."""
    if cap is not None and cap.window == Cap.Window.TOTAL:
        return cap.starts_on
    period = period_containing(on)
    if cap is not None and cap.window == Cap.Window.PERIOD and period is not None:
        return period.starts_on
    return on - ONE_DAY * DAYS_BEFORE
