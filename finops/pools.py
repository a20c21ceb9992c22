"""How much of a budget may be for experiments."""

from decimal import ROUND_FLOOR, Decimal

from finops.money import ROUNDED, calculated_in

CENT = Decimal("0.01")


@calculated_in(ROUNDED)
def largest_pool_usd(*, rest_usd: Decimal, share: Decimal) -> Decimal | None:
    """Return the most a pool may hold beside the rest of its budget, in whole cents.

    Rest and pool together are the budget of which `share` may be the pool. None where all of
    it may be.
    """
    if share >= 1:
        return None
    return (rest_usd * share / (1 - share)).quantize(CENT, ROUND_FLOOR)
