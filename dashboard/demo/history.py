"""The stretch of time that the demo tells of, and how busy each of its days is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from finops.periods import ONE_DAY, day_bounds, fiscal_year_of, reporting_day

FISCAL_START_MONTH = 1
# The figures of budgets, caps and volumes are written for this many calls.
REFERENCE_CALLS = 200_000
# Experiments of the story began up to a hundred days ago: less history would not hold them.
SHORTEST = timedelta(days=200)
GROWTH = 2.3  # how much busier the last day is than the first
QUIET_DAYS = {(1, 1): 0.1, (5, 1): 0.3, (12, 25): 0.1, (12, 26): 0.25}


class Rhythm(Enum):
    """When a workload runs: weights per weekday from Monday, and per hour of the day."""

    OFFICE = (
        (0.96, 1.06, 1.05, 1.0, 0.84, 0.05, 0.04),
        (*[0] * 6, 1, 4, 9, 12, 12, 11, 7, 10, 12, 11, 9, 5, 2, 1, 1, 0, 0, 0),
    )
    PUBLIC = (
        (1.1, 1.05, 1.0, 1.0, 0.98, 0.6, 0.5),
        (*[1] * 5, 2, 4, 6, 9, 10, 10, 9, 8, 8, 9, 9, 9, 8, 8, 7, 6, 5, 3, 2),
    )
    NIGHT = (
        (0.9, 1.0, 1.0, 1.0, 1.0, 0.5, 0.25),
        (8, 12, 12, 10, 7, 3, *[0] * 14, 1, 2, 4, 6),
    )

    @property
    def weekdays(self) -> tuple[float, ...]:
        return self.value[0]

    @property
    def hours(self) -> tuple[int, ...]:
        return self.value[1]


class Scene(NamedTuple):
    """Something that happens at an instant; `act` is given that instant."""

    at: datetime
    act: Callable[[datetime], object]


@dataclass(frozen=True, slots=True)
class History:
    """From the first day of a fiscal year up to the instant `now`."""

    start: date
    now: datetime
    zone: ZoneInfo
    calls: int

    @property
    def today(self) -> date:
        return reporting_day(self.now, self.zone)

    @property
    def length(self) -> int:
        """Return the number of days, today's begun one among them."""
        return (self.today - self.start).days + 1

    @property
    def scale(self) -> Decimal:
        return Decimal(self.calls) / REFERENCE_CALLS

    @property
    def midnight(self) -> datetime:
        return day_bounds(self.today, self.zone)[0]

    def days(self) -> Iterator[date]:
        return (self.start + ONE_DAY * step for step in range(self.length))

    def at(self, day: date, clock: str) -> datetime:
        """Return the instant at which the company's clocks show `clock` on a day."""
        local = datetime.combine(day, time.fromisoformat(clock), tzinfo=self.zone)
        return local.astimezone(UTC)

    def ago(self, days: int, clock: str = "10:00") -> datetime:
        return self.at(self.today - ONE_DAY * days, clock)

    def day_at(self, fraction: float) -> date:
        """Return the day by which this share of the history has passed."""
        return self.start + ONE_DAY * int(fraction * self.length)

    def passed_by(self, day: date) -> float:
        return (day - self.start).days / self.length

    def moment_today(self, fraction: float) -> datetime:
        """Return an instant between today's midnight and now."""
        return self.midnight + (self.now - self.midnight) * fraction

    def fiscal_years(self) -> range:
        return range(fiscal_year(self.start), fiscal_year(self.today) + 1)


def history_until(now: datetime, *, zone: ZoneInfo, years: int, calls: int) -> History:
    """Return the history of the last `years` fiscal years, the running one among them.

    Shortly after a year's start the year before it is told too.
    """
    today = reporting_day(now, zone)
    first = fiscal_year(today - SHORTEST) - (years - 1)
    return History(year_start(first), now, zone, calls)


def fiscal_year(day: date) -> int:
    return fiscal_year_of(day, FISCAL_START_MONTH)


def year_start(year: int) -> date:
    return date(year, FISCAL_START_MONTH, 1)


@lru_cache(maxsize=10_000)
def busyness(history: History, day: date, rhythm: Rhythm) -> float:
    """Return a day's weight by weekday, season and growth; days ahead can be asked too."""
    grown = float(GROWTH ** history.passed_by(day))
    return grown * rhythm.weekdays[day.weekday()] * _season(day)


def _season(day: date) -> float:
    quiet = QUIET_DAYS.get((day.month, day.day), 1.0)
    if (day.month, day.day) >= (12, 23) or (day.month, day.day) <= (1, 3):
        return min(quiet, 0.35)
    if (7, 18) <= (day.month, day.day) <= (8, 20):
        return 0.74 * quiet
    return quiet


def share_of_day_passed(history: History, day: date, rhythm: Rhythm) -> float:
    """Return how much of a day's work is done by now: 1 for every day before today."""
    if day < history.today:
        return 1.0
    begins, ends = day_bounds(day, history.zone)
    elapsed = (history.now - begins) / (ends - begins) * 24
    hours = rhythm.hours
    done = sum(hours[: int(elapsed)]) + hours[min(int(elapsed), 23)] * (elapsed % 1)
    return done / sum(hours)
