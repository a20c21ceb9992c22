"""The profile of a company: every setting that its size and its margin decide, with its type."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from finops.money import ROUNDED, calculated_in

DAYS_PER_MONTH_OF_CASH = 30


class Size(StrEnum):
    STARTUP = "startup"
    MID = "mid"
    ENTERPRISE = "enterprise"


class Risk(StrEnum):
    """What a company of a size has to fear most from AI spend."""

    RUNWAY = "runway"
    BUDGET_SHOCK = "budget_shock"
    MARGIN = "margin"


class Enforcement(StrEnum):
    """Where limits bite: at each developer, at experiments, or by charging back."""

    HARD_CAPS = "hard_caps"
    HARD_FOR_EXPERIMENTS = "hard_for_experiments"
    ALLOCATION = "allocation"


class StoreFailure(StrEnum):
    """What routers do when they cannot learn what is left; the strictest first."""

    CLOSED = "closed"
    CLOSED_FOR_EXPERIMENTS = "closed_for_experiments"
    OPEN_WITH_BUCKET = "open_with_bucket"


class Deciders(StrEnum):
    """Who lets calls pass a limit for a while."""

    FOUNDER = "founder"
    TWO_PEOPLE = "two_people"
    TWO_AND_FINANCE = "two_people_and_finance"


class AllocationLevel(StrEnum):
    """Down to what spend has to be allocated."""

    DEVELOPER = "developer"
    TEAM = "team"
    PRODUCT = "product"


class Shown(StrEnum):
    SHOWN = "shown"
    HIDDEN = "hidden"


class MarginWindows(StrEnum):
    """Over which two windows a margin has to lie below its floor before anything happens."""

    MINUTES_5_AND_15 = "5_and_15_minutes"
    MINUTES_15_AND_60 = "15_and_60_minutes"
    HOURS_1_AND_6 = "1_and_6_hours"
    DAYS_1_AND_7 = "1_and_7_days"


class FirstAction(StrEnum):
    """What happens first when a margin falls below its floor."""

    DOWNGRADE_THEN_BLOCK = "downgrade_then_block"
    DOWNGRADE = "downgrade"
    THROTTLE_AND_ALERT = "throttle_and_alert"
    ALERT_AND_TICKET = "alert_and_ticket"


class Tier(StrEnum):
    """A tier of models, from local ones to the frontier."""

    T0 = "T0"
    T1 = "T1"
    T2 = "T2"
    T3 = "T3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Every setting of a company. Shares are of one; a limit that does not apply is None.

    `org_cap_of_cash` is the share of the cash that a month of thirty days may cost.
    """

    primary_risk: Risk
    enforcement: Enforcement
    developer_daily_cap_usd: Decimal | None
    developer_alert_p99: Decimal | None
    org_cap_of_cash: Decimal | None
    store_failure: StoreFailure
    override_deciders: Deciders
    override_hours: int
    pool_share: Decimal
    pool_overbooking: Decimal
    experiment_days: int
    extension_days: int
    cv_limit: Decimal
    data_lag_days: int
    allocation_level: AllocationLevel
    allocation_target: Decimal
    runway_line: Shown
    gm_target: Decimal
    gm_floor: Decimal
    margin_windows: MarginWindows
    first_action: FirstAction
    roi_hurdle: Decimal
    avoidable_limit: Decimal
    default_tier: Tier
    waiver_quarters: int

    @property
    def gm_buffer(self) -> Decimal:
        """Return how far the margin may fall below its target."""
        return self.gm_target - self.gm_floor


@calculated_in(ROUNDED)
def org_daily_cap_usd(profile: Profile, *, cash_usd: Decimal) -> Decimal | None:
    """Return what the whole company may spend a day, by its cash; None where that is no limit."""
    if profile.org_cap_of_cash is None:
        return None
    return cash_usd * profile.org_cap_of_cash / DAYS_PER_MONTH_OF_CASH
