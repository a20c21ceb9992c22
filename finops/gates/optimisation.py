"""Gate 2: whether an experiment runs on the cheapest models that do its work well enough."""

from collections.abc import Sequence
from dataclasses import dataclass
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
from finops.right_sizing import ENOUGH_GRADED

ENOUGH_DAYS, ENOUGH_CALLS = 14, 1_000
MOST_FRONTIER_ON_SIMPLE = Decimal("0.05")
DAYS_OF_QUARTER = 92


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimised:
    """What the audit of an experiment's calls found.

    `spend_usd` and `avoidable_usd` are None while any of its work is not judged;
    `fewest_graded` is None where no cheaper model could do any of it. `advice` says what
    runs on what it need not, `missing` what nobody can say yet. `waived_days` is how long
    a waiver for frontier models still runs, None without one; it is of at most so many
    quarters.
    """

    calls: int
    days: int
    unknown_calls: int
    calls_without_latency: int
    spend_usd: Decimal | None
    avoidable_usd: Decimal | None
    avoidable_limit: Decimal
    frontier_on_simple: Decimal | None
    fewest_graded: int | None
    waived_days: int | None
    waiver_quarters: int
    advice: Sequence[str]
    missing: Sequence[str]

    @property
    @calculated_in(ROUNDED)
    def avoidable_share(self) -> Decimal | None:
        if self.avoidable_usd is None or not self.spend_usd:
            return None
        return self.avoidable_usd / self.spend_usd


def judge_optimisation(known: Optimised) -> Judgement:
    """Return the judgement: this gate never fails, what is not met defers it."""
    return judgement(
        [
            _enough(known),
            _known_kinds(known),
            _graded(known),
            _avoidable(known),
            _frontier(known),
            _cache_and_batch(known),
        ]
    )


def _enough(known: Optimised) -> Criterion:
    by_days = at_least(known.days, ENOUGH_DAYS)
    verdict = (
        Verdict.MET if Verdict.MET in (by_days, at_least(known.calls, ENOUGH_CALLS)) else by_days
    )
    return Criterion(
        code="enough_calls",
        label=f"Calls of {ENOUGH_DAYS} days, or {ENOUGH_CALLS:,} of them, are known",
        measured=known.calls,
        limit=ENOUGH_CALLS,
        unit=Unit.COUNT,
        verdict=verdict,
        says=_or_fine(
            verdict,
            f"There are {known.calls:,} calls of {known.days} days: wait for more.",
        ),
    )


def _known_kinds(known: Optimised) -> Criterion:
    verdict = holds(fact=(known.calls > 0 and not known.unknown_calls) or None)
    return Criterion(
        code="known_kinds",
        label="It is known of every call what kind of work it is",
        measured=known.unknown_calls,
        limit=0,
        unit=Unit.COUNT,
        verdict=verdict,
        says=_or_fine(verdict, " ".join(known.missing) or "There are no calls yet."),
    )


def _graded(known: Optimised) -> Criterion:
    is_needless = known.fewest_graded is None and not known.missing and known.calls > 0
    verdict = Verdict.MET if is_needless else at_least(known.fewest_graded, ENOUGH_GRADED)
    return Criterion(
        code="graded",
        label=f"What runs now and a cheaper model are graded {ENOUGH_GRADED} times or more",
        measured=known.fewest_graded,
        limit=ENOUGH_GRADED,
        unit=Unit.COUNT,
        verdict=verdict,
        says=_or_fine(
            verdict,
            " ".join(known.missing)
            or f"Grade {ENOUGH_GRADED} answers of what runs now and of a cheaper model.",
        ),
    )


def _avoidable(known: Optimised) -> Criterion:
    share = known.avoidable_share
    verdict = at_most(share, known.avoidable_limit)
    if share is None or known.avoidable_usd is None or known.spend_usd is None:
        says = " ".join(known.missing) or "What the calls cost is not known."
    else:
        says = (
            f"{_usd(known.avoidable_usd)} of {_usd(known.spend_usd)} is avoidable, {share:.1%},"
            f" where {known.avoidable_limit:.1%} is the most. {' '.join(known.advice)}"
        ).strip()
    return Criterion(
        code="avoidable",
        label="Avoidable spend stays within the limit",
        measured=share,
        limit=known.avoidable_limit,
        unit=Unit.SHARE,
        verdict=verdict,
        says=_or_fine(verdict, says),
    )


def _frontier(known: Optimised) -> Criterion:
    share = known.frontier_on_simple
    verdict = at_most(share, MOST_FRONTIER_ON_SIMPLE)
    longest = known.waiver_quarters * DAYS_OF_QUARTER
    is_waived = known.waived_days is not None and 0 < known.waived_days <= longest
    waived = verdict == Verdict.MISSED and is_waived
    told = "There are no calls yet." if share is None else f"{share:.1%} of calls ask a frontier"
    says = (
        told
        if share is None
        else f"{told} model for simple work, where {MOST_FRONTIER_ON_SIMPLE:.0%} is the most:"
        f" reconfigure to a lower tier. {' '.join(known.advice)}".strip()
    )
    if known.waived_days is not None and not is_waived:
        says += (
            f" A waiver ends within {longest} days from today."
            if longest
            else " The company's profile admits no waiver."
        )
    return Criterion(
        code="frontier_on_simple",
        label="Frontier models on simple work are rare, or waived for a time",
        measured=share,
        limit=MOST_FRONTIER_ON_SIMPLE,
        unit=Unit.SHARE,
        verdict=Verdict.MET if waived else verdict,
        says=f"It is waived for {known.waived_days} days." if waived else _or_fine(verdict, says),
    )


def _cache_and_batch(known: Optimised) -> Criterion:
    verdict = (
        Verdict.UNKNOWN if known.calls_without_latency else holds(fact=known.calls > 0 or None)
    )
    return Criterion(
        code="cache_and_batch",
        label="Caching and batch are checked",
        measured=known.calls_without_latency,
        limit=0,
        unit=Unit.COUNT,
        verdict=verdict,
        says=_or_fine(
            verdict,
            f"Of {known.calls_without_latency:,} calls nobody says whether anybody waits for the"
            " answer: label their workflow, so that batch can be checked.",
        ),
    )


def _or_fine(verdict: Verdict, says: str) -> str:
    return "It holds." if verdict == Verdict.MET else says


def _usd(value: Decimal) -> str:
    return f"${to_cents(value):,}"
