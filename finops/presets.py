"""What a company's size and its target gross margin preset.

Size sets the mechanism, margin sets the thresholds. Between the columns of the margin table
numbers are interpolated, and what is not a number follows the column of the smaller margin,
which is the stricter one; beyond the outermost columns these hold. Where size and margin both
speak of one setting, the stricter of the two wins.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from finops.profiles import (
    AllocationLevel,
    Deciders,
    Enforcement,
    FirstAction,
    MarginWindows,
    Profile,
    Risk,
    Shown,
    Size,
    StoreFailure,
    Tier,
)

MOST_PEOPLE_OF_STARTUP = 100
MOST_PEOPLE_OF_MID = 2000
LOWEST_TARGET, HIGHEST_TARGET = Decimal("0.01"), Decimal("0.99")
# A waiver of the margin floor needs a margin that can carry it.
LOWEST_TARGET_WITH_WAIVERS = Decimal("0.60")


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfMargin:
    """A column of the margin table."""

    buffer: Decimal
    windows: MarginWindows
    first_action: FirstAction
    roi_hurdle: Decimal
    avoidable_limit: Decimal
    default_tier: Tier
    waiver_quarters: int
    pool_multiplier: Decimal
    store_failure: StoreFailure | None = None  # None: margin does not speak of it


def size_of(people: int) -> Size:
    """Return the size of a company of so many people."""
    if people < 1:
        raise ValueError(f"A company has people: {people} is none.")
    if people <= MOST_PEOPLE_OF_STARTUP:
        return Size.STARTUP
    return Size.MID if people <= MOST_PEOPLE_OF_MID else Size.ENTERPRISE


def profile_of(size: Size, gm_target: Decimal) -> Profile:
    """Return what the size and the target gross margin, a share of one, preset."""
    if not LOWEST_TARGET <= gm_target <= HIGHEST_TARGET:
        raise ValueError(f"A target gross margin lies between 0.01 and 0.99, not at {gm_target}.")
    margin, of_size = _at(gm_target), _SIZES[size]
    return Profile(
        **of_size
        | {
            "pool_share": of_size["pool_share"] * margin.pool_multiplier,
            "store_failure": _stricter(of_size["store_failure"], margin.store_failure),
        },
        gm_target=gm_target,
        gm_floor=gm_target - margin.buffer,
        margin_windows=margin.windows,
        first_action=margin.first_action,
        roi_hurdle=margin.roi_hurdle,
        avoidable_limit=margin.avoidable_limit,
        default_tier=margin.default_tier,
        waiver_quarters=margin.waiver_quarters,
    )


def _stricter(of_size: StoreFailure, of_margin: StoreFailure | None) -> StoreFailure:
    order = list(StoreFailure)
    return min(of_size, of_margin or of_size, key=order.index)


def _at(gm_target: Decimal) -> _OfMargin:
    """Return the column of a margin: one of the table's, or one between two of them."""
    targets = sorted(_MARGINS)
    below = max((each for each in targets if each <= gm_target), default=targets[0])
    above = min((each for each in targets if each >= gm_target), default=targets[-1])
    low, high = _MARGINS[below], _MARGINS[above]
    if low is high:
        return low
    way = (gm_target - below) / (above - below)

    def between(first: Decimal, second: Decimal) -> Decimal:
        return first + way * (second - first)

    return replace(
        low,
        buffer=between(low.buffer, high.buffer),
        roi_hurdle=between(low.roi_hurdle, high.roi_hurdle),
        avoidable_limit=between(low.avoidable_limit, high.avoidable_limit),
        pool_multiplier=between(low.pool_multiplier, high.pool_multiplier),
    )


_SIZES: dict[Size, dict[str, Any]] = {
    Size.STARTUP: {
        "primary_risk": Risk.RUNWAY,
        "enforcement": Enforcement.HARD_CAPS,
        "developer_daily_cap_usd": Decimal(25),
        "developer_alert_p99": None,
        "org_cap_of_cash": Decimal("0.01"),
        "store_failure": StoreFailure.CLOSED,
        "override_deciders": Deciders.FOUNDER,
        "override_hours": 4,
        "pool_share": Decimal("0.20"),
        "pool_overbooking": Decimal("1.00"),
        "experiment_days": 30,
        "extension_days": 30,
        "cv_limit": Decimal("0.25"),
        "data_lag_days": 1,
        "allocation_level": AllocationLevel.DEVELOPER,
        "allocation_target": Decimal("1.00"),
        "runway_line": Shown.SHOWN,
    },
    Size.MID: {
        "primary_risk": Risk.BUDGET_SHOCK,
        "enforcement": Enforcement.HARD_FOR_EXPERIMENTS,
        "developer_daily_cap_usd": Decimal(75),
        "developer_alert_p99": None,
        "org_cap_of_cash": None,
        "store_failure": StoreFailure.CLOSED_FOR_EXPERIMENTS,
        "override_deciders": Deciders.TWO_PEOPLE,
        "override_hours": 24,
        "pool_share": Decimal("0.15"),
        "pool_overbooking": Decimal("1.15"),
        "experiment_days": 60,
        "extension_days": 30,
        "cv_limit": Decimal("0.35"),
        "data_lag_days": 3,
        "allocation_level": AllocationLevel.TEAM,
        "allocation_target": Decimal("0.95"),
        "runway_line": Shown.HIDDEN,
    },
    Size.ENTERPRISE: {
        "primary_risk": Risk.MARGIN,
        "enforcement": Enforcement.ALLOCATION,
        "developer_daily_cap_usd": None,
        "developer_alert_p99": Decimal(2),
        "org_cap_of_cash": None,
        "store_failure": StoreFailure.OPEN_WITH_BUCKET,
        "override_deciders": Deciders.TWO_AND_FINANCE,
        "override_hours": 24,
        "pool_share": Decimal("0.10"),
        "pool_overbooking": Decimal("1.30"),
        "experiment_days": 90,
        "extension_days": 60,
        "cv_limit": Decimal("0.50"),
        "data_lag_days": 5,
        "allocation_level": AllocationLevel.PRODUCT,
        "allocation_target": Decimal("0.98"),
        "runway_line": Shown.HIDDEN,
    },
}
_MARGINS: dict[Decimal, _OfMargin] = {
    Decimal("0.20"): _OfMargin(
        buffer=Decimal("0.01"),
        windows=MarginWindows.MINUTES_5_AND_15,
        first_action=FirstAction.DOWNGRADE_THEN_BLOCK,
        roi_hurdle=Decimal("1.00"),
        avoidable_limit=Decimal("0.05"),
        default_tier=Tier.T1,
        waiver_quarters=0,
        pool_multiplier=Decimal("0.50"),
        store_failure=StoreFailure.CLOSED,  # thin: a loss starts within hours
    ),
    Decimal("0.40"): _OfMargin(
        buffer=Decimal("0.02"),
        windows=MarginWindows.MINUTES_15_AND_60,
        first_action=FirstAction.DOWNGRADE,
        roi_hurdle=Decimal("0.50"),
        avoidable_limit=Decimal("0.08"),
        default_tier=Tier.T1,
        waiver_quarters=0,
        pool_multiplier=Decimal("0.75"),
    ),
    Decimal("0.60"): _OfMargin(
        buffer=Decimal("0.04"),
        windows=MarginWindows.HOURS_1_AND_6,
        first_action=FirstAction.THROTTLE_AND_ALERT,
        roi_hurdle=Decimal("0.25"),
        avoidable_limit=Decimal("0.10"),
        default_tier=Tier.T2,
        waiver_quarters=1,
        pool_multiplier=Decimal("1.00"),
    ),
    Decimal("0.80"): _OfMargin(
        buffer=Decimal("0.08"),
        windows=MarginWindows.DAYS_1_AND_7,
        first_action=FirstAction.ALERT_AND_TICKET,
        roi_hurdle=Decimal("0.00"),
        avoidable_limit=Decimal("0.15"),
        default_tier=Tier.T2,
        waiver_quarters=2,
        pool_multiplier=Decimal("1.25"),
    ),
}
