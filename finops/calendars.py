"""Fiscal calendars: how years are cut into periods, and how one calendar follows another.

A year is named after the calendar year in which it ends. A year of weeks ends near the end
of a month and may pass it by three days; it is named after the year of that month.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise

from finops.periods import (
    ONE_DAY,
    FiscalPeriod,
    Period,
    check_month,
    fiscal_year_of,
    gregorian_year,
)

WEEK = timedelta(weeks=1)
DAYS_PER_WEEK = 7
# Of the seven days around a month's end, three lie on either side of the nearest.
REACH = 3
QUARTERS = 4
# Between two calendars, days from here on keep their own periods, and beyond there they
# would make the year that they are joined to longer than eighteen months.
SHORTEST_REST = timedelta(weeks=4)
LONGEST_REST = timedelta(weeks=27)

Year = tuple[FiscalPeriod, ...]


class CannotFollow(ValueError):
    """One calendar cannot follow another on that day; the message is for who asked."""


class YearEnd(StrEnum):
    """On which of its weekdays near a month's end a year of weeks ends."""

    LAST = "last"
    NEAREST = "nearest"


@dataclass(frozen=True, slots=True)
class Months:
    """Years of twelve months."""

    start_month: int = 1

    def __post_init__(self) -> None:
        check_month(self.start_month)

    def year(self, ending: int) -> Year:
        return gregorian_year(ending, self.start_month)

    def year_of(self, day: date) -> int:
        return fiscal_year_of(day, self.start_month)


@dataclass(frozen=True, slots=True)
class Weeks:
    """Years of 52 or 53 whole weeks; the last period has the 53rd.

    `lengths` are the weeks of each period. The year ends at the end of the month before
    `start_month`, on the day before `week_starts_on` (Monday is 0).
    """

    lengths: tuple[int, ...]
    start_month: int
    week_starts_on: int
    year_end: YearEnd

    def __post_init__(self) -> None:
        check_month(self.start_month)
        if not 0 <= self.week_starts_on < DAYS_PER_WEEK:
            raise ValueError(f"A week starts on a day from 0 to 6, not {self.week_starts_on}.")

    def year(self, ending: int) -> Year:
        end, start = self._end(ending), self._end(ending - 1)
        starts = [start + WEEK * sum(self.lengths[:count]) for count in range(len(self.lengths))]
        return tuple(
            _period(ending, number, *days)
            for number, days in enumerate(pairwise([*starts, end]), 1)
        )

    def year_of(self, day: date) -> int:
        around = range(day.year - 1, day.year + 2)
        return next(year for year in around if day < self._end(year))

    def _end(self, ending: int) -> date:
        """Return the first day after the year, which a week starts with."""
        turn = date(ending + (self.start_month == 1), self.start_month, 1)
        back = (turn.weekday() - self.week_starts_on) % DAYS_PER_WEEK
        if self.year_end == YearEnd.NEAREST and back > REACH:
            back -= DAYS_PER_WEEK
        return turn - timedelta(days=back)


Calendar = Months | Weeks


def quarters_of(pattern: tuple[int, int, int]) -> tuple[int, ...]:
    """Return the weeks of a year's periods where every quarter has this pattern."""
    return pattern * QUARTERS


def thirteen_of_four() -> tuple[int, ...]:
    return (4,) * 13


@dataclass(frozen=True, slots=True)
class Change:
    """Another calendar, from the first day of a year on."""

    starts_on: date
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class Timeline:
    """The calendars of a company, one after the other: every day is in one year and period.

    Where two do not meet, the days between them are a short year. Where its name is that of
    the year before, they are joined to the next year: as periods of their own before its
    first, or in its first where they are fewer than four weeks. Raises CannotFollow where
    they are more than half a year.
    """

    first: Calendar
    changes: tuple[Change, ...] = ()

    def __post_init__(self) -> None:
        if self.changes:
            self._first_year_of_last()

    def changed(self, change: Change) -> "Timeline":
        """Return the time line with a change that supersedes those at or after its day."""
        earlier = (each for each in self.changes if each.starts_on < change.starts_on)
        return replace(self, changes=(*earlier, change))

    def year(self, ending: int) -> Year:
        if not self.changes:
            return self.first.year(ending)
        first_year = self._first_year_of_last()
        if ending < first_year:
            return self._before_last().year(ending)
        return self._joined_year(ending) if ending == first_year else self.last.year(ending)

    def year_of(self, day: date) -> int:
        if not self.changes:
            return self.first.year_of(day)
        if day < self.changes[-1].starts_on:
            return self._before_last().year_of(day)
        return max(self.last.year_of(day), self._first_year_of_last())

    def days_of(self, ending: int) -> Period:
        periods = self.year(ending)
        return Period(periods[0].start, periods[-1].end)

    def period_of(self, day: date) -> FiscalPeriod:
        return next(each for each in self.year(self.year_of(day)) if day in each.period)

    @property
    def last(self) -> Calendar:
        """Return the calendar that holds in the end."""
        return self.changes[-1].calendar if self.changes else self.first

    def _before_last(self) -> "Timeline":
        return replace(self, changes=self.changes[:-1])

    def _joined_year(self, ending: int) -> Year:
        """Return the year with which the last calendar begins, days between included."""
        start = self.changes[-1].starts_on
        periods, own = self.last.year(ending), self.last.year_of(start)
        rest = self.last.year(own)
        if own < ending and rest[-1].end - start >= SHORTEST_REST:
            periods = rest + periods
        return _starting_on(start, periods, year=ending)

    def _first_year_of_last(self) -> int:
        start, before = self.changes[-1].starts_on, self._before_last()
        taken = before.year_of(start - ONE_DAY)
        if before.days_of(taken).end != start:
            raise CannotFollow(f"No fiscal year starts on {start}.")
        own = self.last.year_of(start)
        rest = self.last.year(own)[-1].end - start
        if own > taken:
            return own
        if rest <= LONGEST_REST:
            return own + 1
        raise CannotFollow(
            f"The {rest.days} days from {start} on would end in {own}, as FY{taken} does, and two"
            " years cannot have one name; joined to the next year they would make it longer than"
            " eighteen months."
        )


def _starting_on(start: date, periods: Sequence[FiscalPeriod], *, year: int) -> Year:
    """Return what of these periods lies from a day on, the first beginning there, as a year."""
    kept = [each for each in periods if each.end > start]
    starts = [start, *(each.start for each in kept[1:])]
    return tuple(
        _period(year, number, begins, each.end)
        for number, (begins, each) in enumerate(zip(starts, kept, strict=True), start=1)
    )


def _period(year: int, number: int, start: date, end: date) -> FiscalPeriod:
    return FiscalPeriod(year, number, f"FY{year} P{number}", start, end)
