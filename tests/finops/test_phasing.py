"""Phasing: nothing is lost between periods, and every day has its share."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.calendars import Months, Weeks, YearEnd, quarters_of
from finops.periods import FiscalPeriod, Period
from finops.phasing import (
    Difference,
    NothingToPhase,
    Plan,
    Schedule,
    even_plan,
    weighted_plan,
    working_day_plan,
    working_days,
)

BUDGET = Decimal(1_200_000)
RETAIL = Weeks(quarters_of((4, 4, 5)), 2, 6, YearEnd.LAST)


def days_of(year: tuple[FiscalPeriod, ...]) -> list[Period]:
    return [each.period for each in year]


FY2026 = days_of(Months(1).year(2026))
RETAIL_2027 = days_of(RETAIL.year(2027))
YEARS = st.builds(
    days_of,
    st.builds(
        lambda month, year: Months(month).year(year), st.integers(1, 12), st.integers(2000, 2060)
    )
    | st.builds(RETAIL.year, st.integers(2000, 2060)),
)
BUDGETS = st.decimals(0, 10**12, places=2, allow_nan=False)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    periods = draw(YEARS)
    if draw(st.booleans()):
        return draw(st.sampled_from([even_plan, working_day_plan]))(periods)
    weight = st.decimals(0, 10**6, places=6, allow_nan=False)
    some = draw(st.lists(weight, min_size=len(periods), max_size=len(periods)).filter(any))
    return weighted_plan(periods, some)


class TestThePeriodsOfAPlan:
    def test_of_an_even_year_have_the_share_of_their_days(self) -> None:
        # 1.2 million × 31, 28, 31 … / 365: the cents round up where the rest is largest.
        assert even_plan(FY2026).amounts_usd(BUDGET)[:3] == [
            Decimal("101917.81"),
            Decimal("92054.79"),
            Decimal("101917.81"),
        ]

    def test_of_4_4_5_weeks_have_four_four_and_five_52nds(self) -> None:
        amounts = even_plan(RETAIL_2027).amounts_usd(Decimal(5200))

        assert amounts == [Decimal(400), Decimal(400), Decimal(500)] * 4

    def test_by_working_days_have_the_share_of_their_mondays_to_fridays(self) -> None:
        # 2026 has 261 of them: January 22, February 20, March 22.
        assert working_day_plan(FY2026).amounts_usd(Decimal(261))[:3] == [22, 20, 22]

    def test_by_weights_have_the_share_of_their_weight(self) -> None:
        amounts = weighted_plan(FY2026, [1] * 10 + [4, 6]).amounts_usd(Decimal(2000))

        assert amounts == [Decimal(100)] * 10 + [Decimal(400), Decimal(600)]

    def test_share_cents_that_do_not_divide_by_largest_remainder(self) -> None:
        assert weighted_plan(FY2026[:3], [1, 1, 1]).amounts_usd(Decimal("100.00")) == [
            Decimal("33.34"),
            Decimal("33.33"),
            Decimal("33.33"),
        ]


class TestThePlanToDate:
    def test_of_an_even_year_is_the_share_of_its_days(self) -> None:
        plan = even_plan(FY2026)

        # Day 42 is over: 42 × 1.2 million / 365, and of 365 dollars 42.
        assert round(plan.to_date_usd(BUDGET, date(2026, 2, 12)), 2) == Decimal("138082.19")
        assert plan.to_date_usd(Decimal(365), date(2026, 2, 12)) == 42

    def test_stands_still_on_a_weekend_where_working_days_count(self) -> None:
        plan = working_day_plan(FY2026)

        # January 2026 begins on a Thursday: 1 and 2 count, 3 and 4 do not, 5 does.
        found = [plan.to_date_usd(Decimal(261), date(2026, 1, day)) for day in range(1, 7)]

        assert found == [0, 1, 2, 2, 2, 3]

    def test_is_spread_evenly_within_a_weighted_period(self) -> None:
        plan = weighted_plan(FY2026, [0] * 10 + [3, 1])

        assert plan.to_date_usd(Decimal(400), date(2026, 11, 1)) == 0
        assert plan.to_date_usd(Decimal(400), date(2026, 11, 11)) == 100  # 10 of 30 days of 300
        assert plan.to_date_usd(Decimal(400), date(2026, 12, 1)) == 300
        assert plan.to_date_usd(Decimal(400), date(2027, 1, 1)) == 400

    def test_six_weeks_into_a_retail_year_is_its_first_period_and_half_its_second(self) -> None:
        on = date(2026, 3, 15)  # six weeks are over

        assert even_plan(RETAIL_2027).to_date_usd(Decimal(5200), on) == 600


class TestAYearThatIsRevised:
    MONTHLY = weighted_plan(FY2026, [1] * 12)

    def test_keeps_what_was_planned_and_spreads_the_difference_over_what_remains(self) -> None:
        more = Schedule(self.MONTHLY, Decimal(1200), (Difference(date(2026, 7, 15), Decimal(600)),))

        # 600 over August to December: 120 each on top of 100.
        assert more.amounts_usd() == [100] * 7 + [220] * 5
        assert more.total_usd == 1800
        assert more.to_date_usd(date(2026, 8, 1)) == 700
        assert more.to_date_usd(date(2026, 9, 1)) == 920

    def test_counts_a_period_that_begins_on_the_day_as_what_remains(self) -> None:
        less = Schedule(self.MONTHLY, Decimal(1200), (Difference(date(2026, 7, 1), Decimal(-300)),))

        assert less.amounts_usd() == [100] * 6 + [50] * 6

    def test_takes_back_what_was_planned_too_much_by_periods_below_zero(self) -> None:
        less = Schedule(self.MONTHLY, Decimal(1200), (Difference(date(2026, 7, 1), Decimal(-900)),))

        assert less.amounts_usd() == [100] * 6 + [-50] * 6
        assert less.to_date_usd(date(2027, 1, 1)) == 300

    def test_puts_a_difference_of_the_last_period_on_that(self) -> None:
        late = Schedule(self.MONTHLY, Decimal(1200), (Difference(date(2026, 12, 9), Decimal(31)),))

        assert late.amounts_usd() == [100] * 11 + [131]

    def test_leaves_what_belongs_to_one_period_on_that_alone(self) -> None:
        july = Difference(date(2026, 7, 1), Decimal(60), until=date(2026, 8, 1))
        flexed = Schedule(self.MONTHLY, Decimal(1200), (july,))

        assert flexed.amounts_usd() == [100] * 6 + [160] + [100] * 5
        assert flexed.to_date_usd(date(2026, 8, 1)) == 760

    def test_goes_by_days_where_what_remains_carries_no_weight(self) -> None:
        early = weighted_plan(FY2026, [1] * 6 + [0] * 6)
        more = Schedule(early, Decimal(600), (Difference(date(2026, 11, 1), Decimal(61)),))

        assert more.amounts_usd() == [100] * 6 + [0] * 4 + [30, 31]


DIFFERENCES = st.lists(
    st.tuples(st.integers(-5, 380), st.decimals(-(10**9), 10**9, places=2, allow_nan=False)),
    max_size=4,
)


@given(plans(), BUDGETS, DIFFERENCES)
def test_a_revised_year_adds_up_and_leaves_what_was_planned_before(
    plan: Plan, first: Decimal, differences: list[tuple[int, Decimal]]
) -> None:
    start = plan.periods[0].start
    dated = [Difference(start + timedelta(days=day), usd) for day, usd in differences]
    schedule = Schedule(plan, first, tuple(dated))

    amounts = schedule.amounts_usd()

    assert sum(amounts) == schedule.total_usd == first + sum(usd for _, usd in differences)
    assert schedule.to_date_usd(plan.periods[-1].end) == schedule.total_usd
    untouched = min([each.day for each in dated], default=plan.periods[-1].end)
    for period, was, now in zip(plan.periods, plan.amounts_usd(first), amounts, strict=True):
        if period.start < untouched and period != plan.periods[-1]:
            assert now == was


@given(plans(), BUDGETS)
def test_the_periods_of_a_plan_add_up_to_the_budget(plan: Plan, budget: Decimal) -> None:
    amounts = plan.amounts_usd(budget)

    assert sum(amounts) == budget
    assert all(amount >= 0 and amount.as_tuple().exponent == -2 for amount in amounts)


@given(plans(), BUDGETS, st.integers(-5, 380))
def test_the_plan_to_date_rises_from_nothing_to_the_budget(
    plan: Plan, budget: Decimal, day: int
) -> None:
    on = plan.periods[0].start + timedelta(days=day)
    today, tomorrow = (plan.to_date_usd(budget, each) for each in (on, on + timedelta(days=1)))

    assert 0 <= today <= tomorrow <= budget
    assert plan.to_date_usd(budget, plan.periods[0].start) == 0
    assert plan.to_date_usd(budget, plan.periods[-1].end) == budget


@given(plans(), BUDGETS)
def test_a_periods_amount_is_within_a_cent_of_what_the_plan_allows_in_it(
    plan: Plan, budget: Decimal
) -> None:
    for period, amount in zip(plan.periods, plan.amounts_usd(budget), strict=True):
        exact = plan.to_date_usd(budget, period.end) - plan.to_date_usd(budget, period.start)

        assert abs(exact - amount) <= Decimal("0.01")


@given(st.dates(date(2000, 1, 1), date(2060, 1, 1)), st.integers(1, 400))
def test_working_days_are_those_that_are_no_saturday_and_no_sunday(start: date, days: int) -> None:
    listed = [start + timedelta(days=number) for number in range(days)]
    counted = [day for day in listed if day.strftime("%a") not in {"Sat", "Sun"}]

    assert working_days(Period(start, start + timedelta(days=days))) == len(counted)


def test_a_plan_without_any_weight_is_refused() -> None:
    with pytest.raises(NothingToPhase):
        weighted_plan(FY2026, [0] * 12)
    with pytest.raises(NothingToPhase):
        working_day_plan([Period(date(2026, 8, 1), date(2026, 8, 3))])  # a weekend
    with pytest.raises(ValueError, match="12 periods have 2 weights"):
        weighted_plan(FY2026, [1, 2])
