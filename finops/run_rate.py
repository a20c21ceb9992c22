"""The run rate: what a day costs once weekday habits and outliers are taken out."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from finops.money import ROUNDED, calculated_in

WINDOW_DAYS = 28
ENOUGH_DAYS = 14
TRIMMED_SHARE = Decimal("0.10")

Daily = Sequence[tuple[date, Decimal]]


@calculated_in(ROUNDED)
def run_rate(daily: Daily) -> Decimal | None:
    """Return the dollars a day may be expected to cost, None where no day is known.

    `daily` has one row for every known day in order, days without spend included; the
    last 28 count. From fourteen days on it is the 10 % trimmed mean of the days without
    their weekday's habit, before that the plain mean. Refunds may make a day negative,
    but no rate is below zero.
    """
    recent = daily[-WINDOW_DAYS:]
    if not recent:
        return None
    if len(recent) < ENOUGH_DAYS:
        return max(mean([usd for _, usd in recent]), Decimal(0))
    return max(trimmed_mean(without_weekdays(recent), TRIMMED_SHARE), Decimal(0))


@calculated_in(ROUNDED)
def without_weekdays(daily: Daily) -> list[Decimal]:
    """Return each day's dollars as if all weekdays were alike, at the week's level.

    The level is the mean of the weekday means, so that a weekday which occurs five times
    in the window weighs no more than one which occurs four times.
    """
    by_weekday: dict[int, list[Decimal]] = defaultdict(list)
    for day, usd in daily:
        by_weekday[day.weekday()].append(usd)
    habits = {weekday: mean(values) for weekday, values in by_weekday.items()}
    level = mean(list(habits.values()))
    # A weekday that spends nothing, or lives on refunds, has no ratio to its habit; its
    # distance from the habit still says how unusual the day was.
    ratios = {weekday: level / habit for weekday, habit in habits.items() if habit > 0}
    return [
        usd * ratios[weekday] if weekday in ratios else level + (usd - habits[weekday])
        for weekday, usd in ((day.weekday(), usd) for day, usd in daily)
    ]


@calculated_in(ROUNDED)
def trimmed_mean(values: Iterable[Decimal], share: Decimal) -> Decimal:
    """Return the mean without the lowest and the highest `share` of the values, rounded down."""
    ranked = sorted(values)
    cut = int(len(ranked) * share)
    return mean(ranked[cut : len(ranked) - cut])


def mean(values: Sequence[Decimal]) -> Decimal:
    """Return the plain mean of one value or more, in the caller's own context."""
    return sum(values, Decimal(0)) / len(values)
