"""Fiscal calendars in words, as every page says them."""

from calendar import day_name, month_name
from datetime import date

from finops.calendars import DAYS_PER_WEEK, Calendar, Months, Timeline, Year, YearEnd
from finops.periods import MONTHS_PER_YEAR, ONE_DAY
from org.models import FiscalCalendar
from org.models.calendar import LENGTHS
from org.queries.calendar_change import CalendarChange


def calendar_in_words(calendar: Calendar) -> str:
    """Say how years are cut and where they turn."""
    if isinstance(calendar, Months):
        return f"Calendar months; the year starts in {month_name[calendar.start_month]}."
    pattern = next(name for name, lengths in LENGTHS.items() if lengths == calendar.lengths)
    last = day_name[(calendar.week_starts_on - 1) % DAYS_PER_WEEK]
    month = month_name[(calendar.start_month - 2) % MONTHS_PER_YEAR + 1]
    ends = {
        YearEnd.LAST: f"the last {last} of {month}",
        YearEnd.NEAREST: f"the {last} nearest to the end of {month}",
    }[calendar.year_end]
    weeks = FiscalCalendar.Pattern(pattern).label
    return f"{weeks}, from {day_name[calendar.week_starts_on]} on; the year ends on {ends}."


def timeline_in_words(line: Timeline) -> list[str]:
    """Say each calendar of the company, and from which day on it holds."""
    changes = [
        f"From {written(each.starts_on)} on: {calendar_in_words(each.calendar)}"
        for each in line.changes
    ]
    return [calendar_in_words(line.first), *changes]


def change_in_words(change: CalendarChange) -> list[str]:
    """Say what another calendar changes and what it leaves, a sentence each."""
    if change.starts_on is None:
        return ["No usage is loaded and no budget asked for yet, so all years are cut anew."]
    first = change.first_year
    said = f"It holds from {written(change.starts_on)} on, with FY{first[0].year}."
    kept = f"FY{change.last_kept} and the years before it stay as they are."
    return [kept, said, *_first_year(change)]


def _first_year(change: CalendarChange) -> list[str]:
    days, year = _days_in_words(change.first_year), f"FY{change.first_year[0].year}"
    if change.is_short:
        return [f"{year} is a short year of {change.first_days} days, {days}."]
    if change.is_long:
        return [f"{year} takes in the days in between: it has {change.first_days} days, {days}."]
    return []


def _days_in_words(year: Year) -> str:
    return f"{written(year[0].start)} to {written(year[-1].end - ONE_DAY)}"


def written(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
