"""What a breaker is judged by: the readings of an instant, and the terms that were decided."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from finops.profiles import FirstAction, MarginWindows

CAP_CODES = "cap_"
DAY = CAP_CODES + "day"
RATE, MARGIN, MARGIN_NEGATIVE = "rate_usd_minute", "margin", "margin_negative"
SLOW_AT, DOWNGRADE_AT = Decimal("0.85"), Decimal("0.95")
# The shorter and the longer window over which a margin has to lie below its floor.
WINDOWS: dict[MarginWindows, tuple[timedelta, timedelta]] = {
    MarginWindows.MINUTES_5_AND_15: (timedelta(minutes=5), timedelta(minutes=15)),
    MarginWindows.MINUTES_15_AND_60: (timedelta(minutes=15), timedelta(hours=1)),
    MarginWindows.HOURS_1_AND_6: (timedelta(hours=1), timedelta(hours=6)),
    MarginWindows.DAYS_1_AND_7: (timedelta(days=1), timedelta(days=7)),
}


@dataclass(frozen=True, slots=True)
class Reached:
    """The hard cap that is reached, of several the one that holds longest."""

    code: str
    cap: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Probe:
    """A test of some calls: how many were seen of those allowed, and whether they were fine.

    None is that nothing is known to compare them with.
    """

    calls: int
    allowed: int
    is_fine: bool | None


@dataclass(frozen=True, slots=True)
class Readings:
    """What is measured now; None is unknown, or that nothing limits it.

    `day_share` is of the hard day cap; margins are those of the shorter and longer window.
    """

    reached: Reached | None = None
    day_share: Decimal | None = None
    usd_per_minute: Decimal | None = None
    short_margin: Decimal | None = None
    long_margin: Decimal | None = None
    is_loop: bool = False
    probe: Probe | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What was decided about a scope: limits, thresholds, and what a thin margin does first."""

    slow_at: Decimal = SLOW_AT
    downgrade_at: Decimal = DOWNGRADE_AT
    usd_per_minute: Decimal | None = None
    margin_floor: Decimal | None = None
    first_action: FirstAction = FirstAction.DOWNGRADE
    longer_window: timedelta = timedelta(hours=1)
    protected: bool = False
