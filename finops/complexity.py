"""How complex a prompt is, from a classifier's six scores, and the band it falls in."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

from finops.money import EXACT, calculated_in

WEIGHTS: Mapping[str, Decimal] = {
    "creativity": Decimal("0.35"),
    "reasoning": Decimal("0.25"),
    "constraints": Decimal("0.15"),
    "domain": Decimal("0.15"),
    "context": Decimal("0.05"),
    "few_shots": Decimal("0.05"),
}


class Band(StrEnum):
    """A complexity; each ends where the next begins."""

    SIMPLE = "simple"
    MEDIUM = "medium"
    COMPLEX = "complex"


MEDIUM_FROM, COMPLEX_FROM = Decimal("0.30"), Decimal("0.60")


@calculated_in(EXACT)
def complexity(scores: Mapping[str, Decimal]) -> Decimal:
    """Return the weighted sum of the scores, each from 0 to 1; one that is missing is 0.

    Raises ValueError for a score that is not one of the six or not within 0 and 1.
    Source: the NVIDIA prompt task and complexity classifier's model card.
    """
    for name, score in scores.items():
        if name not in WEIGHTS or not 0 <= score <= 1:
            raise ValueError(f"{name} = {score} is no score of a prompt.")
    return sum((WEIGHTS[name] * score for name, score in scores.items()), Decimal(0))


def band_of(value: Decimal) -> Band:
    """Return the band of a complexity: simple below 0.30, complex from 0.60 on."""
    if value < MEDIUM_FROM:
        return Band.SIMPLE
    return Band.MEDIUM if value < COMPLEX_FROM else Band.COMPLEX
