"""Demotion: core gives back what it holds from a day on, to where it came from.

What lies before the day stays core's own; past spend is never re-classified.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, Decimal

from finops.graduation import Phased
from finops.money import EXACT, calculated_in, split_by_largest_remainder, to_cents

ZERO = Decimal("0.00")
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Sources:
    """What each side gave to core, or gets back of it."""

    contingency_usd: Decimal
    pool_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Demoted:
    """What a demotion moves, from which day on; `why_nothing` says why it moves no money.

    The experiment runs again until `ends_on` under a cap of what it was allotted.
    """

    on: date
    back_usd: Decimal
    to: Sources
    allotment_usd: Decimal
    ends_on: date
    why_nothing: str = ""


@calculated_in(EXACT)
def within(phased: Sequence[Phased], most_usd: Decimal) -> list[Phased]:
    """Return as much of it as there is, where core passed some on: the first periods go first."""
    left, kept = max(most_usd, ZERO), []
    for each in phased:
        usd = min(each.usd, left)
        left -= usd
        if usd:
            kept.append(Phased(each.period, each.days, usd))
    return kept


@calculated_in(EXACT)
def returned_to(back_usd: Decimal, gave: Sources) -> Sources:
    """Split what core gives back in the proportion in which it was given, in whole cents.

    The last cent goes by largest remainder. Who got something in the end gave nothing; where
    nobody gave, all of it is the contingency's.
    """
    weights = {"contingency": max(gave.contingency_usd, ZERO), "pool": max(gave.pool_usd, ZERO)}
    if not any(weights.values()):
        return Sources(back_usd, ZERO)
    parts = split_by_largest_remainder(int(back_usd.scaleb(2)), weights)
    return Sources(*(Decimal(parts[name]).scaleb(-2) for name in ("contingency", "pool")))


@calculated_in(EXACT)
def allotment_usd(run_rate_usd: Decimal, *, days: int, pool_usd: Decimal) -> Decimal:
    """Return what it may spend as an experiment: its rate for so many days, or what is there."""
    wanted = to_cents(run_rate_usd * days)
    return max(min(wanted, pool_usd.quantize(CENT, rounding=ROUND_DOWN)), ZERO)
