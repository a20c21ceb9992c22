"""Stop-loss: a bet that has cost its share and shows nothing for it is ended before its date."""

from decimal import ROUND_CEILING, Decimal
from typing import NamedTuple

from finops.money import EXACT, ROUNDED, calculated_in

# What a bet must show by then, as a share of the outcomes that were planned.
LEAST_SHARE = Decimal("0.10")


class StopLoss(NamedTuple):
    """Where it looks, and what it wants to see there.

    `least_outcomes` is None where no outcomes were planned: then nothing but the money counts.
    """

    at_usd: Decimal
    least_outcomes: int | None


@calculated_in(EXACT)
def stop_loss(*, cap_usd: Decimal, share_pct: int, planned_outcomes: int | None) -> StopLoss:
    """Return the stop-loss of a cap: a share of it in percent, and a tenth of the plan."""
    least = None
    if planned_outcomes is not None:
        least = int((planned_outcomes * LEAST_SHARE).to_integral_value(ROUND_CEILING))
    return StopLoss(cap_usd * share_pct / 100, least)


@calculated_in(ROUNDED)
def has_fired(stop: StopLoss, *, spent_usd: Decimal, outcomes: int | None) -> bool:
    """Test whether the bet is to end: the money is spent, and too little is known to show for it.

    Outcomes that nobody counts (None) are no reason to go on.
    """
    if spent_usd < stop.at_usd:
        return False
    if stop.least_outcomes is None or outcomes is None:
        return True
    return outcomes < stop.least_outcomes
