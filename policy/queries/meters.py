"""What a scope has spent in the window of a cap: what breakers and pages judge by."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Case, Q, QuerySet, Sum, When

from finops import cap as caps
from finops.periods import Period, reporting_day
from ingestion.models import MinuteUse, UnitDay
from org.models import Company
from org.queries.calendar import company, period_containing, timeline
from policy.models import Cap, Scope
from policy.queries.overrides import limit_in_force
from policy.queries.trip_calls import synthetic_usd

NAME_OF_WINDOW = {
    Cap.Window.MINUTE: "cap of the minute",
    Cap.Window.HOUR: "hourly cap",
    Cap.Window.DAY: "daily cap",
    Cap.Window.PERIOD: "cap of the fiscal period",
    Cap.Window.TOTAL: "cap in total",
}
CODE_OF_WINDOW = {window: f"cap_{window}" for window in NAME_OF_WINDOW}
_SHORTEST_FIRST = Case(
    *[When(window=window, then=place) for place, window in enumerate(NAME_OF_WINDOW)]
)
# From this share of a cap on it is drawn as close to its limit.
CLOSE = Decimal("0.85")


@dataclass(frozen=True, slots=True)
class Today:
    """An instant, the company's day it lies in, and that day's fiscal period."""

    at: datetime
    on: date
    period: Period
    company: Company


@dataclass(frozen=True, slots=True)
class Reading:
    """A cap beside what was spent in its present window."""

    cap: Cap
    verdict: caps.CapVerdict
    resets_at: datetime | None
    # What routers hold on lease beside what is spent; None where nobody looked.
    held_usd: Decimal | None = None

    @property
    def free_usd(self) -> Decimal:
        """What is neither spent nor held; below zero beyond the limit."""
        return self.verdict.remaining_usd - (self.held_usd or Decimal(0))

    @property
    def is_reached(self) -> bool:
        return self.verdict.remaining_usd <= 0

    @property
    def label(self) -> str:
        return NAME_OF_WINDOW[Cap.Window(self.cap.window)].capitalize()

    @property
    def tone(self) -> str:
        """Say how a page draws the meter: calm, close to the limit, or over it."""
        if self.is_reached:
            return "danger"
        return "warn" if self.verdict.spent_usd >= self.verdict.limit_usd * CLOSE else ""


class Use(NamedTuple):
    """Metered calls, and their dollars."""

    calls: int
    usd: Decimal


def today_at(at: datetime) -> Today:
    """Return the reporting day of an instant with its fiscal period."""
    here = company()
    on = reporting_day(at, here.zone)
    return Today(at=at, on=on, period=_period_of(on), company=here)


def _period_of(on: date) -> Period:
    row = period_containing(on)
    if row is not None:
        return Period(row.starts_on, row.ends_on)
    # A cap must hold on the first day of a fiscal year that nobody has opened yet.
    return timeline().period_of(on).period


def caps_in_force(*, on: date) -> QuerySet[Cap]:
    """Return the standing caps whose dates hold on a day, the shortest window first."""
    begun = Cap.objects.filter(retired_at__isnull=True, starts_on__lte=on)
    holding = begun.filter(Q(ends_on__isnull=True) | Q(ends_on__gt=on))
    return holding.select_related("set_by__person").order_by(_SHORTEST_FIRST, "pk")


def read_meters(scope: Scope, *, today: Today) -> list[Reading]:
    """Read the meter of each of the scope's caps."""
    found = caps_in_force(on=today.on).filter(scope=scope)
    return [read_meter(scope, cap, today=today) for cap in found]


def read_meter(scope: Scope, cap: Cap, *, today: Today) -> Reading:
    spent_usd = spent_of(scope, cap, today=today)
    verdict = caps.judge_cap(spent_usd, limit_in_force(cap, at=today.at), mode_of(cap))
    return Reading(cap=cap, verdict=verdict, resets_at=reset_of(cap, today=today))


def reset_of(cap: Cap, *, today: Today) -> datetime | None:
    """Return the instant at which the cap's count starts anew; None means never."""
    if (clock := clock_window(cap)) is not None:
        return caps.clock_window(clock, today.at)[1]
    return caps.resets_at(window_name(cap), today.on, today.company.zone, today.period)


def spent_of(scope: Scope, cap: Cap, *, today: Today) -> Decimal:
    """Return the dollars metered in the cap's present window."""
    if (clock := clock_window(cap)) is not None:
        return spent_between(scope, *caps.clock_window(clock, today.at))
    window = caps.window_of(window_name(cap), today.on, today.period)
    return spent_in(scope, window=window, since=cap.starts_on)


def spent_between(scope: Scope, start: datetime, end: datetime) -> Decimal:
    """Return the dollars metered from one instant up to another, both at a whole minute."""
    return used_between(scope, start, end).usd


def used_between(scope: Scope, start: datetime, end: datetime) -> Use:
    """Return what was metered from one instant up to another, both at a whole minute."""
    minutes = MinuteUse.objects.filter(counts_for(scope), minute__gte=start, minute__lt=end)
    found = minutes.aggregate(calls=Sum("calls"), usd=Sum("cost_usd"))
    return Use(calls=found["calls"] or 0, usd=found["usd"] or Decimal(0))


def used_on_days(scope: Scope, days: Period) -> Use:
    """Return what was metered on some reporting days."""
    rows = UnitDay.objects.filter(
        counts_for(scope),
        metered=True,
        reporting_day__gte=days.start,
        reporting_day__lt=days.end,
    )
    found = rows.aggregate(calls=Sum("calls"), usd=Sum("cost_usd"))
    return Use(calls=found["calls"] or 0, usd=found["usd"] or Decimal(0))


def spent_in(scope: Scope, *, window: Period | None, since: date) -> Decimal:
    """Return the dollars metered in the window; without a window, those since a day."""
    if scope.trial_of_id is not None:
        return synthetic_usd(scope)
    days = UnitDay.objects.filter(counts_for(scope), metered=True)
    if window is None:
        days = days.filter(reporting_day__gte=since)
    else:
        days = days.filter(reporting_day__gte=window.start, reporting_day__lt=window.end)
    total: Decimal | None = days.aggregate(usd=Sum("cost_usd"))["usd"]
    return total if total is not None else Decimal(0)


def binding(readings: Iterable[Reading]) -> Reading | None:
    """Return the reached hard cap that holds longest; None where none is reached."""
    reached = [reading for reading in readings if reading.verdict.state == "open"]
    return max(reached, key=lambda reading: _lasts(reading.resets_at), default=None)


def _lasts(resets_at: datetime | None) -> float:
    return float("inf") if resets_at is None else resets_at.timestamp()


def counts_for(scope: Scope) -> Q:
    if scope.cost_object_id is not None:
        return Q(cost_object_id=scope.cost_object_id)
    if scope.unit is not None:
        return Q(unit__path__startswith=scope.unit.path)
    if scope.trial_of_id is not None:
        return Q(pk__in=[])  # a trial's spend is synthetic: nothing metered is its own
    return Q()  # the organisation counts everything, the unallocated too


def cap_code(cap: Cap) -> str:
    """Return the code of the reason that a reached cap gives."""
    return CODE_OF_WINDOW[Cap.Window(cap.window)]


def clock_window(cap: Cap) -> caps.ClockWindow | None:
    """Return the window by the clock that a cap has, None where it counts days."""
    windows: dict[str, caps.ClockWindow] = {Cap.Window.MINUTE: "minute", Cap.Window.HOUR: "hour"}
    return windows.get(cap.window)


def window_name(cap: Cap) -> caps.Window:
    windows: dict[str, caps.Window] = {
        Cap.Window.DAY: "day",
        Cap.Window.PERIOD: "period",
        Cap.Window.TOTAL: "total",
    }
    return windows[cap.window]


def mode_of(cap: Cap) -> caps.Mode:
    modes: dict[str, caps.Mode] = {
        Cap.Mode.HARD: "hard",
        Cap.Mode.SOFT: "soft",
        Cap.Mode.ALERT: "alert",
    }
    return modes[cap.mode]
