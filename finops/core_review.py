"""A month in core: whether a result still costs what it cost, and whether the level still holds.

Two kinds of judgement that never mix: the review puts work on probation, the control chart only
informs. What is not known is neither good nor bad.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from finops.gates.worth import LEAST_COVERAGE
from finops.money import ROUNDED, calculated_in
from finops.run_rate import Daily, mean, without_weekdays

# How much dearer than over the baseline a result may be before its month counts as bad.
MOST_DEARER = Decimal("0.25")
MOST_BAD_IN_ROW = 2
PROBATION_DAYS = 30
SIGMAS = Decimal(3)
# Closer than this to what was signed the level moves no money, so it is no signal either.
LEAST_WIDTH = Decimal("0.05")


class Verdict(StrEnum):
    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """What speaks against a month, or why it cannot be judged."""

    DEARER = "dearer"
    THIN_MARGIN = "thin_margin"
    NO_RESULTS = "no_results"
    RESULTS_MISSING = "results_missing"
    UNPRICED = "unpriced"
    NO_BASELINE = "no_baseline"
    MARGIN_UNKNOWN = "margin_unknown"


AGAINST = (Reason.DEARER, Reason.THIN_MARGIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """What is known of some days in core.

    `cost_usd` is of the days whose results are told, which are the share `coverage` of all;
    `outcomes` succeeded on them. `baseline_usd` is what a result cost over the days of the
    baseline. Where customers pay (`is_sold`), the product has a margin and a floor.
    """

    cost_usd: Decimal
    outcomes: int
    coverage: Decimal
    unpriced_calls: int
    baseline_usd: Decimal | None
    is_sold: bool = False
    margin: Decimal | None = None
    floor: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """`dearer` is by which share of the baseline a result cost more, below zero less."""

    verdict: Verdict
    unit_usd: Decimal | None
    dearer: Decimal | None
    reasons: tuple[Reason, ...]


@calculated_in(ROUNDED)
def judge_month(month: Month) -> Judged:
    """Return the verdict on a month: bad by any limit it breaks, good where all hold."""
    lacking = _lacking(month)
    unit_usd = None if lacking else month.cost_usd / month.outcomes
    dearer = None
    if unit_usd is not None and month.baseline_usd:
        dearer = unit_usd / month.baseline_usd - 1
    reasons = [*([lacking] if lacking else []), *_by_unit(month, dearer), *_by_margin(month)]
    return Judged(
        verdict=_verdict(month, reasons),
        unit_usd=unit_usd,
        dearer=dearer,
        reasons=tuple(reasons),
    )


def _lacking(month: Month) -> Reason | None:
    """Return why nobody can say what a result cost."""
    if month.unpriced_calls:
        return Reason.UNPRICED
    if not month.outcomes:
        return Reason.NO_RESULTS
    return Reason.RESULTS_MISSING if month.coverage < LEAST_COVERAGE else None


def _by_unit(month: Month, dearer: Decimal | None) -> list[Reason]:
    if month.baseline_usd is None:
        return [Reason.NO_BASELINE]
    return [Reason.DEARER] if dearer is not None and dearer > MOST_DEARER else []


def _by_margin(month: Month) -> list[Reason]:
    if not month.is_sold:
        return []
    if month.margin is None or month.floor is None:
        return [Reason.MARGIN_UNKNOWN]
    return [Reason.THIN_MARGIN] if month.margin < month.floor else []


def _verdict(month: Month, reasons: Sequence[Reason]) -> Verdict:
    if any(reason in AGAINST for reason in reasons):
        return Verdict.BAD
    # Work that is sold can be judged by its margin alone; other work then by nothing.
    forgiven = {Reason.NO_BASELINE} if month.is_sold else set()
    return Verdict.UNKNOWN if set(reasons) - forgiven else Verdict.GOOD


def bad_in_row(verdicts: Sequence[Verdict]) -> int:
    """Count the bad months up to the last one; an unknown one neither counts nor breaks the row."""
    row = 0
    for verdict in reversed(verdicts):
        if verdict == Verdict.GOOD:
            break
        row += verdict == Verdict.BAD
    return row


@dataclass(frozen=True, slots=True)
class Limits:
    """Between which dollars a day the level of a month lies while nothing has changed."""

    centre_usd: Decimal
    lower_usd: Decimal
    upper_usd: Decimal

    def hold(self, usd: Decimal) -> bool:
        return self.lower_usd <= usd <= self.upper_usd


@calculated_in(ROUNDED)
def control_limits(
    signed_usd: Decimal, *, level_usd: Decimal, cv: Decimal | None, days: int
) -> Limits | None:
    """Return three standard deviations of the mean of so many days around the signed run rate.

    A day's deviation is what the baseline's days varied by around their level, its weekdays
    taken out; None where that is not known. Source: Shewhart's chart of means, for days that
    do not depend on one another. Never narrower than five percent to each side, nor below zero.
    """
    if cv is None:
        return None
    width = max(SIGMAS * cv * level_usd / Decimal(days).sqrt(), LEAST_WIDTH * signed_usd)
    return Limits(signed_usd, max(signed_usd - width, Decimal(0)), signed_usd + width)


@calculated_in(ROUNDED)
def level_of(daily: Daily) -> Decimal | None:
    """Return dollars a day at the week's level: a month of five Sundays is no cheaper for them."""
    return mean(without_weekdays(daily)) if daily else None
