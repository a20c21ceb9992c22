"""Quotas: the windows they count in, what somebody may use of one, and which of several binds.

Amounts are in the metric's unit: calls, tokens, dollars or agent steps.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from finops.money import EXACT, ROUNDED, calculated_in
from finops.periods import ONE_DAY, Period, day_bounds, reporting_day

NOTHING = Decimal(0)
HUNDRED = Decimal(100)
MONTHS_PER_YEAR = 12
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A rolling window is counted in so many slots, so that it moves on without every call kept.
SLOTS = 6


class Metric(StrEnum):
    """What a quota counts. Dollars are the fair one: a token of a cheap model costs less."""

    CALLS = "calls"
    TOKENS = "tokens"
    USD = "usd"
    STEPS = "steps"


class Window(StrEnum):
    """Over which time a quota counts: rolling, or a part of the company's calendar."""

    MINUTE = "1m"
    FIVE_HOURS = "5h"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    @property
    def is_rolling(self) -> bool:
        return self in LENGTHS


LENGTHS = {Window.MINUTE: timedelta(minutes=1), Window.FIVE_HOURS: timedelta(hours=5)}


@dataclass(frozen=True, slots=True)
class Terms:
    """What a template gives everybody: its limit, what may be borrowed, what is carried over."""

    limit: Decimal
    burst: Decimal = NOTHING
    carry_over_pct: int = 0


@dataclass(frozen=True, slots=True)
class Counter:
    """A quota that a call falls under, with what was used of it; no limit admits everything."""

    name: str
    limit: Decimal
    used: Decimal


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether all counters admit an amount; else the one with the least room, and that room."""

    is_admitted: bool
    binding: str
    remaining: Decimal


def days_of(window: Window, on: date) -> Period:
    """Return the days of the calendar window that holds a day; weeks begin on Monday."""
    if window == Window.DAY:
        return Period(on, on + ONE_DAY)
    if window == Window.WEEK:
        monday = on - ONE_DAY * on.weekday()
        return Period(monday, monday + ONE_DAY * 7)
    if window == Window.MONTH:
        first = on.replace(day=1)
        years, months = divmod(first.month, MONTHS_PER_YEAR)
        return Period(first, date(first.year + years, months + 1, 1))
    raise ValueError(f"A window of {window} rolls: it has no days.")


def bounds_of(window: Window, at: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return between which instants what is counted now is kept together.

    For a calendar window that is the window itself, in the company's zone; for a rolling
    one it is the slot, a sixth of it.
    """
    if not window.is_rolling:
        days = days_of(window, reporting_day(at, zone))
        return day_bounds(days.start, zone)[0], day_bounds(days.end, zone)[0]
    slot = LENGTHS[window] / SLOTS
    start = at - (at - EPOCH) % slot
    return start, start + slot


def counted_since(window: Window, at: datetime, zone: ZoneInfo) -> datetime:
    """Return the start of the first slot that still counts.

    The slot that the window has left in part counts whole, so that no stretch as long as
    the window ever holds more than the limit.
    """
    start, _ = bounds_of(window, at, zone)
    return start - LENGTHS[window] if window.is_rolling else start


def resets_at(window: Window, at: datetime, zone: ZoneInfo) -> datetime | None:
    """Return when a calendar window starts anew; None for one that rolls."""
    return None if window.is_rolling else bounds_of(window, at, zone)[1]


@calculated_in(EXACT)
def most(terms: Terms, carried: Decimal = NOTHING) -> Decimal:
    """Return the most that a window admits: its limit, what was carried into it, and a burst."""
    return max(terms.limit + carried + terms.burst, NOTHING)


@calculated_in(ROUNDED)
def carried_over(terms: Terms, used: Decimal, carried: Decimal = NOTHING) -> Decimal:
    """Return what a window that ended leaves to the next one.

    Of what was not used the share that is carried over, never more than that share of a
    limit; what a burst borrowed is taken off whole, as a negative amount.
    """
    left = terms.limit + carried - used
    if left < 0:
        return max(left, -terms.burst)
    share = Decimal(terms.carry_over_pct) / HUNDRED
    return min(left, terms.limit) * share


@calculated_in(ROUNDED)
def prorated(limit: Decimal, days: Period, joined_on: date, *, metric: Metric) -> Decimal:
    """Return a new member's share of a window by days, the day of joining among them.

    What is counted in pieces is rounded down to whole ones.
    """
    if joined_on <= days.start or joined_on not in days:
        return limit
    share = limit * days.remaining_days(joined_on) / days.days
    if metric == Metric.USD:
        return share.quantize(Decimal("0.01"), rounding=ROUND_DOWN)
    return share.to_integral_value(rounding=ROUND_DOWN)


@calculated_in(EXACT)
def judge(counters: Sequence[Counter], amount: Decimal) -> Verdict:
    """Judge a call by every quota it falls under: the least room decides.

    Where one refuses, nothing is to be counted on any of the others.
    """
    if not counters:
        return Verdict(is_admitted=True, binding="", remaining=amount)
    tightest = min(counters, key=lambda counter: counter.limit - counter.used)
    remaining = tightest.limit - tightest.used
    return Verdict(amount <= remaining, tightest.name, remaining)


@calculated_in(EXACT)
def granted(asked: Decimal, *, limit: Decimal, taken: Decimal) -> Decimal:
    """Return how much of a block may be given out, where so much was taken already."""
    return max(min(asked, limit - taken), NOTHING)


@calculated_in(EXACT)
def overbooked(limit: Decimal, beneath: Iterable[Decimal]) -> Decimal:
    """Return by how much the quotas beneath promise more than the one above holds; 0 where not."""
    return max(sum(beneath, NOTHING) - limit, NOTHING)


def reached(thresholds: Iterable[int], *, used: Decimal, limit: Decimal) -> int:
    """Return the highest threshold, in per cent of the limit, that was used; 0 for none."""
    return max((each for each in thresholds if used * HUNDRED >= limit * each), default=0)
