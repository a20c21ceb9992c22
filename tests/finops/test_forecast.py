"""The forecast: the days to come with their range, the total, the day the money is gone."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal, localcontext
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.backtest import Method, Spread
from finops.burn import days_left
from finops.forecast import (
    Exhaustion,
    Forecast,
    Range,
    estimate_at_completion,
    exhaustion,
    forecast,
    path,
)
from finops.money import to_cents
from finops.periods import Period
from tests.finops.series import MONDAY, WORKING_WEEK, days

FY2026 = Period(date(2026, 1, 1), date(2027, 1, 1))
BUDGET = Decimal(1_200_000)


def found(values: Sequence[int | Decimal], method: Method | None = None) -> Forecast:
    made = forecast(days(values), method)
    assert made is not None
    return made


def after(made: Forecast, count: int) -> Range:
    """Return what the first `count` days will have cost."""
    return path(made, Period(made.first_day, made.first_day + timedelta(days=count)))[-1][1]


class TestSixWeeksIntoTheFiscalYear:
    """A year's 1.2 million, spent evenly within 42 days."""

    spent_per_day = BUDGET / 42

    def forecast_after(self, count: int) -> Forecast:
        made = forecast(days([self.spent_per_day] * count, start=FY2026.start))
        assert made is not None
        return made

    def test_the_straight_line_ends_at_more_than_ten_million(self) -> None:
        ahead = path(self.forecast_after(42), FY2026)

        total = estimate_at_completion(BUDGET, ahead).expected_usd

        assert len(ahead) == 323
        assert to_cents(total) == Decimal("10428571.43")
        assert to_cents(total - BUDGET) == Decimal("9228571.43")

    def test_day_seven_already_predicts_day_42_within_half_either_way(self) -> None:
        made = self.forecast_after(7)
        left = BUDGET - 7 * self.spent_per_day

        gone = exhaustion(left, path(made, FY2026))

        assert made.is_rough
        # 35 days at this pace, 23.3 at half more, 70 at half less.
        assert gone == (date(2026, 1, 31), date(2026, 2, 11), date(2026, 3, 18))
        assert (date(2026, 2, 11) - FY2026.start).days + 1 == 42

    def test_the_day_before_it_is_gone_42_days_are_known_and_it_still_is_that_day(self) -> None:
        made = self.forecast_after(41)

        assert exhaustion(self.spent_per_day, path(made, FY2026)).expected == date(2026, 2, 11)


def test_no_days_no_forecast() -> None:
    assert forecast([]) is None


def test_fewer_than_fourteen_days_give_their_mean_and_half_of_it_either_way() -> None:
    made = found([80] * 12 + [145])

    assert (made.method, made.is_rough, made.known_days) == (Method.RUN_RATE, True, 13)
    assert (made.errors, made.error) == ({}, None)
    assert after(made, 10) == (Decimal(425), Decimal(850), Decimal(1275))


def test_a_steady_working_week_goes_on_within_five_percent() -> None:
    made = found(WORKING_WEEK * 5)

    assert (made.method, made.error) == (Method.SEASONAL, Decimal(0))
    assert not made.is_rough
    assert after(made, 7) == (Decimal(532), Decimal(560), Decimal(588))
    assert after(made, 11).expected_usd == 560 + 400  # Monday to Thursday of the second week


def test_the_range_is_what_the_past_missed_by() -> None:
    made = found([10] * 7 + [12] * 7)

    # The one trial came to a fifth more than expected.
    assert made.spreads == (Spread(Decimal("-0.05"), Decimal("0.2")),) * 7
    assert after(made, 7) == (Decimal("79.8"), Decimal(84), Decimal("100.8"))
    assert after(made, 70) == (Decimal(798), Decimal(840), Decimal(1008))


def test_a_wild_past_reaches_down_to_nothing_and_no_further() -> None:
    made = found([100] * 7 + [-50] * 7, Method.RUN_RATE)

    assert made.spreads[-1].low == -1
    assert after(made, 7).low_usd == 0


def test_the_method_that_missed_least_is_taken() -> None:
    # Weeks of 10 and 20 a day by turns: seasonal always expects the other week.
    made = found(([10] * 7 + [20] * 7) * 5)

    assert made.method == Method.RUN_RATE
    assert made.error == min(error for error in made.errors.values() if error is not None)
    assert set(made.errors) == set(Method)
    assert (made.known_days, made.horizon) == (70, 28)


@pytest.mark.parametrize("method", Method)
def test_another_method_may_be_asked_for(method: Method) -> None:
    assert found([80] * 40, method).method == method


def test_a_method_that_so_few_days_do_not_suffice_for_is_not_taken() -> None:
    assert found([80] * 20, Method.WEIGHTED).method == Method.SEASONAL
    assert found([80] * 5, Method.SEASONAL).method == Method.RUN_RATE


@pytest.mark.parametrize("step", [0, 2])
def test_every_day_is_given_once(step: int) -> None:
    with pytest.raises(ValueError, match="does not follow 2026-10-26"):
        forecast([(MONDAY, Decimal(1)), (MONDAY + timedelta(days=step), Decimal(2))])


def test_a_period_that_begins_later_counts_its_own_days_only() -> None:
    made = found(WORKING_WEEK * 5)
    start = made.first_day + timedelta(days=5)

    ahead = path(made, Period(start, start + timedelta(days=2)))

    assert [day for day, _ in ahead] == [start, start + timedelta(days=1)]
    assert [each.expected_usd for _, each in ahead] == [30, 60]


def test_a_period_that_is_over_costs_what_it_cost() -> None:
    made = found([80] * 20)

    ahead = path(made, Period(MONDAY, made.first_day))

    assert ahead == []
    assert estimate_at_completion(Decimal(1600), ahead) == Range(*[Decimal(1600)] * 3)
    assert exhaustion(Decimal(1), ahead) == Exhaustion(None, None, None)


@pytest.mark.parametrize(
    ("remaining", "usd_per_day", "expected"),
    [
        ("180000", 2000, 90),
        ("0.01", 2000, 1),
        ("2000", 2000, 1),
        ("2000.01", 2000, 2),
        ("2000.000000000001", 2000, 2),
        ("0", 2000, 1),
        ("-5", 0, 1),
        ("1", 0, None),
        ("730000", 2000, 365),
        ("730000.01", 2000, None),
    ],
)
def test_money_lasts_until_the_day_that_spends_the_last_of_it(
    remaining: str, usd_per_day: int, expected: int | None
) -> None:
    made = found([usd_per_day] * 20)
    year = Period(made.first_day, made.first_day + timedelta(days=365))

    gone_on = exhaustion(Decimal(remaining), path(made, year)).expected

    assert gone_on == (None if expected is None else made.first_day + timedelta(days=expected - 1))


@given(st.integers(1, 10**9), st.integers(1, 1_000))
def test_a_budget_that_lasts_whole_days_is_not_a_day_off_by_rounding(
    budget_usd: int, whole_days: int
) -> None:
    with localcontext() as fifty_digits:
        fifty_digits.prec = 50
        rate = Decimal(budget_usd) / whole_days
    made = found([rate] * 3)
    years = Period(made.first_day, made.first_day + timedelta(days=1_001))

    gone_on = exhaustion(Decimal(budget_usd), path(made, years)).expected

    assert gone_on == made.first_day + timedelta(days=whole_days - 1)


HISTORIES = st.lists(st.integers(0, 10**6), min_size=1, max_size=90)


@given(st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=90))
def test_sums_never_fall_and_their_range_holds_them_and_is_never_below_zero(
    values: list[int],
) -> None:
    made = found(values)
    # The last of fifty digits may be rounded either way; so many more make the test exact.
    rounding, before = Decimal("1e-45"), Range(Decimal(0), Decimal(0), Decimal(0))
    sixty_days = Period(made.first_day, made.first_day + timedelta(days=60))
    with localcontext() as more_digits:
        more_digits.prec = 100
        for _, sums in path(made, sixty_days):
            narrowest = sums.expected_usd * (1 + rounding)
            assert all(later >= earlier for later, earlier in zip(sums, before, strict=True))
            assert 0 <= sums.low_usd <= narrowest * Decimal("0.95")
            assert sums.high_usd * (1 + rounding) >= sums.expected_usd * Decimal("1.05")
            before = sums


@given(HISTORIES, st.sampled_from([-6, -2, 1, 3]), st.sampled_from([None, *Method]))
def test_more_money_of_the_same_shape_is_more_of_the_same_forecast(
    values: list[int], power: int, method: Method | None
) -> None:
    plain = found(values, method)
    scaled = found([Decimal(value).scaleb(power) for value in values], method)

    assert (scaled.method, scaled.errors) == (plain.method, plain.errors)
    for count in (1, 7, 60):
        shrunk = [usd.scaleb(-power) for usd in after(scaled, count)]
        assert shrunk == pytest.approx(list(after(plain, count)), rel=Decimal("1e-40"))


@given(HISTORIES, st.integers(1, 10**8))
def test_more_spend_is_never_gone_later(values: list[int], remaining: int) -> None:
    made = found(values)
    year = Period(made.first_day, made.first_day + timedelta(days=365))

    gone = [day or date.max for day in exhaustion(Decimal(remaining), path(made, year))]

    assert gone == sorted(gone)


@given(st.integers(1, 10**6), st.integers(1, 10**8))
def test_at_a_constant_rate_the_days_are_those_of_the_closed_form(
    usd_per_day: int, remaining: int
) -> None:
    made = found([usd_per_day] * 28)
    year = Period(made.first_day, made.first_day + timedelta(days=365))
    lasts = days_left(Decimal(remaining), Decimal(usd_per_day))
    assert lasts is not None

    gone_on = exhaustion(Decimal(remaining), path(made, year)).expected

    last = ceil(lasts)
    assert gone_on == (made.first_day + timedelta(days=last - 1) if last <= 365 else None)


@given(HISTORIES, st.integers(1, 6))
def test_a_forecast_does_not_depend_on_the_callers_decimal_context(
    values: list[int], digits: int
) -> None:
    made = found(values)
    expected = after(made, 30)

    with localcontext() as coarse:
        coarse.prec = digits
        assert found([*values]) == made
        assert after(made, 30) == expected
