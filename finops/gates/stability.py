"""Gate 4: whether a run rate has held for thirty days, so that a plan may rest on it.

Staying under a cap is not enough: an experiment that grows by a tenth a week does that too,
until it does not.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from finops.gates.criteria import (
    Criterion,
    Judgement,
    Unit,
    Verdict,
    at_least,
    at_most,
    holds,
    judgement,
)
from finops.money import ROUNDED, calculated_in, to_cents
from finops.stability.figures import (
    HIGHEST_CV,
    LEAST_GROWTH,
    MOST_CUSUM,
    MOST_GROWTH,
    MOST_OF_CAP,
    MOST_PEAK,
    Figures,
)
from finops.stability.streak import NEEDED_DAYS

FEWEST_ACTIVE_DAYS = 20
FEWEST_TASKS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The present run of an experiment, and what its last thirty days say.

    `final_days` of the run have had their late data. `tasks` is None where nobody counted
    them. `figures` are of the window, None before it holds a day; `cv_limit` is the profile's.
    """

    length: int
    paused_days: int
    final_days: int
    is_frozen: bool
    earliest_pass: date
    active_days: int
    tasks: int | None
    cap_usd: Decimal
    cv_limit: Decimal
    figures: Figures | None


def judge_stability(known: Baseline) -> Judgement:
    """Return the judgement; a run that is not over defers, it never fails."""
    return judgement([_row(known), _final(known), _frozen(known), _use(known), *_steady(known)])


def _row(known: Baseline) -> Criterion:
    to_go = max(NEEDED_DAYS - known.length, 0)
    says = (
        f"{known.length} valid days in a row, {to_go} to go;"
        f" the earliest pass is on {_day(known.earliest_pass)}."
    )
    return _criterion(
        "days",
        "Thirty valid days in a row",
        measured=known.length,
        limit=NEEDED_DAYS,
        unit=Unit.DAYS,
        says=says,
        verdict=at_least(known.length, NEEDED_DAYS),
    )


def _final(known: Baseline) -> Criterion:
    measured = min(known.final_days, NEEDED_DAYS)
    says = (
        f"{measured} of {NEEDED_DAYS} days have had their late data;"
        f" the last of them has on {_day(known.earliest_pass)}."
    )
    return _criterion(
        "final",
        "Each of them final",
        measured=measured,
        limit=NEEDED_DAYS,
        unit=Unit.DAYS,
        says=says,
        verdict=at_least(measured, NEEDED_DAYS),
    )


def _frozen(known: Baseline) -> Criterion:
    says = "It broke a limit twice: its owner has to say what is done before days count again."
    return _criterion(
        "frozen",
        "No second breach that nobody answered",
        measured="yes" if known.is_frozen else "no",
        limit="no",
        unit=Unit.WORD,
        says=says,
        verdict=holds(fact=not known.is_frozen),
    )


def _use(known: Baseline) -> Criterion:
    enough_days = at_least(known.active_days, FEWEST_ACTIVE_DAYS)
    enough_tasks = at_least(known.tasks, FEWEST_TASKS)
    both = {enough_days, enough_tasks}
    verdict = next(
        (each for each in (Verdict.MISSED, Verdict.UNKNOWN) if each in both), Verdict.MET
    )
    counted = "nobody counted the tasks" if known.tasks is None else f"{known.tasks:,} tasks"
    says = (
        f"It was used on {known.active_days} days, and {counted}: {FEWEST_ACTIVE_DAYS} days and"
        f" {FEWEST_TASKS} tasks are needed to say anything."
    )
    return _criterion(
        "use",
        "Enough use to say anything",
        measured=known.active_days,
        limit=FEWEST_ACTIVE_DAYS,
        unit=Unit.DAYS,
        says=says,
        verdict=verdict,
    )


def _steady(known: Baseline) -> list[Criterion]:
    return [_cv(known), _peak(known), _growth(known), _headroom(known), _drift(known)]


def _cv(known: Baseline) -> Criterion:
    limit = min(known.cv_limit, HIGHEST_CV)
    measured = known.figures.cv if known.figures else None
    says = f"Days vary by {_share(measured)} around their mean, where {_share(limit)} is the most."
    return _criterion(
        "cv",
        "Days vary little, weekdays apart",
        measured=measured,
        limit=limit,
        unit=Unit.SHARE,
        says=says,
        verdict=at_most(measured, limit),
    )


def _peak(known: Baseline) -> Criterion:
    measured = known.figures.peak if known.figures else None
    says = f"A busy day costs {_times(measured)} of a usual one, where {MOST_PEAK} is the most."
    return _criterion(
        "peak",
        "A busy day costs little more than a usual one",
        measured=measured,
        limit=MOST_PEAK,
        unit=Unit.SHARE,
        says=says,
        verdict=at_most(measured, MOST_PEAK),
    )


def _growth(known: Baseline) -> Criterion:
    measured = known.figures.growth if known.figures else None
    is_falling = measured is not None and measured < 0
    limit = LEAST_GROWTH if is_falling else MOST_GROWTH
    verdict = at_least(measured, limit) if is_falling else at_most(measured, limit)
    says = f"It moves by {_signed(measured)} in thirty days, where {_signed(limit)} is the most."
    return _criterion(
        "growth",
        "No growth and no decay to speak of",
        measured=measured,
        limit=limit,
        unit=Unit.SHARE,
        says=says,
        verdict=verdict,
    )


@calculated_in(ROUNDED)
def _headroom(known: Baseline) -> Criterion:
    limit = known.cap_usd * MOST_OF_CAP
    measured = known.figures.p95_usd if known.figures else None
    busy = "not known" if measured is None else f"${to_cents(measured):,}"
    says = f"A busy day costs {busy}, where nine tenths of the daily cap are ${to_cents(limit):,}."
    return _criterion(
        "headroom",
        "A busy day leaves a tenth of the cap",
        measured=measured,
        limit=limit,
        unit=Unit.USD,
        says=says,
        verdict=at_most(measured, limit),
    )


def _drift(known: Baseline) -> Criterion:
    measured = known.figures.cusum_sigma if known.figures else None
    # The limit itself is a drift already.
    verdict = holds(fact=None if measured is None else measured < MOST_CUSUM)
    says = f"It drifted by {_times(measured)} deviations in sum; below {MOST_CUSUM} is steady."
    return _criterion(
        "drift",
        "No drift that adds up",
        measured=measured,
        limit=MOST_CUSUM,
        unit=Unit.COUNT,
        says=says,
        verdict=verdict,
    )


def _criterion(
    code: str,
    label: str,
    *,
    measured: Decimal | int | str | None,
    limit: Decimal | int | str,
    unit: Unit,
    says: str,
    verdict: Verdict,
) -> Criterion:
    return Criterion(
        code=code,
        label=label,
        measured=measured,
        limit=limit,
        unit=unit,
        verdict=verdict,
        says="It holds." if verdict == Verdict.MET else says,
    )


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _share(value: Decimal | None) -> str:
    return "an unknown share" if value is None else f"{value:.1%}"


def _signed(value: Decimal | None) -> str:
    return "an unknown share" if value is None else f"{value:+.1%}"


def _times(value: Decimal | None) -> str:
    return "an unknown number" if value is None else f"{value:.2f}"
