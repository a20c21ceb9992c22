"""Graduation: a proven run rate becomes core budget, and the money comes from somewhere.

Past spend is never re-classified: what was used before the effective day stays the experiment's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from finops.money import EXACT, ROUNDED, calculated_in, to_cents
from finops.periods import Period

ZERO = Decimal(0)
MOST_UNTOUCHED_DRIFT = Decimal("0.05")


class Funding(StrEnum):
    """Who pays for what the core budget gains."""

    TRANSFER = "transfer"  # what the experiment has left, then the contingency
    RELEASE_ONLY = "release_only"  # the contingency; what is left goes back to the pool
    POOL_PERMANENT = "pool_permanent"  # the pool gives up the whole of it for good


class NotFunded(ValueError):
    """The money that the policy names does not suffice; the message says what is short."""


@dataclass(frozen=True, slots=True)
class Phased:
    """A fiscal period's part of what the core budget gains, by its days from the first on."""

    period: Period
    days: int
    usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """What each side gains (above zero) or gives; the three sum to zero."""

    core_usd: Decimal
    pool_usd: Decimal
    contingency_usd: Decimal

    @property
    def sum_usd(self) -> Decimal:
        return self.core_usd + self.pool_usd + self.contingency_usd


@calculated_in(EXACT)
def core_addition(run_rate_usd: Decimal, *, on: date, periods: Sequence[Period]) -> list[Phased]:
    """Return what each fiscal period of the year gains from a day on: a run rate for each day.

    `periods` are those of the fiscal year in order; `run_rate_usd` is dollars a day, taken to the
    cent first, so that every period's part is its days times the same amount. Raises ValueError
    for a day outside the year.
    """
    if not periods or not periods[0].start <= on < periods[-1].end:
        raise ValueError(f"{on} does not lie in the fiscal year.")
    a_day_usd = to_cents(run_rate_usd)
    left = [Period(max(each.start, on), each.end) for each in periods if each.end > on]
    return [Phased(each, each.days, a_day_usd * each.days) for each in left]


@calculated_in(EXACT)
def released_usd(
    *, allocation_usd: Decimal, actual_usd: Decimal, reserved_usd: Decimal, pending_usd: Decimal
) -> Decimal:
    """Return what the experiment gives back when it ends; below zero it was overspent.

    `reserved_usd` is held by calls under way, `pending_usd` is used and not yet priced or
    imported.
    """
    return allocation_usd - actual_usd - reserved_usd - pending_usd


@calculated_in(EXACT)
def funded(
    funding: Funding,
    *,
    core_usd: Decimal,
    released_usd: Decimal,
    pool_usd: Decimal,
    contingency_usd: Decimal,
) -> Journal:
    """Return who gives what the core budget gains.

    `pool_usd` and `contingency_usd` are what they have to give; the pool's does not include
    what is released. Raises NotFunded where the experiment was overspent, or where
    somebody would have to give more than is there.
    """
    if released_usd < 0:
        raise NotFunded(f"The experiment spent {-released_usd:f} USD more than it was allotted.")
    from_pool = {
        Funding.TRANSFER: min(core_usd, released_usd),
        Funding.RELEASE_ONLY: ZERO,
        Funding.POOL_PERMANENT: core_usd,
    }[funding]
    from_contingency = core_usd - from_pool
    _check_has("pool", pool_usd + released_usd, from_pool)
    _check_has("contingency", contingency_usd, from_contingency)
    return Journal(core_usd=core_usd, pool_usd=-from_pool, contingency_usd=-from_contingency)


@calculated_in(EXACT)
def demoted_usd(phased: Sequence[Phased], *, on: date) -> Decimal:
    """Return what the core budget gives back from a day on; what lies before stays its own."""
    given_back = ZERO
    for part in phased:
        if part.period.end > on:
            days = (part.period.end - max(part.period.start, on)).days
            given_back += part.usd * days / part.days
    return given_back


@calculated_in(ROUNDED)
def next_year_baseline_usd(
    run_rate_usd: Decimal, *, days: int, volume_index: Decimal = Decimal(1)
) -> Decimal:
    """Return what the next fiscal year of so many days costs at the planned volume, in cents."""
    return to_cents(to_cents(run_rate_usd) * days * volume_index)


@calculated_in(ROUNDED)
def needs_true_up(signed_usd: Decimal, now_usd: Decimal) -> bool:
    """Test whether late data moved the run rate so far that the core budget has to follow."""
    if signed_usd == 0:
        return now_usd != 0
    return abs(now_usd - signed_usd) / abs(signed_usd) > MOST_UNTOUCHED_DRIFT


def _check_has(who: str, has_usd: Decimal, gives_usd: Decimal) -> None:
    if gives_usd > max(has_usd, ZERO):
        short = gives_usd - max(has_usd, ZERO)
        raise NotFunded(f"The {who} is {short:f} USD short of the {gives_usd:f} USD it would give.")
