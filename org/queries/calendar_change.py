"""What another fiscal calendar would change: from which day on, and to which periods."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Max, Min

from finops.calendars import Calendar, CannotFollow, Change, Timeline, Year
from finops.periods import ONE_DAY
from org.models import FiscalCalendar, FiscalPeriod
from org.queries.calendar import company, timeline
from org.refusals import Invalid


@dataclass(frozen=True, kw_only=True)
class CalendarChange:
    """A calendar from `starts_on` on, or for all years where None.

    `last_kept` is the last year that stays as it is, `years` are those to be opened anew,
    `version` what the change was read from.
    """

    calendar: Calendar
    starts_on: date | None
    last_kept: int | None
    years: tuple[Year, ...]
    version: int

    @property
    def first_year(self) -> Year:
        return self.years[0]

    @property
    def first_days(self) -> int:
        return (self.first_year[-1].end - self.first_year[0].start).days

    @property
    def is_short(self) -> bool:
        """Test whether the first year begins after its usual start, and so is short."""
        usual = self.calendar.year(self.first_year[0].year)
        return self.first_year[0].start > usual[0].start

    @property
    def is_long(self) -> bool:
        """Test whether the first year begins before its usual start, and so is long."""
        usual = self.calendar.year(self.first_year[0].year)
        return self.first_year[0].start < usual[0].start


def calendar_version() -> int:
    """Return the number that rises with every change of the calendar."""
    return FiscalCalendar.objects.aggregate(last=Max("pk"))["last"] or 0


def change_to(calendar: Calendar, *, today: date) -> CalendarChange:
    """Return what a calendar would change; raises Invalid where it cannot follow.

    It holds from the first year on of which nothing is booked or closed. Once usage is
    booked to days, that is a year that has not begun.
    """
    line = timeline()
    if line.last == calendar:
        raise Invalid.of("pattern", "The years run like this already.")
    kept = _last_kept(line, today=today)
    starts_on = None if kept is None else line.days_of(kept).end
    after = _followed_by(calendar, line, starts_on)
    return CalendarChange(
        calendar=calendar,
        starts_on=starts_on,
        last_kept=kept,
        years=_years_opened(after, starts_on, today=today),
        version=calendar_version(),
    )


def _last_kept(line: Timeline, *, today: date) -> int | None:
    booked: int | None = FiscalPeriod.objects.kept().aggregate(last=Max("fiscal_year"))["last"]
    if company().zone_fixed_at is None:
        return booked
    return max(booked or 0, line.year_of(today))


def _followed_by(calendar: Calendar, line: Timeline, starts_on: date | None) -> Timeline:
    if starts_on is None:
        return Timeline(calendar)
    try:
        return line.changed(Change(starts_on, calendar))
    except CannotFollow as error:
        raise Invalid.of("start_month", str(error)) from error


def _years_opened(line: Timeline, starts_on: date | None, *, today: date) -> tuple[Year, ...]:
    """Return the years that take the place of those that are open, one at least."""
    rows = FiscalPeriod.objects.all()
    if starts_on is not None:
        rows = rows.filter(starts_on__gte=starts_on)
    first, end = rows.aggregate(first=Min("starts_on"), end=Max("ends_on")).values()
    begin = starts_on or min(first or today, today)
    last = max((end or begin) - ONE_DAY, begin, today if starts_on is None else begin)
    return tuple(line.year(each) for each in range(line.year_of(begin), line.year_of(last) + 1))
