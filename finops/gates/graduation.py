"""Gate 5: whether a proven experiment may become core, and the money is there for it.

Nothing is proved anew but that all of it still holds today; what is new is the journal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from finops.gates.criteria import (
    Criterion,
    Judgement,
    Measure,
    Unit,
    Verdict,
    at_least,
    at_most,
    holds,
    judgement,
)

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rechecked:
    """What an earlier gate says when it is measured once more; `says` where it does not pass."""

    passes: bool
    says: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """What one side of the journal has to give, in dollars, and what it has."""

    gives_usd: Decimal
    has_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """A graduation as it is proposed, and what it rests on; None is not known.

    `missing` names the gates that do not stand. `worth` is gate 1 over the days of the
    baseline, None where it never passed; `released_usd` is what the experiment would give back.
    `day_problem` and `split_problem` say why the day, or the split over two departments, cannot
    be; `unbudgeted` names the departments without a budget of the year.
    """

    missing: Sequence[str]
    worth: Rechecked | None
    baseline: Rechecked | None
    run_rate_usd: Decimal | None
    released_usd: Decimal | None
    core_usd: Decimal | None
    pool: Needed | None
    contingency: Needed | None
    sum_usd: Decimal | None
    starts_on: date | None
    day_problem: str
    unbudgeted: Sequence[str]
    split_problem: str


def judge_graduation(proposed: Proposed) -> Judgement:
    """Return the judgement; what does not hold yet defers, it never fails."""
    return judgement(
        [
            _gates(proposed),
            _again("worth", "Gate 1 passes over the days of the baseline", proposed.worth),
            _baseline(proposed),
            _day(proposed),
            _departments(proposed),
            _released(proposed),
            _gives("pool", "The pool can give its part", proposed.pool),
            _gives("contingency", "The contingency can give its part", proposed.contingency),
            _sum(proposed),
        ]
    )


def _gates(proposed: Proposed) -> Criterion:
    stand = 4 - len(proposed.missing)
    return _criterion(
        "gates",
        "The four gates before it stand today",
        measured=stand,
        limit=4,
        unit=Unit.COUNT,
        verdict=at_least(stand, 4),
        says=f"It waits for {' and '.join(proposed.missing)}.",
    )


def _again(code: str, label: str, found: Rechecked | None) -> Criterion:
    measured = "not known" if found is None else "yes" if found.passes else "no"
    return _criterion(
        code,
        label,
        measured=measured,
        limit="yes",
        unit=Unit.WORD,
        verdict=holds(fact=None if found is None else found.passes),
        says="It was never measured." if found is None else found.says,
    )


def _baseline(proposed: Proposed) -> Criterion:
    found = proposed.baseline
    return _criterion(
        "baseline",
        "The run rate still holds, in dollars a day",
        measured=proposed.run_rate_usd,
        limit=None,
        unit=Unit.USD,
        verdict=holds(fact=None if found is None else found.passes),
        says="Gate 4 was never passed." if found is None else found.says,
    )


def _day(proposed: Proposed) -> Criterion:
    return _criterion(
        "day",
        "The day it begins on can be kept",
        measured=None if proposed.starts_on is None else proposed.starts_on.isoformat(),
        limit=None,
        unit=Unit.WORD,
        verdict=holds(fact=not proposed.day_problem),
        says=proposed.day_problem,
    )


def _departments(proposed: Proposed) -> Criterion:
    names = " and ".join(proposed.unbudgeted)
    says = proposed.split_problem or f"{names} has no budget of that year that is in force."
    fact = not proposed.unbudgeted and not proposed.split_problem
    return _criterion(
        "departments",
        "Its departments have a budget to take it",
        measured="yes" if fact else "no",
        limit="yes",
        unit=Unit.WORD,
        verdict=holds(fact=fact),
        says=says,
    )


def _released(proposed: Proposed) -> Criterion:
    released = proposed.released_usd
    over = "" if released is None else f"{-released:,.2f}"
    says = (
        "Calls without a price are among its days: what it spent is not known."
        if released is None
        else f"It spent ${over} more than it was allotted; a revision or a top-up comes first."
    )
    return _criterion(
        "released",
        "The experiment did not overspend",
        measured=released,
        limit=ZERO,
        unit=Unit.USD,
        verdict=at_least(released, ZERO),
        says=says,
    )


def _gives(code: str, label: str, needed: Needed | None) -> Criterion:
    gives, has = (None, None) if needed is None else (needed.gives_usd, needed.has_usd)
    says = "Without a run rate nobody can tell." if gives is None or has is None else ""
    if gives is not None and has is not None:
        says = f"It would give ${gives:,.2f} and has ${has:,.2f}: ${gives - has:,.2f} short."
    return _criterion(
        code,
        label,
        measured=gives,
        limit=has,
        unit=Unit.USD,
        verdict=at_most(gives, has),
        says=says,
    )


def _sum(proposed: Proposed) -> Criterion:
    total = proposed.sum_usd
    return _criterion(
        "sum",
        "Core, pool and contingency sum to nothing",
        measured=total,
        limit=ZERO,
        unit=Unit.USD,
        verdict=holds(fact=None if total is None else total == 0),
        says="Without a run rate there is no journal yet.",
    )


def _criterion(
    code: str,
    label: str,
    *,
    measured: Measure,
    limit: Measure,
    unit: Unit,
    verdict: Verdict,
    says: str,
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
