"""For how long a breaker's readings have lasted: hysteresis, and losses that persist."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from finops.breaker_readings import MARGIN, Readings, Terms

CALM_BELOW, CALM_FOR = Decimal("0.80"), timedelta(minutes=10)
MARGIN_BACK = Decimal("0.02")
LOSS_FOR = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Watch:
    """Since when everything is calm, the margin below its floor, and below nothing."""

    calm_since: datetime | None = None
    below_since: datetime | None = None
    loss_since: datetime | None = None


def watched(watch: Watch, readings: Readings, terms: Terms, *, code: str, at: datetime) -> Watch:
    """Return the watch as of now. What is unknown holds: it neither begins nor ends a time."""
    return Watch(
        calm_since=_lasting(watch.calm_since, at, holds=_is_calm(readings, terms, code)),
        below_since=_lasting(watch.below_since, at, holds=is_below_floor(readings, terms)),
        loss_since=_lasting(watch.loss_since, at, holds=is_loss(readings, terms)),
    )


def is_below_floor(readings: Readings, terms: Terms) -> bool | None:
    """Test whether the margin of both windows lies below the floor; None where one is unknown."""
    floor, short, long = terms.margin_floor, readings.short_margin, readings.long_margin
    if floor is None:
        return False
    if short is None or long is None:
        return None
    return short < floor and long < floor


def is_loss(readings: Readings, terms: Terms) -> bool | None:
    """Test whether the shorter window lost money; None where nobody knows."""
    if terms.margin_floor is None:
        return False
    return None if readings.short_margin is None else readings.short_margin < 0


def _is_calm(readings: Readings, terms: Terms, code: str) -> bool | None:
    share, rate, limit = readings.day_share, readings.usd_per_minute, terms.usd_per_minute
    if share is not None and share >= CALM_BELOW:
        return False
    if rate is not None and limit is not None and rate >= limit * CALM_BELOW:
        return False
    return _has_margin_back(readings, terms, code)


def _has_margin_back(readings: Readings, terms: Terms, code: str) -> bool | None:
    """Test the margin: what it slowed runs freely only once it lies well above the floor."""
    floor, short = terms.margin_floor, readings.short_margin
    if floor is None:
        return True
    if code != MARGIN:
        return not is_below_floor(readings, terms)
    return None if short is None else short >= floor + MARGIN_BACK


def _lasting(since: datetime | None, at: datetime, *, holds: bool | None) -> datetime | None:
    if holds is None:
        return since
    # A clock that was set back begins anew, rather than wait for the time it had been.
    return min(since or at, at) if holds else None
