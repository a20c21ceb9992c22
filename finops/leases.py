"""Money on lease: how much of what is left one router may hold before its calls are made."""

from decimal import ROUND_DOWN, Decimal

from finops.money import ROUNDED, calculated_in

# A lease is cut to whole micro-dollars: the dearest part of a call that nobody could pay.
STEP_USD = Decimal("0.000001")


@calculated_in(ROUNDED)
def lease_size(
    *,
    remaining_usd: Decimal,
    asked_usd: Decimal,
    least_usd: Decimal,
    routers: int,
    largest_usd: Decimal,
) -> Decimal:
    """Return what to grant of what remains; zero means that it has to be refused.

    A router gets no more than its share of half of what remains, so that all of them
    together hold half of it at most, and less and less towards the end. One call that
    needs more than the share gets what it needs, where that much is there.
    """
    share_usd = (remaining_usd / (2 * routers)).quantize(STEP_USD, rounding=ROUND_DOWN)
    size_usd = max(min(asked_usd, share_usd, largest_usd), least_usd)
    return size_usd if 0 < size_usd <= remaining_usd else Decimal(0)


def held_usd(
    *,
    granted_usd: Decimal,
    used_usd: Decimal,
    metered_usd: Decimal,
    written_off_usd: Decimal,
    is_closed: bool,
) -> Decimal:
    """Return what a lease keeps from others: what it may still cost beyond what is metered.

    Until it is closed it may cost all that was granted; after that what was reported.
    """
    worst_usd = used_usd if is_closed else max(granted_usd, used_usd)
    return max(Decimal(0), worst_usd - metered_usd - written_off_usd)
