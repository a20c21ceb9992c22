"""Candidates for a forecast, and how they did on the past."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.backtest import (
    Method,
    Spread,
    back_test,
    candidates,
    fitted,
    seasonal_week,
    weighted_week,
)
from tests.finops.series import WORKING_WEEK, days


def test_seasonal_repeats_the_last_week() -> None:
    assert seasonal_week(days([1, 2, 3, *WORKING_WEEK])) == tuple(map(Decimal, WORKING_WEEK))


@pytest.mark.parametrize(
    ("values", "usd_per_day"),
    [
        ([70] * 7 + [80] * 7 + [90] * 7 + [100] * 7, 90),  # (70 + 2·80 + 3·90 + 4·100) / 10
        ([5] * 9 + [70] * 7 + [80] * 7 + [90] * 7 + [100] * 7, 90),
        ([500] * 3 + [70] * 7 + [80] * 7, Decimal(530) / 7),  # (3·70 + 4·80) / 7
    ],
)
def test_weighted_counts_the_last_week_four_times_the_first_of_four(
    values: Sequence[int], usd_per_day: Decimal
) -> None:
    assert weighted_week(days(values)) == (usd_per_day,) * 7


def test_more_methods_are_tried_as_more_days_are_known() -> None:
    assert [candidates(count) for count in (1, 13, 14, 34)] == [
        (Method.RUN_RATE,),
        (Method.RUN_RATE,),
        (Method.SEASONAL, Method.RUN_RATE),
        (Method.SEASONAL, Method.RUN_RATE),
    ]
    assert set(candidates(35)) == set(Method)


def test_two_weeks_are_one_trial_of_seven_days() -> None:
    test = back_test(Method.SEASONAL, days([10] * 7 + [12] * 7))

    assert (test.horizon, len(test.tried)) == (7, 1)
    assert test.error == round(Decimal(14) / 84, 12)  # 70 expected, 84 came
    assert test.spreads == (Spread(Decimal("0.2"), Decimal("0.2")),) * 7


@pytest.mark.parametrize(
    ("known", "horizon", "origins"),
    [
        (14, 7, 1),
        (20, 7, 7),
        (34, 7, 21),
        (35, 7, 15),
        (42, 14, 15),
        (56, 21, 22),
        (70, 28, 29),
    ],
)
def test_the_horizon_grows_with_what_is_known(known: int, horizon: int, origins: int) -> None:
    test = back_test(Method.RUN_RATE, days([80] * known))

    assert (test.horizon, len(test.tried)) == (horizon, origins)
    assert test.error == 0


def test_a_past_without_spend_tells_no_error_and_no_range() -> None:
    test = back_test(Method.RUN_RATE, days([0] * 20))

    assert test.error is None
    assert set(test.spreads) == {Spread(Decimal(0), Decimal(0))}


def test_models_do_not_learn_from_refunds_and_what_came_counts_them() -> None:
    history = days([10] * 6 + [-60] + [10] * 7)

    assert fitted(Method.SEASONAL, history) == (Decimal(10),) * 7
    [(came, expected)] = back_test(Method.SEASONAL, history).tried
    assert (came[-1], expected[-1]) == (Decimal(70), Decimal(60))


def test_of_nine_trials_or_more_the_outermost_are_left_out() -> None:
    # From day 7 on each origin sees 7 days of 10 and expects 70; the last sums hold a 100.
    history = days([10] * 33 + [100])

    test = back_test(Method.SEASONAL, history)

    assert len(test.tried) == 21
    assert test.spreads[6] == Spread(Decimal(0), Decimal(0))  # 1 of 21 saw the 100


def seasonal(values: Sequence[Fraction]) -> list[Fraction]:
    return list(values[-7:])


def weighted(values: Sequence[Fraction]) -> list[Fraction]:
    parts = [
        (weight, values[len(values) - 7 * age - 7 : len(values) - 7 * age])
        for age, weight in enumerate((4, 3, 2, 1))
        if len(values) >= 7 * age + 7
    ]
    total = sum((weight * sum(week, Fraction(0)) for weight, week in parts), Fraction(0))
    return [total / (7 * sum(weight for weight, _ in parts))] * 7


@pytest.mark.parametrize(
    ("method", "model"), [(Method.SEASONAL, seasonal), (Method.WEIGHTED, weighted)]
)
@given(st.lists(st.integers(1, 10**6), min_size=35, max_size=80))
def test_the_error_is_that_of_fractions_day_by_day(
    method: Method, model: Callable[[Sequence[Fraction]], list[Fraction]], values: list[int]
) -> None:
    exact = [Fraction(value) for value in values]
    test = back_test(method, days(values))
    missed = came = Fraction(0)
    for origin in range(14, len(exact) - test.horizon + 1):
        week = model(exact[max(origin - 28, 0) : origin])
        actual = sum(exact[origin : origin + test.horizon], Fraction(0))
        said = sum((week[number % 7] for number in range(test.horizon)), Fraction(0))
        missed += abs(actual - said)
        came += actual

    assert test.error is not None
    assert abs(Fraction(test.error) - missed / came) <= Fraction(1, 10**12)
