"""The run rate: weekday habits and outliers taken out."""

from datetime import timedelta
from decimal import Decimal, localcontext

from hypothesis import given
from hypothesis import strategies as st

from finops.run_rate import run_rate, trimmed_mean, without_weekdays
from tests.finops.series import MONDAY, WORKING_WEEK, days


def test_no_days_no_run_rate() -> None:
    assert run_rate([]) is None


def test_fewer_than_fourteen_days_give_their_mean() -> None:
    assert run_rate(days([80] * 12 + [145])) == Decimal(85)


def test_a_steady_working_week_runs_at_its_mean() -> None:
    assert run_rate(days(WORKING_WEEK * 4)) == Decimal(80)


def test_the_raw_trimmed_mean_would_have_cut_weekends_and_been_too_high() -> None:
    raw = trimmed_mean([usd for _, usd in days(WORKING_WEEK * 4)], Decimal("0.10"))

    assert raw == Decimal(1980) / 24
    assert raw > 80


def test_it_does_not_matter_on_which_weekday_the_window_begins() -> None:
    assert run_rate(days(WORKING_WEEK * 3)[3:]) == 80


def test_one_wild_day_hardly_moves_the_run_rate() -> None:
    wild = days([Decimal(80)] * 10 + [Decimal(8_000)] + [Decimal(80)] * 17)

    rate = run_rate(wild)

    assert rate is not None
    assert rate < sum(usd for _, usd in wild) / 28


def test_only_the_last_four_weeks_count() -> None:
    history = days([9_999] * 30 + WORKING_WEEK * 4, start=MONDAY - timedelta(days=30))

    assert run_rate(history) == 80


def test_a_weekday_that_never_spends_is_no_reason_to_divide_by_zero() -> None:
    assert run_rate(days([70, 70, 70, 70, 70, 0, 0] * 4)) == 50


def test_a_refund_on_a_weekday_that_never_spends_counts_by_its_size() -> None:
    sundays_refund = [70, 70, 70, 70, 70, 0, 0] * 3 + [70, 70, 70, 70, 70, 0, -28]

    adjusted = without_weekdays(days(sundays_refund))

    assert adjusted[:6] == [Decimal(49)] * 6
    assert adjusted[6] == Decimal(49) + 7
    assert adjusted[27] == Decimal(49) - 21


def test_refunds_never_make_a_rate_negative() -> None:
    assert [run_rate(days([-5] * count)) for count in (5, 20)] == [0, 0]


def test_ten_percent_of_thirty_are_three_from_either_end() -> None:
    values = (
        [Decimal(10**9)] * 3 + [Decimal(value) for value in range(24)] + [Decimal(-(10**9))] * 3
    )

    assert trimmed_mean(values, Decimal("0.10")) == Decimal("11.5")


@given(st.lists(st.decimals(0, 10**6, places=6), min_size=1, max_size=40))
def test_a_run_rate_is_never_below_zero(values: list[Decimal]) -> None:
    rate = run_rate(days(values))

    assert rate is not None
    assert rate >= 0


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=40), st.integers(1, 6))
def test_a_run_rate_does_not_depend_on_the_callers_decimal_context(
    values: list[int], digits: int
) -> None:
    expected = run_rate(days(values))

    with localcontext() as coarse:
        coarse.prec = digits
        assert run_rate(days(values)) == expected
