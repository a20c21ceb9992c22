"""How long the cash lasts, and what AI beyond its plan takes of that."""

from datetime import date, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import NamedTuple

from finops.money import ROUNDED, calculated_in

DAYS_PER_MONTH = Decimal("30.4375")
# Beyond this nobody plans, and calendars end.
FURTHEST = timedelta(days=36_525)


class Runway(NamedTuple):
    """What a cash position says. `ends_on` is the first day without cash, None where it lasts.

    `lost_days` is how many days of the company the overspend costs, None where nothing burns.
    """

    months: Decimal | None
    ends_on: date | None
    lost_days: Decimal | None


@calculated_in(ROUNDED)
def runway(
    *, cash_usd: Decimal, net_burn_usd_per_month: Decimal, as_of: date, overspend_usd: Decimal
) -> Runway:
    """Return how long the cash of a day lasts at a net burn; who earns has no end."""
    if net_burn_usd_per_month <= 0:
        return Runway(None, None, None)
    months = cash_usd / net_burn_usd_per_month
    days = int((months * DAYS_PER_MONTH).to_integral_value(ROUND_FLOOR))
    lasts = timedelta(days=min(days, FURTHEST.days))
    return Runway(
        months=months,
        ends_on=as_of + lasts if lasts < FURTHEST else None,
        lost_days=max(overspend_usd, Decimal(0)) / net_burn_usd_per_month * DAYS_PER_MONTH,
    )
