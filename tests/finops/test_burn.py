"""Pace, burn multiple, the alert on it, and how long the rest lasts."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.burn import (
    BurnAlert,
    burn_alert,
    burn_multiple,
    daily_growth,
    days_left,
    even_pace,
    grown_total,
)
from finops.money import to_cents
from finops.periods import Period

FY2026 = Period(date(2026, 1, 1), date(2027, 1, 1))
BUDGET = Decimal(1_200_000)


class TestSixWeeksIntoTheFiscalYear:
    """A year's 1.2 million, spent evenly within 42 days."""

    spent_per_day = BUDGET / 42

    def test_the_even_plan_allows_3287_67_a_day(self) -> None:
        assert to_cents(even_pace(BUDGET, FY2026, date(2026, 1, 2))) == Decimal("3287.67")

    def test_the_burn_multiple_is_365_by_42(self) -> None:
        pace = even_pace(BUDGET, FY2026, date(2026, 2, 12))

        multiple = burn_multiple(BUDGET, pace)

        assert multiple is not None
        assert to_cents(multiple) == Decimal("8.69")
        assert abs(multiple - Decimal(365) / 42) < Decimal("1e-25")

    def test_burn_would_have_had_to_be_88_5_percent_lower(self) -> None:
        assert round(1 - (BUDGET / 365) / self.spent_per_day, 3) == Decimal("0.885")

    def test_after_seven_days_200000_stand_against_23014_and_the_alert_fires(self) -> None:
        pace = even_pace(BUDGET, FY2026, date(2026, 1, 8))
        day_pace = pace - even_pace(BUDGET, FY2026, date(2026, 1, 7))

        alert = burn_alert(
            burn_multiple(7 * self.spent_per_day, pace),
            burn_multiple(self.spent_per_day, day_pace),
        )

        assert (round(7 * self.spent_per_day), round(pace)) == (200_000, 23_014)
        assert alert is not None
        assert [to_cents(multiple) for multiple in alert] == [Decimal("8.69"), Decimal("8.69")]


class TestTenTimesInSixMonths:
    growth = daily_growth(Decimal(10), Decimal("182.5"))

    def test_it_is_46_8_percent_a_month_1_26_a_day_and_a_hundred_times_a_year(self) -> None:
        monthly = (self.growth * Decimal("182.5") / 6).exp() - 1

        assert round(monthly, 3) == Decimal("0.468")
        assert round(self.growth, 4) == Decimal("0.0126")
        assert round((self.growth * 365).exp(), 20) == 100

    def test_a_years_budget_at_todays_rate_is_gone_on_day_137(self) -> None:
        lasts = days_left(Decimal(365), Decimal(1), self.growth)

        assert lasts is not None
        assert 136 < lasts <= 137

    def test_the_whole_year_costs_21_5_times_the_plan(self) -> None:
        year = grown_total(Decimal(1), self.growth, Decimal(365))

        assert round(year / 365, 1) == Decimal("21.5")


def test_180000_last_90_days_at_2000_and_64_2_where_that_grows_by_a_percent_a_day() -> None:
    left, rate = Decimal(180_000), Decimal(2_000)

    assert days_left(left, rate) == 90
    assert round(days_left(left, rate, Decimal("0.01")) or 0, 1) == Decimal("64.2")


@pytest.mark.parametrize(
    ("left", "rate", "growth", "lasts"),
    [
        ("0", "2000", "0", Decimal(0)),
        ("-5", "0", "0.01", Decimal(0)),
        ("5", "0", "0.01", None),
        # Shrinking by 1 % a day, 2,000 a day will never come to more than 200,000.
        ("199999", "2000", "-0.01", "some"),
        ("200000", "2000", "-0.01", None),
    ],
)
def test_money_may_be_gone_already_or_never_be_spent(
    left: str, rate: str, growth: str, lasts: Decimal | str | None
) -> None:
    found = days_left(Decimal(left), Decimal(rate), Decimal(growth))

    assert (found is not None and found > 0) if lasts == "some" else found == lasts


@given(
    st.decimals(1, 10**6, places=2),
    st.decimals("0.01", 10**4, places=2),
    st.decimals("-0.05", "0.05", places=4),
)
def test_what_the_days_that_are_left_cost_is_what_is_left(
    left: Decimal, rate: Decimal, growth: Decimal
) -> None:
    lasts = days_left(left, rate, growth)

    if lasts is not None:
        assert abs(grown_total(rate, growth, lasts) / left - 1) < Decimal("1e-30")


def test_pace_is_nothing_before_the_year_and_everything_after_it() -> None:
    assert even_pace(BUDGET, FY2026, date(2025, 6, 1)) == 0
    assert even_pace(BUDGET, FY2026, date(2027, 6, 1)) == BUDGET


@pytest.mark.parametrize("pace", ["0", "-1"])
def test_there_is_no_burn_multiple_without_a_pace(pace: str) -> None:
    assert burn_multiple(Decimal(5), Decimal(pace)) is None


@pytest.mark.parametrize(
    ("week", "day", "fires"),
    [
        ("2", "2", True),
        ("1.99", "9", False),  # one wild day is no trend
        ("9", "1.99", False),  # a wild week that is over needs nobody any more
        (None, "9", False),
        ("9", None, False),
    ],
)
def test_an_alert_needs_seven_days_and_the_last_of_them(
    week: str | None, day: str | None, *, fires: bool
) -> None:
    multiples = [None if each is None else Decimal(each) for each in (week, day)]

    alert = burn_alert(*multiples)

    assert alert == (BurnAlert(Decimal(week or 0), Decimal(day or 0)) if fires else None)
