"""Days, half-open periods and fiscal years: the one place that knows where time is cut."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

MONTHS_PER_YEAR = 12
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The days from `start` up to, and not including, `end`."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(f"A period must end after it starts, not {self.start} to {self.end}.")

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    def elapsed_days(self, on: date) -> int:
        """Return how many of the days lie before `on`: 0 on the first day."""
        return min(max((on - self.start).days, 0), self.days)

    def remaining_days(self, on: date) -> int:
        """Return how many of the days are left, `on` itself among them."""
        return self.days - self.elapsed_days(on)


@dataclass(frozen=True, slots=True, order=True)
class FiscalPeriod:
    """One period of a fiscal year; `number` counts from 1."""

    year: int
    number: int
    label: str
    start: date
    end: date

    @property
    def last_day(self) -> date:
        return self.end - ONE_DAY

    @property
    def period(self) -> Period:
        return Period(self.start, self.end)


def utc_day(at: datetime) -> date:
    """Return the provider's day of an instant."""
    return _aware(at).astimezone(UTC).date()


def reporting_day(at: datetime, zone: ZoneInfo) -> date:
    """Return the company's day of an instant: its date on the clocks of `zone`."""
    return _aware(at).astimezone(zone).date()


def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the UTC instants at which a day begins and the next one begins.

    23 or 25 hours apart where clocks change; equal for a day that a zone left out
    (Apia had no 30 December 2011).
    """
    return _midnight(day, zone), _midnight(day + ONE_DAY, zone)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    # fold=0 is what we want in both odd cases: a midnight that happens twice begins the
    # day the first time, and one that is skipped turns into the instant of the skip.
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no time zone, so it names no instant.")
    return at


def fiscal_year_of(day: date, start_month: int) -> int:
    """Return the fiscal year of a day, named after the calendar year in which it ends."""
    check_month(start_month)
    if start_month == 1 or day.month < start_month:
        return day.year
    return day.year + 1


def gregorian_year(ending: int, start_month: int) -> tuple[FiscalPeriod, ...]:
    """Return the twelve months of the fiscal year that ends in the calendar year `ending`."""
    check_month(start_month)
    first = ending if start_month == 1 else ending - 1
    starts = [_month_start(first, start_month + step) for step in range(MONTHS_PER_YEAR + 1)]
    return tuple(
        FiscalPeriod(ending, number, f"FY{ending} P{number}", start, end)
        for number, (start, end) in enumerate(pairwise(starts), start=1)
    )


def _month_start(year: int, month: int) -> date:
    """Return the first of a month counted on from January of `year` (13 is the next January)."""
    years, months = divmod(month - 1, MONTHS_PER_YEAR)
    return date(year + years, months + 1, 1)


def check_month(start_month: int) -> None:
    if not 1 <= start_month <= MONTHS_PER_YEAR:
        raise ValueError(f"A fiscal year starts in a month from 1 to 12, not {start_month}.")
