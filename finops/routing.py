"""Where a kind of work goes: the tier that its labels ask for, and the models by preference.

Tiers are ranks from the cheapest on: 0 local, 1 economy, 2 mid, 3 frontier.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from finops.complexity import Band
from finops.money import EXACT, calculated_in
from finops.right_sizing import ENOUGH_GRADED, Evidence

ECONOMY, MID, FRONTIER = 1, 2, 3
HIGH_RISK = "high"
# What a classifier of prompts tells apart, after NVIDIA's.
TASK_TYPES = (
    "brainstorming",
    "chatbot",
    "classification",
    "closed_qa",
    "code_generation",
    "extraction",
    "open_qa",
    "other",
    "rewrite",
    "summarisation",
    "text_generation",
)
# What a small model does as well as a large one, as long as it is simple.
LIGHT_TASKS = frozenset({"classification", "extraction", "rewrite", "summarisation"})
# Models are compared on a call as they mostly are, at their list prices.
TYPICAL_IN, TYPICAL_OUT = 1_500, 400


class Why(StrEnum):
    """What a route was chosen by."""

    MAPPED = "mapped"
    FLOOR = "floor"
    PROVEN = "proven"
    RAISED = "raised"
    DECIDED = "decided"


@dataclass(frozen=True, slots=True)
class Option:
    """A model that could do a kind of work: its tier, a typical call's price, graded answers."""

    name: str
    rank: int
    usd: Decimal | None
    evidence: Evidence | None = None
    has_batch: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """A tier with its models, the preferred first, and what it was chosen by."""

    rank: int
    models: tuple[str, ...]
    why: Why


def mapped_rank(task_type: str, complexity: str, risk: str) -> int:
    """Return the tier that labels ask for where nothing else is known."""
    if complexity == Band.COMPLEX or risk == HIGH_RISK:
        return FRONTIER
    if task_type in LIGHT_TASKS and complexity == Band.SIMPLE:
        return ECONOMY
    return MID


@calculated_in(EXACT)
def effective_usd(option: Option, *, redo_usd: Decimal) -> Decimal | None:
    """Return a typical call with its checking and the share that a better model redoes."""
    if option.usd is None or option.evidence is None:
        return option.usd
    return option.usd + option.evidence.verify_usd + option.evidence.escalated * redo_usd


def is_proven(option: Option, required: Decimal | None) -> bool:
    """Test whether enough graded answers say that the model is good enough."""
    evidence = option.evidence
    if required is None or evidence is None or evidence.graded < ENOUGH_GRADED:
        return False
    return evidence.at_least >= required


def is_disproven(option: Option, required: Decimal | None) -> bool:
    """Test whether enough graded answers say that it is not."""
    evidence = option.evidence
    if required is None or evidence is None or evidence.graded < ENOUGH_GRADED:
        return False
    return evidence.at_least < required


def choose(
    options: Sequence[Option],
    *,
    mapped: int,
    floor: int,
    required: Decimal | None,
    is_high_risk: bool,
) -> Choice | None:
    """Return where work goes: to the cheapest tier with a proven model, else as mapped.

    Never beneath the floor, and high risk never beneath what its labels ask for. Where a tier
    has no model, or none that was not found too weak, the next one above takes the work;
    None where there is none.
    """
    start = max(mapped, floor)
    lowest = start if is_high_risk else floor
    redo_usd = _dearest_tiers_price(options)
    proven = [
        each
        for each in options
        if is_proven(each, required) and each.usd is not None and lowest <= each.rank <= start
    ]
    if proven:
        best = min(proven, key=lambda each: _price_then_name(each, redo_usd))
        why = Why.PROVEN if best.rank < start else _why(start, mapped=mapped, floor=floor)
        return Choice(best.rank, _preferred(options, best.rank, required, redo_usd), why)
    for rank in range(start, FRONTIER + 1):
        if models := _preferred(options, rank, required, redo_usd):
            is_raised = rank > start
            why = Why.RAISED if is_raised else _why(start, mapped=mapped, floor=floor)
            return Choice(rank, models, why)
    return None


def in_tier(options: Sequence[Option], rank: int) -> tuple[str, ...]:
    """Return a tier's models, the cheapest first, whatever is known of them."""
    return _preferred(options, rank, None, _dearest_tiers_price(options))


def with_batch(options: Iterable[Option], models: Sequence[str]) -> tuple[str, ...]:
    """Return those of some models that can be called in batches, in their order."""
    able = {each.name for each in options if each.has_batch}
    return tuple(name for name in models if name in able)


def _why(start: int, *, mapped: int, floor: int) -> Why:
    return Why.FLOOR if floor > mapped and start == floor else Why.MAPPED


def _preferred(
    options: Sequence[Option], rank: int, required: Decimal | None, redo_usd: Decimal
) -> tuple[str, ...]:
    """Return a tier's models without those found too weak: proven ones first, then by price."""
    fit = [each for each in options if each.rank == rank and not is_disproven(each, required)]
    ordered = sorted(
        fit, key=lambda each: (not is_proven(each, required), *_price_then_name(each, redo_usd))
    )
    return tuple(each.name for each in ordered)


def _price_then_name(option: Option, redo_usd: Decimal) -> tuple[bool, Decimal, str]:
    usd = effective_usd(option, redo_usd=redo_usd)
    return usd is None, usd or Decimal(0), option.name


def _dearest_tiers_price(options: Sequence[Option]) -> Decimal:
    """Return what redoing a call costs: on the cheapest model of the highest tier there is."""
    priced = [each for each in options if each.usd is not None]
    top = max((each.rank for each in priced), default=0)
    return min((each.usd or Decimal(0) for each in priced if each.rank == top), default=Decimal(0))
