"""How much of a budget may be for experiments, and how much of it an experiment holds."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

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


@calculated_in(ROUNDED)
def held_at_first_usd(*, cap_usd: Decimal, overbooking: Decimal) -> Decimal:
    """Return what a pool sets aside for a cap, in whole cents, never less than its share.

    A pool that promises `overbooking` times what it holds sets aside so much less for each
    cap: then the caps together never exceed that multiple of the pool.
    """
    return (cap_usd / overbooking).quantize(CENT, ROUND_CEILING)


@calculated_in(ROUNDED)
def top_up_usd(
    *,
    cap_usd: Decimal,
    daily_cap_usd: Decimal,
    held_usd: Decimal,
    spent_usd: Decimal,
    pool_left_usd: Decimal,
) -> Decimal:
    """Return what an experiment takes of its pool now, in whole cents.

    It holds a day's cap beyond what it spent; with less it takes up to two days' more, as
    far as its cap goes and the pool has it.
    """
    if held_usd >= cap_usd or held_usd - spent_usd >= daily_cap_usd:
        return Decimal(0)
    wanted_usd = min(cap_usd, spent_usd + 2 * daily_cap_usd) - held_usd
    return max(min(wanted_usd.quantize(CENT, ROUND_FLOOR), pool_left_usd), Decimal(0))
