"""Which of several limits is met first at a steady pace."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import ROUND_CEILING, Decimal
from typing import NamedTuple

from finops.money import ROUNDED, calculated_in
from finops.periods import ONE_DAY

PACE_DAYS = 7


class Limit(NamedTuple):
    """What may still be spent, and what a day spends of it.

    `left_usd` is as of the day's beginning; from `until` on the limit counts anew or no more.
    """

    name: str
    left_usd: Decimal
    pace_usd: Decimal
    until: date | None


class Binding(NamedTuple):
    """The limit that is met first, and the day within which it is."""

    limit: Limit
    day: date


@calculated_in(ROUNDED)
def pace_usd(daily: Sequence[tuple[date, Decimal]]) -> Decimal | None:
    """Return what one of the last seven known days cost in the mean; None where none is known."""
    recent = [usd for _, usd in daily[-PACE_DAYS:]]
    return sum(recent, Decimal(0)) / len(recent) if recent else None


def reached_on(limit: Limit, *, on: date) -> date | None:
    """Return the day within which a limit is met if each day from `on` spends its pace."""
    if limit.left_usd <= 0:
        return on
    if limit.pace_usd <= 0:
        return None
    days = int((limit.left_usd / limit.pace_usd).to_integral_value(ROUND_CEILING))
    day = on + ONE_DAY * (days - 1)
    return None if limit.until is not None and day >= limit.until else day


def binds_first(limits: Iterable[Limit], *, on: date) -> Binding | None:
    """Return the limit that is met first, of several on one day the one with least left."""
    met = [Binding(each, day) for each in limits if (day := reached_on(each, on=on)) is not None]
    return min(met, key=lambda each: (each.day, each.limit.left_usd), default=None)
