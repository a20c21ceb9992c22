"""The company and its calendar: what day it is here, and which fiscal period a day is in."""

from datetime import date, datetime

from finops import periods
from finops.calendars import Change, Timeline
from org.models import Company, FiscalCalendar, FiscalPeriod
from org.refusals import Refusal


class NotSetUp(Refusal):
    title = "The company is not set up yet"


class YearNotOpen(Refusal):
    title = "The fiscal year is not open"


def company() -> Company:
    """Return the company; raises NotSetUp before it was named and given a time zone."""
    found = Company.objects.first()
    if found is None:
        raise _not_set_up()
    return found


def reporting_today(at: datetime) -> date:
    """Return the company's date at an instant."""
    return periods.reporting_day(at, company().zone)


def timeline() -> Timeline:
    """Return how the company's years run, from ever on; raises NotSetUp before it was named."""
    line = None
    for row in FiscalCalendar.objects.order_by("pk"):
        if line is None or row.starts_on is None:
            line = Timeline(row.calendar)
        else:
            line = line.changed(Change(row.starts_on, row.calendar))
    if line is None:
        raise _not_set_up()
    return line


def period_containing(day: date) -> FiscalPeriod | None:
    return FiscalPeriod.objects.containing(day).first()


def fiscal_year_containing(day: date) -> int:
    """Return the fiscal year of a day, open or not, named after the year it ends in."""
    return timeline().year_of(day)


def year_period(fiscal_year: int) -> periods.Period:
    """Return the days of an open fiscal year; raises YearNotOpen without its periods."""
    rows = periods_of_year(fiscal_year)
    return periods.Period(rows[0].start, rows[-1].end)


def periods_of_year(fiscal_year: int) -> list[periods.FiscalPeriod]:
    """Return the periods of an open fiscal year in order; raises YearNotOpen without them."""
    rows = [
        periods.FiscalPeriod(row.fiscal_year, row.number, row.label, row.starts_on, row.ends_on)
        for row in FiscalPeriod.objects.of_year(fiscal_year)
    ]
    if not rows:
        raise YearNotOpen(f"Fiscal year {fiscal_year} has no periods yet: open it first.")
    return rows


def _not_set_up() -> NotSetUp:
    return NotSetUp("The company has no name, time zone and fiscal year yet: set it up first.")
