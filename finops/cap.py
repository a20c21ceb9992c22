"""Spending caps: whether one is reached, over which time it counts and when it starts anew."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from finops.money import EXACT, calculated_in
from finops.periods import ONE_DAY, Period, day_bounds

Mode = Literal["hard", "soft", "alert"]
Window = Literal["day", "period", "total"]
ClockWindow = Literal["minute", "hour"]
State = Literal["closed", "open"]
Code = Literal["within_cap", "hard_cap_reached", "soft_cap_reached", "alert_reached"]
_CLOCK: dict[ClockWindow, timedelta] = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1)}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_WITHIN: tuple[State, Code] = ("closed", "within_cap")
_REACHED: dict[Mode, tuple[State, Code]] = {
    "hard": ("open", "hard_cap_reached"),
    "soft": ("closed", "soft_cap_reached"),
    "alert": ("closed", "alert_reached"),
}


@dataclass(frozen=True, slots=True)
class CapVerdict:
    """What a cap asks of a router, as of one reading of the meter.

    `state` is the breaker's: closed lets calls pass, open refuses them. `alert` says
    that somebody must be told. `remaining_usd` is below zero when more than the limit
    was spent.
    """

    state: State
    code: Code
    alert: bool
    spent_usd: Decimal
    limit_usd: Decimal
    remaining_usd: Decimal


@calculated_in(EXACT)
def judge_cap(spent_usd: Decimal, limit_usd: Decimal, mode: Mode) -> CapVerdict:
    """Judge what was spent in a cap's window; spending the whole limit reaches it.

    A limit of zero is reached before the first call. Raises ValueError below zero.
    """
    if limit_usd < 0:
        raise ValueError(f"A cap cannot be below zero: {limit_usd}.")
    remaining_usd = limit_usd - spent_usd
    is_reached = remaining_usd <= 0
    state, code = _REACHED[mode] if is_reached else _WITHIN
    return CapVerdict(
        state=state,
        code=code,
        alert=is_reached,
        spent_usd=spent_usd,
        limit_usd=limit_usd,
        remaining_usd=remaining_usd,
    )


def window_of(window: Window, on: date, period: Period | None = None) -> Period | None:
    """Return the reporting days whose spend counts on a day; None means all of them.

    `period` is the fiscal period that holds the day; only that window needs it.
    """
    if window == "total":
        return None
    if window == "day":
        return Period(on, on + ONE_DAY)
    if period is None or on not in period:
        raise ValueError(f"A cap per period needs the fiscal period that holds {on}.")
    return period


def resets_at(
    window: Window, on: date, zone: ZoneInfo, period: Period | None = None
) -> datetime | None:
    """Return the UTC instant at which the window's count starts anew; None means never."""
    days = window_of(window, on, period)
    if days is None:
        return None
    return day_bounds(days.end, zone)[0]


def clock_window(window: ClockWindow, at: datetime) -> tuple[datetime, datetime]:
    """Return the UTC minute or hour of an instant: where it begins, and where the next one does."""
    length = _CLOCK[window]
    start = at.astimezone(UTC) - (at - _EPOCH) % length
    return start, start + length
