"""Days of spend as the tests of forecasts write them."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

MONDAY = date(2026, 10, 26)
WORKING_WEEK = [100, 100, 100, 100, 100, 30, 30]


def days(values: Sequence[int | Decimal], start: date = MONDAY) -> list[tuple[date, Decimal]]:
    """Return the values as the spend of one day after another."""
    return [(start + timedelta(days=step), Decimal(usd)) for step, usd in enumerate(values)]
