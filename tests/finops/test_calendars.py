"""Fiscal calendars: the worked years, and that no day is lost or told twice."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.calendars import (
    Calendar,
    CannotFollow,
    Change,
    Months,
    Timeline,
    Weeks,
    YearEnd,
    quarters_of,
    thirteen_of_four,
)
from finops.periods import Period

MONDAY, SATURDAY, SUNDAY = 0, 5, 6
JANUARY, FEBRUARY, JULY = 1, 2, 7
RETAIL = Weeks(quarters_of((4, 4, 5)), FEBRUARY, SUNDAY, YearEnd.LAST)
ALL_LENGTHS = [
    quarters_of((4, 4, 5)),
    quarters_of((4, 5, 4)),
    quarters_of((5, 4, 4)),
    thirteen_of_four(),
]
MONTHS = st.builds(Months, st.integers(1, 12))
WEEKS = st.builds(
    Weeks,
    st.sampled_from(ALL_LENGTHS),
    st.integers(1, 12),
    st.integers(0, 6),
    st.sampled_from(YearEnd),
)
CALENDARS = MONTHS | WEEKS
YEARS = st.integers(1990, 2100)


def _days(calendar: Calendar | Timeline, year: int) -> Period:
    periods = calendar.year(year)
    return Period(periods[0].start, periods[-1].end)


class TestTheRetailYearThatEndsOnTheLastSaturdayOfJanuary:
    def test_it_has_53_weeks_in_2026_2032_and_2037(self) -> None:
        weeks = {year: _days(RETAIL, year).days // 7 for year in range(2022, 2041)}

        assert [year for year, count in weeks.items() if count == 53] == [2026, 2032, 2037]
        assert set(weeks.values()) == {52, 53}

    def test_2026_ended_on_31_january_2026(self) -> None:
        assert _days(RETAIL, 2026).end - timedelta(days=1) == date(2026, 1, 31)

    def test_2027_is_cut_into_4_4_and_5_weeks(self) -> None:
        year = RETAIL.year(2027)

        assert _days(RETAIL, 2027) == Period(date(2026, 2, 1), date(2027, 1, 31))
        assert [(each.label, each.start, each.end) for each in year[:3]] == [
            ("FY2027 P1", date(2026, 2, 1), date(2026, 3, 1)),
            ("FY2027 P2", date(2026, 3, 1), date(2026, 3, 29)),
            ("FY2027 P3", date(2026, 3, 29), date(2026, 5, 3)),
        ]
        assert year[2].period.days == 35

    def test_six_weeks_in_is_the_middle_of_the_second_period(self) -> None:
        on = date(2026, 3, 14)
        second = RETAIL.year(2027)[1].period

        assert on in second
        assert _days(RETAIL, 2027).elapsed_days(on) + 1 == 42
        assert second.elapsed_days(on) + 1 == 14

    def test_the_53rd_week_is_in_the_last_period(self) -> None:
        lengths = [each.period.days // 7 for each in RETAIL.year(2026)]

        assert lengths == [4, 4, 5, 4, 4, 5, 4, 4, 5, 4, 4, 6]


def test_the_nearest_saturday_may_lie_in_the_next_year_which_does_not_name_it() -> None:
    nearest = Weeks(quarters_of((4, 4, 5)), JANUARY, SUNDAY, YearEnd.NEAREST)

    # 31 December is a Wednesday in 2025, a Thursday in 2026, a Friday in 2027.
    ends = [_days(nearest, year).end - timedelta(days=1) for year in (2025, 2026, 2027)]

    assert ends == [date(2026, 1, 3), date(2027, 1, 2), date(2028, 1, 1)]
    assert nearest.year_of(date(2027, 1, 2)) == 2026


def test_thirteen_periods_of_four_weeks_leave_a_fifth_week_to_the_last() -> None:
    year = Weeks(thirteen_of_four(), FEBRUARY, SUNDAY, YearEnd.LAST).year(2026)

    assert [each.period.days for each in year] == [28] * 12 + [35]


def test_the_tenth_of_august_is_day_41_and_in_the_second_month_of_a_year_from_july() -> None:
    on, calendar = date(2026, 8, 10), Months(JULY)

    period = Timeline(calendar).period_of(on)

    assert period.label == "FY2027 P2"
    assert _days(calendar, 2027).elapsed_days(on) + 1 == 41


@given(CALENDARS, YEARS)
def test_the_years_of_a_calendar_join_and_so_do_their_periods(
    calendar: Calendar, year: int
) -> None:
    periods = [*calendar.year(year), *calendar.year(year + 1)]

    assert all(earlier.end == later.start for earlier, later in pairwise(periods))


@given(CALENDARS, st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_a_day_is_in_the_year_that_a_calendar_says(calendar: Calendar, day: date) -> None:
    assert day in _days(calendar, calendar.year_of(day))


@given(WEEKS, YEARS)
def test_a_year_of_weeks_is_of_52_or_53_and_ends_on_the_day_of_its_rule(
    calendar: Weeks, year: int
) -> None:
    days = _days(calendar, year)
    last = days.end - timedelta(days=1)
    turn = date(year + (calendar.start_month == JANUARY), calendar.start_month, 1)
    month_end = turn - timedelta(days=1)

    assert days.days in {52 * 7, 53 * 7}
    assert last.weekday() == (calendar.week_starts_on - 1) % 7
    if calendar.year_end == YearEnd.LAST:
        assert timedelta() <= month_end - last < timedelta(days=7)
    else:
        assert abs(month_end - last) <= timedelta(days=3)


class TestACalendarThatFollowsAnother:
    def test_joins_without_a_rest_where_a_year_of_its_own_begins(self) -> None:
        line = Timeline(RETAIL).changed(
            Change(date(2026, 2, 1), Weeks(thirteen_of_four(), FEBRUARY, SUNDAY, YearEnd.LAST))
        )

        assert line.year(2026) == RETAIL.year(2026)
        assert len(line.year(2027)) == 13

    def test_begins_with_a_short_year(self) -> None:
        line = Timeline(Months(JANUARY)).changed(Change(date(2027, 1, 1), RETAIL))

        assert [(each.label, each.start, each.end) for each in line.year(2027)] == [
            ("FY2027 P1", date(2027, 1, 1), date(2027, 1, 31))
        ]
        assert line.year(2028) == RETAIL.year(2028)
        assert line.year_of(date(2026, 12, 31)) == 2026
        assert line.year_of(date(2027, 1, 30)) == 2027

    def test_gives_two_days_before_its_first_week_to_its_first_period(self) -> None:
        nearest = Weeks(quarters_of((4, 4, 5)), JANUARY, SUNDAY, YearEnd.NEAREST)

        year = Timeline(Months(JANUARY)).changed(Change(date(2027, 1, 1), nearest)).year(2027)

        assert year[0].period == Period(date(2027, 1, 1), date(2027, 1, 31))
        assert (len(year), year[-1].end) == (12, date(2028, 1, 2))

    def test_joins_half_a_year_to_the_next_where_its_name_is_taken(self) -> None:
        line = Timeline(Months(JULY)).changed(Change(date(2027, 7, 1), Months(JANUARY)))

        year = line.year(2028)

        assert _days(line, 2028) == Period(date(2027, 7, 1), date(2029, 1, 1))
        assert [each.number for each in year] == list(range(1, 19))
        assert (year[0].label, year[17].label) == ("FY2028 P1", "FY2028 P18")
        assert line.year_of(date(2027, 7, 1)) == 2028
        assert line.year(2029) == Months(JANUARY).year(2029)

    def test_is_refused_where_the_next_year_would_be_too_long(self) -> None:
        with pytest.raises(
            CannotFollow, match="The 334 days from 2027-02-01 on would end in 2027, as FY2027 does"
        ):
            Timeline(Months(FEBRUARY)).changed(Change(date(2027, 2, 1), Months(JANUARY)))

    def test_begins_where_a_year_begins(self) -> None:
        with pytest.raises(CannotFollow, match="No fiscal year starts on 2027-01-02"):
            Timeline(Months(JANUARY)).changed(Change(date(2027, 1, 2), RETAIL))

    def test_supersedes_what_was_to_hold_from_the_same_day_on(self) -> None:
        line = Timeline(Months(JANUARY)).changed(Change(date(2027, 1, 1), RETAIL))

        again = line.changed(Change(date(2027, 1, 1), Months(JANUARY)))

        assert again.year(2027) == Months(JANUARY).year(2027)


@given(CALENDARS, st.lists(st.tuples(st.integers(1, 9), CALENDARS), max_size=3), YEARS)
def test_calendars_that_follow_one_another_leave_no_gap_and_no_overlap(
    first: Calendar, changes: list[tuple[int, Calendar]], year: int
) -> None:
    line, last = Timeline(first), year
    for years, calendar in changes:
        last += years
        try:
            line = line.changed(Change(line.days_of(last).end, calendar))
        except CannotFollow:
            continue

    years_of_line = [line.year(each) for each in range(year - 2, last + 4)]
    periods = [period for each in years_of_line for period in each]

    assert all(earlier.end == later.start for earlier, later in pairwise(periods))
    assert all(
        each.year == period.year for each in periods for period in [line.period_of(each.start)]
    )
    for each in years_of_line:
        assert [period.number for period in each] == list(range(1, len(each) + 1))
        assert line.year_of(each[-1].end - timedelta(days=1)) == each[0].year


def test_a_week_starts_on_a_day_that_exists() -> None:
    with pytest.raises(ValueError, match="from 0 to 6"):
        Weeks(quarters_of((4, 4, 5)), FEBRUARY, 7, YearEnd.LAST)
    with pytest.raises(ValueError, match="a month from 1 to 12"):
        Months(13)
