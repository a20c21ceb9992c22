"""Changing the fiscal calendar: from when on, what stays, and what is refused."""

from datetime import date, datetime
from functools import partial
from itertools import pairwise

import pytest
from django.db import IntegrityError, connection, transaction

from finops.calendars import Calendar, Months, Weeks, YearEnd, quarters_of, thirteen_of_four
from org.models import AuditEntry, FiscalCalendar, FiscalPeriod
from org.operations.calendar import book_fiscal_year, fix_time_zone, open_fiscal_year
from org.operations.calendar_change import change_calendar
from org.queries.calendar import YearNotOpen, fiscal_year_containing, timeline
from org.queries.calendar_change import CalendarChange, calendar_version, change_to
from org.refusals import Invalid, NotAllowed, Refusal, Stale
from tests.org_cast import Cast, gather
from tests.races import race

SUNDAY = 6
RETAIL = Weeks(quarters_of((4, 4, 5)), 2, SUNDAY, YearEnd.LAST)
THIRTEEN = Weeks(thirteen_of_four(), 2, SUNDAY, YearEnd.LAST)
TODAY = date(2026, 11, 20)


def change(cast: Cast, calendar: Calendar, *, at: datetime) -> CalendarChange:
    return change_calendar(calendar=calendar, version=calendar_version(), by=cast.carl, at=at)


def rows() -> list[tuple[str, date, date]]:
    listed = FiscalPeriod.objects.order_by("starts_on")
    return list(listed.values_list("label", "starts_on", "ends_on"))


def test_before_anything_is_booked_all_years_are_cut_anew(cast: Cast, at: datetime) -> None:
    change(cast, RETAIL, at=at)

    # Of what was open, 1 January 2026 lies in FY2026 and 31 December 2027 in FY2028.
    assert rows()[0] == ("FY2026 P1", date(2025, 1, 26), date(2025, 2, 23))
    assert rows()[-1][0] == "FY2028 P12"
    assert fiscal_year_containing(date(2026, 2, 1)) == 2027


def test_once_usage_is_booked_it_holds_from_the_next_year_on(cast: Cast, at: datetime) -> None:
    fix_time_zone(at=at)
    before = rows()[:12]

    made = change(cast, RETAIL, at=at)

    assert (made.starts_on, made.last_kept) == (date(2027, 1, 1), 2026)
    assert rows()[:12] == before
    assert rows()[12:15] == [
        ("FY2027 P1", date(2027, 1, 1), date(2027, 1, 31)),
        ("FY2028 P1", date(2027, 1, 31), date(2027, 2, 28)),
        ("FY2028 P2", date(2027, 2, 28), date(2027, 3, 28)),
    ]
    assert all(earlier[2] == later[1] for earlier, later in pairwise(rows()))


def test_a_year_in_which_money_was_asked_for_stays(cast: Cast, at: datetime) -> None:
    book_fiscal_year(fiscal_year=2027, at=at)
    before = rows()

    made = change(cast, RETAIL, at=at)

    assert made.starts_on == date(2028, 1, 1)
    assert rows()[:24] == before
    assert rows()[24] == ("FY2028 P1", date(2028, 1, 1), date(2028, 1, 30))


def test_a_year_with_a_closed_period_stays(cast: Cast, at: datetime) -> None:
    FiscalPeriod.objects.filter(label="FY2026 P1").update(state=FiscalPeriod.State.CLOSED)

    assert change(cast, RETAIL, at=at).starts_on == date(2027, 1, 1)


def test_years_opened_later_run_as_the_calendar_says(cast: Cast, at: datetime) -> None:
    fix_time_zone(at=at)
    change(cast, RETAIL, at=at)

    open_fiscal_year(fiscal_year=2029)
    open_fiscal_year(fiscal_year=2025)

    assert all(earlier[2] == later[1] for earlier, later in pairwise(rows()))
    assert rows()[0] == ("FY2025 P1", date(2025, 1, 1), date(2025, 2, 1))


def test_a_change_that_does_not_hold_yet_is_superseded_by_the_next(
    cast: Cast, at: datetime
) -> None:
    fix_time_zone(at=at)
    before = rows()
    change(cast, THIRTEEN, at=at)

    change(cast, Months(1), at=at)

    # The thirteen periods of FY2028 would have begun in 2027, so FY2028 is open now.
    assert rows()[:24] == before
    assert rows()[24] == ("FY2028 P1", date(2028, 1, 1), date(2028, 2, 1))
    assert FiscalCalendar.objects.count() == 3


def test_a_calendar_that_cannot_follow_is_refused_and_nothing_moves(
    cast: Cast, at: datetime
) -> None:
    change(cast, Months(2), at=at)
    fix_time_zone(at=at)
    before = rows()

    with pytest.raises(Invalid, match="would end in 2027, as FY2027 does"):
        change(cast, Months(1), at=at)

    assert rows() == before


def test_a_calendar_that_is_the_present_one_changes_nothing(cast: Cast, at: datetime) -> None:
    with pytest.raises(Invalid, match="The years run like this already"):
        change(cast, Months(1), at=at)


def test_it_is_in_the_audit_log_with_what_was_chosen(cast: Cast, at: datetime) -> None:
    fix_time_zone(at=at)

    change(cast, RETAIL, at=at)

    entry = AuditEntry.objects.get(action="company.calendar_changed")
    assert entry.actor == cast.carl
    assert entry.detail == {
        "pattern": "4-4-5",
        "start_month": 2,
        "week_starts_on": 6,
        "year_end": "last",
        "from": "2027-01-01",
        "years": [2027, 2028],
    }


def test_a_cfo_or_an_administrator_changes_it(cast: Cast, at: datetime) -> None:
    for person in (cast.fiona, cast.grace, cast.ed, cast.aud, cast.stan):
        with pytest.raises(NotAllowed):
            change_calendar(calendar=RETAIL, version=calendar_version(), by=person, at=at)

    change_calendar(calendar=RETAIL, version=calendar_version(), by=cast.ada, at=at)


def test_who_read_an_older_calendar_is_told(cast: Cast, at: datetime) -> None:
    read = calendar_version()
    change(cast, RETAIL, at=at)

    with pytest.raises(Stale, match="look again"):
        change_calendar(calendar=THIRTEEN, version=read, by=cast.carl, at=at)


def test_looking_at_a_change_changes_nothing(cast: Cast) -> None:
    before = rows()

    seen = change_to(THIRTEEN, today=TODAY)

    assert [len(year) for year in seen.years] == [13, 13, 13]
    assert rows() == before


@pytest.mark.django_db(transaction=True)
def test_of_two_who_change_it_at_once_one_is_told_to_look_again(at: datetime) -> None:
    cast = gather()
    read = calendar_version()

    outcomes = race(
        *(
            partial(change_calendar, calendar=calendar, version=read, by=cast.carl, at=at)
            for calendar in (RETAIL, THIRTEEN)
        )
    )

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["CalendarChange", "Stale"]
    assert FiscalCalendar.objects.count() == 2
    assert all(earlier[2] == later[1] for earlier, later in pairwise(rows()))


@pytest.mark.django_db(transaction=True)
def test_a_year_is_booked_or_cut_anew_never_both(at: datetime) -> None:
    cast = gather()

    race(
        partial(book_fiscal_year_alone, 2027, at),
        partial(change_calendar, calendar=RETAIL, version=calendar_version(), by=cast.carl, at=at),
    )

    booked = FiscalPeriod.objects.of_year(2027)
    assert {row.booked_at for row in booked} == {at}
    days = [(row.starts_on, row.ends_on) for row in booked]
    assert days == [(each.start, each.end) for each in timeline().year(2027)]


def book_fiscal_year_alone(fiscal_year: int, at: datetime) -> None:
    with transaction.atomic():
        book_fiscal_year(fiscal_year=fiscal_year, at=at)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM org_fiscalperiod WHERE fiscal_year = 2027",
        "UPDATE org_fiscalperiod SET ends_on = ends_on - 1 WHERE fiscal_year = 2027",
        "UPDATE org_fiscalperiod SET fiscal_year = 2040 WHERE fiscal_year = 2027",
    ],
)
def test_the_database_keeps_the_days_of_a_booked_year(
    cast: Cast, at: datetime, statement: str
) -> None:
    book_fiscal_year(fiscal_year=2027, at=at)

    with pytest.raises(IntegrityError, match="is booked: its days stay"), transaction.atomic():
        connection.cursor().execute(statement)


def test_the_database_keeps_calendars_as_they_were_chosen(cast: Cast) -> None:
    with pytest.raises(Exception, match="permission denied"), transaction.atomic():
        FiscalCalendar.objects.update(start_month=3)


@pytest.mark.parametrize(
    "values",
    [
        {"pattern": "months", "start_month": 13},
        {"pattern": "months", "start_month": 1, "week_starts_on": 6, "year_end": "last"},
        {"pattern": "4-4-5", "start_month": 1},
        {"pattern": "4-4-5", "start_month": 1, "week_starts_on": 7, "year_end": "last"},
    ],
)
def test_the_database_refuses_a_calendar_that_does_not_hold(
    cast: Cast, values: dict[str, object]
) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        FiscalCalendar.objects.create(**values)


def test_a_year_is_booked_once_and_only_if_it_is_open(cast: Cast, at: datetime) -> None:
    book_fiscal_year(fiscal_year=2026, at=at)
    book_fiscal_year(fiscal_year=2026, at=at.replace(year=2027))

    assert {row.booked_at for row in FiscalPeriod.objects.of_year(2026)} == {at}
    with pytest.raises(YearNotOpen):
        book_fiscal_year(fiscal_year=2031, at=at)
    assert issubclass(YearNotOpen, Refusal)
