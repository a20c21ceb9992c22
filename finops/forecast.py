"""Where spend is heading: the days to come with their range, the total, the day it is gone.

The forecast begins with the first day that is not known; days that are over but whose
spend has not arrived are expected like those to come, not taken for free.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from finops.backtest import (
    HISTORY_DAYS,
    WEEK,
    Method,
    Spread,
    Week,
    back_test,
    candidates,
    fitted,
    without_refunds,
)
from finops.money import ROUNDED, calculated_in
from finops.periods import ONE_DAY, Period
from finops.run_rate import ENOUGH_DAYS, Daily, mean

LOW_CONFIDENCE = Spread(Decimal("-0.50"), Decimal("0.50"))
NARROWEST = Spread(Decimal("-0.05"), Decimal("0.05"))
ALL_OF_IT = Decimal(-1)
# Less than the ledger can hold: a sum of rounded quotients may miss a budget by that much.
NOISE_USD = Decimal("5e-13")


class Range(NamedTuple):
    """What may be expected, and where nine times in ten it will not be below or above."""

    low_usd: Decimal
    expected_usd: Decimal
    high_usd: Decimal


class Exhaustion(NamedTuple):
    """The day the money is gone at high (P90), expected and low (P10) spend.

    None means that it lasts for the period.
    """

    earliest: date | None
    expected: date | None
    latest: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What each day from `first_day` on may be expected to cost.

    `spreads` has the range of totals by number of days; the last one holds from there
    on. `errors` has by how much of the spend each method missed the totals of `horizon`
    days of the past; it is empty where fewer than fourteen days are known.
    """

    first_day: date
    known_days: int
    horizon: int
    method: Method
    errors: Mapping[Method, Decimal | None]
    week: Week
    spreads: Sequence[Spread]

    @property
    def is_rough(self) -> bool:
        """Whether fewer than fourteen days are known."""
        return self.known_days < ENOUGH_DAYS

    @property
    @calculated_in(ROUNDED)
    def usd_per_day(self) -> Decimal:
        return mean(self.week)

    @property
    def error(self) -> Decimal | None:
        """By how much the chosen method missed, None where it was not tried."""
        return self.errors.get(self.method)


def forecast(daily: Daily, method: Method | None = None) -> Forecast | None:
    """Return what the days after the last known one may cost, None where none is known.

    `daily` has one row for every day without a gap, days without spend included. Without
    a method, or with one that so few days do not suffice for, the best is taken: the one
    that missed the totals of the past by least, seasonal where they are equal.
    Raises ValueError where a day is missing or given twice.
    """
    for (earlier, _), (later, _) in pairwise(daily):
        if later - earlier != ONE_DAY:
            raise ValueError(f"{later} does not follow {earlier}: a forecast needs every day once.")
    return _forecast(tuple(daily[-HISTORY_DAYS:]), method) if daily else None


# The past changes with a load, and every page that names a budget asks for it again.
@lru_cache(maxsize=1024)
@calculated_in(ROUNDED)
def _forecast(recent: tuple[tuple[date, Decimal], ...], method: Method | None) -> Forecast:
    possible = candidates(len(recent))
    tests = {each: back_test(each, recent) for each in possible if len(recent) >= ENOUGH_DAYS}
    errors = {each: test.error for each, test in tests.items()}
    chosen = method if method in possible else _best(possible, errors)
    return Forecast(
        first_day=recent[-1][0] + ONE_DAY,
        known_days=len(recent),
        horizon=tests[chosen].horizon if tests else 0,
        method=chosen,
        errors=errors,
        week=fitted(chosen, without_refunds(recent)),
        spreads=_wide_enough(tests[chosen].spreads) if tests else (LOW_CONFIDENCE,),
    )


@calculated_in(ROUNDED)
def path(found: Forecast, period: Period) -> list[tuple[date, Range]]:
    """Return what the period's days to come will have cost by the end of each of them.

    Sums never fall from one day to the next, nor do their bounds.
    """
    low = expected = high = Decimal(0)
    rows = []
    start = max(found.first_day, period.start)
    for number in range((start - found.first_day).days, (period.end - found.first_day).days):
        spread = found.spreads[min(number, len(found.spreads) - 1)]
        expected += found.week[number % WEEK]
        low = max(low, expected * (1 + spread.low))
        high = max(high, expected * (1 + spread.high))
        rows.append((found.first_day + ONE_DAY * number, Range(low, expected, high)))
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a granted sum comes to within its period.

    `ahead` has what the days to come will have cost; nothing is ahead where no day is
    known or the period is over. `total` is the period's, `exhausts` when the sum is gone;
    both are None where less than a week is known, and `exhausts` where nothing is granted.
    """

    forecast: Forecast | None
    ahead: Sequence[tuple[date, Range]]
    total: Range | None
    exhausts: Exhaustion | None


def outlook_of(
    *,
    daily: Daily,
    before_usd: Decimal,
    granted_usd: Decimal | None,
    period: Period,
    method: Method | None = None,
) -> Outlook:
    """Return the outlook of a sum of which `before_usd` was spent on the days that are known."""
    found = forecast(daily, method)
    ahead = path(found, period) if found else []
    if found is None or found.known_days < WEEK:
        return Outlook(forecast=found, ahead=ahead, total=None, exhausts=None)
    return Outlook(
        forecast=found,
        ahead=ahead,
        total=estimate_at_completion(before_usd, ahead),
        exhausts=None if granted_usd is None else exhaustion(granted_usd - before_usd, ahead),
    )


@calculated_in(ROUNDED)
def estimate_at_completion(spent_usd: Decimal, ahead: Sequence[tuple[date, Range]]) -> Range:
    """Return the period's total: what is spent already, and all that is to come."""
    if not ahead:
        return Range(spent_usd, spent_usd, spent_usd)
    low, expected, high = ahead[-1][1]
    return Range(spent_usd + low, spent_usd + expected, spent_usd + high)


def exhaustion(remaining_usd: Decimal, ahead: Sequence[tuple[date, Range]]) -> Exhaustion:
    """Return the first days on which what is to come has cost all that is left.

    The first of them where nothing is left.
    """

    def gone(sums: Sequence[Decimal]) -> date | None:
        place = bisect_left(sums, remaining_usd - NOISE_USD)
        return ahead[place][0] if place < len(ahead) else None

    return Exhaustion(
        earliest=gone([each.high_usd for _, each in ahead]),
        expected=gone([each.expected_usd for _, each in ahead]),
        latest=gone([each.low_usd for _, each in ahead]),
    )


def _best(possible: Sequence[Method], errors: Mapping[Method, Decimal | None]) -> Method:
    def rank(method: Method) -> tuple[bool, Decimal]:
        error = errors.get(method)
        return error is None, error or Decimal(0)

    return min(possible, key=rank)


def _wide_enough(spreads: Sequence[Spread]) -> tuple[Spread, ...]:
    """Return ranges that are never narrower than 5 % to either side, nor below nothing."""
    return tuple(
        Spread(max(min(each.low, NARROWEST.low), ALL_OF_IT), max(each.high, NARROWEST.high))
        for each in spreads
    )
