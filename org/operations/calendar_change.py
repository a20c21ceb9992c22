"""Changing how fiscal years are cut, from the first year on that nothing stands in."""

from datetime import datetime

from django.db import transaction

from finops.calendars import Calendar, Months
from finops.periods import reporting_day
from org import audit
from org.models import FiscalCalendar, FiscalPeriod, User
from org.models.calendar import LENGTHS
from org.operations.calendar import locked_company, rows_of
from org.permissions import can_manage_calendar
from org.queries.calendar_change import CalendarChange, calendar_version, change_to
from org.refusals import NotAllowed, Stale


@transaction.atomic
def change_calendar(*, calendar: Calendar, version: int, by: User, at: datetime) -> CalendarChange:
    """Cut all years anew that nothing is booked in, from the first such year on.

    Raises Invalid where the calendar cannot follow the one before, Stale where it was
    changed after `version` was read.
    """
    if not can_manage_calendar(by):
        raise NotAllowed("Only a CFO or an Administrator changes the fiscal calendar.")
    # Two may change it at once, or ask for money in a year that is about to be cut anew.
    here = locked_company()
    if calendar_version() != version:
        raise Stale("Somebody changed the fiscal calendar after you opened the page: look again.")
    change = change_to(calendar, today=reporting_day(at, here.zone))
    row = _row_of(change, by=by, at=at)
    row.save(force_insert=True)
    _cut_anew(change)
    _record(row, change, by=by, at=at)
    return change


def _row_of(change: CalendarChange, *, by: User, at: datetime) -> FiscalCalendar:
    calendar = change.calendar
    row = FiscalCalendar(
        pattern=FiscalCalendar.Pattern.MONTHS,
        start_month=calendar.start_month,
        starts_on=change.starts_on,
        chosen_by=by,
        chosen_at=at,
    )
    if not isinstance(calendar, Months):
        row.pattern = next(name for name, each in LENGTHS.items() if each == calendar.lengths)
        row.week_starts_on, row.year_end = calendar.week_starts_on, calendar.year_end
    return row


def _cut_anew(change: CalendarChange) -> None:
    old = FiscalPeriod.objects.all()
    if change.starts_on is not None:
        old = old.filter(starts_on__gte=change.starts_on)
    old.delete()
    FiscalPeriod.objects.bulk_create(row for year in change.years for row in rows_of(year))


def _record(row: FiscalCalendar, change: CalendarChange, *, by: User, at: datetime) -> None:
    detail = {
        "pattern": row.pattern,
        "start_month": row.start_month,
        "week_starts_on": row.week_starts_on,
        "year_end": row.year_end,
        "from": row.starts_on,
        "years": [year[0].year for year in change.years],
    }
    audit.record(
        actor=by, action="company.calendar_changed", subject="company", at=at, detail=detail
    )
