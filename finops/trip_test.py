"""The loop of a trip test: how dear a call is, how fast it runs, how many calls come late."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from finops.money import ROUNDED, calculated_in

# So many calls reach the cap: enough that one weighs little, few enough to take a moment.
CALLS_TO_CAP = 75
# A loop that nothing slows down: sixty workers, each of whose calls takes five seconds.
UNLIMITED_PER_SECOND = Decimal(12)
SECONDS_A_MINUTE = 60
_MICRO = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Speed:
    """How many calls the loop makes a second, and whether published limits slow it down."""

    per_second: Decimal
    is_limited: bool


@calculated_in(ROUNDED)
def call_usd_for(cap_usd: Decimal) -> Decimal:
    """Return what a call of the loop costs, so that about `CALLS_TO_CAP` reach the cap."""
    return (cap_usd / CALLS_TO_CAP).quantize(_MICRO, rounding=ROUND_CEILING)


@calculated_in(ROUNDED)
def speed_of(
    *,
    call_usd: Decimal,
    requests_per_minute: int | None,
    usd_per_minute: Decimal | None,
    routers: int,
) -> Speed:
    """Return the fastest that the published limits let a loop run through all routers.

    Each router keeps the limits by itself, so together they let as many times as much pass.
    """
    limits = [UNLIMITED_PER_SECOND]
    each = max(routers, 1)
    if requests_per_minute is not None:
        limits.append(Decimal(requests_per_minute * each) / SECONDS_A_MINUTE)
    if usd_per_minute is not None:
        limits.append(usd_per_minute * each / call_usd / SECONDS_A_MINUTE)
    return Speed(min(limits), is_limited=min(limits) < UNLIMITED_PER_SECOND)


@calculated_in(ROUNDED)
def late_calls(*, per_second: Decimal, seconds: Decimal) -> int:
    """Return how many calls the loop began until its routers had the block: at least one."""
    begun = (per_second * seconds).to_integral_value(rounding=ROUND_CEILING)
    return max(int(begun), 1)
