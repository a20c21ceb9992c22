"""Candidates for a forecast, each tried on the past: what it would have said, what came."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum
from itertools import accumulate
from typing import NamedTuple

from finops.money import ROUNDED, calculated_in
from finops.run_rate import ENOUGH_DAYS, WINDOW_DAYS, Daily, run_rate

WEEK = 7
ALL_FROM_DAYS = 35
# The past that is looked at: fourteen days for the first origin to learn from, 28 for the
# last one to be judged by, and 28 between the two.
HISTORY_DAYS = 70
WEIGHTS = (4, 3, 2, 1)
TENTH = Decimal("0.1")
# Errors that differ by less are equal: quotients are rounded to fifty digits.
FINEST_ERROR = Decimal("1e-12")

# What each of the next seven days costs; the week repeats.
Week = tuple[Decimal, ...]


class Method(StrEnum):
    """How the next days are guessed; in the order in which equals win."""

    SEASONAL = "seasonal"
    RUN_RATE = "run_rate"
    WEIGHTED = "weighted"


class Spread(NamedTuple):
    """Between which shares of the forecast the truth lay: -0.1 is a tenth less."""

    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class BackTest:
    """How a method did on the past: from each origin what came and what was expected.

    Both are running totals over the days of the horizon.
    """

    method: Method
    horizon: int
    tried: Sequence[tuple[Sequence[Decimal], Sequence[Decimal]]]

    @property
    @calculated_in(ROUNDED)
    def error(self) -> Decimal | None:
        """The WAPE of the horizon's totals: Σ|actual − forecast| / Σ actual; None without spend."""
        actual = sum((came[-1] for came, _ in self.tried), Decimal(0))
        missed = sum((abs(came[-1] - expected[-1]) for came, expected in self.tried), Decimal(0))
        return (missed / actual).quantize(FINEST_ERROR) if actual > 0 else None

    @property
    @calculated_in(ROUNDED)
    def spreads(self) -> tuple[Spread, ...]:
        """The range of the totals of one day, of two days, and so on to the horizon."""
        return tuple(
            _spread(
                [
                    came[place] / expected[place] - 1
                    for came, expected in self.tried
                    if expected[place] > 0  # nothing expected, no share of it
                ]
            )
            for place in range(self.horizon)
        )


def seasonal_week(daily: Daily) -> Week:
    """Repeat the last seven days."""
    return tuple(usd for _, usd in daily[-WEEK:])


def run_rate_week(daily: Daily) -> Week:
    """Let every day cost the run rate."""
    return (run_rate(daily) or Decimal(0),) * WEEK


def weighted_week(daily: Daily) -> Week:
    """Let every day cost the mean of the last four weeks, weighted 4, 3, 2, 1 from the last.

    Fewer weeks are weighted alike; the days before them, less than a week, are left out.
    """
    values = [usd for _, usd in daily]
    weeks = [values[end - WEEK : end] for end in range(len(values), WEEK - 1, -WEEK)]
    weighed = list(zip(WEIGHTS, weeks, strict=False))
    total = sum((weight * sum(week, Decimal(0)) for weight, week in weighed), Decimal(0))
    return (total / (WEEK * sum(weight for weight, _ in weighed)),) * WEEK


MODELS: Mapping[Method, Callable[[Daily], Week]] = {
    Method.SEASONAL: seasonal_week,
    Method.RUN_RATE: run_rate_week,
    Method.WEIGHTED: weighted_week,
}


def candidates(known_days: int) -> tuple[Method, ...]:
    """Return the methods that so many days suffice for."""
    if known_days < ENOUGH_DAYS:
        return (Method.RUN_RATE,)
    if known_days < ALL_FROM_DAYS:
        return (Method.SEASONAL, Method.RUN_RATE)
    return tuple(Method)


@calculated_in(ROUNDED)
def fitted(method: Method, daily: Daily) -> Week:
    """Return what the method expects of the seven days after those given."""
    return MODELS[method](daily[-WINDOW_DAYS:])


@calculated_in(ROUNDED)
def back_test(method: Method, daily: Daily) -> BackTest:
    """Try a method on each day of the past that has enough days before and after it.

    Needs fourteen days. The first origin has learnt from seven days, from fourteen where
    35 are known. The horizon is in whole weeks, at most 28 days, and at least as many days
    as it is long are left for origins, where the history is long enough for that.
    """
    first = WEEK if len(daily) < ALL_FROM_DAYS else ENOUGH_DAYS
    weeks_after = (len(daily) - first) // (2 * WEEK)
    horizon = min(max(weeks_after * WEEK, WEEK), WINDOW_DAYS)
    sums = list(accumulate((usd for _, usd in daily), initial=Decimal(0)))
    learnt = without_refunds(daily)
    return BackTest(
        method,
        horizon,
        [
            (
                [total - sums[origin] for total in sums[origin + 1 : origin + horizon + 1]],
                cumulated(fitted(method, learnt[:origin]), horizon),
            )
            for origin in range(first, len(daily) - horizon + 1)
        ],
    )


def without_refunds(daily: Daily) -> Daily:
    """Return the days as models learn from them: a day below zero cost nothing."""
    return [(day, max(usd, Decimal(0))) for day, usd in daily]


def cumulated(week: Week, days: int) -> list[Decimal]:
    """Return what the first day costs, the first two, and so on."""
    return list(accumulate(week[number % WEEK] for number in range(days)))


def _spread(shares: list[Decimal]) -> Spread:
    """Return the tenth and the ninetieth percentile; the extremes of fewer than nine values.

    The ranks are those of conformal prediction: of n values in any order the next one
    lies above rank ⌈0.9·(n + 1)⌉ at most one time in ten.
    """
    if not shares:
        return Spread(Decimal(0), Decimal(0))
    ranked = sorted(shares)
    low = (TENTH * (len(ranked) + 1)).to_integral_value(ROUND_FLOOR)
    high = ((1 - TENTH) * (len(ranked) + 1)).to_integral_value(ROUND_CEILING)
    return Spread(ranked[max(int(low), 1) - 1], ranked[min(int(high), len(ranked)) - 1])
