"""Three ways to fund experiments, held against what they really spent.

*Bets* are capped and dated one by one. *Linked to output*, a period may spend so much for each
result of the period before it. An *open* pool may be spent by anybody, from the first day on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from finops.money import EXACT, ROUNDED, calculated_in
from finops.periods import Period

ZERO = Decimal(0)


class Bet(NamedTuple):
    """An experiment on the days on which it may run."""

    days: Period
    daily_cap_usd: Decimal


class Spent(NamedTuple):
    """What experiments spent in a period, and the results before it; None where not known."""

    period: Period
    usd: Decimal
    results_before: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyLine:
    """A period under each of the three.

    `bets_day_usd` and `open_day_usd` are the most that one day can cost; `linked_usd` is what
    output would have allowed, `unfunded_usd` what was spent beyond that. None: not known.
    """

    period: Period
    spent_usd: Decimal
    bets_day_usd: Decimal
    linked_usd: Decimal | None
    unfunded_usd: Decimal | None
    open_day_usd: Decimal


@calculated_in(ROUNDED)
def usd_per_result(*, pool_usd: Decimal, results: int, known: int, days: int) -> Decimal | None:
    """Return the rate at which the results of a whole year would hand out the pool.

    `results` were counted on `known` of the year's `days`; None where there are none.
    """
    return pool_usd * known / (results * days) if results and known else None


@calculated_in(EXACT)
def compared(
    *, pool_usd: Decimal, spent: Sequence[Spent], bets: Sequence[Bet], usd_a_result: Decimal | None
) -> list[PolicyLine]:
    """Return every period, in order, under the three policies."""
    lines, left_usd = [], pool_usd
    for each in spent:
        linked = _linked(each.results_before, usd_a_result)
        lines.append(
            PolicyLine(
                period=each.period,
                spent_usd=each.usd,
                bets_day_usd=_dearest_day(bets, each.period),
                linked_usd=linked,
                unfunded_usd=None if linked is None else max(each.usd - linked, ZERO),
                open_day_usd=max(left_usd, ZERO),
            )
        )
        left_usd -= each.usd
    return lines


def _linked(results: int | None, usd_a_result: Decimal | None) -> Decimal | None:
    return None if results is None or usd_a_result is None else results * usd_a_result


def _dearest_day(bets: Sequence[Bet], period: Period) -> Decimal:
    """Return the most that the caps of the day allow on any day of the period.

    The sum rises only where an experiment begins, so no other day can be the dearest.
    """
    begins = [each.days.start for each in bets if each.days.start in period]
    return max((_allowed_on(bets, day) for day in [period.start, *begins]), default=ZERO)


def _allowed_on(bets: Sequence[Bet], day: date) -> Decimal:
    return sum((each.daily_cap_usd for each in bets if day in each.days), ZERO)
