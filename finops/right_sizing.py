"""Right-sizing: the cheapest model that does a kind of work well enough, and what it saves.

A kind of work is a workflow's task type and complexity. Candidates are compared by what
they would cost on the same token counts; providers count tokens differently, so a trial
on replayed inputs comes before a switch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from finops.money import EXACT, ROUNDED, calculated_in
from finops.wilson import wilson_lower

ENOUGH_GRADED = 200
AMPLE_GRADED = 300
SHADOW_DAYS = 7
# As much worse than the current model as a candidate may be graded.
MARGIN = Decimal("0.02")


class Confidence(StrEnum):
    """How far graded samples carry: below two hundred they carry no recommendation."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Verdict(StrEnum):
    """What became of a candidate."""

    FITS = "fits"
    NO_PRICE = "no_price"
    NOT_CHEAPER = "not_cheaper"
    BELOW_FLOOR = "below_floor"
    NOT_GRADED = "not_graded"
    TOO_FEW = "too_few"
    NOT_GOOD_ENOUGH = "not_good_enough"
    WORSE_THAN_NOW = "worse_than_now"
    NOW_NOT_GRADED = "now_not_graded"


# What may still turn out to fit, once more is graded.
OPEN_VERDICTS = frozenset({Verdict.TOO_FEW, Verdict.NOW_NOT_GRADED})


@dataclass(frozen=True, slots=True)
class Evidence:
    """A graded sample; `escalated` is the share of answers that had to go to the current model.

    `verify_usd` is what checking one answer costs; `shadow_days` is how long the model ran
    beside the current one on real calls.
    """

    graded: int
    passed: int
    escalated: Decimal = Decimal(0)
    verify_usd: Decimal = Decimal(0)
    shadow_days: int = 0

    @property
    @calculated_in(ROUNDED)
    def quality(self) -> Decimal:
        return Decimal(self.passed) / self.graded

    @property
    def at_least(self) -> Decimal:
        return wilson_lower(self.passed, self.graded)

    @property
    def confidence(self) -> Confidence:
        if self.graded < ENOUGH_GRADED:
            return Confidence.LOW
        is_ample = self.graded >= AMPLE_GRADED and self.shadow_days >= SHADOW_DAYS
        return Confidence.HIGH if is_ample else Confidence.MEDIUM


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A model that could do the work: `total_usd` is what all its calls would cost on it.

    `rank` is its tier's place from the cheapest on.
    """

    name: str
    total_usd: Decimal | None
    rank: int
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is done now: `total_usd` is what its `calls` cost on the current model.

    `floor_rank` is the lowest tier that the risk of the work admits; a person who reads
    every answer lifts it.
    """

    calls: int
    total_usd: Decimal
    evidence: Evidence | None
    required: Decimal
    floor_rank: int = 0
    has_human_review: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """A candidate with what it really costs all in all, and why it fits or does not."""

    candidate: Candidate
    effective_usd: Decimal | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Sized:
    """The recommendation for a kind of work, its candidates the cheapest first.

    `avoidable_usd` is known to be too much; `potential_usd` would be, should the candidate
    pass a shadow test that is not done yet. None recommended: the current model stays.
    """

    judged: tuple[Judged, ...]
    recommended: Judged | None
    avoidable_usd: Decimal
    to_test: Judged | None
    potential_usd: Decimal

    @property
    def confidence(self) -> Confidence | None:
        evidence = self.recommended.candidate.evidence if self.recommended else None
        return evidence.confidence if evidence else None


@calculated_in(EXACT)
def right_size(work: Work, candidates: Sequence[Candidate]) -> Sized:
    """Return the cheapest candidate with enough evidence, and what staying as is wastes."""
    judged = sorted((_judged(work, each) for each in candidates), key=_price_then_name)
    recommended = next((each for each in judged if each.verdict == Verdict.FITS), None)
    avoidable_usd = _saved(work, recommended)
    open_ones = (each for each in judged if each.verdict in OPEN_VERDICTS)
    to_test = next((each for each in open_ones if _saved(work, each) > avoidable_usd), None)
    potential_usd = _saved(work, to_test) - avoidable_usd if to_test else Decimal(0)
    return Sized(tuple(judged), recommended, avoidable_usd, to_test, potential_usd)


@calculated_in(EXACT)
def effective_usd(work: Work, candidate: Candidate) -> Decimal | None:
    """Return a candidate's calls, their checking, and the share that the current model redoes.

    c + verify + escalated × current, over all calls; None without a price.
    """
    if candidate.total_usd is None or candidate.evidence is None:
        return candidate.total_usd
    evidence = candidate.evidence
    return (
        candidate.total_usd + work.calls * evidence.verify_usd + evidence.escalated * work.total_usd
    )


def _judged(work: Work, candidate: Candidate) -> Judged:
    usd = effective_usd(work, candidate)
    return Judged(candidate, usd, _verdict(work, candidate, usd))


def _verdict(work: Work, candidate: Candidate, usd: Decimal | None) -> Verdict:
    if usd is None:
        return Verdict.NO_PRICE
    if usd >= work.total_usd:
        return Verdict.NOT_CHEAPER
    if candidate.rank < work.floor_rank and not work.has_human_review:
        return Verdict.BELOW_FLOOR
    return _verdict_of_evidence(work, candidate.evidence)


def _verdict_of_evidence(work: Work, evidence: Evidence | None) -> Verdict:
    if evidence is None:
        return Verdict.NOT_GRADED
    if evidence.graded < ENOUGH_GRADED:
        return Verdict.TOO_FEW
    if evidence.at_least < work.required:
        return Verdict.NOT_GOOD_ENOUGH
    if work.evidence is None:
        return Verdict.NOW_NOT_GRADED
    # Compared as fractions, so that exactly two points worse still passes.
    now = work.evidence
    worse = now.passed * evidence.graded - evidence.passed * now.graded
    is_within = worse <= MARGIN * now.graded * evidence.graded
    return Verdict.FITS if is_within else Verdict.WORSE_THAN_NOW


def _saved(work: Work, judged: Judged | None) -> Decimal:
    if judged is None or judged.effective_usd is None:
        return Decimal(0)
    return max(work.total_usd - judged.effective_usd, Decimal(0))


def _price_then_name(judged: Judged) -> tuple[bool, Decimal, str]:
    usd = judged.effective_usd
    return usd is None, usd or Decimal(0), judged.candidate.name
