"""Days, half-open periods and fiscal years."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.periods import (
    FiscalPeriod,
    Period,
    day_bounds,
    fiscal_year_of,
    gregorian_year,
    reporting_day,
    utc_day,
)

# Chosen for what their clocks do: none, whole hours, half hours, midnight skipped or
# repeated, the far ends of the world.
ZONES = [
    "UTC",
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "America/Havana",
    "Asia/Beirut",
    "America/Santiago",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Pacific/Kiritimati",
]
TWENTY_YEARS = Period(date(2016, 1, 1), date(2036, 1, 1))
FY2026 = Period(date(2026, 1, 1), date(2027, 1, 1))


def _days(period: Period) -> list[date]:
    return [period.start + timedelta(days=step) for step in range(period.days)]


def test_a_period_holds_its_first_day_and_not_its_end() -> None:
    november = Period(date(2026, 11, 1), date(2026, 12, 1))

    inside = [day for day in _days(Period(date(2026, 10, 1), date(2027, 1, 1))) if day in november]

    assert (inside[0], inside[-1], len(inside)) == (date(2026, 11, 1), date(2026, 11, 30), 30)
    assert november.days == 30


@pytest.mark.parametrize("end", [date(2026, 1, 1), date(2025, 12, 31)])
def test_a_period_without_days_is_refused(end: date) -> None:
    with pytest.raises(ValueError, match="must end after it starts, not 2026-01-01 to"):
        Period(date(2026, 1, 1), end)


@pytest.mark.parametrize(
    ("on", "elapsed", "remaining"),
    [
        (date(2025, 12, 31), 0, 365),
        (date(2026, 1, 1), 0, 365),
        (date(2026, 1, 2), 1, 364),
        (date(2026, 2, 12), 42, 323),
        (date(2026, 12, 31), 364, 1),
        (date(2027, 1, 1), 365, 0),
        (date(2030, 1, 1), 365, 0),
    ],
)
def test_elapsed_days_are_over_and_remaining_days_begin_with_today(
    on: date, elapsed: int, remaining: int
) -> None:
    assert (FY2026.elapsed_days(on), FY2026.remaining_days(on)) == (elapsed, remaining)


def test_the_same_instant_has_two_days() -> None:
    at = datetime(2026, 11, 20, 3, 30, tzinfo=UTC)

    assert utc_day(at) == date(2026, 11, 20)
    assert reporting_day(at, ZoneInfo("America/New_York")) == date(2026, 11, 19)
    assert reporting_day(at, ZoneInfo("Asia/Kathmandu")) == date(2026, 11, 20)


def test_a_day_is_found_from_any_clock_that_names_the_instant() -> None:
    in_kathmandu = datetime(2026, 11, 20, 1, 0, tzinfo=ZoneInfo("Asia/Kathmandu"))

    assert utc_day(in_kathmandu) == date(2026, 11, 19)


def test_a_time_without_a_zone_has_no_day() -> None:
    naive = datetime(2026, 11, 20, 3, 30)  # noqa: DTZ001 -- what is tested

    with pytest.raises(ValueError, match="2026-11-20T03:30:00 has no time zone"):
        utc_day(naive)
    with pytest.raises(ValueError, match="has no time zone"):
        reporting_day(naive, ZoneInfo("UTC"))


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23.0),
        ("Europe/Berlin", date(2026, 10, 25), 25.0),
        ("Europe/Berlin", date(2026, 10, 26), 24.0),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        # Midnight does not exist: the day begins at 01:00.
        ("Asia/Beirut", date(2026, 3, 29), 23.0),
        # Midnight happens twice: the day begins the first time.
        ("America/Havana", date(2026, 11, 1), 25.0),
        # The zone crossed the date line and left this day out.
        ("Pacific/Apia", date(2011, 12, 30), 0.0),
    ],
)
def test_a_day_is_as_long_as_the_clocks_make_it(zone: str, day: date, hours: float) -> None:
    start, end = day_bounds(day, ZoneInfo(zone))

    assert end - start == timedelta(hours=hours)


@pytest.mark.parametrize("name", ZONES)
def test_every_instant_of_twenty_years_is_in_exactly_one_day(name: str) -> None:
    zone = ZoneInfo(name)
    moment = timedelta(microseconds=1)

    bounds = [day_bounds(day, zone) for day in _days(TWENTY_YEARS)]

    assert all(earlier[1] == later[0] for earlier, later in pairwise(bounds))
    for day, (start, end) in zip(_days(TWENTY_YEARS), bounds, strict=True):
        assert reporting_day(start, zone) == day
        assert reporting_day(end - moment, zone) == day


@given(
    st.datetimes(datetime(2016, 1, 2), datetime(2035, 12, 30), timezones=st.just(UTC)),  # noqa: DTZ001 -- hypothesis adds the zone
    st.sampled_from(ZONES),
    st.integers(1, 12),
)
def test_every_instant_is_in_exactly_one_fiscal_period(
    at: datetime, name: str, start_month: int
) -> None:
    day = reporting_day(at, ZoneInfo(name))
    start, end = day_bounds(day, ZoneInfo(name))

    years = [gregorian_year(year, start_month) for year in range(2015, 2038)]
    holding = [period for year in years for period in year if day in period.period]

    assert start <= at < end
    assert len(holding) == 1
    assert holding[0].year == fiscal_year_of(day, start_month)


@pytest.mark.parametrize("start_month", range(1, 13))
def test_fiscal_periods_join_into_years_and_years_into_time(start_month: int) -> None:
    periods = [period for year in range(2016, 2037) for period in gregorian_year(year, start_month)]

    assert all(earlier.end == later.start for earlier, later in pairwise(periods))
    assert [period.number for period in periods] == [*range(1, 13)] * 21
    for period in periods:
        assert fiscal_year_of(period.start, start_month) == period.year
        assert fiscal_year_of(period.end - timedelta(days=1), start_month) == period.year


def test_a_fiscal_year_is_named_after_the_year_in_which_it_ends() -> None:
    year = gregorian_year(2027, start_month=7)

    assert year[0] == FiscalPeriod(2027, 1, "FY2027 P1", date(2026, 7, 1), date(2026, 8, 1))
    assert year[1] == FiscalPeriod(2027, 2, "FY2027 P2", date(2026, 8, 1), date(2026, 9, 1))
    assert year[11] == FiscalPeriod(2027, 12, "FY2027 P12", date(2027, 6, 1), date(2027, 7, 1))


def test_the_tenth_of_august_is_the_41st_day_of_a_year_from_july() -> None:
    day = date(2026, 8, 10)
    year = gregorian_year(fiscal_year_of(day, start_month=7), start_month=7)
    whole = Period(year[0].start, year[-1].end)

    assert day in year[1].period
    assert whole.elapsed_days(day) + 1 == 41


def test_a_calendar_year_is_its_own_fiscal_year() -> None:
    year = gregorian_year(2028, start_month=1)

    assert (year[0].start, year[-1].end) == (date(2028, 1, 1), date(2029, 1, 1))
    assert year[1].period.days == 29
    assert fiscal_year_of(date(2028, 12, 31), start_month=1) == 2028


@pytest.mark.parametrize("start_month", [0, 13])
def test_a_fiscal_year_starts_in_a_month_that_exists(start_month: int) -> None:
    with pytest.raises(ValueError, match="a month from 1 to 12"):
        gregorian_year(2026, start_month)
    with pytest.raises(ValueError, match="a month from 1 to 12"):
        fiscal_year_of(date(2026, 1, 1), start_month)
