"""Graduation: a proven run rate becomes core budget, and the money comes from somewhere.

Past spend is never re-classified: what was used before the effective day stays the experiment's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from finops.money import (
    EXACT,
    ROUNDED,
    calculated_in,
    split_by_largest_remainder,
    to_cents,
)
from finops.periods import Period

ZERO = Decimal(0)
PER_MILLION = 1_000_000
MOST_UNTOUCHED_DRIFT = Decimal("0.05")


class Funding(StrEnum):
    """Who pays for what the core budget gains."""

    TRANSFER = "transfer"  # what the experiment has left, then the contingency
    RELEASE_ONLY = "release_only"  # the contingency; what is left goes back to the pool
    POOL_PERMANENT = "pool_permanent"  # the pool gives up the whole of it for good


@dataclass(frozen=True, slots=True)
class Phased:
    """A fiscal period's part of what the core budget gains, by its days from the first on."""

    period: Period
    days: int
    usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """What each side gains (above zero) or gives; all of them sum to zero.

    The pool gives what the experiment has left of it, and of its free money.
    """

    core_usd: Decimal
    experiment_usd: Decimal
    free_pool_usd: Decimal
    contingency_usd: Decimal

    @property
    def pool_usd(self) -> Decimal:
        return self.experiment_usd + self.free_pool_usd

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
def journal_of(funding: Funding, *, core_usd: Decimal, released_usd: Decimal) -> Journal:
    """Return who gives what the core budget gains; whether they have it is another question.

    What an overspent experiment has left is nothing.
    """
    left = min(core_usd, max(released_usd, ZERO))
    experiment = ZERO if funding == Funding.RELEASE_ONLY else left
    free_pool = core_usd - left if funding == Funding.POOL_PERMANENT else ZERO
    return Journal(
        core_usd=core_usd,
        experiment_usd=-experiment,
        free_pool_usd=-free_pool,
        contingency_usd=experiment + free_pool - core_usd,
    )


@calculated_in(EXACT)
def given_back(parts: Sequence[Sequence[Phased]], *, on: date) -> list[list[Phased]]:
    """Return what each department's core gives back from a day on; earlier days stay its own.

    A part is what it holds by period, each day of one alike. The whole of a period is taken to
    the cent, and shared by what each holds of it.
    """
    found: list[list[Phased]] = [[] for _ in parts]
    for period in sorted({each.period for part in parts for each in part if each.period.end > on}):
        left = Period(max(period.start, on), period.end)
        held = {place: _held_in(part, period) for place, part in enumerate(parts)}
        for place, usd in _shared(held, left.days, period.days).items():
            found[place].append(Phased(left, left.days, usd))
    return found


def _held_in(part: Sequence[Phased], period: Period) -> Decimal:
    return sum((each.usd for each in part if each.period == period), ZERO)


def _shared(held: Mapping[int, Decimal], days: int, of: int) -> dict[int, Decimal]:
    """Return the part of the days, of so many, that each gives back of what it holds."""
    if not any(held.values()):
        return {}
    whole, rest = divmod(int(sum(held.values(), ZERO).scaleb(2)) * days, of)
    cents = split_by_largest_remainder(whole + (rest * 2 >= of), held)
    return {place: Decimal(parts).scaleb(-2) for place, parts in cents.items()}


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


@dataclass(frozen=True, slots=True)
class Standard:
    """What a result took over some days: tokens, dollars a million of them, results a day."""

    tokens_per_unit: Decimal
    usd_per_mtok: Decimal
    a_day: Decimal


@calculated_in(ROUNDED)
def standard_of(
    *, outcomes: Decimal | None, tokens: int, usd: Decimal | None, days: int
) -> Standard | None:
    """Return what a flex rule may take for standard; None where nothing was counted or used."""
    if not outcomes or not usd or not tokens or days <= 0:
        return None
    return Standard(
        tokens_per_unit=round(tokens / outcomes, 3),
        usd_per_mtok=round(usd * PER_MILLION / tokens, 6),
        a_day=outcomes / days,
    )


@calculated_in(EXACT)
def split_by_share(phased: Sequence[Phased], shares: Sequence[Decimal]) -> list[list[Phased]]:
    """Return every department's part of each period, in cents; together they are the whole.

    Left-over cents go by largest remainder, ties to the first.
    """
    parts: list[list[Phased]] = [[] for _ in shares]
    for each in phased:
        cents = split_by_largest_remainder(int(each.usd.scaleb(2)), dict(enumerate(shares)))
        for place, kept in enumerate(parts):
            kept.append(Phased(each.period, each.days, Decimal(cents[place]).scaleb(-2)))
    return parts
