"""The statistics of a run, by hand and by another method."""

import statistics
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from finops.periods import ONE_DAY
from finops.run_rate import trimmed_mean
from finops.stability.figures import (
    MOST_CUSUM,
    MOST_GROWTH,
    MOST_PEAK,
    Daily,
    cusum,
    figures_of,
    median,
    nearest_rank,
    spread,
    theil_sen,
)

MONDAY = date(2026, 6, 29)
WEEK = [Decimal(420)] * 5 + [Decimal(210)] * 2
NOISE = [Decimal(step) for step in (0, 3, -3, 6, -6, 2, -2)]
values = st.lists(
    st.decimals(min_value=1, max_value=10_000, places=2, allow_nan=False), min_size=2, max_size=40
)


def series(amounts: list[Decimal]) -> Daily:
    return [(MONDAY + ONE_DAY * place, usd) for place, usd in enumerate(amounts)]


def a_month(*, noise: bool = False) -> list[Decimal]:
    """Thirty days from a Monday: 22 weekdays of $420, eight days of the weekend of $210."""
    return [WEEK[place % 7] + (NOISE[(place * 3) % 7] if noise else 0) for place in range(30)]


def test_a_steady_week_runs_at_its_own_level_whatever_the_weekend() -> None:
    found = figures_of(series(a_month()))

    assert found is not None
    assert found.mean_usd == Decimal(364)  # (22 × 420 + 8 × 210) / 30
    assert near(found.run_rate_usd, Decimal(360))  # (5 × 420 + 2 × 210) / 7
    assert near(found.level_usd, Decimal(360))
    assert near(found.cv, Decimal(0))
    assert near(found.growth, Decimal(0))
    assert found.p95_usd == Decimal(420)
    assert near(found.peak, Decimal(7) / 6)
    assert not found.is_mean_taken


def near(found: Decimal | None, wanted: Decimal) -> bool:
    """Test whether a quotient of fifty digits is what was worked out."""
    return found is not None and abs(found - wanted) < Decimal("1e-20")


def test_trimming_the_raw_days_would_cut_weekends_and_be_too_high() -> None:
    raw = trimmed_mean(a_month(), Decimal("0.10"))

    assert raw == Decimal("376.25")  # (19 × 420 + 5 × 210) / 24
    assert raw / 360 - 1 > Decimal("0.045")


def test_raw_days_would_look_unsteady_where_the_level_is_steady() -> None:
    found = figures_of(series(a_month(noise=True)))

    assert found is not None
    assert found.cv is not None
    assert spread(a_month(noise=True)) / found.mean_usd > Decimal("0.25")
    assert found.cv < Decimal("0.05")


def test_a_day_that_comes_in_late_moves_the_rate_by_little() -> None:
    late = a_month()
    late[11] += 55

    found = figures_of(series(late))

    assert found is not None
    assert abs(found.run_rate_usd / 360 - 1) < Decimal("0.02")


def test_growth_below_the_cap_is_no_stability() -> None:
    """Three and a half per cent a day, never over a cap of $1,500: all three limits are missed."""
    amounts = [usd * Decimal("1.035") ** place for place, usd in enumerate(a_month())]

    found = figures_of(series(amounts))

    assert found is not None
    assert max(amounts) < 1500
    assert found.growth is not None
    assert found.growth > MOST_GROWTH
    assert found.cusum_sigma > MOST_CUSUM
    assert found.peak is not None
    assert found.peak > MOST_PEAK


def test_the_larger_mean_is_taken_where_outliers_move_it_by_more_than_a_twentieth() -> None:
    amounts = [Decimal(100)] * 30
    amounts[10] = amounts[20] = Decimal(600)

    found = figures_of(series(amounts))

    assert found is not None
    assert found.is_mean_taken
    assert found.run_rate_usd == found.level_usd > found.trimmed_usd


def test_days_without_any_spend_have_a_rate_of_nothing_and_no_shares() -> None:
    found = figures_of(series([Decimal(0)] * 30))

    assert found is not None
    assert found.run_rate_usd == 0
    assert (found.cv, found.growth, found.peak) == (None, None, None)


def test_no_days_have_no_figures() -> None:
    assert figures_of([]) is None


def test_the_p95_of_thirty_is_the_second_highest() -> None:
    assert nearest_rank([Decimal(n) for n in range(1, 31)], Decimal("0.95")) == 29


def test_a_drift_adds_up_and_noise_does_not() -> None:
    """1, 1, 3, 3: mean 2, sigma √(4/3); two steps of −0.866 + 0.5 down, two of +0.366 up."""
    sigma = (Decimal(4) / 3).sqrt()

    assert abs(cusum([Decimal(n) for n in (1, 1, 3, 3)]) - 2 * (1 / sigma - Decimal("0.5"))) < (
        Decimal("1e-20")
    )
    assert cusum([Decimal(5)] * 9) == 0


def test_the_slope_is_the_median_one() -> None:
    assert theil_sen([Decimal(n) for n in (1, 2, 3, 99, 5, 6)]) == 1
    assert theil_sen([Decimal(7)]) == 0


@given(values)
def test_the_plain_statistics_are_those_of_the_standard_library(amounts: list[Decimal]) -> None:
    exact = [Fraction(usd) for usd in amounts]

    assert Fraction(median(amounts)) == statistics.median(exact)
    difference = Fraction(spread(amounts)) ** 2 - statistics.variance(exact)
    assert abs(difference) < Fraction(1, 10**20)


@given(values)
def test_no_slope_lies_beyond_the_steepest_step(amounts: list[Decimal]) -> None:
    steps = [later - earlier for earlier, later in pairwise(amounts)]

    assert min(steps) <= theil_sen(amounts) <= max(steps)


@given(values, st.integers(min_value=2, max_value=9))
def test_figures_of_shares_do_not_depend_on_the_currency(amounts: list[Decimal], rate: int) -> None:
    here = figures_of(series(amounts))
    there = figures_of(series([usd * rate for usd in amounts]))

    assert here is not None
    assert there is not None
    for mine, other in ((here.cv, there.cv), (here.peak, there.peak), (here.growth, there.growth)):
        assert (mine is None) == (other is None)
        assert mine is None or other is None or abs(mine - other) < Decimal("1e-20")
