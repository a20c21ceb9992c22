"""The margins that a breaker is judged by: over two windows that end where the feed ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from finops.breaker_readings import WINDOWS
from finops.periods import ONE_DAY, Period, day_bounds, reporting_day
from finops.profiles import MarginWindows
from finops.rolling_margin import Span, accrued, gross_margin, is_enough
from policy.models import MarginEntry, Scope
from policy.queries.meters import Today, Use, used_between, used_on_days


@dataclass(frozen=True, slots=True)
class Margins:
    """The margin of the shorter and of the longer window; None holds: it is not known."""

    short: Decimal | None = None
    long: Decimal | None = None


def read_margins(scope: Scope, *, windows: MarginWindows, today: Today) -> Margins:
    """Return both margins as of now, by the minute; windows of days by whole reporting days.

    They end where the newest figures end, and are unknown where that lies further back than
    the longer of them is long: what was true yesterday blocks nobody today.
    """
    short, long = WINDOWS[windows]
    spans = spans_of(scope, start=today.at - 2 * long - ONE_DAY, end=today.at)
    end = _end(spans, today=today, by_days=short >= ONE_DAY)
    if end is None or today.at - end > long + (ONE_DAY if short >= ONE_DAY else timedelta(0)):
        return Margins()
    return Margins(
        *(margin_between(scope, spans, end - each, end, today=today) for each in (short, long))
    )


def spans_of(scope: Scope, *, start: datetime, end: datetime) -> list[Span]:
    """Return the figures that speak of some time from `start` up to `end`."""
    rows = MarginEntry.objects.filter(scope=scope, starts_at__lt=end, ends_at__gt=start)
    return [Span(row.starts_at, row.ends_at, row.revenue_usd, row.other_cogs_usd) for row in rows]


def margin_between(
    scope: Scope, spans: Sequence[Span], start: datetime, end: datetime, *, today: Today
) -> Decimal | None:
    """Return the margin of a window, None where too little happened in it or is known of it."""
    brought_in = accrued(spans, start, end)
    if brought_in is None:
        return None
    used = _used(scope, start, end, today=today)
    if not is_enough(calls=used.calls, ai_usd=used.usd):
        return None
    return gross_margin(ai_usd=used.usd, accrued=brought_in)


def _end(spans: Sequence[Span], *, today: Today, by_days: bool) -> datetime | None:
    """Return where windows end: a whole minute, or the beginning of a day."""
    newest = max((span.end for span in spans), default=None)
    if newest is None:
        return None
    end = min(newest, today.at).replace(second=0, microsecond=0)
    if by_days:
        zone = today.company.zone
        return day_bounds(reporting_day(end, zone), zone)[0]
    return end


def _used(scope: Scope, start: datetime, end: datetime, *, today: Today) -> Use:
    if end - start < ONE_DAY:
        return used_between(scope, start, end)
    zone = today.company.zone
    return used_on_days(scope, Period(reporting_day(start, zone), reporting_day(end, zone)))
