"""How fast money burns: pace, burn multiple, the alert on it, and how long the rest lasts."""

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from finops.money import ROUNDED, calculated_in
from finops.periods import Period

# Two windows must agree: the long one says that it is no accident, the short one that
# it goes on.
ALERT_DAYS = 7
ALERT_MULTIPLE = Decimal(2)


class BurnAlert(NamedTuple):
    """How many times the plan was spent, in the last seven days and on the last day."""

    week_multiple: Decimal
    day_multiple: Decimal


@calculated_in(ROUNDED)
def even_pace(budget_usd: Decimal, period: Period, on: date) -> Decimal:
    """Return what an evenly phased budget allows for the days before `on`."""
    return budget_usd * period.elapsed_days(on) / period.days


@calculated_in(ROUNDED)
def burn_multiple(spent_usd: Decimal, pace_usd: Decimal) -> Decimal | None:
    """Return how many times the pace was spent (1 is on plan), None where no pace is set."""
    return spent_usd / pace_usd if pace_usd > 0 else None


def burn_alert(week_multiple: Decimal | None, day_multiple: Decimal | None) -> BurnAlert | None:
    """Return the alert where seven days and the last of them burn twice the plan or more.

    None where a multiple is None: without a plan nothing is too fast.
    """
    if week_multiple is None or day_multiple is None:
        return None
    is_fast = min(week_multiple, day_multiple) >= ALERT_MULTIPLE
    return BurnAlert(week_multiple, day_multiple) if is_fast else None


@calculated_in(ROUNDED)
def days_left(
    remaining_usd: Decimal, usd_per_day: Decimal, growth_per_day: Decimal = Decimal(0)
) -> Decimal | None:
    """Return for how many days the rest lasts; None where it is never spent.

    R/r at a constant rate, ln(1 + R·g/r)/g where the rate grows by the share g a day,
    compounded continuously. A rate that shrinks fast enough never spends it.
    """
    if remaining_usd <= 0:
        return Decimal(0)
    if usd_per_day <= 0:
        return None
    if growth_per_day == 0:
        return remaining_usd / usd_per_day
    grown = 1 + remaining_usd * growth_per_day / usd_per_day
    return grown.ln() / growth_per_day if grown > 0 else None


@calculated_in(ROUNDED)
def daily_growth(factor: Decimal, days: Decimal) -> Decimal:
    """Return the share by which something grows a day that grows by `factor` in `days`."""
    return factor.ln() / days


@calculated_in(ROUNDED)
def grown_total(usd_per_day: Decimal, growth_per_day: Decimal, days: Decimal) -> Decimal:
    """Return what `days` cost where the rate grows: r·(e^(g·n) − 1)/g."""
    if growth_per_day == 0:
        return usd_per_day * days
    return usd_per_day * ((growth_per_day * days).exp() - 1) / growth_per_day
